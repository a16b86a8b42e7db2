"""What users may ask of a scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from medsift._version import __version__
from medsift.classify import store
from medsift.core.errors import UsageError
from medsift.core.limits import DEFAULT_LIMITS, MIN_SIZE, Limits
from medsift.core.wanted import names_of
from medsift.pipeline.cores import cores_at_hand
from medsift.pipeline.groups import MOST_BITS
from medsift.report.file_names import check_pattern
from medsift.report.summary import LABELS
from medsift.sources.base import PdfPixels, SourceOptions
from medsift.sources.web.options import DEFAULT_WEB_OPTIONS, WebOptions

if TYPE_CHECKING:
    from medsift.classify.recall_spec import RecallBound

Engine: TypeAlias = Literal["local", "ray"]


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """What users may ask of a scan.

    Attributes
    ----------
    model : str
        Name of a bundled model, or a model folder.
    threshold : float or None
        Confidence below which a label is ``uncertain``; None takes the model's own.
    recall : float or None
        Make ``uncertain`` what is possibly medical, so that this share of medical pictures is
        expected to be ``medical`` or ``uncertain``; by the bounds of the model's card.
    tta : bool
        Also average over the horizontal flip.
    min_size : int
        Pictures with a shorter side below this many pixels are skipped.
    workers : int or None
        Worker processes; None takes the cores at hand.
    engine : {"local", "ray"}
        Where the work runs.
    pdf_password : str
        Tried on encrypted PDFs.
    pdf_pixels : {"seen", "stored"}
        Of pictures that a PDF draws text or lines over: as the page shows them, or as they are
        stored.
    all_frames : bool
        Look at every frame of multi-frame images instead of an even choice.
    web : WebOptions
        What may be fetched from the web, and how.
    dicom_tags : sequence of str
        Keywords (``StudyDescription``) or tags (``(0008,1030)``) of the DICOM elements whose
        values go into ``dicom_tags`` of the records. None by default: headers name patients.
    by_series : bool
        Give one record for each DICOM series, of a slice near its middle, instead of one for
        each slice.
    group_bits : int or None
        Name groups of look-alikes in ``group`` of the records: pictures whose perceptual hashes
        differ in at most so many of 64 bits from that of the first one. None for no groups.
    captions : bool
        Give the captions of pictures; they never change a verdict.
    panels : bool
        Give a record for each panel of a compound picture, beneath the record of the whole.
    all_kinds : bool
        Give the probabilities of all kinds, in ``kinds`` of the records.
    accept : sequence of str, or str
        Kinds and groups of the taxonomy that are wanted: records get a ``decision``. A text holds
        names separated by commas.
    accept_threshold : float or None
        Probability of what is wanted from which a picture is accepted; None for the bounds of
        the model's card.
    judgements : mapping of str to str
        What people said of pictures overrules the model: see :mod:`medsift.pipeline.judged`.
    text : bool
        Look for text burnt into what is medical or uncertain; needs the extra ``text``.
    text_content : bool
        Also read it; only together with ``text``.
    save_images : Path or None
        Folder for the original bytes of each picture, by label.
    save_names : str
        Pattern for the names of saved pictures, see :mod:`medsift.report.file_names`; empty for
        the digest of their bytes.
    save_labels : sequence of str
        Labels whose pictures are saved; empty for all.
    pixels_to : Path or None
        Folder through which pixels are handed over, see :func:`medsift.scan_with_pixels`.
    thumbnails : bool
        Make a thumbnail of each picture.
    features : bool
        Keep what the networks make of each picture, for ``--features``.
    heat : bool
        Make a small map of what decided the verdict, if the model can tell, for reports.
    thumbnail_side : int
        Longer side of a thumbnail, in pixels.
    limits : Limits
        Bounds on what one input may cost.
    """

    model: str = "default"
    threshold: float | None = None
    recall: float | None = None
    tta: bool = False
    min_size: int = MIN_SIZE
    workers: int | None = None
    engine: Engine = "local"
    pdf_password: str = field(default="", repr=False)
    pdf_pixels: PdfPixels = "seen"
    all_frames: bool = False
    web: WebOptions = DEFAULT_WEB_OPTIONS
    dicom_tags: Sequence[str] = ()
    by_series: bool = False
    group_bits: int | None = None
    captions: bool = True
    panels: bool = False
    all_kinds: bool = True
    accept: str | Sequence[str] = ()
    accept_threshold: float | None = None
    judgements: Mapping[str, str] = field(default_factory=dict, repr=False)
    text: bool = False
    text_content: bool = False
    save_images: Path | None = None
    save_names: str = ""
    save_labels: Sequence[str] = ()
    pixels_to: Path | None = None
    thumbnails: bool = False
    heat: bool = False
    features: bool = False
    thumbnail_side: int = 128
    limits: Limits = DEFAULT_LIMITS

    def __post_init__(self) -> None:
        _check_bounds(self.threshold, self.recall)
        if self.workers is not None and self.workers < 1:
            raise UsageError(f"there must be at least one worker, not {self.workers}")
        if self.engine not in ("local", "ray"):
            raise UsageError(f"there is no engine {self.engine!r}: local or ray")
        if self.pdf_pixels not in ("seen", "stored"):
            raise UsageError(f"pixels of PDFs are seen or stored, not {self.pdf_pixels!r}")
        if self.group_bits is not None and not 0 <= self.group_bits <= MOST_BITS:
            raise UsageError(f"look-alikes may differ in 0 to {MOST_BITS} bits")
        if self.min_size < 0:
            raise UsageError(f"the smallest size cannot be negative: {self.min_size}")
        if self.limits.seconds <= 0 or self.limits.pixels < 1 or self.limits.memory_bytes < 0:
            raise UsageError("limits on seconds and pixels must be above 0, on memory at least 0")
        if isinstance(self.dicom_tags, str):
            raise UsageError("dicom_tags takes a list of names, not one text")
        self._check_saving()
        _check_text(self.text, self.text_content)
        _check_accept(self.accept, self.accept_threshold)
        if self.dicom_tags:
            from medsift.sources.dicom.tags import check_names

            check_names(self.dicom_tags)

    def _check_saving(self) -> None:
        if isinstance(self.save_labels, str):
            raise UsageError("save_labels takes a list of labels, not one text")
        if unknown := set(self.save_labels) - set(LABELS):
            raise UsageError(f"there is no label {min(unknown)!r}: {', '.join(LABELS)}")
        if self.save_names:
            check_pattern(self.save_names)

    @property
    def source_options(self) -> SourceOptions:
        """The part that concerns sources."""
        return SourceOptions(
            pdf_password=self.pdf_password,
            pdf_pixels=self.pdf_pixels,
            min_size=self.min_size,
            all_frames=self.all_frames,
            web=self.web,
            dicom_tags=tuple(self.dicom_tags),
            captions=self.captions,
        )

    @property
    def settings(self) -> dict[str, Any]:
        """What records depend on, besides the inputs; for resuming, as JSON values.

        Raises
        ------
        ModelError
            There is no such model.
        """
        folder = store.find(self.model)
        facts = store.facts(folder)
        return {
            "medsift": __version__,
            "model": f"{facts['name']} {facts['version']}",
            "model_digest": store.digest(folder),
            "threshold": facts["threshold"] if self.threshold is None else self.threshold,
            "text": self.text,
            "text_content": self.text_content,
            "possible_from": bound.threshold if (bound := self.recall_bound) else None,
            "tta": self.tta,
            "min_size": self.min_size,
            "pdf_pixels": self.pdf_pixels,
            "all_frames": self.all_frames,
            "by_series": self.by_series,
            "group_bits": self.group_bits,
            "dicom_tags": list(self.dicom_tags),
            "captions": self.captions,
            "save_names": self.save_names,
            "save_labels": sorted(self.save_labels),
            "panels": self.panels,
            "all_kinds": self.all_kinds,
            "accept": list(names_of(self.accept)) if self.accept else [],
            "accept_threshold": self.accept_threshold,
            "linked": self.web.linked_pictures,
            "crawl": self.web.max_depth if self.web.crawl else 0,
            "max_pages": self.web.max_pages,
            "ignore_robots": self.web.ignore_robots,
            "allow_private": self.web.allow_private,
            "ports": sorted(set(self.web.ports)),
            "max_seconds": self.limits.seconds,
            "max_pixels": self.limits.pixels,
            "max_memory": self.limits.memory_bytes,
        }

    @property
    def recall_bound(self) -> RecallBound | None:
        """The bound of the model's card for ``recall``.

        Raises
        ------
        ModelError
            There is no such model.
        UsageError
            Its card has no such bound.
        """
        if self.recall is None:
            return None
        from medsift.classify.card import read_card
        from medsift.classify.recall_spec import bound_for

        card = read_card(store.find(self.model))
        return bound_for(card.recall, self.recall, f"{card.name} {card.version}")

    @property
    def worker_count(self) -> int:
        """Worker processes to start."""
        return self.workers or cores_at_hand()


def _check_text(text: bool, content: bool) -> None:
    if content and not text:
        raise UsageError("what text says is only read where text is looked for")
    if text:
        from medsift.classify.burnt_text import require

        require()


def _check_bounds(threshold: float | None, recall: float | None) -> None:
    if threshold is not None and not 0 <= threshold <= 1:
        raise UsageError(f"the threshold must be between 0 and 1, not {threshold}")
    if recall is not None and not 0 < recall < 1:
        raise UsageError(f"the recall must be between 0 and 1, not {recall}")


def _check_accept(accept: str | Sequence[str], threshold: float | None) -> None:
    if accept:
        names_of(accept)
    if threshold is None:
        return
    if not accept:
        raise UsageError("a threshold for accepting needs to know what is wanted")
    if not 0 < threshold <= 1:
        raise UsageError("the threshold for accepting must be above 0 and at most 1")
