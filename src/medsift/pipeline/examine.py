"""One input becomes its records: find, filter, classify in batches. Runs inside a worker."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from medsift.classify import Classifier, Prediction
from medsift.classify.ensemble import Prepared
from medsift.core.modality import conflicts
from medsift.core.picture import Finding, Picture, Problem, Provenance
from medsift.core.record import Record
from medsift.decode.blank import is_blank
from medsift.decode.phash import phash
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcomes import Outcome
from medsift.report.images import ImageSaver, thumbnail
from medsift.sources.base import Blob, Budget, Context
from medsift.sources.inputs import Input
from medsift.sources.registry import findings, problem_of, url_findings

_BATCH = 16

# Frames of one file share its digest.
_Key: TypeAlias = tuple[str, int | None]


@dataclass(slots=True, eq=False)
class _Pending:
    """A picture that awaits its verdict; its pixels are let go already."""

    record: Record
    prepared: Prepared | None = None
    thumbnail: bytes | None = None
    saved: Picture | None = None
    declared_modality: str = ""

    @property
    def key(self) -> _Key:
        return self.record.sha256, self.record.frame


class Examiner:
    """Turns inputs into records; holds the model.

    Parameters
    ----------
    options : ScanOptions
    threads : int
        Threads that one inference may use.
    """

    def __init__(self, options: ScanOptions, threads: int = 1) -> None:
        self._options = options
        self._classifier = Classifier(
            options.model, threshold=options.threshold, tta=options.tta, threads=threads
        )
        self._saver = ImageSaver(options.save_images) if options.save_images else None

    def examine(self, item: Input) -> Iterator[Outcome]:
        """Yield the records of one input, in the order in which its pictures were found.

        Memory stays flat: of a picture only its small tensors are kept until the batch is full.
        """
        batch: list[_Pending] = []
        verdicts: dict[_Key, Prediction] = {}
        started = time.perf_counter()
        pictures = 0
        for finding in self._findings(item):
            pending = self._pending(finding, verdicts, batch)
            if isinstance(finding, Picture):
                pictures += 1
                if pending.record.index is None:
                    pending.record = replace(pending.record, index=pictures)
            elapsed = (time.perf_counter() - started) * 1000
            pending.record = replace(pending.record, ms=elapsed)
            batch.append(pending)
            if len(batch) >= _BATCH:
                yield from self._classified(batch, verdicts)
                batch = []
            started = time.perf_counter()
        yield from self._classified(batch, verdicts)

    def _findings(self, item: Input) -> Iterator[Finding]:
        limits = self._options.limits
        context = Context(
            limits=limits,
            options=self._options.source_options,
            # Pictures without bytes of their own are saved from their pixels, in full.
            target=0 if self._saver else self._classifier.card.largest_side,
            recurse=findings,
            budget=Budget(limits),
        )
        where = Provenance(source=item.source)
        if item.error is not None:
            yield problem_of(where, item.error)
        elif item.is_url:
            yield from url_findings(item.source, context)
        else:
            yield from findings(Blob(where, path=item.path), context)

    def _pending(
        self, finding: Finding, verdicts: dict[_Key, Prediction], batch: list[_Pending]
    ) -> _Pending:
        if isinstance(finding, Problem):
            return _Pending(_record_of_problem(finding))
        record = _record_of_picture(finding)
        if min(finding.width, finding.height) < self._options.min_size:
            return _Pending(replace(record, status="skipped", reason="too_small"))
        small = thumbnail(finding.pixels) if self._options.thumbnails else None
        saved = finding if self._saver else None
        key = (finding.sha256, finding.where.frame)
        if key in verdicts or any(p.key == key for p in batch if p.prepared is not None):
            record = replace(record, reason="duplicate", phash=phash(finding.pixels))
            return _Pending(record, None, small, saved, finding.declared_modality)
        if is_blank(finding.pixels):
            record = replace(record, status="skipped", reason="blank")
            return _Pending(record, thumbnail=small)
        record = replace(record, phash=phash(finding.pixels))
        prepared = self._classifier.prepare(finding.pixels)
        return _Pending(record, prepared, small, saved, finding.declared_modality)

    def _classified(
        self, batch: list[_Pending], verdicts: dict[_Key, Prediction]
    ) -> Iterator[Outcome]:
        fresh = [(p.key, p.prepared) for p in batch if p.prepared is not None]
        started = time.perf_counter()
        predictions = self._classifier.classify([prepared for _, prepared in fresh])
        share = (time.perf_counter() - started) * 1000 / max(1, len(fresh))
        verdicts.update(zip((key for key, _ in fresh), predictions, strict=True))
        for pending in batch:
            record = pending.record
            if record.status == "ok":
                record = _with_verdict(record, verdicts[pending.key], pending.declared_modality)
            if pending.prepared is not None:
                record = replace(record, ms=(record.ms or 0.0) + share)
            record = replace(record, ms=round(record.ms or 0.0, 3))
            if self._saver and pending.saved is not None:
                self._saver.save(pending.saved, record.label)
            yield Outcome(record, pending.thumbnail)


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


def _with_verdict(record: Record, prediction: Prediction, declared: str) -> Record:
    # The verdict comes from the pixels alone; what a header says is only compared with it.
    conflict = prediction.label != "uncertain" and conflicts(declared, prediction.kind)
    said = (record.reason, prediction.reason, "modality_conflict" if conflict else "")
    reasons = [reason for reason in said if reason]
    return replace(
        record,
        label=prediction.label,
        p_medical=prediction.p_medical,
        confidence=prediction.confidence,
        likelihood=prediction.likelihood,
        kind=prediction.kind,
        p_kind=prediction.p_kind,
        dicom_modality=prediction.dicom_modality,
        reason=", ".join(reasons),
        model=prediction.model,
    )
