from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsift.core.errors import UsageError
from medsift.core.record import Record
from medsift.report.file_names import check_pattern, file_name

PATTERN = "{stem}-p{page}-{index}-{kind}"


def test_a_name_tells_paper_page_and_kind() -> None:
    record = Record("papers/smith 2020.pdf", page=3, index=7, kind="ct")
    assert file_name(PATTERN, record) == "smith_2020-p3-7-ct"


def test_what_lies_in_an_archive_is_named_by_its_own_name() -> None:
    assert file_name("{stem}", Record("all.zip", member="a/b/scan.01.png")) == "scan.01"


def test_what_comes_from_the_web_is_named_by_its_address() -> None:
    record = Record("https://example.org/", url="https://example.org/a/chest%20film.jpg?x=1")
    assert file_name("{stem}", record) == "chest_film"


def test_what_is_not_known_leaves_a_mark() -> None:
    assert file_name(PATTERN, Record("a.png")) == "a-p0-0-none"


def test_numbers_may_have_a_width() -> None:
    check_pattern("{page:03d}-{index}")
    assert file_name("{page:03d}-{index}", Record("a.pdf", page=3, index=12)) == "003-12"


@pytest.mark.parametrize(
    "pattern",
    ["plain", "", "{page", "{source}", "{page.real}", "{0}", "{stem!r}", "{page:999999999d}",
     "../{stem}", "a/{stem}", "{stem}\\x", "{stem:9d}", "{stem}\n"],
)  # fmt: skip
def test_patterns_that_make_no_file_names_are_refused(pattern: str) -> None:
    with pytest.raises(UsageError):
        check_pattern(pattern)


@pytest.mark.parametrize("name", ["CON", "nul.pdf", "lpt1.x.pdf", "-rf.pdf", "...", "=1+1.pdf"])
def test_names_that_systems_take_for_something_else_are_harmless(name: str) -> None:
    made = file_name("{stem}", Record(name))
    assert made.split(".")[0].lower() not in {"con", "nul", "lpt1", ""}
    assert made[0] not in "-.="


@settings(deadline=None)
@given(st.text(), st.text(), st.text())
def test_nothing_from_outside_leads_out_of_the_folder(source: str, member: str, url: str) -> None:
    name = file_name("{stem}-{figure}", Record(source, member=member, url=url, figure=member))
    assert name
    assert not set(name) & set('/\\:*?"<>|\0\n')
    assert not name.startswith(".")
    assert len(name.encode()) <= 201
