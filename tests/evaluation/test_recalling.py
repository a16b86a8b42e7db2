"""Bounds for a recall, fitted on answers over folds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medsift.classify.card import read_card
from medsift.core.errors import UsageError
from medsift.evaluation import recalling
from medsift.evaluation.recalling import Scores, cost, fit, threshold_for, threshold_seen_for
from tests.classify.tiny_model import write_model


def scores(groups: int = 400, each: int = 20, seed: int = 0, spread: float = 0.0) -> Scores:
    """Answers on half medical pictures; ``spread`` is how far whole groups are off."""
    chance = np.random.default_rng(seed)
    which = np.repeat(np.arange(groups), each)
    medical = chance.random(len(which)) < 0.5
    logits = np.where(medical, 3.0, -3.0) + chance.normal(0, 1.5, len(which))
    logits += spread * chance.normal(0, 1, groups)[which]
    return Scores.of(1 / (1 + np.exp(-logits)), medical, which)


def found_share(answers: Scores, threshold: float) -> float:
    return float((answers.p_medical[answers.medical] >= threshold).mean())


@pytest.mark.parametrize("recall", [0.9, 0.95, 0.99])
def test_groups_that_had_no_part_in_the_bound_keep_the_recall_on_average(recall: float) -> None:
    kept = []
    for seed in range(20):
        bound = threshold_for(scores(seed=seed, spread=1.0), recall)
        assert bound is not None
        kept.append(found_share(scores(seed=1000 + seed, spread=1.0), bound))
    assert np.mean(kept) >= recall - 0.001
    # And it is of use: not far more is let through than was asked for.
    assert np.mean(kept) < recall + 0.6 * (1 - recall)


def test_more_recall_never_has_a_higher_bound() -> None:
    bounds = [b.threshold for b in fit(scores(groups=2000)).bounds]
    assert bounds == sorted(bounds, reverse=True)
    assert len(bounds) == len(recalling.RECALLS)


def test_a_few_groups_promise_little_however_many_pictures_they_have() -> None:
    few = scores(groups=20, each=2000, spread=2.0)
    assert threshold_for(few, 0.99) is None
    assert threshold_seen_for(few, 0.99) is not None


def test_what_was_only_seen_is_no_promise() -> None:
    promised = {b.recall: b.promised for b in fit(scores(groups=50)).bounds}
    assert promised[0.95]
    assert not promised[0.999]


def test_a_large_group_that_is_missed_counts() -> None:
    good = scores(groups=1000)
    bound = threshold_for(good, 0.99)
    large = Scores.of(
        np.concatenate([good.p_medical, np.full(5000, 0.0001)]),
        np.concatenate([good.medical, np.ones(5000, dtype=np.bool_)]),
        np.concatenate([good.groups, np.full(5000, 5000)]),
    )
    assert bound is not None
    worse = threshold_for(large, 0.99)
    assert worse is None or worse < bound


def test_rates_are_of_bounds_from_other_groups() -> None:
    (bound,) = fit(scores(groups=500, spread=1.0), [0.95]).bounds
    medical, others = bound.rates["medical"], bound.rates["others"]
    assert medical["n"] + others["n"] == 500 * 20
    assert medical["found_share"] == pytest.approx(0.95, abs=0.02)
    assert 0 < others["above_share"] < 0.5
    assert bound.rates["fitted_folds"] == 5


def test_folds_never_cut_through_a_group() -> None:
    groups = np.array([3, 1, 1, 2, 0, 0, 0, 1])
    folds = recalling.fold_of(groups)
    for group in set(groups.tolist()):
        assert len(set(folds[groups == group].tolist())) == 1


def test_the_cost_falls_as_the_threshold_rises() -> None:
    spec = fit(scores())
    thresholds, found, others = (list(column) for column in zip(*spec.cost, strict=True))
    assert thresholds == sorted(thresholds)
    assert found == sorted(found, reverse=True)
    assert others == sorted(others, reverse=True)
    between = spec.others_above((thresholds[3] + thresholds[4]) / 2)
    assert between == pytest.approx((others[3] + others[4]) / 2)
    assert spec.others_above(0.0) == others[0]
    assert spec.others_above(1.0) == others[-1]
    assert cost(scores()) == spec.cost


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="one entry"):
        Scores(np.zeros(2), np.zeros(3, dtype=np.bool_), np.zeros(2, dtype=np.int64))


class TestCommand:
    def archive(self, folder: Path, classes: tuple[str, ...] = ("ct", "mri", "photo")) -> Path:
        answers = scores(groups=200, each=10)
        p = answers.p_medical
        truth = ["medical/ct" if m else "non_medical/photo" for m in answers.medical]
        np.savez(
            folder / "answers.npz",
            keys=np.array(
                [
                    f"{t}/s{g}/{i}.png"
                    for i, (t, g) in enumerate(zip(truth, answers.groups, strict=True))
                ]
            ),
            groups=answers.groups.astype(str),
            classes=np.array(classes),
            probabilities=np.stack([p / 2, p / 2, 1 - p], axis=1),
        )
        return folder / "answers.npz"

    def test_writes_the_bounds_into_the_card(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        model = write_model(tmp_path / "model")
        assert recalling.main([str(self.archive(tmp_path)), "--model", str(model)]) == 0
        spec = read_card(model).recall
        expected = fit(scores(groups=200, each=10))
        assert spec is not None
        assert spec.cost == expected.cost
        assert [replace(b, rates={}) for b in spec.bounds] == [
            replace(b, rates={}) for b in expected.bounds
        ]
        assert "| 0.95 |" in capsys.readouterr().out

    def test_refuses_answers_of_another_model(self, tmp_path: Path) -> None:
        model = write_model(tmp_path / "model")
        path = self.archive(tmp_path, ("ct", "mri", "chart"))
        with pytest.raises(UsageError, match="chart"):
            recalling.main([str(path), "--model", str(model)])
