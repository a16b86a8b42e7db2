"""Pictures on layers that are off are reported as such, and spoil no other picture."""

from __future__ import annotations

import re

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


def _with_layers(state: str) -> tuple[Pdf, int, int]:
    pdf = Pdf()
    off, on = (pdf.add(f"/Type /OCG /Name ({name})") for name in ("Off", "On"))
    pdf.catalog = f"/OCProperties << /OCGs [{off} 0 R {on} 0 R] /D << {state} >> >>"
    pdf.catalog = pdf.catalog.replace("OFF_LAYER", f"{off} 0 R").replace("ON_LAYER", f"{on} 0 R")
    return pdf, off, on


def test_a_form_or_image_on_a_layer_that_is_off_is_told() -> None:
    pdf, off, on = _with_layers("/OFF [OFF_LAYER]")
    images = [pdf.picture(scene(seed=i)) for i in range(2)]
    forms = {
        name: pdf.form(draw("Im", x, 300, 80, 60), {"Im": image}, f"/OC {layer} 0 R")
        for name, x, image, layer in (("A", 50, images[0], off), ("B", 250, images[1], on))
    }
    direct = pdf.picture(scene(seed=2), f"/OC {off} 0 R")
    pdf.page("/A Do /B Do " + draw("C", 50, 500, 80, 60), {**forms, "C": direct})
    assert [p.where.locator for p in pictures(pdf)] == [
        "page 1, image 1 (hidden layer)",
        "page 1, image 2",
        "page 1, image 3 (hidden layer)",
    ]


@pytest.mark.parametrize(
    ("membership", "hidden"),
    [
        ("OFF", True),
        ("ON", False),
        ("<< /Type /OCMD /OCGs [OFF ON] >>", False),
        ("<< /Type /OCMD /OCGs [OFF ON] /P /AllOn >>", True),
        ("<< /Type /OCMD /OCGs [OFF] /P /AnyOff >>", False),
        ("<< /Type /OCMD /OCGs [OFF ON] /P /AllOff >>", True),
        ("<< /Type /OCMD /OCGs [] >>", False),
        ("<< /Type /OCMD /VE [/And ON [/Not OFF]] >>", False),
        ("<< /Type /OCMD /VE [/And ON OFF] >>", True),
        ("<< /Type /OCMD /VE [/Or OFF ON] >>", False),
        ("<< /Type /OCMD /OCGs ON /VE [/Or OFF [/Not ON]] >>", True),
    ],
)
@pytest.mark.parametrize("holder", ["annotation", "appearance", "image"])
def test_what_decides_on_layers_is_obeyed(membership: str, hidden: bool, holder: str) -> None:
    pdf, off, on = _with_layers("/BaseState /OFF /ON [ON_LAYER]")
    entry = "/OC " + re.sub(
        r"(?<!/)\b(OFF|ON)\b", lambda m: f"{off if m[0] == 'OFF' else on} 0 R", membership
    )
    entries = {"annotation": "", "appearance": "", "image": "", holder: entry}
    image = pdf.picture(scene(), entries["image"])
    if holder == "image":
        pdf.page(draw("Im", 100, 200, 80, 60), {"Im": image})
    else:
        look = pdf.form(draw("Im", 0, 0, 80, 60), {"Im": image}, entries["appearance"], "0 0 80 60")
        stamp = pdf.add(
            "/Type /Annot /Subtype /Stamp /Rect [100 200 180 260] /F 4 "
            f"/AP << /N {look} 0 R >> {entries['annotation']}"
        )
        pdf.page("", extra=f"/Annots [{stamp} 0 R]")
    [found] = pictures(pdf)
    assert np.array_equal(found.pixels, scene())
    assert found.where.locator.endswith("(hidden layer)") == hidden
