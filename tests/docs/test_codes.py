"""Every code of an error stands in the documentation, and no other does."""

from __future__ import annotations

import re

from medsift.core import errors
from medsift.server import problems

from .running import ROOT

SERVER = ROOT / "src" / "medsift" / "server"


def codes_of_inputs() -> set[str]:
    found = {
        c.code
        for c in vars(errors).values()
        if isinstance(c, type) and issubclass(c, errors.InputError) and c is not errors.InputError
    }
    return {*found, problems.StorageFullError.code}


def codes_of_the_service() -> set[str]:
    """As they stand in its sources: third of a problem's arguments, or after its status."""
    text = "".join(path.read_text() for path in sorted(SERVER.glob("*.py")))
    made = re.findall(r'ProblemError\(\s*[\w.]+,\s*"(\w+)"', text)
    by_status = re.findall(r'\d{3}: "(\w+)"', text)
    return {*made, *by_status}


def named(text: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", text))


def test_the_table_of_problems_has_every_code() -> None:
    page = (ROOT / "docs" / "how-to" / "serve.md").read_text()
    section = page.partition("## Problems")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d{3}) \| (.+?) \|", section, re.MULTILINE)
    told = {code for _, cell in rows for code in named(cell)}
    assert len(codes_of_the_service()) > 8
    assert told == codes_of_the_service() | codes_of_inputs()


def test_the_reference_has_every_code_of_an_error() -> None:
    page = (ROOT / "docs" / "reference" / "records.md").read_text()
    # A full disk is a matter of the whole request, and never of a record.
    assert codes_of_inputs() - {"storage_full"} <= named(page.partition("## reason")[2])
