"""Pictures on a scanned page: where on the page image photographs and radiographs stand.

A page image is cut into blocks. In a block of text most pixels are paper; in a block of a
photograph or a radiograph hardly any is. Connected dense blocks that fill a good part of their
bounding box, and that hold mid-tones rather than one ink, are proposed. Line drawings on white
paper are not found this way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.core.picture import Pixels
from medsift.sources.pdf.placement.components import boxes_of_components

_SIDE = 960
_BLOCK = 8
_INK = 28
_DENSE = 0.7
_MIN_SHARE = 0.1
_MOST_OF_PAGE = 0.75
_FILL = 0.75
_MIN_PAPER = 0.25
_MIN_PAPER_OUTSIDE = 0.6
_PAPER_BRIGHTNESS = 150
_MIN_DEVIATION = 18.0
_MIN_LEVELS = 24
_LEVEL_SHARE = 0.002
_MOST_PROPOSALS = 12


@dataclass(frozen=True, slots=True)
class Proposal:
    """Part of a page image that looks like a picture.

    Attributes
    ----------
    left, top, right, bottom : float
        As shares of the page image's width and height, y downwards.
    """

    left: float
    top: float
    right: float
    bottom: float


def proposals_of(pixels: Pixels) -> list[Proposal]:
    """Find pictures on the image of a scanned page.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        The whole page, upright.

    Returns
    -------
    list of Proposal
        From top to bottom. Empty where the page has no bright paper.
    """
    grey = _reduced(pixels)
    paper = _paper(grey)
    if paper is None:
        return []
    blocks = _density(grey, paper)
    dense = _closed(blocks >= _DENSE)
    rows, columns = dense.shape
    found = []
    blank = grey >= paper - _INK
    outside = np.ones_like(blank)
    for top, left, bottom, right in boxes_of_components(dense):
        high, wide = bottom - top, right - left
        if high < _MIN_SHARE * rows or wide < _MIN_SHARE * columns:
            continue
        if high * wide > _MOST_OF_PAGE * rows * columns:
            continue
        if dense[top:bottom, left:right].mean() < _FILL:
            continue
        y0, y1, x0, x1 = (v * _BLOCK for v in (top, bottom, left, right))
        if _has_tones(grey[y0:y1, x0:x1]):
            outside[y0:y1, x0:x1] = False
            height, width = grey.shape
            found.append(Proposal(x0 / width, y0 / height, min(1, x1 / width), min(1, y1 / height)))
    if found and blank[outside].mean() < _MIN_PAPER_OUTSIDE:
        return []
    return sorted(found, key=lambda p: (p.top, p.left))[:_MOST_PROPOSALS]


def _reduced(pixels: Pixels) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    factor = min(1.0, _SIDE / max(height, width))
    size = max(_BLOCK, round(width * factor)), max(_BLOCK, round(height * factor))
    # In one step: two would beat with the dots of halftones, and printed photographs be lost.
    image = Image.fromarray(pixels).convert("L").resize(size, Image.Resampling.BOX)
    return np.asarray(image, dtype=np.uint8)


def _paper(grey: NDArray[np.uint8]) -> int | None:
    """Brightness of the paper; None where there is no paper to speak of."""
    counts = np.bincount(grey.ravel(), minlength=256)
    smooth = np.convolve(counts, np.ones(9), mode="same")
    smooth[:_PAPER_BRIGHTNESS] = 0
    level = int(smooth.argmax())
    near = counts[max(0, level - _INK) :].sum()
    return level if near >= _MIN_PAPER * grey.size else None


def _density(grey: NDArray[np.uint8], paper: int) -> NDArray[np.float64]:
    """Share of pixels in each block that are not paper."""
    rows, columns = -(-grey.shape[0] // _BLOCK), -(-grey.shape[1] // _BLOCK)
    ink = np.zeros((rows * _BLOCK, columns * _BLOCK), dtype=np.float64)
    ink[: grey.shape[0], : grey.shape[1]] = grey.astype(np.int16) < paper - _INK
    blocks: NDArray[np.float64] = ink.reshape(rows, _BLOCK, columns, _BLOCK).mean(axis=(1, 3))
    return blocks


def _closed(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fill gaps of one or two blocks: bright parts inside a picture."""
    return _eroded(_dilated(mask))


def _dilated(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    grown: NDArray[np.bool_] = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    wide: NDArray[np.bool_] = grown.copy()
    wide[:, 1:] |= grown[:, :-1]
    wide[:, :-1] |= grown[:, 1:]
    return wide


def _eroded(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    worn: NDArray[np.bool_] = ~_dilated(~mask)
    return worn


def _has_tones(grey: NDArray[np.uint8]) -> bool:
    """Whether a part holds many grey levels, unlike a coloured box or a reversed headline."""
    if float(grey.std()) < _MIN_DEVIATION:
        return False
    levels = np.bincount(grey.ravel() >> 2, minlength=64) / grey.size
    return int((levels > _LEVEL_SHARE).sum()) >= _MIN_LEVELS
