"""Which places of a picture decided the verdict.

Class activation mapping (Zhou et al. 2016, "Learning Deep Features for Discriminative
Localization"): the networks average their last features over the picture before they classify,
so the same classifier can be applied at each place alone. Its logits there, of which the
picture's logits are the mean, become log-odds of what is asked about, less those of a place that
says nothing (all logits alike). That needs one run of the network and no gradients.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.classify.card import MemberSpec, ModelCard, ModelClass
from medsift.classify.prediction import Prediction
from medsift.classify.preprocess import Preprocess, framing_of
from medsift.core.errors import UsageError
from medsift.core.picture import Pixels

LONGEST_SIDE = 2048
"""Longer side, in pixels, to which pictures are shrunk before they are explained."""

# Orange speaks for the target and blue against it: told apart with every colour vision
# (Okabe and Ito 2008, "Color Universal Design").
_FOR = np.array([230.0, 120.0, 0.0])
_AGAINST = np.array([0.0, 114.0, 178.0])
_LUMINANCE = np.array([0.299, 0.587, 0.114])
_SMALL_SIDE = 12
_MOST_OPAQUE = 0.65
# Odds of about 7 to 1. Where no place says more than that, colours stay pale.
_LEAST_SCALE = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Which places of a picture speak for a label or kind, and which against it.

    Attributes
    ----------
    prediction : Prediction
        The verdict on the picture.
    target : str
        What the map is about: ``medical``, ``non_medical`` or the name of a kind.
    heat : ndarray of float32, shape (h, w)
        Evidence at each place: log-odds of the target, natural logarithm, less those of a
        place that says nothing. Above 0 where the place speaks for the target, below 0 where
        it speaks against it, 0 where the networks do not look. The size is that of the
        picture, shrunk to a longer side of :data:`LONGEST_SIDE` where needed.
    overlay : ndarray of uint8, shape (h, w, 3)
        The picture in grey, orange where the map is above 0 and blue where it is below.
    """

    prediction: Prediction
    target: str
    heat: NDArray[np.float32] = field(repr=False)
    overlay: Pixels = field(repr=False)


def target_classes(card: ModelCard, target: str) -> NDArray[np.bool_]:
    """Which classes of a model make up a target.

    Parameters
    ----------
    card : ModelCard
    target : str
        A label or the name of a kind.

    Returns
    -------
    ndarray of bool, shape (classes,)

    Raises
    ------
    UsageError
        The model has no such label or kind, or nothing else to weigh it against.
    """
    chosen = np.array([target in _names(c) for c in card.classes])
    if not chosen.any():
        names = ", ".join(["medical", "non_medical", *(c.name for c in card.classes)])
        raise UsageError(f"the model knows no kind {target!r}; it knows {names}")
    if chosen.all():
        raise UsageError(f"the model knows nothing but {target!r}, so nothing can be told from it")
    return chosen


def evidence(logits: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Log-odds of the chosen classes at each place, less those of logits that are all alike.

    Parameters
    ----------
    logits : ndarray of float64, shape (classes, h, w)
    chosen : ndarray of bool, shape (classes,)

    Returns
    -------
    ndarray of float64, shape (h, w)
        Log of the softmax sum of the chosen classes over that of all others; means instead of
        sums, which takes the numbers of the classes out.
    """
    return _log_mean(logits[chosen]) - _log_mean(logits[~chosen])


def heat_map(
    class_maps: Iterable[tuple[MemberSpec, NDArray[np.float64]]],
    chosen: NDArray[np.bool_],
    size: tuple[int, int],
) -> NDArray[np.float32]:
    """Average the members' evidence at each place of a picture.

    Parameters
    ----------
    class_maps : iterable of (MemberSpec, ndarray of shape (classes, h, w))
        Of one picture, see :class:`medsift.classify.ensemble.Output`.
    chosen : ndarray of bool, shape (classes,)
        The classes that make up the target.
    size : tuple of int
        Width and height of the picture in pixels.

    Returns
    -------
    ndarray of float32, shape (height, width)
    """
    maps = [
        _on_picture(evidence(maps, chosen).astype(np.float32), member.preprocess, size)
        for member, maps in class_maps
    ]
    mean: NDArray[np.float32] = np.mean(maps, axis=0, dtype=np.float32)
    return mean


def small_map(
    class_maps: Iterable[tuple[MemberSpec, NDArray[np.float64]]],
    chosen: NDArray[np.bool_],
    size: tuple[int, int],
) -> bytes:
    """Make a map that is small enough to keep one of every picture.

    Parameters
    ----------
    class_maps, chosen, size
        See :func:`heat_map`.

    Returns
    -------
    bytes
        Columns and rows, a byte each, both at most 12; then the evidence by rows as signed
        bytes, in eighths, from -127 to 127.
    """
    factor = min(1.0, _SMALL_SIDE / max(size))
    columns, rows = (max(1, round(side * factor)) for side in size)
    heat = heat_map(class_maps, chosen, (columns, rows))
    eighths = np.clip(np.rint(heat * 8), -127, 127).astype(np.int8)
    return bytes([columns, rows]) + eighths.tobytes()


def overlay(pixels: Pixels, heat: NDArray[np.float32]) -> Pixels:
    """Lay a map over a picture.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    heat : ndarray of float32, shape (h, w)

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        The picture in grey; the colour is the more opaque, the farther from 0 the map is, in
        proportion to its largest value.
    """
    scale = max(_LEAST_SCALE, float(np.abs(heat).max(initial=0.0)))
    result = np.empty_like(pixels)
    # In bands of rows, so that a large picture does not need many times its memory.
    for top in range(0, len(pixels), 256):
        rows = slice(top, top + 256)
        grey = (pixels[rows] @ _LUMINANCE)[..., None]
        strength = heat[rows, :, None] / scale
        opacity = np.abs(strength) * _MOST_OPAQUE
        colour = np.where(strength > 0, _FOR, _AGAINST)
        result[rows] = np.rint(grey * (1 - opacity) + colour * opacity)
    return result


def shrunk(pixels: Pixels) -> Pixels:
    """The picture, with its longer side at most :data:`LONGEST_SIDE`."""
    height, width = pixels.shape[:2]
    factor = LONGEST_SIDE / max(height, width)
    if factor >= 1:
        return pixels
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    image = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(image, dtype=np.uint8)


def _names(model_class: ModelClass) -> Sequence[str]:
    return model_class.name, model_class.label


def _log_mean(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    # Less the largest, so that no exponential overflows.
    largest = logits.max(axis=0)
    mean: NDArray[np.float64] = np.log(np.exp(logits - largest).mean(axis=0)) + largest
    return mean


def _on_picture(
    grid: NDArray[np.float32], spec: Preprocess, size: tuple[int, int]
) -> NDArray[np.float32]:
    """Bring a map of a network's square to the pixels of the picture, between places linearly."""
    view = framing_of(*size, spec)
    left, top, right, bottom = view.seen
    rows, columns = grid.shape
    x0, y0, x1, y1 = view.square
    image = Image.fromarray(grid).resize(
        (right - left, bottom - top),
        Image.Resampling.BILINEAR,
        box=(x0 * columns, y0 * rows, x1 * columns, y1 * rows),
    )
    result = np.zeros((size[1], size[0]), dtype=np.float32)
    result[top:bottom, left:right] = np.asarray(image)
    return result
