"""Real documents give what people labelled in them, and attacks stay within their limits."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from medsift.core.picture import Picture, Provenance
from medsift.sources.base import Blob, Context
from medsift.sources.pdf import read
from tests.sources.pdf.making_pdfs import problems

pytestmark = pytest.mark.shared

_PAPER = "pdf_medical/Diabetic-Retinopathy-Classification__PAPER_ID_2277_2024396726.pdf"
_BOOK = "pdf_hard/pypdf__resources__Seige_of_Vicksburg_Sample_OCR.pdf"
_MASK_BOMB = "pdf_hard/pdf.js__pdfs__issue16263.pdf"


def _document(path: Path) -> Blob:
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    return Blob(Provenance(path.name), path=path)


def test_the_labelled_pictures_of_a_paper_are_found(shared: Path) -> None:
    blob = _document(shared / "docs" / _PAPER)
    found = {
        (f.where.page, f.width, f.height) for f in read(blob, Context()) if isinstance(f, Picture)
    }
    with (shared / "docs" / "labels.csv").open(newline="", encoding="utf-8") as stream:
        labelled = {
            (int(row["page"]), int(row["width"]), int(row["height"]))
            for row in csv.DictReader(stream)
            if row["file"] == _PAPER and row["label"] == "medical"
        }
    assert len(labelled) >= 2
    assert labelled <= found


def test_a_real_mask_bomb_is_refused(shared: Path) -> None:
    found = list(read(_document(shared / "docs" / _MASK_BOMB), Context()))
    assert {p.reason for p in problems(found) if p.status == "failed"} == {"limit_exceeded"}


def test_printed_portraits_on_a_scanned_page_of_a_book_are_found(shared: Path) -> None:
    found = list(read(_document(shared / "docs" / _BOOK), Context()))
    boxes = [f.where.bbox for f in found if isinstance(f, Picture) and f.where.page == 3]
    assert [tuple(round(side) for side in box or ()) for box in boxes[1:]] == [
        (92, 211, 167, 335),
        (86, 81, 167, 189),
    ]
