"""Build the demo's folder of sample documents from images that packages ship.

Sources, all free to use and to pass on:

* scikit-image (``skimage/data`` of its wheel, the package itself BSD-3-Clause): astronaut (NASA,
  public domain), chelsea the cat (CC0, Stéfan van der Walt), coffee (CC0, Rachel Michetti),
  rocket (SpaceX, public domain), retina (CC0, Mikael Häggström, doi:10.15347/wjm/2014.008),
  microaneurysms (CC0, Andreas Maier), immunohistochemistry (no known copyright restrictions,
  Center for Microscopy and Molecular Imaging), brick (CC0, CC0Textures).
* pydicom (``pydicom/data/test_files``, MIT): ``CT_small.dcm`` and ``MR_small.dcm``, a CT and an MR
  slice from NEMA's sample data.

Nothing is downloaded: the files are read from the installed packages.
"""

from __future__ import annotations

import argparse
import base64
import ctypes
import io
import shutil
from importlib.util import find_spec
from pathlib import Path

import pydicom
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

PAGE_HTML = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>The eye and the tissue</title>
<style>.banner {{ background-image: url("page_files/brick.jpg"); height: 4em }}</style></head>
<body>
<div class="banner"></div>
<h1>The eye and the tissue</h1>
<figure><img src="page_files/retina.jpg" alt="fundus"><figcaption>A left eye</figcaption></figure>
<figure><img src="page_files/cat.jpg" alt="cat"><figcaption>A cat</figcaption></figure>
<p>Embedded: <img alt="stained tissue" src="data:image/png;base64,{inline}"></p>
</body>
</html>
"""


def main() -> None:
    """Build the samples in the folder that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    shutil.rmtree(folder, ignore_errors=True)
    build(folder)


def build(folder: Path) -> None:
    """Write all samples below ``folder``."""
    for name in ("photographs", "medical", "dicom", "web/page_files", "documents"):
        (folder / name).mkdir(parents=True)
    for name in ("astronaut.png", "coffee.png", "rocket.jpg"):
        shutil.copy(_sample(name), folder / "photographs")
    for name in ("ihc.png", "microaneurysms.png"):
        shutil.copy(_sample(name), folder / "medical")
    for name in ("CT_small.dcm", "MR_small.dcm"):
        shutil.copy(_dicom(name), folder / "dicom")
    _write_web_page(folder / "web")
    _write_report(folder / "documents" / "report.pdf")


def _write_web_page(folder: Path) -> None:
    shutil.copy(_sample("retina.jpg"), folder / "page_files" / "retina.jpg")
    _open("chelsea.png").save(folder / "page_files" / "cat.jpg", quality=90)
    _open("brick.png").save(folder / "page_files" / "brick.jpg", quality=90)
    page = PAGE_HTML.format(inline=_base64(_open("ihc.png").resize((256, 256))))
    (folder / "page.html").write_text(page, encoding="utf-8")


def _write_report(path: Path) -> None:
    """Write a PDF of two pages with text and four pictures."""
    document = pdfium.PdfDocument.new()
    first = document.new_page(595, 842)
    _add_text(first, document, "Page one: two medical pictures", 60, 790)
    _add_picture(first, document, _open("retina.jpg").resize((705, 705)), (60, 480, 280, 280))
    _add_picture(first, document, _dicom_picture("CT_small.dcm"), (60, 170, 280, 280))
    _add_text(first, document, "Figure 1: The back of a left eye.", 60, 458)
    _add_text(first, document, "Figure 2: An axial slice.", 60, 148)
    second = document.new_page(595, 842)
    _add_text(second, document, "Page two: two photographs", 60, 790)
    _add_picture(second, document, _open("chelsea.png"), (60, 500, 360, 240))
    _add_picture(second, document, _open("rocket.jpg"), (60, 230, 360, 240))
    for page in (first, second):
        page.gen_content()
    document.save(str(path))


def _add_picture(
    page: pdfium.PdfPage,
    document: pdfium.PdfDocument,
    image: Image.Image,
    box: tuple[float, float, float, float],
) -> None:
    """Place a picture at (x, y, width, height), in points from the lower left corner."""
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=92)
    placed = pdfium.PdfImage.new(document)
    placed.load_jpeg(buffer)
    x, y, width, height = box
    placed.set_matrix(pdfium.PdfMatrix().scale(width, height).translate(x, y))
    page.insert_obj(placed)


def _add_text(
    page: pdfium.PdfPage, document: pdfium.PdfDocument, text: str, x: float, y: float
) -> None:
    handle = pdfium_c.FPDFPageObj_NewTextObj(document.raw, b"Helvetica", 16.0)
    encoded = (text + "\0").encode("utf-16-le")
    wide = ctypes.cast(ctypes.c_char_p(encoded), pdfium_c.FPDF_WIDESTRING)
    pdfium_c.FPDFText_SetText(handle, wide)
    pdfium_c.FPDFPageObj_Transform(handle, 1, 0, 0, 1, x, y)
    pdfium_c.FPDFPage_InsertObject(page.raw, handle)


def _open(name: str) -> Image.Image:
    with Image.open(_sample(name)) as image:
        rgb: Image.Image = image.convert("RGB")
    return rgb


def _base64(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _sample(name: str) -> Path:
    return _package_folder("skimage") / "data" / name


def _dicom(name: str) -> Path:
    return _package_folder("pydicom") / "data" / "test_files" / name


def _dicom_picture(name: str) -> Image.Image:
    pixels = pydicom.dcmread(_dicom(name)).pixel_array.astype(float)
    low, high = pixels.min(), pixels.max()
    return Image.fromarray(((pixels - low) / (high - low) * 255).astype("uint8"))


def _package_folder(name: str) -> Path:
    # The folder is found without importing the package: scikit-image alone, without SciPy and
    # all that it needs at work, is enough for its pictures.
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"the demo needs the package {name}")
    return Path(spec.submodule_search_locations[0])


if __name__ == "__main__":
    main()
