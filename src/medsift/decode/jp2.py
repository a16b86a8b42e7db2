"""What the boxes around JPEG 2000 say of its colours, ISO/IEC 15444-1 annex I.5.3."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from PIL import Image

_SUPERBOXES = (b"jp2h",)
_COLOUR, _OPACITY = 0, 1
_HEAD = 1 << 20
_PROFILED = (b"\2", b"\3")  # restricted, and any


def in_order(image: Image.Image, kind: str, data: bytes) -> Image.Image:
    """Put the channels of a loaded image where its channel definitions say; note its profile.

    Parameters
    ----------
    image : PIL.Image.Image
    kind : str
        Format; all but ``jpeg2000`` are left alone.
    data : bytes
        Of the file.
    """
    if kind != "jpeg2000":
        return image
    profile = _profile(data[:_HEAD])
    if profile:
        image.info.setdefault("icc_profile", profile)
    if image.mode not in {"RGB", "RGBA"}:
        return image
    order = _order(data[:_HEAD], len(image.getbands()))
    if order is None:
        return image
    channels = image.split()
    made = Image.merge(image.mode, [channels[number] for number in order])
    made.info = dict(image.info)
    return made


def _order(data: bytes, count: int) -> list[int] | None:
    """Which channel is red, green, blue and opacity; None where they are so in turn."""
    places: dict[int, int] = {}
    for number, kind, place in _definitions(data):
        if kind == _COLOUR and 1 <= place <= 3:
            places[place - 1] = number
        elif kind == _OPACITY and place == 0:
            places[3] = number
    order = [places.get(at, -1) for at in range(count)]
    is_sound = sorted(order) == list(range(count))
    return order if is_sound and order != list(range(count)) else None


def _profile(data: bytes) -> bytes:
    """The profile of the first colour specification that has one; empty where none has."""
    for name, body in _boxes(data, 0, len(data)):
        if name == b"colr" and body[:1] in _PROFILED:
            return body[3:]
    return b""


def _definitions(data: bytes) -> Iterator[tuple[int, int, int]]:
    for name, body in _boxes(data, 0, len(data)):
        if name == b"cdef" and len(body) >= 2:
            for at in range(2, len(body) - 5, 6):
                yield struct.unpack_from(">HHH", body, at)
            return


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    at = start
    while at + 8 <= end:
        length, name = struct.unpack_from(">I4s", data, at)
        head = 8
        if length == 1 and at + 16 <= end:
            length, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        stop = end if length == 0 else min(at + length, end)
        if stop < at + head or name == b"jp2c":
            return
        if name in _SUPERBOXES:
            yield from _boxes(data, at + head, stop)
        else:
            yield name, data[at + head : stop]
        at = stop
