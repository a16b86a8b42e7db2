"""Office documents for tests, as small as their formats allow."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from tests.sources.archive.making import zipped

_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = b"<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>"
_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD

Reference = tuple[str, str, str]
"""Identifier, kind and target; a target with a scheme is external."""


def relationships(*references: Reference) -> bytes:
    """A part that says what another refers to."""
    rows = []
    for name, kind, target in references:
        mode = " TargetMode='External'" if ":" in target else ""
        rows.append(f"<Relationship Id='{name}' Type='{_R}/{kind}' Target='{target}'{mode}/>")
    start = "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
    return f"{start}{''.join(rows)}</Relationships>".encode()


def showing(*names: str, tag: str = "blip", attribute: str = "embed") -> bytes:
    """A part that uses references in this order."""
    used = "".join(f"<a:{tag} r:{attribute}='{name}'/>" for name in names)
    return f"<a:x xmlns:a='urn:a' xmlns:r='{_R}'>{used}</a:x>".encode()


def ooxml(main: str, parts: Mapping[str, bytes]) -> bytes:
    """A document whose main part has this name."""
    root = relationships(("rId1", "officeDocument", main))
    return zipped(("[Content_Types].xml", _TYPES), ("_rels/.rels", root), *parts.items())


def docx(media: Mapping[str, bytes], *references: Reference) -> bytes:
    """A text that shows its references in the order in which they are given."""
    parts = {
        "word/document.xml": showing(*(name for name, _, _ in references)),
        "word/_rels/document.xml.rels": relationships(*sorted(references)),
    }
    return ooxml("word/document.xml", {**parts, **media})


def pptx(slides: Sequence[Sequence[Reference]], media: Mapping[str, bytes]) -> bytes:
    """A presentation; slide n is kept in a part that is numbered from the end."""
    count = len(slides)
    names = [f"s{count - n}" for n in range(count)]
    parts = {
        "ppt/presentation.xml": showing(*names, tag="sldId", attribute="id"),
        "ppt/_rels/presentation.xml.rels": relationships(
            *sorted((name, "slide", f"slides/{name}.xml") for name in names),
            ("m1", "slideMaster", "slideMasters/m1.xml"),
        ),
    }
    for name, references in zip(names, slides, strict=True):
        parts[f"ppt/slides/{name}.xml"] = showing(*(used for used, _, _ in references))
        parts[f"ppt/slides/_rels/{name}.xml.rels"] = relationships(*references)
    return ooxml("ppt/presentation.xml", {**parts, **media})


def epub(chapters: Sequence[str], media: Mapping[str, bytes]) -> bytes:
    """A book of these chapters."""
    items = "".join(
        f"<item id='c{n}' href='text/{n}.xhtml' media-type='application/xhtml+xml'/>"
        for n in range(len(chapters))
    )
    spine = "".join(f"<itemref idref='c{n}'/>" for n in range(len(chapters)))
    package = f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>"
    locate = "<container><rootfiles><rootfile full-path='OPS/book.opf'/></rootfiles></container>"
    texts = [
        (f"OPS/text/{n}.xhtml", f"<html><body>{chapter}</body></html>".encode())
        for n, chapter in enumerate(chapters)
    ]
    return zipped(
        ("mimetype", b"application/epub+zip"),
        ("META-INF/container.xml", locate.encode()),
        ("OPS/book.opf", package.encode()),
        *texts,
        *media.items(),
    )


def opendocument(kind: str, content: str, media: Mapping[str, bytes]) -> bytes:
    """A document with this content."""
    start = "<o:document xmlns:o='urn:o' xmlns:draw='urn:draw' xmlns:xlink='urn:xlink'>"
    return zipped(
        ("mimetype", f"application/vnd.oasis.opendocument.{kind}".encode()),
        ("content.xml", f"{start}{content}</o:document>".encode()),
        *media.items(),
    )


def compound(streams: Mapping[str, bytes]) -> bytes:
    """A compound file ([MS-CFB]); storages are written as folders.

    Streams are padded to the length from which on they are kept in sectors of their own.
    """
    storages = sorted(
        {"/".join(path.split("/")[:n]) for path in streams for n in range(1, path.count("/") + 1)}
    )
    names = ["", *storages, *streams]
    chains: dict[str, tuple[int, int]] = {}
    sectors: list[bytes] = []
    table: list[int] = []
    for name, content in streams.items():
        padded = content.ljust(4096, b"\0")
        count = -(-len(padded) // _SECTOR)
        chains[name] = len(sectors), len(padded)
        table += [*range(len(sectors) + 1, len(sectors) + count), _END]
        sectors += [
            padded[n * _SECTOR : (n + 1) * _SECTOR].ljust(_SECTOR, b"\0") for n in range(count)
        ]
    directory = b"".join(_entry(name, names, chains) for name in names)
    directory_count = -(-len(directory) // _SECTOR)
    directory_start = len(sectors)
    table += [*range(directory_start + 1, directory_start + directory_count), _END]
    sectors += [
        directory[n * _SECTOR : (n + 1) * _SECTOR].ljust(_SECTOR, b"\0")
        for n in range(directory_count)
    ]
    table_count = -(-(len(table) + 64) // 128)
    table_at = [len(sectors) + n for n in range(table_count)]
    table += [_FAT] * table_count
    raw = struct.pack(f"<{len(table)}I", *table).ljust(table_count * _SECTOR, b"\xff")
    sectors += [raw[n * _SECTOR : (n + 1) * _SECTOR] for n in range(table_count)]
    header = struct.pack(
        "<8s16s6H10I", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(16), 0x3E, 3, 0xFFFE, 9, 6, 0,
        0, 0, table_count, directory_start, 0, 4096, _END, 0, _END, 0,
    )  # fmt: skip
    places = struct.pack("<109I", *table_at, *[_FREE] * (109 - table_count))
    return header + places + b"".join(sectors)


def _entry(name: str, names: list[str], chains: Mapping[str, tuple[int, int]]) -> bytes:
    def children(folder: str) -> list[int]:
        return [n for n, one in enumerate(names) if one and "/".join(one.split("/")[:-1]) == folder]

    written = (name.rpartition("/")[2] or "Root Entry").encode("utf-16-le") + b"\0\0"
    kind = 2 if name in chains else (1 if name else 5)
    siblings = children("/".join(name.split("/")[:-1])) if name else []
    own = names.index(name)
    right = siblings[siblings.index(own) + 1] if own in siblings[:-1] else _FREE
    inside = children(name) if name not in chains else []
    start, size = chains.get(name, (_END, 0))
    return struct.pack(
        "<64sHBB3I16sI8s8sIQ", written, len(written), kind, 1, _FREE, right,
        inside[0] if inside else _FREE, bytes(16), 0, bytes(8), bytes(8), start, size,
    )  # fmt: skip


def blip(picture: bytes, kind: int = 0xF01E, instance: int = 0x6E0) -> bytes:
    """A picture as the binary formats keep it."""
    body = bytes(16) + b"\xff" + picture
    return struct.pack("<2HI", instance << 4, kind, len(body)) + body


def metafile_blip(picture: bytes, packed: bytes, kind: int, instance: int) -> bytes:
    """A metafile as the binary formats keep it, compressed."""
    body = bytes(16) + struct.pack("<I28sBB", len(picture), bytes(28), 0, 0xFE) + packed
    return struct.pack("<2HI", instance << 4, kind, len(body)) + body
