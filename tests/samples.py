"""Sample inputs that tests draw themselves, and pydicom's own test files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom.data
import pypdfium2 as pdfium
from PIL import Image, ImageDraw
from pypdf import PdfWriter


def picture(seed: int = 0, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """Shapes on noise: no two seeds look alike, and nothing about it is blank."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 90, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        x, y = (int(v) for v in rng.integers(0, min(size), 2))
        colour = tuple(int(v) for v in rng.integers(60, 255, 3))
        draw.ellipse((x, y, x + 40, y + 30), fill=colour)
    return image


def jpeg(image: Image.Image) -> bytes:
    """A picture as the bytes of a JPEG file."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def write_pdf(path: Path, images: list[Image.Image]) -> None:
    """A PDF with one picture a page."""
    document = pdfium.PdfDocument.new()
    for image in images:
        page = document.new_page(300, 300)
        placed = pdfium.PdfImage.new(document)
        placed.load_jpeg(io.BytesIO(jpeg(image)))
        placed.set_matrix(pdfium.PdfMatrix().scale(200, 150).translate(50, 75))
        page.insert_obj(placed)
        page.gen_content()
    document.save(str(path))
    document.close()


def dicom_file(name: str = "CT_small.dcm") -> Path:
    """One of the files that pydicom ships."""
    folder = Path(pydicom.data.__file__).parent / "test_files"
    return folder / name


def write_folder(folder: Path) -> int:
    """A folder with one input of each kind; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    picture(1).save(folder / "photo.jpg", quality=90)
    picture(2).save(folder / "drawing.png")
    picture(3, (20, 20)).save(folder / "tiny.png")
    (folder / "slice.dcm").write_bytes(dicom_file().read_bytes())
    write_pdf(folder / "paper.pdf", [picture(4), picture(5)])
    picture(6).save(folder / "shown.png")
    (folder / "page.html").write_text('<!doctype html><img src="shown.png">')
    (folder / "broken.png").write_bytes((folder / "drawing.png").read_bytes()[:60])
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing of use")
    (folder / "notes.txt").write_text("plain words")
    (folder / "empty.jpg").write_bytes(b"")
    return 11


def locked(path: Path, password: str) -> bytes:
    """A PDF that opens with a password."""
    writer = PdfWriter(clone_from=path)
    writer.encrypt(password, algorithm="RC4-128")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()
