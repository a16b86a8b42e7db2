"""Files that hold several pictures without saying so."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from medsift.decode.parts import parts_of
from tests.decode.pictures import read, scene

COLOUR = np.asarray(scene(64, 48))
GREY = COLOUR[..., 1]


def portable(kind: int, values: np.ndarray, largest: int = 255) -> bytes:
    head = f"P{kind}\n# made up\n{values.shape[1]} {values.shape[0]}\n"
    return (head + ("" if kind == 4 else f"{largest}\n")).encode()


def cube(planes: np.ndarray) -> bytes:
    cards = ["SIMPLE  =                    T", "BITPIX  =                    8"]
    cards += [f"NAXIS   = {planes.ndim:20d}"]
    cards += [f"NAXIS{n}  = {size:20d}" for n, size in enumerate(planes.shape[::-1], 1)]
    head = "".join(f"{card:80}" for card in [*cards, "END"]).encode()
    return head.ljust(2880) + planes.tobytes()


@pytest.mark.parametrize("kind", [4, 5, 6])
@pytest.mark.parametrize("between", [b"", b"\n"])
def test_portable_maps_behind_each_other_are_all_read(kind: int, between: bytes) -> None:
    values = COLOUR if kind == 6 else GREY
    coded = np.packbits(GREY < 128, axis=1) if kind == 4 else values
    first = portable(kind, values) + coded.tobytes()
    second = portable(kind, values) + coded[::-1].tobytes()
    found = read(first + between + second)
    assert len(found) == 2
    assert [picture.where.frame for picture in found] == [0, 1]
    assert (found[0].pixels == found[1].pixels[::-1]).all()


def test_samples_of_16_bits_are_counted_as_such() -> None:
    one = portable(5, GREY, 65535) + (GREY.astype(">u2") * 257).astype(">u2").tobytes()
    assert len(read(one * 3)) == 3
    assert len(read(one)) == 1


def test_planes_of_a_cube_are_all_read() -> None:
    planes = np.stack([GREY, GREY[:, ::-1], GREY])
    found = read(cube(planes))
    assert len(found) == 3
    assert (found[0].pixels == found[1].pixels[:, ::-1]).all()
    assert (found[0].pixels == found[2].pixels).all()
    assert not parts_of("fits", cube(GREY))
    assert not parts_of("fits", cube(GREY[None]))


def test_what_follows_and_is_no_picture_does_not_count() -> None:
    one = portable(6, COLOUR) + COLOUR.tobytes()
    assert not parts_of("ppm", one + b"\0" * 40)
    assert not parts_of("ppm", b"P5 3 " + struct.pack("<I", 7))
    assert not parts_of("png", one + one)


def test_a_long_row_of_pictures_is_found_whole() -> None:
    assert len(parts_of("ppm", b"P5 1 1 255\n\x07" * 10_001)) == 10_001
