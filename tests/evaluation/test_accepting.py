"""Bounds for what is wanted, fitted on answers over folds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medsift.classify.card import read_card
from medsift.classify.ensemble import softmax
from medsift.evaluation import accepting
from medsift.evaluation.accepting import KindScores, bounds_of, fit
from tests.classify.tiny_model import write_model

CLASSES = ("dermatology", "clinical_photo", "ct", "photo")


def answers(n: int = 2000, noise: float = 1.0, seed: int = 0) -> KindScores:
    """Answers of a network that is mostly right, on pictures of 100 groups."""
    chance = np.random.default_rng(seed)
    truth = chance.integers(0, len(CLASSES), n)
    logits = 8.0 * np.eye(len(CLASSES))[truth] + noise * chance.normal(0, 3, (n, len(CLASSES)))
    labels = ["non_medical" if CLASSES[k] == "photo" else "medical" for k in truth]
    keys = [f"{labels[i]}/{CLASSES[k]}/s{i % 100}/{i}.png" for i, k in enumerate(truth)]
    groups = [f"g{i % 100}" for i in range(n)]
    return KindScores.of(keys, groups, CLASSES, softmax(logits.astype(np.float32)))


def test_both_shares_of_errors_stay_below_what_is_allowed() -> None:
    seen, fresh = answers(seed=1, n=8000), answers(seed=2, n=8000)
    part = frozenset({"dermatology", "clinical_photo"})
    bounds = bounds_of(seen.scores(part), seen.wanted(part), seen.groups)
    scores, wanted = fresh.scores(part), fresh.wanted(part)
    assert (scores[~wanted] >= bounds.take).mean() < 2 * accepting.OTHERS_TAKEN
    assert (scores[wanted] < bounds.leave).mean() < 2 * accepting.WANTED_LEFT
    # And they are of use: most of what is wanted is taken.
    assert (scores[wanted] >= bounds.take).mean() > 0.5


def test_a_network_that_knows_nothing_accepts_nothing() -> None:
    chance = np.random.default_rng(0)
    wanted = chance.random(1000) < 0.3
    groups = np.arange(1000) % 50
    bounds = bounds_of(chance.random(1000), wanted, groups)
    assert bounds.take > 0.97
    assert bounds.leave < 0.05


def test_few_pictures_promise_nothing() -> None:
    wanted = np.arange(20) < 10
    bounds = bounds_of(wanted.astype(float), wanted, np.arange(20))
    assert (bounds.take, bounds.leave) == (1.0, 0.0)


def test_pictures_of_one_group_count_for_less() -> None:
    scores = np.concatenate([np.full(300, 0.9), np.linspace(0, 0.2, 30000)])
    one_group = np.concatenate([np.zeros(300), 1 + np.arange(30000) % 200]).astype(np.int64)
    spread = np.arange(len(scores)) % 200
    # A hundredth of all are taken at 0.9: too many either way; what differs is how little is known.
    assert accepting._risk(scores >= 0.9, one_group) >= accepting._risk(scores >= 0.9, spread)


def test_rates_are_those_of_other_folds_and_add_up() -> None:
    found = fit(answers())
    assert {"skin", "dermatology", "ct", "medical", "photo"} <= found.keys()
    assert "mri" not in found
    for bounds in found.values():
        for side in ("wanted", "others"):
            row = bounds.rates[side]
            assert row["accept"] + row["look"] + row["reject"] == row["n"]
        assert bounds.rates["wanted"]["n"] + bounds.rates["others"]["n"] == 2000


def test_who_allows_more_others_gets_more_of_what_is_wanted() -> None:
    found = fit(answers(n=6000))
    assert "expected" not in found["ct"].rates
    rows = found["skin"].rates["expected"]
    assert [row["allowed"] for row in rows] == list(accepting.ALLOWED)
    for side in ("wanted", "others"):
        accepted = [row[f"{side}_accepted"] for row in rows]
        assert accepted == sorted(accepted)
        assert all(a + row[f"{side}_rejected"] <= 1 for a, row in zip(accepted, rows, strict=True))
    assert rows[-1]["wanted_accepted"] > rows[0]["wanted_accepted"]
    assert all(row["others_accepted"] < 2 * row["allowed"] for row in rows)
    # The row of what the bounds themselves allow tells what they do.
    own = next(row for row in rows if row["allowed"] == accepting.OTHERS_TAKEN)
    assert own["take"] == found["skin"].take
    wanted = found["skin"].rates["wanted"]
    assert own["wanted_accepted"] == round(wanted["accept"] / wanted["n"], 5)


def test_the_bounds_go_into_the_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "model"
    write_model(model)
    names = [c.name for c in read_card(model).classes]
    chance = np.random.default_rng(0)
    truth = chance.integers(0, len(names), 600)
    sure = np.full((600, len(names)), 0.01 / max(1, len(names) - 1))
    sure[np.arange(600), truth] = 0.99
    sides = {c.name: c.label for c in read_card(model).classes}
    keys = [f"{sides[names[k]]}/{names[k]}/s{i % 60}/{i}.png" for i, k in enumerate(truth)]
    archive = tmp_path / "out-of-fold.npz"
    np.savez(
        archive,
        keys=np.array(keys),
        groups=np.array([f"g{i % 60}" for i in range(600)]),
        classes=np.array(names),
        probabilities=sure.astype(np.float32),
    )
    assert accepting.main([str(archive), "--model", str(model)]) == 0
    out = capsys.readouterr().out
    assert "| wanted |" in out
    assert "| others allowed |" in out
    card = read_card(model)
    assert card.accept
    assert all(0 < b.take <= 1 and b.rates["folds"] == 5 for b in card.accept.values())
