"""What workers draw for a closer look."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from numpy.typing import NDArray
from PIL import Image

from medsift.app import views
from medsift.core.errors import DecodeError, InputError, NotFoundError
from tests.classify.tiny_model import write_model
from tests.samples import jpeg, locked, picture, write_pdf


def pixels(webp: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(webp)) as image:
        assert image.format == "WEBP"
        return np.asarray(image.convert("RGB"))


def is_framed(area: NDArray[np.uint8]) -> bool:
    """Whether there is any of the frame's red in it."""
    red, green, blue = (area[..., i].astype(int) for i in range(3))
    return bool(((red > 170) & (green < 100) & (blue < 140)).any())


def test_a_page_is_drawn_with_a_frame_around_the_place(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    document = pdfium.PdfDocument.new()
    document.new_page(200, 400)
    document.save(str(path))
    drawn = pixels(views.page_with_box(path, 1, (50.0, 300.0, 150.0, 350.0)))
    assert drawn.shape == (1200, 600, 3)
    # 3 pixels a point: the top edge lies 50 points below the top, the left one 50 from the left.
    assert is_framed(drawn[140:156, 200:400])
    assert is_framed(drawn[160:290, 140:156])
    assert not is_framed(drawn[310:])
    assert not is_framed(drawn[160:290, 160:440])
    assert not is_framed(pixels(views.page_with_box(path, 1, None)))


def test_a_box_beyond_the_page_is_no_fault(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [picture(1)])
    assert views.page_with_box(tmp_path / "a.pdf", 1, (-1e9, -1e9, 1e9, 1e9))


def test_pages_of_documents_inside_archives_are_drawn(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [picture(1)])
    write_pdf(tmp_path / "b.pdf", [picture(2)])
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.write(tmp_path / "a.pdf", "deep/a.pdf")
        archive.writestr("deep/b.pdf", locked(tmp_path / "b.pdf", "sesame"))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tmp_path / "b.pdf", "a.pdf")
        archive.writestr("inner.zip", inner.getvalue())
    box = (50.0, 50.0, 150.0, 150.0)
    path = tmp_path / "all.zip"
    assert views.page_with_box(path, 1, box, "", "inner.zip/deep/a.pdf") == views.page_with_box(
        tmp_path / "a.pdf", 1, box
    )
    assert views.page_with_box(path, 1, box, "sesame", "inner.zip/deep/b.pdf") == (
        views.page_with_box(tmp_path / "b.pdf", 1, box)
    )
    with pytest.raises(NotFoundError, match=r"no deep/a\.pdf"):
        views.page_with_box(path, 1, box, "", "deep/a.pdf")


def test_a_page_that_is_not_there_is_told(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [picture(1)])
    with pytest.raises(NotFoundError, match="no page 2"):
        views.page_with_box(tmp_path / "a.pdf", 2, None)


def test_what_is_no_pdf_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 nothing")
    with pytest.raises(InputError):
        views.page_with_box(tmp_path / "a.pdf", 1, None)
    with pytest.raises(InputError):
        views.page_count(tmp_path / "a.pdf")


def test_pages_are_counted(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [picture(i) for i in range(3)])
    assert views.page_count(tmp_path / "a.pdf") == 3


def test_a_picture_is_shrunk_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(picture(1, (3000, 1500))))
    assert pixels(views.enlarged(tmp_path / "a.jpg", None)).shape == (600, 1200, 3)


def test_the_frame_that_was_examined_is_shown(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert pixels(views.enlarged(tmp_path / "a.gif", 1))[20, 20, 2] > 200
    # A frame that was saved by itself keeps its number, but is the only one in its file.
    frames[1].save(tmp_path / "b.png")
    assert pixels(views.enlarged(tmp_path / "b.png", 7))[20, 20, 2] > 200


def test_damaged_and_missing_pictures_are_input_errors(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(DecodeError):
        views.enlarged(tmp_path / "a.png", None)
    with pytest.raises(NotFoundError):
        views.enlarged(tmp_path / "b.png", None)


def test_an_explanation_is_a_coloured_picture_of_the_same_shape(tmp_path: Path) -> None:
    half_red = Image.new("RGB", (64, 64))
    half_red.paste((255, 0, 0), (32, 0, 64, 64))
    half_red.save(tmp_path / "a.png")
    model = str(write_model(tmp_path / "model"))
    drawn = pixels(views.explained(tmp_path / "a.png", None, model, "medical")).astype(int)
    assert drawn.shape == (64, 64, 3)
    # The model takes red for medical; what speaks for it becomes orange.
    assert (drawn[:, 56:, 0] - drawn[:, 56:, 2]).min() > 60
    assert np.ptp(drawn[:, :8], axis=2).max() < 20


def test_only_models_with_class_maps_explain(tmp_path: Path) -> None:
    assert views.can_explain(str(write_model(tmp_path / "with")))
    assert not views.can_explain(str(write_model(tmp_path / "without", class_map=False)))
