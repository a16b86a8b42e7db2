"""Which placed images make one picture: strips and tiles side by side, layers on each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from medsift.core.picture import Bbox
from medsift.sources.pdf.geometry import area, intersection, union
from medsift.sources.pdf.placement.placements import Placement

UnitKind: TypeAlias = Literal["single", "tiles", "layers"]

_SAME_SCALE = 0.02
_LAYER_OVERLAP = 0.8
_COVERED = 0.98
_MANY = 4_000


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """Images that are seen as one picture.

    Attributes
    ----------
    kind : {"single", "tiles", "layers"}
        ``tiles`` lie side by side without a gap, also as strips; ``layers`` lie on each other.
    placements : tuple of Placement
        In the order of drawing.
    """

    kind: UnitKind
    placements: tuple[Placement, ...]

    @property
    def bbox(self) -> Bbox:
        """Place in the visible system of the page, of what clip paths leave over."""
        return union([p.seen if p.cut else p.bbox for p in self.placements])


def units_of(
    placements: Sequence[Placement], see_through: Callable[[Placement], bool]
) -> list[Unit]:
    """Group the images of a page, in the order of drawing of their first part.

    Parameters
    ----------
    placements : sequence of Placement
    see_through : callable
        Whether what lies below an image may be seen through it.

    Returns
    -------
    list of Unit
        ``tiles`` are candidates by their geometry alone; whether they belong together is
        settled by their pixels, see :func:`medsift.sources.pdf.pixels.stitch.parts_of`.
    """
    if len(placements) > _MANY:
        return [Unit("single", (p,)) for p in placements]
    units: list[Unit] = []
    for group in _components(placements, _adjacent):
        if len(group) > 1:
            units.append(Unit("tiles", group))
            continue
        units.append(Unit("single", group))
    singles = [u.placements[0] for u in units if u.kind == "single"]
    layered = [
        Unit("layers", group)
        for group in _components(singles, _on_each_other)
        if len(group) > 1 and _shows_through(group, see_through)
    ]
    taken = {p for u in layered for p in u.placements}
    kept = [u for u in units if u.kind == "tiles" or u.placements[0] not in taken]
    order = {p: i for i, p in enumerate(placements)}
    return sorted([*kept, *layered], key=lambda unit: order[unit.placements[0]])


def pixels_per_point(placement: Placement) -> tuple[float, float]:
    """Horizontal and vertical resolution as seen on the page."""
    x0, y0, x1, y1 = placement.bbox
    width, height = placement.upright_size
    return width / max(x1 - x0, 1e-9), height / max(y1 - y0, 1e-9)


def touching_side(
    one: Placement, other: Placement
) -> Literal["left", "right", "top", "bottom", ""]:
    """On which side of ``one`` the other lies, without a gap and flush; empty for none."""
    a, b = one.bbox, other.bbox
    near = _tolerance(one, other)
    if abs(a[1] - b[1]) <= near and abs(a[3] - b[3]) <= near:
        if abs(a[2] - b[0]) <= near:
            return "right"
        if abs(a[0] - b[2]) <= near:
            return "left"
    if abs(a[0] - b[0]) <= near and abs(a[2] - b[2]) <= near:
        if abs(a[1] - b[3]) <= near:
            return "bottom"
        if abs(a[3] - b[1]) <= near:
            return "top"
    return ""


def _tolerance(one: Placement, other: Placement) -> float:
    """A pixel and a half, in points; never much, never less than rounding."""
    density = min(*pixels_per_point(one), *pixels_per_point(other))
    return min(1.5, max(0.1, 1.5 / density)) if density > 0 else 0.1


def _adjacent(one: Placement, other: Placement) -> bool:
    alike = (
        not (one.cut or other.cut or one.hidden or other.hidden)
        and one.placed.quarter_turns == other.placed.quarter_turns
        and one.placed.mirrored == other.placed.mirrored
        and not one.placed.skewed
        and not other.placed.skewed
    )
    return alike and _same_scale(one, other) and touching_side(one, other) != ""


def _same_scale(one: Placement, other: Placement) -> bool:
    sides = zip(
        pixels_per_point(one),
        pixels_per_point(other),
        one.upright_size,
        other.upright_size,
        strict=True,
    )
    # A strip of few pixels cannot tell its resolution better than to one pixel.
    return all(
        abs(a - b) <= max(a, b) * (_SAME_SCALE + 1.0 / max(min(n, m), 1)) for a, b, n, m in sides
    )


def _on_each_other(one: Placement, other: Placement) -> bool:
    if one.hidden or other.hidden:
        return False
    common = area(intersection(one.seen, other.seen))
    return common >= _LAYER_OVERLAP * max(area(one.seen), area(other.seen))


def _shows_through(group: tuple[Placement, ...], see_through: Callable[[Placement], bool]) -> bool:
    """Whether more than the topmost picture is seen."""
    top = group[-1]
    whole = area(union([p.seen for p in group]))
    return see_through(top) or top.clip.shaped or area(top.seen) < _COVERED * whole


def _components(
    placements: Sequence[Placement], linked: Callable[[Placement, Placement], bool]
) -> list[tuple[Placement, ...]]:
    """Connected components; a sweep along y keeps pages with many tiles fast."""
    parent = list(range(len(placements)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    boxes = [p.bbox for p in placements]
    by_bottom = sorted(range(len(placements)), key=lambda i: boxes[i][1])
    active: list[int] = []
    for i in by_bottom:
        active = [j for j in active if boxes[j][3] >= boxes[i][1] - 2.0]
        for j in active:
            if find(i) != find(j) and linked(placements[i], placements[j]):
                parent[find(i)] = find(j)
        active.append(i)
    groups: dict[int, list[Placement]] = {}
    for i, placement in enumerate(placements):
        groups.setdefault(find(i), []).append(placement)
    return [tuple(group) for group in groups.values()]
