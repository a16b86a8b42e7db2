"""The streams of a compound file ([MS-CFB]), read within the budget of its container."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from medsift.core.errors import DecodeError, LimitError
from medsift.core.limits import MIB
from medsift.decode.guard import contained
from medsift.sources.base import Blob
from medsift.sources.container import CHUNK, Container

if TYPE_CHECKING:
    from olefile import OleFileIO

StreamPath: TypeAlias = tuple[str, ...]

_STREAM_BYTES = 512 * MIB


class Streams:
    """The streams of one compound file.

    Parameters
    ----------
    file : OleFileIO
    container : Container
        Whose budget is used.
    """

    def __init__(self, file: OleFileIO, container: Container) -> None:
        self._file = file
        self._container = container

    def paths(self) -> list[StreamPath]:
        """All streams, each by the names of its storages and its own."""
        return stream_paths(self._file)

    def read(self, path: StreamPath, most: int = 0) -> bytes:
        """Content of a stream, or its first ``most`` bytes.

        Raises
        ------
        InputError
            It cannot be read, or is too long.
        """
        with contained("compound file"):
            size = self._file.get_size(list(path))
            if size > _STREAM_BYTES and not most:
                raise LimitError(f"a stream larger than {_STREAM_BYTES // MIB} MiB")
            stream = self._file.openstream(list(path))
            content: bytes = stream.read(most or size)
        self._container.spend(inflated_bytes=len(content))
        return content

    def inflate(self, data: bytes | memoryview, size: int) -> bytes:
        """Inflate zlib data of an announced length.

        Raises
        ------
        LimitError, DecodeError
        """
        if size > _STREAM_BYTES:
            raise DecodeError("it announces too many bytes")
        inner = zlib.decompressobj()
        parts: list[bytes] = []
        while size > 0 and not inner.eof and (data or inner.unconsumed_tail):
            try:
                part = inner.decompress(inner.unconsumed_tail or data, min(size, CHUNK))
            except zlib.error as error:
                raise DecodeError("damaged compressed data") from error
            data = b""
            size -= len(part)
            self._container.spend(inflated_bytes=len(part))
            parts.append(part)
        return b"".join(parts)


@contextmanager
def opened_ole(blob: Blob) -> Iterator[OleFileIO]:
    """Open a compound file.

    Raises
    ------
    DecodeError
        Damaged.
    """
    from olefile import OleFileIO

    with blob.open() as stream:
        with contained("compound file"):
            file = OleFileIO(stream)
        with file:
            yield file


def stream_paths(file: OleFileIO) -> list[StreamPath]:
    """All streams of a file.

    Raises
    ------
    DecodeError
        Damaged.
    """
    with contained("compound file"):
        return [tuple(path) for path in file.listdir(streams=True, storages=False)]
