"""Compressed files: a tape archive inside, or any one file."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, cast

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
    kind = blob.file_type()
    with blob.open() as stream, contained(f"{kind} data"):
        head = _buffered(Inflating(stream, kind, lambda _: None)).read(HEAD_BYTES)
    with blob.open() as stream:
        inflating = Inflating(stream, kind, lambda size: container.spend(inflated_bytes=size))
        if sniff(head) == "tar":
            inside = members(_buffered(inflating), counted=True)
        else:
            opener = partial(_same, _buffered(inflating))
            inside = iter([Member(_inner_name(blob.name), opener, counted=True)])
        yield from container.findings(inside)
        if inflating.fault:
            raise inflating.fault


def _buffered(stream: Inflating) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(stream, 64 * KIB))


def _same(stream: BinaryIO) -> BinaryIO:
    return stream


def _inner_name(name: str) -> str:
    shorter = _SUFFIX.sub("", _SHORT_SUFFIX.sub(".tar", name))
    return shorter or "content"
