"""From predictions to figures and text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medsift.classify.prediction import Prediction, likelihood
from medsift.core.taxonomy import KINDS
from medsift.evaluation.labelled import Example
from medsift.evaluation.measure import Measurement
from medsift.evaluation.summary import summarise
from medsift.evaluation.text import render


def measurement(
    kind: str, p_medical: float, predicted: str, source: str = "s", label: str = ""
) -> Measurement:
    side = "medical" if p_medical >= 0.5 else "non_medical"
    prediction = Prediction(
        label=label or side,  # type: ignore[arg-type]
        p_medical=p_medical,
        confidence=max(p_medical, 1 - p_medical),
        likelihood=likelihood(p_medical),
        kind=predicted,
        p_kind=0.9,
        dicom_modality="",
        reason="",
        model="test 1",
    )
    return Measurement(Example(Path("x.png"), KINDS[kind].label, kind, source), prediction, "", 4.0)


UNREAD = Measurement(Example(Path("bad.png"), "medical", "ct", "s"), None, "undecodable: bad", 1.0)
MEASURED = [
    measurement("ct", 0.95, "ct"),
    measurement("ct", 0.55, "mri", label="uncertain"),
    measurement("mri", 0.2, "photo", source="odd"),
    measurement("photo", 0.1, "photo"),
    measurement("photo", 0.7, "ct"),
    measurement("chart", 0.3, "photo"),
    UNREAD,
]


def test_accuracy_counts_uncertain_pictures_by_their_side_and_unread_ones_not_at_all() -> None:
    summary = summarise(MEASURED, "test 1")
    assert (summary.accuracy.right, summary.accuracy.n) == (4, 6)
    assert (summary.decided.right, summary.decided.n) == (3, 5)
    assert (summary.uncertain, summary.failed) == (1, 1)
    assert summary.ms_per_image == 4.0


def test_groups_are_by_label_kind_and_source() -> None:
    summary = summarise(MEASURED, "test 1")
    assert (summary.by_label["medical"].right, summary.by_label["medical"].n) == (2, 3)
    assert (summary.by_kind["non_medical/photo"].right, summary.by_kind["non_medical/photo"].n) == (
        1,
        2,
    )
    assert summary.by_source["medical/mri/odd"].value == 0


def test_kinds_count_as_they_are_reported() -> None:
    summary = summarise(MEASURED, "test 1")
    assert (summary.kind_accuracy["medical"].right, summary.kind_accuracy["medical"].n) == (1, 3)
    assert summary.kinds == ("chart", "ct", "mri", "photo")
    assert summary.confusion[1] == (0, 1, 1, 0)


def test_operating_points_and_their_precision() -> None:
    summary = summarise(MEASURED, "test 1")
    loose, strict = summary.operating_points
    assert (loose.recall.right, loose.false_positives, loose.resolved) == (1, 0, False)
    assert strict.fpr == 1e-3
    assert summary.precision_at_prevalence["0.01"]["0.1"] == pytest.approx(
        (1 / 3 * 0.1) / (1 / 3 * 0.1 + 0.01 * 0.9)
    )


def test_the_figures_survive_json() -> None:
    only_medical = summarise([measurement("ct", 0.9, "ct")], "test 1")
    row = json.loads(json.dumps(only_medical.to_dict(), allow_nan=False))
    assert row["auroc"] is None
    assert row["accuracy"]["n"] == 1
    assert row["operating_points"][0]["recall"]["n"] == 1


def test_the_text_names_the_figures_and_the_worst_sources() -> None:
    text = render(summarise(MEASURED, "test 1"))
    assert "Accuracy             66.67%" in text
    assert "(4 / 6)" in text
    assert "AUROC" in text
    assert "medical/mri/odd" in text
    assert "ct  >  mri" in text
    assert "too few negatives" in text


def test_nothing_that_could_be_read_is_told_without_an_error() -> None:
    text = render(summarise([UNREAD], "test 1"))
    assert "no images" in text
    assert "Could not be read   1" in text
