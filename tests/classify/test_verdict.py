"""What probabilities become: a label, a kind given the label, and all kinds whatever the label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medsift import Classifier
from medsift.classify.prediction import KINDS_FLOOR, Prediction, kinds_of
from medsift.classify.verdict import Cut
from tests.classify.tiny_model import CLASSES, write_model


def predicted(folder: Path, colour: tuple[int, int, int], threshold: float) -> Prediction:
    classifier = Classifier(write_model(folder), threshold=threshold)
    return classifier.predict(np.full((40, 40, 3), colour, dtype=np.uint8))


def softmax_of(colour: tuple[int, int, int]) -> dict[str, float]:
    values = np.exp(8.0 * np.array(colour) / 255)
    return dict(zip((c.name for c in CLASSES), (values / values.sum()).tolist(), strict=True))


COLOUR = (140, 110, 90)
"""ct before mri before photo, none of them sure."""


def test_the_kind_of_a_sure_label_is_its_share_of_the_label(tmp_path: Path) -> None:
    p = softmax_of(COLOUR)
    prediction = predicted(tmp_path, COLOUR, threshold=0.5)
    assert (prediction.label, prediction.kind) == ("medical", "ct")
    assert prediction.p_medical == pytest.approx(p["ct"] + p["mri"], abs=1e-4)
    assert prediction.p_kind == pytest.approx(p["ct"] / (p["ct"] + p["mri"]), abs=1e-4)


def test_the_kind_of_an_uncertain_label_is_its_share_of_all(tmp_path: Path) -> None:
    prediction = predicted(tmp_path, COLOUR, threshold=0.95)
    assert (prediction.label, prediction.reason) == ("uncertain", "low_confidence")
    assert prediction.p_kind == pytest.approx(softmax_of(COLOUR)["ct"], abs=1e-4)


def test_a_kind_of_the_other_label_is_never_told(tmp_path: Path) -> None:
    # The photo is the most probable of the three, but the two medical kinds together are more.
    colour = (120, 120, 130)
    p = softmax_of(colour)
    assert max(p, key=lambda k: p[k]) == "photo"
    prediction = predicted(tmp_path, colour, threshold=0.5)
    assert (prediction.label, prediction.kind) == ("medical", "ct")
    assert prediction.p_kind == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize("threshold", [0.5, 0.95])
def test_all_kinds_are_told_whatever_the_label(tmp_path: Path, threshold: float) -> None:
    prediction = predicted(tmp_path, COLOUR, threshold)
    p = softmax_of(COLOUR)
    assert list(prediction.kinds) == ["ct", "mri", "photo"]
    assert prediction.kinds == pytest.approx(p, abs=2e-4)
    inside = prediction.kinds["ct"] + prediction.kinds["mri"]
    assert inside == pytest.approx(prediction.p_medical, abs=2e-4)


@pytest.mark.parametrize(
    ("p_medical", "reason"),
    [
        (0.7, ""),
        (0.55, "low_confidence"),
        (0.45, "low_confidence"),
        (0.4, "possibly_medical"),
        (0.1, "possibly_medical"),
        (0.09, ""),
    ],
)
def test_low_confidence_is_told_before_what_is_possible(p_medical: float, reason: str) -> None:
    assert Cut(threshold=0.6, possible_from=0.1).reason(p_medical) == reason


def test_kinds_below_the_floor_are_left_out() -> None:
    names = ["a", "b", "c"]
    assert kinds_of(names, [KINDS_FLOOR / 2, KINDS_FLOOR, 0.5]) == {"c": 0.5, "b": KINDS_FLOOR}


def test_all_kinds_are_calibrated_like_the_label(tmp_path: Path) -> None:
    from dataclasses import replace

    from medsift.classify.card import read_card, write_card

    folder = write_model(tmp_path)
    write_card(replace(read_card(folder), calibration=(2.0, -1.0)), folder)
    classifier = Classifier(folder, threshold=0.5)
    prediction = classifier.predict(np.full((40, 40, 3), COLOUR, dtype=np.uint8))
    p = softmax_of(COLOUR)
    raw = p["ct"] + p["mri"]
    mapped = 1 / (1 + np.exp(-(2.0 * np.log(raw / (1 - raw)) - 1.0)))
    assert prediction.p_medical == pytest.approx(mapped, abs=1e-4)
    assert prediction.kinds["ct"] == pytest.approx(p["ct"] * mapped / raw, abs=2e-4)
    assert prediction.kinds["photo"] == pytest.approx(1 - mapped, abs=2e-4)
