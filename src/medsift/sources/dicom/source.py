"""The source of DICOM files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from medsift.core.errors import DecodeError, InputError
from medsift.core.picture import Finding, Picture, Problem, Provenance
from medsift.decode.guard import contained
from medsift.decode.reader import evenly
from medsift.sources.base import Blob, Context
from medsift.sources.dicom.dataset import (
    WHAT,
    encapsulated_pdf,
    modality,
    parse,
)
from medsift.sources.dicom.elements import DicomFile
from medsift.sources.dicom.header import series_uid
from medsift.sources.dicom.pixels import FrameReader
from medsift.sources.dicom.tags import chosen_tags

if TYPE_CHECKING:
    from pydicom import Dataset


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures of a DICOM file: one, or one for each frame that is looked at.

    Parameters
    ----------
    blob : Blob
    context : Context

    Yields
    ------
    Picture or Problem
        Without the original bytes, which name the patient. A frame that cannot be decoded is
        a problem; the others still come. A file that is no image is skipped as ``no_image``;
        of an encapsulated PDF the pictures of the PDF.

    Raises
    ------
    InputError
        The file as a whole cannot be read.
    """
    where = replace(blob.where, source_type=blob.where.source_type or "dicom")
    file = parse(blob, context)
    dataset = file.dataset
    tags = chosen_tags(dataset, context.options.dicom_tags)
    if file.pixels is not None:
        where = replace(where, extraction="decoded")
        yield from _tagged(_pictures(file, where, context), tags)
        return
    document = encapsulated_pdf(dataset)
    if document is None and file.is_cut and _is_envelope(dataset):
        raise DecodeError("a DICOM file that ends before what it holds")
    if document is None:
        yield Problem(where, "skipped", "no_image")
        return
    context.budget.spend(members=1, inflated_bytes=len(document))
    member = "/".join(filter(None, [where.member, "encapsulated.pdf"]))
    inner = Blob(where=replace(where, member=member), data=document)
    yield from _tagged(context.recurse(inner, context.deeper()), tags)


def _is_envelope(dataset: Dataset) -> bool:
    """Whether the class of an object is that of an encapsulated document."""
    from pydicom.uid import UID

    with contained(WHAT, tell_details=False):
        name = str(UID(str(dataset.get("SOPClassUID") or "")).name)
    return name.startswith("Encapsulated")


def _tagged(found: Iterator[Finding], tags: tuple[tuple[str, str], ...]) -> Iterator[Finding]:
    for finding in found:
        yield replace(finding, tags=tags) if isinstance(finding, Picture) else finding


def _pictures(file: DicomFile, where: Provenance, context: Context) -> Iterator[Finding]:
    frames = FrameReader(file, context.limits)
    most = frames.frame_count if context.options.all_frames else context.limits.frames
    chosen = evenly(frames.frame_count, most)
    note = "frames_thinned" if len(chosen) < frames.frame_count else ""
    picture_of = _Pictures(file.dataset, frames, note, context.bare_target)
    for frame in chosen:
        yield picture_of(frame, _place(where, frame, frames.frame_count))


class _Pictures:
    """Makes pictures of frames."""

    def __init__(self, dataset: Dataset, frames: FrameReader, note: str, target: int) -> None:
        self._frames = frames
        self._note = note
        self._target = target
        self._modality = modality(dataset)
        self._color_mode = frames.declared_colours
        with contained(WHAT, tell_details=False):
            self._series = series_uid(dataset)

    def __call__(self, frame: int, where: Provenance) -> Finding:
        try:
            pixels, sha256 = self._frames.pixels(frame, self._target)
        except InputError as error:
            if self._frames.frame_count == 1:
                raise
            return Problem(where, "failed", error.code, error.record_text)
        return Picture(
            where=where,
            pixels=pixels,
            width=self._frames.width,
            height=self._frames.height,
            format="dicom",
            color_mode=self._color_mode,
            sha256=sha256,
            note="truncated" if self._frames.is_truncated else self._note,
            declared_modality=self._modality,
            series=self._series,
        )


def _place(where: Provenance, frame: int, count: int) -> Provenance:
    if count == 1:
        return where
    locator = ", ".join(filter(None, [where.locator, f"frame {frame}"]))
    return replace(where, frame=frame, locator=locator)
