"""Images whose dictionaries say too little, or something else than their samples."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from medsift.core.picture import Picture
from tests.sources.pdf.making_pdfs import Pdf, draw, findings, scene

COLOUR = scene()
GREY = COLOUR[..., 1]


def _of(pdf: Pdf, image: int) -> bytes:
    pdf.page(draw("Im", 10, 20, 80, 60), {"Im": image})
    return pdf.to_bytes()


def _shows(data: bytes, wanted: NDArray[np.uint8], within: float = 0) -> bool:
    (found,) = findings(data)
    assert isinstance(found, Picture)
    grey = wanted if wanted.ndim == 3 else wanted[..., None]
    return float(np.abs(found.pixels.astype(int) - grey).mean()) <= within


@pytest.mark.parametrize("values", [COLOUR, GREY], ids=["colours", "greys"])
@pytest.mark.parametrize("entries", ["/BitsPerComponent 8", "", "space"])
def test_what_is_not_said_is_told_by_the_length(values: NDArray[np.uint8], entries: str) -> None:
    if entries == "space":
        entries = f"/ColorSpace /Device{'RGB' if values.ndim == 3 else 'Gray'}"
    pdf = Pdf()
    height, width = values.shape[:2]
    assert _shows(_of(pdf, pdf.image(width, height, values.tobytes(), entries)), values)


def test_a_length_that_tells_nothing_is_a_failure() -> None:
    pdf = Pdf()
    image = pdf.image(80, 60, bytes(80 * 60 * 2), "/BitsPerComponent 8")
    (found,) = findings(_of(pdf, image))
    assert not isinstance(found, Picture)
    assert found.reason == "undecodable"


def test_coloured_jpeg_that_is_called_grey_is_no_noise() -> None:
    stream = io.BytesIO()
    Image.fromarray(COLOUR).save(stream, "JPEG", quality=95)
    pdf = Pdf()
    image = pdf.jpeg(stream.getvalue(), (80, 60), "/ColorSpace /DeviceGray")
    assert _shows(_of(pdf, image), COLOUR, 4)
