"""Who is to blame when a worker is lost."""

from __future__ import annotations

import pytest

from medsift.core.errors import CrashedError, DecodeError, InputError, TimedOutError
from medsift.pipeline.losses import Losses, lost_in_company


def test_a_loss_in_company_blames_nobody_and_isolates_the_suspect() -> None:
    losses = [Losses() for _ in range(5)]
    assert lost_in_company(losses, 2) == [range(2), range(2, 3), range(3, 5)]
    assert [each.needs_solitude for each in losses] == [False, False, True, False, False]


def test_who_is_lost_in_company_twice_goes_on_alone() -> None:
    losses = [Losses() for _ in range(3)]
    assert lost_in_company(losses, None) == [range(3)]
    assert lost_in_company(losses, None) == [range(1), range(1, 2), range(2, 3)]


def test_a_crash_alone_is_proven_by_a_second_one() -> None:
    losses = Losses()
    assert not losses.blamed(CrashedError("died"))
    assert losses.needs_solitude
    assert losses.blamed(CrashedError("died"))
    assert losses.count == 2


@pytest.mark.parametrize("fault", [TimedOutError("slow"), DecodeError("damaged")])
def test_what_is_proven_at_once_is_blamed_at_once(fault: InputError) -> None:
    assert Losses().blamed(fault)
