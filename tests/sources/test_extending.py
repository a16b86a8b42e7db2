"""The example of docs/how-to/file-types.md works as it is printed there."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from medsift.sources import registry
from tests.sources.archive.making import zipped
from tests.sources.inside import pictures, png, problems, scan

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "file-types.md"


def _block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", _PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install the package that the page describes, for the length of a test."""
    entry = re.search(r'entry-points."(.+)"]\n(\w+) = "(.+)"', _block("toml"))
    assert entry is not None
    group, name, value = entry.groups()
    about = tmp_path / "medsift_cda-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: medsift-cda\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n")
    (tmp_path / "medsift_cda.py").write_text(_block("python"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    registry._plugins.cache_clear()
    yield
    registry._plugins.cache_clear()
    sys.modules.pop("medsift_cda", None)


def document(*contents: bytes) -> bytes:
    values = "".join(
        f"<value representation='B64'>{base64.b64encode(content).decode()}</value>"
        for content in contents
    )
    start = "<?xml version='1.0'?><ClinicalDocument xmlns='urn:hl7-org:v3'>"
    return f"{start}{values}</ClinicalDocument>".encode()


def test_without_the_package_pictures_are_called_by_their_order() -> None:
    assert [locator for locator, _ in pictures(scan(document(png())))] == ["image 1"]


@pytest.mark.usefixtures("installed")
def test_with_the_package_pictures_are_found() -> None:
    found = scan(document(png(1), png(2)))
    assert [locator for locator, _ in pictures(found)] == ["value 1", "value 2"]


@pytest.mark.usefixtures("installed")
def test_with_the_package_pictures_are_found_within_archives_too() -> None:
    found = scan(zipped(("march.zip", zipped(("report.xml", document(png(1), png(2)))))))
    assert pictures(found)[1] == ("member march.zip/report.xml, value 2", "march.zip/report.xml")


@pytest.mark.usefixtures("installed")
def test_what_the_package_raises_becomes_a_problem() -> None:
    assert [reason for reason, _ in problems(scan(document(png())[:-9]))] == ["undecodable"]
