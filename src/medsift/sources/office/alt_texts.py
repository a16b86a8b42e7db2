"""What Word and PowerPoint files say of their pictures: alternative texts, caption paragraphs.

A caption paragraph is the one after the picture, or before it, that has the style for captions or
begins with the label of a figure. A caption says more than an alternative text, which programs
often make up, and is preferred.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from medsift.core.errors import InputError
from medsift.sources.container import ExhaustedError
from medsift.sources.figure_labels import LABEL
from medsift.sources.office.markup import attribute, scan_tags
from medsift.sources.office.package import Package

_LONGEST = 4_000
_STYLES = ("caption", "beschriftung", "lgende", "légende", "leyenda", "descripcin", "didascalia")
_DESCRIBED = frozenset({"docPr", "cNvPr", "shape", "rect"})
_REFERENCES = ("embed", "link", "id", "pict")


@dataclass(slots=True)
class _Paragraph:
    text: str = ""
    is_styled: bool = False
    pictures: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Reading:
    said: str = ""
    in_text: bool = False
    open: list[_Paragraph] = field(default_factory=list)
    paragraphs: list[_Paragraph] = field(default_factory=list)
    captions: dict[str, str] = field(default_factory=dict)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "p":
            self.open.append(_Paragraph())
        elif name == "pStyle" and self.open:
            style = attribute(attributes, "val").lower().replace(" ", "")
            self.open[-1].is_styled = style.startswith(_STYLES)
        elif name in _DESCRIBED:
            said = [attributes.get(key, "") for key in ("descr", "alt", "title")]
            self.said = next((" ".join(s.split())[:_LONGEST] for s in said if s.strip()), "")
        elif name in ("blip", "svgBlip", "imagedata"):
            for key in _REFERENCES:
                value = attribute(attributes, key, "/relationships")
                if value and self.open:
                    self.open[0].pictures[value] = self.said
                elif value and self.said:
                    self.captions.setdefault(value, self.said)
        self.in_text = name == "t"

    def end(self, name: str) -> None:
        self.in_text = False
        if name == "p" and self.open:
            paragraph = self.open.pop()
            # What stands in a box within a paragraph is text of its own.
            paragraphs = [paragraph] if not self.open or paragraph.is_styled else []
            self.paragraphs += [p for p in paragraphs if p.text.strip() or p.pictures]

    def text(self, text: str) -> None:
        if self.in_text and self.open and len(self.open[-1].text) < _LONGEST:
            self.open[-1].text += text[:_LONGEST]


def captions_in(package: Package, part: str) -> dict[str, tuple[str, str]]:
    """What a part says of the pictures that it shows, by the identifier of the relationship.

    Returns
    -------
    dict
        Caption, and the figure of the part that pictures with one caption are: ``figure 2``.
    """
    reading = _Reading()
    try:
        scan_tags(package.read(part), reading.start, reading.end, reading.text)
    except ExhaustedError:
        raise
    except InputError:
        pass  # what was seen before counts
    found = {name: (said, "") for name, said in reading.captions.items()}
    figures = 0
    paragraphs = reading.paragraphs
    for number, paragraph in enumerate(paragraphs):
        near = [paragraph, *paragraphs[number + 1 : number + 2], *paragraphs[number - 1 : number]]
        texts = [" ".join(p.text.split()) for p in near if _is_caption(p)]
        figures += bool(paragraph.pictures and texts)
        for name, said in paragraph.pictures.items():
            if texts:
                found[name] = texts[0], f"figure {figures}"
            elif said:
                found[name] = said, ""
    return found


def _is_caption(paragraph: _Paragraph) -> bool:
    text = paragraph.text.strip()
    match = LABEL.match(text)
    return bool(text) and (paragraph.is_styled or bool(match and not match["rest"][:1].islower()))
