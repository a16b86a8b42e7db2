"""A folder with the plots of an evaluation and its worst mistakes as pictures."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from medsift.core.errors import InputError
from medsift.evaluation.measure import Measurement, read_pixels
from medsift.evaluation.summary import EvaluationSummary, is_right
from medsift.evaluation.suspects import find_suspects, write_suspects

_COLUMNS = 8
_ROWS = 8
_THUMBNAIL = 144
_LINE = 14
_CAPTION = 4 * _LINE + 4
_GAP = 8


@dataclass(frozen=True, slots=True)
class Written:
    """What :func:`write_report` wrote."""

    mistakes: int
    plots: bool


def write_report(
    measurements: Sequence[Measurement], summary: EvaluationSummary, folder: Path
) -> Written:
    """Write suspects, a sheet of the worst mistakes, and plots where matplotlib is at hand.

    Parameters
    ----------
    measurements : sequence of Measurement
    summary : EvaluationSummary
    folder : Path
        Made where it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    worst = worst_mistakes(measurements, _COLUMNS * _ROWS)
    if worst:
        contact_sheet(worst).save(folder / "worst-mistakes.png")
    suspects = find_suspects(measurements)
    write_suspects(suspects, folder / "suspects.csv")
    plots = importlib.util.find_spec("matplotlib") is not None
    if plots:
        from medsift.evaluation.plots import write_plots

        write_plots(measurements, summary, folder)
    return Written(mistakes=len(worst), plots=plots)


def worst_mistakes(measurements: Sequence[Measurement], most: int) -> list[Measurement]:
    """Return the measurements on the wrong side, the most confident first."""
    wrong = [m for m in measurements if m.prediction is not None and not is_right(m)]
    return sorted(wrong, key=_confidence, reverse=True)[:most]


def contact_sheet(measurements: Sequence[Measurement]) -> Image.Image:
    """Draw the pictures as thumbnails: true kind, probability with predicted kind, source, path."""
    columns = min(_COLUMNS, len(measurements))
    rows = -(-len(measurements) // columns)
    wide, high = _THUMBNAIL + _GAP, _THUMBNAIL + _CAPTION + _GAP
    sheet = Image.new("RGB", (columns * wide + _GAP, rows * high + _GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for place, measurement in enumerate(measurements):
        x, y = _GAP + place % columns * wide, _GAP + place // columns * high
        # A frame, for the white pictures on the white sheet.
        draw.rectangle((x - 1, y - 1, x + _THUMBNAIL, y + _THUMBNAIL), outline=(200, 200, 200))
        thumbnail = _thumbnail(measurement)
        if thumbnail is not None:
            left, top = (_THUMBNAIL - side for side in thumbnail.size)
            sheet.paste(thumbnail, (x + left // 2, y + top // 2))
        for line, (text, colour) in enumerate(_caption(measurement)):
            draw.text((x, y + _THUMBNAIL + 2 + line * _LINE), _cut(draw, text), fill=colour)
        path = _end_of(draw, str(measurement.example.path))
        draw.text((x, y + _THUMBNAIL + 2 + 3 * _LINE), path, fill="dimgrey")
    return sheet


def _caption(measurement: Measurement) -> list[tuple[str, str]]:
    example, prediction = measurement.example, measurement.prediction
    verdict = f"{prediction.p_medical:.2f} {prediction.kind}" if prediction else ""
    return [
        (example.kind or example.label, "black"),
        (verdict, "firebrick"),
        (example.source, "dimgrey"),
    ]


def _cut(draw: ImageDraw.ImageDraw, text: str) -> str:
    """Shorten a text to the width of a thumbnail."""
    if draw.textlength(text) <= _THUMBNAIL:
        return text
    while text and draw.textlength(f"{text}..") > _THUMBNAIL:
        text = text[:-1]
    return f"{text}.."


def _end_of(draw: ImageDraw.ImageDraw, path: str) -> str:
    """Shorten a path to the width of a thumbnail; its end is what tells it from others."""
    if draw.textlength(path) <= _THUMBNAIL:
        return path
    while path and draw.textlength(f"..{path}") > _THUMBNAIL:
        path = path[1:]
    return f"..{path}"


def _thumbnail(measurement: Measurement) -> Image.Image | None:
    try:
        image = Image.fromarray(read_pixels(measurement.example, _THUMBNAIL))
    except InputError:
        return None  # gone since it was measured
    image.thumbnail((_THUMBNAIL, _THUMBNAIL))
    return image


def _confidence(measurement: Measurement) -> float:
    return measurement.prediction.confidence if measurement.prediction else 0.0
