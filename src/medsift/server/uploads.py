"""The body of a request becomes files in a temporary folder, under limits."""

from __future__ import annotations

import errno
import re
import secrets
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import anyio.to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

from medsift.core.limits import MIB
from medsift.server.metrics import Metrics
from medsift.server.problems import (
    ProblemError,
    busy,
    invalid,
    malformed,
    storage_full,
    timed_out,
    too_large,
)
from medsift.server.settings import Settings

Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]

_INLINE_BYTES = 1 * MIB
"""Up to here writing is left to the event loop: a thread would take longer than the disk."""
_HEADER_BYTES = 16 * 1024
_NAME_LENGTH = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_PICTURES = "pictures"
_FIELDS = frozenset({"file", "files", "files[]"})


class ClientGoneError(Exception):
    """The client hung up; there is nobody to answer."""


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that was sent: its name as the client gave it, and where it lies."""

    name: str
    path: Path


class RequestBody:
    """The body of one request, piece by piece, under limits of bytes and time.

    Parameters
    ----------
    receive : callable
        Of ASGI.
    settings : Settings
    longest : int
        Bytes that may come.
    """

    def __init__(self, receive: Receive, settings: Settings, longest: int) -> None:
        self._receive = receive
        self._settings = settings
        self._longest = longest
        self.size = 0

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the pieces.

        Raises
        ------
        ProblemError
            The body is too long (413), or takes too long (408).
        ClientGoneError
        """
        settings = self._settings
        end = time.monotonic() + settings.body_seconds
        more = True
        while more:
            left = min(settings.idle_seconds, end - time.monotonic())
            with anyio.move_on_after(max(0.0, left)) as scope:
                message = await self._receive()
            if scope.cancelled_caught:
                raise timed_out("the body of the request did not come in time")
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            more = message.get("more_body", False)
            piece: bytes = message.get("body", b"")
            self.size += len(piece)
            if self.size > self._longest:
                raise too_large(f"the body is longer than {self._longest} bytes")
            if piece:
                yield piece

    async def whole(self) -> bytes:
        """All of it at once."""
        return b"".join([piece async for piece in self.pieces()])


class UploadQuota:
    """Keeps account of the bytes that lie on disk for all requests together.

    Parameters
    ----------
    folder : Path
    most : int
        Bytes that may lie there.
    metrics : Metrics
    """

    def __init__(self, folder: Path, most: int, metrics: Metrics) -> None:
        self._folder = folder
        self._most = most
        self._metrics = metrics
        self._used = 0
        self._count = 0
        self._lock = threading.Lock()  # large bodies are written by threads

    def new(self, pages: bool) -> RequestFolder:
        """A place for the files of one request.

        Parameters
        ----------
        pages : bool
            Whether pages may be among them. They get a folder of their own, so that a page cannot
            refer to the files of others. Pictures lie together, under names that nobody can guess:
            to make and remove a folder takes longer than all else that a request needs.
        """
        self._count += 1
        if pages:
            return RequestFolder(self._folder / f"request-{self._count}", self, own=True)
        return RequestFolder(self._folder / _PICTURES, self, own=False)

    def check(self, size: int) -> None:
        """Refuse what is announced and would not fit, before any of it is read.

        Raises
        ------
        ProblemError
            There would be too many bytes (429).
        """
        with self._lock:
            if self._used + size > self._most:
                raise _crowded()

    def take(self, size: int) -> None:
        """Count bytes that are about to be written.

        Raises
        ------
        ProblemError
            There would be too many (429).
        """
        with self._lock:
            if self._used + size > self._most:
                raise _crowded()
            self._used += size
        self._metrics.spooled.set(self._used)

    def give_back(self, size: int) -> None:
        """Count bytes that were removed."""
        with self._lock:
            self._used -= size
        self._metrics.spooled.set(self._used)


class RequestFolder:
    """The files of one request; removed at its end.

    Parameters
    ----------
    path : Path
    quota : UploadQuota
    own : bool
        Whether no other request has files there.
    """

    def __init__(self, path: Path, quota: UploadQuota, own: bool) -> None:
        self._path = path
        self._quota = quota
        self._own = own
        self._taken = 0
        self._paths: list[Path] = []

    def open(self) -> tuple[Path, BinaryIO]:
        """A new file, not named as the client says.

        Raises
        ------
        ProblemError
            There is no room (507).
        """
        path = self._path / (str(len(self._paths) + 1) if self._own else secrets.token_hex(16))
        try:
            if not self._paths and (self._own or not self._path.is_dir()):
                self._path.mkdir(exist_ok=not self._own)
            file = path.open("wb")
        except OSError as error:
            raise _problem_of(error) from error
        self._paths.append(path)
        return path, file

    def write(self, file: BinaryIO, content: bytes) -> None:
        """Write to a file of this folder."""
        self._quota.take(len(content))
        self._taken += len(content)
        try:
            file.write(content)
        except OSError as error:
            raise _problem_of(error) from error

    def close(self, file: BinaryIO) -> None:
        """Close a file of this folder, which writes the last of it."""
        try:
            file.close()
        except OSError as error:
            raise _problem_of(error) from error

    def remove(self) -> None:
        """Remove all of it; never fails."""
        for path in self._paths:
            path.unlink(missing_ok=True)
        if self._paths and self._own:
            with suppress(OSError):
                self._path.rmdir()
        self._quota.give_back(self._taken)
        self._taken = 0


async def read_raw(body: RequestBody, folder: RequestFolder) -> ReceivedFile:
    """Keep a body that is a file itself."""
    path, file = folder.open()
    try:
        async for piece in body.pieces():
            await _written(lambda p=piece: folder.write(file, p), body)  # type: ignore[misc]
    except BaseException:
        _abandon(file)
        raise
    folder.close(file)
    return ReceivedFile("body", path)


async def read_multipart(
    body: RequestBody, folder: RequestFolder, content_type: str, most_files: int
) -> list[ReceivedFile]:
    """Keep the files of a form (RFC 7578).

    Raises
    ------
    ProblemError
        The form is malformed (400), has fields that do not exist (422), too many files (413)
        or more than there is room for (429, 507).
    """
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise malformed("the content type names no boundary")
    form = _Form(folder, most_files)
    try:
        parser = MultipartParser(boundary, form.callbacks())
        async for piece in body.pieces():
            await _written(lambda p=piece: parser.write(p), body)  # type: ignore[misc]
        parser.finalize()
    except FormParserError as error:
        raise malformed("the form is malformed") from error
    finally:
        form.abandon()
    if not form.ended:
        raise malformed("the form breaks off")
    return form.uploads


async def _written(write: Callable[[], object], body: RequestBody) -> None:
    if body.size <= _INLINE_BYTES:
        write()
    else:
        # Waits for the thread even if the request is given up: nothing is written after that.
        await anyio.to_thread.run_sync(write)


class _Form:
    """Takes the parts of a form as its parser finds them."""

    def __init__(self, folder: RequestFolder, most_files: int) -> None:
        self._folder = folder
        self._most_files = most_files
        self._field, self._value = b"", b""
        self._headers: dict[bytes, bytes] = {}
        self._header_bytes = 0
        self._file: BinaryIO | None = None
        self.uploads: list[ReceivedFile] = []
        self.ended = False

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._part_begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }

    def abandon(self) -> None:
        if self._file is not None:
            _abandon(self._file)
            self._file = None

    def _part_begin(self) -> None:
        self._headers, self._header_bytes = {}, 0

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._value += data[start:end]

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > _HEADER_BYTES:
            raise malformed("a part of the form has too long headers")

    def _header_end(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field, self._value = b"", b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        field = options.get(b"name", b"").decode("utf-8", "replace")
        if field not in _FIELDS:
            raise invalid("files belong into the fields 'file' or 'files'; there are no others")
        if len(self.uploads) >= self._most_files:
            raise too_large(f"more than {self._most_files} files in one request")
        if b"filename" not in options:
            # Most often a slip: curl -F files=name, without the @.
            raise invalid("a field of the form holds text where a file is due")
        name = clean_name(options[b"filename"]) or f"file {len(self.uploads) + 1}"
        path, self._file = self._folder.open()
        self.uploads.append(ReceivedFile(name, path))

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._folder.write(self._file, data[start:end])

    def _part_end(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            self._folder.close(file)

    def _end(self) -> None:
        self.ended = True


def _crowded() -> ProblemError:
    return busy("too many bytes of other requests wait to be worked on")


def clean_name(raw: bytes) -> str:
    """The name of a file as records may give it."""
    return _CONTROL.sub("", raw.decode("utf-8", "replace")).strip()[:_NAME_LENGTH]


def _abandon(file: BinaryIO) -> None:
    with suppress(OSError):  # the disk is full, and the file goes anyway
        file.close()


def _problem_of(error: OSError) -> ProblemError:
    if error.errno in _NO_ROOM:
        return storage_full()
    raise error
