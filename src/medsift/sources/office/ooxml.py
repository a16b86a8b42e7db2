"""Office Open XML (ECMA-376): Word, PowerPoint, Excel and Visio files."""

from __future__ import annotations

from collections.abc import Iterator

from medsift.core.picture import Finding
from medsift.sources.archive.zip import opened
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container
from medsift.sources.described import described
from medsift.sources.office.alt_texts import captions_in
from medsift.sources.office.package import Package
from medsift.sources.office.relationships import Relationship, relationships_of

_SECTIONS = {
    "slide": "slide",
    "worksheet": "sheet",
    "chartsheet": "sheet",
    "dialogsheet": "sheet",
    "xlMacrosheet": "sheet",
    "page": "page",
}
# What all slides or pages share comes once, without a place, after them.
_SHARED = frozenset({
    "slideLayout", "slideMaster", "notesMaster", "handoutMaster", "theme", "themeOverride",
    "master", "masters", "customXml", "styles", "fontTable", "settings", "webSettings",
    "numbering", "sharedStrings", "calcChain", "tableStyles", "presProps", "viewProps",
    "commentAuthors", "printerSettings", "tags",
})  # fmt: skip
_EMBEDDED = frozenset({
    "oleObject", "package", "attachedToolbars", "control", "aFChunk", "video", "audio", "media",
})  # fmt: skip
_DEEPEST = 8  # slide, diagram, drawing, chart, its user shapes, picture: honest files need six


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures of an office document, by slide, sheet or page.

    A picture comes once for each slide that shows it. What no slide refers to comes last,
    like what is on masters and layouts. Embedded documents are looked into.

    Raises
    ------
    DecodeError
        Damaged.
    LimitError
        Nested too deeply, too many pictures, or a budget is used up.
    """
    container = Container(blob, context, "office")
    with opened(blob) as archive:
        yield from container.completed(_document(Package(archive, container)), plain=False)


def _document(package: Package) -> Iterator[Finding]:
    for root in relationships_of(package, ""):
        if root.kind == "officeDocument" or root.target.startswith("visio/document"):
            yield from _Reading(package).main(root.target)
    yield from package.report_rest()


class _Reading:
    """The state of one document while its parts are followed."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._sections = 0
        self._label = ""
        self._images = 0
        self._objects = 0
        self._seen: set[str] = set()

    def main(self, part: str) -> Iterator[Finding]:
        self._seen = {part}
        yield from self._follow(part, 0)

    def _follow(self, part: str, depth: int) -> Iterator[Finding]:
        # Sheets can be very long, and their references need no order.
        ordered = not part.lower().startswith("xl/worksheets/")
        references = relationships_of(self._package, part, ordered=ordered)
        shows = ordered and any(reference.kind == "image" for reference in references)
        captions = captions_in(self._package, part) if shows else {}
        for reference in references:
            if reference.external:
                if reference.kind == "image":
                    yield self._package.report_remote(reference.target, self._next_image())
            elif reference.kind in _SECTIONS:
                yield from self._section(reference)
            elif reference.target not in self._seen and reference.kind not in _SHARED:
                self._seen.add(reference.target)
                found = self._one(reference, depth)
                caption, figure = "", ""
                if reference.kind == "image":
                    caption, figure = captions.get(reference.name, ("", ""))
                figure = figure and f"{self._label}{figure}"
                yield from described(found, self._package.context, caption, figure)

    def _section(self, reference: Relationship) -> Iterator[Finding]:
        if self._label:
            return  # a link from slide to slide
        self._sections += 1
        outer = self._images, self._objects, self._seen
        self._label = f"{_SECTIONS[reference.kind]} {self._sections}, "
        self._images, self._objects, self._seen = 0, 0, {reference.target}
        yield from self._follow(reference.target, 1)
        self._label = ""
        self._images, self._objects, self._seen = outer

    def _one(self, reference: Relationship, depth: int) -> Iterator[Finding]:
        if reference.kind == "image":
            yield from self._package.report(reference.target, self._next_image())
        elif reference.kind in _EMBEDDED:
            self._objects += 1
            locator = f"{self._label}object {self._objects}"
            yield from self._package.report(reference.target, locator)
        elif reference.target in self._package and depth < _DEEPEST:
            yield from self._follow(reference.target, depth + 1)

    def _next_image(self) -> str:
        self._images += 1
        return f"{self._label}image {self._images}"
