"""What a truncated or mangled file lost: its trailer, its catalog, its tree of pages."""

from __future__ import annotations

import re

from medsift.sources.pdf.document.object_streams import unpacked

_OBJECT = re.compile(rb"(?<!\d)(\d{1,8})[ \t\r\n]+(\d{1,5})[ \t\r\n]+obj\b")
_CATALOG = re.compile(rb"/Type[ \t\r\n]*/Catalog\b")
_TREE = re.compile(rb"/Type[ \t\r\n]*/Pages\b")
_LEAF = re.compile(rb"/Type[ \t\r\n]*/Page\b")
_PARENT = re.compile(rb"/Parent\b")
_LONGEST_DICTIONARY = 8_192
_MOST_OBJECTS = 1_000_000
_MOST_PAGES = 5_000
_NEW_CATALOG = 8_388_600
_NEW_TREE = 8_388_601


def with_trailer(data: bytes) -> bytes | None:
    """Append a trailer that points to the catalog, to the tree of pages, or to loose pages.

    A reader that rebuilds the cross-reference table, as PDFium does, then finds the way from
    there. What object streams hold is written out before, as far as they can be inflated.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    bytes or None
        None where there is nothing to point to.
    """
    packed = unpacked(data)
    if packed:
        data += b"\n" + packed + b"\n"
    catalog = tree = b""
    leaves: list[bytes] = []
    for count, found in enumerate(_OBJECT.finditer(data)):
        if count > _MOST_OBJECTS:
            break
        end = data.find(b"endobj", found.end(), found.end() + _LONGEST_DICTIONARY)
        body = data[found.end() : end if end >= 0 else found.end() + _LONGEST_DICTIONARY]
        body = body.partition(b"stream")[0]
        reference = b"%s %s R" % found.groups()
        if _CATALOG.search(body):
            catalog = reference
        elif _TREE.search(body) and not _PARENT.search(body):
            tree = reference
        elif _LEAF.search(body) and len(leaves) < _MOST_PAGES:
            leaves.append(reference)
    return _appended(data, catalog, tree, leaves)


def _appended(data: bytes, catalog: bytes, tree: bytes, leaves: list[bytes]) -> bytes | None:
    added = b"\n"
    if not catalog and not tree and leaves:
        tree = b"%d 0 R" % _NEW_TREE
        kids = b" ".join(leaves)
        added += b"%d 0 obj\n<< /Type /Pages /Count %d /Kids [%s] >>\nendobj\n" % (
            _NEW_TREE,
            len(leaves),
            kids,
        )
    if not catalog and tree:
        catalog = b"%d 0 R" % _NEW_CATALOG
        added += b"%d 0 obj\n<< /Type /Catalog /Pages %s >>\nendobj\n" % (_NEW_CATALOG, tree)
    if not catalog:
        return None
    return data + added + b"trailer\n<< /Root %s >>\nstartxref\n0\n%%%%EOF\n" % catalog
