"""Deep samples keep the meaning that their file gives them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from medsift.core.errors import DecodeError
from medsift.core.picture import Picture
from tests.decode.pictures import only, scene
from tests.decode.tiffs import tiff_of
from tests.sources.inside import scan

COLOUR = np.asarray(scene(70, 50)).astype(np.uint16) * 257


def ramp(dtype: str, low: float, high: float) -> np.ndarray[Any, Any]:
    return np.tile(np.linspace(low, high, 64), (48, 1)).astype(dtype)


def line(data: bytes) -> list[int]:
    """First, middle and last grey of a picture."""
    row = only(data).pixels[20, :, 0]
    return [int(row[0]), int(row[len(row) // 2]), int(row[-1])]


def is_rising(data: bytes) -> bool:
    first, middle, last = line(data)
    return first == 0 and abs(middle - 128) < 6 and last == 255


class TestTiff:
    """Samples of TIFF."""

    @pytest.mark.parametrize(
        ("dtype", "high"), [("uint16", 65535), ("uint16", 4000), ("float32", 1.0)]
    )
    @pytest.mark.parametrize("compression", [1, 8])
    def test_white_may_be_zero(self, dtype: str, high: float, compression: int) -> None:
        values = ramp(dtype, 0, high)
        plain = tiff_of(values, COMPRESSION=compression)
        inverse = tiff_of(values[:, ::-1], COMPRESSION=compression, T262=0)
        assert is_rising(plain)
        assert is_rising(inverse)

    @pytest.mark.parametrize(
        ("dtype", "low", "high"),
        [
            ("uint32", 0, 2**32 - 1),
            ("uint32", 2**31 - 100, 2**31 + 100),
            ("int32", -(2**31), 2**31 - 1),
            ("int16", -32768, 32767),
            ("int8", -128, 127),
        ],
    )
    def test_integers_do_not_wrap(self, dtype: str, low: int, high: int) -> None:
        first, middle, last = line(tiff_of(ramp(dtype, low, high)))
        assert first < middle < last
        assert (first, last) == (0, 255)

    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize("tile", [0, 16])
    @pytest.mark.parametrize("compression", [1, 8])
    def test_planes_of_sixteen_bits(self, order: str, tile: int, compression: int) -> None:
        picture = only(tiff_of(COLOUR, order, tile, PLANAR=2, COMPRESSION=compression))
        assert np.abs(picture.pixels.astype(int) - (COLOUR >> 8)).max() <= 1
        assert picture.note == ""

    @pytest.mark.parametrize("planar", [1, 2])
    @pytest.mark.parametrize("dtype", ["uint8", "uint16"])
    def test_tiles_whose_offsets_are_called_those_of_strips(self, dtype: str, planar: int) -> None:
        values = (COLOUR >> 8).astype(np.uint8) if dtype == "uint8" else COLOUR
        data = tiff_of(values, "<", 32, PLANAR=planar, TILES_AS_STRIPS=True)
        assert np.abs(only(data).pixels.astype(int) - (COLOUR >> 8)).max() <= 1

    def test_planes_that_end_early_show_what_is_left(self) -> None:
        data = tiff_of(COLOUR, PLANAR=2, T278=50, T273=[8, 8 + 7000, 200_000])
        picture = only(data)
        assert picture.note == "truncated"
        assert (picture.pixels[..., 0] == COLOUR[..., 0] >> 8).all()

    def test_planes_that_are_missing_are_an_error(self) -> None:
        with pytest.raises(DecodeError, match="strips"):
            only(tiff_of(COLOUR, PLANAR=2, T273=[8, 8]))


class TestFits:
    """Integers of FITS are signed (FITS 4.0, section 4.4.1.1), and may be moved by BZERO."""

    @staticmethod
    def fits(stored: np.ndarray[Any, Any], bits: int, **cards: Any) -> bytes:
        named = {"BITPIX": bits, "NAXIS": 2, "NAXIS1": stored.shape[1], "NAXIS2": stored.shape[0]}
        lines = [f"{'SIMPLE':8}= {'T':>20}"]
        lines += [f"{name:8}= {value:>20}" for name, value in {**named, **cards}.items()]
        head = "".join(f"{card:80}" for card in [*lines, "END"]).encode()
        body = stored.astype(stored.dtype.newbyteorder(">")).tobytes()
        return head.ljust(2880) + body.ljust(-(-len(body) // 2880) * 2880, b"\0")

    def test_unsigned_by_a_zero_point(self) -> None:
        stored = ramp("int16", -32768, 32767)
        assert is_rising(self.fits(stored, 16, BZERO=32768))

    @pytest.mark.parametrize(
        ("dtype", "bits", "low", "high"),
        [("int16", 16, -500, 500), ("int32", 32, -70000, 70000), ("float32", -32, -1, 1)],
    )
    def test_values_below_zero(self, dtype: str, bits: int, low: float, high: float) -> None:
        assert is_rising(self.fits(ramp(dtype, low, high), bits))

    def test_a_scale_below_zero(self) -> None:
        assert is_rising(self.fits(ramp("int16", 500, -500), 16, BSCALE="-1.0D0"))


@pytest.mark.parametrize("kind", [1, 3])
def test_of_four_bytes_in_a_raster_of_sun_the_first_is_spare(kind: int) -> None:
    values = np.asarray(scene(64, 48))
    ordered = values if kind == 3 else values[..., ::-1]
    body = np.dstack([np.full((48, 64), 9, np.uint8), ordered]).tobytes()
    head = struct.pack(">8I", 0x59A66A95, 64, 48, 32, len(body), kind, 0, 0)
    assert (only(head + body).pixels == values).all()


def test_in_bitmaps_of_photoshop_one_is_black() -> None:
    bits = np.asarray(scene(64, 48).convert("L")) > 128
    head = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 1, 48, 64, 1, 0) + bytes(12)
    picture = only(head + bytes(2) + np.packbits(~bits, axis=1).tobytes())
    assert np.array_equal(picture.pixels[..., 0] > 127, bits)


def test_a_signed_and_a_plain_picture_of_the_same_values_look_alike() -> None:
    values = np.asarray(scene().convert("L")).astype(np.int16)
    plain = only(tiff_of(values.astype(np.uint16))).pixels
    assert (only(tiff_of(values - 1000)).pixels == plain).all()


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["i01_16_white_is_zero.tif", "i04_32_unsigned.tif", "i05_unsigned_by_bzero.fits"]
)
def test_the_shared_cases_look_like_their_control(shared: Path, name: str) -> None:
    (found,) = scan(shared / "cases" / name, name)
    (control,) = scan(shared / "cases" / "i00_16_black_is_zero.tif")
    assert isinstance(found, Picture)
    assert isinstance(control, Picture)
    assert np.abs(found.pixels.astype(int) - control.pixels).mean() < 1


@pytest.mark.shared
def test_the_shared_planes_are_no_noise(shared: Path) -> None:
    (found,) = scan(shared / "cases" / "i03_planes_of_16.tif")
    (control,) = scan(shared / "cases" / "i11_jp2_channels_bgr.jp2")
    assert isinstance(found, Picture)
    assert isinstance(control, Picture)
    small = [
        np.asarray(Image.fromarray(picture.pixels).resize((32, 32)).convert("L"), float).ravel()
        for picture in (found, control)
    ]
    assert abs(np.corrcoef(small[0], small[1])[0, 1]) > 0.3
