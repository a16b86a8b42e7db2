"""Figures against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsift.evaluation.metrics import (
    Share,
    auroc,
    calibration_bins,
    confusion_matrix,
    expected_calibration_error,
    expected_precision,
    recall_at_fpr,
    risk_coverage,
    roc_curve,
    wilson_interval,
)


def arrays(scores: list[float], positive: list[int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(scores, dtype=np.float64), np.array(positive, dtype=bool)


def test_the_wilson_interval_of_eight_of_ten() -> None:
    low, high = wilson_interval(8, 10)
    assert low == pytest.approx(0.4902, abs=1e-4)
    assert high == pytest.approx(0.9433, abs=1e-4)


def test_the_wilson_interval_stays_exact_at_the_ends() -> None:
    low, high = wilson_interval(0, 20)
    assert low == 0
    assert high == pytest.approx(3.8415 / 23.8415, abs=1e-4)
    assert wilson_interval(20, 20)[0] == pytest.approx(1 - high)
    assert wilson_interval(20, 20)[1] == 1
    assert wilson_interval(0, 0) == (0, 1)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_wilson_interval_holds_the_share(pair: tuple[int, int]) -> None:
    low, high = wilson_interval(*pair)
    assert 0 <= low <= pair[0] / pair[1] <= high <= 1


def test_a_share_of_nothing_is_not_a_number() -> None:
    assert math.isnan(Share.of(0, 0).value)


def test_auroc_counts_the_pairs_in_the_right_order() -> None:
    # Pairs (positive, negative): .8>.6, .8>.1, .4<.6, .4>.1: three of four.
    assert auroc(*arrays([0.8, 0.4, 0.6, 0.1], [1, 1, 0, 0])) == 0.75


def test_auroc_counts_ties_as_one_half() -> None:
    assert auroc(*arrays([0.5, 0.5], [1, 0])) == 0.5
    assert auroc(*arrays([0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0])) == 0.875


def test_auroc_of_one_class_is_not_a_number() -> None:
    assert math.isnan(auroc(*arrays([0.5, 0.6], [1, 1])))


def test_recall_at_a_false_positive_rate_uses_up_what_is_allowed_and_no_more() -> None:
    scores, positive = arrays([0.9, 0.7, 0.5, 0.3, 0.8, 0.6, 0.4, 0.2], [1, 1, 1, 1, 0, 0, 0, 0])
    point = recall_at_fpr(scores, positive, 0.25)
    # One of four negatives may pass (0.8): the cut lies at the next, 0.6.
    assert point.threshold == 0.6
    assert (point.recall.right, point.recall.n, point.false_positives) == (2, 4, 1)
    assert point.resolved


def test_recall_without_enough_negatives_is_that_at_no_false_positive() -> None:
    scores, positive = arrays([0.9, 0.7, 0.8, 0.1], [1, 1, 0, 0])
    point = recall_at_fpr(scores, positive, 0.01)
    assert (point.recall.right, point.false_positives, point.resolved) == (1, 0, False)


def test_a_tie_with_a_negative_is_a_miss() -> None:
    assert recall_at_fpr(*arrays([0.8, 0.8], [1, 0]), 0.0).recall.right == 0


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60),
    st.floats(0, 1),
)
def test_the_false_positive_rate_is_never_exceeded(
    rows: list[tuple[float, bool]], fpr: float
) -> None:
    scores, positive = arrays([r[0] for r in rows], [r[1] for r in rows])
    point = recall_at_fpr(scores, positive, fpr)
    assert point.false_positives <= fpr * point.negatives + 1e-6


def test_calibration_error_is_the_weighted_gap() -> None:
    # Two bins of width one half: mean .25 with 1 of 2 medical, mean .9 with 2 of 2.
    scores, positive = arrays([0.2, 0.3, 0.9, 0.9], [0, 1, 1, 1])
    error = expected_calibration_error(scores, positive, bins=2)
    assert error == pytest.approx(0.5 * 0.25 + 0.5 * 0.1)


def test_calibration_bins_hold_every_score_once() -> None:
    scores, positive = arrays([0.0, 0.5, 1.0], [0, 1, 1])
    bins = calibration_bins(scores, positive, bins=2)
    assert [(b.low, b.n, b.medical_share) for b in bins] == [(0.0, 1, 0.0), (0.5, 2, 1.0)]


def test_expected_precision_follows_bayes() -> None:
    assert expected_precision(0.9, 0.01, 0.5) == pytest.approx(0.9 / 0.91)
    assert expected_precision(0.9, 0.01, 0.001) == pytest.approx(0.0009 / (0.0009 + 0.00999))
    assert math.isnan(expected_precision(0.0, 0.0, 0.1))


def test_the_roc_curve_takes_ties_in_one_step() -> None:
    false_rate, true_rate = roc_curve(*arrays([0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0]))
    assert false_rate.tolist() == [0, 0, 0.5, 1]
    assert true_rate.tolist() == [0, 0.5, 1, 1]


def test_risk_grows_as_less_confident_pictures_are_kept() -> None:
    coverage, risk = risk_coverage(*arrays([0.95, 0.6, 0.2], [1, 0, 0]))
    assert coverage.tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert risk.tolist() == pytest.approx([0, 0, 1 / 3])


def test_the_confusion_matrix_has_the_truth_in_its_rows() -> None:
    names, counts = confusion_matrix(["ct", "ct", "mri"], ["ct", "mri", "mri"])
    assert names == ["ct", "mri"]
    assert counts.tolist() == [[1, 1], [0, 1]]
