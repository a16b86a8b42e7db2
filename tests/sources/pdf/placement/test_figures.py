"""Figures drawn as vectors are seen; rules, tables, letters and backgrounds are not figures."""

from __future__ import annotations

import math

import pytest

from tests.sources.pdf.making_pdfs import Pdf, draw, pictures, scene

_TEXT = "BT /F 11 Tf 14 TL 60 760 Td " + "(All work and no play makes a dull page) ' " * 20 + "ET\n"
_FONT = "/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"


def _trace(x: float, y: float, width: float) -> str:
    """Many beats of a curve, as an electrocardiogram has them."""
    points = [
        (x + i * width / 200, y + 30 * math.sin(i / 4) + (50 if i % 25 == 0 else 0))
        for i in range(201)
    ]
    steps = "".join(f"{a:.1f} {b:.1f} l\n" for a, b in points[1:])
    return f"0 0 0 RG {points[0][0]} {points[0][1]} m\n{steps} S\n"


def test_a_curve_is_rendered_with_its_place() -> None:
    pdf = Pdf()
    pdf.page(_TEXT + _trace(100, 200, 300), resources=_FONT)
    [found] = pictures(pdf)
    assert found.where.extraction == "rendered"
    assert found.format == "vector"
    assert found.where.bbox == pytest.approx((98, 168, 402, 282), abs=8)
    x0, y0, x1, y1 = found.where.bbox or (0, 0, 0, 0)
    assert found.width == pytest.approx((x1 - x0) * 150 / 72, abs=1)
    assert found.height == pytest.approx((y1 - y0) * 150 / 72, abs=1)
    dark = (found.pixels < 128).all(axis=2)
    assert 0.002 < dark.mean() < 0.2


def test_a_smooth_curve_of_very_short_lines_is_a_figure() -> None:
    # Each line is less than a point high, and the curve begins flat.
    points = [(100 + i * 0.4, 200 + 60 / (1 + math.exp((400 - i) / 40))) for i in range(801)]
    steps = "".join(f"{x:.3f} {y:.3f} l\n" for x, y in points[1:])
    pdf = Pdf()
    pdf.page(f"90 190 340 90 re S\n{points[0][0]} {points[0][1]} m\n{steps} S\n")
    [found] = pictures(pdf)
    assert found.format == "vector"
    assert found.where.bbox == pytest.approx((88, 188, 432, 282), abs=3)


def test_lines_that_rounding_made_slant_are_straight() -> None:
    rows = "".join(
        f"60 {700 - 20 * i} m 500 {700 - 20 * i + 0.004 * (i % 3)} l 500.003 {690 - 20 * i} l\n"
        for i in range(20)
    )
    pdf = Pdf()
    pdf.page(rows + "S\n")
    assert pictures(pdf) == []


def test_labels_beside_a_curve_belong_to_it() -> None:
    pdf = Pdf()
    label = "BT /F 9 Tf 408 230 Td (mV) Tj ET"
    pdf.page(_trace(100, 200, 300) + label, resources=_FONT)
    [found] = pictures(pdf)
    assert found.where.bbox is not None
    assert found.where.bbox[2] > 418


def test_a_table_is_not_a_figure() -> None:
    pdf = Pdf()
    lines = "".join(f"60 {700 - 20 * i} m 500 {700 - 20 * i} l S\n" for i in range(20))
    lines += "".join(f"{60 + 44 * i} 700 m {60 + 44 * i} 320 l S\n" for i in range(11))
    pdf.page(lines)
    assert pictures(pdf) == []


def test_letters_drawn_as_outlines_are_not_a_figure() -> None:
    pdf = Pdf()
    letter = "{x} {y} m {x1} {y1} {x2} {y} {x3} {y1} c {x} {y1} l f\n"
    content = "".join(
        letter.format(x=60 + 9 * i, x1=62 + 9 * i, x2=64 + 9 * i, x3=66 + 9 * i, y=y, y1=y + 9)
        for y in range(300, 700, 14)
        for i in range(50)
    )
    pdf.page(content)
    assert pictures(pdf) == []


def test_a_background_with_text_is_not_a_figure() -> None:
    pdf = Pdf()
    swoosh = "0.9 0.9 1 rg 0 0 m 200 900 400 900 600 0 c 600 800 l 0 800 l f\n"
    pdf.page(swoosh + _TEXT, resources=_FONT)
    assert pictures(pdf) == []


def test_strokes_on_a_picture_do_not_make_a_second_one() -> None:
    pdf = Pdf()
    content = draw("Im", 90, 130, 330, 160) + _trace(100, 200, 300)
    pdf.page(content, {"Im": pdf.picture(scene())})
    assert [f.format for f in pictures(pdf)] == ["raw"]


def _cells(rows: int, columns: int, colours: int, side: float = 8) -> Pdf:
    pdf = Pdf()
    content = ""
    for row in range(rows):
        for column in range(columns):
            level = (row * columns + column) % colours / colours * 0.9
            content += f"{level:.3f} g {50 + column * side} {100 + row * side} {side} {side} re f\n"
    pdf.page(content)
    return pdf


def test_a_heat_map_of_filled_rectangles_is_a_figure() -> None:
    (found,) = pictures(_cells(20, 30, 50))
    assert found.where.extraction == "rendered"
    assert found.where.bbox == pytest.approx((48, 98, 292, 262), abs=2)


def test_a_small_matrix_with_numbers_in_it_is_a_figure() -> None:
    assert len(pictures(_cells(5, 5, 25, side=30))) == 1


def test_rectangles_may_be_stroked_as_well_and_share_a_path() -> None:
    pdf = Pdf()
    content = ""
    for level in range(8):
        cells = "".join(
            f"{50 + (5 * n + 8 * level) % 160} {100 + 8 * n} 8 8 re " for n in range(20)
        )
        content += f"{level / 9:.2f} g 0.1 w {cells} B\n"
    pdf.page(content)
    assert len(pictures(pdf)) == 1


def test_shaded_rows_and_cells_of_few_colours_are_a_table() -> None:
    assert pictures(_cells(20, 30, 3)) == []
    assert pictures(_cells(3, 5, 15, side=30)) == []


def test_swatches_far_from_each_other_are_no_figure() -> None:
    pdf = Pdf()
    swatches = (
        f"{n / 40:.3f} g {50 + n % 5 * 110} {50 + n // 5 * 110} 9 9 re f" for n in range(30)
    )
    pdf.page("\n".join(swatches))
    assert pictures(pdf) == []


def test_a_picture_of_very_many_rectangles_is_whole() -> None:
    (found,) = pictures(_cells(260, 260, 50, side=1))
    assert found.where.bbox == pytest.approx((48, 98, 312, 362), abs=2)


def test_a_page_laid_out_in_coloured_boxes_is_no_figure() -> None:
    pdf = Pdf()
    boxes = (f"{n / 40:.2f} g {n % 4 * 150} {n // 4 * 100} 150 100 re f" for n in range(32))
    pdf.page("\n".join(boxes))
    assert pictures(pdf) == []


def test_a_picture_of_rectangles_may_fill_its_page() -> None:
    assert len(pictures(_cells(60, 50, 40, side=12))) == 1
