"""Figures that are drawn as vectors: where on a page they stand.

The shapes of a page are put on a coarse grid; shapes close to each other make a cluster, and a
cluster is a figure when it holds enough of what rules, tables, frames and outlined letters do
not have: curved or slanting strokes of some size, or rectangles in many colours that lie side by
side, as programs for plots write heat maps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medsift.core.picture import Bbox
from medsift.sources.pdf.geometry import area, intersection, union
from medsift.sources.pdf.placement.components import label
from medsift.sources.pdf.placement.placements import PageFrame
from medsift.sources.pdf.placement.strokes import Shape

_CELL = 4.0
_REACH = 3
_LETTER = 24.0
_MIN_WIDTH, _MIN_HEIGHT = 90.0, 60.0
_MIN_SHAPES = 12
_MIN_SEGMENTS = 60
_BACKGROUND = 0.6
_MOST_OF_PAGE = 0.85
_LARGE_CURVES_OF_A_PAGE = 8
_MOST_TEXT = 0.25
_COVERED_BY_PICTURES = 0.5
_TEXT_MARGIN = 8.0
_MOST_FIGURES = 12
_MIN_CELLS = 16
_SEGMENTS_OF_A_CELL = 5
_CELLS_OF_A_PAGE = 500
_MIN_COLOURS = 6
_FILLED = 0.3


@dataclass(slots=True)
class _Cluster:
    boxes: list[Bbox]
    shapes: int = 0
    segments: int = 0
    large_curves: int = 0
    cells: int = 0
    filled: float = 0.0
    colours: set[tuple[int, int, int]] = field(default_factory=set)

    def is_mosaic(self, box: Bbox) -> bool:
        """Whether it is made of filled rectangles: tables shade theirs in few colours."""
        many = self.cells >= _MIN_CELLS and len(self.colours) >= _MIN_COLOURS
        return many and self.filled >= _FILLED * area(box)


def figures_of(
    shapes: Iterable[Shape],
    texts_of_page: Callable[[], Sequence[Bbox]],
    pictures: Sequence[Bbox],
    frame: PageFrame,
) -> list[Bbox]:
    """Find the boxes of vector figures on a page.

    Parameters
    ----------
    shapes : iterable of Shape
    texts_of_page : callable
        Gives the boxes of the page's text; asked only where there may be a figure.
    pictures : sequence of Bbox
        Of the raster pictures that are reported anyway.
    frame : PageFrame

    Returns
    -------
    list of Bbox
        In the visible system, from top to bottom.
    """
    strokes = [s for s in shapes if area(s.box) < _BACKGROUND * area(frame.box)]
    colours = {s.fill for s in strokes if s.fill is not None}
    if len(colours) < _MIN_COLOURS and not any(s.kind == "curve" for s in strokes):
        return []
    labels = label(_grid([s.box for s in strokes], frame))
    clusters: dict[int, _Cluster] = {}
    for shape in strokes:
        row, column = _cell(shape.box, labels.shape)
        cluster = clusters.setdefault(int(labels[row, column]), _Cluster([]))
        cluster.boxes.append(shape.box)
        cluster.shapes += 1
        cluster.segments += shape.segments
        cluster.large_curves += shape.kind == "curve" and _larger_than_letters(shape.box)
        if shape.fill is not None and shape.kind == "straight":
            # A path may hold all the rectangles of one colour.
            cluster.cells += max(1, shape.segments // _SEGMENTS_OF_A_CELL)
            cluster.filled += area(shape.box)
            cluster.colours.add(shape.fill)
    boxes = [(union(cluster.boxes), cluster) for cluster in clusters.values()]
    candidates = [box for box, cluster in boxes if _is_figure(cluster, box, frame)]
    texts = texts_of_page() if candidates else []
    found = [
        _with_labels(box, texts, frame) for box in candidates if _is_seen(box, texts, pictures)
    ]
    found.sort(key=lambda b: (-b[3], b[0]))
    return _without_nested(found)[:_MOST_FIGURES]


def _is_figure(cluster: _Cluster, box: Bbox, frame: PageFrame) -> bool:
    if box[2] - box[0] < _MIN_WIDTH or box[3] - box[1] < _MIN_HEIGHT:
        return False
    whole_page = area(box) > _MOST_OF_PAGE * area(frame.box)
    if cluster.is_mosaic(box) and (not whole_page or cluster.cells >= _CELLS_OF_A_PAGE):
        return True
    if cluster.large_curves == 0:
        return False
    if cluster.shapes < _MIN_SHAPES and cluster.segments < _MIN_SEGMENTS:
        return False
    return not whole_page or cluster.large_curves >= _LARGE_CURVES_OF_A_PAGE


def _is_seen(box: Bbox, texts: Sequence[Bbox], pictures: Sequence[Bbox]) -> bool:
    """Whether strokes rule in a box, rather than text in a frame or pictures."""
    written = sum(area(intersection(box, text)) for text in texts)
    covered = sum(area(intersection(box, picture)) for picture in pictures)
    return written < _MOST_TEXT * area(box) and covered < _COVERED_BY_PICTURES * area(box)


def _larger_than_letters(box: Bbox) -> bool:
    width, height = box[2] - box[0], box[3] - box[1]
    return max(width, height) > 1.5 * _LETTER and min(width, height) > _LETTER / 3


def _with_labels(box: Bbox, texts: Sequence[Bbox], frame: PageFrame) -> Bbox:
    """Extend a figure by the labels that stand in it or touch its edge."""
    around = (
        box[0] - _TEXT_MARGIN,
        box[1] - _TEXT_MARGIN,
        box[2] + _TEXT_MARGIN,
        box[3] + _TEXT_MARGIN,
    )
    short = 0.5 * (box[2] - box[0])
    near = [t for t in texts if area(intersection(t, around)) > 0 and t[2] - t[0] < short]
    grown = union([box, *near])
    return intersection((grown[0] - 2, grown[1] - 2, grown[2] + 2, grown[3] + 2), frame.box)


def _without_nested(boxes: Sequence[Bbox]) -> list[Bbox]:
    kept: list[Bbox] = []
    for box in sorted(boxes, key=area, reverse=True):
        if all(area(intersection(box, other)) < 0.7 * area(box) for other in kept):
            kept.append(box)
    return [box for box in boxes if box in kept]


def _grid(boxes: Sequence[Bbox], frame: PageFrame) -> NDArray[np.bool_]:
    """Mark where shapes are, and a little around."""
    rows = int(frame.height / _CELL) + 1
    columns = int(frame.width / _CELL) + 1
    grid = np.zeros((rows, columns), dtype=np.bool_)
    for x0, y0, x1, y1 in boxes:
        grid[
            max(0, int(y0 / _CELL) - _REACH) : int(y1 / _CELL) + _REACH + 1,
            max(0, int(x0 / _CELL) - _REACH) : int(x1 / _CELL) + _REACH + 1,
        ] = True
    return grid


def _cell(box: Bbox, shape: tuple[int, ...]) -> tuple[int, int]:
    row = int((box[1] + box[3]) / 2 / _CELL)
    column = int((box[0] + box[2]) / 2 / _CELL)
    return min(row, shape[0] - 1), min(column, shape[1] - 1)
