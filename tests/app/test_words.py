"""Codes in the words of people."""

from __future__ import annotations

import pytest

from medsift.app import words
from medsift.core import errors
from medsift.core.record import Record
from medsift.core.taxonomy import TAXONOMY


@pytest.mark.parametrize(
    ("p", "said"),
    [
        (0.0, "under 1 %"),
        (0.0099, "under 1 %"),
        (0.01, "1 %"),
        (0.5, "50 %"),
        (0.99, "99 %"),
        (0.991, "over 99 %"),
        (1.0, "over 99 %"),
        (None, ""),
    ],
)
def test_probabilities_promise_nothing(p: float | None, said: str) -> None:
    assert words.percent(p) == said


def test_every_kind_has_a_name_without_underscores() -> None:
    names = [words.kind_name(kind.name) for kind in TAXONOMY]
    assert len(set(names)) == len(names)
    assert not any("_" in name for name in names)


@pytest.mark.parametrize(
    "error", [c for c in vars(errors).values() if isinstance(c, type) and "code" in vars(c)]
)
def test_every_fault_has_a_sentence(error: type[errors.InputError]) -> None:
    if error is errors.InputError:
        return
    said = words.trouble(Record("a", status="failed", reason=error.code, error=error.code))
    assert said.endswith(".")
    assert error.code not in said


def test_details_follow_the_sentence() -> None:
    record = Record("a", status="failed", reason="encrypted", error="encrypted: needs a password")
    assert words.trouble(record) == "It is protected by a password. (Needs a password.)"


def test_what_was_left_out_says_why() -> None:
    assert words.trouble(Record("a", status="skipped", reason="too_small")) == (
        "Smaller than 32 pixels."
    )
    assert words.trouble(Record("a", status="skipped", reason="some_new_reason")) == (
        "Some new reason."
    )


def test_pictures_of_the_web_are_named_as_they_are_there() -> None:
    page = "https://example.org/page"
    picture = Record(page, locator="img 3", url="https://example.org/a/scan.png")
    assert words.where(picture) == "img 3, scan.png"
    assert words.where(Record(page, url=page)) == ""
    assert words.where(Record("a.zip", member="b/c.png")) == "b/c.png"


def test_names_mean_nothing_in_markdown() -> None:
    assert words.plain(":red[a] $x$ **b**.pdf") == r"\:red\[a\] \$x\$ \*\*b\*\*.pdf"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"source": "a.pdf", "source_type": "pdf"}, True),
        ({"source": "paper", "source_type": "pdf"}, True),
        ({"source": "a.zip", "source_type": "archive", "member": "x/A.PDF"}, True),
        ({"source": "a.zip", "source_type": "archive"}, False),
        ({"source": "a.pdf", "source_type": "pdf", "member": "attached.zip"}, False),
    ],
)
def test_passwords_are_asked_for_pdfs_alone(said: dict[str, str], wanted: bool) -> None:
    needed = "encrypted: a password is needed to open it, and none was given"
    assert words.wants_password(Record(**said, error=needed)) is wanted  # type: ignore[arg-type]
    hopeless = "encrypted: protected by a security scheme that is not supported"
    assert not words.wants_password(Record(**said, error=hopeless))  # type: ignore[arg-type]
