"""Rich Text Format 1.9.1: pictures and embedded objects, as hexadecimal digits or binary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from medsift.core.errors import LimitError
from medsift.core.picture import Finding, Picture
from medsift.decode.sniff import sniff
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container
from medsift.sources.metafile import bitmap_file, placeable
from medsift.sources.office.embedded import native_object

_TOKEN = re.compile(
    rb"[{}]|\\(?:([a-zA-Z]+)(-?\d+)?[ ]?|'[0-9a-fA-F]{2}|[^a-zA-Z])|[^\\{}]+", re.DOTALL
)
_NOT_HEX = re.compile(rb"[^0-9a-fA-F]+")
# A second version of the picture before it, for programs that cannot read that one.
_FALLBACKS = frozenset({b"nonshppict"})
_DATA = frozenset({b"pict", b"objdata"})
_DEEPEST = 10_000
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
    most = context.limits.pictures
    images = objects = pictures = 0
    for found in _groups(blob.read(context.limits)):
        if found.kind == b"pict":
            images += 1
            locator, content = f"image {images}", _picture(found)
        else:
            objects += 1
            locator, content = f"object {objects}", _object(found.content)
            if sniff(content[:4096]) in {"unknown", "text", "empty"}:
                continue
        container.spend(members=1)
        inner = Blob(container.place(locator, locator), data=content)
        for finding in container.inside(inner):
            yield finding
            pictures += isinstance(finding, Picture)
            if pictures >= most:
                raise LimitError(f"has {most} pictures or more; the others are left out")


@dataclass(slots=True)
class _Group:
    """What stands between braces, as far as it concerns a picture or an object."""

    kind: bytes = b""
    form: bytes = b""
    skipped: bool = False
    content: bytes = b""


def _groups(data: bytes) -> Iterator[_Group]:
    """Yield the groups of pictures and objects when they end."""
    stack = [_Group()]
    position = 0
    while token := _TOKEN.match(data, position):
        position = token.end()
        text = token.group()
        if text == b"{":
            if len(stack) > _DEEPEST:
                raise LimitError(f"has groups nested more than {_DEEPEST} deep")
            stack.append(_Group(skipped=stack[-1].skipped))
        elif text == b"}":
            group = stack.pop() if len(stack) > 1 else stack[0]
            if group.kind and group.content and not group.skipped:
                yield group
        elif word := token.group(1):
            position = _on_word(stack[-1], word, token.group(2) or b"", data, position)
        elif stack[-1].kind and not stack[-1].content and text[:1] != b"\\":
            stack[-1].content = bytes.fromhex(_even(text).decode("ascii"))


def _on_word(group: _Group, word: bytes, number: bytes, data: bytes, position: int) -> int:
    if word in _DATA:
        group.kind = word
    elif word in _FALLBACKS:
        group.skipped = True
    elif word == b"bin":
        size = max(0, int(number[:12] or b"0"))
        if group.kind:
            group.content = data[position : position + size]
        return min(len(data), position + size)
    elif word.endswith((b"blip", b"metafile", b"bitmap")):
        group.form = word
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
