"""Pages of Parquet files: the values of a column, some thousand at a time.

Written after the format's documentation, https://parquet.apache.org/docs/file-format/: values in
the encoding PLAIN; which of them are missing, and where lists begin, as definition and
repetition levels in the hybrid of runs and packed bits; pages compressed with GZIP, the one
codec that every reader knows and Python has built in.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsift.core.record import FieldType
from medsift.report import thrift

_GZIP_FRAME = 31
_PLAIN, _RLE = 0, 3
_DATA_PAGE = 0
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Page:
    """One page, header and all.

    Attributes
    ----------
    data : bytes
    plain_size : int
        Bytes that the page would have without compression.
    values : int
        How many it holds; a list counts for as many as it has, or for one where it is missing.
    """

    data: bytes
    plain_size: int
    values: int


def encode(values: Sequence[Any], kind: FieldType) -> Page:
    """Make a page of the values of some rows."""
    count = len(values)
    if kind == "str":
        body = _plain_text(values)
    elif kind in ("bbox", "box"):
        repeated, defined = _levels_of_lists(values)
        count = len(defined)
        body = _levels(repeated, 1) + _levels(defined, 2) + _numbers(values, kind)
    else:
        present = np.array([value is not None for value in values], dtype=np.uint8)
        body = _levels(present, 1) + _numbers(values, kind)
    # wbits 31 is zlib's way to ask for a gzip frame.
    packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP_FRAME)
    packed = packer.compress(body) + packer.flush()
    _, header = thrift.structure(
        {
            1: thrift.i32(_DATA_PAGE),
            2: thrift.i32(len(body)),
            3: thrift.i32(len(packed)),
            5: thrift.structure(
                {
                    1: thrift.i32(count),
                    2: thrift.i32(_PLAIN),
                    3: thrift.i32(_RLE),
                    4: thrift.i32(_RLE),
                }
            ),
        }
    )
    return Page(header + packed, len(header) + len(body), count)


def decode(data: bytes, place: int, kind: FieldType) -> tuple[list[Any], int]:
    """Read a page that :func:`encode` made; return its values and where the next one begins.

    Raises
    ------
    ValueError
        There is no such page.
    """
    reader = thrift.Reader(data, place)
    header = reader.structure()
    try:
        size, packed, count = header[2], header[3], header[5][1]
    except (KeyError, TypeError) as error:
        raise ValueError("not a page of values") from error
    end = reader.place + packed
    try:
        body = zlib.decompressobj(_GZIP_FRAME).decompress(data[reader.place : end], max(1, size))
    except zlib.error as error:
        raise ValueError("a damaged page") from error
    if len(body) != size or packed <= 0:
        raise ValueError("a damaged page")
    if kind == "str":
        return _text(body, count), end
    if kind in ("bbox", "box"):
        repeated, rest = _read_levels(body, count, 1)
        defined, rest = _read_levels(rest, count, 2)
        return _lists(_read_numbers(rest, kind), repeated, defined), end
    present, rest = _read_levels(body, count, 1)
    numbers = iter(_read_numbers(rest, kind))
    return [next(numbers, None) if there else None for there in present], end


def _plain_text(values: Sequence[str]) -> bytes:
    parts = []
    for value in values:
        data = value.encode()
        parts += [_LENGTH.pack(len(data)), data]
    return b"".join(parts)


def _numbers(values: Sequence[Any], kind: FieldType) -> bytes:
    if kind in ("bbox", "box"):
        found = [number for value in values if value is not None for number in value]
    else:
        found = [value for value in values if value is not None]
    return np.array(found, dtype=_dtype(kind)).tobytes()


def _dtype(kind: FieldType) -> str:
    return "<i8" if kind in ("int", "box") else "<f8"


def _levels_of_lists(values: Sequence[Any]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    repeated: list[int] = []
    defined: list[int] = []
    for value in values:
        items = 0 if value is None else len(value)
        repeated += [0] + [1] * (items - 1)
        # 0 for a missing list, 1 for an empty one, 2 for an item.
        defined += [2] * items if items else [0 if value is None else 1]
    return np.array(repeated, dtype=np.uint8), np.array(defined, dtype=np.uint8)


def _levels(levels: NDArray[np.uint8], width: int) -> bytes:
    """Encode levels with ``width`` bits each, with their length in front."""
    if len(levels) and (levels == levels[0]).all():
        data = thrift.varint(len(levels) << 1) + bytes([int(levels[0])])
    else:
        groups = -(-len(levels) // 8)
        bits = np.zeros((groups * 8, width), dtype=np.uint8)
        bits[: len(levels)] = levels[:, None] >> np.arange(width) & 1
        data = thrift.varint(groups << 1 | 1) + np.packbits(bits, bitorder="little").tobytes()
    return _LENGTH.pack(len(data)) + data


def _read_levels(body: bytes, count: int, width: int) -> tuple[list[int], bytes]:
    if len(body) < _LENGTH.size:
        raise ValueError("a damaged page")
    (length,) = _LENGTH.unpack_from(body)
    data, rest = body[_LENGTH.size : _LENGTH.size + length], body[_LENGTH.size + length :]
    reader = thrift.Reader(data)
    head = reader.varint()
    if head & 1:
        packed = np.frombuffer(data, dtype=np.uint8, offset=reader.place)
        bits = np.unpackbits(packed, bitorder="little")[: count * width].reshape(-1, width)
        levels = (bits << np.arange(width)).sum(axis=1).tolist()
    else:
        levels = [data[reader.place]] * count if reader.place < len(data) else []
    if len(levels) != count:
        raise ValueError("a damaged page")
    return levels, rest


def _read_numbers(body: bytes, kind: FieldType) -> list[Any]:
    if len(body) % 8:
        raise ValueError("a damaged page")
    found: list[Any] = np.frombuffer(body, dtype=_dtype(kind)).tolist()
    return found


def _text(body: bytes, count: int) -> list[str]:
    values = []
    place = 0
    for _ in range(count):
        if len(body) < place + _LENGTH.size:
            raise ValueError("a damaged page")
        (length,) = _LENGTH.unpack_from(body, place)
        place += _LENGTH.size
        values.append(body[place : place + length].decode())
        place += length
    return values


def _lists(numbers: list[float], repeated: list[int], defined: list[int]) -> list[Any]:
    values: list[Any] = []
    left = iter(numbers)
    for again, level in zip(repeated, defined, strict=True):
        if not again:
            values.append([] if level else None)
        if level > 1 and values and values[-1] is not None:
            values[-1].append(next(left, None))
    return values
