"""Tape archives, read in one pass from start to end."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, cast

from medsift.core.errors import DecodeError, LimitError
from medsift.core.limits import MIB
from medsift.core.picture import Finding
from medsift.decode.guard import contained
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container, Member

_EXTENSIONS = frozenset({
    tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK,
})  # fmt: skip
_EXTENSION_BYTES = 1 * MIB


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield what is in the files of a tape archive; links and devices are passed over.

    Raises
    ------
    DecodeError
        Damaged; what was found before counts.
    LimitError
        Nested too deeply, or a budget is used up.
    """
    container = Container(blob, context, "archive")
    with blob.open() as stream:
        yield from container.findings(members(stream, counted=False))


def members(stream: BinaryIO, *, counted: bool) -> Iterator[Member]:
    """Yield the files, each of which is to be read before the next one is asked for.

    Parameters
    ----------
    stream : BinaryIO
    counted : bool
        The stream itself counts what it inflates.
    """
    with contained("tar archive"):
        archive = tarfile.open(fileobj=stream, mode="r|", tarinfo=_Entry)  # noqa: SIM115
    with archive:
        while True:
            with contained("tar archive"):
                entry = archive.next()
                _forget(archive)
            if entry is None:
                return
            if entry.isreg():
                opener = partial(_open, archive, entry)
                yield Member(entry.name, opener, entry.size, counted=counted)


def _open(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> BinaryIO:
    return cast("BinaryIO", archive.extractfile(entry))


def _forget(archive: tarfile.TarFile) -> None:
    # It would keep all entries for a second pass, of which there is none.
    archive.members.clear()  # type: ignore[attr-defined]


class _Entry(tarfile.TarInfo):
    """One header, checked before its extensions are read into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Entry:
        try:
            entry = super().frombuf(buf, encoding, errors)
        except (tarfile.EOFHeaderError, tarfile.EmptyHeaderError):  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            # The library would take a damaged header for the end.
            raise DecodeError(f"damaged tar archive: {error}") from error
        if entry.type in _EXTENSIONS and entry.size > _EXTENSION_BYTES:
            raise LimitError("a header of the tar archive is too long")
        return entry
