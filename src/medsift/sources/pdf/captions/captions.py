"""Captions on a page, found in its text layer: a label such as "Figure 3", and what belongs to it.

A label begins a caption where it begins a line and is no reference in running text. The lines
after it belong to it as long as they go on as wrapped text does: in the same size and column, with
the same distance, and each broken only where the next word did not fit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from medsift.core.picture import Bbox
from medsift.sources.figure_labels import ANYWHERE, AT_START, LABEL
from medsift.sources.pdf.captions.text_lines import Line, is_seen, joined, lines_of, text_of
from medsift.sources.pdf.geometry import union
from medsift.sources.pdf.placement.page_context import PageContext

_DASHES = frozenset({"", "-", "\u2013", "\u2014"})
_SAME_SIZE = 0.12
_LONGEST = 4_000
_MOST_LINES = 60
_GAP = 0.9
_LOOSER = 0.35
_SPACE = 0.3
_COLUMN = 0.5
_FORMULA = 6.0
"""Gap within a line that a formula may take, in heights of a letter."""

_NEXT = 6.0
_AROUND = 300.0
"""Points around a line within which its column is looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Caption:
    """A caption that a page prints.

    Attributes
    ----------
    label : str
        As printed: ``Figure 3``, ``Abb. 2a``.
    text : str
        All of it, with its label, in one line.
    box : Bbox
        In the visible system of the page.
    height : float
        Of its letters, in points.
    start : int
        Place of its first letter in the text layer.
    """

    label: str
    text: str
    box: Bbox
    height: float
    start: int = 0


@dataclass(frozen=True, slots=True)
class PageText:
    """What of a page's text matters to its figures.

    Attributes
    ----------
    captions : tuple of Caption
    others : tuple of Line
        Lines that are no part of a caption.
    """

    captions: tuple[Caption, ...] = ()
    others: tuple[Line, ...] = ()


def page_text(page_context: PageContext) -> PageText:
    """Read the captions of a page; the geometry of its text only where there may be some."""
    if not AT_START.search(text_of(page_context.page)):
        return PageText()
    found = sorted_out(lines_of(page_context.page, page_context.frame, ANYWHERE))
    seen = tuple(
        caption
        for caption in found.captions
        if is_seen(page_context.page, page_context.frame, caption.box, caption.start)
    )
    return PageText(seen, found.others)


def sorted_out(lines: Sequence[Line]) -> PageText:
    """Tell captions from other text.

    Parameters
    ----------
    lines : sequence of Line
        Of a page, in their order in the file.
    """
    starts = {line: match for line in lines if (match := LABEL.match(line.text.strip()))}
    starts = {line: match for line, match in starts.items() if not _refers(line, match, lines)}
    by_number: dict[str, list[Line]] = {}
    for line, match in starts.items():
        by_number.setdefault(_key(match["label"]), []).append(line)
    for alike in by_number.values():
        # A label that is set off by a mark is the caption; the same without is a reference.
        marked = [line for line in alike if starts[line]["end"].strip()]
        for line in alike if 0 < len(marked) < len(alike) else ():
            if line not in marked:
                del starts[line]
    taken: set[Line] = set()
    captions = []
    for line, match in starts.items():
        own = _gathered(line, [o for o in lines if o not in starts and o not in taken], lines)
        taken.update(own)
        text = " ".join(joined(own).split())[:_LONGEST]
        label = " ".join(match["label"].split())
        captions.append(Caption(label, text, union([o.box for o in own]), line.height, line.start))
    return PageText(tuple(captions), tuple(line for line in lines if line not in taken))


def _key(label: str) -> str:
    return re.sub(r"\D+", " ", label).strip()


def _refers(line: Line, match: re.Match[str], lines: Sequence[Line]) -> bool:
    """Whether a label at the start of a line is a reference in running text."""
    end, rest = match["end"].strip(), match["rest"]
    if rest[:1] in {",", ")", ";", "]"} or re.match(r"\(\w\)\s*[,;)]", rest):
        return True
    if end in _DASHES and rest[:1].islower():
        return True
    if end not in _DASHES:
        return _continues(line, lines) and rest[:1].islower()
    return _continues(line, lines)


def _continues(line: Line, lines: Sequence[Line]) -> bool:
    """Whether a line goes on with a paragraph: another one stands close above, as wide."""
    for other in lines:
        if other is line or not _same_size(line, other):
            continue
        gap = other.box[1] - line.box[3]
        flush = abs(other.box[0] - line.box[0]) < 2.0 * line.height
        wide = other.box[2] - other.box[0] > 8 * line.height
        if flush and wide and -0.5 * line.height < gap < _GAP * line.height:
            return not _ends_sentence(other) or other.box[2] >= line.box[2] - line.height
    return False


def _ends_sentence(line: Line) -> bool:
    return line.text.rstrip().endswith((".", "!", "?", ":", "。"))


def _same_size(one: Line, other: Line) -> bool:
    return abs(one.height - other.height) <= _SAME_SIZE * max(one.height, other.height)


def _gathered(start: Line, others: Sequence[Line], lines: Sequence[Line]) -> list[Line]:
    """Collect the lines of a caption from its first one on."""
    alike = [other for other in others if _same_size(start, other)]
    rows = [_row(start, alike, lines, [])]
    spacing: float | None = None
    while len(rows) < _MOST_LINES:
        last = rows[-1]
        boxes = [line.box for row in rows for line in row]
        left, right = min(box[0] for box in boxes), max(box[2] for box in boxes)
        below = [
            (last[0].box[1] - other.box[3], other.box[0], number)
            for number, other in enumerate(alike)
            if _below(last, other)
        ]
        if not below:
            break
        gap, _, number = min((round(gap), x, number) for gap, x, number in below)
        if gap > _GAP * start.height:
            break
        if spacing is not None and gap > spacing + _LOOSER * start.height:
            break
        row = _row(alike[number], alike, lines, rows)
        if not _wraps(last, row, left, right):
            break
        spacing = gap if spacing is None else min(spacing, gap)
        rows.append(row)
    return [line for row in rows for line in row]


def _row(
    first: Line, others: Sequence[Line], lines: Sequence[Line], above: Sequence[Sequence[Line]]
) -> list[Line]:
    """Put pieces of a line together that formulas stand between, which are no text."""
    row = [first]
    for other in sorted(others, key=lambda line: line.box[0]):
        last = row[-1]
        level = abs(other.box[1] - first.box[1]) < 0.4 * first.height
        gap = other.box[0] - last.box[2]
        near = level and other is not first and 0 < gap < _FORMULA * first.height
        if near and (_runs_across(above, last, other) or _of_one_column(row, other, lines)):
            row.append(other)
    return row


def _runs_across(above: Sequence[Sequence[Line]], last: Line, other: Line) -> bool:
    """Whether an earlier line of the caption has text where a gap is, and reaches as far."""
    return any(
        line.box[0] < last.box[2] and line.box[2] > other.box[0] for row in above for line in row
    ) and any(row[-1].box[2] > other.box[2] - other.height for row in above)


def _of_one_column(row: Sequence[Line], other: Line, lines: Sequence[Line]) -> bool:
    """Whether a gap in a line is no gutter: other lines run across it, and none begin behind it."""
    left, height = row[0].box[0], row[0].height
    near = [
        line
        for line in lines
        if line not in row and line is not other and abs(line.box[1] - other.box[1]) < _AROUND
    ]
    across = sum(
        abs(line.box[0] - left) < 3 * height and line.box[2] > other.box[2] - height
        for line in near
    )
    begin = [line for line in near if abs(line.box[0] - other.box[0]) < 2.0]
    next_to = any(abs(line.box[1] - other.box[1]) < _NEXT * height for line in begin)
    return across >= 2 and not next_to and len(begin) < 3


def _below(upper: Sequence[Line], lower: Line) -> bool:
    left, right = upper[0].box[0], upper[-1].box[2]
    if lower.box[3] > upper[0].box[3] - 0.4 * upper[0].height:
        return False
    common = min(right, lower.box[2]) - max(left, lower.box[0])
    return common > _COLUMN * min(right - left, lower.box[2] - lower.box[0])


def _wraps(last: Sequence[Line], row: Sequence[Line], left: float, right: float) -> bool:
    """Whether a line ends where it does because the first word of the next did not fit."""
    width = max(right - left, row[-1].box[2] - row[0].box[0])
    height = last[0].height
    needed = last[-1].box[2] - last[0].box[0] + _SPACE * height + row[0].first_word
    return needed >= width - 0.6 * height or last[-1].text.endswith(("\u00ad", "-"))
