"""What a person said of a picture overrules the model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medsift.core.record import Record
from medsift.pipeline.judged import judged
from medsift.report.baseline import BY_PERSON, digest_of

SHA256 = "ab" * 32
FOUND = Record(
    "a.png",
    sha256=SHA256,
    label="uncertain",
    p_medical=0.55,
    kind="ct",
    p_kind=0.4,
    dicom_modality="CT",
    reason="duplicate, low_confidence",
)


def said(what: str, record: Record = FOUND) -> Record:
    return judged(record, {digest_of(SHA256): what})


def test_a_label_takes_the_place_of_that_of_the_model() -> None:
    assert said("medical") == replace(FOUND, label="medical", reason=f"duplicate, {BY_PERSON}")


def test_the_kind_that_the_model_saw_too_keeps_its_probability() -> None:
    expected = replace(FOUND, label="medical", reason=f"duplicate, {BY_PERSON}")
    assert said("ct") == expected


def test_another_kind_has_its_label_and_modality_and_no_probability() -> None:
    found = said("photo")
    assert (found.label, found.kind, found.p_kind) == ("non_medical", "photo", None)
    assert found.dicom_modality == ""
    assert found.p_medical == FOUND.p_medical


@pytest.mark.parametrize(
    "record",
    [
        replace(FOUND, sha256="cd" * 32),
        replace(FOUND, sha256=""),
        replace(FOUND, label="", status="skipped"),
    ],
)
def test_other_records_stay_as_they_are(record: Record) -> None:
    assert said("medical", record) is record
    assert judged(record, {}) is record
    assert judged(record, {"": "medical"}) is record
