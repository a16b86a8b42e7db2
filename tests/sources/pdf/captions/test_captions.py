"""Captions are found in the text layer, and pictures of one figure are told together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsift.core.picture import Picture, Provenance
from medsift.sources.base import Blob, Context, SourceOptions
from medsift.sources.pdf import read
from medsift.sources.pdf.captions.captions import PageText, sorted_out
from medsift.sources.pdf.captions.figure_groups import figure_at, figures_with_captions
from medsift.sources.pdf.captions.text_lines import Line, joined
from tests.sources.pdf.making_pdfs import Pdf, draw, pictures, scene

FONT = "/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
BODY = "The model was trained for many epochs on all of the pictures at hand here"


def write(text: str, x: float, y: float, size: float = 10) -> str:
    safe = text.replace("(", "\\(").replace(")", "\\)")
    return f"BT /F1 {size} Tf {x} {y} Td ({safe}) Tj ET\n"


def paper(*places: tuple[float, float, float, float], text: str = "", extra: str = "") -> Pdf:
    """A page with pictures at places x, y, width, height."""
    pdf = Pdf()
    names = {f"P{i}": pdf.picture(scene(60, 80, i)) for i in range(len(places))}
    content = "".join(draw(f"P{i}", *place) for i, place in enumerate(places))
    pdf.page(content + text, names, FONT, extra)
    return pdf


def test_a_picture_has_the_caption_below_it() -> None:
    [found] = pictures(paper((50, 500, 200, 150), text=write("Figure 3: A chest film.", 60, 484)))
    assert found.caption == "Figure 3: A chest film."
    assert found.caption_label == "Figure 3"
    assert found.figure == "p1-1"


def test_a_caption_may_stand_above_or_beside_its_picture() -> None:
    above = write("Fig. 1. Above.", 60, 660) + write(BODY, 50, 470)
    [found] = pictures(paper((50, 500, 200, 150), text=above))
    assert found.caption_label == "Fig. 1"
    [found] = pictures(paper((50, 500, 200, 150), text=write("Fig. 2. Beside.", 260, 600)))
    assert found.caption_label == "Fig. 2"


def test_a_caption_goes_on_over_lines_and_ends_where_text_begins() -> None:
    text = (
        write("Fig. 1. Axial slices through the abdomen of a patient, after con-", 50, 484, 8)
        + write("trast agent was given.", 50, 474, 8)
        + write(BODY, 50, 450)
        + write(BODY, 50, 438)
    )
    [found] = pictures(paper((50, 500, 260, 150), text=text))
    assert found.caption.endswith("of a patient, after contrast agent was given.")


def test_text_in_the_size_of_the_caption_is_none_of_it_after_a_short_line() -> None:
    text = write("Figure 2: The mask.", 50, 484) + write(BODY, 50, 472)
    [found] = pictures(paper((50, 500, 260, 150), text=text))
    assert found.caption == "Figure 2: The mask."


@pytest.mark.parametrize(
    "reference",
    ["Figure 3 shows the results of the model", "Fig. 1(d), indicates that", "Fig. 5, Fig. 6 and"],
)
def test_a_reference_in_running_text_is_no_caption(reference: str) -> None:
    [found] = pictures(paper((50, 500, 260, 150), text=write(reference, 50, 484)))
    assert found.caption == ""
    assert found.figure == "p1-1"


def test_a_reference_at_the_start_of_a_line_of_a_paragraph_is_no_caption() -> None:
    text = write(BODY + " and this is presented on", 50, 484) + write(
        "Fig. 6 - layout of it", 50, 472
    )
    [found] = pictures(paper((50, 500, 260, 150), text=text))
    assert found.caption == ""


def test_figures_side_by_side_keep_their_own_captions() -> None:
    text = write("Fig. 5. ROC curve", 70, 484, 8) + write("Fig. 6. Confusion matrix", 150, 484, 8)
    one, other = pictures(paper((50, 500, 95, 90), (147, 500, 95, 90), text=text))
    assert (one.caption, other.caption) == ("Fig. 5. ROC curve", "Fig. 6. Confusion matrix")
    assert one.figure != other.figure


def test_panels_in_rows_are_one_figure_with_one_caption() -> None:
    places = [(x, y, 90, 70) for y in (600, 515) for x in (50, 150)]
    letters = write("(a)", 90, 590, 8) + write("(b)", 190, 590, 8)
    found = pictures(paper(*places, text=letters + write("Fig. 2. Four panels.", 90, 495, 8)))
    assert {(p.figure, p.caption_label) for p in found} == {("p1-1", "Fig. 2")}


def test_two_captions_of_one_picture_are_both_told() -> None:
    text = write("Figure 1 Before", 60, 484) + write("Figure 2 After", 200, 484)
    [found] = pictures(paper((50, 500, 260, 150), text=text))
    assert found.caption_label == "Figure 1, Figure 2"
    assert found.caption == "Figure 1 Before Figure 2 After"


def test_captions_are_read_on_turned_pages() -> None:
    # Pages that are turned by a quarter have their text written upwards.
    text = "BT /F1 10 Tf 0 1 -1 0 216 60 Tm (Figure 3: A chest film.) Tj ET\n"
    pdf = Pdf()
    name = pdf.picture(scene(60, 80))
    turned = "q 0 200 -150 0 200 50 cm /P Do Q\n"
    pdf.page(turned + text, {"P": name}, FONT, "/Rotate 90")
    [found] = pictures(pdf)
    assert found.caption == "Figure 3: A chest film."


def test_text_that_a_page_does_not_show_is_no_caption() -> None:
    hidden = "q 0 0 10 10 re W n " + write("Figure 3: Cut off.", 60, 484) + "Q\n"
    [found] = pictures(paper((50, 500, 200, 150), text=hidden))
    assert found.caption == ""


def test_captions_are_left_out_where_not_wanted_but_figures_are_not() -> None:
    text = write("Fig. 2. Two panels.", 130, 484, 8)
    pdf = paper((50, 500, 90, 70), (190, 500, 90, 70), text=text)
    context = Context(options=SourceOptions(captions=False))
    found = list(read(Blob(Provenance("a.pdf"), data=pdf.to_bytes()), context))
    told = [p for p in found if isinstance(p, Picture)]
    assert [(p.figure, p.caption, p.caption_label) for p in told] == [("p1-1", "", "")] * 2


def test_a_shadow_below_two_pictures_does_not_make_them_one() -> None:
    pdf = Pdf()
    mask = pdf.picture(np.full((40, 40), 255, np.uint8))
    white = pdf.picture(np.full((40, 40, 3), 255, np.uint8), f"/SMask {mask} 0 R")
    names = {"W": white, "A": pdf.picture(scene(60, 80)), "B": pdf.picture(scene(60, 80, 1))}
    content = (
        draw("W", 40, 300, 300, 400) + draw("A", 50, 600, 90, 70) + draw("B", 200, 320, 90, 70)
    )
    pdf.page(content, names)
    one, other = pictures(pdf)
    assert one.figure != other.figure


def line(text: str, x: float, y: float, width: float, size: float = 10) -> Line:
    first = width * len(text.split(maxsplit=1)[0]) / len(text)
    return Line(text, (x, y, x + width, y + size), size, first)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Abb. 2a: Röntgenbild", "Abb. 2a"),
        ("Abbildung 4. Schnitt", "Abbildung 4"),
        ("Figura 3. Radiografía", "Figura 3"),
        ("Рис. 5. Снимок", "Рис. 5"),
        ("图 7 胸片", "图 7"),
        ("図3 胸部X線", "図3"),
        ("Scheme 1. Synthesis", "Scheme 1"),
        ("Plate IV. Skin", "Plate IV"),
        ("Supplementary Fig. 2. More", "Supplementary Fig. 2"),
        ("FIGURE 1 | Overview", "FIGURE 1"),
        ("Figure S3. Extra", "Figure S3"),
        ("Fig.3. No space", "Fig.3"),
        ("Figure 4.11 Two levels", "Figure 4.11"),
    ],
)
def test_labels_are_known_in_the_languages_of_the_field(text: str, label: str) -> None:
    [caption] = sorted_out([line(text, 50, 100, 200)]).captions
    assert caption.label == label
    assert caption.text == text


@pytest.mark.parametrize(
    "text", ["Figures are made", "images. This is", "Figment 3", "Fig tree", ""]
)
def test_other_words_are_no_labels(text: str) -> None:
    assert sorted_out([line(text or ".", 50, 100, 200)]).captions == ()


def test_a_line_that_formulas_interrupt_is_one_line_of_its_caption() -> None:
    lines = [
        line(
            "Fig. 3. Behaviour of the evolution of level sets in the model and more", 40, 90, 300, 8
        ),
        line("function", 40, 80, 40, 8),
        line("to a function with regularity", 100, 80, 240, 8),
        line("at all times.", 40, 70, 60, 8),
    ]
    [caption] = sorted_out(lines).captions
    assert caption.text.endswith("and more function to a function with regularity at all times.")


def test_words_that_hyphens_broke_are_joined_and_scripts_without_spaces_stay_so() -> None:
    lines = [
        line("a soft\u00ad", 0, 30, 50),
        line("ware for X-", 0, 20, 50),
        line("ray", 0, 10, 20),
    ]
    assert joined(lines[:2]) == "a software for X-"
    assert joined([line("胸部の", 0, 20, 50), line("写真", 0, 10, 50)]) == "胸部の写真"


def test_pictures_of_one_row_without_a_caption_are_one_figure_where_they_abut() -> None:
    boxes = [(0.0, 0.0, 50.0, 50.0), (52.0, 0.0, 100.0, 50.0), (0.0, 200.0, 50.0, 250.0)]
    figures = figures_with_captions(boxes, PageText())
    assert sorted(len(figure.boxes) for figure in figures) == [1, 2]
    assert [figure.number for figure in figures] == [1, 2]
    assert figure_at(figures, boxes[2]) is figures[0]
    assert figure_at(figures, (300.0, 300.0, 310.0, 310.0)) is None


_sides = st.floats(0, 600, allow_nan=False)
_boxes = st.tuples(_sides, _sides, st.floats(0.5, 300), st.floats(0.5, 300)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
_texts = st.sampled_from(
    ["Figure 1: one", "Fig. 2", "Fig. 2 shows", "text", "图 3 x", "Fig. 4. a-"]
)
_lines = st.builds(
    lambda text, box: Line(text, box, max(1.0, box[3] - box[1]), (box[2] - box[0]) / 3),
    _texts | st.text(min_size=1),
    _boxes,
)


@settings(deadline=None)
@given(st.lists(_boxes, max_size=12), st.lists(_lines, max_size=12))
def test_every_picture_is_in_exactly_one_figure(
    boxes: list[tuple[float, float, float, float]], lines: list[Line]
) -> None:
    text = sorted_out(lines)
    figures = figures_with_captions(boxes, text)
    told = [box for figure in figures for box in figure.boxes]
    assert sorted(told) == sorted(boxes)
    assert [figure.number for figure in figures] == list(range(1, len(figures) + 1))
    labels = [figure.caption for figure in figures if figure.caption]
    assert len(labels) == len(set(labels))
    for box in boxes:
        assert figure_at(figures, box) is not None


def _figures(*boxes: tuple[float, float, float, float]) -> int:
    return len(figures_with_captions(list(boxes), PageText()))


def test_a_stack_is_one_figure_where_its_pictures_are_flush_and_alike() -> None:
    top = (100.0, 210.0, 300.0, 400.0)
    assert _figures(top, (100.0, 10.0, 300.0, 200.0)) == 1
    assert _figures(top, (100.0, 150.0, 300.0, 200.0)) == 2
    assert _figures(top, (100.0, 155.0, 300.0, 205.0)) == 1
    assert _figures(top, (120.0, 155.0, 280.0, 205.0)) == 2


def test_a_picture_that_lies_on_another_one_is_of_its_figure_and_one_that_touches_is_not() -> None:
    large = (0.0, 0.0, 400.0, 200.0)
    assert _figures(large, (150.0, 180.0, 250.0, 280.0)) == 1
    assert _figures(large, (150.0, 196.0, 250.0, 296.0)) == 2


def test_white_margins_of_pictures_do_not_join_them() -> None:
    bare = np.full((100, 200, 3), 255, np.uint8)
    bare[40:60, 20:180] = scene(20, 160)
    dense = scene(100, 200)
    for pixels, figures in ((bare, 2), (dense, 1)):
        pdf = Pdf()
        name = pdf.picture(pixels)
        pdf.page(draw("P", 50, 402, 300, 150) + draw("P", 50, 250, 300, 150), {"P": name})
        assert len({found.figure for found in pictures(pdf)}) == figures


def test_a_narrower_row_of_panels_is_centred_above_a_wider_one() -> None:
    width, gap = 110, 4
    places = [(157 + i * (width + gap), 600, width, 110) for i in range(2)]
    places += [(100 + i * (width + gap), 462, width, 110) for i in range(3)]
    text = write("Figure 2. The registered images.", 180, 430)
    found = pictures(paper(*places, text=text))
    assert {p.caption_label for p in found} == {"Figure 2"}
    assert len({p.figure for p in found}) == 1


def test_lines_in_bitmap_fonts_are_of_one_caption_whatever_letters_they_have() -> None:
    # Such fonts give each letter the height of its ink: most of one line is low, of the other high,
    # and an index stands above the middle of the letter before it.
    pdf = Pdf()
    names, codes = "", ""
    for code in range(33, 127):
        high = 5 if chr(code) in "acemnorsuvwxz." else 7
        glyph = pdf.add("", f"6 0 0 0 5 {high} d1 1 0 4 {high} re f".encode())
        names += f"/g{code} {glyph} 0 R "
        codes += f"/g{code} "
    font = (
        "/Font << /T << /Type /Font /Subtype /Type3 /FontBBox [0 0 1 1] /FontMatrix [1 0 0 1 0 0] "
        f"/FirstChar 33 /LastChar 126 /Widths [{'6 ' * 94}] /CharProcs << {names} >> "
        f"/Encoding << /Type /Encoding /Differences [33 {codes}] >> >> >>"
    )
    lines = ("Fig. 1. A scan with m as seen in May near it", "both old and dull hills")
    text = ""
    for y, line in zip((484, 473), lines, strict=True):
        x = 50
        for word in line.split():
            text += f"BT /T 1 Tf {x} {y} Td ({word}) Tj ET\n"
            x += 6 * len(word) + 5
            if word == "m":
                text += f"BT /T 1 Tf {x - 5} {y + 4} Td (z) Tj ET\n"
                x += 6
    pdf.page(draw("P", 50, 500, 260, 150) + text, {"P": pdf.picture(scene(60, 80))}, font)
    [found] = pictures(pdf)
    assert found.caption == " ".join(lines).replace(" m ", " m z ")
