"""DICOM files whose frames are JPEG XL."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from medsift.core.errors import DecodeError, InputError, LimitError, UnsupportedError
from medsift.core.picture import Picture, Problem
from medsift.sources.dicom import codecs
from tests.sources.dicom_samples import PATIENT, codec_of, dataset, only, ramp, read, written

LOSSLESS, RECOMPRESSED, LOSSY = (f"1.2.840.10008.1.2.4.{last}" for last in (110, 111, 112))
NOISE = np.random.default_rng(5)


def file_of(made: Dataset, frames: list[bytes], syntax: str = LOSSLESS) -> bytes:
    """Write a file in a transfer syntax that pydicom may not know: as another, then renamed."""
    made.file_meta.TransferSyntaxUID = uid.HTJ2KLossless
    made.PixelData = encapsulate(frames)
    made["PixelData"].VR = "OB"
    return written(made).replace(uid.HTJ2KLossless.encode(), syntax.encode(), 1)


def encoded(values: np.ndarray[Any, Any], **options: Any) -> bytes:
    imagecodecs = pytest.importorskip("imagecodecs")
    made = imagecodecs.jpegxl_encode(values, effort=1, numthreads=1, **options)
    return bytes(made)


def stored_in(content: bytes, frame: int = 0) -> tuple[np.ndarray[Any, Any], str]:
    return codec_of(content).decode(frame)


@pytest.mark.parametrize(
    "values",
    [
        NOISE.integers(0, 2**8, (48, 64), dtype=np.uint8),
        NOISE.integers(0, 2**16, (48, 64), dtype=np.uint16),
        NOISE.integers(0, 2**8, (48, 64, 3), dtype=np.uint8),
        NOISE.integers(0, 2**16, (48, 64, 3), dtype=np.uint16),
    ],
    ids=["grey of 8 bits", "grey of 16 bits", "colour of 8 bits", "colour of 16 bits"],
)
@pytest.mark.parametrize("syntax", [LOSSLESS, LOSSY])
def test_what_was_coded_without_loss_is_decoded_to_the_same_values(
    values: np.ndarray[Any, Any], syntax: str
) -> None:
    stored, interpretation = stored_in(file_of(dataset(values), [encoded(values)], syntax))
    assert stored.dtype == values.dtype
    assert np.array_equal(stored, values)
    assert interpretation == ("RGB" if values.ndim == 3 else "MONOCHROME2")


@pytest.mark.parametrize("options", [{}, {"bitspersample": 12}])
def test_twelve_bits_keep_their_scale(options: dict[str, int]) -> None:
    values = ramp()
    content = file_of(dataset(values, BitsStored=12, HighBit=11), [encoded(values, **options)])
    assert np.array_equal(stored_in(content)[0], values)


def test_the_stream_may_be_of_another_depth_than_the_header() -> None:
    values = ramp("uint8", 200)
    content = file_of(dataset(values.astype(np.uint16)), [encoded(values)])
    assert np.array_equal(stored_in(content)[0], values)


def test_negative_values_come_back() -> None:
    values = ramp("int16", 1000, low=-1000)
    twelve = dataset(values, BitsStored=12, HighBit=11)
    content = file_of(twelve, [encoded(values.view(np.uint16) & 0xFFF)])
    assert np.array_equal(stored_in(content)[0], values)
    content = file_of(dataset(values), [encoded(values.view(np.uint16))])
    assert np.array_equal(stored_in(content)[0], values)


@pytest.mark.parametrize("interpretation", ["MONOCHROME1", "MONOCHROME2"])
def test_it_is_shown_like_the_same_file_without_compression(interpretation: str) -> None:
    values = ramp()
    window = {
        "WindowCenter": 1000, "WindowWidth": 600, "RescaleSlope": 1, "RescaleIntercept": -200,
        "PhotometricInterpretation": interpretation,
    }  # fmt: skip
    picture = only(file_of(dataset(values, **window), [encoded(values)]))
    assert np.array_equal(picture.pixels, only(dataset(values, **window)).pixels)
    assert (picture.width, picture.height, picture.format) == (64, 48, "dicom")
    assert picture.declared_modality == "CT"
    assert PATIENT not in repr(picture)


def test_each_frame_is_a_picture_and_a_damaged_one_costs_only_itself() -> None:
    values = NOISE.integers(0, 256, (3, 48, 64), dtype=np.uint8)
    frames = [encoded(frame) for frame in values]
    frames[1] = frames[1][: len(frames[1]) // 2]
    found = read(file_of(dataset(values, NumberOfFrames=3), frames))
    assert [type(each) for each in found] == [Picture, Problem, Picture]
    assert [each.where.frame for each in found] == [0, 1, 2]


def test_a_recompressed_jpeg_is_read_in_its_colours() -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    values = np.zeros((48, 64, 3), np.uint8)
    values[:, :32] = (200, 30, 40)
    values[:, 32:] = (20, 60, 220)
    jpeg = imagecodecs.jpeg8_encode(values, level=95)
    header = dataset(values, PhotometricInterpretation="YBR_FULL_422")
    frame = bytes(imagecodecs.jpegxl_encode_jpeg(jpeg, numthreads=1))
    for interpretation in ("YBR_FULL_422", "YBR_FULL"):
        header.PhotometricInterpretation = interpretation
        picture = only(file_of(header, [frame], RECOMPRESSED))
        assert np.abs(picture.pixels[24, 8].astype(int) - (200, 30, 40)).max() < 8
        assert np.abs(picture.pixels[24, 56].astype(int) - (20, 60, 220)).max() < 8


def test_with_loss_it_comes_close() -> None:
    values = ramp("uint8", 250)
    content = file_of(dataset(values), [encoded(values, distance=1.0)], LOSSY)
    stored, _ = stored_in(content)
    assert not np.array_equal(stored, values)
    assert np.abs(stored.astype(int) - values).max() < 12


class TestHostileFrames:
    def test_a_stream_larger_than_its_header_is_refused_before_it_is_decoded(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        imagecodecs = pytest.importorskip("imagecodecs")
        given = []
        decode = imagecodecs.jpegxl_decode

        def noted(data: bytes, **options: Any) -> Any:
            given.append(options["out"].shape)
            return decode(data, **options)

        content = file_of(dataset(ramp()), [encoded(np.zeros((2000, 3000), np.uint16))])
        monkeypatch.setattr(imagecodecs, "jpegxl_decode", noted)
        with pytest.raises(DecodeError):
            read(content)
        assert set(given) == {(48, 64)}

    @pytest.mark.parametrize("frame", [b"no JPEG XL at all", b"\xff\x0a", bytes(64)])
    def test_what_is_no_jpeg_xl_is_an_error(self, frame: bytes) -> None:
        pytest.importorskip("imagecodecs")
        with pytest.raises(DecodeError):
            read(file_of(dataset(ramp()), [frame]))

    def test_grey_where_colour_was_announced_is_an_error(self) -> None:
        colour = np.zeros((48, 64, 3), np.uint8)
        with pytest.raises(DecodeError):
            read(file_of(dataset(colour), [encoded(ramp("uint8", 200))]))

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def test_flipped_bytes_raise_nothing_but_input_errors(self, data: st.DataObject) -> None:
        frame = bytearray(encoded(ramp("uint8", 200)))
        for _ in range(data.draw(st.integers(1, 4))):
            frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
        try:
            (found,) = read(file_of(dataset(ramp("uint8", 200)), [bytes(frame)]))
        except InputError as error:
            assert error.record_text  # noqa: PT017 - either outcome is fine
        else:
            assert isinstance(found, Picture)
            assert found.pixels.shape == (48, 64, 3)

    def test_pixels_are_bounded_by_the_header(self) -> None:
        made = dataset(ramp(), Rows=60_000, Columns=60_000)
        with pytest.raises(LimitError, match="60000 x 60000"):
            read(file_of(made, [b"\xff\x0a"]))


@pytest.mark.parametrize(
    ("syntax", "name"),
    [
        (LOSSLESS, "JPEG XL Lossless"),
        (RECOMPRESSED, "JPEG XL JPEG Recompression"),
        (LOSSY, "JPEG XL"),
    ],
)
def test_without_the_decoder_it_says_what_it_takes(
    syntax: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codecs, "find_spec", lambda _name: None)
    with pytest.raises(UnsupportedError, match=rf"syntax {name};.*medsift\[jpegxl\]"):
        read(file_of(dataset(ramp()), [b"\xff\x0a"], syntax))
