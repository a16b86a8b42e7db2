"""What the dictionaries of a page's images say: masks, colour spaces, decode arrays.

PDFium draws images well but tells little of how they are stored: not whether there is a soft
mask, nor how large that is. pypdf reads the dictionaries; an image of one is found in the other
by its size, its filter, and the length of its encoded stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from medsift.core.picture import Bbox
from medsift.sources.pdf.geometry import Matrix
from medsift.sources.pdf.glyphs import bitmap_glyphs

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
    """

    number: int
    mode: str
    bits: int
    plain: bool
    mask_size: tuple[int, int] | None
    keyed: bool = False


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the resources of a page hold.

    Attributes
    ----------
    images : dict
        Several images may have one key; inline images are not among them.
    in_patterns : list of pypdf.generic.StreamObject
        Images in tiling patterns, each on the first page that names it only.
    appearance_boxes : dict
        By the place of an annotation in the page's list: the box around its normal appearance,
        after the appearance's own matrix. It is what is fitted into the annotation's rectangle.
    glyphs : int
        Bitmaps of letters in Type 3 fonts, each font's on the first page that names it only.
    hides_layers : bool
        Some layer of the document is not shown at first.
    """

    images: dict[ImageKey, list[ImageFacts]] = field(default_factory=dict)
    in_patterns: list[Any] = field(default_factory=list)
    appearance_boxes: dict[int, Bbox] = field(default_factory=dict)
    glyphs: int = 0
    hides_layers: bool = False


class FactsReader:
    """Looks up the image dictionaries of pages, one page at a time.

    A document that pypdf cannot read simply gives no facts.
    """

    def __init__(self, reader: PdfReader | None) -> None:
        self._reader = reader
        self._in_patterns: set[int] = set()
        self._fonts: set[int] = set()
        self._hides_layers = False
        with suppress(Exception):  # as in of_page
            self._hides_layers = reader is not None and _hides_layers(reader.root_object)

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
        found = PageFacts(hides_layers=self._hides_layers)
        if self._reader is None:
            return found
        try:
            page = self._reader.pages[number]
            fonts: list[Any] = []
            for stream, in_pattern in _images(page, set(), 0, fonts):
                key, facts = _read(stream)
                found.images.setdefault(key, []).append(facts)
                # Pages often share one dictionary of patterns: only the first reports it.
                if in_pattern and facts.number not in self._in_patterns:
                    self._in_patterns.add(facts.number)
                    found.in_patterns.append(stream)
            found.appearance_boxes.update(_appearance_boxes(page))
            found = replace(found, glyphs=sum(map(self._new_glyphs, fonts)))
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - a parser may raise anything; facts are a bonus
            return found
        return found

    def _new_glyphs(self, font: Any) -> int:
        number = _number(font)
        if number in self._fonts:
            return 0
        self._fonts.add(number)
        return bitmap_glyphs(font)


def _images(
    holder: Any, seen: set[int], depth: int, fonts: list[Any], in_pattern: bool = False
) -> Iterator[tuple[Any, bool]]:
    """Image streams among the resources of a page, form, pattern or annotation."""
    resources = _get(holder, "/Resources") or {}
    fonts.extend(_values(_get(resources, "/Font")))
    children = [
        *((child, in_pattern) for child in _values(_get(resources, "/XObject"))),
        *((child, True) for child in _values(_get(resources, "/Pattern"))),
        *((child, in_pattern) for child in _appearances(holder)),
    ]
    for child, below_pattern in children:
        mark = _number(child) or id(child)
        if mark in seen or len(seen) > _MANY:
            continue
        seen.add(mark)
        if _get(child, "/Subtype") == "/Image":
            yield child, below_pattern
        elif depth < _DEEP:
            yield from _images(child, seen, depth + 1, fonts, below_pattern)


def _appearances(page: Any) -> Iterator[Any]:
    for annotation in _get(page, "/Annots") or ():
        looks: Any = _get(_get(annotation.get_object(), "/AP") or {}, "/N")
        if looks is None:
            continue
        if _get(looks, "/Subtype") == "/Form":
            yield looks
        else:
            yield from _values(looks)


def _appearance_boxes(page: Any) -> Iterator[tuple[int, Bbox]]:
    for place, reference in enumerate(_get(page, "/Annots") or ()):
        annotation = reference.get_object()
        look: Any = _get(_get(annotation, "/AP") or {}, "/N")
        if look is not None and _get(look, "/Subtype") != "/Form" and "/BBox" not in look:
            look = _get(look, str(_get(annotation, "/AS")))
        box: Any = _get(look, "/BBox")
        if box is not None:
            x0, y0, x1, y1 = (float(v) for v in box)
            matrix = Matrix(*(float(v) for v in _get(look, "/Matrix") or (1, 0, 0, 1, 0, 0)))
            yield place, matrix.bounds((x0, y0, x1, y1))


def _read(stream: Any) -> tuple[ImageKey, ImageFacts]:
    mask = _get(stream, "/SMask")
    if mask is None:
        mask = _get(stream, "/Mask")
    mode, usual = _mode(_get(stream, "/ColorSpace"))
    stencil = bool(_get(stream, "/ImageMask"))
    facts = ImageFacts(
        number=_number(stream),
        mode="1" if stencil else mode,
        bits=1 if stencil else _whole(_get(stream, "/BitsPerComponent")),
        plain=usual
        and mask is None
        and not stencil
        and _get(stream, "/Decode") is None
        and "/ColorTransform" not in str(_get(stream, "/DecodeParms") or ""),
        mask_size=_size(mask) if hasattr(mask, "get_data") else None,
        keyed=isinstance(mask, list),
    )
    # The length of the stream as it is stored has no public name in pypdf.
    length = len(stream._data)  # noqa: SLF001
    return (*_size(stream), length, _last_filter(_get(stream, "/Filter"))), facts


def _hides_layers(root: Any) -> bool:
    """Whether some layer of a document is not shown at first.

    Parameters
    ----------
    root : pypdf.generic.DictionaryObject
        The document's catalog.
    """
    properties = _get(root, "/OCProperties")
    state = _get(properties, "/D")
    off = _get(state, "/OFF")
    # States that depend on the usage, such as zoom or print, are told by /AS.
    return bool(off) or _get(state, "/BaseState") == "/OFF" or bool(_get(state, "/AS"))


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
        mode = _ICC_MODES.get(_whole(_get(space[1].get_object(), "/N")), "")
        return mode, mode in {"L", "RGB"}
    return _PLAIN_SPACES.get(name, ""), name in {"/CalGray", "/CalRGB"}


def _get(holder: Any, name: str) -> Any:
    value: Any = holder.get(name) if hasattr(holder, "get") else None
    return value.get_object() if hasattr(value, "get_object") else value


def _values(holder: Any) -> Iterator[Any]:
    if hasattr(holder, "values"):
        for value in list(holder.values())[:_MANY]:
            child = value.get_object()
            if hasattr(child, "get"):
                yield child


def _number(thing: Any) -> int:
    reference = getattr(thing, "indirect_reference", None)
    return int(reference.idnum) if reference is not None else 0


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, (int, float)) else 0


def _size(stream: Any) -> tuple[int, int]:
    return _whole(_get(stream, "/Width")), _whole(_get(stream, "/Height"))
