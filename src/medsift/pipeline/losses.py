"""Who is to blame when a worker is lost, and what happens to the others.

A worker that dies, runs out of memory or out of time takes along all inputs that it was handed
at once, and any of them may be at fault; or none, as a process may also be killed from outside. So
what was lost in company is done again, the input that the worker was at by itself, and only
what is lost by itself twice is blamed. A time limit that ran out on one input alone proves enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medsift.core.errors import CrashedError, InputError, TimedOutError

_ALONE = 2
"""So often an input may be lost by itself before it is blamed."""

_IN_COMPANY = 2
"""So often an input may be lost among others before it goes on by itself."""


@dataclass(slots=True)
class Losses:
    """How often the work on one input was lost.

    Attributes
    ----------
    in_company, alone : int
        Among other inputs of its task, and by itself.
    suspected : bool
        Whether it was the one that a worker was at.
    """

    in_company: int = 0
    alone: int = 0
    suspected: bool = False

    @property
    def count(self) -> int:
        """All of them."""
        return self.in_company + self.alone

    @property
    def needs_solitude(self) -> bool:
        """Whether it is to be done by itself next time."""
        return self.suspected or self.alone > 0 or self.in_company >= _IN_COMPANY

    def blamed(self, fault: InputError) -> bool:
        """Note that it was lost by itself; whether it is to blame for that."""
        self.alone += 1
        proven = isinstance(fault, TimedOutError) or not isinstance(fault, CrashedError)
        return proven or self.alone >= _ALONE


def lost_in_company(losses: Sequence[Losses], suspect: int | None) -> list[range]:
    """Note that inputs were lost together; in which groups they are to be done again, in order.

    Parameters
    ----------
    losses : sequence of Losses
        Of what came to no end.
    suspect : int or None
        Position of the one that the worker was at.
    """
    groups: list[range] = []
    for position, each in enumerate(losses):
        each.in_company += 1
        each.suspected = each.suspected or position == suspect
        company = bool(groups) and not losses[position - 1].needs_solitude
        if company and not each.needs_solitude:
            groups[-1] = range(groups[-1].start, position + 1)
        else:
            groups.append(range(position, position + 1))
    return groups
