"""Labels of figures as they are printed: "Figure 3", "Abb. 2a", in the languages of the field."""

from __future__ import annotations

import re

_WORDS = (
    r"fig(?:ure|ura|uur|\.)?s?|abb(?:ildung|\.)?|figur|scheme|plate|bild|tafel|rys(?:unek|\.)?"
    r"|obr(?:ázek|\.)?|рис(?:унок|\.)?|фиг(?:\.|ура)?|εικόνα|şekil|hình|gambar"  # noqa: RUF001
)
_NUMBER = r"\d{1,3}(?:[.\-\u2013]\d{1,3}){0,3}[a-zA-Z]?"
_LETTERED = (
    rf"\s{{0,3}}{_NUMBER}|\s{{0,3}}(?-i:[A-Z]\.?){_NUMBER}"
    r"|\s{1,3}(?-i:[A-Z](?=[.:])|[IVXL]{1,6}\b)"
)
_HAN = r"[图圖図]\s{0,3}\d{1,3}(?:[.\-\u2013]\d{1,3}){0,3}"
_KINDS = r"(?:(?:supplementary|extended\s+data|suppl\.|online)\s+)?"

LABEL = re.compile(
    rf"(?P<label>{_KINDS}(?:(?:{_WORDS})\.?(?:{_LETTERED})|{_HAN})(?:\s?\([a-zA-Z]\))?)"
    r"(?!\w)(?P<end>\s*[.:|\uff0e\uff1a\u2013\u2014-]*)\s*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
"""A text that begins with a label: the label, the marks that set it off, and what follows."""

ANYWHERE = re.compile(rf"(?<!\w)(?:(?:{_WORDS})\.?(?:{_LETTERED})|{_HAN})", re.IGNORECASE)
"""A label, wherever it stands."""


AT_START = re.compile(rf"^\s*{_KINDS}(?:(?:{_WORDS})\.?(?:{_LETTERED})|{_HAN})", re.I | re.M)
"""A label at the start of a line."""


def label_of(caption: str) -> str:
    """Label that a caption begins with, as printed; empty where there is none."""
    match = LABEL.match(caption.strip())
    return " ".join(match["label"].split()) if match else ""
