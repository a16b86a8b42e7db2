"""Pictures that stand on the image of a scanned page are reported beside the page itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from medsift.core.picture import Picture
from medsift.sources.pdf.pixels.draw import pixel_hash
from medsift.sources.pdf.placement.page_context import PageContext
from medsift.sources.pdf.placement.scans import proposals_of

_MIN_SIDE = 500


def pictures_on_scan(page_context: PageContext, page_image: Picture) -> Iterator[Picture]:
    """Cut the pictures out of a page image, at its resolution.

    Parameters
    ----------
    page_context : PageContext
    page_image : Picture
        Any picture of the page; nothing is yielded unless it covers the page.
    """
    box = page_image.where.bbox
    height, width = page_image.pixels.shape[:2]
    if box is None or not page_context.is_covered_by(box) or min(height, width) < _MIN_SIDE:
        return
    for part in proposals_of(page_image.pixels):
        left, right = round(part.left * width), round(part.right * width)
        top, bottom = round(part.top * height), round(part.bottom * height)
        pixels = np.ascontiguousarray(page_image.pixels[top:bottom, left:right])
        wide, high = box[2] - box[0], box[3] - box[1]
        place = (
            box[0] + part.left * wide,
            box[3] - part.bottom * high,
            box[0] + part.right * wide,
            box[3] - part.top * high,
        )
        yield replace(
            page_image,
            where=replace(page_image.where, bbox=place, extraction="rendered"),
            pixels=pixels,
            width=pixels.shape[1],
            height=pixels.shape[0],
            format="raw",
            color_mode="RGB",
            sha256=pixel_hash(pixels),
            data=None,
        )
