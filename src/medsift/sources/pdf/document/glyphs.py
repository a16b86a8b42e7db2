"""Type 3 fonts whose letters are bitmaps: how many pictures of letters they hold."""

from __future__ import annotations

from typing import Any

_SAMPLES = 4


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
