"""What all containers share: members are read under one budget and handed on with their place.

Where things are below a container is told by the rules of :mod:`medsift.sources.naming`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO

from medsift.core.errors import InputError, LimitError, UnsupportedError
from medsift.core.limits import KIB, MIB
from medsift.core.picture import Finding, Picture, Problem, Provenance, SourceType
from medsift.decode.guard import contained
from medsift.decode.sniff import HEAD_BYTES, sniff
from medsift.sources.base import Blob, Context
from medsift.sources.naming import anchored, is_folder, member_place, readable, refined
from medsift.sources.spool import spooled

CHUNK = 256 * KIB
"""How many bytes are inflated between two looks at the budget."""

# Content without pictures, unless a source of the user's own reads it.
_PLAIN = frozenset({"text", "xml", "unknown", "empty"})
# What desktops leave behind (AppleSingle, AppleDouble, .DS_Store): not worth a mention.
_CLUTTER = (b"\x00\x05\x16\x00", b"\x00\x05\x16\x07", b"\x00\x00\x00\x01Bud1")
_PAGES = frozenset({"html", "mhtml"})
# A bomb consists of members that are refused for their size, and each would be a problem of its
# own; so that their number stays small, each counts as many.
_COST_OF_REFUSAL = 1000


class ExhaustedError(LimitError):
    """A budget of the input is used up: nothing more of its containers is read."""


class _TooLargeError(LimitError):
    """One member is too large; the others may not be."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside a container, not yet read.

    Attributes
    ----------
    name : str
        Path inside the container.
    open : callable
        Gives a stream of its bytes, or raises an :class:`InputError`.
    size : int
        In bytes as the container declares it, which may be a lie; 0 where it does not.
    chunk : int
        How many bytes to ask of the stream at once.
    counted : bool
        The stream counts what it inflates by itself.
    is_part : bool
        Of a document: XML there is the document itself, which is not searched for files.
    """

    name: str
    open: Callable[[], BinaryIO]
    size: int = 0
    chunk: int = CHUNK
    counted: bool = False
    is_part: bool = False


class Container:
    """One container while it is read.

    Parameters
    ----------
    blob : Blob
    context : Context
    source_type : str
        Of the container, in case that it is the outermost.

    Attributes
    ----------
    where : Provenance
        Of the container.
    context : Context
        For what is inside.

    Raises
    ------
    LimitError
        Containers are nested too deeply.
    """

    def __init__(self, blob: Blob, context: Context, source_type: SourceType) -> None:
        self.where = replace(
            blob.where,
            source_type=blob.where.source_type or source_type,
            extraction="embedded" if source_type == "office" else blob.where.extraction,
        )
        self.context = context.deeper()
        self._credit = blob.size()
        self._members = 0
        self._pictures = 0
        self._plain = 0
        self._large: list[str] = []

    def findings(self, members: Iterable[Member]) -> Iterator[Finding]:
        """Yield what is in the members, and at last what was left out.

        Raises
        ------
        InputError
            What the members themselves raise, and :class:`ExhaustedError`.
        """
        return self.completed(self._each(members))

    def completed(self, findings: Iterator[Finding], *, plain: bool = True) -> Iterator[Finding]:
        """Yield findings, and then, even if they end in an error, what was left out.

        Parameters
        ----------
        findings : iterator of Finding
        plain : bool
            Whether content without pictures is worth mentioning: in an archive it is an input,
            in a document it is the document itself.
        """
        try:
            yield from findings
        except InputError:
            yield from self._left_out(plain)
            raise
        yield from self._left_out(plain)

    def member(self, member: Member, where: Provenance | None = None) -> Iterator[Finding]:
        """Yield what is in one member; content without pictures is only counted.

        Parameters
        ----------
        member : Member
        where : Provenance, optional
            Its place, if another than its name tells.

        Raises
        ------
        ExhaustedError
        """
        if is_folder(member.name):
            return
        self.spend(members=1)
        where = where or self.place(member.name)
        with ExitStack() as stack:
            try:
                blob = stack.enter_context(self._inflated(member, where))
            except ExhaustedError:
                raise
            except _TooLargeError:
                self._large.append(where.locator)
                self.spend(members=_COST_OF_REFUSAL)
                return
            except InputError as error:
                yield problem(where, error)
                return
            if blob is not None:
                yield from self.inside(blob)

    def inside(self, blob: Blob) -> Iterator[Finding]:
        """Yield what is in a blob of this container, in its place."""
        is_page = False
        for finding in self.context.recurse(blob, self.context):
            where = anchored(finding.where, blob.where)
            if isinstance(finding, Picture):
                self._pictures += 1
                where = replace(where, index=self._pictures)
            elif finding.reason == "remote":
                # What a page refers to without a host lies beside it and comes by itself.
                is_page = is_page or blob.file_type() in _PAGES
                if is_page and "://" not in finding.where.url:
                    continue
            yield replace(finding, where=where)

    def spend(self, members: int = 0, inflated_bytes: int = 0) -> None:
        """Count what is about to be used.

        As many bytes as the container itself has are free, because they are no growth: large
        archives of pictures shall pass, bombs shall not.

        Raises
        ------
        ExhaustedError
        """
        free = min(self._credit, inflated_bytes)
        self._credit -= free
        self._members += members > 0
        try:
            self.context.budget.spend(members=members, inflated_bytes=inflated_bytes - free)
        except LimitError as error:
            text = f"{error}; left out from member {max(1, self._members)} on"
            raise ExhaustedError(text) from error

    def place(self, name: str, locator: str = "") -> Provenance:
        """Place of a member, see :func:`medsift.sources.naming.member_place`."""
        return member_place(self.where, name, locator)

    def at(self, locator: str) -> Provenance:
        """Place in the container that is no member."""
        return refined(self.where, locator)

    def read(self, member: Member, most: int) -> bytes:
        """All bytes of a member, at most ``most``.

        Raises
        ------
        InputError
            It cannot be read, or is too large.
        """
        parts: list[bytes] = []
        with contained(f"member {readable(member.name)}"), member.open() as stream:
            total = 0
            while data := stream.read(member.chunk):
                total += len(data)
                if total > most:
                    raise LimitError(f"larger than {most // MIB} MiB")
                if not member.counted:
                    self.spend(inflated_bytes=len(data))
                parts.append(data)
        return b"".join(parts)

    def _each(self, members: Iterable[Member]) -> Iterator[Finding]:
        for member in members:
            yield from self.member(member)

    def _left_out(self, plain: bool) -> Iterator[Problem]:
        if self._large:
            most = self.context.limits.file_bytes // MIB
            what = f"{_count(len(self._large), 'member')} larger than {most} MiB"
            error = LimitError(f"{what}, the first is {self._large[0]}")
            yield problem(self.at(what), error)
        if self._plain and plain:
            what = f"{_count(self._plain, 'member')} without pictures"
            yield Problem(self.at(what), "skipped", UnsupportedError.code)
        self._large, self._plain = [], 0

    @contextmanager
    def _inflated(self, member: Member, where: Provenance) -> Iterator[Blob | None]:
        """Inflate a member for as long as the context lasts; None for one without pictures."""
        self._check(member.size)
        what = f"member {readable(member.name)}"
        with ExitStack() as stack:
            with contained(what):
                stream = stack.enter_context(member.open())
                head = self._next(stream, HEAD_BYTES, member)
            if not _may_hold_pictures(head, member, where):
                self._plain += not head.startswith(_CLUTTER)
                yield None
                return
            with contained(what):
                rest = self._rest(stream, member, len(head))
                data = stack.enter_context(spooled(head, rest))
            blob = Blob(where, data=data) if isinstance(data, bytes) else Blob(where, path=data)
            if _is_plain_xml(blob):
                self._plain += 1
                yield None
            else:
                yield blob

    def _rest(self, stream: BinaryIO, member: Member, total: int) -> Iterator[bytes]:
        while data := self._next(stream, member.chunk, member):
            total += len(data)
            self._check(total)
            yield data

    def _next(self, stream: BinaryIO, size: int, member: Member) -> bytes:
        data = stream.read(size)
        if not member.counted:
            self.spend(inflated_bytes=len(data))
        return data

    def _check(self, size: int) -> None:
        limits = self.context.limits
        if size > limits.file_bytes:
            raise _TooLargeError(f"larger than {limits.file_bytes // MIB} MiB")


def problem(where: Provenance, error: InputError) -> Problem:
    """What an error of one member becomes."""
    if isinstance(error, UnsupportedError):
        return Problem(where, "skipped", error.code, error.record_text)
    return Problem(where, "failed", error.code, error.record_text)


def _may_hold_pictures(head: bytes, member: Member, where: Provenance) -> bool:
    from medsift.sources.registry import has_source

    file_type = sniff(head, where.member)
    if file_type == "xml" and not member.is_part:
        return True
    return file_type not in _PLAIN or has_source(file_type)


def _is_plain_xml(blob: Blob) -> bool:
    from medsift.sources.registry import has_source, refined_type

    return blob.file_type() == "xml" and refined_type(blob) == "xml" and not has_source("xml")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number > 1 else ''}"
