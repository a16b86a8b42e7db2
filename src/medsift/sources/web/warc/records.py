"""The framing of WARC files (ISO 28500): records one after the other, read as they come.

warcio parses the headers of a record. What surrounds that is done here, because archives may be
hostile or damaged: lines and headers of bounded length, and finding the next record behind one
whose declared length is wrong.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from medsift.core.errors import DecodeError, InputError, LimitError
from medsift.core.limits import KIB
from medsift.decode.guard import contained

_CHUNK = 64 * KIB
_HEADER_BYTES = 256 * KIB
_MARK = b"WARC/"


@dataclass(frozen=True, slots=True)
class WarcRecord:
    """One record, whose body can be read until the next one is asked for.

    Attributes
    ----------
    number : int
        Order in the archive, counted from 1, records of all types included.
    kind : str
        ``response``, ``resource``, ``request``, ``warcinfo`` ...
    url : str
        Target URI.
    status : int
        Of the HTTP answer; 200 for records without one.
    content_type, content_coding, transfer_coding : str
        Headers of the HTTP answer, lower case; of the record where there is none.
    body : callable
        Reads at most so many bytes of the payload as it is stored; empty at its end.
    """

    number: int
    kind: str
    url: str
    status: int
    content_type: str
    content_coding: str
    transfer_coding: str
    body: Callable[[int], bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Damage:
    """A record that is none, with what is wrong; the next one was searched for."""

    number: int
    error: InputError


def records(stream: BinaryIO, count: Callable[[int], None]) -> Iterator[WarcRecord | Damage]:
    """Yield the records of an archive that is not compressed, or no longer.

    Parameters
    ----------
    stream : BinaryIO
    count : callable
        Is told how many bytes were read, and may raise.

    Raises
    ------
    DecodeError
        The archive ends within a record; what could be read of it was yielded.
    """
    tape, loader = _Tape(stream, count), _loader()
    number, is_damaged = 0, False
    while True:
        if not tape.at_record():
            if not tape.ahead:
                return
            if not is_damaged:
                yield Damage(number, DecodeError("the length of the record is wrong"))
            if not tape.skip_to_record():
                return
        number += 1
        try:
            with contained("record"):
                raw = _parsed(loader, tape)
        except InputError as error:
            is_damaged = True
            yield Damage(number, error)
            continue
        is_damaged = False
        yield _record(number, raw)
        while raw.raw_stream.read(_CHUNK):
            pass
        if raw.raw_stream.limit:
            raise DecodeError(f"the archive ends within record {number}")


class _Tape:
    """The stream as warcio wants it, with bounded lines and a look ahead."""

    def __init__(self, stream: BinaryIO, count: Callable[[int], None]) -> None:
        self._stream = stream
        self._count = count
        self._position = 0
        self._allowance = 0
        self.ahead = b""

    def at_record(self) -> bool:
        """Skip blank lines; whether a record starts then."""
        self.ahead = self.ahead.lstrip(b"\r\n")
        while not self.ahead and self._more():
            self.ahead = self.ahead.lstrip(b"\r\n")
        while len(self.ahead) < len(_MARK) and self._more():
            pass
        self._allowance = _HEADER_BYTES
        return self.ahead.startswith(_MARK)

    def skip_to_record(self) -> bool:
        """Go to the next line on which a record starts; False where there is none."""
        wanted = b"\n" + _MARK
        while (start := self.ahead.find(wanted)) < 0:
            self.ahead = self.ahead[-len(wanted) :]
            if not self._more():
                return False
        self.ahead = self.ahead[start + 1 :]
        self._allowance = _HEADER_BYTES
        return True

    def read(self, size: int) -> bytes:
        """At most so many bytes."""
        if not self.ahead:
            self._more()
        piece, self.ahead = self.ahead[:size], self.ahead[size:]
        self._position += len(piece)
        return piece

    def readline(self, size: int | None = None) -> bytes:
        """Read one line of a header.

        Raises
        ------
        LimitError
            The headers of the record are too long.
        """
        most = self._allowance if size is None else min(size, self._allowance)
        while (end := self.ahead.find(b"\n", 0, most)) < 0 and len(self.ahead) < most:
            if not self._more():
                break
        line = self.read(min(end + 1 if end >= 0 else len(self.ahead), most))
        self._allowance -= len(line)
        if not self._allowance:
            raise LimitError(f"headers of more than {_HEADER_BYTES // KIB} KiB")
        return line

    def tell(self) -> int:
        """How many bytes were handed out."""
        return self._position

    def _more(self) -> bool:
        with contained("archive"):
            data = self._stream.read(_CHUNK)
        self._count(len(data))
        self.ahead += data
        return bool(data)


@functools.cache
def _loader() -> Any:
    from warcio.recordloader import ArcWarcRecordLoader

    # It logs addresses that it mends.
    logging.getLogger("warcio").setLevel(logging.ERROR)
    return ArcWarcRecordLoader(verify_http=False, arc2warc=False)


def _parsed(loader: Any, tape: _Tape) -> Any:
    raw = loader.parse_record_stream(tape, known_format="warc")
    if not raw.rec_headers.get_header("Content-Length") or not hasattr(raw.raw_stream, "limit"):
        raise DecodeError("a record without a length")
    return raw


def _record(number: int, raw: Any) -> WarcRecord:
    http = raw.http_headers
    headers = http or raw.rec_headers

    def header(name: str) -> str:
        return str(headers.get_header(name) or "").strip().lower()[:200]

    code = str(http.get_statuscode())[:3] if http else "200"
    return WarcRecord(
        number,
        str(raw.rec_type or "").lower(),
        str(raw.rec_headers.get_header("WARC-Target-URI") or ""),
        int(code) if code.isascii() and code.isdigit() else 0,
        header("Content-Type"),
        header("Content-Encoding") if http else "",
        header("Transfer-Encoding") if http else "",
        raw.raw_stream.read,
    )
