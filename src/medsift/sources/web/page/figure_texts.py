"""What a page says of its pictures: ``figcaption``, or ``alt``, ``aria-label`` and ``title``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from medsift.sources.web.page.references import Reference

_LONGEST = 4_000
_DEEPEST = 32
_DESCRIBING = ("alt", "aria-label", "title")
_BLOCKS = frozenset({"br", "p", "div", "li", "td", "tr"})


@dataclass(slots=True)
class _Open:
    """A figure whose end was not met yet."""

    members: dict[int, None] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    length: int = 0
    reading: bool = False


class FigureTexts:
    """Follows the tags of a page, and tells for each reference its figure and its caption.

    References are told by their number among those that were found.
    """

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._described: dict[int, str] = {}
        self._captions: dict[int, str] = {}
        self._figures: dict[int, str] = {}
        self._said = ""
        self._count = 0

    def start(self, name: str, attributes: Mapping[str, str | None]) -> None:
        """Note a start tag, before what it refers to."""
        said = (attributes.get(key) or "" for key in _DESCRIBING)
        self._said = next((" ".join(s.split())[:_LONGEST] for s in said if s.strip()), "")
        if name == "figure" and len(self._open) < _DEEPEST:
            self._open.append(_Open())
        elif name == "figcaption" and self._open:
            self._open[-1].reading = True
        elif name in _BLOCKS:
            self.text(" ")

    def text(self, text: str) -> None:
        """Note text that readers see."""
        figure = self._open[-1] if self._open else None
        if figure and figure.reading and figure.length < _LONGEST:
            figure.text.append(text[:_LONGEST])
            figure.length += len(text)

    def end(self, name: str) -> None:
        """Note an end tag."""
        self._said = ""
        if name == "figcaption" and self._open:
            self._open[-1].reading = False
        elif name == "figure" and self._open:
            self._close()

    def refer(self, number: int) -> None:
        """Note that the last start tag refers to a picture."""
        if self._said:
            self._described.setdefault(number, self._said)
        if self._open:
            self._open[-1].members[number] = None

    def told(self, references: Sequence[Reference]) -> list[Reference]:
        """Give references their captions and figures."""
        while self._open:
            self._close()
        return [
            replace(
                reference,
                caption=self._captions.get(number) or self._described.get(number, ""),
                figure=self._figures.get(number, ""),
            )
            for number, reference in enumerate(references)
        ]

    def _close(self) -> None:
        figure = self._open.pop()
        text = " ".join("".join(figure.text).split())[:_LONGEST]
        for number in figure.members if text else ():
            self._captions.setdefault(number, text)
        if self._open:
            self._open[-1].members |= figure.members
        elif figure.members:
            self._count += 1
            for number in figure.members:
                self._figures.setdefault(number, f"figure {self._count}")
