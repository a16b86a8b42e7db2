"""A document that is a zip archive of parts: the parts by name, and which were reported."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote, unquote

from medsift.core.errors import EncryptedError, LimitError, NotFoundError
from medsift.core.limits import MIB
from medsift.core.picture import Finding, Picture, Problem
from medsift.sources.archive.zip import member
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container, problem

PART_BYTES = 64 * MIB
"""Longest part that is parsed; pictures may be longer."""


class Package:
    """The parts of one document.

    Parameters
    ----------
    archive : ZipFile
    container : Container
    """

    def __init__(self, archive: zipfile.ZipFile, container: Container) -> None:
        self._archive = archive
        self._container = container
        self._parts: dict[str, zipfile.ZipInfo] = {}
        self._reported: set[int] = set()
        self._encrypted: frozenset[str] = frozenset()
        self._pictures = 0
        for info in archive.infolist():
            self._parts.setdefault(_key(info.filename), info)

    @property
    def context(self) -> Context:
        """What the source that reads the document was told."""
        return self._container.context

    def __contains__(self, name: str) -> bool:
        return self._info(name) is not None

    def set_encrypted(self, names: frozenset[str]) -> None:
        """Note which parts the document itself declares to be encrypted."""
        self._encrypted = frozenset(map(_key, names))

    def read(self, name: str) -> bytes:
        """Content of a part that is to be parsed.

        Raises
        ------
        NotFoundError
            There is no such part.
        InputError
            It cannot be read, is encrypted, or too long.
        """
        info = self._info(name)
        if info is None:
            raise NotFoundError(f"the document has no part {name[:200]}")
        self._check_encryption(name)
        return self._container.read(member(self._archive, info), PART_BYTES)

    def mark(self, name: str) -> None:
        """Note that a part needs no further look."""
        if (info := self._info(name)) is not None:
            self._reported.add(id(info))

    def report(self, name: str, locator: str) -> Iterator[Finding]:
        """Yield the pictures in a part, in the place where the document shows it."""
        info = self._info(name)
        where = self._container.place(name, locator)
        if info is None:
            yield problem(where, NotFoundError(f"the document has no part {name[:200]}"))
            return
        self.mark(name)
        try:
            self._check_encryption(name)
        except EncryptedError as error:
            yield problem(where, error)
            return
        yield from self._counted(self._container.member(member(self._archive, info), where))

    def report_bytes(self, data: bytes, locator: str) -> Iterator[Finding]:
        """Yield the pictures in what a part has within itself."""
        blob = Blob(self._container.at(locator), data=data)
        yield from self._counted(self._container.inside(blob))

    def report_remote(self, address: str, locator: str) -> Problem:
        """Say that a picture is not in the document; it is not fetched."""
        url = address if address.lower().startswith(("http://", "https://")) else ""
        return Problem(replace(self._container.at(locator), url=url), "skipped", "remote")

    def report_rest(self) -> Iterator[Finding]:
        """Yield the pictures of all parts that were not reported yet."""
        for info in self._archive.infolist():
            if id(info) in self._reported:
                continue
            if _key(info.filename) in self._encrypted:
                continue
            part = replace(member(self._archive, info), is_part=True)
            yield from self._counted(self._container.member(part))

    def _info(self, name: str) -> zipfile.ZipInfo | None:
        """Find a part by its name, as it is written or with its escapes undone or made."""
        for written in (name, unquote(name), quote(name)):
            if (info := self._parts.get(_key(written))) is not None:
                return info
        return None

    def _check_encryption(self, name: str) -> None:
        if _key(name) in self._encrypted:
            raise EncryptedError("the part is encrypted")

    def _counted(self, findings: Iterator[Finding]) -> Iterator[Finding]:
        most = self._container.context.limits.pictures
        for finding in findings:
            yield finding
            self._pictures += isinstance(finding, Picture)
            if self._pictures >= most:
                raise LimitError(f"has {most} pictures or more; the others are left out")


def resolve_part(target: str, base: str) -> str:
    """Name of the part that a part called ``base`` refers to as ``target``."""
    target = target.replace("\\", "/")
    path = target if target.startswith("/") else posixpath.join(posixpath.dirname(base), target)
    return posixpath.normpath(path).lstrip("/")


def _key(name: str) -> str:
    # Names of parts are compared without case (ECMA-376 part 2, 6.2.2.3).
    return name.replace("\\", "/").lstrip("/").lower()
