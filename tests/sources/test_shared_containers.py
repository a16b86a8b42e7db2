"""Real office files, mail and archives, when they lie beside the project."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from medsift.core.limits import DEFAULT_LIMITS
from medsift.core.picture import Picture, Problem
from medsift.decode.signatures import image_format
from tests.sources.inside import crashed, scan

pytestmark = pytest.mark.shared


def _rasters(path: Path) -> Iterator[str]:
    """Members of a zip archive that are pictures, by the standard library alone."""
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        return
    with archive:
        for info in archive.infolist():
            try:
                with archive.open(info) as stream:
                    head = stream.read(4096)
            except (zipfile.BadZipFile, RuntimeError, NotImplementedError):
                continue
            if image_format(head, info.filename):
                yield info.filename


@pytest.mark.parametrize("folder", ["office", "archives"])
def test_every_file_ends_in_findings_and_every_raster_is_found(shared: Path, folder: str) -> None:
    for path in sorted((shared / "docs" / folder).iterdir()):
        if path.is_dir():
            continue
        found = scan(path, path.name)
        assert found, path.name
        assert list(crashed(found)) == [], path.name
        members = {finding.where.member for finding in found}
        assert members.issuperset(_rasters(path)), path.name
        assert {finding.where.source for finding in found} == {path.name}


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("poi__document__pictures_escher.doc", 2),
        ("poi__slideshow__42520.ppt", 5),
        ("poi__slideshow__54541_cropped_bitmap.ppt", 1),
        ("docling__sources__legacy_sample.doc", 1),
    ],
)
def test_pictures_of_documents_before_2007_are_found(shared: Path, name: str, count: int) -> None:
    found = scan(shared / "docs" / "office" / name)
    assert sum(isinstance(finding, Picture) for finding in found) == count


def test_an_archive_that_holds_itself_ends(shared: Path) -> None:
    for name in ("tika__test-documents__droste.zip", "tika__test-documents__quine.gz"):
        found = scan(shared / "docs" / "archives" / name)
        last = [finding for finding in found if isinstance(finding, Problem)][-1]
        assert last.reason == "limit_exceeded"
        assert len(found) <= DEFAULT_LIMITS.depth + 1
