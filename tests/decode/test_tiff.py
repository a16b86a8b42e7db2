"""TIFF of layouts that Pillow refuses, or reads as noise."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from medsift.core.errors import DecodeError, LimitError, UnsupportedError
from medsift.core.limits import Limits
from medsift.decode import tiff
from medsift.decode.tiff_pages import TiffPages, is_stack
from tests.decode.pictures import only, read, scene
from tests.decode.tiffs import tiff_of

COLOUR = np.asarray(scene(64, 48))
GREY = np.tile(np.linspace(0, 255, 64), (48, 1))


def difference(data: bytes, wanted: np.ndarray[Any, Any]) -> float:
    wanted = wanted if wanted.ndim == 3 else wanted[..., None]
    return float(np.abs(only(data).pixels.astype(float) - wanted).mean())


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("tile", [0, 16])
@pytest.mark.parametrize("dtype", ["float16", "float64", "uint64", "int64"])
def test_grey_of_any_depth_is_read(order: str, compression: int, tile: int, dtype: str) -> None:
    data = tiff_of((GREY * 100).astype(dtype), order, tile, COMPRESSION=compression)
    assert difference(data, GREY) < 3


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint32"])
@pytest.mark.parametrize("planar", [1, 2])
def test_colours_of_any_depth_are_read(dtype: str, planar: int) -> None:
    top = 1 if dtype.startswith("f") else 2**32 - 1
    values = (COLOUR / 255 * top).astype(dtype)
    assert difference(tiff_of(values, PLANAR=planar), COLOUR) < 1


def test_white_may_be_zero_in_any_depth() -> None:
    assert difference(tiff_of(255 - GREY, T262=0), GREY) < 3


def test_deep_grey_with_opacity_is_read() -> None:
    values = np.dstack([GREY * 257, np.full(GREY.shape, 65535)]).astype(np.uint16)
    assert difference(tiff_of(values, T338=2), GREY) < 3


def test_a_palette_of_deep_places_is_read() -> None:
    places = np.tile(np.arange(64), (48, 1)).astype(np.uint16)
    entries = np.linspace(0, 65535, 64).astype(int)
    data = tiff_of(places, T262=3, T320=[*entries, *entries[::-1], *([0] * 64)])
    wanted = np.dstack([entries[places] >> 8, entries[::-1][places] >> 8, places * 0])
    assert difference(data, wanted) < 1


def test_a_palette_of_bytes_is_not_black() -> None:
    places = np.tile(np.arange(64), (48, 1)).astype(np.uint8)
    entries = [*range(256), *range(255, -1, -1), *([7] * 256)]
    wanted = np.dstack([places, 255 - places, np.full(places.shape, 7)])
    assert difference(tiff_of(places, T262=3, T320=entries), wanted) < 1


def test_without_a_word_on_it_black_is_zero() -> None:
    data = tiff_of(GREY.astype(np.uint8))
    # Tag 262 under a number that means nothing.
    entry = struct.pack("<HHI", 262, 4, 1)
    assert data.count(entry) == 1
    unsaid = data.replace(entry, struct.pack("<HHI", 263, 4, 1))
    assert difference(unsaid, GREY) < 1


@pytest.mark.parametrize("across", [1, 2, 4])
@pytest.mark.parametrize("down", [1, 2])
@pytest.mark.parametrize("rows", [48, 16])
def test_colours_that_pixels_share_are_read(across: int, down: int, rows: int) -> None:
    soft = np.asarray(Image.fromarray(COLOUR).resize((8, 6)).resize((64, 48)))
    parts = np.asarray(Image.fromarray(soft).convert("YCbCr"))
    units = []
    for y in range(0, 48, down):
        for x in range(0, 64, across):
            block = parts[y : y + down, x : x + across]
            units += [*block[..., 0].ravel(), *block[..., 1:].mean(axis=(0, 1)).round()]
    body = np.array(units).astype(np.uint8).tobytes()
    each = len(body) * rows // 48
    made = tiff_of(
        COLOUR,
        T262=6,
        T530=across | down << 16,
        T278=rows,
        T273=[8 + n * each for n in range(48 // rows)],
        T279=[each] * (48 // rows),
    )
    # Two numbers of 16 bits in the place of one of 32.
    made = made.replace(struct.pack("<HHI", 530, 4, 1), struct.pack("<HHI", 530, 3, 2))
    assert difference(made[:8] + body + made[8 + len(body) :], soft) < 8


def test_big_tiff_of_the_other_byte_order_is_read() -> None:
    body = COLOUR.tobytes()
    fields = {
        256: 64, 257: 48, 258: 8, 259: 1, 262: 2, 273: 16, 277: 3, 278: 48, 279: len(body), 284: 1,
    }  # fmt: skip
    entries = b"".join(
        struct.pack(">HHQ", tag, 4, 1) + struct.pack(">I4x", value) for tag, value in fields.items()
    )
    directory = struct.pack(">Q", len(fields)) + entries + bytes(8)
    head = b"MM\0+" + struct.pack(">HHQ", 8, 0, 16 + len(body))
    assert difference(head + body + directory, COLOUR) < 1


def stack(count: int, told: int) -> bytes:
    """A stack as ImageJ writes them: one directory, and all images behind each other."""
    values = np.stack([np.roll(GREY * 257, 9 * n, axis=1) for n in range(count)])
    text = f"ImageJ=1.53\nimages={told}\nslices={told}\n".encode() + b"\0"
    text += bytes(-len(text) % 4)
    body = values.astype(">u2").tobytes()
    fields = {
        256: (4, 64), 257: (4, 48), 258: (4, 16), 259: (4, 1), 262: (4, 1), 270: (2, len(text)),
        273: (4, 8 + len(text)), 277: (4, 1), 278: (4, 48), 279: (4, 64 * 48 * 2),
    }  # fmt: skip
    entries = b"".join(
        struct.pack(">HHI", tag, kind, number if tag == 270 else 1)
        + struct.pack(">I", 8 if tag == 270 else number)
        for tag, (kind, number) in fields.items()
    )
    directory = struct.pack(">H", len(fields)) + entries + bytes(4)
    return b"MM\0*" + struct.pack(">I", 8 + len(text) + len(body)) + text + body + directory


def test_all_images_of_a_stack_are_read() -> None:
    found = read(stack(3, 3))
    assert [picture.where.frame for picture in found] == [0, 1, 2]
    for number, picture in enumerate(found):
        wanted = np.roll(GREY, 9 * number, axis=1)
        assert np.abs(picture.pixels[..., 0] - wanted).mean() < 3
    assert not is_stack(stack(1, 1))
    assert len(read(stack(2, 9))) == 2  # the directory behind them is no third one


def test_floating_point_is_read_with_its_own_predictor() -> None:
    values = (GREY / 255).astype(np.float64)
    big = values.astype(">f8").view(np.uint8).reshape(48, 64, 8)
    apart = big.transpose(0, 2, 1).reshape(48, -1)
    coded = np.diff(apart, axis=1, prepend=np.zeros((48, 1), np.uint8)).astype(np.uint8)
    body = zlib.compress(coded.tobytes())
    made = tiff_of(values, T278=48, T259=8, T317=3, T273=8, T279=len(body))
    assert difference(made[:8] + body + made[8 + len(body) :], GREY) < 3


def test_what_is_not_read_is_told() -> None:
    with pytest.raises(UnsupportedError):
        only(tiff_of(np.dstack([GREY] * 3), T262=32803))
    with pytest.raises(UnsupportedError):
        TiffPages(tiff_of(GREY, T259=50001), Limits())
    tags = tiff.directories(tiff_of(GREY))[0]
    with pytest.raises(LimitError):
        tiff.page(tags, b"", Limits(pixels=100))
    with pytest.raises(DecodeError):
        only(tiff_of(GREY, T278=1))


@pytest.mark.parametrize("tags", [{"T277": 60000}, {"T322": 60000, "T323": 60000, "T324": 8}])
def test_a_file_gets_no_more_memory_than_its_pixels_need(tags: dict[str, Any]) -> None:
    page = tiff.directories(tiff_of(GREY, **tags))[0]
    with pytest.raises(DecodeError, match="impossible"):
        tiff.page(page, b"", Limits())


def test_samples_that_are_missing_are_noted() -> None:
    data = tiff_of(GREY.astype(np.float64))
    tags = tiff.directories(data)[0]
    image, is_whole = tiff.page(tags, data[:10000], Limits())
    assert not is_whole
    assert image.size == (64, 48)


def joined(*files: bytes) -> bytes:
    """Pages of several files of one page, in one file: places move by what stands before."""
    whole = b""
    end = 4
    for data in files:
        shift = len(whole)
        page = bytearray(data)
        at = struct.unpack_from("<I", page, 4)[0]
        count = struct.unpack_from("<H", page, at)[0]
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            tag, _kind, number, value = struct.unpack_from("<HHII", page, entry)
            if number > 1:
                struct.pack_into("<I", page, entry + 8, value + shift)
                if tag in (273, 324):
                    for place in range(value, value + 4 * number, 4):
                        moved = struct.unpack_from("<I", page, place)[0] + shift
                        struct.pack_into("<I", page, place, moved)
            elif tag in (273, 324):
                struct.pack_into("<I", page, entry + 8, value + shift)
        whole = whole + bytes(page) if not whole else _linked(whole, end, at + shift) + bytes(page)
        end = shift + at + 2 + 12 * count
    return whole


def _linked(whole: bytes, end: int, target: int) -> bytes:
    return whole[:end] + struct.pack("<I", target) + whole[end + 4 :]


def test_a_page_that_pillow_refuses_costs_no_other() -> None:
    deep = tiff_of(GREY * 100)
    data = joined(tiff_of(COLOUR), deep, tiff_of(GREY.astype(np.uint8)))
    found = read(data)
    assert len(found) == 3
    assert (found[0].pixels == COLOUR).all()
    assert np.abs(found[1].pixels[..., 0] - GREY).mean() < 3
    assert np.abs(found[2].pixels[..., 0] - GREY).mean() < 1


def test_a_mask_behind_a_picture_is_none_of_its_own() -> None:
    mask = tiff_of(np.full((48, 64), 255, np.uint8), T262=4, T254=4)
    (found,) = read(joined(tiff_of(COLOUR), mask))
    assert (found.pixels == COLOUR).all()


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_the_value_for_nothing_leaves_the_contrast_alone(dtype: str) -> None:
    values = (GREY * 10).astype(dtype)
    values[:8] = -9999
    text = b"-9999\0\0\0"
    made = tiff_of(values, T42113=[0, 0])
    kind = struct.pack("<HHI", 42113, 4, 2)
    at = made.index(kind) + 8
    place = struct.unpack_from("<I", made, at)[0]
    made = made.replace(kind, struct.pack("<HHI", 42113, 2, 8))
    shown = only(made[:place] + text + made[place + 8 :]).pixels[..., 0]
    assert np.abs(shown[8:] - GREY[8:]).mean() < 3
    assert shown[:8].max() == 0


def test_a_lack_of_memory_is_not_told_as_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = tiff_of(GREY.astype(np.float16))
    read(refused)

    def lacking(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(tiff, "directories", lacking)
    with pytest.raises(LimitError, match="too much memory"):
        read(refused)
