"""What is painted through a soft mask that holds an image is seen as the page shows it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medsift.core.picture import Picture
from tests.sources.pdf.making_pdfs import (
    Pdf,
    draw,
    far,
    findings,
    lowered,
    pictures,
    problems,
    scene,
)

_GREY = scene(120, 160)[..., 1]
_PLACE = (100.0, 200.0, 160.0, 120.0)


def _masking(pdf: Pdf, image: int, entries: str = "", place: str = "") -> str:
    """Resources with a state /G that sets a mask, and a state /N that sets none."""
    group = pdf.add(
        "/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Group << /S /Transparency "
        f"/CS /DeviceGray >> /Resources << /XObject << /Im {image} 0 R >> >>",
        (place or draw("Im", *_PLACE)).encode(),
    )
    mask = f"<< /S /Luminosity /G {group} 0 R >>"
    return f"/ExtGState << /G << /SMask {mask} {entries} >> /N << /SMask /None /ca 0.5 >> >>"


def _shown(grey: np.ndarray = _GREY) -> np.ndarray:
    """Black paint lets white paper through where the mask is dark."""
    return np.repeat((255 - grey)[..., None], 3, axis=2)


@pytest.mark.parametrize(
    "paint",
    [
        "/G gs 0 g 100 200 160 120 re f",
        "/G gs 0 g 0 0 600 800 re f",
        "q 100 200 160 120 re W n /G gs /S sh Q",
        "/G gs /F Do",
        "/G gs 0 g 100 200 80 120 re f 180 200 80 120 re f",
    ],
)
def test_paint_is_seen_through_the_image_of_its_mask(paint: str) -> None:
    pdf = Pdf()
    form = pdf.form("0 g 0 0 600 800 re f", {}, "/Group << /S /Transparency >>")
    shading = (
        "/Shading << /S << /ShadingType 2 /ColorSpace /DeviceGray /Coords [0 0 1 0] "
        "/Extend [true true] /Function << /FunctionType 2 /N 1 /Domain [0 1] /C0 [0] /C1 [0] >> "
        ">> >>"
    )
    pdf.page(paint, {"F": form}, resources=_masking(pdf, pdf.picture(_GREY)) + shading)
    [found] = pictures(pdf)
    assert found.where.extraction == "rendered"
    assert found.where.bbox == pytest.approx((100, 200, 260, 320), abs=1.2)
    assert found.data is None
    # As fine as 150 dots per inch at least; the mask is coarser here.
    small = np.asarray(_resized(found, (160, 120)))
    assert far(small[4:-4, 4:-4], _shown()[4:-4, 4:-4]) < 6


def test_a_fine_mask_is_drawn_at_its_own_resolution() -> None:
    pdf = Pdf()
    resources = _masking(pdf, pdf.picture(scene(480, 640)[..., 1]))
    pdf.page("/G gs 0 g 100 200 160 120 re f", resources=resources)
    [found] = pictures(pdf)
    assert found.width == pytest.approx(640, abs=8)
    assert found.height == pytest.approx(480, abs=8)


def test_paint_beside_the_mask_is_no_picture() -> None:
    pdf = Pdf()
    resources = _masking(pdf, pdf.picture(_GREY))
    pdf.page("0 g 10 10 50 50 re f /N gs 10 70 50 50 re f", resources=resources)
    assert pictures(pdf) == []


def test_an_image_through_an_image_is_one_picture() -> None:
    pdf = Pdf()
    resources = _masking(pdf, pdf.picture(_GREY))
    black = pdf.picture(np.zeros((120, 160, 3), dtype=np.uint8))
    pdf.page("/G gs " + draw("Black", *_PLACE), {"Black": black}, resources=resources)
    [found] = pictures(pdf)
    assert found.where.extraction == "rendered"
    assert far(found.pixels, _shown()) < 6


def test_a_faint_shadow_is_counted_and_not_reported() -> None:
    pdf = Pdf()
    resources = _masking(pdf, pdf.picture(np.full((50, 50), 20, dtype=np.uint8)))
    pdf.page("/G gs 0 g 100 200 160 120 re f", resources=resources)
    found = findings(pdf)
    assert not any(isinstance(f, Picture) for f in found)
    assert [p.reason for p in problems(found)] == ["shadow"]


def test_a_mask_without_an_image_makes_no_picture() -> None:
    pdf = Pdf()
    resources = _masking(pdf, pdf.picture(_GREY), place="0.5 g 0 0 600 800 re f")
    # The image is at hand, but not among what the group may draw.
    pdf.objects[-1] = pdf.objects[-1].replace(b"/XObject <<", b"/Other <<")
    pdf.page("/G gs 0 g 100 200 160 120 re f", resources=resources)
    assert pictures(pdf) == []


def test_a_mask_beyond_the_limit_is_refused() -> None:
    pdf = Pdf()
    resources = _masking(pdf, pdf.picture(_GREY))
    pdf.page("/G gs 0 g 100 200 160 120 re f", resources=resources)
    found = findings(pdf, limits=replace(lowered(), pixels=100 * 100))
    assert [p.reason for p in problems(found)] == ["limit_exceeded"]


def test_of_several_masks_the_largest_counts() -> None:
    pdf = Pdf()
    wide = pdf.picture(np.tile(np.arange(200, dtype=np.uint8), (10, 1)))
    resources = _masking(pdf, pdf.picture(_GREY)).removesuffix(" >>")
    second = _masking(pdf, wide).removeprefix("/ExtGState << ").replace("/G <<", "/H <<", 1)
    resources += " " + second.replace("/N << /SMask /None /ca 0.5 >>", "")
    pdf.page("/G gs 0 g 100 200 160 120 re f /H gs 100 200 160 120 re f", resources=resources)
    found = findings(pdf, limits=replace(lowered(), pixels=100 * 100))
    assert [p.reason for p in problems(found)] == ["limit_exceeded"]


def _resized(found: Picture, size: tuple[int, int]) -> object:
    from PIL import Image

    return Image.fromarray(found.pixels).resize(size, Image.Resampling.BOX)
