"""Compressed files: a tape archive inside, or any one file."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, cast

from medsift.core.errors import InputError
from medsift.core.limits import KIB
from medsift.core.picture import Finding
from medsift.decode.guard import contained
from medsift.decode.sniff import HEAD_BYTES, sniff
from medsift.sources.archive.inflate import Inflating
from medsift.sources.archive.tar import members
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container, Member

_SUFFIX = re.compile(r"\.(?:gz|gzip|bz2?|bzip2|xz|zstd?|z)$", re.IGNORECASE)
_SHORT_SUFFIX = re.compile(r"\.t(?:gz|bz2?|xz|zst)$", re.IGNORECASE)


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield what is in a file that was compressed with gzip, bzip2, xz or Zstandard.

    A tape archive inside counts as one container with its compression.

    Raises
    ------
    UnsupportedError
        Zstandard is not installed.
    DecodeError
        Damaged; what was found before counts.
    LimitError
        Nested too deeply, or a budget is used up.
    """
    container = Container(blob, context, "archive")
    head = _inflated_head(blob)
    compression = blob.file_type()
    with blob.open() as stream:
        inflating = Inflating(
            stream, compression, lambda size: container.spend(inflated_bytes=size)
        )
        if sniff(head) == "tar":
            inside = members(_buffered(inflating), counted=True)
        else:
            opener = partial(_same, _buffered(inflating))
            inside = iter([Member(_inner_name(blob.name), opener, counted=True)])
        yield from container.findings(inside)
        if inflating.fault:
            raise inflating.fault


def kind(blob: Blob) -> str:
    """Which of the file types that come compressed it is.

    Returns
    -------
    str
        ``warc`` for a web archive, which is read as it is inflated; the type of the blob for
        any other, and for damaged ones.
    """
    try:
        is_warc = sniff(_inflated_head(blob)) == "warc"
    except InputError:
        is_warc = False
    return "warc" if is_warc else blob.file_type()


def _inflated_head(blob: Blob) -> bytes:
    compression = blob.file_type()
    with blob.open() as stream, contained(f"{compression} data"):
        return _buffered(Inflating(stream, compression, lambda _: None)).read(HEAD_BYTES)


def _buffered(stream: Inflating) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(stream, 64 * KIB))


def _same(stream: BinaryIO) -> BinaryIO:
    return stream


def _inner_name(name: str) -> str:
    shorter = _SUFFIX.sub("", _SHORT_SUFFIX.sub(".tar", name))
    return shorter or "content"
