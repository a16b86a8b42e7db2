"""Whether a picture that was found looks like the page where it stands.

SSIM (Wang et al. 2004, 7 x 7 windows) with drawings of the page by PDFium: all of it, then with
fewer and fewer things on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.core.picture import Bbox, Picture
from medsift.sources.pdf.geometry import intersection
from medsift.sources.pdf.pixels.draw import draw_region
from medsift.sources.pdf.pixels.similarity import ssim
from medsift.sources.pdf.placement.placements import frame_of, placements_of, walk

SIDE = 256
FINE = 2048
AGREES = 0.95
MIN_SIDE = 32


def agreement(picture: Picture, page: Any) -> dict[str, Any]:
    """SSIM of a picture with the page in its place, and why it is low where it is.

    Empty where a picture has no visible place.
    """
    from pypdfium2 import raw

    box = picture.where.bbox
    if box is None or min(picture.pixels.shape[:2]) < MIN_SIDE:
        return {}
    frame = frame_of(page)
    seen = intersection(box, frame.box)
    if seen[2] - seen[0] < 1 or seen[3] - seen[1] < 1:
        return {}
    height, width = picture.pixels.shape[:2]
    x0, y0, x1, y1 = box
    part = (
        (seen[0] - x0) / (x1 - x0) * width,
        (y1 - seen[3]) / (y1 - y0) * height,
        (seen[2] - x0) / (x1 - x0) * width,
        (y1 - seen[1]) / (y1 - y0) * height,
    )
    size, fine = (_within((part[2] - part[0], part[3] - part[1]), side) for side in (SIDE, FINE))
    found = _grey(Image.fromarray(picture.pixels).crop(tuple(map(round, part))), size)

    def with_drawing(alone: Sequence[Any] = ()) -> float:
        return ssim(
            found, _grey(Image.fromarray(draw_region(page, frame, seen, fine, alone)), size)
        )

    value = with_drawing()
    if value >= AGREES:
        return {"ssim": value}
    images = [item.handle for item in walk(page) if item.kind == raw.FPDF_PAGEOBJ_IMAGE]
    same = [p for p in placements_of(page, frame) if _near(p.seen if p.cut else p.bbox, box)]
    if images and with_drawing(images) >= AGREES:
        case = "on or below it"
    elif any(with_drawing([p.handle]) >= AGREES for p in same):
        case = "another image"
    elif any(p.placed.skewed for p in same):
        case = "askew"
    elif not same and picture.format != "vector":
        case = f"annotation, {_with_forms(page, seen, found, size):.3f} with forms"
    else:
        case = "unexplained"
    return {"ssim": value, "case": case}


def _with_forms(page: Any, box: Bbox, found: NDArray[np.uint8], size: tuple[int, int]) -> float:
    width, height = page.get_size()
    cut = box[0], box[1], width - box[2], height - box[3]
    drawn = page.render(scale=FINE / max(box[2] - box[0], box[3] - box[1]) / 4, crop=cut)
    return ssim(found, _grey(drawn.to_pil(), size))


def _grey(image: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.asarray(image.resize(size, Image.Resampling.BOX).convert("L"))


def _within(size: tuple[float, float], side: int) -> tuple[int, int]:
    factor = min(1.0, side / max(size))
    return max(8, round(size[0] * factor)), max(8, round(size[1] * factor))


def _near(one: Bbox, other: Bbox) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < 0.5
