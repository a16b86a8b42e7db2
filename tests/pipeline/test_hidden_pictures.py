"""Pictures that a page hides are judged like any other, and their records say so."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import medsift
from tests.sources.pdf.making_pdfs import Pdf, draw, scene


def test_a_picture_below_another_one_and_one_below_a_box_have_verdicts(tmp_path: Path) -> None:
    pdf = Pdf()
    names = {
        "A": pdf.picture(scene(60, 80)),
        "B": pdf.picture(scene(60, 80, 1)),
        "C": pdf.picture(scene(60, 80, 2)),
    }
    below, boxed = (100, 100, 160, 120), (100, 400, 160, 120)
    black = "0 0 0 rg 100 400 160 120 re f\n"
    pdf.page(draw("A", *below) + draw("B", *below) + draw("C", *boxed) + black, names)
    path = tmp_path / "page.pdf"
    path.write_bytes(pdf.to_bytes())
    rows = list(medsift.scan([path], model="fast"))
    assert [row.status for row in rows] == ["ok"] * 3
    assert ["hidden" in row.reason.split(", ") for row in rows] == [True, False, True]
    assert all(row.p_medical is not None for row in rows)


def test_a_blank_picture_on_top_does_not_keep_the_lower_one_from_being_judged(
    tmp_path: Path,
) -> None:
    pdf = Pdf()
    white = pdf.picture(np.full((60, 80, 3), 255, np.uint8))
    names = {"A": pdf.picture(scene(60, 80)), "B": white}
    pdf.page(draw("A", 100, 100, 160, 120) + draw("B", 100, 100, 160, 120), names)
    path = tmp_path / "page.pdf"
    path.write_bytes(pdf.to_bytes())
    hidden, cover = medsift.scan([path], model="fast")
    assert (hidden.status, cover.status) == ("ok", "skipped")
    assert hidden.locator == "page 1, image 1 (covered)"
