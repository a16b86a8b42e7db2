"""DICOM files become pictures, without any of their tags."""

from __future__ import annotations

import csv
import hashlib
import io
import logging
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

from medsift.core.errors import DecodeError, InputError, LimitError, UnsupportedError
from medsift.core.limits import Limits
from medsift.core.picture import Finding, Picture, Problem, Provenance
from medsift.decode.sniff import sniff
from medsift.sources import dicom
from medsift.sources.base import Blob, Budget, Context, SourceOptions
from medsift.sources.dicom import codecs
from medsift.sources.dicom.codecs import Codec
from medsift.sources.dicom.pixels import FrameReader

PATIENT = "Doe^Secret"
WHERE = Provenance(source="a.dcm")


def dataset(values: np.ndarray[Any, Any], **elements: object) -> Dataset:
    """A secondary capture of these samples; (h, w), (h, w, 3) or (n, h, w) when Frames is set."""
    frames = elements.get("NumberOfFrames")
    shape = values.shape[1:] if frames else values.shape
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = uid.SecondaryCaptureImageStorage
    made.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    made.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    made.SOPClassUID = uid.SecondaryCaptureImageStorage
    made.SOPInstanceUID = "1.2.3"
    made.PatientName = PATIENT
    made.Modality = "CT"
    made.Rows, made.Columns = shape[:2]
    made.SamplesPerPixel = 3 if len(shape) == 3 else 1
    made.PhotometricInterpretation = "RGB" if len(shape) == 3 else "MONOCHROME2"
    if len(shape) == 3:
        made.PlanarConfiguration = 0
    bits = values.dtype.itemsize * 8
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, bits, bits - 1
    made.PixelRepresentation = int(values.dtype.kind == "i")
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    made.PixelData = values.tobytes()
    return made


def written(made: Dataset) -> bytes:
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, made, enforce_file_format=True)
    return stream.getvalue()


def read(data: bytes, **context: Any) -> list[Finding]:
    return list(dicom.read(Blob(WHERE, data=data), Context(**context)))


def only(made: Dataset | bytes) -> Picture:
    (found,) = read(made if isinstance(made, bytes) else written(made))
    assert isinstance(found, Picture)
    return found


def sample(name: str) -> bytes:
    """One of the files that pydicom ships."""
    return Path(str(get_testdata_file(name, download=False))).read_bytes()


def ramp(dtype: str = "uint16", top: int = 4095, low: int = 0) -> np.ndarray[Any, Any]:
    return np.tile(np.linspace(low, top, 64), (48, 1)).astype(dtype)


def test_a_file_gives_its_picture_and_no_tag() -> None:
    values = ramp()
    picture = only(dataset(values))
    assert (picture.width, picture.height) == (64, 48)
    assert (picture.format, picture.color_mode) == ("dicom", "MONOCHROME2")
    assert (picture.where.source_type, picture.where.extraction) == ("dicom", "decoded")
    assert (picture.where.frame, picture.where.locator) == (None, "")
    assert picture.declared_modality == "CT"
    assert picture.sha256 == hashlib.sha256(values.tobytes()).hexdigest()
    assert picture.data is None
    assert picture.pixels.shape == (48, 64, 3)
    assert picture.pixels.dtype == np.uint8
    assert "Secret" not in repr(picture)


@pytest.mark.parametrize("value", ["SECRET JOHN", "", "SECRET"])
def test_only_codes_of_the_standard_are_passed_on(value: str) -> None:
    made = dataset(ramp(), Modality=value)
    made.PhotometricInterpretation = "MONOCHROME2"
    assert only(made).declared_modality == ""


class TestGrey:
    """Stored values are shown as a viewer would show them."""

    def test_without_a_window_values_are_scaled(self) -> None:
        line = only(dataset(ramp(top=900, low=100))).pixels[0, :, 0].astype(int)
        assert (line[0], line[-1]) == (0, 255)
        assert (np.diff(line) >= 0).all()

    def test_the_window_decides_what_is_seen(self) -> None:
        made = dataset(ramp("int16", 1000, -1000), WindowCenter=40, WindowWidth=400)
        line = only(made).pixels[0, :, 0]
        values = ramp("int16", 1000, -1000)[0]
        assert set(line[values < -160]) == {0}
        assert set(line[values > 240]) == {255}
        middle = line[np.argmin(np.abs(values - 40))]
        assert abs(int(middle) - 128) <= 12

    @pytest.mark.parametrize("slope", [2.0, -2.0, 0.5])
    def test_the_window_is_in_rescaled_units(self, slope: float) -> None:
        values = ramp(top=2000)
        rescaled = values[0] * slope - 100
        center = float(np.median(rescaled))
        made = dataset(
            values, RescaleSlope=slope, RescaleIntercept=-100, WindowCenter=center, WindowWidth=200
        )
        line = only(made).pixels[0, :, 0].astype(int)
        assert set(line[rescaled < center - 110]) == {0}
        assert set(line[rescaled > center + 110]) == {255}

    def test_a_negative_slope_inverts_also_without_a_window(self) -> None:
        line = only(dataset(ramp(), RescaleSlope=-1, RescaleIntercept=0)).pixels[0, :, 0]
        assert (line[0], line[-1]) == (255, 0)

    def test_the_first_of_several_windows_is_taken(self) -> None:
        made = dataset(ramp(), WindowCenter=[100, 3000], WindowWidth=[50, 50])
        assert only(made).pixels[0, 40, 0] == 255

    @pytest.mark.parametrize(
        ("center", "width"), [(100_000, 10), (-100_000, 10), (100, 0), (100, -5)]
    )
    def test_a_window_that_shows_nothing_is_ignored(self, center: int, width: int) -> None:
        line = only(dataset(ramp(), WindowCenter=center, WindowWidth=width)).pixels[0, :, 0]
        assert (line[0], line[-1]) == (0, 255)

    def test_a_sigmoid_window_is_smooth(self) -> None:
        made = dataset(ramp(top=1000), WindowCenter=500, WindowWidth=500, VOILUTFunction="SIGMOID")
        line = only(made).pixels[0, :, 0].astype(int)
        assert 0 < line[0] < 10
        assert 245 < line[-1] < 255
        assert abs(line[32] - 128) < 12

    def test_monochrome1_is_inverted(self) -> None:
        plain = only(dataset(ramp())).pixels
        made = dataset(ramp(), PhotometricInterpretation="MONOCHROME1")
        assert (only(made).pixels == 255 - plain).all()
        assert only(made).color_mode == "MONOCHROME1"

    def test_padding_does_not_count(self) -> None:
        values = ramp("int16", 100)
        values[:24] = -2000
        made = dataset(values, PixelPaddingValue=-2000)
        line = only(made).pixels[40, :, 0]
        assert (line[0], line[-1]) == (0, 255)

    def test_a_table_of_values_of_interest(self) -> None:
        table = Dataset()
        table.LUTDescriptor = [4, 0, 16]
        table.LUTData = [0, 65535, 0, 65535]
        table["LUTDescriptor"].VR = "US"
        table["LUTData"].VR = "US"
        values = np.tile(np.arange(4, dtype=np.uint16), (4, 1))
        line = only(dataset(values, VOILUTSequence=[table])).pixels[0, :, 0]
        assert line.tolist() == [0, 255, 0, 255]

    def test_a_table_of_the_modality(self) -> None:
        table = Dataset()
        table.LUTDescriptor = [4, 0, 16]
        table.LUTData = [3000, 2000, 1000, 0]
        table.ModalityLUTType = "US"
        table["LUTDescriptor"].VR = "US"
        table["LUTData"].VR = "US"
        values = np.tile(np.arange(4, dtype=np.uint16), (4, 1))
        line = only(dataset(values, ModalityLUTSequence=[table])).pixels[0, :, 0]
        assert line.tolist() == [255, 170, 85, 0]

    @pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "uint32"])
    def test_every_depth(self, dtype: str) -> None:
        top = min(int(np.iinfo(dtype).max), 100_000)
        line = only(dataset(ramp(dtype, top))).pixels[0, :, 0]
        assert (line[0], line[-1]) == (0, 255)

    def test_floating_point_pixels(self) -> None:
        made = dataset(ramp("float32", 1))
        made.FloatPixelData = made.PixelData
        del made.PixelData
        made.BitsAllocated = 32
        line = only(made).pixels[0, :, 0]
        assert (line[0], line[-1]) == (0, 255)

    def test_one_bit(self) -> None:
        assert set(np.unique(only(sample("liver_1frame.dcm")).pixels)) == {0, 255}


def test_large_pictures_are_shrunk_to_what_is_enough() -> None:
    made = dataset(np.tile(np.linspace(0, 4095, 600), (450, 1)).astype(np.uint16))
    (picture,) = read(written(made), target=50)
    assert isinstance(picture, Picture)
    assert picture.pixels.shape == (113, 150, 3)
    assert (picture.width, picture.height) == (600, 450)


class TestColour:
    """Colours are read as the header says."""

    @staticmethod
    def stripes(dtype: str = "uint8") -> np.ndarray[Any, Any]:
        values = np.zeros((6, 8, 3), dtype=dtype)
        values[:, :4, 0] = np.iinfo(dtype).max
        values[:, 4:, 2] = np.iinfo(dtype).max
        return values

    @pytest.mark.parametrize("dtype", ["uint8", "uint16"])
    def test_rgb(self, dtype: str) -> None:
        picture = only(dataset(self.stripes(dtype)))
        assert (picture.pixels == self.stripes()).all()
        assert picture.color_mode == "RGB"

    def test_planes(self) -> None:
        made = dataset(self.stripes(), PlanarConfiguration=1)
        made.PixelData = self.stripes().transpose(2, 0, 1).tobytes()
        assert (only(made).pixels == self.stripes()).all()

    def test_ybr(self) -> None:
        made = dataset(self.stripes(), PhotometricInterpretation="YBR_FULL")
        made.PixelData = pydicom.pixels.convert_color_space(
            self.stripes(), "RGB", "YBR_FULL"
        ).tobytes()
        assert np.abs(only(made).pixels.astype(int) - self.stripes()).max() <= 3

    @pytest.mark.parametrize("bits", [8, 16])
    def test_palette(self, bits: int) -> None:
        made = dataset(
            np.array([[0, 1], [1, 0]], dtype=np.uint8), PhotometricInterpretation="PALETTE COLOR"
        )
        top = 2**bits - 1
        for name, entries in (("Red", (top, 0)), ("Green", (0, 0)), ("Blue", (0, top))):
            setattr(made, f"{name}PaletteColorLookupTableDescriptor", [2, 0, bits])
            made[f"{name}PaletteColorLookupTableDescriptor"].VR = "US"
            table = np.array(entries, dtype=f"u{bits // 8}").tobytes()
            setattr(made, f"{name}PaletteColorLookupTableData", table)
        assert only(made).pixels.tolist() == [
            [[255, 0, 0], [0, 0, 255]],
            [[0, 0, 255], [255, 0, 0]],
        ]


class TestFrames:
    """Frames are decoded one at a time, and thinned."""

    @staticmethod
    def movie(count: int) -> Dataset:
        values = np.stack([ramp("uint8", 200) + i for i in range(count)])
        return dataset(values, NumberOfFrames=count)

    def test_each_frame_is_a_picture(self) -> None:
        found = read(written(self.movie(3)))
        assert [f.where.frame for f in found] == [0, 1, 2]
        assert [f.where.locator for f in found] == ["frame 0", "frame 1", "frame 2"]
        assert len({f.sha256 for f in found if isinstance(f, Picture)}) == 3

    def test_long_ones_are_thinned_evenly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        decoded: list[int] = []
        reader = FrameReader
        whole = reader.pixels

        def counted(self: Any, frame: int, target: int) -> Any:
            decoded.append(frame)
            return whole(self, frame, target)

        monkeypatch.setattr(reader, "pixels", counted)
        found = read(written(self.movie(41)), limits=Limits(frames=5))
        assert decoded == [f.where.frame for f in found] == [0, 10, 20, 30, 40]
        assert {f.note for f in found if isinstance(f, Picture)} == {"frames_thinned"}

    def test_all_frames_on_demand(self) -> None:
        options = SourceOptions(all_frames=True)
        assert len(read(written(self.movie(40)), options=options)) == 40

    def test_windows_of_enhanced_objects_are_per_frame(self) -> None:
        made = dataset(np.stack([ramp(), ramp()]), NumberOfFrames=2)
        groups = []
        for center in (100, 4000):
            window = Dataset()
            window.WindowCenter, window.WindowWidth = center, 20
            group = Dataset()
            group.FrameVOILUTSequence = [window]
            groups.append(group)
        made.PerFrameFunctionalGroupsSequence = groups
        first, second = (f for f in read(written(made)) if isinstance(f, Picture))
        assert first.pixels[0, 32, 0] == 255
        assert second.pixels[0, 32, 0] == 0

    def test_a_damaged_frame_leaves_the_others(self) -> None:
        made = pydicom.dcmread(io.BytesIO(sample("examples_ybr_color.dcm")))
        items = list(pydicom.encaps.generate_frames(made.PixelData, number_of_frames=30))
        made.PixelData = encapsulate([items[0], b"\xff\xd8 no jpeg", items[2]])
        made.NumberOfFrames = 3
        found = read(written(made))
        assert [type(f) for f in found] == [Picture, Problem, Picture]
        assert found[1].where.locator == "frame 1"

    def test_a_header_that_announces_millions_of_frames_is_not_believed(self) -> None:
        made = dataset(ramp("uint8", 200))
        made.NumberOfFrames = 2**31 - 1
        (found,) = read(written(made))
        assert isinstance(found, Picture)


TRANSFERS = [
    "CT_small.dcm",
    "MR_small_implicit.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_padded.dcm",
    "image_dfl.dcm",
    "ExplVR_BigEnd.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_rle_16bit_2frame.dcm",
    "SC_rgb_small_odd_big_endian.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "examples_jpeg2k.dcm",
    "examples_palette.dcm",
    "examples_rgb_color.dcm",
    "examples_overlay.dcm",
    "rtdose_rle.dcm",
    "liver_expb_1frame.dcm",
    "J2K_pixelrep_mismatch.dcm",
]


@pytest.mark.parametrize("name", TRANSFERS)
def test_transfer_syntaxes_of_the_core(name: str) -> None:
    content = sample(name)
    assert sniff(content) == "dicom"
    pictures = read(content)
    assert pictures
    for picture in pictures:
        assert isinstance(picture, Picture)
        assert np.ptp(picture.pixels) > 0


@pytest.mark.parametrize("name", ["MR_small_RLE.dcm", "MR_small_bigendian.dcm", "CT_small.dcm"])
def test_samples_are_those_that_pydicom_reads(name: str) -> None:
    content = sample(name)
    stored = pydicom.dcmread(io.BytesIO(content)).pixel_array
    pixels = only(content).pixels[..., 0].astype(float)
    rank = np.corrcoef(stored.ravel(), pixels.ravel())[0, 1]
    assert rank > 0.9
    assert pixels.shape == stored.shape


def test_a_transfer_syntax_without_a_decoder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = pydicom.pixels.get_decoder(uid.JPEGLSLossless)
    monkeypatch.setattr(decoder, "_available", {})
    with pytest.raises(UnsupportedError, match="JPEG-LS Lossless") as caught:
        read(sample("MR_small_jpeg_ls_lossless.dcm"))
    assert caught.value.record_text.startswith("unsupported: ")


@pytest.mark.parametrize(
    "name", ["test-SR.dcm", "rtplan.dcm", "rtstruct.dcm", "waveform_ecg.dcm", "DICOMDIR"]
)
def test_a_file_without_pixels_is_skipped(name: str) -> None:
    (found,) = read(sample(name))
    assert isinstance(found, Problem)
    assert (found.status, found.reason, found.error) == ("skipped", "no_image", "")


def test_an_encapsulated_pdf_is_read_as_one() -> None:
    made = dataset(ramp())
    del made.PixelData
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocument = b"%PDF-1.4\n1 0 obj\n"
    seen: list[tuple[Blob, int]] = []

    def recurse(blob: Blob, context: Context) -> Iterator[Finding]:
        seen.append((blob, context.depth))
        yield Problem(blob.where, "skipped", "no_image")

    budget = Budget()
    read(written(made), recurse=recurse, budget=budget)
    ((inner, depth),) = seen
    assert inner.where.member == "encapsulated.pdf"
    assert inner.data is not None
    assert inner.data.startswith(b"%PDF-1.4\n1 0 obj\n")
    assert depth == 1
    assert budget.members == 1


class TestDamage:
    """Broken files end in an error without a word of what they hold."""

    def test_missing_ends_are_filled(self) -> None:
        content = written(dataset(ramp("uint8", 200)))
        (found,) = read(content[: len(content) - 64 * 20])
        assert isinstance(found, Picture)
        assert found.note == "truncated"
        assert found.pixels[10, -1, 0] == 255

    @pytest.mark.parametrize("kept", [133, 150, 200, 300])
    def test_a_file_that_ends_before_its_pixels_has_no_picture(self, kept: int) -> None:
        try:
            found = read(written(dataset(ramp()))[:kept])
        except DecodeError:
            return
        assert [type(f) for f in found] == [Problem]

    def test_a_file_that_ends_within_its_first_rows_is_an_error(self) -> None:
        content = written(dataset(ramp("uint8", 200)))
        with pytest.raises(DecodeError, match="truncated"):
            read(content[: len(content) - 64 * 46])

    def test_pixels_are_bounded_by_the_header(self) -> None:
        made = dataset(ramp(), Rows=60_000, Columns=60_000)
        with pytest.raises(LimitError, match="60000 x 60000"):
            read(written(made))

    def test_bytes_are_bounded(self) -> None:
        with pytest.raises(LimitError):
            read(written(dataset(ramp())), limits=Limits(file_bytes=100))

    def test_inflation_is_bounded(self) -> None:
        content = sample("image_dfl.dcm")
        length = struct.unpack_from("<I", content, 140)[0]
        compress = zlib.compressobj(wbits=-15)
        bomb = compress.compress(bytes(50_000_000)) + compress.flush()
        budget = Budget()
        with pytest.raises(LimitError, match="inflates"):
            read(
                content[: 144 + length] + bomb, limits=Limits(file_bytes=10_000_000), budget=budget
            )
        assert budget.inflated_bytes < 13_000_000

    def test_no_tag_gets_into_errors_or_logs(self, caplog: pytest.LogCaptureFixture) -> None:
        made = dataset(ramp(), PatientBirthDate="19700101")
        content = written(made).replace(b"DA\x08\x0019700101", b"DS\x08\x00SecretNo")
        # A number of rows that is none, and a name where a number should be.
        at = content.index(b"\x28\x00\x10\x00US")
        content = content[: at + 4] + b"IS\x06\x00Secret" + content[at + 10 :]
        with caplog.at_level(logging.DEBUG), pytest.raises(InputError) as caught:
            read(content)
        assert "Secret" not in caught.value.record_text
        assert "Secret" not in caplog.text
        assert caught.value.__suppress_context__ or caught.value.__cause__ is None

    @settings(max_examples=120, deadline=None)
    @given(
        st.sampled_from(["MR_small.dcm", "MR_small_RLE.dcm", "SC_rgb_jpeg_dcmtk.dcm"]), st.data()
    )
    def test_flipped_bytes_raise_nothing_but_input_errors(
        self, name: str, data: st.DataObject
    ) -> None:
        content = bytearray(sample(name))
        for _ in range(data.draw(st.integers(1, 5))):
            at = data.draw(st.integers(132, min(len(content) - 1, 2500)))
            content[at] = data.draw(st.integers(0, 255))
        try:
            found = read(bytes(content), limits=Limits(pixels=4_000_000, frames=3))
        except InputError as error:
            assert error.record_text  # noqa: PT017 - either outcome is fine
        else:
            assert found


@pytest.mark.shared
def test_the_shared_files_are_read_or_refused_cleanly(shared: Path) -> None:
    with (shared / "docs" / "dicom_headers.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["file"].startswith("dicom/")]
    assert len(rows) > 80
    read_count = 0
    for row in rows:
        path = shared / "docs" / row["file"]
        try:
            found = list(dicom.read(Blob(Provenance(path.name), path=path), Context()))
        except (UnsupportedError, DecodeError):
            assert row["has_pixels"] == "True", path.name
            continue
        pictures = [f for f in found if isinstance(f, Picture)]
        if row["has_pixels"] != "True":
            assert not pictures, path.name
            continue
        read_count += 1
        assert len(pictures) == len(found) == int(row["frames"] or 1), path.name
        first = pictures[0]
        assert (str(first.height), str(first.width)) == (row["rows"], row["cols"])
        assert first.declared_modality == row["modality"]
        assert first.color_mode == row["pi"]
    assert read_count >= 40


@pytest.mark.parametrize("name", ["JPGExtended.dcm", "JPEG-lossy.dcm"])
def test_jpeg_of_twelve_bits_is_decoded_to_the_values_that_pydicom_tests_for(name: str) -> None:
    """Values at two places: tests/pixels/pixels_reference.py of pydicom."""
    pytest.importorskip("imagecodecs")
    made = pydicom.dcmread(io.BytesIO(sample(name)))
    stored, _ = Codec(made).decode(0)
    assert (stored.shape, stored.dtype.name) == ((1024, 256), "uint16")
    assert (stored[420, 140], stored[230, 120]) == (244, 95)
    assert only(sample(name)).pixels.std() > 5


def test_jpeg_of_twelve_bits_says_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "find_spec", lambda _name: None)
    with pytest.raises(UnsupportedError, match=r"12|more than 8 bits.*medsift\[jpeg12\]"):
        read(sample("JPGExtended.dcm"))


def test_where_one_decoder_gives_up_the_next_one_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    made = pydicom.dcmread(io.BytesIO(sample("JPEG2000.dcm")))
    codec = Codec(made)
    codec.plugins = ["broken", "pillow"]
    asked = []
    by = codec._by

    def noted(plugin: str, frame: int) -> tuple[np.ndarray[Any, Any], str]:
        asked.append(plugin)
        return by(plugin, frame)

    monkeypatch.setattr(codec, "_by", noted)
    assert codec.decode(0)[0].shape == (1024, 256)
    codec.decode(0)
    assert asked == ["broken", "pillow", "pillow"]


def test_the_decoder_that_may_end_the_process_is_the_last_resort() -> None:
    pytest.importorskip("gdcm")
    for name in ("JPEG2000.dcm", "SC_rgb_jpeg_dcmtk.dcm", "CT_small.dcm"):
        assert "gdcm" not in Codec(pydicom.dcmread(io.BytesIO(sample(name)))).plugins


@pytest.mark.parametrize(
    "syntax",
    [uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K],
    ids=lambda syntax: syntax.keyword,
)
def test_high_throughput_jpeg_2000_is_decoded(syntax: uid.UID) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    pytest.importorskip("openjpeg")
    values = ramp()
    made = dataset(values)
    made.file_meta.TransferSyntaxUID = syntax
    made.PixelData = encapsulate([imagecodecs.htj2k_encode(values)])
    made["PixelData"].VR = "OB"
    stored, _ = Codec(pydicom.dcmread(io.BytesIO(written(made)))).decode(0)
    assert np.array_equal(stored, values)
