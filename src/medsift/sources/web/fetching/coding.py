"""Content codings of HTTP answers, undone piece by piece and under a limit.

Only gzip and deflate are asked for: a byte of them inflates to at most about a thousand, and
zlib stops where it is told to, so that a bomb is noticed before it is in memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from medsift.core.errors import DecodeError, FetchError, LimitError
from medsift.core.limits import MIB

ACCEPTED = "gzip, deflate"
_PIECE = 256 * 1024


def decoded(pieces: Iterable[bytes], coding: str, most: int) -> Iterator[bytes]:
    """Yield the content of an answer.

    Parameters
    ----------
    pieces : iterable of bytes
        The body as it arrives.
    coding : str
        The Content-Encoding header.
    most : int
        Longest content, in bytes.

    Raises
    ------
    LimitError
        The content is longer.
    DecodeError
        It is damaged.
    FetchError
        It is coded in another way than was asked for.
    """
    names = [name for name in coding.lower().replace(" ", "").split(",") if name != "identity"]
    names = [name.removeprefix("x-") for name in names if name]
    if not names:
        yield from _bounded(pieces, most)
    elif names in (["gzip"], ["deflate"]):
        yield from _bounded(_inflated(pieces, is_gzip=names == ["gzip"]), most)
    else:
        raise FetchError(f"the answer has a content coding that was not asked for: {coding[:60]}")


def _bounded(pieces: Iterable[bytes], most: int) -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > most:
            raise LimitError(f"the answer is longer than {most / MIB:g} MiB")
        yield piece


def _inflated(pieces: Iterable[bytes], *, is_gzip: bool) -> Iterator[bytes]:
    inflater = None
    for piece in pieces:
        if inflater is None:
            if not piece:
                continue
            inflater = zlib.decompressobj(_window(piece[0], is_gzip=is_gzip))
        data = piece
        while data and not inflater.eof:
            try:
                yield inflater.decompress(data, _PIECE)
            except zlib.error as error:
                raise DecodeError("the answer is damaged: its compression is invalid") from error
            data = inflater.unconsumed_tail
    if inflater is not None:
        yield inflater.flush()
        if not inflater.eof:
            raise DecodeError("the answer ends early")


def _window(first: int, *, is_gzip: bool) -> int:
    if is_gzip:
        return 16 + zlib.MAX_WBITS
    # RFC 9110, section 8.4.1.2: some servers send deflate without the zlib format around it.
    return zlib.MAX_WBITS if first & 0x0F == 8 else -zlib.MAX_WBITS
