"""A drawing is copied with only what is known to be harmless, before any renderer sees it.

What stays is a list of elements, attributes and style properties (SVG 2). What may cost much,
or reach out, is not on it: filters, masks, patterns, markers, scripts, foreign content, and
every reference that leads out of the drawing. Rasters are left out as well: they are pictures
of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from medsift.core.errors import DecodeError, LimitError
from medsift.core.limits import MIB

DRAWING_BYTES = 8 * MIB
"""Longest drawing that is rendered."""

LONGEST_SIDE = 1024
"""Of what is rendered, in pixels."""

_SHORTEST_SIDE = 512  # of the longer one: small drawings are made larger, they are no blurrier
_DEPTH = 256
_ELEMENTS = 100_000


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_KEPT = _names(
    "a circle clipPath defs ellipse g line linearGradient path polygon polyline radialGradient"
    " rect stop style svg symbol text tspan use"
)
_DRAWN = _names("circle ellipse line path polygon polyline rect use")
_PROPERTIES = _names(
    "clip-path clip-rule color display fill fill-opacity fill-rule font-family font-size"
    " font-style font-weight opacity overflow stop-color stop-opacity stroke stroke-dasharray"
    " stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity"
    " stroke-width text-anchor transform visibility"
)
_ATTRIBUTES = _PROPERTIES | _names(
    "class clipPathUnits cx cy d dx dy fx fy gradientTransform gradientUnits height id offset"
    " pathLength points preserveAspectRatio r rotate rx ry spreadMethod viewBox width x x1 x2"
    " y y1 y2"
)
_LINKS = frozenset({"href", "xlink:href"})
_INTERNAL = re.compile(r"url\(\s*[\"']?#[\w.:-]+[\"']?\s*\)")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_BRACES = re.compile(r"[{}]")
_SELECTOR = re.compile(r"[\w\s.#*,>:-]+")
_LENGTH = re.compile(r"\s*\+?(\d*\.?\d+(?:[eE][+-]?\d+)?)\s*(px|pt|pc|mm|cm|in|em|ex)?\s*")
_UNITS = {"pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "em": 16.0}
_NAMESPACE = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing that may be rendered.

    Attributes
    ----------
    svg : bytes
        UTF-8, with a size in pixels.
    width, height : int
        That size.
    stated : tuple of float
        Width and height that the drawing itself states, in pixels.
    """

    svg: bytes
    width: int
    height: int
    stated: tuple[float, float]


def cleaned(content: bytes) -> Drawing:
    """Copy what is harmless of a drawing.

    Raises
    ------
    DecodeError
        It is no well-formed SVG, declares entities, or draws nothing.
    LimitError
        It is too long, nested too deeply, or has too many elements.
    """
    if len(content) > DRAWING_BYTES:
        raise LimitError(f"a drawing of more than {DRAWING_BYTES // MIB} MiB")
    copy = _Copy()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = copy.start
    parser.EndElementHandler = copy.end
    parser.CharacterDataHandler = copy.text
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise DecodeError("a drawing that is not well-formed") from error
    return copy.drawing()


def _refuse_entity(*_declaration: object) -> None:
    raise DecodeError("a drawing that declares entities")


class _Copy:
    """Collects the copy while the drawing is parsed."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._depth = 0
        self._elements = 0
        self._skipped = 0  # depth within an element that is left out
        self._style: list[str] | None = None
        self._root: dict[str, str] = {}
        self._prefix = ""
        self._links = _LINKS
        self._is_drawn = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > _DEPTH or self._elements > _ELEMENTS:
            raise LimitError("a drawing with too many elements, or nested too deeply")
        if self._depth == 1:
            self._prefix = name.partition(":")[0] + ":" if ":" in name else ""
        name = self._bare(name)
        self._links |= _links_declared(attributes)
        if self._depth == 1:
            if name != "svg":
                raise DecodeError("no drawing")
            self._root = attributes
            return
        if self._skipped or name not in _KEPT or self._style is not None:
            self._skipped += 1
            return
        if name == "style":
            self._style = []
            return
        self._is_drawn = self._is_drawn or name in _DRAWN
        self._parts.append(f"<{name}{_written(attributes, self._links)}>")

    def end(self, name: str) -> None:
        self._depth -= 1
        if self._skipped:
            self._skipped -= 1
        elif self._style is not None:
            self._parts.append(f"<style>{escape(_rules(''.join(self._style)))}</style>")
            self._style = None
        elif self._depth:
            self._parts.append(f"</{self._bare(name)}>")

    def text(self, data: str) -> None:
        if self._style is not None:
            self._style.append(data)
        elif self._depth > 1 and not self._skipped:
            self._parts.append(escape(data))

    def _bare(self, name: str) -> str:
        """Name of an element without the prefix that the drawing gives to those of SVG."""
        return name.removeprefix(self._prefix or "svg:")

    def drawing(self) -> Drawing:
        if not self._is_drawn:
            raise DecodeError("a drawing of nothing")
        root = self._root
        box = _view_box(root.get("viewBox", ""))
        stated = _stated_size(root, box)
        width, height = _rendered_size(*stated)
        view = "{:g} {:g} {:g} {:g}".format(*(box or (0.0, 0.0, *stated)))
        kept = {n: v for n, v in root.items() if n not in ("width", "height", "viewBox", "x", "y")}
        head = (
            f'<svg xmlns="{_NAMESPACE}" xmlns:xlink="http://www.w3.org/1999/xlink"'
            f' width="{width}" height="{height}" viewBox="{view}"{_written(kept, self._links)}>'
        )
        text = "".join([head, *self._parts, "</svg>"])
        return Drawing(text.encode("utf-8", "replace"), width, height, stated)


def _links_declared(attributes: dict[str, str]) -> frozenset[str]:
    """Names of links, by the prefixes that an element declares for XLink."""
    return frozenset(
        f"{name[6:]}:href"
        for name, value in attributes.items()
        if name.startswith("xmlns:") and value == _XLINK
    )


def _written(attributes: dict[str, str], links: frozenset[str]) -> str:
    written = []
    for name, value in attributes.items():
        if name == "style":
            written.append(f" style={quoteattr(_declarations(value))}")
        elif name in links:
            if value.strip().startswith("#"):
                link = f" {'href' if name == 'href' else 'xlink:href'}={quoteattr(value.strip())}"
                written += [link] if link not in written else []
        elif name in _ATTRIBUTES and _is_harmless(value):
            written.append(f" {name}={quoteattr(value)}")
    return "".join(written)


def _is_harmless(value: str) -> bool:
    """Whether a value has no function, escape or address that leads out of the drawing."""
    rest = _INTERNAL.sub("", value).lower()
    return "url" not in rest and not set(rest) & set("\\@<>{}")


def _declarations(style: str) -> str:
    kept = []
    for declaration in _COMMENT.sub(" ", style).split(";"):
        name, _, value = declaration.partition(":")
        if name.strip().lower() in _PROPERTIES and _is_harmless(value):
            kept.append(f"{name.strip().lower()}:{value.strip()}")
    return ";".join(kept)


def _rules(sheet: str) -> str:
    kept = []
    text = _COMMENT.sub(" ", sheet)
    start, opened = 0, ""
    for brace in _BRACES.finditer(text):
        piece, start = text[start : brace.start()], brace.end()
        if brace.group() == "}" and opened:
            kept.append(f"{opened}{{{_declarations(piece)}}}")
        selector = piece.rpartition(";")[2].strip() if brace.group() == "{" else ""
        opened = selector if _SELECTOR.fullmatch(selector) else ""
    return "\n".join(kept)


def _view_box(value: str) -> tuple[float, float, float, float] | None:
    try:
        x, y, width, height = (float(part) for part in re.split(r"[\s,]+", value.strip()))
    except ValueError:
        return None
    usable = max(abs(x), abs(y), width, height) < 1e7 and min(width, height) > 1e-4
    return (x, y, width, height) if usable else None


def _stated_size(
    root: dict[str, str], box: tuple[float, float, float, float] | None
) -> tuple[float, float]:
    fallback = box[2:] if box else (300.0, 150.0)  # CSS 2.1, section 10.3.2
    width = _length(root.get("width", "")) or fallback[0]
    height = _length(root.get("height", "")) or fallback[1]
    return width, height


def _length(value: str) -> float:
    """Pixels; 0 for what is none, is relative, or is beyond reason."""
    found = _LENGTH.fullmatch(value[:100])
    length = float(found[1]) * _UNITS.get(found[2] or "", 1.0) if found else 0.0
    return length if 1e-4 < length < 1e7 else 0.0


def _rendered_size(width: float, height: float) -> tuple[int, int]:
    longer = max(width, height)
    scale = min(max(longer, _SHORTEST_SIDE), LONGEST_SIDE) / longer
    return max(1, round(width * scale)), max(1, round(height * scale))
