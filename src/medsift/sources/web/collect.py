"""Walks the tags of a page and collects what refers to a picture.

The page is read as a stream of tags, not as a tree: a tree adds nothing that matters here, and
building one costs three times as long and can be driven to quadratic time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeAlias

from medsift.core.errors import LimitError
from medsift.sources.web.address import is_data, is_remote, names_image, resolve
from medsift.sources.web.css import parse_css
from medsift.sources.web.jsonld import pictures_in
from medsift.sources.web.lazy import lazy_backgrounds, lazy_candidates
from medsift.sources.web.references import Address, Markup, Reference
from medsift.sources.web.srcset import Candidate, largest_first, parse_srcset

Attributes: TypeAlias = dict[str, str | None]

_MOST_REFERENCES = 100_000
_MOST_LINKS = 100_000
_MOST_ELEMENTS = 1_000_000
_MOST_ADDRESSES = 64
_INNER_DEPTH = 3
_META = frozenset({
    "og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src",
    "image", "thumbnail", "thumbnailurl", "msapplication-wide310x150logo",
})  # fmt: skip
_ROBOTS = frozenset({"robots", "googlebot", "googlebot-image", "medsift"})


class Collector:
    """Collects the references of one page; :meth:`read` it, then take the :meth:`markup`."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._has_base = False
        self._found: list[Reference] = []
        self._seen: dict[str, int] = {}
        self._stylesheets: dict[str, Address] = {}
        self._links: dict[str, None] = {}
        self._frames: dict[str, None] = {}
        self._robots: set[str] = set()
        self._counts: Counter[str] = Counter()
        self._elements = 0
        self._picture: list[Candidate] | None = None
        self._picture_lazy: list[str] = []
        self._handlers: dict[str, Callable[[Attributes], None]] = {
            "base": self._on_base,
            "img": self._on_img,
            "image": self._on_svg_image,
            "feimage": self._on_svg_image,
            "picture": self._on_picture,
            "source": self._on_source,
            "input": self._on_input,
            "video": self._on_video,
            "link": self._on_link,
            "meta": self._on_meta,
            "object": self._on_object,
            "embed": self._on_embed,
            "a": self._on_a,
            "area": self._on_a,
            "frame": self._on_frame,
            "iframe": self._on_frame,
        }

    def markup(self) -> Markup:
        """Give what was collected so far."""
        return Markup(
            tuple(self._found),
            tuple(self._stylesheets.values()),
            tuple(self._links),
            tuple(self._frames),
            frozenset(self._robots),
        )

    def read(self, text: str, depth: int = 0) -> None:
        """Collect from the text of a page, or of a page within it.

        Raises
        ------
        LimitError
            It has more elements than any honest page.
        """
        from justhtml import stream

        raw = ""
        for kind, value in stream(text):
            if kind == "start":
                name, attributes = value
                raw = self._start(name, attributes, depth)
            elif kind == "text" and raw:
                self._raw(raw, value, depth)
            elif kind == "end":
                raw = ""
                if value == "picture":
                    self._end_picture()
        self._end_picture()

    def _start(self, name: str, attributes: Attributes, depth: int) -> str:
        """Handle a start tag, and tell what the text after it is."""
        self._elements += 1
        if self._elements > _MOST_ELEMENTS:
            raise LimitError(f"more than {_MOST_ELEMENTS} elements")
        self._counts[name] += 1
        handler = self._handlers.get(name)
        if handler is not None:
            handler(attributes)
        elif attributes:
            self._add(lazy_backgrounds(attributes), self._nth(name))
        if attributes:
            if attributes.get("background"):
                self._add([attributes["background"]], f"{self._nth(name)} background")
            if attributes.get("style"):
                self._css(attributes["style"] or "", f"{self._nth(name)} style")
            if name == "iframe" and attributes.get("srcdoc") and depth < _INNER_DEPTH:
                self.read(attributes["srcdoc"] or "", depth + 1)
        if name in ("style", "noscript"):
            return name
        if name == "script" and "ld+json" in (attributes.get("type") or "").lower():
            return "ld+json"
        return ""

    def _raw(self, kind: str, text: str, depth: int) -> None:
        if kind == "style":
            self._css(text, self._nth("style"))
        elif kind == "ld+json":
            for address in pictures_in(text):
                self._add([address], "JSON-LD")
        elif depth < _INNER_DEPTH:
            self.read(text, depth + 1)

    def _on_base(self, attributes: Attributes) -> None:
        href = attributes.get("href")
        if href and not self._has_base:
            self._has_base = True
            resolved = resolve(href, self._base)
            self._base = self._base if is_data(resolved) else resolved or self._base

    def _on_img(self, attributes: Attributes) -> None:
        # Until its own end tag or an img, all sources belong to the picture element.
        sources, self._picture = self._picture or [], None
        lazy, self._picture_lazy = self._picture_lazy, []
        sources += parse_srcset(attributes.get("srcset") or "")
        lazy = lazy_candidates(attributes) + lazy
        shown = [c.address for c in largest_first(sources)]
        element = self._nth("img")
        self._add(lazy, element)
        # With lazy loading src is mostly a stand-in, yet it may be another picture.
        self._add([*shown, attributes.get("src")], element, tiny=_is_tiny(attributes))

    def _on_picture(self, _attributes: Attributes) -> None:
        self._end_picture()
        self._picture = []

    def _on_source(self, attributes: Attributes) -> None:
        if self._picture is not None:
            self._picture += parse_srcset(attributes.get("srcset") or "")
            self._picture_lazy += lazy_candidates(attributes)

    def _end_picture(self) -> None:
        """Take what a picture element without an img has: scripts may fill it."""
        if self._picture is not None:
            element = self._nth("picture")
            self._add(self._picture_lazy, element)
            self._add([c.address for c in largest_first(self._picture)], element)
        self._picture, self._picture_lazy = None, []

    def _on_svg_image(self, attributes: Attributes) -> None:
        # Outside of SVG browsers read <image> as <img>, hence src.
        names = ("href", "xlink:href", "src")
        self._add([attributes.get(name) for name in names], self._nth("image"))

    def _on_input(self, attributes: Attributes) -> None:
        if (attributes.get("type") or "").strip().lower() == "image":
            self._add([attributes.get("src")], self._nth("input"))

    def _on_video(self, attributes: Attributes) -> None:
        self._add([attributes.get("poster")], f"{self._nth('video')} poster")
        self._add(lazy_backgrounds(attributes), f"{self._nth('video')} poster")

    def _on_link(self, attributes: Attributes) -> None:
        relations = (attributes.get("rel") or "").lower().split()
        href = attributes.get("href")
        if "stylesheet" in relations and href and "alternate" not in relations:
            self._stylesheet(href)
        elif "preload" in relations and (attributes.get("as") or "").lower() == "image":
            sized = largest_first(parse_srcset(attributes.get("imagesrcset") or ""))
            self._add([*(c.address for c in sized), href], "link preload")
        elif "image_src" in relations or attributes.get("itemprop") in ("image", "thumbnailUrl"):
            self._add([href], "link image_src")

    def _on_meta(self, attributes: Attributes) -> None:
        content = attributes.get("content") or ""
        for key in ("property", "name", "itemprop"):
            name = (attributes.get(key) or "").strip().lower()
            if name in _META:
                self._add([content], f"meta {name}")
            elif name in _ROBOTS:
                self._robots.update(word.strip().lower() for word in content.split(","))

    def _on_object(self, attributes: Attributes) -> None:
        self._plugin(attributes, attributes.get("data"), self._nth("object"))

    def _on_embed(self, attributes: Attributes) -> None:
        self._plugin(attributes, attributes.get("src"), self._nth("embed"))

    def _plugin(self, attributes: Attributes, address: str | None, element: str) -> None:
        kind = (attributes.get("type") or "").strip().lower()
        if kind.startswith("image/") or (not kind and names_image(address or "")):
            self._add([address], element)

    def _on_a(self, attributes: Attributes) -> None:
        href = attributes.get("href") or ""
        resolved = resolve(href, self._base) if href else ""
        if not resolved or is_data(resolved):
            return
        if names_image(resolved):
            self._add([href], self._nth("a"), linked=True)
        elif len(self._links) < _MOST_LINKS and is_remote(resolved):
            self._links[resolved] = None
        self._add(lazy_backgrounds(attributes), self._nth("a"))

    def _on_frame(self, attributes: Attributes) -> None:
        address = attributes.get("src") or ""
        resolved = resolve(address, self._base) if address else ""
        if names_image(resolved):
            self._add([address], self._nth("frame"))
        elif len(self._frames) < _MOST_LINKS and is_remote(resolved):
            self._frames[resolved] = None

    def _css(self, text: str, element: str) -> None:
        sheet = parse_css(text)
        for group in sheet.pictures:
            self._add(group, element)
        for address in sheet.imports:
            self._stylesheet(address)

    def _stylesheet(self, written: str) -> None:
        url = resolve(written, self._base)
        if url:
            self._stylesheets.setdefault(url, Address(url, written))

    def _nth(self, name: str) -> str:
        return f"{name} {self._counts[name]}"

    def _add(
        self,
        written: Iterable[str | None],
        element: str,
        *,
        linked: bool = False,
        tiny: bool = False,
    ) -> None:
        if len(self._found) >= _MOST_REFERENCES:
            return
        addresses: dict[str, Address] = {}
        for one in written:
            url = resolve(one, self._base) if one else ""
            if url and url not in addresses:
                addresses[url] = Address(url, one.strip() if one else "")
        if not addresses:
            return
        known = self._seen.get(next(iter(addresses)))
        for url in addresses:
            self._seen.setdefault(url, len(self._found) if known is None else known)
        reference = Reference(tuple(addresses.values()), element, linked, tiny)
        if known is None:
            self._found.append(reference)
        else:
            self._found[known] = _merged(self._found[known], reference)


def _merged(known: Reference, more: Reference) -> Reference:
    """Add what another reference to the same picture offers, up to a bound."""
    addresses = {address.url: address for address in known.addresses}
    if len(addresses) < _MOST_ADDRESSES:
        addresses |= {a.url: a for a in more.addresses if a.url not in addresses}
    linked, tiny = known.linked and more.linked, known.tiny and more.tiny
    return Reference(tuple(addresses.values()), known.element, linked, tiny)


def _is_tiny(attributes: Attributes) -> bool:
    sizes = [
        (attributes.get(name) or "").strip().removesuffix("px") for name in ("width", "height")
    ]
    return any(size in ("0", "1", "2", "3") for size in sizes)
