"""Each source by settings that were fitted on the others."""

from __future__ import annotations

import numpy as np
import pytest

from medsift.evaluation.measure import Measurement
from medsift.evaluation.refit import refit_over_folds, refit_without_each_source, render_refit
from tests.evaluation.test_summary import UNREAD, measurement


def overconfident(sources: int = 12, each: int = 60, factor: float = 3.0) -> list[Measurement]:
    """Sources of either label whose log-odds are ``factor`` times what the truth bears out."""
    rng = np.random.default_rng(0)
    found = []
    for source in range(sources):
        for odds in rng.normal(0, 2.0, each):
            medical = rng.random() < 1 / (1 + np.exp(-odds))
            p = float(1 / (1 + np.exp(-factor * odds)))
            kind = "ct" if medical else "photo"
            found.append(measurement(kind, p, kind, source=f"s{source}"))
    return found


def test_the_curve_of_the_others_takes_back_what_is_too_confident() -> None:
    refit = refit_without_each_source([*overconfident(), UNREAD])
    assert refit.ece < 0.06
    assert [row.slope for row in refit.rows] == pytest.approx([1 / 3] * 12, abs=0.06)
    assert sum(row.n for row in refit.rows) == refit.accuracy.n == 720
    assert refit.accuracy.n - refit.accuracy.right == sum(row.wrong for row in refit.rows)


def test_a_source_has_no_part_in_its_own_settings() -> None:
    measured = overconfident()
    lying = [
        measurement(
            "photo" if m.example.label == "medical" else "ct",
            m.prediction.p_medical,
            "ct",
            source="s3",
        )
        if m.example.source == "s3" and m.prediction
        else m
        for m in measured
    ]
    plain = {row.source: row for row in refit_without_each_source(measured).rows}
    turned = {row.source: row for row in refit_without_each_source(lying).rows}
    for name in ("slope", "offset", "threshold", "decided"):
        assert getattr(plain["s3"], name) == getattr(turned["s3"], name)
    assert plain["s4"].slope != turned["s4"].slope
    assert turned["s3"].wrong > plain["s3"].wrong


def test_false_positives_of_a_new_source_are_counted_at_the_cut_of_the_others() -> None:
    easy = [
        measurement("photo", 0.01 + i / 10_000, "photo", source=f"p{i % 4}") for i in range(400)
    ]
    easy += [measurement("ct", 0.9, "ct", source=f"c{i % 4}") for i in range(100)]
    odd = [measurement("photo", 0.8, "photo", source="odd")] * 20
    cut = refit_without_each_source(easy + odd).cuts[0]
    # Fitted with them, a cut for one in a hundred would let at most four of 420 pass.
    assert cut.alarms.right >= 20
    assert cut.recall.n == 100


def test_risk_control_decides_where_the_others_are_nearly_always_right() -> None:
    good = [measurement("ct", 0.99, "ct", source=f"c{i % 8}") for i in range(400)]
    good += [measurement("photo", 0.01, "photo", source=f"p{i % 8}") for i in range(400)]
    refit = refit_without_each_source(good)
    assert refit.coverage.value == 1.0
    assert refit.decided.value == 1.0
    coin = [
        measurement(kind, 0.99 if i % 2 else 0.01, kind, source=f"{kind}{i % 8}")
        for kind in ("ct", "photo")
        for i in range(400)
    ]
    assert refit_without_each_source(coin).coverage.right == 0


def test_one_source_alone_keeps_the_shipped_probabilities() -> None:
    refit = refit_without_each_source([measurement("ct", 0.9, "ct", source="only")] * 3)
    assert refit.accuracy.right == refit.accuracy_as_shipped.right == 3
    assert (refit.rows[0].slope, refit.rows[0].offset) == (1.0, 0.0)
    assert refit.coverage.right == 0
    assert "none" in render_refit(refit)
    assert "accuracy" in render_refit(refit_without_each_source([UNREAD]))


def test_a_fold_holds_whole_groups_and_has_no_part_in_its_own_settings() -> None:
    measured = overconfident()
    groups = {f"s{n}": f"repository {n // 2}" for n in range(12)}
    refit = refit_over_folds([*measured, UNREAD], groups, 3)
    assert sorted(row.source for row in refit.rows) == ["fold 0", "fold 1", "fold 2"]
    assert [row.n for row in refit.rows] == [240] * 3
    assert [row.slope for row in refit.rows] == pytest.approx([1 / 3] * 3, abs=0.06)
    assert refit.ece < 0.06
    assert "Each of 3 folds by settings" in render_refit(refit)
