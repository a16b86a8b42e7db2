"""Web archives: WARC files (ISO 28500), compressed or not, and WACZ packages of them.

Every picture and document of the archive is read once, from its own record; of pages only
what is inside them counts (``data:`` URIs), because what they refer to has records of its own.
Nothing is fetched.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, cast

from medsift.core.errors import FetchError, InputError, UnsupportedError
from medsift.core.limits import KIB
from medsift.core.picture import Finding, Problem, Provenance
from medsift.decode.guard import contained
from medsift.decode.sniff import HEAD_BYTES, sniff
from medsift.sources.archive.inflate import Inflating
from medsift.sources.archive.zip import WEB_ARCHIVE, members, opened
from medsift.sources.base import Blob, Context
from medsift.sources.container import CHUNK, Container, ExhaustedError, Member, problem
from medsift.sources.naming import refined
from medsift.sources.web.fetching.address import decode_data, is_data, shown
from medsift.sources.web.fetching.coding import decoded
from medsift.sources.web.page.parse import parse_page
from medsift.sources.web.page.pictures import PAGE_BYTES
from medsift.sources.web.warc.records import Damage, WarcRecord, records

_COMPRESSED = frozenset({"gzip", "zstd"})
_WITH_PAYLOAD = frozenset({"response", "resource"})
# So that a file of nothing but damage does not make a problem for each of its lines.
_COST_OF_DAMAGE = 100
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,8}[ \t]*(?:;[^\n]*)?\r?\n")
_CHUNK_LINE_BYTES = 4 * KIB


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield what is in the records of a WARC file, in order.

    Answers that are no success (redirects, errors, parts of a file) are passed over.

    Raises
    ------
    DecodeError
        It ends early; what was found before counts.
    LimitError
        Nested too deeply, or a budget is used up.
    """
    archive = _Archive(blob, context, "warc")
    with blob.open() as stream:
        yield from archive.completed(archive.records(stream, archive.where), plain=False)


def read_wacz(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield what is in the WARC files of a WACZ package, by the rules of :func:`read`.

    Raises
    ------
    DecodeError
        The package is damaged; what was found before counts.
    LimitError
        Nested too deeply, or a budget is used up.
    """
    archive = _Archive(blob, context, "warc")
    yield from archive.completed(_packed(blob, archive), plain=False)


def _packed(blob: Blob, archive: _Archive) -> Iterator[Finding]:
    with opened(blob) as package:
        for member in members(package):
            if not WEB_ARCHIVE.fullmatch(member.name):
                continue
            where = archive.place(member.name)
            try:
                with contained("package"):
                    opened_member = member.open()
                with opened_member as stream:
                    yield from archive.records(stream, where)
            except ExhaustedError:
                raise
            except InputError as error:
                yield problem(where, error)


class _Archive(Container):
    """A container whose members are the records of one or more WARC files."""

    def records(self, stream: BinaryIO, where: Provenance) -> Iterator[Finding]:
        """Yield what is in the records of one WARC file.

        Parameters
        ----------
        stream : BinaryIO
            The file, compressed or not.
        where : Provenance
            Of the file.
        """
        unread: list[str] = []
        try:
            yield from self._records(stream, where, unread)
        except InputError:
            yield from _said(unread, where)
            raise
        yield from _said(unread, where)

    def _records(self, stream: BinaryIO, where: Provenance, unread: list[str]) -> Iterator[Finding]:
        plain, inflating = _inflated(stream)
        for record in records(plain, lambda size: self.spend(inflated_bytes=size)):
            place = refined(where, f"record {record.number}")
            if isinstance(record, Damage):
                self.spend(members=_COST_OF_DAMAGE)
                yield problem(place, record.error)
            elif _has_payload(record) and record.status in (200, 203):
                place = replace(place, url=shown(record.url))
                for finding in self.member(self._member(record), place):
                    if record.content_coding and _is_unread(finding, place):
                        unread.append(place.locator)
                    else:
                        yield finding
            else:
                self.spend(members=1)
        if inflating is not None and inflating.fault:
            raise inflating.fault

    def inside(self, blob: Blob) -> Iterator[Finding]:
        """Yield what is in a payload; of a page, what is inside the page itself."""
        if blob.file_type() == "html":
            yield from self._page(blob)
        else:
            yield from super().inside(blob)

    def _page(self, blob: Blob) -> Iterator[Finding]:
        most = min(PAGE_BYTES, self.context.limits.file_bytes)
        try:
            content = blob.read(replace(self.context.limits, file_bytes=most))
            page = parse_page(content, blob.where.url)
        except InputError as error:
            yield problem(blob.where, error)
            return
        for reference in page.references:
            if not is_data(reference.url):
                continue
            self.spend(members=1)
            where = replace(refined(blob.where, reference.element), url=shown(reference.url))
            try:
                data = decode_data(reference.url, most)
            except InputError as error:
                yield problem(where, error)
                continue
            yield from super().inside(Blob(where, data=data))

    def _member(self, record: WarcRecord) -> Member:
        def opened_payload() -> BinaryIO:
            return cast("BinaryIO", io.BufferedReader(_Pieces(self._payload(record)), CHUNK))

        return Member(f"record {record.number}", opened_payload, counted=True)

    def _payload(self, record: WarcRecord) -> Iterator[bytes]:
        """Undo the codings in which the answer was sent, as far as they are still there."""
        body = _Payload(record)
        pieces = _dechunked(body) if record.transfer_coding == "chunked" else body.rest()
        head, pieces = _with_head(pieces)
        # Some crawlers undo the coding and leave the header as it was.
        if not record.content_coding or sniff(head) not in ("unknown", "gzip", "zstd"):
            yield from pieces
            return
        try:
            for piece in decoded(pieces, record.content_coding, self.context.limits.file_bytes):
                self.spend(inflated_bytes=len(piece))
                yield piece
        except FetchError as error:
            raise UnsupportedError(f"its coding {record.content_coding[:60]}") from error


def _has_payload(record: WarcRecord) -> bool:
    """Whether a record holds what was fetched, or a picture that was made of it."""
    is_picture = record.content_type.startswith("image/")
    return record.kind in _WITH_PAYLOAD or (record.kind == "conversion" and is_picture)


def _is_unread(finding: Finding, place: Provenance) -> bool:
    return (
        isinstance(finding, Problem)
        and finding.reason == UnsupportedError.code
        and finding.where.locator == place.locator
    )


def _said(unread: list[str], where: Provenance) -> Iterator[Problem]:
    """Say which records were not read: some crawlers store all pages so, one word is enough."""
    if unread:
        what = f"{len(unread)} with a content coding that is not read, first {unread[0]}"
        yield problem(refined(where, what), UnsupportedError(what))


class _Payload:
    """The payload of a record as it is stored, with a look ahead."""

    def __init__(self, record: WarcRecord) -> None:
        self._read = record.body
        self._ahead = b""

    def read(self, size: int) -> bytes:
        """At most so many bytes; empty at the end."""
        if not self._ahead:
            return self._read(size)
        piece, self._ahead = self._ahead[:size], self._ahead[size:]
        return piece

    def line(self) -> bytes:
        """Read up to the end of a line, or the first bytes of one that is too long."""
        while b"\n" not in self._ahead and len(self._ahead) < _CHUNK_LINE_BYTES:
            data = self._read(_CHUNK_LINE_BYTES)
            if not data:
                break
            self._ahead += data
        end = self._ahead.find(b"\n") + 1
        return self.read(end or _CHUNK_LINE_BYTES)

    def rest(self) -> Iterator[bytes]:
        """Yield what is left."""
        while piece := self.read(CHUNK):
            yield piece


def _dechunked(body: _Payload) -> Iterator[bytes]:
    """Undo the chunked transfer coding (RFC 9112, section 7.1).

    Where a chunk does not start as one, the rest is taken as it is: crawlers that undo the
    coding often leave its header.
    """
    while line := body.line():
        if not _CHUNK_SIZE.fullmatch(line):
            yield line
            yield from body.rest()
            return
        left = int(re.split(rb"[; \t\r\n]", line, maxsplit=1)[0], 16)
        if not left:
            return
        while left:
            piece = body.read(min(left, CHUNK))
            if not piece:
                return  # cut off: what there is may still be worth a look
            left -= len(piece)
            yield piece
        body.line()  # the end of the chunk


def _with_head(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, as many as telling the type takes, and all pieces once more."""
    first: list[bytes] = []
    size = 0
    for piece in pieces:
        first.append(piece)
        size += len(piece)
        if size >= HEAD_BYTES:
            break
    head = b"".join(first)
    return head[:HEAD_BYTES], itertools.chain([head] if head else [], pieces)


class _Pieces(io.RawIOBase):
    """A stream of what an iterator yields."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        """Whether it can be read: it can."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill a buffer with as much as one piece gives; 0 at the end."""
        while not self._piece:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._piece = memoryview(piece)
        view = memoryview(cast("bytearray", buffer)).cast("B")
        size = min(len(view), len(self._piece))
        view[:size] = self._piece[:size]
        self._piece = self._piece[size:]
        return size


def _inflated(stream: BinaryIO) -> tuple[BinaryIO, Inflating | None]:
    """Inflate a compressed archive; its records are counted as they are read."""
    with contained("archive"):
        kind = sniff(stream.read(HEAD_BYTES))
        stream.seek(0)
    if kind not in _COMPRESSED:
        return stream, None
    inflating = Inflating(stream, kind, lambda _: None)
    return cast("BinaryIO", io.BufferedReader(inflating, 64 * KIB)), inflating
