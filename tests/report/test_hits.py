"""Where the hits of a scan are."""

from __future__ import annotations

import re

import pytest

from medsift.core.record import Record
from medsift.report import hits
from medsift.report.hits import Hits

from .samples import failure, picture


def rows(found: Hits, title: str) -> list[list[str]]:
    """Cells of a table, as text."""
    part = found.tables().partition(f"<h3>{title}</h3>")[2].partition("</div>")[0]
    return [
        [re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
        for row in re.findall(r"<tr>(<td.*?)</tr>", part)
    ]


def gathered(*records: Record) -> Hits:
    found = Hits()
    for record in records:
        found.add(record)
    return found


def test_without_a_hit_there_are_no_tables() -> None:
    found = gathered(picture("a.pdf", 1, "non_medical", "photo"), failure("b.pdf"))
    assert found.tables() == ""
    assert found.files == 0


def test_files_come_most_urgent_first_and_folders_by_their_hits() -> None:
    found = gathered(
        picture("in/a.pdf", 1, "uncertain", "xray"),
        picture("in/b.pdf", 1),
        picture("in/b.pdf", 2, "uncertain", "xray"),
        picture("other/c.pdf", 1),
        picture("other/c.pdf", 2),
        picture("other/d.pdf", 1, "non_medical", "photo"),
    )
    assert rows(found, "By file") == [
        ["other/c.pdf", "2", "0", "ct 2"],
        ["in/b.pdf", "1", "1", "ct 1, xray 1"],
        ["in/a.pdf", "0", "1", "xray 1"],
    ]
    assert [row[1:] for row in rows(found, "By folder")] == [["2", "0", "1"], ["1", "2", "2"]]


def test_no_more_files_are_kept_than_are_shown_and_the_others_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hits, "_MOST_FILES", 2)
    found = gathered(
        picture("a.pdf", 1, "uncertain"),
        picture("b.pdf", 1),
        picture("c.pdf", 1),
        picture("c.pdf", 2),
        picture("d.pdf", 1, "uncertain"),
    )
    assert [row[0] for row in rows(found, "By file")] == ["c.pdf", "b.pdf"]
    assert "<p>and 2 more files</p>" in found.tables()
