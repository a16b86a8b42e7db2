"""The head of a request is bounded before anybody looks at it.

uvicorn keeps whatever comes until the head is complete, and so before a token could be asked for:
a header without an end takes as much memory as its sender likes. Here the bytes are counted that
bring nothing forward, be they of the head, of trailers after a chunked body, or of extensions of
its chunks.
"""

from __future__ import annotations

import json
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from medsift.server.problems import MEDIA_TYPE

HEAD_BYTES = 64 * 1024
"""Longest head, and longest trailers, of a request."""


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with bounded heads: 431 (RFC 6585) for longer ones."""

    _idle = 0
    """Bytes since the parser last came to the end of a head or to a piece of a body."""

    _head = 0
    """Bytes of the head and the trailers of this request."""

    _too_long = False

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        if self.transport.is_closing():
            return
        self._idle += len(data)
        super().data_received(data)
        if self._idle > HEAD_BYTES or self._too_long:
            self._refuse()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._head = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        if self._fits(len(url)):
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer."""
        if self._fits(len(name) + len(value)):
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete, and its request may be worked on."""
        self._idle = 0
        if not self._too_long:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._idle = 0
        if not self._too_long:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._idle = 0
        if not self._too_long:
            super().on_message_complete()

    def _fits(self, size: int) -> bool:
        self._head += size
        self._too_long = self._too_long or self._head > HEAD_BYTES
        return not self._too_long

    def _refuse(self) -> None:
        if self.transport.is_closing():
            return
        # An answer that is under way, to an earlier request or to this one, is not mixed up.
        if self.cycle is None or self.cycle.response_complete:
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            row = {
                "type": "about:blank",
                "title": status.phrase,
                "status": status.value,
                "code": "limit_exceeded",
                "detail": f"the head of the request is longer than {HEAD_BYTES} bytes",
            }
            body = json.dumps(row).encode()
            head = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: {MEDIA_TYPE}\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self.transport.close()
