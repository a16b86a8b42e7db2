"""Pages that kill their reader cost themselves, and nothing else of the document."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medsift import scan
from medsift.core.errors import CrashedError, EncryptedError
from medsift.core.limits import DEFAULT_LIMITS
from medsift.core.picture import Finding, Picture, Problem, Provenance
from medsift.sources.base import Blob, Budget, Context, SourceOptions
from medsift.sources.pdf import read
from medsift.sources.pdf.apart import noted, pages_apart
from medsift.sources.registry import findings
from tests.samples import locked, picture, write_pdf
from tests.sources.pdf.pixels.test_odd_images import disc, jpeg2000, jpx

from .making_pdfs import Pdf, draw, scene

WHERE = Provenance("a.pdf", "pdf")
CURVES = "".join(f"{x} 300 m {x + 40} 380 {x + 80} 420 {x + 90} 500 c S\n" for x in range(20))


def context(notes: Path | None = None, password: str = "") -> Context:
    return Context(
        options=SourceOptions(pdf_password=password),
        recurse=findings,
        budget=Budget(DEFAULT_LIMITS),
        notes=notes,
    )


def several(count: int = 3) -> Pdf:
    pdf = Pdf()
    for seed in range(count):
        pdf.page(draw("I", 50, 50, 200, 150), {"I": pdf.picture(scene(seed=seed))})
    return pdf


def deadly() -> Pdf:
    """Of its three pages the second makes PDFium end the process: a stencil in a pattern."""
    pdf = jpx(jpeg2000(disc(255, 0)), "/ImageMask true")
    third = pdf.pages.pop()
    cell = "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 80 60]"
    image = "/XStep 80 /YStep 60 /Resources << /XObject << /I 3 0 R >> >>"
    pattern = pdf.add(f"{cell} {image}", draw("I", 0, 0, 80, 60).encode())
    content = CURVES + "/Pattern cs /P scn 20 300 300 300 re f " + draw("J", 350, 50, 200, 150)
    first = pdf.picture(scene(seed=7))
    pdf.page(content, {"J": first}, resources=f"/Pattern << /P {pattern} 0 R >>")
    pdf.pages.append(third)
    return pdf


def told(found: list[Finding]) -> list[tuple[int | None, str]]:
    return [(f.where.page, f.reason if isinstance(f, Problem) else "") for f in found]


def test_pages_read_apart_are_the_same_as_in_place() -> None:
    data = several().to_bytes()
    here = list(read(Blob(WHERE, data=data), context()))
    apart = list(pages_apart(data, WHERE, context()))
    assert told(apart) == told(here) == [(1, ""), (2, ""), (3, "")]
    for one, other in zip(here, apart, strict=True):
        assert isinstance(one, Picture)
        assert isinstance(other, Picture)
        assert replace(one.where, index=None) == other.where
        assert np.array_equal(one.pixels, other.pixels)
        assert (one.sha256, one.format, one.color_mode) == (
            other.sha256,
            other.format,
            other.color_mode,
        )


def test_a_page_that_kills_its_reader_costs_itself_alone() -> None:
    found = list(read(Blob(WHERE, data=deadly().to_bytes()), context()))
    assert told(found) == [(1, ""), (2, ""), (2, ""), (2, "crashed"), (3, "")]
    assert [f.where.index for f in found if isinstance(f, Picture)] == [1, 2, 3, 4]
    assert [f.where.locator for f in found if isinstance(f, Problem)] == ["page 2"]


def test_a_document_whose_reader_dies_goes_on_at_the_next_page() -> None:
    pdf = deadly()
    pdf.page(draw("I", 50, 50, 200, 150), {"I": pdf.picture(scene(seed=9))})
    found = list(pages_apart(pdf.to_bytes(), WHERE, context()))
    assert told(found) == [(1, ""), (2, ""), (2, ""), (2, "crashed"), (3, ""), (4, "")]


def test_where_there_is_no_process_to_read_in_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("medsift.sources.pdf.apart.subprocess.Popen", refuse)
    with pytest.raises(CrashedError, match="no process to read the document in"):
        list(pages_apart(several().to_bytes(), WHERE, context()))


def test_the_worker_of_a_scan_survives_such_a_page(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(deadly().to_bytes())
    records = list(scan([path], workers=1))
    assert [(r.page, r.status) for r in records] == [
        (1, "ok"),
        (2, "ok"),
        (2, "ok"),
        (2, "failed"),
        (3, "ok"),
    ]


def test_after_a_death_a_document_is_read_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = several(2).to_bytes()
    starts = []

    def watched(*args: object) -> object:
        starts.append(args)
        return pages_apart(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("medsift.sources.pdf.reader.pages_apart", watched)
    blob = Blob(WHERE, data=data)
    assert len(list(read(blob, context(tmp_path)))) == 2
    assert starts == []
    with noted(tmp_path, data) as has_killed:  # and the process dies here
        assert not has_killed
        assert len(list(read(blob, context(tmp_path)))) == 2
    assert len(starts) == 1
    assert list(tmp_path.iterdir()) == []


def test_another_document_is_not_blamed_for_a_death(tmp_path: Path) -> None:
    with noted(tmp_path, b"one"), noted(tmp_path, b"other") as has_killed:
        assert not has_killed


def test_a_missing_password_is_told(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [picture(1)])
    data = locked(tmp_path / "a.pdf", "secret")
    with pytest.raises(EncryptedError):
        list(pages_apart(data, WHERE, context()))
    assert told(list(pages_apart(data, WHERE, context(password="secret")))) == [(1, "")]


def test_whoever_wants_no_more_gets_no_more() -> None:
    found = pages_apart(several(3).to_bytes(), WHERE, context())
    assert isinstance(next(found), Picture)
    found.close()  # type: ignore[attr-defined]
