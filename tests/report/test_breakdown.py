from __future__ import annotations

import pytest

from medsift.report import breakdown
from medsift.report.breakdown import OTHERS, Breakdown

from .samples import failure, picture


def test_few_sources_are_counted_each() -> None:
    counts = Breakdown()
    for source in ("b.pdf", "a.pdf", "b.pdf"):
        counts.add(picture(source))
    counts.add(failure("c.pdf"))
    assert counts.unit == "source"
    assert [(name, group.labels.total()) for name, group in counts.groups()] == [
        ("b.pdf", 2),
        ("a.pdf", 1),
    ]


def test_many_sources_are_counted_by_folder_from_the_first_on() -> None:
    counts = Breakdown()
    for number in range(40):
        counts.add(picture(f"in/{'even' if number % 2 == 0 else 'odd'}/{number}.png"))
    assert counts.unit == "folder"
    assert [(name, group.labels["medical"]) for name, group in counts.groups()] == [
        ("in/even", 20),
        ("in/odd", 20),
    ]


@pytest.mark.parametrize(
    ("source", "folder"),
    [
        ("https://example.org:8080/a/b.png", "example.org:8080"),
        ("http://[broken/a.png", "http://[broken/a.png"),
        ("/a.png", "/"),
        ("a.png", "."),
        ("C:\\scans\\a.png", "C:/scans"),
        (r"scans/b\udcfcro.png", "scans"),  # an escape of a name that is no UTF-8
    ],
)
def test_a_folder_is_what_a_person_would_call_it(source: str, folder: str) -> None:
    counts = Breakdown()
    for number in range(20):
        counts.add(picture(source if number == 0 else f"zzz/{number}"))
    assert folder in [name for name, _ in counts.groups()]


def test_what_does_not_fit_a_chart_is_summed_up() -> None:
    counts = Breakdown()
    for number in range(30):
        counts.add(picture(f"{number:02}/x.png"))
    groups = counts.groups()
    assert len(groups) == 13
    assert groups[-1][0] == OTHERS
    assert groups[-1][1].labels.total() == 18
    assert sum(group.labels.total() for _, group in groups) == 30


def test_folders_without_end_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breakdown, "_MOST_FOLDERS", 20)
    counts = Breakdown()
    for number in range(500):
        counts.add(picture(f"{number}/x.png"))
    assert len(counts._folders) <= 21
    assert sum(group.labels.total() for _, group in counts.groups()) == 500
