"""Attributes in which scripts that load pictures late keep the real addresses.

None of them is a standard; this is what the usual libraries and content systems write
(lazysizes, lozad, jQuery Lazy Load, WordPress and Jetpack, Cloudflare, Flickity, a3).
"""

from __future__ import annotations

import re

from medsift.sources.web.fetching.address import is_data, names_image
from medsift.sources.web.page.css import addresses_in
from medsift.sources.web.page.srcset import Candidate, largest_first, parse_srcset

_SETS = (
    "data-srcset",
    "data-lazy-srcset",
    "data-original-set",
    "data-cfsrcset",
    "data-ezsrcset",
    "data-src-set",
    "data-bgset",
)
_ADDRESSES = (
    "data-orig-file",
    "data-large-file",
    "data-large_image",
    "data-full-src",
    "data-hi-res-src",
    "data-src",
    "data-lazy",
    "data-lazy-src",
    "data-lazyload",
    "data-original",
    "data-original-src",
    "data-actualsrc",
    "data-cfsrc",
    "data-ezsrc",
    "data-defer-src",
    "data-delayed-url",
    "data-deferred",
    "data-echo",
    "data-flickity-lazyload",
    "data-img-src",
    "data-ks-lazyload",
    "data-li-src",
    "data-runner-src",
    "data-src-retina",
    "data-wf-src",
)
# Names that other things than pictures use as well: taken where the value names a picture.
_GENERAL = (
    "data-full",
    "data-hires",
    "data-image",
    "data-img",
    "data-raw-src",
    "data-retina",
    "data-thumb",
    "data-url",
    "data-zoom-image",
)
_BACKGROUNDS = (
    "data-bg",
    "data-bg-src",
    "data-background",
    "data-background-image",
    "data-image-src",
    "data-poster",
)


# What any attribute may hold, but for those that never hold the address of a picture to show.
_NO_ADDRESS = frozenset({
    "alt", "title", "id", "class", "name", "href", "style", "usemap", "download", "srcdoc",
    "action", "src", "srcset", "poster", "background", "data", "cite", "placeholder", "content",
    "longdesc",
})  # fmt: skip
_USUAL = frozenset({"src", "srcset", "poster", "background", "data", "href"})
_SHOWN = frozenset({"img", "image", "source", "input"})
_ANY_NAME = re.compile(
    r"\.(?:jpe?g|jpe|jfif|a?png|gif|webp|avif|hei[cf]|bmp|tiff?|jp2|svgz?|jxl|dcm)\b", re.IGNORECASE
)
_LATER = re.compile(r"(?:^|[-_:.])(?:lazy|orig|original|real|final|hd|full)?-?src$")
_IN_QUOTES = re.compile(
    r"""["'(=,\s]([^"'()<>{}\[\],;\s\\]{1,2000}(?:\\/[^"'()<>{}\[\],;\s\\]{1,2000}){0,50})(?=["'),\s\\])"""
)
_LONGEST_VALUE = 100_000
_LONGEST_SCRIPT = 4 * 1024 * 1024
_MOST_SUPPOSED = 1_000


def supposed_addresses(element: str, attributes: dict[str, str | None]) -> list[str]:
    """Addresses in attributes that no list names: what ends like a picture is taken for one.

    Parameters
    ----------
    element : str
        Its name. Of a picture, attributes that are named like ``src`` need not end so.
    attributes : dict
    """
    found: list[str] = []
    # Of elements of a page's own (amp-img and the like) the usual names are as good as others.
    taken = _NO_ADDRESS - _USUAL if "-" in element else _NO_ADDRESS
    for name, value in attributes.items():
        if not value or name in taken or name.startswith(("on", "aria-")):
            continue
        text = value.strip()
        is_named = names_image(text) or (element in _SHOWN and _LATER.search(name))
        if is_data(text):
            found += [text] if names_image(text) else []
        elif is_named and _is_address(text):
            found.append(text)
        elif len(text) <= _LONGEST_VALUE:
            found += addresses_in_script(f" {text} ")
    return found[:_MOST_SUPPOSED]


def addresses_in_script(text: str) -> list[str]:
    """Addresses of pictures in a script, in JSON, or in a list of any kind."""
    if len(text) > _LONGEST_SCRIPT or not _ANY_NAME.search(text):
        return []
    found = (match.group(1).replace("\\/", "/") for match in _IN_QUOTES.finditer(text))
    named = dict.fromkeys(one for one in found if names_image(one) and _is_address(one))
    return list(named)[:_MOST_SUPPOSED]


def lazy_candidates(attributes: dict[str, str | None]) -> list[str]:
    """Addresses that an ``img`` or ``source`` keeps for later, the largest first."""
    if not _has_data(attributes):
        return []
    return [*_from_sets(attributes), *_plain(attributes, _ADDRESSES), *_general(attributes)]


def lazy_backgrounds(attributes: dict[str, str | None]) -> list[str]:
    """Addresses that any other element keeps for a picture behind it."""
    if not _has_data(attributes):
        return []
    found = _from_sets(attributes)
    for name in _BACKGROUNDS:
        found += [a for a in addresses_in(attributes.get(name) or "") if _is_address(a)]
    found += [a for a in _plain(attributes, _ADDRESSES) if names_image(a)]
    return found + _general(attributes)


def _has_data(attributes: dict[str, str | None]) -> bool:
    return any(name.startswith("data-") for name in attributes)


def _from_sets(attributes: dict[str, str | None]) -> list[str]:
    candidates: list[Candidate] = []
    for name in _SETS:
        candidates += parse_srcset(attributes.get(name) or "")
    return [c.address for c in largest_first(candidates) if _is_address(c.address)]


def _plain(attributes: dict[str, str | None], names: tuple[str, ...]) -> list[str]:
    values = ((attributes.get(name) or "").strip() for name in names)
    return [value for value in values if _is_address(value)]


def _general(attributes: dict[str, str | None]) -> list[str]:
    return [value for value in _plain(attributes, _GENERAL) if names_image(value)]


def _is_address(value: str) -> bool:
    """Not empty, no switch, no template that a script fills in, no colour."""
    if value.lower() in ("", "true", "false", "none", "null", "1", "0", "auto", "lazy"):
        return False
    if value.startswith("data:"):
        return True
    return not any(sign in value for sign in "{}<>()#") and ("." in value or "/" in value)
