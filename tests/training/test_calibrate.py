"""Temperature of one network."""

from __future__ import annotations

import numpy as np
import pytest

from medsift.training.calibrate import even_weights, fit_temperature


def test_logits_that_are_three_times_too_large_get_a_temperature_of_three() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (4000, 4))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    targets = np.array([rng.choice(4, p=row) for row in p])
    found = fit_temperature((3 * logits).astype(np.float32), targets, np.full(4000, 1 / 4000))
    assert found == pytest.approx(3, rel=0.1)


def test_unknown_kinds_do_not_count() -> None:
    logits = np.zeros((3, 2), dtype=np.float32)
    assert fit_temperature(logits, np.array([-1, -1, -1]), np.ones(3)) == 1.0


def test_even_weights_give_each_label_half() -> None:
    positive = np.array([True, False, False, False])
    weights = even_weights(positive)
    assert weights[positive].sum() == weights[~positive].sum() == 0.5
