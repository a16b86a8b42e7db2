"""OLE compound files: Word, PowerPoint and Excel before 2007, and embedded objects."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from medsift.core.errors import DecodeError, EncryptedError, InputError, LimitError
from medsift.core.picture import Finding, Picture
from medsift.decode.sniff import sniff
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container, ExhaustedError, problem
from medsift.sources.office.biff import drawing_group, is_encrypted_workbook
from medsift.sources.office.embedded import native_object, powerpoint_objects
from medsift.sources.office.officeart import blips
from medsift.sources.office.ole import StreamPath, Streams, opened_ole, stream_paths

_DRAWN = frozenset({
    "Data", "WordDocument", "0Table", "1Table", "Pictures", "EscherStm", "EscherDelayStm",
})  # fmt: skip
_THUMBNAIL = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n")
_WORKBOOKS = frozenset({"Workbook", "Book"})
_POWERPOINT = "PowerPoint Document"
_NATIVE = "\x01Ole10Native"
# What is worth a look where a stream is a file of its own.
_FILES = frozenset({
    "image", "pdf", "dicom", "zip", "gzip", "bzip2", "xz", "zstd", "7z", "tar", "ole", "metafile",
    "rtf", "eml", "mhtml",
})  # fmt: skip
# Headers of Windows' Thumbs.db, by version, before the picture itself.
_HEADED = (12, 16, 24)
_WORD_ENCRYPTED = 0x01  # in the second byte of the flags at 0x0A, [MS-DOC] 2.5.2
_POWERPOINT_ENCRYPTED = b"\xdf\xc4\xd1\xf3"  # [MS-PPT] 2.3.2
_OUTLOOK = "__properties_version1.0"


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures in an office document before 2007, and in the objects within.

    The records that hold pictures are searched for; on which slide or page they are shown is
    not told.

    Raises
    ------
    EncryptedError
        A password is needed.
    DecodeError
        Damaged.
    LimitError
        Nested too deeply, too many pictures, or a budget is used up.
    """
    container = Container(blob, context, "office")
    with opened_ole(blob) as file:
        streams = Streams(file, container)
        paths = streams.paths()
        _check_encryption(streams, paths)
        reading = _Reading(streams, container)
        for path in paths:
            yield from reading.stream(path)


def kind(blob: Blob) -> str:
    """Which of the file types that are compound files it is.

    Returns
    -------
    str
        ``msg`` for mail of Outlook, ``ole`` for any other and for damaged ones.
    """
    try:
        with opened_ole(blob) as file:
            return "msg" if (_OUTLOOK,) in stream_paths(file) else "ole"
    except InputError:
        return "ole"


class _Reading:
    """The state of one document while its streams are read."""

    def __init__(self, streams: Streams, container: Container) -> None:
        self._streams = streams
        self._container = container
        self._images = 0
        self._objects = 0
        self._pictures = 0

    def stream(self, path: StreamPath) -> Iterator[Finding]:
        self._container.spend(members=1)
        handler = self._handler(path[-1])
        try:
            head = self._streams.read(path, 4096)
            start = _start(head) if handler is None else 0
            if start is None:
                return
            content = self._streams.read(path)[start:]
        except ExhaustedError:
            raise
        except InputError as error:
            yield problem(self._container.place("/".join(path)), error)
            return
        yield from (handler or self._file)(path, content)

    def _handler(self, name: str) -> Callable[[StreamPath, bytes], Iterator[Finding]] | None:
        if name in _DRAWN:
            return self._drawn
        if name in _WORKBOOKS:
            return self._workbook
        if name == _POWERPOINT:
            return self._powerpoint
        return self._native if name == _NATIVE else None

    def _drawn(self, path: StreamPath, content: bytes) -> Iterator[Finding]:
        for picture in blips(content, self._streams.inflate):
            self._images += 1
            name = "/".join([*path, f"image {self._images}"])
            yield from self._report(name, f"image {self._images}", picture)

    def _workbook(self, path: StreamPath, content: bytes) -> Iterator[Finding]:
        return self._drawn(path, drawing_group(content))

    def _powerpoint(self, path: StreamPath, content: bytes) -> Iterator[Finding]:
        for found in powerpoint_objects(content, self._streams.inflate):
            yield from self._object("/".join([*path, f"object {self._objects + 1}"]), found)

    def _native(self, path: StreamPath, content: bytes) -> Iterator[Finding]:
        name, found = native_object(content)
        if sniff(found[:4096], name) in _FILES:
            yield from self._object("/".join([*path[:-1], name or "object"]), found)

    def _file(self, path: StreamPath, content: bytes) -> Iterator[Finding]:
        yield from self._object("/".join(path), content)

    def _object(self, name: str, content: bytes) -> Iterator[Finding]:
        self._objects += 1
        yield from self._report(name, f"object {self._objects}", content)

    def _report(self, name: str, locator: str, content: bytes) -> Iterator[Finding]:
        self._container.spend(members=1)
        most = self._container.context.limits.pictures
        blob = Blob(self._container.place(name, locator), data=content)
        for finding in self._container.inside(blob):
            yield finding
            self._pictures += isinstance(finding, Picture)
            if self._pictures >= most:
                raise LimitError(f"has {most} pictures or more; the others are left out")


def _start(head: bytes) -> int | None:
    """Where a file begins within a stream; None where none does."""
    if sniff(head) in _FILES:
        return 0
    return next((at for at in _HEADED if _THUMBNAIL.match(head, at)), None)


def _check_encryption(streams: Streams, paths: list[StreamPath]) -> None:
    if ("EncryptedPackage",) in paths:
        raise EncryptedError("the document needs a password")
    for path, is_encrypted in (
        (("WordDocument",), _is_encrypted_text),
        (("Current User",), _is_encrypted_presentation),
        (("Workbook",), is_encrypted_workbook),
    ):
        if path in paths and is_encrypted(_head(streams, path)):
            raise EncryptedError("the document needs a password")


def _head(streams: Streams, path: StreamPath) -> bytes:
    try:
        return streams.read(path, 16 * 1024)
    except DecodeError:
        return b""


def _is_encrypted_text(head: bytes) -> bool:
    return len(head) > 0x0B and bool(head[0x0B] & _WORD_ENCRYPTED)


def _is_encrypted_presentation(head: bytes) -> bool:
    return head[12:16] == _POWERPOINT_ENCRYPTED
