"""A verdict under another threshold, without the picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import medsift
from medsift.classify.relabel import relabelled
from medsift.core.record import Record
from tests.classify.tiny_model import write_model
from tests.samples import picture


@pytest.mark.parametrize("before", [0.5, 0.99])
@pytest.mark.parametrize("after", [0.5, 0.7, 0.9, 0.99])
def test_it_is_what_the_classifier_would_have_said(
    tmp_path: Path, before: float, after: float
) -> None:
    model = str(write_model(tmp_path / "model"))
    for seed in range(6):
        picture(seed).save(tmp_path / f"{seed}.png")
    first, wanted = (
        list(medsift.scan(tmp_path / "*.png", model=model, threshold=threshold))
        for threshold in (before, after)
    )
    for record, expected in zip(first, wanted, strict=True):
        found = relabelled(record, after)
        assert found.p_kind == pytest.approx(expected.p_kind, abs=1e-3)
        assert replace(found, p_kind=None, ms=None) == replace(expected, p_kind=None, ms=None)


def test_a_conflict_with_the_header_is_told_of_sure_labels_alone() -> None:
    record = Record(
        "a",
        label="medical",
        p_medical=0.8,
        confidence=0.8,
        kinds={"ct": 0.8, "photo": 0.2},
        reason="duplicate, modality_conflict",
    )
    assert relabelled(record, 0.9).reason == "duplicate, low_confidence"


@pytest.mark.parametrize("record", [Record("a", status="failed"), Record("a", label="medical")])
def test_without_what_it_takes_a_record_stays(record: Record) -> None:
    assert relabelled(record, 0.9) is record


def test_the_kind_is_the_likeliest_of_all_or_of_the_label_alone() -> None:
    kinds = {"photo": 0.45, "ct": 0.3, "mri": 0.25}
    sure = Record("a", label="medical", p_medical=0.55, confidence=0.55, kind="ct", kinds=kinds)
    unsure = relabelled(sure, 0.6)
    assert (unsure.label, unsure.kind, unsure.p_kind) == ("uncertain", "photo", 0.45)
    again = relabelled(unsure, 0.5)
    assert (again.label, again.kind) == ("medical", "ct")
    assert again.p_kind == pytest.approx(0.3 / 0.55)
