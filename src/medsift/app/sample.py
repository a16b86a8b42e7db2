"""A sample to try the app with: two scans that come with pydicom, and a chart drawn here."""

from __future__ import annotations

import io
import zipfile

NAME = "sample.zip"
_SCANS = ("CT_small.dcm", "MR_small.dcm")
_BARS = (30, 62, 48, 85, 71, 100, 92)


class Sample(io.BytesIO):
    """The archive, as an upload."""

    name = NAME


def sample() -> Sample:
    """Make the archive."""
    made = Sample()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _scans():
            archive.writestr(f"scans/{name}", content)
        archive.writestr("report/chart.png", _chart())
    made.seek(0)
    return made


def _scans() -> list[tuple[str, bytes]]:
    from pathlib import Path

    from pydicom.data import get_testdata_file

    paths = [get_testdata_file(name, download=False) for name in _SCANS]
    return [(Path(p).name, Path(p).read_bytes()) for p in paths if isinstance(p, str)]


def _chart() -> bytes:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (480, 320), "white")
    pen = ImageDraw.Draw(image)
    pen.line((50, 20, 50, 280, 460, 280), fill="black", width=2)
    for number, height in enumerate(_BARS):
        left = 70 + 55 * number
        pen.rectangle((left, 280 - 2 * height, left + 36, 279), fill=(52, 110, 170))
        pen.text((left + 10, 288), f"{number + 1}", fill="black")
        pen.text((left + 6, 265 - 2 * height), f"{height} %", fill="black")
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
