"""Objects are drawn without the others, however deep in forms they are."""

from __future__ import annotations

import numpy as np
import pytest

from medsift.sources.pdf.document.opening import opened
from medsift.sources.pdf.pixels.draw import _over_white, draw_region, marked_part
from medsift.sources.pdf.placement.placements import frame_of, walk
from tests.sources.pdf.making_pdfs import Pdf


def _page() -> bytes:
    """Red alone, green in a form, blue in a form within that form; each 100 points wide."""
    pdf = Pdf()
    inner = pdf.form("0 0 1 rg 200 0 100 100 re f", {})
    outer = pdf.form("0 1 0 rg 100 0 100 100 re f /Inner Do", {"Inner": inner})
    pdf.page("1 0 0 rg 0 0 100 100 re f /Outer Do", {"Outer": outer})
    return pdf.to_bytes()


@pytest.mark.parametrize(
    ("wanted", "shown"), [((0,), "r"), ((2,), "g"), ((4,), "b"), ((0, 4), "rb"), ((1,), "gb")]
)
def test_only_what_is_asked_for_is_drawn(wanted: tuple[int, ...], shown: str) -> None:
    with opened(_page()) as page:
        frame = frame_of(page)
        handles = [item.handle for item in walk(page)]
        box = (0.0, 0.0, 300.0, 100.0)
        alone = draw_region(page, frame, box, (30, 10), [handles[i] for i in wanted])
        whole = draw_region(page, frame, box, (30, 10))
    colours = {"r": (255, 0, 0), "g": (0, 255, 0), "b": (0, 0, 255)}
    for place, (name, colour) in enumerate(colours.items()):
        expected = colour if name in shown else (255, 255, 255)
        assert tuple(alone[5, 10 * place + 5]) == expected
        # Nothing stays hidden afterwards.
        assert tuple(whole[5, 10 * place + 5]) == colour


def test_the_part_with_marks_is_found_to_a_cell() -> None:
    with opened(_page()) as page:
        frame = frame_of(page)
        blue = list(walk(page))[-1].handle
        part = marked_part(page, frame, (0.0, 0.0, 400.0, 200.0), [blue], cells=100)
        nothing = marked_part(page, frame, (0.0, 0.0, 100.0, 100.0), [blue])
    assert part is not None
    assert np.allclose(part, (200, 0, 300, 100), atol=4.1)
    assert nothing is None


def test_what_is_seen_through_is_mixed_with_white_to_the_nearest_level() -> None:
    level, alpha = np.mgrid[0:256, 0:256]
    drawn = np.stack([level, level // 2, level[::-1], alpha], axis=-1).astype(np.uint8)
    pixels, is_empty = _over_white(drawn)
    shown = drawn[..., 2::-1].astype(float)
    exact = (shown * alpha[..., None] + 255.0 * (255 - alpha[..., None])) / 255
    assert np.array_equal(pixels, np.rint(exact))
    assert not is_empty


def test_a_drawing_without_a_mark_is_empty() -> None:
    pixels, is_empty = _over_white(np.zeros((5, 7, 4), dtype=np.uint8))
    assert (pixels == 255).all()
    assert is_empty
