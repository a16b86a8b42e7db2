from __future__ import annotations

from medsift.core.record import Record
from medsift.report.summary import LABELS, Summary

from .samples import failure, picture


def summary_of(*some: Record) -> Summary:
    summary = Summary()
    for record in some:
        summary.add(record)
    return summary


def test_every_label_has_a_count_from_the_start() -> None:
    assert dict(Summary().labels) == dict.fromkeys(LABELS, 0)


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
        "1 input, 1 picture: 1 medical, 0 non_medical, 0 uncertain; 0 skipped, 0 failed; 0.0 s"
    )


def test_large_numbers_are_readable() -> None:
    summary = summary_of(*(picture(str(n)) for n in range(1234)))
    assert summary.sentence().startswith("1,234 inputs, 1,234 pictures: 1,234 medical")
