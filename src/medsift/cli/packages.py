"""Files of a manifest out of Debian packages that lie in a folder.

A manifest names such a file by ``debian/<package>``, the version and the path in the package. The
packages themselves are not fetched: ``apt-get download`` does that, or snapshot.debian.org for
versions that the mirrors no longer have. A package is an archive of Unix's ``ar`` with the files in
``data.tar`` (deb(5)).
"""

from __future__ import annotations

import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

OWNER = "debian/"
_MAGIC = b"!<arch>\n"
_HEADER = 60
_LARGEST_ARCHIVE = 1 << 34

Key = tuple[str, str]
"""Repository and version, as a manifest has them."""


class PackageError(Exception):
    """A package that cannot be read."""


def packages_below(folder: Path) -> dict[Key, Path]:
    """Packages by what a manifest calls them.

    Files are named ``<package>_<version>_<architecture>.deb``, as ``apt-get download`` names them,
    with the colon of an epoch as ``%3a``.
    """
    found = {}
    for path in sorted(folder.rglob("*.deb")):
        parts = path.stem.split("_")
        if len(parts) == 3 and path.is_file():
            found[OWNER + parts[0], parts[1]] = path
    return found


def members(package: Path, wanted: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
    """Read the wanted files of a package, in the order in which they stand there.

    Parameters
    ----------
    package : Path
    wanted : mapping of str to int
        For each path, the largest size that is read; larger files are passed over.

    Raises
    ------
    PackageError
        It is none, or is damaged.
    """
    try:
        with package.open("rb") as file:
            part = _data(file)
            # As a stream, so that nothing is unpacked to disk, and links lead nowhere.
            with tarfile.open(fileobj=part, mode="r|*") as archive:  # type: ignore[call-overload]
                for member in archive:
                    name = member.name.removeprefix("./")
                    if not member.isfile() or not 0 < member.size <= wanted.get(name, 0):
                        continue
                    stream = archive.extractfile(member)
                    if stream is not None:
                        yield name, stream.read()
    except (OSError, EOFError, tarfile.TarError, lzma.LZMAError, zlib.error) as error:
        raise PackageError(f"cannot read {package}: {error}") from error


class _Part:
    """So many bytes of a file from where it stands."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int = -1) -> bytes:
        count = self._left if size < 0 else min(size, self._left)
        data = self._file.read(count)
        self._left -= len(data)
        return data


def _data(file: IO[bytes]) -> _Part:
    if file.read(len(_MAGIC)) != _MAGIC:
        raise OSError("not a Debian package")
    while len(header := file.read(_HEADER)) == _HEADER:
        name, digits = header[:16].decode("latin-1").strip(), header[48:58].strip()
        if not digits.isdigit() or int(digits) > _LARGEST_ARCHIVE:
            raise OSError("damaged")
        if name.rstrip("/").startswith("data.tar"):
            return _Part(file, int(digits))
        # Members begin at even places.
        file.seek(int(digits) + int(digits) % 2, 1)
    raise OSError("it has no data.tar")


def unpack(
    folder: Path,
    wanted: Mapping[Key, Mapping[str, int]],
    keep: Callable[[Key, str, bytes], None],
) -> list[str]:
    """Give the wanted files of all packages of a folder to ``keep``.

    Returns
    -------
    list of str
        What is wrong with packages that could not be read, or not to their end.
    """
    problems = []
    for key, package in packages_below(folder).items():
        if key not in wanted:
            continue
        try:
            for path, data in members(package, wanted[key]):
                keep(key, path, data)
        except PackageError as error:
            problems.append(str(error))
    return problems
