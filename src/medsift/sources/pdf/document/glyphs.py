"""Type 3 fonts whose letters are bitmaps: how many pictures of letters they hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from medsift.sources.pdf.document.dictionaries import size_of, value_of, values_of

_SAMPLES = 4
_LEAST_SIDE = 24


def bitmap_glyphs(font: Any) -> int:
    """Count the glyphs of a font that are bitmaps.

    Such fonts come from TeX of old and from text recognition; all their glyphs are bitmaps or
    none is, so that a few are looked at.

    Parameters
    ----------
    font : pypdf.generic.DictionaryObject
    """
    if font.get("/Subtype") != "/Type3":
        return 0
    glyphs = font["/CharProcs"].get_object()
    for name in list(glyphs)[:_SAMPLES]:
        content = glyphs[name].get_object().get_data().split()
        # An inline image begins with BI; an image object is drawn with Do.
        if b"BI" in content or b"Do" in content:
            return len(glyphs)
    return 0


def pictures_in_fonts(resources: Any) -> Iterator[Any]:
    """Yield images that letters of Type 3 fonts draw and that are no letters: not of one ink.

    Parameters
    ----------
    resources : pypdf.generic.DictionaryObject
        Of a page or form.
    """
    for font in values_of(value_of(resources, "/Font")):
        if value_of(font, "/Subtype") != "/Type3":
            continue
        for image in values_of(value_of(value_of(font, "/Resources"), "/XObject")):
            is_letter = value_of(image, "/ImageMask") or min(size_of(image)) < _LEAST_SIDE
            if value_of(image, "/Subtype") == "/Image" and not is_letter:
                yield image
