"""Strips and tiles become one picture; panels and swarms of small bitmaps do not."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from medsift.core.picture import Picture
from tests.sources.pdf.making_pdfs import (
    Pdf,
    draw,
    far,
    findings,
    pictures,
    problems,
    scene,
    to_jpeg,
)


def _tiled(pixels: np.ndarray, rows: int, columns: int, scale: float = 0.5) -> Pdf:
    """Cut a picture as producers do: equal pieces, and what is left at the end."""
    pdf = Pdf()
    height, width = pixels.shape[:2]
    content = ""
    names: dict[str, int] = {}
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            piece = np.ascontiguousarray(pixels[top : top + rows, left : left + columns])
            name = f"T{len(names)}"
            names[name] = pdf.picture(piece)
            h, w = piece.shape[:2]
            content += draw(name, 50 + left * scale, 700 - (top + h) * scale, w * scale, h * scale)
    pdf.page(content, names)
    return pdf


def test_strips_of_a_scan_are_one_picture() -> None:
    page = scene(500, 400)
    [found] = pictures(_tiled(page, 16, 400))
    assert np.array_equal(found.pixels, page)
    assert found.where.extraction == "stitched"
    assert found.where.bbox == pytest.approx((50, 450, 250, 700))
    assert found.where.locator == "page 1, image 1"


def test_strips_are_joined_before_they_are_reduced() -> None:
    page = scene(512, 400)
    pdf = Pdf()
    content, names = "", {}
    for top in range(0, 512, 128):
        data = to_jpeg(np.ascontiguousarray(page[top : top + 128]))
        names[f"S{top}"] = pdf.jpeg(data, (400, 128), "/ColorSpace /DeviceRGB")
        content += draw(f"S{top}", 50, 700 - (top + 128) / 2, 200, 64)
    pdf.page(content, names)
    [found], [whole] = pictures(pdf, target=50), pictures(pdf)
    assert found.where.extraction == "stitched"
    # Who compares scans goes by it.
    assert found.sha256 == whole.sha256
    assert (found.width, found.height) == (400, 512)
    assert found.pixels.shape == (128, 100, 3)
    small = Image.fromarray(page).resize((100, 128), Image.Resampling.BOX)
    assert far(found.pixels, np.asarray(small)) < 4


def test_tiles_of_a_figure_are_one_picture() -> None:
    figure = scene(300, 500)
    [found] = pictures(_tiled(figure, 64, 64))
    assert np.array_equal(found.pixels, figure)


def test_four_equal_tiles_of_one_picture_are_joined_where_it_goes_on() -> None:
    noise = np.random.default_rng(1).integers(-6, 6, (200, 200, 1))
    figure = (scene(200, 200) + noise).clip(0, 255).astype(np.uint8)
    [found] = pictures(_tiled(figure, 100, 100))
    assert np.array_equal(found.pixels, figure)


def test_four_equal_panels_of_texture_stay_four() -> None:
    pdf = Pdf()
    names, content = {}, ""
    for i in range(4):
        coarse = np.random.default_rng(i).integers(60, 250, (40, 40, 3), dtype=np.uint8)
        panel = Image.fromarray(coarse).resize((120, 120), Image.Resampling.BILINEAR)
        names[f"P{i}"] = pdf.picture(np.asarray(panel, dtype=np.uint8))
        content += draw(f"P{i}", 50 + 120 * (i % 2), 100 + 120 * (i // 2), 120, 120)
    pdf.page(content, names)
    assert len(pictures(pdf)) == 4


def test_tiles_of_two_pictures_side_by_side_are_two_pictures() -> None:
    panels = []
    for seed in (1, 2):
        coarse = np.random.default_rng(seed).integers(60, 250, (30, 20, 3), dtype=np.uint8)
        panel = Image.fromarray(coarse).resize((120, 180), Image.Resampling.BILINEAR)
        panels.append(np.asarray(panel, dtype=np.uint8))
    found = pictures(_tiled(np.hstack(panels), 60, 120))
    assert [f.pixels.shape for f in found] == [(180, 120, 3)] * 2
    assert all(np.array_equal(f.pixels, p) for f, p in zip(found, panels, strict=True))


def test_very_many_tiles_are_one_picture() -> None:
    figure = scene(23 * 10, 24 * 10)
    [found] = pictures(_tiled(figure, 10, 10))
    assert np.array_equal(found.pixels, figure)


def test_tiles_at_a_scale_that_does_not_fit_the_pixel_grid_are_one_picture() -> None:
    figure = scene(300, 500)
    [found] = pictures(_tiled(figure, 64, 128, scale=0.2399))
    assert found.pixels.shape == figure.shape
    assert far(found.pixels, figure) < 2


def test_two_panels_that_touch_stay_two() -> None:
    pdf = Pdf()
    names = {"A": pdf.picture(scene(100, 100, seed=1)), "B": pdf.picture(scene(100, 100, seed=2))}
    pdf.page(draw("A", 50, 100, 100, 100) + draw("B", 150, 100, 100, 100), names)
    assert [f.where.extraction for f in pictures(pdf)] == ["embedded", "embedded"]


def test_two_panels_with_flat_edges_that_touch_stay_two() -> None:
    pdf = Pdf()
    names = {}
    for name in "AB":
        panel = np.zeros((100, 100, 3), dtype=np.uint8)
        panel[20:80, 20:80] = scene(60, 60, seed=ord(name))
        names[name] = pdf.picture(panel)
    pdf.page(draw("A", 50, 100, 100, 100) + draw("B", 150, 100, 100, 100), names)
    assert len(pictures(pdf)) == 2


@pytest.mark.parametrize(
    ("per_point", "gap", "found"),
    [(4.0, 0.3, 1), (4.0, 1.0, 4), (1.0, 1.0, 1), (0.5, 1.4, 1), (0.5, 2.0, 4)],
)
def test_pieces_are_of_one_picture_up_to_a_gap_of_a_pixel_and_a_half(
    per_point: float, gap: float, found: int
) -> None:
    noise = np.random.default_rng(1).integers(-6, 6, (200, 200, 1))
    figure = (scene(200, 200) + noise).clip(0, 255).astype(np.uint8)
    pdf, content, names = Pdf(), "", {}
    side = 200 / per_point
    for number, piece in enumerate(np.split(figure, 4)):
        names[f"S{number}"] = pdf.picture(np.ascontiguousarray(piece))
        low = 700 - (number + 1) * side / 4 - number * gap
        content += draw(f"S{number}", 50, low, side, side / 4)
    pdf.page(content, names)
    assert len(pictures(pdf)) == found


def test_pictures_side_by_side_with_a_gap_stay_apart() -> None:
    pdf = Pdf()
    left, right = np.hsplit(scene(100, 200), 2)
    names = {
        "A": pdf.picture(np.ascontiguousarray(left)),
        "B": pdf.picture(np.ascontiguousarray(right)),
    }
    pdf.page(draw("A", 50, 100, 100, 100) + draw("B", 160, 100, 100, 100), names)
    assert len(pictures(pdf)) == 2


def test_a_masked_layer_is_shown_on_what_lies_below() -> None:
    pdf = Pdf()
    alpha = np.zeros((100, 100), dtype=np.uint8)
    alpha[40:60, 40:60] = 255
    below = pdf.picture(np.full((100, 100, 3), (10, 120, 10), dtype=np.uint8))
    above = pdf.picture(
        np.full((100, 100, 3), (200, 0, 0), dtype=np.uint8), f"/SMask {pdf.picture(alpha)} 0 R"
    )
    pdf.page(draw("A", 50, 100, 100, 100) + draw("B", 50, 100, 100, 100), {"A": below, "B": above})
    [found] = pictures(pdf)
    assert found.where.extraction == "rendered"
    assert found.pixels.shape == (100, 100, 3)
    assert found.pixels[50, 50].tolist() == [200, 0, 0]
    assert found.pixels[10, 10].tolist() == [10, 120, 10]


def test_a_picture_that_an_unlike_one_hides_is_found_and_nothing_is_counted() -> None:
    pdf = Pdf()
    names = {"A": pdf.picture(scene(seed=1)), "B": pdf.picture(scene(seed=2))}
    pdf.page(draw("A", 50, 100, 80, 60) + draw("B", 50, 100, 80, 60), names)
    assert [picture.note for picture in pictures(pdf)] == ["hidden", ""]
    assert problems(findings(pdf)) == []
    assert len(pictures(pdf, pixels="stored")) == 2


def test_a_picture_on_a_background_stays_itself() -> None:
    pdf = Pdf()
    names = {"A": pdf.picture(scene(300, 300, seed=1)), "B": pdf.picture(scene())}
    pdf.page(draw("A", 0, 0, 600, 800) + draw("B", 50, 100, 80, 60), names)
    assert [(f.width, f.height) for f in pictures(pdf)] == [(300, 300), (80, 60)]


def test_bitmaps_of_letters_are_counted_not_reported() -> None:
    pdf = Pdf()
    names, content = {}, ""
    for i in range(20):
        bits = np.random.default_rng(i).integers(0, 256, 40 * 5, dtype=np.uint8)
        names[f"G{i}"] = pdf.image(40, 40, bits.tobytes(), "/ImageMask true")
        content += draw(f"G{i}", 50 + 9 * i, 700, 8, 10)
    pdf.page(content, names)
    [problem] = findings(pdf)
    assert problem == problems([problem])[0]
    assert (problem.where.locator, problem.where.page) == ("page 1, 20 glyphs", 1)
    assert (problems([problem])[0].status, problems([problem])[0].reason) == ("skipped", "glyph")


def test_rules_and_spacers_are_counted_not_reported() -> None:
    pdf = Pdf()
    names = {
        "R": pdf.picture(np.zeros((2, 900, 3), dtype=np.uint8)),
        "S": pdf.picture(np.zeros((1, 1, 3), dtype=np.uint8)),
    }
    pdf.page(draw("R", 50, 300, 450, 1) + draw("S", 50, 100, 300, 20), names)
    found = findings(pdf)
    assert not any(isinstance(f, Picture) for f in found)
    assert {p.where.locator for p in problems(found)} == {"page 1, 1 rule", "page 1, 1 spacer"}


@pytest.mark.parametrize(
    ("pixels", "points", "is_rule"),
    [
        ((900, 2), (450, 20), True),  # of two rows, however high it is drawn
        ((900, 40), (450, 1), True),  # a hairline, however many rows it has
        ((900, 40), (450, 20), False),
        ((90, 2), (90, 20), False),
    ],
)
def test_rules_are_long_and_have_few_rows_or_are_thin(
    pixels: tuple[int, int], points: tuple[int, int], is_rule: bool
) -> None:
    pdf = Pdf()
    pdf.page(draw("R", 50, 300, *points), {"R": pdf.picture(scene(pixels[1], pixels[0]))})
    assert [p.reason for p in problems(findings(pdf))] == (["rule"] if is_rule else [])


def test_shadows_are_counted_not_reported() -> None:
    pdf = Pdf()
    alpha = np.zeros((60, 80), dtype=np.uint8)
    alpha[10:50, 10:70] = 20
    black = np.zeros((60, 80, 3), dtype=np.uint8)
    shadow = pdf.picture(black, f"/SMask {pdf.picture(alpha)} 0 R")
    pdf.page(draw("S", 50, 300, 80, 60), {"S": shadow})
    [problem] = problems(findings(pdf))
    assert (problem.reason, problem.where.locator) == ("shadow", "page 1, 1 shadow")


def test_a_faint_picture_without_a_mask_is_still_reported() -> None:
    pdf = Pdf()
    faint = (scene().astype(int) // 12 + 232).astype(np.uint8)
    pdf.page(draw("Im", 50, 300, 80, 60), {"Im": pdf.picture(faint)})
    assert len(pictures(pdf)) == 1


def test_letters_of_a_bitmap_font_are_counted_where_it_is_first_used() -> None:
    pdf = Pdf()
    glyph = pdf.add("", b"8 0 0 0 8 8 d1 q 8 0 0 8 0 0 cm BI /W 8 /H 8 /IM true ID 12345678 EI Q")
    names = [f"g{i}" for i in range(5)]
    procs = " ".join(f"/{name} {glyph} 0 R" for name in names)
    font = pdf.add(
        "/Type /Font /Subtype /Type3 /FontBBox [0 0 8 8] /FontMatrix [0.125 0 0 0.125 0 0] "
        f"/CharProcs << {procs} >> /Encoding << /Differences [65 /{' /'.join(names)}] >> "
        "/FirstChar 65 /LastChar 69 /Widths [8 8 8 8 8]"
    )
    for _ in range(2):
        pdf.page("BT /F 12 Tf 50 500 Td (ABCDE) Tj ET", resources=f"/Font << /F {font} 0 R >>")
    found = findings(pdf)
    assert [(f.where.locator, p.reason) for f, p in zip(found, problems(found), strict=True)] == [
        ("page 1, 5 glyphs", "glyph")
    ]


@pytest.mark.parametrize(("side", "mask"), [(60, ""), (10, ""), (60, "/ImageMask true")])
def test_a_picture_in_a_letter_is_a_picture(side: int, mask: str) -> None:
    pdf = Pdf()
    entries = mask or "/ColorSpace /DeviceRGB /BitsPerComponent 8"
    pixels = scene(side, side)
    image = pdf.image(side, side, pixels.tobytes(), entries)
    glyph = pdf.add("", b"60 0 d0 60 0 0 60 0 0 cm /I Do")
    font = pdf.add(
        "/Type /Font /Subtype /Type3 /FontBBox [0 0 60 60] /FontMatrix [1 0 0 1 0 0] "
        f"/CharProcs << /a {glyph} 0 R >> /Encoding << /Differences [65 /a] >> /FirstChar 65 "
        f"/LastChar 65 /Widths [60] /Resources << /XObject << /I {image} 0 R >> >>"
    )
    pdf.page("BT /F 1 Tf 50 500 Td (A) Tj ET", resources=f"/Font << /F {font} 0 R >>")
    found = pictures(pdf)
    if mask or side < 24:
        assert found == []
    else:
        assert np.array_equal(found[0].pixels, pixels)


def test_letters_of_an_outlined_font_are_not_counted() -> None:
    pdf = Pdf()
    glyph = pdf.add("", b"8 0 d0 0 0 8 8 re f")
    font = pdf.add(
        "/Type /Font /Subtype /Type3 /FontBBox [0 0 8 8] /FontMatrix [0.125 0 0 0.125 0 0] "
        f"/CharProcs << /a {glyph} 0 R >> /Encoding << /Differences [65 /a] >> "
        "/FirstChar 65 /LastChar 65 /Widths [8]"
    )
    pdf.page("BT /F 12 Tf 50 500 Td (A) Tj ET", resources=f"/Font << /F {font} 0 R >>")
    assert findings(pdf) == []


def _two(left: np.ndarray, right: np.ndarray, scale: float = 1.0) -> list[Picture]:
    """Two images side by side, without a gap."""
    pdf = Pdf()
    names = {"L": pdf.picture(left), "R": pdf.picture(right)}
    (height, wide), across = left.shape[:2], right.shape[1]
    content = draw("L", 50, 100, wide * scale, height * scale)
    content += draw("R", 50 + wide * scale, 100, across * scale, height * scale)
    pdf.page(content, names)
    return pictures(pdf)


def _textured(step: int) -> tuple[np.ndarray, np.ndarray]:
    """Halves of a picture with texture along the seam, the right one brighter by a step."""
    rows = np.random.default_rng(3).integers(60, 180, (120, 1, 3), dtype=np.uint8)
    left = np.repeat(rows, 120, axis=1)
    return left, left + np.uint8(step)


def test_equal_halves_are_joined_where_the_step_across_is_like_those_beside_it() -> None:
    assert [p.where.extraction for p in _two(*_textured(0))] == ["stitched"]
    assert [p.where.extraction for p in _two(*_textured(2))] == ["stitched"]


def test_equal_halves_stay_two_where_the_step_across_is_larger() -> None:
    assert len(_two(*_textured(3))) == 2
    assert len(_two(*_textured(40))) == 2


def test_equal_halves_stay_two_where_the_seam_is_flat_and_nothing_can_be_told() -> None:
    flat = np.full((120, 120, 3), 90, dtype=np.uint8)
    flat[40:80, 20:60] = 200
    assert len(_two(flat, flat[:, ::-1])) == 2


def test_strips_are_joined_across_a_step_that_would_part_panels() -> None:
    left, right = _textured(6)
    assert [p.where.extraction for p in _two(left[:, :30], right[:, :30])] == ["stitched"]
    left, right = _textured(7)
    assert len(_two(left[:, :30], right[:, :30])) == 2


def _stepping(across: int, beside: int = 10, width: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """The same, with a step also on either side of the seam, as in a ramp."""
    rows = np.random.default_rng(3).integers(60, 120, (120, 1, 3), dtype=np.uint8)
    left, right = np.repeat(rows, width, axis=1), np.repeat(rows, width, axis=1)
    left[:, -1] += np.uint8(beside)
    right[:, 0] += np.uint8(beside + across)
    right[:, 1:] += np.uint8(2 * beside + across)
    return left, right


@pytest.mark.parametrize(("across", "parts"), [(15, 1), (16, 1), (17, 2)])
def test_the_step_across_may_be_somewhat_larger_than_those_beside_it(
    across: int, parts: int
) -> None:
    assert len(_two(*_stepping(across))) == parts


@pytest.mark.parametrize(("across", "parts"), [(30, 1), (31, 1), (32, 2)])
def test_between_strips_it_may_be_larger_still(across: int, parts: int) -> None:
    assert len(_two(*_stepping(across, width=30))) == parts


@pytest.mark.parametrize(("texture", "parts"), [(2, 2), (3, 2), (4, 1)])
def test_a_seam_with_next_to_no_texture_is_flat(texture: int, parts: int) -> None:
    half = np.full((120, 120, 3), 90, dtype=np.uint8)
    half[::2] += np.uint8(2 * texture)
    assert len(_two(half, half.copy())) == parts


def test_flat_strips_are_joined_by_their_shape() -> None:
    flat = np.full((120, 30, 3), 90, dtype=np.uint8)
    flat[40:80, 10:20] = 200
    assert [p.where.extraction for p in _two(flat, flat)] == ["stitched"]


def test_the_seam_of_pictures_one_above_the_other_is_between_bottom_and_top() -> None:
    """Turned by a quarter, the same holds for the other pair of sides."""
    left, right = (half.transpose(1, 0, 2) for half in _textured(0))
    right = right.copy()
    right[-1] ^= 255  # far from the seam
    pdf = Pdf()
    names = {"U": pdf.picture(np.ascontiguousarray(left)), "D": pdf.picture(right)}
    pdf.page(draw("U", 50, 220, 120, 120) + draw("D", 50, 100, 120, 120), names)
    (found,) = pictures(pdf)
    assert np.array_equal(found.pixels, np.concatenate([left, right]))
