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
        All where empty.
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
        if record.label not in self.labels or (self.kinds and record.kind not in self.kinds):
            return False
        text = self.text.strip().casefold()
        places = (record.source, record.locator, record.member, record.url)
        return not text or any(text in place.casefold() for place in places)


def is_trimming(found: Found) -> bool:
    """Whether a picture is a logo or an icon, of which documents are full."""
    record = found.record
    side = max(record.width or 0, record.height or 0)
    return record.label != "medical" and (record.kind in _TRIMMINGS or side < _ICON_PIXELS)


def stacks(found: Sequence[Found]) -> list[tuple[Found, int]]:
    """Frames of one animation, cine loop or volume as one: its middle frame, and their number."""
    members: dict[tuple[object, ...], list[Found]] = {}
    for each in found:
        record = each.record
        key: tuple[object, ...] = (each.number,)
        if record.frame is not None:
            key = (each.order, record.source, record.member, record.page, record.url)
        members.setdefault(key, []).append(each)
    return [(frames[len(frames) // 2], len(frames)) for frames in members.values()]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many pictures there are of each label and kind."""

    labels: Counter[str]
    kinds: Counter[str]

    @classmethod
    def of(cls, found: Sequence[Found]) -> Counts:
        """Count."""
        return cls(
            Counter(each.record.label for each in found),
            Counter(each.record.kind for each in found if each.record.kind),
        )
