"""Walks the tags of a page and collects what refers to a picture.

The page is read as a stream of tags, not as a tree: a tree adds nothing that matters here, and
building one costs three times as long and can be driven to quadratic time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeAlias

from medsift.core.errors import LimitError
from medsift.sources.web.fetching.address import is_data, is_remote, names_image, resolve
from medsift.sources.web.page.css import parse_css
from medsift.sources.web.page.figure_texts import FigureTexts
from medsift.sources.web.page.jsonld import pictures_in
from medsift.sources.web.page.lazy import (
    addresses_in_script,
    lazy_backgrounds,
    lazy_candidates,
    supposed_addresses,
)
from medsift.sources.web.page.references import Address, Markup, Reference
from medsift.sources.web.page.srcset import Candidate, largest_first, parse_srcset

Attributes: TypeAlias = dict[str, str | None]

_MOST_REFERENCES = 100_000
_MOST_LINKS = 100_000
_MOST_ELEMENTS = 1_000_000
_MOST_ADDRESSES = 64
_INNER_DEPTH = 3
# Elements of AMP (https://amp.dev), which do what those of HTML do.
_ALIKE = {"amp-img": "img", "amp-anim": "img", "amp-video": "video", "amp-iframe": "iframe"}
_META = frozenset({
    "og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src",
    "image", "thumbnail", "thumbnailurl", "msapplication-wide310x150logo",
})  # fmt: skip
# HTML Living Standard, 4.2.5.3; "url=" may be missing.
_REFRESH = re.compile(r"[\s\d.]*[;,\s]\s*(?:url\s*=\s*)?(\S.{0,16000})", re.IGNORECASE | re.DOTALL)
_ENDS_ITSELF = re.compile(
    r"<((?:\w{1,20}:)?(?:title|style|script|iframe|textarea|noscript|noembed|noframes|xmp))"
    r"((?:\s(?:[^<>\"']|\"[^\"<>]{0,2000}\"|'[^'<>]{0,2000}'){0,200}(?<![=\w.?&/-]))?)/>",
    re.IGNORECASE,
)
# What these have is not for showing, or was looked at already.
_NEVER_SHOWN = frozenset(
    {"a", "area", "base", "html", "link", "meta", "script", "source", "style", "svg"}
)
_ROBOTS = frozenset({"robots", "googlebot", "googlebot-image", "medsift"})


class Collector:
    """Collects the references of one page; :meth:`read` it, then take the :meth:`markup`."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._has_base = False
        self._found: list[Reference] = []
        self._texts = FigureTexts()
        self._seen: dict[str, int] = {}
        self._stylesheets: dict[str, Address] = {}
        self._links: dict[str, None] = {}
        self._frames: dict[str, Address] = {}
        self._refreshes: dict[str, Address] = {}
        self._robots: set[str] = set()
        self._counts: Counter[str] = Counter()
        self._elements = 0
        self._picture: dict[str, list[Candidate]] | None = None
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
            "portal": self._on_frame,
        }

    def markup(self) -> Markup:
        """Give what was collected so far."""
        return Markup(
            tuple(self._texts.told(self._found)),
            tuple(self._stylesheets.values()),
            tuple(self._links),
            tuple(self._frames.values()),
            tuple(self._refreshes.values()),
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
        for kind, value in stream(_with_last_tag(_with_ends(text))):
            if kind == "start":
                name, attributes = value
                raw = self._start(name, attributes, depth)
            elif kind == "text":
                if raw:
                    self._raw(raw, value, depth)
                else:
                    self._texts.text(value)
            elif kind == "end":
                raw = ""
                self._texts.end(value)
                if value == "picture":
                    self._end_picture()
        self._end_picture()

    def _start(self, name: str, attributes: Attributes, depth: int) -> str:
        """Handle a start tag, and tell what the text after it is."""
        self._elements += 1
        if self._elements > _MOST_ELEMENTS:
            raise LimitError(f"more than {_MOST_ELEMENTS} elements")
        name = name.rpartition(":")[2]  # svg:image, in files with namespaces
        name = _ALIKE.get(name, name)
        self._counts[name] += 1
        self._texts.start(name, attributes)
        handler = self._handlers.get(name)
        if handler is not None:
            handler(attributes)
        elif attributes:
            self._add(lazy_backgrounds(attributes), self._nth(name))
        if attributes:
            self._on_any(name, attributes)
            if name == "iframe" and attributes.get("srcdoc") and depth < _INNER_DEPTH:
                self.read(attributes["srcdoc"] or "", depth + 1)
        if name in ("style", "noscript"):
            return name
        if name == "script":
            return "ld+json" if "ld+json" in (attributes.get("type") or "").lower() else "script"
        return ""

    def _on_any(self, name: str, attributes: Attributes) -> None:
        """Take the pictures in attributes that any element may have."""
        if name not in _NEVER_SHOWN:
            for address in supposed_addresses(name, attributes):
                self._add([address], self._nth(name), supposed=True)
        if attributes.get("background"):
            self._add([attributes["background"]], f"{self._nth(name)} background")
        if attributes.get("style"):
            self._css(attributes["style"] or "", f"{self._nth(name)} style")

    def _raw(self, kind: str, text: str, depth: int) -> None:
        if kind == "style":
            self._css(text, self._nth("style"))
        elif kind == "ld+json":
            for address in pictures_in(text):
                self._add([address], "JSON-LD")
        elif kind == "script":
            for address in addresses_in_script(text):
                self._add([address], self._nth("script"), linked=True, supposed=True)
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
        sources, self._picture = self._picture or {}, None
        lazy, self._picture_lazy = self._picture_lazy, []
        own = sources.pop("", []) + parse_srcset(attributes.get("srcset") or "")
        lazy = lazy_candidates(attributes) + lazy
        shown = [c.address for c in largest_first(own)]
        element = self._nth("img")
        self._add(lazy, element)
        # With lazy loading src is mostly a stand-in, yet it may be another picture.
        self._add([*shown, attributes.get("src")], element, tiny=_is_tiny(attributes))
        self._add_by_media(sources, element)

    def _add_by_media(self, sources: dict[str, list[Candidate]], element: str) -> None:
        """Take the pictures for other screens: often cut otherwise, or another one."""
        for candidates in sources.values():
            self._add([c.address for c in largest_first(candidates)], element)

    def _on_picture(self, _attributes: Attributes) -> None:
        self._end_picture()
        self._picture = {}

    def _on_source(self, attributes: Attributes) -> None:
        if self._picture is not None:
            media = " ".join((attributes.get("media") or "").lower().split())
            group = self._picture.setdefault(media, [])
            group += parse_srcset(attributes.get("srcset") or "")
            self._picture_lazy += lazy_candidates(attributes)
            self._picture_lazy += supposed_addresses("source", attributes)

    def _end_picture(self) -> None:
        """Take what a picture element without an img has: scripts may fill it."""
        if self._picture is not None:
            element = self._nth("picture")
            self._add(self._picture_lazy, element)
            self._add_by_media(self._picture, element)
        self._picture, self._picture_lazy = None, []

    def _on_svg_image(self, attributes: Attributes) -> None:
        # Outside of SVG browsers read <image> as <img>, hence src.
        links = [attributes.get("href")]
        links += [value for name, value in attributes.items() if name.endswith(":href")]
        self._add([*links, attributes.get("src")], self._nth("image"))

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
        if (attributes.get("http-equiv") or "").strip().lower() == "refresh":
            self._note(self._refreshes, refreshed(content))
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
        if kind.startswith("image/") or (names_image(address or "") and "text/" not in kind):
            self._add([address], element)
        elif kind != "application/x-shockwave-flash":
            self._note(self._frames, address)

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
        address = attributes.get("src") or attributes.get("data-src") or ""
        if names_image(resolve(address, self._base) if address else ""):
            self._add([address], self._nth("frame"))
        else:
            self._note(self._frames, address)

    def _note(self, pages: dict[str, Address], written: str | None) -> None:
        """Note the address of a page or document, once and up to a bound."""
        url = resolve(written, self._base) if written else ""
        if url and not is_data(url) and len(pages) < _MOST_LINKS:
            pages.setdefault(url, Address(url, (written or "").strip()))

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
        supposed: bool = False,
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
        self._texts.refer(len(self._found) if known is None else known)
        if supposed and known is not None:
            return
        for url in addresses:
            self._seen.setdefault(url, len(self._found) if known is None else known)
        reference = Reference(tuple(addresses.values()), element, linked, tiny, supposed)
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
    supposed = known.supposed and more.supposed
    return Reference(tuple(addresses.values()), known.element, linked, tiny, supposed)


def _with_ends(text: str) -> str:
    """Give elements of text their end, where a slash says that they have none (XHTML).

    The parser reads all that follows as their text, as browsers do with HTML.
    """
    return _ENDS_ITSELF.sub(r"<\1\2></\1>", text)


def _with_last_tag(text: str) -> str:
    """Close the last tag of a page that ends within a picture that it holds itself."""
    tail = text[max(0, text.rfind("<")) :]
    at = tail.find("data:image/")
    if at < 1 or tail[at - 1] not in "'\"" or ">" in tail[at:] or tail[at - 1] in tail[at:]:
        return text
    return f"{text}{tail[at - 1]}>"


def refreshed(content: str) -> str:
    """Address in the content of a refresh; empty for a page that only comes anew."""
    found = _REFRESH.match(content)
    return found.group(1).strip().strip("\"'") if found else ""


def _is_tiny(attributes: Attributes) -> bool:
    sizes = [
        (attributes.get(name) or "").strip().removesuffix("px") for name in ("width", "height")
    ]
    return any(size in ("0", "1", "2", "3") for size in sizes)
