"""Where a model is in doubt, a second one is asked, too.

For the answers of the tiny models, see :mod:`tests.classify.test_cascade`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medsift import Classifier
from medsift.classify import store
from medsift.classify.card import GateSpec, ModelClass, read_card, write_card
from medsift.classify.second_spec import SecondSpec
from medsift.core.errors import ModelError

from .test_cascade import BLUE, GATE, MODEL, PALE, RED, all_ways, coloured, of_blue, watch
from .tiny_model import write_model

SECOND = 2.0


def write_readers(folder: Path, spec: SecondSpec | None = None, **second: Any) -> Path:
    """A model of 32 pixels with a second reader of 64, asked from 0.05 to 0.95."""
    write_model(folder / "second", **{"size": 64, "gain": SECOND, **second})
    spec = spec or SecondSpec("../second", 0.05, 0.95, 0.75)
    return write_model(folder / "model", gain=MODEL, second=spec)


def p_of_blue(gain: float, value: int) -> float:
    return float(2 / (2 + np.exp(gain * value / 255)))


def test_in_doubt_both_count_by_their_share(tmp_path: Path) -> None:
    first, *others = all_ways(Classifier(write_readers(tmp_path)), PALE)
    expected = 0.75 * p_of_blue(SECOND, 150) + 0.25 * p_of_blue(MODEL, 150)
    assert first.p_medical == pytest.approx(expected, rel=1e-4)
    assert others == [first] * len(others)


@pytest.mark.parametrize("pixels", [BLUE, RED], ids=["not medical", "medical"])
def test_where_the_model_is_sure_nobody_else_is_asked(
    tmp_path: Path, pixels: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write_readers(tmp_path)
    shapes = watch(monkeypatch)
    found = Classifier(model).predict(pixels)
    assert shapes == [(1, 32)]
    write_card(replace(read_card(model), second=None), model)
    assert Classifier(model).predict(pixels) == found


def test_the_mean_is_calibrated_anew(tmp_path: Path) -> None:
    spec = SecondSpec("../second", 0.05, 0.95, 0.75, calibration=(2.0, -0.5))
    found = Classifier(write_readers(tmp_path, spec)).predict(PALE)
    mean = 0.75 * p_of_blue(SECOND, 150) + 0.25 * p_of_blue(MODEL, 150)
    odds = 2 * np.log(mean / (1 - mean)) - 0.5
    assert found.p_medical == pytest.approx(1 / (1 + np.exp(-odds)), rel=1e-4)
    kinds = Classifier(tmp_path / "model")
    (row,) = kinds.probabilities([kinds.prepare(PALE)])
    assert row.sum() == pytest.approx(1)
    assert row[:2].sum() == pytest.approx(found.p_medical)


def test_doubt_is_judged_by_the_answer_of_the_whole_first_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The gate stops what is blue; what it lets pass is in doubt or not by the mean of both.
    model = write_readers(tmp_path, SecondSpec("../second", 0.0, 0.95, 0.5))
    write_model(tmp_path / "gate", size=16, gain=GATE)
    write_card(replace(read_card(model), gate=GateSpec("../gate", 0.01)), model)
    shapes = watch(monkeypatch)
    classifier = Classifier(model)
    assert classifier.predict(PALE).p_medical == pytest.approx(
        (p_of_blue(SECOND, 150) + p_of_blue(MODEL, 150)) / 2, rel=1e-4
    )
    assert shapes == [(1, 16), (1, 32), (1, 64)]


def test_the_second_reader_reads_no_more_than_its_batch_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path / "second", size=256, gain=SECOND)
    spec = SecondSpec("../second", 0.05, 0.95, 0.5)
    model = write_model(tmp_path / "model", size=128, gain=MODEL, second=spec)
    classifier = Classifier(model)
    shapes = watch(monkeypatch)
    found = classifier.predict_batch([PALE, BLUE, PALE, RED, PALE, PALE])
    assert shapes == [(6, 128), (2, 256), (2, 256)]
    assert found == [classifier.predict(each) for each in (PALE, BLUE, PALE, RED, PALE, PALE)]


def test_pictures_are_not_decoded_larger_for_its_sake(tmp_path: Path) -> None:
    assert Classifier(write_readers(tmp_path)).largest_side == 32


def test_maps_are_those_of_both(tmp_path: Path) -> None:
    found = Classifier(write_readers(tmp_path)).explain(PALE)
    # The evidence of a place is averaged over the networks.
    evidence = -(MODEL + SECOND) / 2 * 150 / 255
    assert found.heat == pytest.approx(evidence, abs=1e-3)
    assert not Classifier(write_readers(tmp_path / "mute", class_map=False)).explains


def test_features_are_those_of_the_model_alone(tmp_path: Path) -> None:
    classifier = Classifier(write_readers(tmp_path))
    assert classifier.feature_size == 3
    ((features,), _) = classifier.base([classifier.prepare(PALE)])
    assert features.tolist() == [pytest.approx([0, 0, MODEL * 150 / 255])]


def test_flipped_views_go_through_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = Classifier(write_readers(tmp_path), tta=True)
    shapes = watch(monkeypatch)
    classifier.predict(PALE)
    assert shapes == [(1, 32)] * 2 + [(1, 64)] * 2


def test_one_that_knows_other_kinds_is_refused(tmp_path: Path) -> None:
    model = write_readers(tmp_path)
    card = read_card(tmp_path / "second")
    swapped = (*card.classes[:2], ModelClass("chart", "non_medical"))
    write_card(replace(card, classes=swapped), tmp_path / "second")
    with pytest.raises(ModelError, match=r"second reader \.\./second of .* knows other kinds"):
        Classifier(model)


def test_one_that_asks_others_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="asks other models itself"):
        Classifier(write_readers(tmp_path, SecondSpec(".", 0.1, 0.9, 0.5)))


def test_a_model_is_another_one_when_its_second_reader_is(tmp_path: Path) -> None:
    model = write_readers(tmp_path)
    before = store.digest(model)
    assert store.digest(model) == before
    write_model(tmp_path / "second", size=64, gain=3.0)
    assert store.digest(model) != before


def test_the_card_keeps_it(tmp_path: Path) -> None:
    spec = SecondSpec("../second", 0.1, 0.8, 0.5, (1.25, -0.125))
    assert read_card(write_readers(tmp_path, spec)).second == spec


@pytest.mark.parametrize(
    ("low", "high", "share", "slope"),
    [
        (0.5, 0.5, 0.5, 1),
        (-0.1, 0.5, 0.5, 1),
        (0.1, 1.1, 0.5, 1),
        (0.1, 0.9, 0, 1),
        (0.1, 0.9, 1.1, 1),
        (0.1, 0.9, 0.5, float("nan")),
    ],
)
def test_what_makes_no_sense_is_refused(
    low: float, high: float, share: float, slope: float
) -> None:
    with pytest.raises(ValueError, match=r"doubt|second|calibration"):
        SecondSpec("second", low, high, share, (slope, 0.0))


def test_green_counts_as_medical_in_both(tmp_path: Path) -> None:
    classifier = Classifier(write_readers(tmp_path))
    found = classifier.predict(coloured(green=60, blue=60))
    assert found.kind == "mri"
    assert of_blue(MODEL) != found.p_medical
