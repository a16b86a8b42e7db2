"""Records of panels, beneath the record of their figure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from PIL import Image

from medsift.classify import FigurePrediction, PanelPrediction, Prediction
from medsift.classify.figures import crop, scaled
from medsift.core.modality import conflicts
from medsift.core.picture import Picture, Pixels
from medsift.core.record import PixelBox, Record
from medsift.decode.phash import phash
from medsift.pipeline.batch import Pending
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcomes import Outcome
from medsift.report.images import ImageSaver, thumbnail

_MOST_PIXELS = 2_000_000
"""Of a picture that waits for its verdict, so many are kept to find panels in."""


def small_enough(pixels: Pixels) -> Pixels:
    """A picture that may wait: itself, or averaged over whole blocks of pixels."""
    height, width = pixels.shape[:2]
    factor = math.ceil(math.sqrt(height * width / _MOST_PIXELS))
    if factor <= 1:
        return pixels
    return np.asarray(Image.fromarray(pixels).reduce(factor), dtype=np.uint8)


def with_verdict(record: Record, prediction: Prediction, declared: str = "") -> Record:
    """A record with a verdict.

    Parameters
    ----------
    record : Record
    prediction : Prediction
    declared : str
        DICOM code that a header claims; empty where there is none. The verdict comes from the
        pixels alone; what a header says is only compared with it.
    """
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
        kinds=prediction.kinds,
    )


class PanelRecords:
    """Makes a record for each panel of a figure.

    Parameters
    ----------
    options : ScanOptions
    saver : ImageSaver or None
        Saves the panels, cropped.
    """

    def __init__(self, options: ScanOptions, saver: ImageSaver | None) -> None:
        self._options = options
        self._saver = saver

    def of(self, whole: Record, figure: FigurePrediction, pending: Pending) -> Iterator[Outcome]:
        """Yield the records of the panels, in reading order.

        Parameters
        ----------
        whole : Record
            Of the figure.
        figure : FigurePrediction
            Boxes are in pixels of ``pending.shown``.
        pending : Pending
        """
        shown = pending.shown
        if shown is None:
            return
        for panel in figure.panels:
            cut = crop(shown, panel.box)
            record = self._record(whole, panel, shown)
            record = replace(record, phash=phash(cut))
            preview = None
            if self._options.thumbnails:
                preview = thumbnail(cut, self._options.thumbnail_side)
            if self._saver and pending.saved is not None:
                record = self._saver.saved(
                    _cropped(pending.saved, record, panel.box, shown), record
                )
            yield Outcome(record, preview, None)

    def _record(self, whole: Record, panel: PanelPrediction, shown: Pixels) -> Record:
        height, width = shown.shape[:2]
        size = (whole.width or width, whole.height or height)
        if (size[0] - size[1]) * (width - height) < 0:
            # A picture that its file says to turn: places are those of what one sees.
            size = size[::-1]
        box = scaled(panel.box, (size[0] / width, size[1] / height), size)
        record = replace(
            whole,
            locator=", ".join(filter(None, (whole.locator, panel.locator))),
            panels=None,
            panel=panel.number,
            panel_bbox=box,
            sha256=_digest(whole.sha256, box),
            width=box[2] - box[0],
            height=box[3] - box[1],
            reason="",
            ms=0.0,
        )
        return with_verdict(record, panel.prediction)


def _digest(figure: str, box: PixelBox) -> str:
    """Of the digest of the figure and the place in it: a panel has no bytes of its own."""
    return hashlib.sha256(f"{figure} {box[0]} {box[1]} {box[2]} {box[3]}".encode()).hexdigest()


def _cropped(picture: Picture, record: Record, box: PixelBox, shown: Pixels) -> Picture:
    height, width = picture.pixels.shape[:2]
    factor = (width / shown.shape[1], height / shown.shape[0])
    pixels = crop(picture.pixels, scaled(box, factor, (width, height)))
    return replace(picture, pixels=pixels, data=None, sha256=record.sha256)
