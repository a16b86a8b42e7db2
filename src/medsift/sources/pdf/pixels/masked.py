"""What a page paints through a soft mask that holds an image: a fill, a shading, a drawn form.

The image of such a mask says how much of the paint is seen, and where. By itself it is no picture
of the page; the paint as the mask lets it through is, and that is drawn as a viewer shows it.
Images that are painted through a mask are not meant here: they are placed images like others.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from medsift.core.errors import DecodeError, InputError, LimitError
from medsift.core.picture import Bbox, Picture
from medsift.sources.pdf.document.dictionaries import value_of, values_of
from medsift.sources.pdf.document.facts import images_in_mask
from medsift.sources.pdf.document.opening import opened
from medsift.sources.pdf.geometry import Matrix, area, intersection, union
from medsift.sources.pdf.pixels.draw import draw_region, marked_part, pixel_hash
from medsift.sources.pdf.placement.clips import clip_within
from medsift.sources.pdf.placement.page_context import PageContext
from medsift.sources.pdf.placement.placements import matrix_of, walk
from medsift.sources.pdf.placement.strokes import bounds_of

_LEAST_PIXELS_PER_POINT = 150 / 72
_MOST_PIXELS_PER_POINT = 600 / 72
_LONGEST_SIDE = 4_000
_MOST_REGIONS = 200
_MOST_OBJECTS = 100_000
_COVERED = 0.8


@dataclass(frozen=True, slots=True)
class MaskedRegion:
    """Paint that is seen through soft masks with images.

    Attributes
    ----------
    box : Bbox
        What of it leaves marks on the page, in the visible system.
    handles : tuple of object
        PDFium's page objects, also nested ones; forms are given by their content.
    """

    box: Bbox
    handles: tuple[Any, ...]


def masked_pictures(
    page_context: PageContext, figures: Sequence[Bbox], most_pixels: int
) -> Iterator[Picture]:
    """Draw what a page paints through soft masks with images.

    Parameters
    ----------
    page_context : PageContext
    figures : sequence of Bbox
        Parts of the page that are drawn anyway; what lies in one is left out.
    most_pixels : int
        Of an image in a mask.

    Raises
    ------
    LimitError
        An image in a mask has more pixels.
    DecodeError
        The page cannot be taken apart.
    """
    if not page_context.facts.mask_sizes:
        return
    width, height = max(page_context.facts.mask_sizes, key=lambda size: size[0] * size[1])
    if width * height > most_pixels:
        raise LimitError(f"a mask of {width} x {height} pixels is too large")
    for region in masked_regions(page_context):
        box = region.box
        if any(area(intersection(box, f)) >= _COVERED * area(box) for f in figures):
            continue
        wide, high = box[2] - box[0], box[3] - box[1]
        scale = max(_LEAST_PIXELS_PER_POINT, max(width, height) / max(wide, high))
        scale = min(scale, _MOST_PIXELS_PER_POINT, _LONGEST_SIDE / max(wide, high))
        size = max(1, round(wide * scale)), max(1, round(high * scale))
        pixels = draw_region(page_context.page, page_context.frame, box, size, region.handles)
        yield Picture(
            where=replace(page_context.where, bbox=box, extraction="rendered"),
            pixels=pixels,
            width=size[0],
            height=size[1],
            format="raw",
            color_mode="RGB",
            sha256=pixel_hash(pixels),
        )


def masked_regions(page_context: PageContext) -> list[MaskedRegion]:
    """Find the paint that masks with images let through; what overlaps is one region.

    PDFium tells that an object is transparent, not why. So the page is parsed once more from a
    copy in which nothing but such masks makes it so; its objects are the same, in the same order.

    Raises
    ------
    DecodeError
        The page cannot be taken apart.
    """
    regions: list[MaskedRegion] = []
    with opened(_only_masks_left(page_context.facts.masked_page)) as copy:
        for found in _masked(page_context, copy):
            box = marked_part(page_context.page, page_context.frame, found.box, found.handles)
            if box is None:
                continue
            region = MaskedRegion(box, found.handles)
            for other in [r for r in regions if area(intersection(r.box, region.box)) > 0]:
                regions.remove(other)
                both = union([other.box, region.box])
                region = MaskedRegion(both, other.handles + region.handles)
            regions.append(region)
            if len(regions) >= _MOST_REGIONS:
                break
    return regions


def _masked(page_context: PageContext, copy: Any) -> Iterator[MaskedRegion]:
    from pypdfium2 import raw

    # A form that is painted through a mask stands for all that is in it.
    form: Any = None
    handles: list[Any] = []
    box: Bbox | None = None
    for (handle, parents, outward, kind), twin in zip(
        walk(page_context.page), walk(copy), strict=False
    ):
        if kind != twin.kind:
            raise DecodeError("the page cannot be taken apart")
        is_form = kind == raw.FPDF_PAGEOBJ_FORM
        if form is not None and form in parents:
            handles += [] if is_form else [handle]
            continue
        yield from _region(handles, box)
        form, handles = None, []
        if raw.FPDFPageObj_HasTransparency(twin.handle):
            form, handles = (handle, []) if is_form else (None, [handle])
            box = _seen(page_context, handle, parents, outward)
    yield from _region(handles, box)


def _seen(
    page_context: PageContext, handle: Any, parents: tuple[Any, ...], outward: Matrix
) -> Bbox | None:
    box = bounds_of(handle, outward.then(page_context.frame.to_visible), page_context.frame)
    clip = clip_within(parents, handle, matrix_of).moved(page_context.frame.to_visible)
    return intersection(box, clip.box) if box is not None else None


def _region(handles: Sequence[Any], box: Bbox | None) -> Iterator[MaskedRegion]:
    """Give a region, but not where an image is painted: that is a picture by itself."""
    from pypdfium2 import raw

    images = any(raw.FPDFPageObj_GetType(h) == raw.FPDF_PAGEOBJ_IMAGE for h in handles)
    if handles and not images and box is not None and area(box) > 0:
        yield MaskedRegion(box, tuple(handles))


def _only_masks_left(page: Any) -> bytes:
    """Copy a page, without all that makes an object transparent but masks with images.

    Parameters
    ----------
    page : pypdf.PageObject
    """
    from pypdf import PdfWriter
    from pypdf.generic import NameObject

    try:
        writer = PdfWriter()
        copy = writer.add_blank_page(1, 1)
        for name in ("/Contents", "/Resources"):
            twin = page[name].clone(writer)
            copy[NameObject(name)] = getattr(twin, "indirect_reference", None) or twin
        for holder in _dictionaries(copy):
            if holder.get("/Subtype") == "/Form":
                holder.pop("/Group", None)
            for state in values_of(value_of(holder, "/ExtGState")):
                if "/SMask" in state and not images_in_mask(state):
                    state[NameObject("/SMask")] = NameObject("/None")
                for key in [key for key in state if key != "/SMask"]:
                    del state[key]
        buffer = io.BytesIO()
        writer.write(buffer)
    except (InputError, MemoryError):
        raise
    except Exception as error:
        # A parser may raise anything on hostile input.
        raise DecodeError(f"damaged masks: {error}") from error
    return buffer.getvalue()


def _dictionaries(root: Any) -> Iterator[Any]:
    """Visit a dictionary and all that it leads to, each once."""
    stack: list[Any] = [root]
    seen: set[int] = set()
    while stack and len(seen) < _MOST_OBJECTS:
        thing = stack.pop()
        thing = thing.get_object() if hasattr(thing, "get_object") else thing
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if hasattr(thing, "values"):
            stack.extend(list(thing.values()))
            yield thing
        elif isinstance(thing, list):
            stack.extend(thing)
