"""Thresholds that keep errors rare, with confidence."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsift.evaluation.risk import (
    GRID,
    binomial_tail,
    clopper_pearson_upper,
    effective_counts,
    smallest_safe_threshold,
)


def simulated(rng: np.random.Generator, n: int) -> tuple[Any, Any]:
    """Scores that are calibrated by construction: a picture is medical with its probability."""
    scores = rng.beta(0.25, 0.25, n)
    return scores, rng.random(n) < scores


def true_risk(threshold: float) -> float:
    """Of :func:`simulated`, from a sample that is large enough."""
    scores, positive = simulated(np.random.default_rng(99), 400_000)
    kept = np.maximum(scores, 1 - scores) >= threshold
    return float((((scores >= 0.5) != positive) & kept).sum() / kept.sum())


def test_the_promise_is_broken_no_more_often_than_allowed() -> None:
    alpha, delta = 0.03, 0.2
    risks = {threshold: true_risk(threshold) for threshold in GRID}
    broken = tried = 0
    for seed in range(100):
        found = smallest_safe_threshold(
            *simulated(np.random.default_rng(seed), 1500), alpha=alpha, delta=delta
        )
        if found.controlled:
            tried += 1
            broken += risks[found.threshold] > alpha
    assert tried > 90
    # Three standard deviations above the 20 % that are allowed.
    assert broken / tried <= delta + 3 * (delta * (1 - delta) / tried) ** 0.5


def test_it_finds_nearly_the_best_threshold_where_there_are_many_pictures() -> None:
    found = smallest_safe_threshold(*simulated(np.random.default_rng(1), 100_000), alpha=0.03)
    best = min(threshold for threshold in GRID if true_risk(threshold) <= 0.03)
    assert best <= found.threshold <= best + 0.03
    assert found.errors / found.kept < found.upper_bound <= 0.031


def test_a_looser_promise_keeps_more_answers() -> None:
    data = simulated(np.random.default_rng(2), 3000)
    kept = [smallest_safe_threshold(*data, alpha=a).kept for a in (0.02, 0.05, 0.1)]
    assert kept[0] < kept[1] < kept[2]


def test_nothing_is_promised_from_a_few_pictures() -> None:
    scores = np.array([0.99, 0.01, 0.98])
    found = smallest_safe_threshold(scores, scores > 0.5, alpha=0.02)
    assert (found.controlled, found.threshold, found.kept) == (False, 1.0, 0)
    assert found.upper_bound == 1.0


@pytest.mark.parametrize(("right", "promised"), [(150, False), (202, False), (203, True)])
def test_sequences_share_what_may_go_wrong(right: int, promised: bool) -> None:
    # So many right answers and no wrong one have probability 0.98 ** n at a share of errors of
    # 0.02. One sequence alone could spend all of 0.1, from 114 answers on; six spend a sixth each.
    scores = np.full(right, 0.995)
    found = smallest_safe_threshold(scores, scores > 0.5, alpha=0.02, delta=0.1)
    assert found.controlled is promised
    assert found.threshold == (0.5 if promised else 1.0)


def test_errors_that_come_by_source_count_for_more() -> None:
    rng = np.random.default_rng(3)
    sources = [f"s{i // 50}" for i in range(3000)]
    odd = np.array([name in {"s3", "s20", "s41"} for name in sources])
    positive = rng.random(3000) < 0.5
    scores = np.where(positive != (odd & (rng.random(3000) < 0.5)), 0.97, 0.03)
    alone = smallest_safe_threshold(scores, positive, alpha=0.04, delta=0.1)
    together = smallest_safe_threshold(scores, positive, sources, alpha=0.04, delta=0.1)
    assert alone.controlled
    assert not together.controlled


def test_counts_of_independent_answers_stay_about_what_they_are() -> None:
    rng = np.random.default_rng(4)
    wrong = rng.random(5000) < 0.05
    errors, n = effective_counts(wrong, np.arange(5000) // 5)
    assert n > 4000
    assert errors / n == pytest.approx(wrong.mean(), rel=0.05)


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.001, 0.999))
def test_the_tail_of_the_binomial_is_what_counting_gives(a: int, b: int, share: float) -> None:
    errors, n = min(a, b), max(a, b)
    counted = sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(errors + 1))
    assert binomial_tail(errors, n, share) == pytest.approx(counted, abs=1e-9)


def test_the_upper_bound_is_that_of_the_tables() -> None:
    # No error among n: 1 - delta ** (1 / n), the "rule of three".
    assert clopper_pearson_upper(0, 100, 0.05) == pytest.approx(1 - 0.05**0.01)
    # Clopper and Pearson, 95 % two-sided, 10 of 100: upper limit 0.1762.
    assert clopper_pearson_upper(10, 100, 0.025) == pytest.approx(0.1762, abs=1e-4)


@pytest.mark.parametrize("bad", [{"alpha": 0.0}, {"delta": 1.0}, {"sources": ["a"]}])
def test_senseless_arguments_are_refused(bad: dict[str, Any]) -> None:
    scores = np.array([0.1, 0.9])
    with pytest.raises(ValueError, match="must"):
        smallest_safe_threshold(scores, scores > 0.5, **bad)
