"""Where the panels of a compound figure lie.

A printed figure is often several pictures in one: side by side, with gutters between them, with
letters, axes and captions in the gutters, or touching. :func:`find_panels` cuts a figure along
its gutters, again and again within the pieces (a recursive X-Y cut: Nagy and Seth 1984,
"Hierarchical representation of optically scanned documents"), keeps the pieces that look like
pictures, and cuts those where others touch, see :mod:`medsift.decode.seams`. What it
was not sure of it then takes by what it found: panels of one figure stand in rows and columns and
have alike sizes. What is left of text, axes and legends is no panel.

Knows of nothing but pixels, needs NumPy alone, and gives the same answer every time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from medsift.core.picture import Pixels
from medsift.decode.boxes import (
    Box,
    are_alike,
    area,
    bands,
    grid,
    length,
    overlap,
    reading_order,
    rows_of,
    slenderness,
)
from medsift.decode.grounds import Ground, grounds_of, planes_of
from medsift.decode.layout import apart, are_abreast, are_near, cells, filled, is_row
from medsift.decode.repeats import cuts
from medsift.decode.seams import Seams, is_drawn_over

__all__ = ["MOST", "SIDE", "Box", "find_panels", "reading_order", "rows_of"]

SIDE = 400
"""Longer side, in pixels, that figures are best shrunk to before they are looked at."""

MOST = 100
"""Panels of a figure that are told at most; what seems to have more is a texture or a table."""

_LEAST_SIDE = 0.04
_LEAST_PIXELS = 14
_LEAST_FIGURE = 96
_MOST_SLENDER = 5.0
_MOST_SLENDER_ALONE = 1.5
_MOST_CUTS = 160
_DEPTH = 8
_SEAM_DEPTH = 4
_OTHER_GROUND = 0.3
_STRAIGHT = 0.75
_STRAIGHT_IN_ALL = 2.6
_FILLED = 0.6
_PLAIN_SHARE = 0.88
_PLAIN_AT_SEAMS = 0.8
_TONES = 5
_PAPER_IN_PRINT = 0.5
_LIGHT = 224
_STROKES = 6
_ALL_OVER = 0.9
_EMPTY = 0.97
_PICTURES = 0.6
_MOST_UNLIKE = 25
_MOST_UNLIKE_IN_PAIR = 3
_LEAST_CHART = 0.15
_MOST_SLENDER_CHART = 3.0
_AXIS = 0.8
_CHART_GROUND = 0.4
_MOST_OF_IT = 0.5
_SEAMED = 0.03
_MUCH_BLACK = 0.12
_LEAST_IN_ROW = 3
_IN_ROWS = 0.5
_THIN = 3
_NEARLY_ALL = 0.8
_MOST_TRIED = 4


def find_panels(pixels: Pixels) -> tuple[Box, ...]:
    """Tell the panels of a figure.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        The whole figure; best shrunk to a longer side of :data:`SIDE`, as time grows with pixels.

    Returns
    -------
    tuple of Box
        In reading order, at least two; empty where there is one panel, or none that can be told.
    """
    if min(pixels.shape[:2]) < 2 * _LEAST_PIXELS or max(pixels.shape[:2]) < _LEAST_FIGURE:
        return ()
    found = _Cutter(pixels).panels()
    return tuple(reading_order(found)) if 2 <= len(found) <= MOST else ()


class _Cutter:
    """One figure while it is cut."""

    def __init__(self, pixels: Pixels) -> None:
        height, width = pixels.shape[:2]
        self._whole: Box = (0, 0, width, height)
        self._planes = planes_of(pixels)
        # Green alone is nearly the luminance, and costs a sixth.
        self._luma = self._planes[1]
        self._grounds = grounds_of(self._planes)
        self._seams = Seams(self._planes)
        self._least: float = max(_LEAST_PIXELS, _LEAST_SIDE * max(height, width))
        self._ground: Ground | None = None
        self._cuts = 0
        self._rejected: dict[Box, None] = {}
        self._framed: dict[Box, Ground] = {}

    def panels(self) -> list[Box]:
        found = self._cut(self._whole, None, _DEPTH)
        is_whole = found == [self._whole]
        found = [inner for box in found for inner in self._touching(box, found)]
        if len(found) < 2 and not is_whole:
            found = max(found, self._touching(self._whole, []), key=len)
        repeated = self._repeated(found) if len(found) < 2 else []
        found = found if found != [self._whole] else []
        found += self._touching_on_ground(found)
        found = max(self._in_rows(found), repeated, key=len)
        if len(found) < 2:
            found = max(found, self._charts_alone(), key=len)
        found += self._like(found)
        found = [cell for box in found for cell in cells(box, found)]
        found += self._missing(found)
        found += self._charts(found)
        if len(found) < 2:
            return []
        least = max(map(area, found)) / (_MOST_UNLIKE if len(found) > 2 else _MOST_UNLIKE_IN_PAIR)
        found = [box for box in found if area(box) >= least]
        return found if self._are_most(found) and are_near(found) else []

    def _are_most(self, found: Sequence[Box]) -> bool:
        """Whether panels are most of what there is besides the ground: else they are its parts."""
        if self._ground is None:
            return True
        ink = (1 - self._ground.share(self._whole)) * area(self._whole)
        inside = sum((1 - self._ground.share(box)) * area(box) for box in found)
        return inside >= _MOST_OF_IT * ink

    def _cut(self, box: Box, outer: Ground | None, depth: int) -> list[Box]:
        """Panels inside a piece that lies on ``outer``; the piece itself, if it is one."""
        is_panel = self._is_panel(box, outer)
        if depth and self._cuts < _MOST_CUTS:
            for ground, pieces in self._ways(box, outer):
                self._cuts += 1
                found = [inner for piece in pieces for inner in self._cut(piece, ground, depth - 1)]
                if len(found) > (is_panel and outer is not None):
                    # The last word is that of the outermost cut.
                    self._ground = ground
                    return found
        if is_panel:
            return [box]
        if outer is not None and self._is_large(box):
            self._rejected[box] = None
            if self._is_framed(box, outer):
                self._framed[box] = outer
        return []

    def _ways(self, box: Box, outer: Ground | None) -> list[tuple[Ground, list[Box]]]:
        """Ways to cut a piece along gutters, those along the widest first."""
        ways = []
        is_small = area(box) < _OTHER_GROUND * area(self._whole)
        for ground in self._grounds:
            if is_small and outer is not None and ground is not outer:
                continue
            inner = ground.trimmed(box)
            if inner is None or not self._is_large(inner):
                continue
            for axis in (0, 1):
                pieces, widest = ground.pieces(inner, axis)
                if len(pieces) > 1 and not self._is_ruled(pieces, axis):
                    ways.append((widest, ground, pieces))
            if inner != box and ground is not outer:
                ways.append((0, ground, [inner]))
        ways.sort(key=lambda way: -way[0])
        return [(ground, self._trimmed(pieces, ground)) for _, ground, pieces in ways[:3]]

    def _is_ruled(self, pieces: Sequence[Box], axis: int) -> bool:
        """Whether a figure is cut in two, and is one picture with a thin line over it."""
        (x0, y0), (x1, y1) = pieces[0][:2], pieces[-1][2:]
        start, end = pieces[0][axis + 2], pieces[1][axis]
        if len(pieces) > 2 or end - start > _THIN:
            return False
        if area((x0, y0, x1, y1)) < _NEARLY_ALL * area(self._whole):
            return False
        luma = self._luma[y0:y1, x0:x1]
        first = pieces[0][axis]
        return is_drawn_over((luma.T if axis == 0 else luma)[:, ::2], start - first, end - first)

    def _trimmed(self, pieces: Sequence[Box], ground: Ground) -> list[Box]:
        """Pieces without their margins; those that are large enough to be something."""
        large = (ground.trimmed(piece) for piece in pieces if self._is_large(piece))
        return [piece for piece in large if piece is not None and self._is_large(piece)]

    def _touching(self, box: Box, found: Sequence[Box], depth: int = _SEAM_DEPTH) -> list[Box]:
        """A picture, or the pictures that it is made of where they touch."""
        if not depth or area(box) < _SEAMED * area(self._whole):
            return [box]
        alike = sum(are_alike(box, other) for other in found)
        # Gutters leave single pictures rather than seams do, which may leave blocks of a grid.
        if alike > (1 if depth == _SEAM_DEPTH else 3) and slenderness(box) < _MOST_SLENDER_ALONE:
            # One of several like it, and none of them is a row.
            return [box]
        columns = self._seams.places(box, 0, self._least)
        rows = self._seams.places(box, 1, self._least)
        if not (columns or rows):
            return [box]
        pieces = grid(box, columns, rows)
        fitting = self._is_mottled if len(columns) > 1 and len(rows) > 1 else self._is_shaded
        if sum(map(fitting, pieces)) < max(2, _PICTURES * len(pieces)):
            return [box]
        return [inner for piece in pieces for inner in self._touching(piece, pieces, depth - 1)]

    def _repeated(self, found: Sequence[Box]) -> list[Box]:
        """Pictures on black that look alike and have nothing between them."""
        dark = next((ground for ground in self._grounds if ground.is_dark), None)
        if dark is None or dark.share(self._whole) < _MUCH_BLACK:
            return []
        for box in dict.fromkeys((*found, self._whole)):
            columns, rows = (
                [box[axis] + place for place in cuts(self._luma, box, axis, self._least)]
                for axis in (0, 1)
            )
            if columns or rows:
                parts = grid(box, columns, rows)
                return [cell for cell in parts if dark.share(cell) < _EMPTY]
        return []

    def _touching_on_ground(self, found: Sequence[Box]) -> list[Box]:
        """Panels that touch on black and are no single picture with straight sides, together."""
        if not any(ground.is_dark for ground in self._grounds):
            return []
        large = [box for box in self._rejected if area(box) >= _SEAMED * area(self._whole)]
        taken: list[Box] = []
        for box in sorted(large, key=area, reverse=True)[:_MOST_TRIED]:
            if not any(overlap(box, other) for other in (*found, *taken)):
                parts = self._touching(box, [])
                taken += parts if len(parts) > 2 else []
        return taken

    def _is_large(self, box: Box) -> bool:
        return min(length(box, 0), length(box, 1)) >= self._least

    def _is_panel(self, box: Box, outer: Ground | None) -> bool:
        if outer is None:
            return True
        if slenderness(box) > _MOST_SLENDER:
            return False
        columns, rows = outer.lines(box, 0), outer.lines(box, 1)
        # Of the two outermost lines the busier one, since the outermost may be blurred.
        sides = sorted(
            1 - float(min(line[outermost], line[next_to]))
            for line in (columns, rows)
            for outermost, next_to in ((0, 1), (-1, -2))
        )
        if sides[1] < _STRAIGHT or sum(sides) < _STRAIGHT_IN_ALL or outer.share(box) > 1 - _FILLED:
            return False
        return self._is_picture(box)

    def _is_picture(self, box: Box) -> bool:
        """Whether there are tones enough for a picture: bars, keys and boxes of text have few."""
        plain, tones = self._tones(box)
        if plain >= _PLAIN_SHARE or tones < _TONES:
            return False
        return plain < _PAPER_IN_PRINT or not self._is_written(box)

    def _is_shaded(self, box: Box) -> bool:
        """Whether there is no doubt that a piece is a picture, as seams are found in drawings."""
        plain, tones = self._tones(box)
        return plain < _PLAIN_AT_SEAMS and tones >= _TONES

    def _is_mottled(self, box: Box) -> bool:
        """Whether there is anything in a piece."""
        return self._tones(box)[1] > 1

    def _tones(self, box: Box) -> tuple[float, int]:
        """Part of a piece that has its most frequent tone, and how many tones it has."""
        x0, y0, x1, y1 = box
        step = 2 if area(box) > 10_000 else 1
        counts = np.bincount(self._luma[y0:y1:step, x0:x1:step].ravel() >> 4, minlength=16)
        shares = counts / counts.sum()
        # Two tones side by side, as one that lies between them is told to both.
        return float((shares[1:] + shares[:-1]).max()), int((shares > 0.01).sum())

    def _is_written(self, box: Box) -> bool:
        """Whether there is light paper all over a piece, between strokes: text or a drawing."""
        x0, y0, x1, y1 = box
        x1, y1 = x1 - (x1 - x0) % _STROKES, y1 - (y1 - y0) % _STROKES
        light = self._luma[y0:y1, x0:x1] >= _LIGHT
        rows = np.logical_or.reduceat(light, range(0, y1 - y0, _STROKES), axis=0)
        blocks = np.logical_or.reduceat(rows, range(0, x1 - x0, _STROKES), axis=1)
        return bool(blocks.mean() >= _ALL_OVER)

    def _in_rows(self, found: list[Box]) -> list[Box]:
        """Pieces on black without straight sides, as slices are, if they stand in a row."""
        ground = self._ground or next((g for g in self._grounds if g.is_dark), None)
        if ground is None or not ground.is_dark:
            return found
        ragged = apart(
            box
            for box in self._rejected
            if not any(overlap(box, other) for other in found) and self._is_picture(box)
        )
        if not ragged:
            return found
        rows = [row for row in rows_of(found + ragged) if is_row(row)]
        if sum(map(len, rows)) < _IN_ROWS * len(found + ragged):
            return found
        longest = max(map(len, rows), default=0)
        # Pairs below one another must be of one height, as chance makes some pairs.
        are_pairs = len(rows) > 1 and is_row([box for row in rows for box in row])
        if len(found) < 2 and longest < _LEAST_IN_ROW and not are_pairs:
            return found
        self._ground = ground
        taken = [box for row in rows for box in filled(row, self._whole)]
        return taken + [b for b in found if not any(overlap(b, other) for other in taken)]

    def _missing(self, found: Sequence[Box]) -> Iterator[Box]:
        """Cells of a grid between panels that are not plain: a picture on a ground of its own."""
        if len(found) < 3 or self._ground is None:
            return
        columns, rows = bands(found, 0), bands(found, 1)
        if len(columns) * len(rows) > 2 * len(found):
            return
        for top, low in rows:
            for left, right in columns:
                cell = (left, top, right, low)
                if not any(overlap(cell, box) for box in found) and (
                    self._ground.share(cell) < _EMPTY
                ):
                    yield cell

    def _is_framed(self, box: Box, outer: Ground) -> bool:
        """Whether a piece has axes: a line all along its left side, and one along its bottom."""
        width, height = length(box, 0), length(box, 1)
        if min(width, height) < _LEAST_CHART * max(self._whole):
            return False
        if slenderness(box) > _MOST_SLENDER_CHART:
            return False
        columns, rows = 1 - outer.lines(box, 0), 1 - outer.lines(box, 1)
        left, bottom = columns[: max(2, width // 4)], rows[-max(2, height // 4) :]
        return float(left.max()) >= _AXIS and float(bottom.max()) >= _AXIS

    def _charts(self, found: Sequence[Box]) -> list[Box]:
        """Charts beside pictures, if they are not much smaller than these."""
        if not found:
            return []
        least = sorted(map(area, found))[len(found) // 2] / 3
        taken = list(found)
        for box in sorted(self._framed, key=area):
            if area(box) < least:
                continue
            # A picture or two and a frame are less than a row: they must look like one.
            if len(found) < _LEAST_IN_ROW and not (
                self._framed[box].share(box) >= _CHART_GROUND
                and any(are_abreast(box, other) for other in found)
            ):
                continue
            if not any(overlap(box, other) for other in taken):
                taken.append(box)
        return taken[len(found) :]

    def _charts_alone(self) -> list[Box]:
        """Charts beside charts of their size."""
        framed = [b for b, ground in self._framed.items() if ground.share(b) >= _CHART_GROUND]
        single = apart(framed)
        return [b for b in single if any(b != o and are_alike(b, o, 0.12) for o in single)]

    def _like(self, found: Sequence[Box]) -> list[Box]:
        """What was rejected, but has the size of a panel in its row or column: a mask, say."""
        return [
            box
            for box in self._rejected
            if any(are_alike(box, panel) for panel in found)
            and not any(overlap(box, panel) for panel in found)
        ]
