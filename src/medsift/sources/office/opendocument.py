"""OpenDocument (ISO/IEC 26300): texts, presentations, spreadsheets, drawings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from medsift.core.errors import EncryptedError, InputError
from medsift.core.picture import Finding
from medsift.sources.archive.zip import opened
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container, ExhaustedError
from medsift.sources.office.markup import attribute, scan_tags
from medsift.sources.office.package import Package, resolve_part

_CONTENT = "content.xml"
_PICTURES = frozenset({"image", "fill-image", "background-image"})
_OBJECTS = frozenset({"object", "object-ole", "plugin"})


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures of an OpenDocument file, by slide or sheet where it has them.

    Raises
    ------
    EncryptedError
        A password is needed.
    DecodeError
        Damaged.
    LimitError
        Nested too deeply, too many pictures, or a budget is used up.
    """
    container = Container(blob, context, "office")
    with opened(blob) as archive:
        yield from container.completed(_document(Package(archive, container)), plain=False)


def _document(package: Package) -> Iterator[Finding]:
    encrypted = _encrypted_parts(package)
    if _CONTENT in encrypted:
        raise EncryptedError("the document needs a password")
    package.set_encrypted(encrypted)
    for found in _references(package):
        if "://" in found.target:
            yield package.report_remote(found.target, found.locator)
        elif (name := resolve_part(unquote(found.target), _CONTENT)) in package:
            yield from package.report(name, found.locator)
    yield from package.report_rest()


@dataclass(frozen=True, slots=True)
class _Reference:
    target: str
    locator: str


@dataclass(slots=True)
class _Collector:
    """Collects what the content shows, and where."""

    found: list[_Reference] = field(default_factory=list)
    label: str = ""
    sections: int = 0
    images: int = 0
    objects: int = 0
    in_spreadsheet: bool = False
    seen: set[str] = field(default_factory=set)

    def on_start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "spreadsheet":
            self.in_spreadsheet = True
        elif tag == "page":
            self._begin("slide")
        elif tag == "table" and self.in_spreadsheet:
            self._begin("sheet")
        elif tag in _PICTURES or tag in _OBJECTS:
            target = attribute(attributes, "href")
            if target and target not in self.seen:
                self.seen.add(target)
                self.found.append(_Reference(target, self._locator(tag)))

    def _begin(self, kind: str) -> None:
        self.sections += 1
        self.label = f"{kind} {self.sections}, "
        self.images = self.objects = 0
        self.seen = set()

    def _locator(self, tag: str) -> str:
        if tag in _PICTURES:
            self.images += 1
            return f"{self.label}image {self.images}"
        self.objects += 1
        return f"{self.label}object {self.objects}"


def _references(package: Package) -> list[_Reference]:
    collector = _Collector()
    try:
        scan_tags(package.read(_CONTENT), collector.on_start)
    except ExhaustedError:
        raise
    except InputError:
        pass  # what was seen before counts, and all pictures are found without it
    return collector.found


def _encrypted_parts(package: Package) -> frozenset[str]:
    encrypted: set[str] = set()
    part = ""

    def on_start(tag: str, attributes: Mapping[str, str]) -> None:
        nonlocal part
        if tag == "file-entry":
            part = attribute(attributes, "full-path")
        elif tag == "encryption-data":
            encrypted.add(part)

    try:
        scan_tags(package.read("META-INF/manifest.xml"), on_start)
    except ExhaustedError:
        raise
    except InputError:
        pass
    return frozenset(encrypted)
