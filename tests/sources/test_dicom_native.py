"""Samples as they are, of retired colour models, of bits, and in more frames than announced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset

from medsift.core.picture import Picture
from medsift.sources.dicom.bits import values_of
from medsift.sources.dicom.tables import usable_table
from tests.sources.dicom_samples import dataset, only, read, written

ACROSS, DOWN = np.meshgrid(np.linspace(0, 255, 160), np.linspace(0, 255, 120))
COLOUR = np.stack([ACROSS, DOWN, np.where(ACROSS + DOWN > 300, 220, 40)], axis=-1).astype(np.uint8)
GREY = (ACROSS * 0.5 + DOWN * 0.5).astype(np.uint8)
OPEN = {"WindowCenter": 128, "WindowWidth": 256}


def with_samples(samples: np.ndarray[Any, Any], name: str, **elements: Any) -> Dataset:
    made = dataset(COLOUR, PhotometricInterpretation=name, **elements)
    made.SamplesPerPixel = samples.shape[-1]
    made.PixelData = samples.tobytes()
    return made


def distance(found: Picture, values: np.ndarray[Any, Any]) -> float:
    wanted = values if values.ndim == 3 else values[..., None]
    return float(np.abs(found.pixels.astype(int) - wanted).mean())


def of_model(name: str) -> np.ndarray[Any, Any]:
    if name == "ARGB":
        return np.dstack([np.zeros(GREY.shape, np.uint8), COLOUR])
    if name == "CMYK":
        return np.dstack([255 - COLOUR, np.zeros(GREY.shape, np.uint8)])
    return np.asarray(Image.fromarray(COLOUR).convert("HSV"))


@pytest.mark.parametrize("name", ["ARGB", "CMYK", "HSV"])
@pytest.mark.parametrize("planar", [0, 1])
def test_retired_colour_models_are_read(name: str, planar: int) -> None:
    samples = of_model(name)
    made = with_samples(samples, name, PlanarConfiguration=planar)
    if planar:
        made.PixelData = samples.transpose(2, 0, 1).tobytes()
    assert distance(only(made), COLOUR) < 4


def test_colours_of_16_bits_in_a_retired_model_are_read() -> None:
    samples = of_model("CMYK").astype("<u2") * 16
    elements = {"BitsAllocated": 16, "BitsStored": 12, "HighBit": 11}
    assert distance(only(with_samples(samples, "CMYK", **elements)), COLOUR) < 2


def test_shared_colours_with_headroom_are_read() -> None:
    full = np.asarray(Image.fromarray(COLOUR).convert("YCbCr")).astype(float)
    luma = 16 + full[..., 0] * 219 / 255
    blue, red = (128 + (full[:, ::2, n] - 128) * 224 / 255 for n in (1, 2))
    pairs = np.stack([luma[:, ::2], luma[:, 1::2], blue, red], axis=-1).round().astype(np.uint8)
    made = with_samples(COLOUR, "YBR_PARTIAL_422")
    made.PixelData = pairs.tobytes()
    assert distance(only(made), COLOUR) < 8


def test_frames_of_bits_may_begin_within_a_byte() -> None:
    frames = np.stack([GREY > 99, GREY[::-1] > 99, GREY > 50])[:, :37, :51]
    made = dataset(frames.astype(np.uint8), NumberOfFrames=3)
    made.BitsAllocated = made.BitsStored = 1
    made.HighBit = 0
    made.PixelData = np.packbits(frames, bitorder="little").tobytes()
    found = read(written(made))
    assert len(found) == 3
    for picture, bits in zip(found, frames, strict=True):
        assert isinstance(picture, Picture)
        assert np.array_equal(picture.pixels[..., 0] > 127, bits)


@pytest.mark.parametrize("said", [None, 1, 2])
def test_frames_beyond_the_number_that_is_said_are_read(said: int | None) -> None:
    frames = np.stack([GREY, GREY[::-1], GREY[:, ::-1]])
    made = dataset(frames, NumberOfFrames=3, **OPEN)
    del made.NumberOfFrames
    if said:
        made.NumberOfFrames = said
    found = read(written(made))
    assert len(found) == 3
    for picture, values in zip(found, frames, strict=True):
        assert isinstance(picture, Picture)
        assert distance(picture, values) < 1


@pytest.mark.parametrize("values", [COLOUR, GREY[..., None].repeat(3, axis=2)])
def test_three_samples_a_pixel_that_are_called_one_are_no_frames(
    values: np.ndarray[Any, Any],
) -> None:
    made = dataset(values, SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2")
    assert distance(only(made), values) < 1


def test_no_samples_a_pixel_is_one() -> None:
    assert distance(only(dataset(GREY, SamplesPerPixel=0, **OPEN)), GREY) < 1


def signed(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    header = Dataset()
    header.BitsStored, header.HighBit, header.PixelRepresentation = 12, 11, 1
    return values_of(values, header)


def test_signed_values_without_copies_of_their_sign_are_told_from_too_large_ones() -> None:
    rising = np.tile(np.arange(-2048, 2048, 16), (32, 1))
    masked = (rising & 0xFFF).astype("<u2")
    assert np.array_equal(signed(masked), rising)
    unsigned = np.tile(np.arange(0, 4096, 16), (32, 1)).astype("<u2")
    assert np.array_equal(signed(unsigned), unsigned)


def test_a_range_of_padding_leaves_the_contrast_alone() -> None:
    values = GREY.astype("<i2") * 4
    values[:, :8], values[:, 8:12] = -32768, -30000
    made = dataset(values)
    made.add_new(0x00280120, "SS", -32768)
    alone = only(made)
    made.add_new(0x00280121, "SS", -29000)
    low, high = np.percentile(GREY[:, 12:], (0.5, 99.5))
    wanted = np.clip((GREY[:, 12:] - low) / (high - low), 0, 1) * 255
    inside = only(made).pixels[:, 12:, 0]
    assert np.abs(inside - wanted).mean() < 3
    assert np.abs(alone.pixels[:, 12:, 0] - wanted).mean() > 30


def test_a_table_that_lacks_half_of_its_words_is_not_one_of_bytes() -> None:
    item = Dataset()
    item.add_new(0x00283002, "US", [4096, 0, 16])
    item.add_new(0x00283006, "OW", np.arange(2048).astype("<u2").tobytes())
    header = Dataset()
    header.set_original_encoding(False, True, "iso8859")
    table = usable_table([item], header)
    assert table is not None
    assert table.entries.tolist() == list(range(2048))
    item.LUTDescriptor = [2048, 0, 16]
    item.LUTData = (np.arange(2048) // 8).astype(np.uint8).tobytes()
    table = usable_table([item], header)
    assert table is not None
    assert table.entries.tolist() == [n // 8 for n in range(2048)]


def test_bytes_in_words_of_the_other_order_are_swapped_in_retired_models_as_well() -> None:
    samples = of_model("CMYK")
    made = with_samples(samples, "CMYK")
    made.PixelData = np.frombuffer(samples.tobytes(), "<u2").byteswap().tobytes()
    made.file_meta.TransferSyntaxUID = uid.ExplicitVRBigEndian
    made["PixelData"].VR = "OW"
    assert distance(only(made), COLOUR) < 1


def test_a_number_of_frames_that_is_none_is_told_by_what_is_there() -> None:
    made = dataset(np.stack([GREY, GREY[::-1]]), NumberOfFrames=2, **OPEN)
    data = written(made).replace(b"IS\2\0002 ", b"IS\2\0xx")
    assert len(read(data)) == 2


def test_twice_as_many_bytes_are_samples_of_16_bits_where_they_look_like_it() -> None:
    deep = GREY.astype("<u2") * 16 + (np.arange(GREY.size).reshape(GREY.shape) * 7 % 16)
    made = dataset(GREY)
    made.PixelData = deep.astype("<u2").tobytes()
    assert distance(only(made), GREY) < 8


def test_places_of_a_palette_are_signed_where_pixels_are() -> None:
    values = (GREY.astype("<i2") // 8) - 16
    made = dataset(values, PhotometricInterpretation="PALETTE COLOR")
    for name, step in (("Red", 1), ("Green", 2), ("Blue", 3)):
        setattr(made, f"{name}PaletteColorLookupTableDescriptor", [32, 0, 16])
        made[f"{name}PaletteColorLookupTableDescriptor"].VR = "US"
        made[f"{name}PaletteColorLookupTableDescriptor"].value = [32, 65520, 16]
        entries = (np.arange(32) * step * 512).astype("<u2")
        setattr(made, f"{name}PaletteColorLookupTableData", entries.tobytes())
    wanted = np.stack([(GREY // 8) * step * 2 for step in (1, 2, 3)], axis=-1)
    assert distance(only(made), wanted) < 1
