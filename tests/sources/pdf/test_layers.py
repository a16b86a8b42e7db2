"""Pictures on layers that are off are reported as such, and spoil no other picture."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sources.pdf.making_pdfs import Pdf, draw, pictures, scene


def _layered(state: str, kind: str = "/Type /OCG /Name (Layer)") -> Pdf:
    pdf = Pdf()
    layer = pdf.add("/Type /OCG /Name (Layer)")
    marked = layer if "OCG /Name" in kind else pdf.add(kind.replace("LAYER", f"{layer} 0 R"))
    state = state.replace("LAYER", f"{layer} 0 R")
    pdf.catalog = f"/OCProperties << /OCGs [{layer} 0 R] /D << {state} >> >>"
    content = draw("A", 50, 500, 80, 60) + "/OC /L BDC " + draw("B", 50, 300, 80, 60) + "EMC "
    images = {"A": pdf.picture(scene()), "B": pdf.picture(scene(seed=1))}
    pdf.page(content, images, resources=f"/Properties << /L {marked} 0 R >>")
    return pdf


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("/OFF [LAYER]", "/Type /OCG /Name (Layer)"),
        ("/BaseState /OFF", "/Type /OCG /Name (Layer)"),
        ("/OFF [LAYER]", "/Type /OCMD /OCGs [LAYER] /P /AllOn"),
    ],
)
def test_a_picture_on_a_layer_that_is_off_is_found_and_told(state: str, kind: str) -> None:
    shown, hidden = pictures(_layered(state, kind))
    assert np.array_equal(hidden.pixels, scene(seed=1))
    assert hidden.where.locator == "page 1, image 2 (hidden layer)"
    assert shown.where.locator == "page 1, image 1"


@pytest.mark.parametrize("state", ["", "/OFF []", "/BaseState /OFF /ON [LAYER]"])
def test_a_layer_that_is_on_is_nothing_special(state: str) -> None:
    assert [p.where.locator for p in pictures(_layered(state))] == [
        "page 1, image 1",
        "page 1, image 2",
    ]


def test_a_hidden_image_over_a_picture_does_not_cover_it() -> None:
    pdf = Pdf()
    layer = pdf.add("/Type /OCG /Name (Layer)")
    pdf.catalog = f"/OCProperties << /OCGs [{layer} 0 R] /D << /OFF [{layer} 0 R] >> >>"
    alpha = pdf.picture(np.full((60, 80), 128, dtype=np.uint8))
    over = pdf.picture(scene(seed=1), f"/SMask {alpha} 0 R /OC {layer} 0 R")
    place = draw("A", 50, 500, 80, 60) + draw("B", 50, 500, 80, 60)
    pdf.page(place, {"A": pdf.picture(scene()), "B": over})
    below, above = pictures(pdf)
    assert np.array_equal(below.pixels, scene())
    assert above.where.locator.endswith("(hidden layer)")
