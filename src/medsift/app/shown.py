"""What of the found pictures is shown: by verdict, kind and name, in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from medsift.app.desk import Found

Order: TypeAlias = Literal["found", "medical", "unsure"]


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
    order : {"found", "medical", "unsure"}
        As found, the most probably medical first, or the least certain first.
    """

    labels: frozenset[str] = frozenset({"medical", "non_medical"})
    kinds: frozenset[str] = frozenset()
    text: str = ""
    order: Order = "found"

    def of(self, found: Sequence[Found]) -> list[Found]:
        """The pictures that are shown, in the order in which they are."""
        chosen = [each for each in found if self._shows(each)]
        if self.order == "medical":
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
