"""The one interface of all sources: a blob goes in, a stream of findings comes out."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, TypeAlias

from medsift.core.errors import LimitError, NotFoundError, UnreadableError
from medsift.core.limits import DEFAULT_LIMITS, MIB, MIN_SIZE, Limits
from medsift.core.picture import Finding, Provenance
from medsift.decode.sniff import HEAD_BYTES, FileType, sniff
from medsift.decode.sniff_text import after_comments
from medsift.sources.web.options import DEFAULT_WEB_OPTIONS, WebOptions

_LONGEST_COMMENT = 4 * MIB
PdfPixels: TypeAlias = Literal["seen", "stored"]
"""Which pixels of pictures in PDFs: see :class:`SourceOptions`."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes with a name: a file on disk, or what a container held.

    Exactly one of ``path`` and ``data`` is set.

    Attributes
    ----------
    where : Provenance
        What is known of the place so far; sources refine it with ``dataclasses.replace``.
    path : Path or None
    data : bytes or None
    """

    where: Provenance
    path: Path | None = None
    data: bytes | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """File name without folders, for messages and for hints that content cannot give."""
        inner = self.where.member or self.where.source
        return inner.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]

    def size(self) -> int:
        """Size in bytes."""
        if self.data is not None:
            return len(self.data)
        try:
            return self._file().stat().st_size
        except OSError as error:
            raise _reading_failed(error, self.name) from error

    def open(self) -> BinaryIO:
        """A new seekable binary stream, for the caller to close."""
        if self.data is not None:
            return io.BytesIO(self.data)
        try:
            return self._file().open("rb")
        except OSError as error:
            raise _reading_failed(error, self.name) from error

    def head(self) -> bytes:
        """The first bytes, as many as telling the type takes."""
        with self.open() as stream:
            try:
                return stream.read(HEAD_BYTES)
            except OSError as error:
                raise _reading_failed(error, self.name) from error

    def read(self, limits: Limits = DEFAULT_LIMITS) -> bytes:
        """All bytes.

        Raises
        ------
        LimitError
            There are more than ``limits.file_bytes``.
        """
        if self.data is not None:
            if len(self.data) > limits.file_bytes:
                raise _too_long(limits)
            return self.data
        with self.open() as stream:
            try:
                # Python sets aside all that is asked for, so no more than the file seems to
                # have; the size that stat tells may be a lie (/proc), so on to the real end.
                content = stream.read(min(self.size(), limits.file_bytes) + 1)
                while len(content) <= limits.file_bytes and (more := stream.read(MIB)):
                    content += more
            except OSError as error:
                raise _reading_failed(error, self.name) from error
        if len(content) > limits.file_bytes:
            raise _too_long(limits)
        return content

    def file_type(self) -> FileType:
        """What the content is, see :func:`medsift.decode.sniff.sniff`."""
        head = self.head()
        if len(head) == HEAD_BYTES and after_comments(head).startswith(b"<!--"):
            head = self._head_after_comment() or head
        return sniff(head, self.name)

    def _head_after_comment(self) -> bytes:
        """First bytes after comments that are longer than what is mostly looked at."""
        with self.open() as stream:
            try:
                return after_comments(stream.read(_LONGEST_COMMENT))[:HEAD_BYTES]
            except OSError as error:
                raise _reading_failed(error, self.name) from error

    def _file(self) -> Path:
        if self.path is None:
            raise NotFoundError(f"{self.name} has neither a path nor bytes")
        return self.path


@dataclass(slots=True)
class Budget:
    """What all containers below one input have used so far; shared across depths."""

    limits: Limits = DEFAULT_LIMITS
    members: int = 0
    inflated_bytes: int = 0

    def spend(self, members: int = 0, inflated_bytes: int = 0) -> None:
        """Count what is about to be used.

        Raises
        ------
        LimitError
            A budget of the input is used up.
        """
        self.members += members
        self.inflated_bytes += inflated_bytes
        if self.members > self.limits.members:
            raise LimitError(f"more than {self.limits.members} members in all")
        if self.inflated_bytes > self.limits.inflated_bytes:
            raise LimitError(f"inflates to more than {self.limits.inflated_bytes // MIB} MiB")


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What users may ask of sources.

    Attributes
    ----------
    pdf_password : str
        Tried on encrypted PDFs.
    pdf_pixels : {"seen", "stored"}
        Of pictures that a PDF draws over: as the page shows them, or as they are stored.
    min_size : int
        Pictures with a shorter side below this many pixels will be skipped anyway; sources
        may spare themselves the decoding, but still report them.
    all_frames : bool
        Look at every frame of a multi-frame image instead of an even choice.
    web : WebOptions
        What may be fetched from the web, and how.
    dicom_tags : tuple of str
        Elements of DICOM headers to give with the pictures; none but these is.
    captions : bool
        Give the captions of pictures.
    """

    pdf_password: str = ""
    pdf_pixels: PdfPixels = "seen"
    min_size: int = MIN_SIZE
    all_frames: bool = False
    web: WebOptions = DEFAULT_WEB_OPTIONS
    dicom_tags: tuple[str, ...] = ()
    captions: bool = True


@dataclass(frozen=True, slots=True)
class Context:
    """What a source needs to know besides the blob.

    Attributes
    ----------
    limits : Limits
    options : SourceOptions
    target : int
        Side in pixels that the classifier needs: pictures whose shorter side is larger may be
        decoded at a reduced size, as long as the shorter side stays at least this long.
        0 asks for full size.
    keep_whole : bool
        Pictures without bytes of their own will be saved from their pixels: those come at full
        size, whatever the target.
    recurse : callable
        Gives the findings of a blob found inside this one, whatever its type; a blob that
        cannot be read yields a :class:`Problem` instead of raising.
    budget : Budget
    depth : int
        Number of containers around the blob.
    notes : Path or None
        Folder in which sources may note what they are at, for the case that the process dies
        of it and they are asked once more.
    """

    limits: Limits = DEFAULT_LIMITS
    options: SourceOptions = field(default_factory=SourceOptions)
    target: int = 0
    keep_whole: bool = False
    recurse: Callable[[Blob, Context], Iterator[Finding]] = field(
        default=lambda _blob, _context: iter(())
    )
    budget: Budget = field(default_factory=Budget)
    depth: int = 0
    notes: Path | None = None

    @property
    def bare_target(self) -> int:
        """The target for pictures that have no bytes of their own."""
        return 0 if self.keep_whole else self.target

    def deeper(self) -> Context:
        """The context for what is inside a container.

        Raises
        ------
        LimitError
            Containers are nested too deeply.
        """
        if self.depth >= self.limits.depth:
            raise LimitError(f"nested more than {self.limits.depth} containers deep")
        return replace(self, depth=self.depth + 1)


class Source(Protocol):
    """Reads one family of file types.

    A source is a function. It may raise any :class:`medsift.core.errors.InputError`, also in
    mid-stream, and what it yielded before that counts.
    """

    def __call__(self, blob: Blob, context: Context) -> Iterator[Finding]:
        """Yield what is in the blob, in order."""


def sha256_of(data: bytes | memoryview) -> str:
    """Hex digest, as records give it."""
    return hashlib.sha256(data).hexdigest()


def _too_long(limits: Limits) -> LimitError:
    return LimitError(f"larger than {limits.file_bytes // MIB} MiB")


def _reading_failed(error: OSError, name: str) -> NotFoundError | UnreadableError:
    if isinstance(error, FileNotFoundError):
        return NotFoundError(f"there is no file {name}")
    return UnreadableError(f"cannot read {name}: {error.strerror or error}")
