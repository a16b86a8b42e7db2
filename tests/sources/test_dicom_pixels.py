"""Pixels of DICOM files are found and read by their bytes, whatever the header says of them."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from medsift.core.errors import DecodeError, InputError
from medsift.core.picture import Picture, Problem
from medsift.sources.dicom.window import Window
from tests.samples import picture as drawn
from tests.sources.dicom_samples import codec_of, dataset, only, ramp, read, sample, written
from tests.sources.inside import scan

PIXELS = b"\xe0\x7f\x10\x00"
DELIMITER = b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
GREY = np.asarray(drawn(1).convert("L"))


def jpeg(seed: int = 1, **options: Any) -> bytes:
    stream = io.BytesIO()
    drawn(seed).convert("L").save(stream, "JPEG", quality=90, **options)
    return stream.getvalue()


def jpeg_2000(values: np.ndarray[Any, Any]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "JPEG2000", no_jp2=True)
    return stream.getvalue()


def packed(
    frames: list[bytes], values: np.ndarray[Any, Any] = GREY, syntax: str = uid.JPEGBaseline8Bit
) -> Dataset:
    made = dataset(values)
    made.file_meta.TransferSyntaxUID = uid.UID(syntax)
    if len(frames) > 1:
        made.NumberOfFrames = len(frames)
    made.PixelData = encapsulate(frames)
    made["PixelData"].VR = "OB"
    return made


def near(found: Picture, values: np.ndarray[Any, Any], within: float = 6) -> bool:
    """Whether a picture shows these grey values, stretched as all of DICOM's are."""
    low, high = np.percentile(values, (0.5, 99.5))
    wanted = np.clip((values.astype(float) - low) / (high - low), 0, 1) * 255
    return bool(np.abs(found.pixels[..., 0] - wanted).mean() < within)


class TestCodingByTheBytes:
    """The bytes of the pixels decide how they are coded, and not the transfer syntax."""

    @pytest.mark.parametrize(
        "declared", [uid.ExplicitVRLittleEndian, uid.RLELossless, uid.JPEGLSLossless, uid.JPEG2000]
    )
    def test_a_jpeg_is_one_under_any_syntax(self, declared: str) -> None:
        whole = written(packed([jpeg()]))
        made = renamed(whole, declared)
        found = only(made)
        assert near(found, GREY)
        assert found.note == ""

    def test_items_of_a_file_without_meta_header(self) -> None:
        values = ramp()
        whole = written(packed([jpeg_2000(values)], values, uid.JPEG2000Lossless))
        at = whole.index(b"\x08\x00\x16\x00")
        assert near(only(whole[at:]), values)

    def test_items_in_an_element_of_known_length(self) -> None:
        whole = written(packed([jpeg()]))
        at = whole.index(PIXELS) + 8
        length = len(whole) - len(DELIMITER) - at - 4
        content = whole[:at] + struct.pack("<I", length) + whole[at + 4 : -len(DELIMITER)]
        assert near(only(renamed(content, uid.ExplicitVRLittleEndian)), GREY)

    def test_a_codestream_without_items(self) -> None:
        made = dataset(GREY)
        made.PixelData = jpeg() + b"\0" * (len(jpeg()) % 2)
        assert near(only(made), GREY)

    def test_a_second_group_2_does_not_count(self) -> None:
        whole = written(packed([jpeg_2000(GREY)], GREY, uid.JPEG2000Lossless))
        at = whole.index(b"\x08\x00\x16\x00")
        second = b"\x02\x00\x10\x00UI\x12\x001.2.840.10008.1.2\0"
        found = only(whole[:at] + second + whole[at:])
        assert near(found, GREY)

    @pytest.mark.parametrize("declared", [uid.JPEGBaseline8Bit, uid.JPEG2000, uid.RLELossless])
    def test_samples_under_a_compressed_syntax_are_native(self, declared: str) -> None:
        found = only(renamed(written(dataset(GREY)), declared))
        assert near(found, GREY, 1)

    def test_samples_that_begin_like_an_item_are_native(self) -> None:
        values = ramp()
        values.ravel()[:4] = np.frombuffer(b"\xfe\xff\x00\xe0\x10\x00\x00\x00", "<u2")
        stored, _ = codec_of(written(dataset(values))).decode(0)
        assert np.array_equal(stored, values)

    def test_big_endian_elements_that_are_called_little(self) -> None:
        content = renamed(sample("MR_small_bigendian.dcm"), uid.ExplicitVRLittleEndian)
        assert (only(content).pixels == only(sample("MR_small_bigendian.dcm")).pixels).all()

    def test_items_of_no_known_coding_are_an_error_and_not_noise(self) -> None:
        content = written(packed([bytes(range(256)) * 9]))
        with pytest.raises(InputError):
            read(renamed(content, uid.ExplicitVRLittleEndian))


class TestLostPixels:
    """What has pixels is a picture, or failed; never without an image."""

    def test_the_end_of_the_file_closes_the_fragments(self) -> None:
        found = only(written(packed([jpeg()]))[: -len(DELIMITER)])
        assert near(found, GREY)
        assert found.note == "truncated"

    def test_a_zeroed_delimiter_closes_them_too(self) -> None:
        whole = written(packed([jpeg()]))
        assert near(only(whole[: -len(DELIMITER)] + bytes(8)), GREY)

    @pytest.mark.parametrize("share", [0.9, 0.6, 0.4])
    def test_what_is_left_of_a_frame_is_shown(self, share: float) -> None:
        whole = written(packed([jpeg()]))
        start = whole.index(b"\xff\xd8\xff")
        found = only(whole[: start + int(len(jpeg()) * share)])
        assert found.note == "truncated"
        rows = int(GREY.shape[0] * share * 0.7)
        assert np.abs(found.pixels[:rows, :, 0].astype(int) - GREY[:rows]).mean() < 40

    def test_what_is_left_of_run_lengths_is_shown(self) -> None:
        whole = sample("MR_small_RLE.dcm")
        found = only(whole[: len(whole) - 1500])
        assert found.note == "truncated"
        assert found.pixels[:30].std() > 5

    @pytest.mark.parametrize("share", [0.9, 0.5])
    def test_what_is_left_of_jpeg_2000_is_shown_with_fewer_details(self, share: float) -> None:
        coded = jpeg_2000(GREY)
        whole = written(packed([coded], GREY, uid.JPEG2000Lossless))
        found = only(whole[: whole.index(coded[:20]) + int(len(coded) * share)])
        assert found.note == "truncated"
        assert np.corrcoef(found.pixels[..., 0].ravel(), GREY.ravel())[0, 1] > 0.4

    def test_a_fragment_that_lost_its_end_says_so(self) -> None:
        found = only(written(packed([jpeg()[: len(jpeg()) * 3 // 4]])))
        assert found.note == "truncated"

    def test_next_to_nothing_of_a_frame_is_an_error(self) -> None:
        whole = written(packed([jpeg()]))
        start = whole.index(b"\xff\xda")
        with pytest.raises(DecodeError):
            read(whole[: start + 60])

    def test_frames_that_are_missing_are_told(self) -> None:
        made = packed([jpeg(1), jpeg(2)])
        made.NumberOfFrames = 5
        found = read(written(made))
        assert [f.note for f in found if isinstance(f, Picture)] == ["truncated"] * 2

    @pytest.mark.parametrize("kept", [0, 4, 8, 11])
    def test_an_image_that_ends_before_its_pixels_is_failed(self, kept: int) -> None:
        whole = written(dataset(ramp(), WindowCenter=100, WindowWidth=50))
        (found,) = scan(whole[: whole.index(PIXELS) + kept], "a.dcm")
        assert isinstance(found, Problem)
        assert (found.status, found.reason) == ("failed", "undecodable")

    def test_an_image_by_its_class_alone_is_failed(self) -> None:
        made = dataset(ramp())
        for keyword in ("PixelData", "Rows", "Columns"):
            delattr(made, keyword)
        (found,) = scan(written(made), "a.dcm")
        assert isinstance(found, Problem)
        assert found.status == "failed"

    def test_an_image_by_a_trace_of_its_pixels_alone_is_failed(self) -> None:
        made = dataset(ramp())
        for keyword in ("Rows", "Columns"):
            delattr(made, keyword)
        made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = uid.BasicTextSRStorage
        whole = written(made)
        at = whole.index(PIXELS)
        with pytest.raises(DecodeError, match="pixels are missing"):
            read(whole[: at + 8])
        (found,) = read(whole[:at])
        assert isinstance(found, Problem)
        assert (found.status, found.reason) == ("skipped", "no_image")

    @pytest.mark.parametrize("beyond", [0, 1000])
    def test_a_private_sequence_that_swallows_the_pixels(self, beyond: int) -> None:
        whole = written(dataset(GREY))
        at = whole.index(b"\x28\x00\x02\x00")
        length = len(whole) - at + beyond
        swallowing = b"\x09\x00\x10\x10SQ\0\0" + struct.pack("<I", length)
        assert near(only(whole[:at] + swallowing + whole[at:]), GREY, 1)

    def test_samples_in_an_element_of_a_vendor(self) -> None:
        made = dataset(GREY)
        del made.PixelData
        made.add_new(0x7FE10010, "LO", "VENDOR")
        made.add_new(0x7FE11010, "OB", GREY.tobytes())
        assert near(only(made), GREY, 1)
        made[0x7FE11010].value = GREY.tobytes()[:100]
        with pytest.raises(DecodeError):
            read(written(made))

    def test_an_element_that_never_ends_leaves_those_before_it(self) -> None:
        whole = written(dataset(GREY))
        at = whole.index(PIXELS)
        endless = b"\x09\x00\x10\x10OB\0\0\xff\xff\xff\xff" + b"\x01\x02\x03\x04" * 8
        content = whole[:at] + endless + whole[at:]
        assert near(only(content), GREY, 1)

    def test_a_prefix_without_its_preamble(self) -> None:
        found = scan(written(dataset(GREY))[128:], "a.dcm")
        assert isinstance(found[0], Picture)
        assert near(found[0], GREY, 1)

    def test_a_deflated_file_that_ends_early(self) -> None:
        whole = sample("image_dfl.dcm")
        (found,) = read(whole[: len(whole) * 3 // 4])
        assert isinstance(found, Picture)
        assert found.note == "truncated"


class TestOffsetTables:
    """A wrong offset table costs no frame."""

    FRAMES = (jpeg(1), jpeg(2), jpeg(3))

    @pytest.mark.parametrize("table", [[0, 0, 0], [9, 99, 999], [0], [0, 2**31, 2**32 - 1], []])
    def test_one_fragment_a_frame(self, table: list[int]) -> None:
        self._check(written(self.with_table(table, [[frame] for frame in self.FRAMES])))

    @pytest.mark.parametrize("table", [[0, 0, 0], [8, 1, 0], []])
    def test_several_fragments_a_frame(self, table: list[int]) -> None:
        parts = [[frame[:1000], frame[1000:]] for frame in self.FRAMES]
        self._check(written(self.with_table(table, parts)))

    def test_a_missing_item_for_the_table(self) -> None:
        made = self.with_table([], [[frame] for frame in self.FRAMES])
        made.PixelData = made.PixelData[8:]
        self._check(written(made))

    def with_table(self, table: list[int], frames: list[list[bytes]]) -> Dataset:
        made = packed(list(self.FRAMES))
        value = self.item(struct.pack(f"<{len(table)}I", *table))
        for frame in frames:
            for part in frame:
                value += self.item(part + b"\0" * (len(part) % 2))
        made.PixelData = value + DELIMITER
        return made

    @staticmethod
    def item(content: bytes) -> bytes:
        return b"\xfe\xff\x00\xe0" + struct.pack("<I", len(content)) + content

    @staticmethod
    def _check(content: bytes) -> None:
        found = [f for f in read(content) if isinstance(f, Picture)]
        assert len(found) == 3
        for number, picture in enumerate(found, start=1):
            assert near(picture, np.asarray(drawn(number).convert("L")))


class TestBits:
    """Values stand where High Bit says, unless the samples say otherwise."""

    VALUES = ramp(top=4095)

    @pytest.mark.parametrize("high_bit", [11, 12, 14, 15])
    def test_values_in_the_upper_bits(self, high_bit: int) -> None:
        moved = self.VALUES << (high_bit - 11)
        made = dataset(moved, BitsStored=12, HighBit=high_bit, WindowCenter=1000, WindowWidth=500)
        stored, _ = codec_of(written(made)).decode(0)
        assert np.array_equal(stored, self.VALUES)

    def test_negative_values_in_the_upper_bits(self) -> None:
        values = ramp("int16", 1000, -1000)
        made = dataset(values << 4, BitsStored=12, HighBit=15)
        stored, _ = codec_of(written(made)).decode(0)
        assert np.array_equal(stored, values)

    def test_a_high_bit_that_the_samples_contradict(self) -> None:
        made = dataset(self.VALUES, BitsStored=12, HighBit=15)
        stored, _ = codec_of(written(made)).decode(0)
        assert np.array_equal(stored, self.VALUES)

    def test_bits_above_the_values_do_not_count(self) -> None:
        made = dataset(self.VALUES | 0x8000, BitsStored=12, HighBit=11)
        stored, _ = codec_of(written(made)).decode(0)
        assert np.array_equal(stored, self.VALUES)

    def test_samples_of_half_the_size_that_is_said(self) -> None:
        made = dataset(GREY)
        made.BitsAllocated, made.BitsStored, made.HighBit = 16, 16, 15
        assert near(only(made), GREY, 1)

    def test_samples_of_the_size_that_is_said_stay_so_where_half_of_them_are_missing(self) -> None:
        made = dataset(self.VALUES, BitsStored=12, HighBit=11)
        made.Rows = made.Rows * 2
        found = only(made)
        assert found.note == "truncated"
        line = found.pixels[0, :, 0].astype(int)
        assert (np.diff(line) >= 0).all()

    def test_values_beyond_the_bits_that_are_said_do_not_wrap(self) -> None:
        made = dataset(self.VALUES, BitsStored=10, HighBit=9)
        stored, _ = codec_of(written(made)).decode(0)
        assert np.array_equal(stored, self.VALUES)

    @pytest.mark.parametrize(("count", "wraps"), [(3, True), (4, False)])
    def test_a_few_values_beyond_their_bits_are_an_accident(self, count: int, wraps: bool) -> None:
        values = ramp(top=1000)  # 3072 samples
        values.ravel()[:count] = 1100
        stored, _ = codec_of(written(dataset(values, BitsStored=10, HighBit=9))).decode(0)
        assert np.array_equal(stored, values & 1023 if wraps else values)

    def test_an_overlay_in_the_unused_bits_does_not_count(self) -> None:
        values = self.VALUES.copy()
        values[10:20] |= 0x1000
        made = dataset(values, BitsStored=12, HighBit=11)
        made.add_new(0x60000100, "US", 16)
        made.add_new(0x60000102, "US", 12)
        stored, _ = codec_of(written(made)).decode(0)
        assert np.array_equal(stored, self.VALUES)

    def test_one_sample_a_pixel_that_is_called_three(self) -> None:
        made = dataset(GREY, SamplesPerPixel=3, PlanarConfiguration=0)
        assert near(only(made), GREY, 1)

    @pytest.mark.parametrize("length", [0, 1000, GREY.nbytes - 1, 0xFFFFFFFF])
    def test_a_length_that_is_too_small(self, length: int) -> None:
        whole = written(dataset(GREY))
        at = whole.index(PIXELS) + 8
        assert near(only(whole[:at] + struct.pack("<I", length) + whole[at + 4 :]), GREY, 1)

    def test_a_value_representation_of_zeros(self) -> None:
        whole = written(dataset(GREY))
        at = whole.index(PIXELS) + 4
        assert near(only(whole[:at] + bytes(2) + whole[at + 2 :]), GREY, 1)

    def test_colour_that_is_not_halved_as_it_says(self) -> None:
        colour = np.asarray(drawn(2))
        made = dataset(colour, PhotometricInterpretation="YBR_FULL_422")
        made.PixelData = pydicom.pixels.convert_color_space(colour, "RGB", "YBR_FULL").tobytes()
        assert np.abs(only(made).pixels.astype(int) - colour).max() <= 4


def test_a_linear_window_counts_its_width_less_one() -> None:
    """PS3.3 C.11.2.1.2.1 gives these values: a centre of 2048 and a width of 4096."""
    assert Window(2048, 4096).bounds == (0, 4095)
    assert Window(2048, 1).bounds == (2047.5, 2047.5)
    assert Window(0, 100).bounds == (-50, 49)
    assert Window(2048, 4096, "LINEAR_EXACT").bounds == (0, 4096)
    line = only(
        dataset(np.tile(np.arange(4, dtype=np.uint8), (4, 1)), WindowCenter=2, WindowWidth=4)
    )
    assert line.pixels[0, :, 0].tolist() == [0, 85, 170, 255]


def test_a_jpeg_ls_frame_that_one_decoder_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("jpeg_ls")
    content = sample("MR_small_jpeg_ls_lossless.dcm")
    codec = codec_of(content)
    by = codec._by

    def refusing(plugin: str, encoded: bytes) -> Any:
        if plugin == "pyjpegls":
            raise ValueError("refused")
        return by(plugin, encoded)

    if len(codec.plugins) < 2:
        pytest.skip("one decoder of JPEG-LS alone is installed")
    expected = codec.decode(0)[0]
    monkeypatch.setattr(codec, "_by", refusing)
    assert np.array_equal(codec.decode(0)[0], expected)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_file_cut_anywhere_after_its_class_is_never_without_an_image(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([written(packed([jpeg()])), written(dataset(GREY))]))
    cut = data.draw(st.integers(whole.index(b"\x08\x00\x18\x00"), len(whole)))
    found = scan(whole[:cut], "a.dcm")
    assert found
    assert all(f.status == "failed" for f in found if isinstance(f, Problem))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "like", "within"),
    [
        ("d01_no_end_of_fragments", "d00_jpeg_fine", 0.01),
        ("d06_packed_but_said_to_be_native", "d00_j2k_fine", 0.01),
        ("d07_packed_without_meta", "d00_j2k_fine", 0.01),
        ("d10_voi_says_16_holds_12", "d00_voi_12_fine", 0.01),
        ("d13_modality_table_of_12", "d00_voi_12_fine", 40),
        ("d15_high_bit_15_of_12", "d00_native_fine", 0.01),
        ("d16_offset_table_of_zeros", "d00_jpeg_fine", 0.01),
    ],
)
def test_the_shared_cases_look_like_their_controls(
    shared: Path, name: str, like: str, within: float
) -> None:
    found = scan(shared / "cases" / f"{name}.dcm")
    (control,) = scan(shared / "cases" / f"{like}.dcm")
    assert isinstance(control, Picture)
    for picture in found:
        assert isinstance(picture, Picture)
        assert np.abs(picture.pixels.astype(int) - control.pixels).mean() <= within


@pytest.mark.shared
def test_the_shared_cases_that_are_cut_say_so(shared: Path) -> None:
    (shown,) = scan(shared / "cases" / "d03_cut_in_frame.dcm")
    assert isinstance(shown, Picture)
    assert shown.note == "truncated"
    (failed,) = scan(shared / "cases" / "d04_cut_before_pixels.dcm")
    assert isinstance(failed, Problem)
    assert failed.status == "failed"


def renamed(content: bytes, syntax: str) -> bytes:
    """The same file with another transfer syntax in its meta header."""
    at = content.index(b"\x02\x00\x10\x00UI")
    old = struct.unpack_from("<H", content, at + 6)[0]
    text = syntax.encode() + b"\0" * (len(syntax) % 2)
    new = content[: at + 6] + struct.pack("<H", len(text)) + text + content[at + 8 + old :]
    length = struct.unpack_from("<I", new, 140)[0] + len(text) - old
    return new[:140] + struct.pack("<I", length) + new[144:]
