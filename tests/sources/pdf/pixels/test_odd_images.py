"""Images that PDFium paints wrongly, dies of, or that white paper does not show."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from medsift.core.picture import Picture
from medsift.sources.pdf.placement.overlays import _differ
from tests.sources.pdf.making_pdfs import Pdf, draw, far, findings, pictures, problems, scene

SHOWN = draw("I", 50, 50, 200, 150)
TINT = "<< /FunctionType 2 /Domain [0 1] /C0 [0 0 0 0] /C1 [0 0 0 1] /N 1 >>"
SEPARATION = f"[/Separation /Black /DeviceCMYK {TINT}]"
ONE_INK = f"[/DeviceN [/Black] /DeviceCMYK {TINT}]"


def disc(inside: int = 200, outside: int = 40) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[:60, :80]
    within = (rows - 30) ** 2 + (columns - 40) ** 2 < 20**2
    return np.where(within, inside, outside).astype(np.uint8)


def jpeg2000(samples: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(samples).save(buffer, "JPEG2000")
    return buffer.getvalue()


def jpx(data: bytes, entries: str, before: str = "") -> Pdf:
    """A page with the image, and one after it with another."""
    pdf = Pdf()
    start = "/Type /XObject /Subtype /Image /Width 80 /Height 60"
    image = pdf.add(f"{start} {entries} /Filter /JPXDecode", data)
    pdf.page(before + SHOWN, {"I": image})
    pdf.page(SHOWN, {"I": pdf.picture(scene())})
    return pdf


@pytest.mark.parametrize("entries", ["/Decode [1 0]", "/Decode [0 1]", ""])
def test_the_decode_array_of_grey_jpeg_2000_does_not_count(entries: str) -> None:
    found = pictures(jpx(jpeg2000(disc()), f"/ColorSpace /DeviceGray {entries}"))
    assert [p.where.page for p in found] == [1, 2]
    assert far(found[0].pixels[..., 0], disc()) < 2


def test_deep_grey_jpeg_2000_is_not_cut_off() -> None:
    deep = disc().astype(np.uint16) * 257
    found = pictures(jpx(jpeg2000(deep), "/ColorSpace /DeviceGray /Decode [1 0]"))
    assert far(found[0].pixels[..., 0], disc()) < 3


@pytest.mark.parametrize("space", [SEPARATION, ONE_INK])
def test_jpeg_2000_of_one_ink_is_the_darker_the_more_of_it_there_is(space: str) -> None:
    found = pictures(jpx(jpeg2000(disc()), f"/ColorSpace {space}"))
    assert far(found[0].pixels[..., 0], 255 - disc()) < 3


@pytest.mark.parametrize("decode", ["", "/Decode [1 0]"])
def test_a_stencil_in_jpeg_2000_is_painted_and_costs_no_other_page(decode: str) -> None:
    samples = disc(255, 0)
    found = pictures(jpx(jpeg2000(samples), f"/ImageMask true {decode}"))
    assert [p.where.page for p in found] == [1, 2]
    # Samples of 0 are painted, black on white; a decode array of a mask does count.
    assert far(found[0].pixels[..., 0], 255 - samples if decode else samples) < 1


def test_a_stencil_in_jpeg_2000_is_kept_from_drawings_of_the_page() -> None:
    inner = jpx(jpeg2000(disc(255, 0)), "/ImageMask true")
    form = inner.form(draw("I", 0, 0, 200, 150), {"I": 3})
    lines = "".join(f"{x} 300 m {x + 40} 380 {x + 80} 420 {x + 90} 500 c S\n" for x in range(20))
    inner.page(lines + draw("F", 1, 1, 1, 1), {"F": form})
    found = pictures(inner)
    assert [(p.where.page, p.format) for p in found] == [
        (1, "jpeg2000"),
        (2, "raw"),
        (3, "jpeg2000"),
        (3, "vector"),
    ]


def test_a_mask_in_jpeg_2000_that_cannot_be_had_is_told() -> None:
    pdf = jpx(jpeg2000(disc(255, 0)), "/ImageMask true")
    masked = pdf.picture(scene(), "/Mask 3 0 R")
    pdf.page(SHOWN, {"I": masked})
    found = findings(pdf)
    assert [f.where.page for f in found if isinstance(f, Picture)] == [1, 2]
    assert [(p.reason, p.where.page) for p in problems(found)] == [("undecodable", 3)]


def stencil(pdf: Pdf) -> int:
    bits = np.packbits(disc(1, 0), axis=1).tobytes()
    return pdf.image(80, 60, bits, "/ImageMask true /BitsPerComponent 1")


def test_white_is_seen_against_what_lies_behind_it() -> None:
    pdf = Pdf()
    pdf.page("0 g 0 0 600 800 re f 1 g " + SHOWN, {"I": stencil(pdf)})
    (found,) = pictures(pdf)
    assert found.pixels.shape == (60, 80, 3)
    assert found.where.extraction == "rendered"
    # Outside of the disc it is painted white, inside the ground is left.
    assert far(found.pixels[..., 0], disc(0, 255)) < 10


def test_white_on_white_and_on_what_is_nearly_white_stays_a_shadow() -> None:
    for ground in ("1 g", "0.95 g"):
        pdf = Pdf()
        pdf.page(f"{ground} 0 0 600 800 re f 1 g " + SHOWN, {"I": stencil(pdf)})
        assert [p.reason for p in problems(findings(pdf))] == ["shadow"]


def test_a_glow_on_a_picture_is_part_of_the_picture() -> None:
    pdf = Pdf()
    ground = pdf.picture(255 - scene() // 8 * 0 - 200 + scene() // 8)
    content = draw("G", 40, 40, 300, 200) + "1 g " + SHOWN
    pdf.page(content, {"G": ground, "I": stencil(pdf)})
    found = findings(pdf)
    assert [p.reason for p in problems(found)] == ["shadow"]
    assert len(found) == 2


def test_images_without_samples_are_failures_and_not_blank() -> None:
    for samples in (b"", bytes(100)):
        pdf = Pdf()
        pdf.page(SHOWN, {"I": pdf.image(80, 60, samples)})
        assert [p.reason for p in problems(findings(pdf))] == ["undecodable"]
    pdf = Pdf()
    pdf.page(SHOWN, {"I": pdf.image(80, 60, bytes(80 * 60 * 3))})
    assert len(pictures(pdf)) == 1  # black indeed


def test_differences_are_those_of_any_channel() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 256, (2, 40, 30, 3), dtype=np.uint8)
    other[:20] = one[:20]
    other[5, 5, 1] ^= 9
    far_apart = np.abs(one.astype(int) - other).max(axis=2) > 8
    assert np.array_equal(_differ(one, other), far_apart)
    assert _differ(np.zeros_like(one), np.full_like(one, 255)).all()
