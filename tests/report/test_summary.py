from __future__ import annotations

import pytest

from medsift.core.record import Record
from medsift.report.summary import LABELS, ScanSummary, percent

from .samples import failure, picture


def summary_of(*some: Record) -> ScanSummary:
    summary = ScanSummary()
    for record in some:
        summary.add(record)
    return summary


def test_every_label_has_a_count_from_the_start() -> None:
    assert dict(ScanSummary().labels) == dict.fromkeys(LABELS, 0)


def test_a_skipped_picture_was_found_and_a_skipped_document_was_not() -> None:
    summary = summary_of(
        picture("a.pdf"),
        Record(source="a.pdf", status="skipped", reason="too_small", width=8, height=8),
        Record(source="b.txt", status="skipped", reason="no_image"),
        failure("c.pdf"),
    )
    assert (summary.pictures, summary.skipped, summary.failed, summary.inputs) == (2, 2, 1, 3)


def test_kinds_are_counted_under_their_verdict() -> None:
    summary = summary_of(picture("a"), picture("a", 2, "uncertain"), picture("b"))
    assert summary.kinds == {("medical", "ct"): 2, ("uncertain", "ct"): 1}


def test_one_is_not_many() -> None:
    assert summary_of(picture("a")).sentence(0.04) == (
        "1 input: 1 found = 1 judged (1 medical, 0 uncertain, 0 non_medical)"
        " + 0 skipped + 0 failed; 0.0 s"
    )


def test_large_numbers_are_readable() -> None:
    summary = summary_of(*(picture(str(n)) for n in range(1234)))
    assert summary.sentence().startswith("1,234 inputs: 1,234 found = 1,234 judged (1,234 medical")


def test_what_was_found_is_what_was_judged_skipped_and_failed() -> None:
    small = Record(source="a", status="skipped", reason="too_small", width=3)
    summary = summary_of(picture("a"), small, failure("b"), picture("c", 1, "uncertain"))
    assert summary.found == summary.judged + summary.skipped + summary.failed == 4
    assert "1 skipped (1 too_small) + 1 failed (1 undecodable)" in summary.sentence()


def test_rare_reasons_are_told_together() -> None:
    reasons = ["a", "a", "b", "c", "d", "e", "f"]
    records = (Record(source=r, status="skipped", reason=r) for r in reasons)
    assert "(2 a, 1 b, 1 c, 1 d, 2 for other reasons)" in summary_of(*records).sentence()


def test_inputs_to_look_at_count_once() -> None:
    summary = summary_of(
        picture("a", 1, "uncertain"),
        picture("a", 2),
        picture("a", 3),
        picture("b", 1, "uncertain"),
        picture("c", 1, "non_medical"),
        failure("d"),
    )
    assert summary.to_look_at() == "to look at: 2 of 4 inputs (50 %), 1 of them medical"


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (0, 0, "0 %"),
        (1, 2, "50 %"),
        (1, 3, "33.3 %"),
        (1, 10_000, "less than 0.1 %"),
        (9_999, 10_000, "more than 99.9 %"),
        (7, 7, "100 %"),
    ],
)
def test_shares_are_never_rounded_to_nothing_or_all(part: int, whole: int, expected: str) -> None:
    assert percent(part, whole) == expected
