"""What workers draw for people who look closer; runs inside a worker that may be killed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from medsift.core.errors import DecodeError, ModelError, NotFoundError, UsageError
from medsift.core.limits import DEFAULT_LIMITS
from medsift.core.picture import Bbox, Pixels, Provenance

if TYPE_CHECKING:
    from PIL import Image

SIDE = 1200
"""Longer side of what is drawn, in pixels."""

_BOX_COLOUR = (214, 40, 90)
_BOX_MARGIN = 4
_MOST_POINTS = 20_000


def enlarged(path: Path, frame: int | None, zoom: int = 1) -> bytes:
    """A saved picture, decoded and made small enough to look at.

    Parameters
    ----------
    path : Path
        As :class:`medsift.report.images.ImageSaver` saved it.
    frame : int or None
        Number of the frame, from 0.
    zoom : int
        How many times as large, where the picture has so many pixels.

    Returns
    -------
    bytes
        WebP.

    Raises
    ------
    InputError
        The file is gone or cannot be decoded.
    """
    from PIL import Image

    return _webp(Image.fromarray(_pixels(path, frame, zoom)), zoom)


def explained(path: Path, frame: int | None, model: str, target: str) -> bytes:
    """The overlay that shows which places decided the verdict, as WebP.

    Raises
    ------
    InputError
        The file is gone or cannot be decoded.
    ModelError
        The model was exported without what explanations need.
    """
    from PIL import Image

    from medsift.pipeline.persistent_pool import classifier_of

    explanation = classifier_of(model).explain(_pixels(path, frame), target)
    return _webp(Image.fromarray(explanation.overlay))


def can_explain(model: str) -> bool:
    """Whether a model was exported with what explanations need."""
    import numpy as np

    from medsift.pipeline.persistent_pool import classifier_of

    try:
        classifier_of(model).explain(np.zeros((64, 64, 3), dtype=np.uint8))
    except (ModelError, UsageError):
        return False
    return True


def page_with_box(
    path: Path, number: int, box: Bbox | None, password: str = "", member: str = ""
) -> bytes:
    """A page of a PDF, as a viewer shows it, with a frame around a place.

    Parameters
    ----------
    path : Path
    number : int
        Page, from 1.
    box : Bbox or None
        In the visible system of the page, in points.
    password : str
        Tried where the document is encrypted.
    member : str
        Where the document lies inside the file; empty where it is the file.

    Returns
    -------
    bytes
        WebP.

    Raises
    ------
    InputError
        The document or the page cannot be drawn.
    """
    import pypdfium2 as pdfium
    from PIL import Image, ImageDraw

    from medsift.app.inside import document_inside
    from medsift.sources.pdf.document.opening import open_document
    from medsift.sources.pdf.pixels.draw import draw_region
    from medsift.sources.pdf.placement.placements import frame_of

    data = document_inside(path, member, password) if member else _read(path)
    with open_document(data, password) as document:
        if not 1 <= number <= len(document):
            raise NotFoundError(f"the document has no page {number}")
        try:
            page = document[number - 1]
        except pdfium.PdfiumError as error:
            raise DecodeError("the page is damaged") from error
        frame = frame_of(page)
        if not 0 < max(frame.width, frame.height) <= _MOST_POINTS:
            raise DecodeError("the page has no size that can be drawn")
        scale = SIDE / max(frame.width, frame.height)
        size = (max(1, round(frame.width * scale)), max(1, round(frame.height * scale)))
        pixels = draw_region(page, frame, (0.0, 0.0, frame.width, frame.height), size)
    image = Image.fromarray(pixels)
    if box is not None:
        x0, x1 = (value * scale for value in (box[0], box[2]))
        y0, y1 = ((frame.height - value) * scale for value in (box[3], box[1]))
        margin = _BOX_MARGIN
        outline = (x0 - margin, y0 - margin, max(x0, x1) + margin, max(y0, y1) + margin)
        ImageDraw.Draw(image).rectangle(outline, outline=_BOX_COLOUR, width=margin)
    return _webp(image)


def page_count(path: Path, password: str = "") -> int:
    """Pages of a PDF.

    Raises
    ------
    InputError
        The document cannot be opened.
    """
    from medsift.sources.pdf.document.opening import open_document

    with open_document(_read(path), password) as document:
        return len(document)


def _pixels(path: Path, frame: int | None, zoom: int = 1) -> Pixels:
    from medsift.decode.reader import ImageReader

    where = Provenance(source=path.name)
    reader = ImageReader(_read(path), where, DEFAULT_LIMITS, SIDE * zoom)
    # A frame that was saved from its pixels is alone in its file.
    return reader.picture(frame if frame is not None and frame < reader.frame_count else 0).pixels


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFoundError(f"{path.name} is no longer there") from error


def _webp(image: Image.Image, zoom: int = 1) -> bytes:
    from PIL import Image

    image.thumbnail((SIDE * zoom, SIDE * zoom), Image.Resampling.BILINEAR)
    stream = io.BytesIO()
    image.save(stream, format="WEBP", quality=80, method=2)
    return stream.getvalue()
