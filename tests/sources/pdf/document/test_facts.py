"""What dictionaries say of the images of a page, wherever the page draws them from."""

from __future__ import annotations

import numpy as np
import pytest

from medsift.sources.pdf.document.facts import FactsReader
from medsift.sources.pdf.document.opening import open_second
from tests.sources.pdf.making_pdfs import Pdf, draw, scene


def sizes(pdf: Pdf) -> set[tuple[int, int]]:
    facts = FactsReader(open_second(pdf.to_bytes(), "")).of_page(0)
    return {(key[0], key[1]) for key in facts.images}


@pytest.mark.parametrize("state", ["", "/AS /On"])
def test_images_in_the_appearances_of_annotations_are_known(state: str) -> None:
    pdf = Pdf()
    image = pdf.picture(scene(60, 80))
    look = pdf.form(draw("Im", 0, 0, 80, 60), {"Im": image}, box="0 0 80 60")
    looks = f"<< /On {look} 0 R >>" if state else f"{look} 0 R"
    stamp = pdf.add(
        f"/Type /Annot /Subtype /Stamp /Rect [9 9 89 69] /F 4 {state} /AP << /N {looks} >>"
    )
    bare = pdf.add("/Type /Annot /Subtype /Text /Rect [9 9 20 20]")
    own = pdf.picture(np.ascontiguousarray(scene(30, 40)))
    pdf.page(draw("Own", 200, 200, 40, 30), {"Own": own}, extra=f"/Annots [{bare} 0 R {stamp} 0 R]")
    assert sizes(pdf) == {(80, 60), (40, 30)}


def test_images_in_forms_within_forms_are_known() -> None:
    pdf = Pdf()
    inner = pdf.form(draw("Im", 0, 0, 80, 60), {"Im": pdf.picture(scene(60, 80))})
    outer = pdf.form("/Inner Do", {"Inner": inner})
    pdf.page("/Outer Do", {"Outer": outer})
    assert sizes(pdf) == {(80, 60)}
