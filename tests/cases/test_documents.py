"""Inputs after public reports: each is read like its control, when they lie beside the project."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from medsift.core.picture import Picture, Pixels
from tests.sources.inside import scan

pytestmark = pytest.mark.shared


@pytest.fixture
def cases(shared: Path) -> Path:
    folder = shared / "cases"
    if not folder.is_dir():
        pytest.skip("no cases beside the project")
    return folder


def pictures(path: Path) -> list[Picture]:
    """What is found in a case; nothing of it may have failed."""
    found = scan(path, str(path))
    assert [f for f in found if not isinstance(f, Picture)] == []
    return [f for f in found if isinstance(f, Picture)]


def alike(one: Pixels, other: NDArray[np.uint8]) -> float:
    """Correlation of the grey values of two pictures, whatever their sizes."""
    size = (other.shape[1], other.shape[0])
    grey = np.asarray(Image.fromarray(one).convert("L").resize(size), dtype=float)
    return float(np.corrcoef(grey.ravel(), other.astype(float).ravel())[0, 1])


@pytest.mark.parametrize(
    "name",
    [
        "m01_message_in_base64.eml",
        "m03_blank_lines_first.eml",
        "m05_uuencoded_in_text.eml",
        "m06_binary_part.eml",
        "o01_flat.fodt",
        "o02_word_2003.doc",
        "w01_title_closes_itself.xhtml",
        "w03_frame_beside.html",
        "w03_saved_page_with_frame.html",
        "w04_amp.html",
        "w05_late_names.html",
        "w07_refresh.html",
        "w08_prefix.svg",
        "w11_space_in_archive.mht",
        "w12_picture_address_in_script.html",
    ],
)
def test_the_picture_is_found(cases: Path, name: str) -> None:
    (control,) = pictures(cases / "pic.png")
    found = [p for p in pictures(cases / name) if p.width > 1]
    assert [np.array_equal(p.pixels, control.pixels) for p in found] == [True]


def test_a_document_within_a_page_is_read(cases: Path) -> None:
    (control,) = pictures(cases / "p00_fine.pdf")
    found = pictures(cases / "w06_object_pdf.html")
    assert found
    assert all(np.array_equal(p.pixels, control.pixels) for p in found)


def test_a_drawing_after_a_long_comment_is_drawn(cases: Path) -> None:
    pytest.importorskip("resvg_py")
    (found,) = pictures(cases / "w10_long_comment.svg")
    assert tuple(found.pixels[found.height // 2, found.width // 2]) == (255, 0, 0)


@pytest.mark.parametrize("name", ["p06_endstreamendobj.pdf", "p08_stamp_turned_upright.pdf"])
def test_the_picture_of_the_control_is_found(cases: Path, name: str) -> None:
    (control,) = pictures(cases / "p00_fine.pdf")
    (found,) = pictures(cases / name)
    assert np.array_equal(found.pixels, control.pixels)


def test_grey_jpeg_2000_is_what_its_file_holds(cases: Path) -> None:
    (control,) = pictures(cases / "p00_fine.pdf")
    (found,) = pictures(cases / "p01_jpx_grey_decode.pdf")
    assert alike(found.pixels, control.pixels[..., 0]) > 0.99


@pytest.mark.parametrize("name", ["p03_jpx_stencil.pdf", "p05_white_stencil_on_black.pdf"])
def test_stencils_show_a_black_disc(cases: Path, name: str) -> None:
    rows, columns = np.mgrid[:200, :256]
    disc = (rows - 90) ** 2 + (columns - 110) ** 2 < 60**2
    (found,) = pictures(cases / name)
    assert alike(found.pixels, np.where(disc, np.uint8(0), np.uint8(255))) > 0.9


def test_a_picture_of_rectangles_is_drawn(cases: Path) -> None:
    (found,) = pictures(cases / "p04_picture_of_rectangles.pdf")
    assert found.where.bbox == pytest.approx((50, 50, 250, 200), abs=3)
    assert len(np.unique(found.pixels.reshape(-1, 3), axis=0)) > 20
