"""Rich Text Format 1.9.1: pictures and embedded objects, as hexadecimal digits or binary."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from medsift.core.errors import LimitError
from medsift.core.picture import Finding, Picture
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container, Member
from medsift.sources.metafile import bitmap_file, placeable
from medsift.sources.office.embedded import native_object

# Any control word or symbol, so that an escaped backslash does not look like the start of one.
_LANDMARK = re.compile(
    rb"\\(?:(pict|objdata|nonshppict)(?![a-zA-Z])-?\d*|bin(\d{1,12}) ?|.)", re.DOTALL
)
_TOKEN = re.compile(
    rb"[{}]|\\(?:([a-zA-Z]+)(-?\d+)?[ ]?|'[0-9a-fA-F]{2}|[^a-zA-Z])|[^\\{}]+", re.DOTALL
)
_NOT_HEX = re.compile(rb"[^0-9a-fA-F]+")
# A second version of the picture before it, for programs that cannot read that one. Some
# programs write it alone: only what follows right after another picture is passed over.
_FALLBACK = b"nonshppict"
_NOTHING = re.compile(rb"(?:[\s{}]|\\\*)*")
_BARE_METAFILE = b"wmetafile"
_BARE_BITMAP = b"dibitmap"


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures of an RTF document in order, and what is in its objects.

    Raises
    ------
    LimitError
        Too large, nested too deeply, too many pictures, or a budget is used up.
    """
    container = Container(blob, context, "office")
    yield from container.completed(_document(blob.read(context.limits), container))


def _document(data: bytes, container: Container) -> Iterator[Finding]:
    most = container.context.limits.pictures
    images = objects = pictures = 0
    for found in _groups(data):
        if found.kind == b"pict":
            images += 1
            locator, content = f"image {images}", _picture(found)
        else:
            objects += 1
            locator, content = f"object {objects}", _object(found.content)
        member = Member(locator, partial(io.BytesIO, content), len(content), counted=True)
        for finding in container.member(member, container.place(locator, locator)):
            yield finding
            pictures += isinstance(finding, Picture)
            if pictures >= most:
                raise LimitError(f"has {most} pictures or more; the others are left out")


@dataclass(slots=True)
class _Group:
    """What stands between braces, as far as it concerns a picture or an object."""

    kind: bytes
    form: bytes = b""
    content: bytes = b""


def _groups(data: bytes) -> Iterator[_Group]:
    """Yield the groups of pictures and objects."""
    position = 0
    after_picture = -1
    while found := _LANDMARK.search(data, position):
        position = found.end()
        if found.group(2):
            position += int(found.group(2))
        elif found.group(1) == _FALLBACK:
            between = _NOTHING.match(data, after_picture) if after_picture >= 0 else None
            if between and between.end() >= found.start():
                position = _read_group(_Group(_FALLBACK), data, position)
        elif found.group(1):
            group = _Group(found.group(1))
            position = _read_group(group, data, position)
            if group.content:
                after_picture = position
                yield group


def _read_group(group: _Group, data: bytes, position: int) -> int:
    """Read until the brace that ends the group; what groups within it hold is passed over."""
    depth = 1
    while depth and (token := _TOKEN.match(data, position)):
        position = token.end()
        text, word = token.group(), token.group(1)
        if text == b"{":
            depth += 1
        elif text == b"}":
            depth -= 1
        elif word == b"bin":
            size = max(0, int((token.group(2) or b"0")[:12]))
            if depth == 1:
                group.content = data[position : position + size]
            position += size
        elif depth == 1 and word:
            if word.endswith((b"blip", b"metafile", b"bitmap")):
                group.form = word
        elif depth == 1 and not group.content and text[:1] != b"\\":
            group.content = bytes.fromhex(_even(text).decode("ascii"))
    return position


def _even(text: bytes) -> bytes:
    digits = _NOT_HEX.sub(b"", text)
    return digits[: len(digits) // 2 * 2]


def _picture(group: _Group) -> bytes:
    if group.form == _BARE_METAFILE:
        return placeable(group.content)
    if group.form == _BARE_BITMAP:
        header = int.from_bytes(group.content[:4], "little")
        depth = int.from_bytes(group.content[14:16], "little")
        start = header + (4 << depth if depth <= 8 else 0)
        return bitmap_file(group.content[:start], group.content[start:])
    return group.content


def _object(content: bytes) -> bytes:
    """Content of an embedded object, [MS-OLEDS] 2.2.5: version, format, three names, data."""
    position = 8
    for _ in range(3):
        position += 4 + int.from_bytes(content[position : position + 4], "little")
    size = int.from_bytes(content[position : position + 4], "little")
    native = content[position + 4 : position + 4 + size]
    if native[:2] == b"\x02\x00":
        return native_object(bytes(4) + native)[1]
    return native
