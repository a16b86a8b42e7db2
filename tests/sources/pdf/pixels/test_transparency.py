"""What the graphics state does to an image is seen in its picture."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sources.pdf.making_pdfs import Pdf, draw, far, pictures, scene, to_jpeg


def test_a_constant_opacity_lightens_the_picture() -> None:
    pdf = Pdf()
    pdf.page(
        "/G gs " + draw("Im", 100, 200, 80, 60),
        {"Im": pdf.picture(np.zeros((60, 80, 3), dtype=np.uint8))},
        resources="/ExtGState << /G << /ca 0.5 >> >>",
    )
    [found] = pictures(pdf)
    assert 120 <= found.pixels[30, 40].min() <= found.pixels[30, 40].max() <= 135


def test_a_soft_mask_of_the_graphics_state_is_obeyed() -> None:
    pdf = Pdf()
    group = pdf.add(
        "/Type /XObject /Subtype /Form /BBox [0 0 600 800] "
        "/Group << /S /Transparency /CS /DeviceGray >>",
        b"1 g 100 200 40 60 re f",
    )
    data = to_jpeg(scene() // 3)
    pdf.page(
        "/G gs " + draw("Im", 100, 200, 80, 60),
        {"Im": pdf.jpeg(data, (80, 60), "/ColorSpace /DeviceRGB")},
        resources=f"/ExtGState << /G << /SMask << /S /Luminosity /G {group} 0 R >> >> >>",
    )
    [found] = pictures(pdf)
    assert found.where.extraction == "rendered"
    assert found.data is None
    assert found.pixels[30, 60].tolist() == [255, 255, 255]
    assert far(found.pixels[5:55, 5:35], scene()[5:55, 5:35] // 3) < 8


def test_a_blend_mode_that_changes_nothing_keeps_the_file() -> None:
    pdf = Pdf()
    data = to_jpeg(scene())
    pdf.page(
        "/G gs " + draw("Im", 100, 200, 80, 60),
        {"Im": pdf.jpeg(data, (80, 60), "/ColorSpace /DeviceRGB")},
        resources="/ExtGState << /G << /BM /Multiply >> >>",
    )
    [found] = pictures(pdf)
    assert found.data == data


def test_a_stencil_takes_the_colour_that_is_set() -> None:
    pdf = Pdf()
    bits = np.zeros((200, 200), dtype=np.uint8)
    bits[:100] = 1
    stencil = pdf.image(200, 200, np.packbits(bits, axis=1).tobytes(), "/ImageMask true")
    pdf.page("0 0 1 rg " + draw("S", 100, 200, 200, 200), {"S": stencil})
    [found] = pictures(pdf)
    assert found.pixels[150, 50].tolist() == [0, 0, 255]
    assert found.pixels[50, 50].tolist() == [255, 255, 255]


def test_a_stencil_filled_with_a_gradient_looks_as_on_the_page() -> None:
    pdf = Pdf()
    stencil = pdf.image(200, 200, b"\x00" * 25 * 200, "/ImageMask true")
    shading = (
        "/ShadingType 2 /ColorSpace /DeviceRGB /Coords [0 200 0 400] /Extend [true true] "
        "/Function << /FunctionType 2 /N 1 /Domain [0 1] /C0 [1 0 0] /C1 [0 0 1] >>"
    )
    pdf.page(
        "/Pattern cs /P scn " + draw("S", 100, 200, 200, 200),
        {"S": stencil},
        resources=f"/Pattern << /P << /PatternType 2 /Shading << {shading} >> >> >>",
    )
    [found] = pictures(pdf)
    top, bottom = found.pixels[5, 100], found.pixels[195, 100]
    assert top[2] > 200 > top[0]
    assert bottom[0] > 200 > bottom[2]


@pytest.mark.parametrize("place", [(100.3, 200.7, 91.3, 68.5), (33.37, 617.11, 200.9, 99.1)])
def test_a_rendered_picture_is_not_blurred_by_where_it_stands(
    place: tuple[float, float, float, float],
) -> None:
    pdf = Pdf()
    checks = (np.indices((96, 128)).sum(axis=0) % 2 * 255).astype(np.uint8)
    group = pdf.add(
        "/Type /XObject /Subtype /Form /BBox [0 0 600 800] "
        "/Group << /S /Transparency /CS /DeviceGray >>",
        b"0.5 g 0 0 600 800 re f",
    )
    pdf.page(
        "/G gs " + draw("Im", *place),
        {"Im": pdf.picture(checks)},
        resources=f"/ExtGState << /G << /SMask << /S /Luminosity /G {group} 0 R >> >> >>",
    )
    [found] = pictures(pdf)
    assert found.where.extraction == "rendered"
    assert found.pixels.shape == (96, 128, 3)
    assert far(found.pixels[..., 0], 255 - (255 - checks) // 2) < 2
