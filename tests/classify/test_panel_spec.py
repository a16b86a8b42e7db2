"""What panels make of the probability of their figure."""

from __future__ import annotations

import math

import pytest

from medsift.classify.panel_spec import PanelSpec

RULE = PanelSpec(low=0.1, high=0.9, whole=1.0, best=0.0, offset=0.0)


@pytest.mark.parametrize(
    ("whole", "best", "offset", "expected"),
    [
        (1.0, 0.0, 0.0, 0.2),
        (0.0, 1.0, 0.0, 0.8),
        (1.0, 1.0, 0.0, 0.5),
        (0.5, 1.0, 0.0, 2 / 3),  # odds of 1/4 and 4: a half and 4
        (1.0, 0.0, math.log(4), 0.5),
    ],
)
def test_log_odds_are_weighed_and_added(
    whole: float, best: float, offset: float, expected: float
) -> None:
    rule = PanelSpec(0.1, 0.9, whole, best, offset)
    assert rule.combined(0.2, 0.8) == pytest.approx(expected)


def test_certainty_stays_finite() -> None:
    sure = PanelSpec(0.1, 0.9, 9.0, 9.0, 0.0)
    assert sure.combined(1.0, 1.0) == pytest.approx(1)
    assert sure.combined(0.0, 0.0) == pytest.approx(0)


def test_only_what_lies_between_the_bounds_is_looked_at() -> None:
    looked_at = [p for p in (0.09, 0.1, 0.5, 0.9, 0.91) if RULE.is_unsure(p)]
    assert looked_at == [0.1, 0.5, 0.9]
