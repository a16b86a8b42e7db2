"""What of the found pictures is shown: by verdict, kind and name, in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from medsift.app.user_session import Found

Order: TypeAlias = Literal["auto", "found", "medical", "unsure"]

MANY = 24
"""Of more pictures than this, medical ones come first unless the user says otherwise."""

_TRIMMINGS = frozenset({"logo"})
_ICON_PIXELS = 96


@dataclass(frozen=True, slots=True)
class Choice:
    """What a user wants to see.

    Attributes
    ----------
    labels : frozenset of str
    kinds : frozenset of str
        Of a picture or of one of its panels; all where empty.
    text : str
        Part of the name of the source, the place or the member; any case.
    order : {"auto", "found", "medical", "unsure"}
        As found, the most probably medical first, or the least certain first; ``auto`` is as
        found for a few, and the most probably medical first for many, logos and icons last.
    """

    labels: frozenset[str] = frozenset({"medical", "non_medical"})
    kinds: frozenset[str] = frozenset()
    text: str = ""
    order: Order = "auto"

    def of(self, found: Sequence[Found]) -> list[Found]:
        """The pictures that are shown, in the order in which they are."""
        chosen = [each for each in found if self._shows(each)]
        if self.order == "auto" and len(chosen) > MANY:
            chosen.sort(key=lambda each: (is_trimming(each), -(each.record.p_medical or 0.0)))
        elif self.order == "medical":
            chosen.sort(key=lambda each: -(each.record.p_medical or 0.0))
        elif self.order == "unsure":
            chosen.sort(key=lambda each: each.record.confidence or 0.0)
        return chosen

    def _shows(self, found: Found) -> bool:
        record = found.record
        if record.label not in self.labels or (self.kinds and not self.kinds & kinds_in(found)):
            return False
        text = self.text.strip().casefold()
        places = (record.source, record.locator, record.member, record.url)
        return not text or any(text in place.casefold() for place in places)


def kinds_in(found: Found) -> frozenset[str]:
    """The kinds of a picture and of its panels."""
    return frozenset(r.kind for r in (found.record, *found.panels) if r.kind)


def is_trimming(found: Found) -> bool:
    """Whether a picture is a logo or an icon, of which documents are full."""
    record = found.record
    side = max(record.width or 0, record.height or 0)
    return record.label != "medical" and (record.kind in _TRIMMINGS or side < _ICON_PIXELS)


@dataclass(frozen=True, slots=True)
class Stack:
    """What one card stands for.

    Attributes
    ----------
    frames : tuple of Found
        One picture, or all frames of an animation, cine loop or volume.
    """

    frames: tuple[Found, ...]

    @property
    def front(self) -> Found:
        """What the card shows: the frame in the middle, where most is to be seen."""
        return self.frames[len(self.frames) // 2]


def stacks(found: Sequence[Found]) -> list[Stack]:
    """Frames of one animation, cine loop or volume as one card, where the first of them stood."""
    members: dict[tuple[object, ...], list[Found]] = {}
    for each in found:
        record = each.record
        key: tuple[object, ...] = (each.number,)
        if record.frame is not None:
            key = (each.order, record.source, record.member, record.page, record.url)
        members.setdefault(key, []).append(each)
    return [Stack(tuple(sorted(frames, key=_frame))) for frames in members.values()]


def _frame(found: Found) -> int:
    return found.record.frame or 0


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """How many pictures there are of each label and kind."""

    labels: Counter[str]
    kinds: Counter[str]

    @classmethod
    def of(cls, found: Sequence[Found]) -> LabelCounts:
        """Count."""
        return cls(
            Counter(each.record.label for each in found),
            Counter(kind for each in found for kind in kinds_in(each)),
        )
