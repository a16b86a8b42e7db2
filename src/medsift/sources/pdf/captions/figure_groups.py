"""Which pictures of a page are one printed figure, and which caption is theirs.

Pictures that abut, overlap, or stand close in rows and columns are a group. A caption belongs to
the group that it is nearest to: captions of a page stand mostly on the same side, so both sides
are tried and the one on which they come nearer is taken. Groups that have one caption between
them, and no other text of any length, are one figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from medsift.core.picture import Bbox
from medsift.sources.pdf.captions.captions import Caption, PageText
from medsift.sources.pdf.captions.links import Links, gaps
from medsift.sources.pdf.geometry import area, intersection, union

_IN_LINE = 0.5
_IN_COLUMN = 0.4
"""Less than a half: rows of unlike number are centred, as bricks are laid."""

_FAR = 90.0
"""Points from a figure to its caption at most."""

_BESIDE = 40.0
_CENTRED = 0.08
_OTHER_SIDE = 60.0
_SAME = 0.5
_PARAGRAPH = 0.55
"""Share of a group's width from which on a line between two of them is text and no label."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A printed figure.

    Attributes
    ----------
    number : int
        On its page, from 1, from top to bottom.
    boxes : tuple of Bbox
        Of its pictures.
    caption : Caption or None
    """

    number: int
    boxes: tuple[Bbox, ...]
    caption: Caption | None = None

    @property
    def box(self) -> Bbox:
        """Around all of its pictures."""
        return union(list(self.boxes))


def figures_with_captions(
    boxes: Sequence[Bbox], text: PageText, ink_of: Callable[[Bbox], Bbox] = lambda box: box
) -> list[Figure]:
    """Group the pictures of a page into figures.

    Parameters
    ----------
    boxes : sequence of Bbox
        Of pictures, in the visible system of the page.
    text : PageText
    ink_of : callable
        Gives the part of a box that is not bare paper; asked only of pictures that stand close
        to another one and have no caption.
    """
    pictures = list(boxes)
    owners = _owners(pictures, text)
    figures: list[tuple[list[Bbox], Caption | None]] = []
    for caption in dict.fromkeys(owners.values()):
        members = [pictures[i] for i, owner in owners.items() if owner is caption]
        figures.append((members, caption))
    rest = [box for i, box in enumerate(pictures) if i not in owners]
    figures += [(group, None) for group in _components(rest, Links(text, ink_of).together)]
    figures.sort(key=lambda figure: (-union(figure[0])[3], union(figure[0])[0]))
    return [
        Figure(number, tuple(members), caption)
        for number, (members, caption) in enumerate(figures, start=1)
    ]


def figure_at(figures: Sequence[Figure], box: Bbox) -> Figure | None:
    """Find the figure of which a picture at some place is a part."""
    shares = [
        (max(area(intersection(box, own)) for own in figure.boxes), figure) for figure in figures
    ]
    share, figure = max(shares, key=lambda pair: pair[0], default=(0.0, None))
    return figure if share >= _SAME * area(box) and share > 0 else None


def _components(boxes: list[Bbox], linked: Callable[[Bbox, Bbox], bool]) -> list[list[Bbox]]:
    rest = list(range(len(boxes)))
    found = []
    while rest:
        group = [rest.pop(0)]
        for member in group:
            near = [i for i in rest if linked(boxes[member], boxes[i])]
            group += near
            rest = [i for i in rest if i not in near]
        found.append([boxes[i] for i in sorted(group)])
    return found


def _owners(boxes: list[Bbox], text: PageText) -> dict[int, Caption]:
    """Give pictures their caption, where they have one.

    Each caption has the picture that is nearest to it, and from there takes those that go with
    it, the closest ones first: so neighbours with a caption each stay apart.
    """
    if not text.captions:
        return {}
    tried = [_assigned(boxes, text, below) for below in (True, False)]
    seeds = _shared(min(tried, key=lambda found: found[0])[1], boxes, text)
    owners = {i: caption for caption, i in seeds.items()}
    links = Links(text)
    waiting = [step for i in owners for step in _steps(i, owners[i], boxes, owners, links)]
    heapify(waiting)
    while waiting:
        _, start, i = heappop(waiting)
        if i in owners:
            continue
        owners[i] = owners[start]
        for step in _steps(i, owners[i], boxes, owners, links):
            heappush(waiting, step)
    return owners


def _shared(seeds: dict[Caption, int], boxes: list[Bbox], text: PageText) -> dict[Caption, int]:
    """Join captions that stand side by side at one picture: it holds two printed figures."""
    joint = dict(seeds)
    for caption in text.captions:
        if caption in seeds:
            continue
        for other, i in seeds.items():
            level = abs(caption.box[3] - other.box[3]) < caption.height
            within = boxes[i][0] - 5 < caption.box[0] and caption.box[2] < boxes[i][2] + 5
            if level and within and other in joint:
                del joint[other]
                joint[_joined(*sorted((caption, other), key=lambda c: c.box[0]))] = i
                break
    return joint


def _joined(one: Caption, other: Caption) -> Caption:
    return Caption(
        f"{one.label}, {other.label}",
        f"{one.text} {other.text}",
        union([one.box, other.box]),
        one.height,
    )


def _steps(
    start: int, caption: Caption, boxes: list[Bbox], owners: dict[int, Caption], links: Links
) -> Iterator[tuple[float, int, int]]:
    """From one picture to those that may be of the same figure: distance, from, to."""
    own = boxes[start]
    for i, box in enumerate(boxes):
        if i in owners:
            continue
        if links.close(own, box) or (_in_line(own, box, caption) and links.free(own, box)):
            yield max(0.0, *gaps(own, box)), start, i


def _assigned(places: list[Bbox], text: PageText, below: bool) -> tuple[float, dict[Caption, int]]:
    """Pair captions and groups, nearest first, if captions mostly stand below, or above."""
    costs = sorted(
        (cost, number, i)
        for number, caption in enumerate(text.captions)
        for i, place in enumerate(places)
        if (cost := _cost(caption, place, below, places, text)) is not None
    )
    paired: dict[Caption, int] = {}
    total = 0.0
    for cost, number, i in costs:
        caption = text.captions[number]
        if caption not in paired and i not in paired.values():
            paired[caption] = i
            total += cost
    missing = len(text.captions) - len(paired)
    return total + 2 * _FAR * missing, paired


def _cost(
    caption: Caption, place: Bbox, below: bool, places: list[Bbox], text: PageText
) -> float | None:
    """How badly a caption and a group go together; None where not at all."""
    box = caption.box
    shared = min(box[2], place[2]) - max(box[0], place[0])
    beside = min(box[3], place[3]) - max(box[1], place[1])
    height = box[3] - box[1]
    faces = shared > 0.3 * min(box[2] - box[0], place[2] - place[0])
    if faces or _is_centred(box, _row_around(place, places)):
        inside = beside > 0.6 * height
        if inside:
            return 1.0
        under = place[1] + place[3] > box[1] + box[3]
        gap = place[1] - box[3] if under else box[1] - place[3]
        off = abs((box[0] + box[2]) - (place[0] + place[2])) / 8
        cost = max(0.0, gap) + off + (0.0 if under is below else _OTHER_SIDE)
    elif beside > 0.5 * min(height, place[3] - place[1]):
        gap = max(box[0] - place[2], place[0] - box[2])
        if gap > _BESIDE:
            return None
        cost = gap + _OTHER_SIDE
    else:
        return None
    if gap > _FAR or _blocked(caption, place, places, text):
        return None
    return cost


def _row_around(place: Bbox, places: list[Bbox]) -> Bbox:
    """Find the box around all pictures that stand in a row with one."""
    row = [place]
    for other in places:
        across, up = gaps(place, other)
        if across < _FAR and up < -_IN_LINE * min(place[3] - place[1], other[3] - other[1]):
            row.append(other)
    return union(row)


def _is_centred(box: Bbox, around: Bbox) -> bool:
    off = abs((box[0] + box[2]) - (around[0] + around[2])) / 2
    return off < _CENTRED * (around[2] - around[0])


def _blocked(caption: Caption, place: Bbox, places: list[Bbox], text: PageText) -> bool:
    """Whether another picture, caption or paragraph stands between."""
    box = caption.box
    low, high = min(box[3], place[3]), max(box[1], place[1])
    if low >= high:
        return False
    left, right = max(box[0], place[0]), min(box[2], place[2])
    between = (left, low, right, high)
    others = [p for p in places if p != place]
    others += [c.box for c in text.captions if c is not caption]
    if any(area(intersection(between, other)) > 0.5 * _thin(other, between) for other in others):
        return True
    wide = _PARAGRAPH * (place[2] - place[0])
    lines = [
        line
        for line in text.others
        if line.box[2] - line.box[0] > wide
        and len(line.text) > 20
        and area(intersection(between, line.box)) > 0.5 * area(line.box)
    ]
    return len(lines) > 1


def _thin(box: Bbox, between: Bbox) -> float:
    """Area that a box would have between, were it not cut off there."""
    return max(1.0, min(area(box), (between[2] - between[0]) * min(10.0, box[3] - box[1])))


def _in_line(own: Bbox, place: Bbox, caption: Caption) -> bool:
    """Whether a group stands in a row or a column with another, within reach of a caption."""
    across, up = gaps(own, place)
    span = (min(own[0], caption.box[0]) - 5, max(own[2], caption.box[2]) + 5)
    middle = (place[0] + place[2]) / 2
    within = span[0] <= middle <= span[1] or _is_centred(caption.box, union([own, place]))
    if up < -_IN_LINE * min(own[3] - own[1], place[3] - place[1]):
        return within and across < _FAR / 1.5
    if across < -_IN_COLUMN * min(own[2] - own[0], place[2] - place[0]):
        return within and up < _FAR / 3
    return False
