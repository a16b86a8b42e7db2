"""Inputs become their records: find, filter, classify in batches. Runs inside a worker."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from medsift.classify import Classifier
from medsift.classify.burnt_text import LEAST_SIDE, TextFinder, reduced
from medsift.core.errors import InputError
from medsift.core.picture import Finding, Picture, Problem, Provenance
from medsift.core.record import Record
from medsift.decode.blank import is_blank
from medsift.decode.phash import DECODED_SIDE, phash
from medsift.pipeline.batch import Batch, Pending, Slot
from medsift.pipeline.judged import judged
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcomes import Outcome
from medsift.pipeline.panels import PanelRecords, small_enough, with_verdict
from medsift.pipeline.pixel_exchange import PixelExchange
from medsift.report.files import HITS
from medsift.report.images import ImageSaver, thumbnail
from medsift.sources import remote
from medsift.sources.base import Blob, Budget, Context
from medsift.sources.inputs import Input
from medsift.sources.registry import findings, problem_of, url_findings
from medsift.sources.series import one_a_series, series_findings

# Frames of one file share its digest.
_Key: TypeAlias = tuple[str, int | None]


class Examiner:
    """Turns inputs into records; holds the model.

    Parameters
    ----------
    options : ScanOptions
    threads : int
        Threads that one inference may use.
    classifier : Classifier, optional
        Used instead of one that is loaded as the options say.
    notes : Path, optional
        See :class:`medsift.sources.base.Context`.
    """

    def __init__(
        self,
        options: ScanOptions,
        threads: int = 1,
        classifier: Classifier | None = None,
        notes: Path | None = None,
    ) -> None:
        self._notes = notes
        self._options = options
        bound = options.recall_bound
        self._classifier = classifier or Classifier(
            options.model,
            threshold=options.threshold,
            possible_from=bound.threshold if bound else None,
            tta=options.tta,
            threads=threads,
        )
        self._saver = _saver_for(options)
        self._exchange = PixelExchange(options.pixels_to) if options.pixels_to else None
        self._text = TextFinder(options.text_content, threads) if options.text else None
        self._batch = Batch(
            self._classifier, heat=options.heat, panels=options.panels, features=options.features
        )
        self._panels = PanelRecords(options, self._saver)

    def examine(self, item: Input) -> Iterator[Outcome]:
        """Yield the records of one input, in the order in which its pictures were found."""
        for _, outcome in self.examine_all([item]):
            if outcome is not None:
                yield outcome

    def examine_all(
        self, items: Iterable[Input], begun: Callable[[int], object] = lambda _: None
    ) -> Iterator[tuple[int, Outcome | None]]:
        """Yield the records of several inputs, in order.

        Memory stays flat: of a picture only small copies are kept until the batch is full.

        Parameters
        ----------
        items : iterable of Input
        begun : callable
            Called with the position of an input before it is opened. Records of the few inputs
            before it may still be to come.

        Yields
        ------
        position : int
            Of the input, from 0.
        outcome : Outcome or None
            None after the last outcome of an input.
        """
        self._batch.clear()
        for position, item in enumerate(items):
            begun(position)
            for pending in self._pending_of(position, item):
                self._batch.add(pending)
                if self._batch.is_due:
                    yield from self._taken()
            self._batch.add(Pending(position, None))
        yield from self._taken()

    def _pending_of(self, position: int, item: Input) -> Iterator[Pending]:
        seen: dict[_Key, Slot] = {}
        started = time.perf_counter()
        pictures = 0
        for finding in self._findings(item):
            record = _record_of(finding)
            if isinstance(finding, Picture):
                pictures += 1
                if record.index is None:
                    record = replace(record, index=pictures)
            pending = Pending(position, record)
            if isinstance(finding, Picture):
                self._look_at(finding, record, pending, seen)
            pending.ms = (time.perf_counter() - started) * 1000
            yield pending
            started = time.perf_counter()

    def _findings(self, item: Input) -> Iterator[Finding]:
        limits = self._options.limits
        context = Context(
            limits=limits,
            options=self._options.source_options,
            target=self._target,
            keep_whole=self._saver is not None or self._exchange is not None,
            recurse=findings,
            budget=Budget(limits),
            notes=self._notes,
        )
        found = _found(item, context)
        return one_a_series(found) if self._options.by_series else found

    @property
    def _target(self) -> int:
        """Pixels that the shorter side shall have at least; 0 for all there are."""
        side = max(self._classifier.largest_side, LEAST_SIDE if self._text else 0)
        if self._exchange:
            return 0
        if not self._options.panels:
            return max(side, DECODED_SIDE)
        # A panel is a part of the picture, and saved ones are cut from all pixels.
        return 0 if self._saver else max(2 * side, DECODED_SIDE)

    def _look_at(
        self, picture: Picture, record: Record, pending: Pending, seen: dict[_Key, Slot]
    ) -> None:
        if min(picture.width, picture.height) < self._options.min_size:
            pending.record = replace(record, status="skipped", reason="too_small")
            return
        if self._options.thumbnails:
            pending.thumbnail = thumbnail(picture.pixels, self._options.thumbnail_side)
        pending.declared_modality = picture.declared_modality
        key = (picture.sha256, picture.where.frame)
        if key in seen:
            pending.record = replace(record, reason="duplicate", phash=phash(picture.pixels))
            pending.slot = seen[key]
        elif is_blank(picture.pixels):
            pending.record = replace(record, status="skipped", reason="blank")
            return
        else:
            digest = phash(picture.pixels)
            pending.record = replace(record, phash=digest)
            # The bytes alone do not tell: documents may invert, mask or recolour what they embed.
            pending.likeness = (*key, digest, record.width, record.height, record.extraction)
            known = self._batch.recall(pending.likeness)
            pending.slot = seen[key] = Slot(known)
            if known is None:
                pending.prepared = self._classifier.prepare(picture.pixels)
                if self._options.panels or self._classifier.counts_panels:
                    pending.figure = small_enough(picture.pixels)
        if self._options.panels:
            pending.shown = small_enough(picture.pixels)
        pending.grey = reduced(picture.pixels) if self._text else None
        pending.saved = picture if self._saver else None
        pending.pixels = self._exchange.put(picture.pixels) if self._exchange else None

    def _with_text(self, record: Record, pending: Pending) -> Record:
        """The record with the text burnt into its picture, if that is medical or may be."""
        if self._text is None or pending.grey is None or record.label not in HITS:
            return record
        found = self._text.find(pending.grey)
        text = "\n".join(found.content)
        return replace(record, text_boxes=found.boxes, text_share=found.share, text=text)

    def _taken(self) -> Iterator[tuple[int, Outcome | None]]:
        for pending in self._batch.take():
            record = pending.record
            if record is None:
                yield pending.position, None
                continue
            figure, heat, features = None, None, None
            if pending.slot is not None and pending.slot.verdict is not None:
                figure, heat = pending.slot.verdict
                features = pending.slot.features
                record = with_verdict(record, figure.prediction, pending.declared_modality)
                record = replace(record, panels=len(figure.panels) or None)
                record = judged(record, self._options.judgements)
                record = self._with_text(record, pending)
            record = replace(record, ms=round(pending.ms, 3))
            whole = record
            if self._saver and pending.saved is not None:
                record = self._saver.saved(pending.saved, record)
            yield (
                pending.position,
                Outcome(record, pending.thumbnail, heat, features, pending.pixels),
            )
            if figure is not None and self._options.panels:
                for outcome in self._panels.of(whole, figure, pending):
                    yield pending.position, outcome


def _saver_for(options: ScanOptions) -> ImageSaver | None:
    if options.save_images is None:
        return None
    return ImageSaver(options.save_images, options.save_names, tuple(options.save_labels))


def _found(item: Input, context: Context) -> Iterator[Finding]:
    where = Provenance(source=item.source)
    if item.error is not None:
        return iter((problem_of(where, item.error),))
    if item.series is not None:
        return series_findings(item, context)
    if item.is_url:
        return url_findings(item.source, context)
    if item.is_remote:
        return _remote_findings(where, context)
    return findings(Blob(where, path=item.path, data=item.data), context)


def _remote_findings(where: Provenance, context: Context) -> Iterator[Finding]:
    try:
        data = remote.read(where.source, context.limits)
    except InputError as error:
        yield problem_of(where, error)
        return
    yield from findings(Blob(where, data=data), context)


def _record_of(finding: Finding) -> Record:
    if isinstance(finding, Problem):
        return _record_of_problem(finding)
    return _record_of_picture(finding)


def _record_of_problem(problem: Problem) -> Record:
    record = _record_at(problem.where)
    return replace(record, status=problem.status, reason=problem.reason, error=problem.error)


def _record_of_picture(picture: Picture) -> Record:
    return replace(
        _record_at(picture.where),
        sha256=picture.sha256,
        width=picture.width,
        height=picture.height,
        format=picture.format,
        color_mode=picture.color_mode,
        reason=picture.note,
        dicom_tags=json.dumps(dict(picture.tags), ensure_ascii=False) if picture.tags else "",
        figure=picture.figure,
        caption=picture.caption,
        caption_label=picture.caption_label,
    )


def _record_at(where: Provenance) -> Record:
    return Record(
        source=where.source,
        source_type=where.source_type,
        locator=where.locator,
        page=where.page,
        index=where.index,
        frame=where.frame,
        member=where.member,
        url=where.url,
        bbox=where.bbox,
        extraction=where.extraction,
    )
