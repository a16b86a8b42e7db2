"""Objects out of object streams, ISO 32000-1, 7.5.7, written as objects of their own.

Without its table of references nobody can tell what object streams hold, and PDFium does not look
into them when it makes such a table anew.
"""

from __future__ import annotations

import re
import zlib

from medsift.core.limits import MIB

_STREAM = re.compile(rb"/Type\s*/ObjStm\b")
_NUMBER = {name: re.compile(rb"/%s\s+(\d{1,9})\b" % name) for name in (b"N", b"First")}
_START = re.compile(rb"\bstream\r?\n")
_LONGEST_DICTIONARY = 2048
_MOST_STREAMS = 10_000
_MOST_BYTES = 256 * MIB


def unpacked(data: bytes) -> bytes:
    """Objects of all object streams that can be inflated, as they would stand in a file.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    bytes
        Empty where there are none. Of objects with one number the last one counts, as it does
        for who reads a file without its table.
    """
    written: list[bytes] = []
    left = _MOST_BYTES
    for count, found in enumerate(_STREAM.finditer(data)):
        if count >= _MOST_STREAMS or left <= 0:
            break
        start = _START.search(data, found.end(), found.end() + _LONGEST_DICTIONARY)
        if start is None:
            continue
        begin = data.rfind(b"obj", max(0, found.start() - _LONGEST_DICTIONARY), found.start())
        numbers = [
            _NUMBER[name].search(data, max(0, begin), start.start()) for name in (b"N", b"First")
        ]
        content = _inflated(data, start.end(), left)
        left -= len(content)
        if all(numbers):
            told = [int(number[1]) for number in numbers if number is not None]
            written += _objects(content, *told)
    return b"\n".join(written)


def _inflated(data: bytes, start: int, most: int) -> bytes:
    end = data.find(b"endstream", start)
    held = data[start : end if end >= 0 else len(data)]
    try:
        return zlib.decompressobj().decompress(held, most)
    except zlib.error:
        return b""


def _objects(content: bytes, count: int, first: int) -> list[bytes]:
    """Objects of a stream, by the pairs of number and offset that it begins with."""
    try:
        numbers = [int(number) for number in content[:first].split()[: 2 * count]]
    except ValueError:
        return []
    places = list(zip(numbers[::2], numbers[1::2], strict=False))
    ends = [place for _, place in places[1:]] + ([len(content) - first] if places else [])
    return [
        b"%d 0 obj\n%s\nendobj" % (number, content[first + place : first + end].strip())
        for (number, place), end in zip(places, ends, strict=True)
    ]
