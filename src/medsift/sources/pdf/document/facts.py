"""What the dictionaries of a page's images say: masks, colour spaces, decode arrays.

PDFium draws images well but tells little of how they are stored: not whether there is a soft
mask, nor how large that is. pypdf reads the dictionaries; an image of one is found in the other
by its size, its filter, and the length of its encoded stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from medsift.core.picture import Bbox
from medsift.sources.pdf.document.dictionaries import (
    number_of,
    size_of,
    value_of,
    value_of_item,
    values_of,
    whole,
)
from medsift.sources.pdf.document.glyphs import bitmap_glyphs, pictures_in_fonts
from medsift.sources.pdf.document.layers import Layers
from medsift.sources.pdf.geometry import Matrix

if TYPE_CHECKING:
    from pypdf import PdfReader

ImageKey: TypeAlias = tuple[int, int, int, str]
"""Width, height, length of the encoded stream in bytes, and the last of its filters."""

_PLAIN_SPACES = {
    "/DeviceGray": "L",
    "/G": "L",
    "/CalGray": "L",
    "/DeviceRGB": "RGB",
    "/RGB": "RGB",
    "/CalRGB": "RGB",
    "/DeviceCMYK": "CMYK",
    "/CMYK": "CMYK",
    "/Indexed": "P",
    "/I": "P",
    "/Lab": "LAB",
}
_ABRIDGED = (
    ("/W", "/Width"),
    ("/H", "/Height"),
    ("/CS", "/ColorSpace"),
    ("/BPC", "/BitsPerComponent"),
    ("/IM", "/ImageMask"),
)
_ICC_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_DEEP = 12
_MANY = 5_000


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What an image dictionary says.

    Attributes
    ----------
    number : int
        Object number, 0 where it is a direct object.
    mode : str
        Colour mode in Pillow's names; empty where there is no such name.
    bits : int
        Per component; 0 where not said.
    plain : bool
        Its samples mean what a reader of the bare image file would take them for: there is no
        mask, no decode array and no unusual colour space.
    mask_size : tuple of int or None
        Width and height of its soft or stencil mask.
    keyed : bool
        A range of colours is not painted.
    inverted : bool
        The decode array of its one component counts down.
    ink : bool
        Its samples tell how much of one ink there is.
    fatal : bool
        PDFium does not survive to draw it: a stencil, or a mask that is one, in JPEG 2000,
        which the standard does not have (ISO 32000-1, 7.4.9).
    abridged : bool
        Some of its entries have the short names of inline images, which PDFium does not know
        here.
    """

    number: int
    mode: str
    bits: int
    plain: bool
    mask_size: tuple[int, int] | None
    keyed: bool = False
    inverted: bool = False
    ink: bool = False
    fatal: bool = False
    abridged: bool = False


@dataclass(frozen=True, slots=True)
class Appearance:
    """How the normal appearance of an annotation comes to its place (ISO 32000-1, 12.5.5).

    Attributes
    ----------
    box : Bbox
        Around the appearance, after its own matrix. It is what is fitted into the annotation's
        rectangle.
    matrix : Matrix
        Its own, which may turn it.
    """

    box: Bbox
    matrix: Matrix


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the resources of a page hold.

    Attributes
    ----------
    images : dict
        Several images may have one key; inline images are not among them.
    in_patterns : list of pypdf.generic.StreamObject
        Images in tiling patterns and in letters, each on the first page that names it only.
    appearances : dict
        By the place of an annotation in the page's list.
    hidden_annotations : set of int
        Places, in the page's list, of those on layers that are not shown at first.
    glyphs : int
        Bitmaps of letters in Type 3 fonts, each font's on the first page that names it only.
    hides_layers : bool
        Some layer of the document is not shown at first.
    mask_sizes : sequence of tuple of int
        Width and height of the images in the groups of soft masks that graphics states set.
    masked_page : pypdf.PageObject or None
        The page, where there are such masks.
    """

    images: dict[ImageKey, list[ImageFacts]] = field(default_factory=dict)
    in_patterns: list[Any] = field(default_factory=list)
    appearances: dict[int, Appearance] = field(default_factory=dict)
    hidden_annotations: set[int] = field(default_factory=set)
    glyphs: int = 0
    hides_layers: bool = False
    mask_sizes: Sequence[tuple[int, int]] = ()
    masked_page: Any = None


class FactsReader:
    """Looks up the image dictionaries of pages, one page at a time.

    A document that pypdf cannot read simply gives no facts.
    """

    def __init__(self, reader: PdfReader | None) -> None:
        self._reader = reader
        self._in_patterns: set[int] = set()
        self._fonts: set[int] = set()
        self._layers = Layers(None)
        with suppress(Exception):  # as in of_page
            self._layers = Layers(reader.root_object if reader is not None else None)

    @property
    def page_count(self) -> int:
        """Pages that pypdf knows of; 0 where it cannot tell."""
        try:
            return len(self._reader.pages) if self._reader is not None else 0
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001  as in of_page
            return 0

    @property
    def reader(self) -> PdfReader | None:
        """The document, as pypdf reads it."""
        return self._reader

    def page(self, number: int) -> Any:
        """Give pypdf's page, counted from 0; None where it has none."""
        try:
            return self._reader.pages[number] if self._reader is not None else None
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001  as in of_page
            return None

    def of_page(self, number: int) -> PageFacts:
        """Facts on the image objects that the resources of a page name.

        Parameters
        ----------
        number : int
            Page, counted from 0.

        Returns
        -------
        PageFacts
        """
        found = PageFacts(hides_layers=self._layers.some_hidden)
        if self._reader is None:
            return found
        try:
            page = self._reader.pages[number]
            aside = _Aside()
            for stream, in_pattern in _images(page, set(), 0, aside):
                key, facts = _read(stream)
                found.images.setdefault(key, []).append(facts)
                # Pages often share one dictionary of patterns: only the first reports it.
                if in_pattern and facts.number not in self._in_patterns:
                    self._in_patterns.add(facts.number)
                    found.in_patterns.append(stream)
            for place, annotation, look in _looks(page):
                if not (self._layers.shows(annotation) and self._layers.shows(look)):
                    found.hidden_annotations.add(place)
                if (appearance := _appearance(look)) is not None:
                    found.appearances[place] = appearance
            sizes = [size_of(i) for state in aside.states for i in images_in_mask(state)]
            found = replace(
                found,
                glyphs=sum(map(self._new_glyphs, aside.fonts)),
                mask_sizes=sizes,
                masked_page=page if sizes else None,
            )
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - a parser may raise anything; facts are a bonus
            return found
        return found

    def _new_glyphs(self, font: Any) -> int:
        number = number_of(font)
        if number in self._fonts:
            return 0
        self._fonts.add(number)
        return bitmap_glyphs(font)


@dataclass(frozen=True, slots=True)
class _Aside:
    """What else is met on the way to images."""

    fonts: list[Any] = field(default_factory=list)
    states: list[Any] = field(default_factory=list)


def images_of(page: Any) -> list[Any]:
    """List the image streams among the resources of a page, and of the forms on it.

    Parameters
    ----------
    page : pypdf.PageObject
    """
    try:
        return [image for image, _ in _images(page, set(), 0, _Aside())]
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  a parser may raise anything on hostile input
        return []


def images_in_mask(state: Any) -> list[Any]:
    """List the images in the group of the soft mask that a graphics state sets.

    Parameters
    ----------
    state : pypdf.generic.DictionaryObject
        A dictionary of graphics state parameters (``/ExtGState``).
    """
    group = value_of(value_of(state, "/SMask"), "/G")
    return [image for image, _ in _images(group, set(), 0, _Aside())] if group is not None else []


def _images(
    holder: Any, seen: set[int], depth: int, aside: _Aside, in_pattern: bool = False
) -> Iterator[tuple[Any, bool]]:
    """Image streams among the resources of a page, form, pattern or annotation."""
    resources = value_of(holder, "/Resources") or {}
    aside.fonts.extend(values_of(value_of(resources, "/Font")))
    aside.states.extend(values_of(value_of(resources, "/ExtGState")))
    children = [
        *((child, in_pattern) for child in values_of(value_of(resources, "/XObject"))),
        *((child, True) for child in values_of(value_of(resources, "/Pattern"))),
        *((child, True) for child in pictures_in_fonts(resources)),
        *((child, in_pattern) for child in _appearances(holder)),
    ]
    for child, below_pattern in children:
        mark = number_of(child) or id(child)
        if mark in seen or len(seen) > _MANY:
            continue
        seen.add(mark)
        if value_of(child, "/Subtype") == "/Image":
            yield child, below_pattern
        elif depth < _DEEP:
            yield from _images(child, seen, depth + 1, aside, below_pattern)


def _appearances(page: Any) -> Iterator[Any]:
    for annotation in value_of(page, "/Annots") or ():
        looks: Any = value_of(value_of(annotation.get_object(), "/AP") or {}, "/N")
        if looks is None:
            continue
        if value_of(looks, "/Subtype") == "/Form":
            yield looks
        else:
            yield from values_of(looks)


def _looks(page: Any) -> Iterator[tuple[int, Any, Any]]:
    """Annotations with their place in the page's list and their normal appearance."""
    for place, reference in enumerate(value_of(page, "/Annots") or ()):
        annotation = reference.get_object()
        look: Any = value_of(value_of(annotation, "/AP") or {}, "/N")
        if look is not None and value_of(look, "/Subtype") != "/Form" and "/BBox" not in look:
            look = value_of(look, str(value_of(annotation, "/AS")))
        yield place, annotation, look


def _appearance(look: Any) -> Appearance | None:
    box: Any = value_of(look, "/BBox")
    if box is None:
        return None
    x0, y0, x1, y1 = (float(v) for v in box)
    matrix = Matrix(*(float(v) for v in value_of(look, "/Matrix") or (1, 0, 0, 1, 0, 0)))
    return Appearance(matrix.bounds((x0, y0, x1, y1)), matrix)


def _read(stream: Any) -> tuple[ImageKey, ImageFacts]:
    mask = value_of(stream, "/SMask")
    if mask is None:
        mask = value_of(stream, "/Mask")
    mode, usual = _mode(value_of(stream, "/ColorSpace"))
    stencil = bool(value_of(stream, "/ImageMask"))
    facts = ImageFacts(
        number=number_of(stream),
        mode="1" if stencil else mode,
        bits=1 if stencil else whole(value_of(stream, "/BitsPerComponent")),
        plain=usual
        and mask is None
        and not stencil
        and value_of(stream, "/Decode") is None
        and "/ColorTransform" not in str(value_of(stream, "/DecodeParms") or ""),
        mask_size=size_of(mask) if hasattr(mask, "get_data") else None,
        keyed=isinstance(mask, list),
        inverted=_counts_down(value_of(stream, "/Decode")),
        ink=_is_ink(value_of(stream, "/ColorSpace")),
        abridged=any(short in stream and name not in stream for short, name in _ABRIDGED),
        fatal=(stencil and _is_jpx(stream)) or _is_jpx(value_of(stream, "/Mask")),
    )
    # The length of the stream as it is stored has no public name in pypdf.
    length = len(stream._data)  # noqa: SLF001
    return (*size_of(stream), length, _last_filter(value_of(stream, "/Filter"))), facts


def _is_jpx(stream: Any) -> bool:
    return _last_filter(value_of(stream, "/Filter")) == "JPXDecode"


def _is_ink(space: Any) -> bool:
    """Whether a sample tells how much of one ink there is (ISO 32000-1, 8.6.6.4)."""
    if not isinstance(space, list) or not space:
        return False
    inks = value_of_item(space, 1) if str(space[0]) == "/DeviceN" else ()
    return str(space[0]) == "/Separation" or len(inks or ()) == 1


def _counts_down(decode: Any) -> bool:
    return isinstance(decode, list) and len(decode) == 2 and float(decode[0]) > float(decode[1])


def _last_filter(filters: Any) -> str:
    if isinstance(filters, list):
        filters = filters[-1] if filters else None
    return str(filters).lstrip("/") if filters is not None else ""


def _mode(space: Any) -> tuple[str, bool]:
    """Pillow's name of a colour space, and whether bare samples are right without it."""
    if space is None:
        return "", True
    if not isinstance(space, list):
        name = str(space)
        return _PLAIN_SPACES.get(name, ""), name in {"/DeviceGray", "/DeviceRGB", "/G", "/RGB"}
    name = str(space[0])
    if name == "/ICCBased":
        mode = _ICC_MODES.get(whole(value_of(space[1].get_object(), "/N")), "")
        return mode, mode in {"L", "RGB"}
    return _PLAIN_SPACES.get(name, ""), name in {"/CalGray", "/CalRGB"}
