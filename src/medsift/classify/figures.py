"""A figure and its panels: where they are, what each one is, and what that says of the whole."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.classify.ensemble import Output
from medsift.classify.panel_spec import PanelSpec
from medsift.classify.prediction import Prediction
from medsift.core.picture import Pixels
from medsift.decode.panels import SIDE, Box, find_panels, rows_of

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class PanelPrediction:
    """The verdict on one panel.

    Attributes
    ----------
    number : int
        In reading order, from 1.
    letter : str
        As figures of this layout have it, ``a`` first; empty where the panels stand in no rows
        that would tell.
    box : tuple of int
        x0, y0, x1, y1 in pixels of the figure, from the upper left corner.
    prediction : Prediction
    """

    number: int
    letter: str
    box: Box
    prediction: Prediction

    @property
    def locator(self) -> str:
        """For people: ``panel b``, or ``panel 2`` where no letter can be told."""
        return f"panel {self.letter or self.number}"


@dataclass(frozen=True, slots=True)
class FigurePrediction:
    """The verdict on a figure, and those on its panels.

    Attributes
    ----------
    prediction : Prediction
        Of the whole. Where its panels decided, its ``reason`` says ``panel``.
    panels : tuple of PanelPrediction
        In reading order, at least two; empty where the figure has one panel, or none was looked
        for.
    decided : int or None
        Number of the panel that decided; None where the whole did.
    """

    prediction: Prediction
    panels: tuple[PanelPrediction, ...] = ()
    decided: int | None = None


def panels_of(pixels: Pixels) -> tuple[Box, ...]:
    """Find the panels of a picture of any size, in its pixels; see :func:`find_panels`."""
    height, width = pixels.shape[:2]
    factor = max(height, width) / SIDE
    if factor <= 1:
        return find_panels(pixels)
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    image = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    across, down = width / size[0], height / size[1]
    return tuple(
        (
            int(x0 * across),
            int(y0 * down),
            min(width, round(x1 * across)),
            min(height, round(y1 * down)),
        )
        for x0, y0, x1, y1 in find_panels(np.asarray(image, dtype=np.uint8))
    )


def scaled(box: Box, factor: tuple[float, float], size: tuple[int, int]) -> Box:
    """A box in pixels of another size of the same picture: factors and size are x, then y."""
    x0, y0, x1, y1 = box
    return (
        round(x0 * factor[0]),
        round(y0 * factor[1]),
        min(size[0], round(x1 * factor[0])),
        min(size[1], round(y1 * factor[1])),
    )


def crop(pixels: Pixels, box: Box) -> Pixels:
    """A panel of a figure."""
    x0, y0, x1, y1 = box
    return np.ascontiguousarray(pixels[y0:y1, x0:x1])


def letters_of(boxes: Sequence[Box]) -> list[str]:
    """The letters of panels in reading order, if they stand in rows that tell their order."""
    rows = rows_of(boxes)
    apart = all(
        max(box[1] for box in lower) >= min(box[3] for box in upper) - 0.1 * _height(upper)
        and min(box[1] for box in lower) >= max(box[3] for box in upper) - 0.1 * _height(upper)
        for upper, lower in itertools.pairwise(rows)
    )
    if not apart or len(boxes) > len(_LETTERS):
        return [""] * len(boxes)
    return list(_LETTERS[: len(boxes)])


def combined(
    spec: PanelSpec, whole: Output, panels: Sequence[Output], medical: NDArray[np.bool_]
) -> tuple[Output, int]:
    """What a figure is, by itself and by its panels.

    Parameters
    ----------
    spec : PanelSpec
    whole : Output
    panels : sequence of Output
        At least one.
    medical : ndarray of bool, shape (classes,)

    Returns
    -------
    Output
        Of the whole. Which medical kinds are how probable is taken from the panel.
    int
        Place of the most probable panel.
    """
    best = max(range(len(panels)), key=lambda place: panels[place].p_medical)
    p_medical = spec.combined(whole.p_medical, panels[best].p_medical)
    inside = _shares(panels[best].probabilities, medical)
    outside = _shares(whole.probabilities, ~medical)
    probabilities = inside * p_medical + outside * (1 - p_medical)
    return replace(whole, probabilities=probabilities, p_medical=p_medical), best


def _shares(probabilities: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    kept = np.where(chosen, probabilities, 0.0)
    total = float(kept.sum())
    if total > 0:
        return kept / total
    even: NDArray[np.float64] = chosen / max(1, int(chosen.sum()))
    return even


def _height(row: Sequence[Box]) -> int:
    return max(box[3] - box[1] for box in row)
