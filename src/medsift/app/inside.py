"""A document inside another: in an archive, a mail, a DICOM file. Runs inside a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from medsift.core.errors import NotFoundError
from medsift.core.limits import DEFAULT_LIMITS
from medsift.core.picture import Finding, Problem, Provenance
from medsift.sources.base import Blob, Budget, Context, SourceOptions
from medsift.sources.registry import findings


def document_inside(path: Path, member: str, password: str = "") -> bytes:
    """The bytes of a document that lies inside a file, at any depth.

    Parameters
    ----------
    path : Path
    member : str
        Path inside the file, as records give it.
    password : str
        Tried on encrypted PDFs on the way.

    Raises
    ------
    NotFoundError
        There is none.
    """
    taken: list[bytes] = []

    def look(blob: Blob, context: Context) -> Iterator[Finding]:
        # What is neither the document nor on the way to it is passed over unread.
        name = blob.where.member
        if name == member:
            taken.append(blob.read(context.limits))
            # Any finding will do: it hands the word to the loop below, which ends.
            yield Problem(blob.where, "skipped", "no_image")
        elif member.startswith(f"{name}/"):
            yield from findings(blob, context)

    context = Context(
        options=SourceOptions(pdf_password=password), recurse=look, budget=Budget(DEFAULT_LIMITS)
    )
    for _ in findings(Blob(Provenance(path.name), path=path), context):
        if taken:
            return taken[0]
    raise NotFoundError(f"there is no {member} in it any more")
