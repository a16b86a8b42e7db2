"""The bounds of a recall in a model's card, and what they make of a verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import medsift
from medsift import Classifier
from medsift.classify.card import read_card, write_card
from medsift.classify.recall_spec import RecallBound, RecallSpec, bound_for, sentence
from medsift.core.errors import UsageError
from tests.classify.tiny_model import write_model
from tests.samples import picture

SPEC = RecallSpec(
    (RecallBound(0.95, 0.2), RecallBound(0.99, 0.05), RecallBound(0.999, 0.001, promised=False)),
    ((0.01, 0.999, 0.3), (0.05, 0.99, 0.1), (0.2, 0.95, 0.02)),
)


@pytest.mark.parametrize(("recall", "threshold"), [(0.9, 0.2), (0.95, 0.2), (0.96, 0.05)])
def test_the_next_larger_recall_is_taken(recall: float, threshold: float) -> None:
    assert bound_for(SPEC, recall, "tiny 1").threshold == threshold


def test_a_card_without_bounds_is_a_usage_error_that_says_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"tiny 1 has no bounds.*evaluation\.recalling"):
        bound_for(None, 0.99, "tiny 1")


def test_more_than_the_card_has_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"0\.999 at most"):
        bound_for(SPEC, 0.9999, "tiny 1")


def test_people_are_told_the_cost_and_what_is_no_promise() -> None:
    assert "10.0 %" in sentence(SPEC, SPEC.bounds[1])
    assert "promise" not in sentence(SPEC, SPEC.bounds[1])
    assert "too few of them to promise" in sentence(SPEC, SPEC.bounds[2])


def test_the_card_keeps_them(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    assert read_card(folder).recall is None
    write_card(replace(read_card(folder), recall=SPEC), folder)
    assert read_card(folder).recall == SPEC


@pytest.mark.parametrize(
    ("possible_from", "label", "reason"),
    [(None, "non_medical", ""), (0.02, "uncertain", "possibly_medical"), (0.5, "non_medical", "")],
)
def test_what_is_possibly_medical_becomes_uncertain(
    tmp_path: Path, possible_from: float | None, label: str, reason: str
) -> None:
    classifier = Classifier(write_model(tmp_path), threshold=0.6, possible_from=possible_from)
    prediction = classifier.predict(np.full((40, 40, 3), (120, 60, 220), dtype=np.uint8))
    assert 0.02 < prediction.p_medical < 0.1
    assert (prediction.label, prediction.reason) == (label, reason)
    assert prediction.kind == "photo"


def test_a_scan_takes_the_bound_from_the_card(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model")
    picture(1).save(tmp_path / "a.png")
    with pytest.raises(UsageError, match="no bounds"):
        list(medsift.scan(tmp_path / "a.png", model=str(model), recall=0.99))
    spec = RecallSpec((RecallBound(0.99, 0.0),))
    write_card(replace(read_card(model), recall=spec), model)
    (record,) = medsift.scan(tmp_path / "a.png", model=str(model), recall=0.99)
    assert record.label in {"medical", "uncertain"}
