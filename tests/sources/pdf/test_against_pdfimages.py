"""Where pdfimages is installed, what it extracts is what medsift finds."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.sources.pdf.making_pdfs import Pdf, draw, far, pictures, scene, to_jpeg

pytestmark = pytest.mark.skipif(not shutil.which("pdfimages"), reason="no pdfimages at hand")

_PALETTE = "/ColorSpace [/Indexed /DeviceRGB 3 <000000 FA0000 00FA00 5050FA>] /BitsPerComponent 2"


def _with(kind: str) -> Pdf:
    pdf = Pdf()
    grey = scene()[..., 0]
    match kind:
        case "colour":
            number = pdf.picture(scene())
        case "grey":
            number = pdf.picture(grey)
        case "inverted":
            number = pdf.picture(grey, "/Decode [1 0]")
        case "palette":
            quarters = (grey // 64).reshape(60, 20, 4) @ np.array([64, 16, 4, 1], dtype=np.uint8)
            number = pdf.image(80, 60, quarters.astype(np.uint8).tobytes(), _PALETTE)
        case "four bits":
            halves = (grey // 16).reshape(60, 40, 2) @ np.array([16, 1], dtype=np.uint8)
            space = "/ColorSpace /DeviceGray /BitsPerComponent 4"
            number = pdf.image(80, 60, halves.astype(np.uint8).tobytes(), space)
        case _:
            bits = np.packbits(grey > 120, axis=1).tobytes()
            number = pdf.image(80, 60, bits, "/ColorSpace /DeviceGray /BitsPerComponent 1")
    pdf.page(draw("Im", 100, 200, 160, 120), {"Im": number})
    return pdf


def _extracted(pdf: Pdf, folder: Path, option: str) -> list[Path]:
    source = folder / "source.pdf"
    source.write_bytes(pdf.to_bytes())
    command = ["pdfimages", option, str(source), str(folder / "found")]
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    return sorted(folder.glob("found*"))


def _pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("kind", ["colour", "grey", "inverted", "palette", "four bits", "one bit"])
def test_samples_are_those_of_pdfimages(kind: str, tmp_path: Path) -> None:
    pdf = _with(kind)
    [theirs] = _extracted(pdf, tmp_path, "-png")
    [ours] = pictures(pdf)
    assert far(ours.pixels, _pixels(theirs)) < 1


def test_files_are_those_of_pdfimages(tmp_path: Path) -> None:
    pdf = Pdf()
    inner = pdf.form(
        draw("B", 0, 0, 80, 60),
        {"B": pdf.jpeg(to_jpeg(scene(seed=1)), (80, 60), "/ColorSpace /DeviceRGB")},
    )
    outer = pdf.jpeg(to_jpeg(scene()), (80, 60), "/ColorSpace /DeviceRGB")
    pdf.page(draw("A", 10, 10, 80, 60) + "/F Do", {"A": outer, "F": inner})
    theirs = [path.read_bytes() for path in _extracted(pdf, tmp_path, "-all")]
    assert [found.data for found in pictures(pdf)] == theirs
    assert len(theirs) == 2


def test_an_image_of_many_pages_is_listed_as_often_as_it_is_found(tmp_path: Path) -> None:
    pdf = Pdf()
    number = pdf.picture(scene())
    for page in range(3):
        pdf.page(draw("Im", 10, 20 * page, 80, 60), {"Im": number})
    assert len(_extracted(pdf, tmp_path, "-png")) == len(pictures(pdf)) == 3
