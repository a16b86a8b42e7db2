"""TIFF files that are read here and not by Pillow."""

from __future__ import annotations

import re
from typing import Any

from PIL import Image

from medsift.core.errors import UnsupportedError
from medsift.core.limits import Limits
from medsift.decode import tiff

_DESCRIPTION, _COMPRESSION, _STRIPS = 270, 259, 273
_READ = frozenset({1, 8, 32946})
# The first page of a stack of ImageJ stands for all, which follow it without directories.
_STACK = re.compile(r"ImageJ=.*?\bimages=(\d+)", re.DOTALL)
_MOST_IMAGES = 100_000
_MODES = {2: "RGB", 3: "P", 5: "CMYK", 6: "YCbCr"}


class TiffPages:
    """Pages of a TIFF file, with what this package asks of Pillow's images.

    Parameters
    ----------
    data : bytes
        Of the file.
    limits : Limits

    Raises
    ------
    UnsupportedError
        It is compressed in a way that is not read here.
    """

    format = "TIFF"

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data = memoryview(data)
        self._limits = limits
        pages = tiff.directories(data)
        if not pages or all(tags.get(_COMPRESSION, 1) not in _READ for tags in pages):
            raise UnsupportedError("TIFF image of an unsupported kind")
        self._pages = [(tags, 0) for tags in pages]
        count = stacked(pages, len(data))
        if count > 1:
            length = tiff.length(pages[0])
            self._pages = [(pages[0], number * length) for number in range(count)]
        self.n_frames = len(self._pages)
        self.info: dict[str, Any] = {}
        self._at = 0

    @property
    def tag_v2(self) -> Any:
        """Directory of the page that it stands at."""
        return self._pages[self._at][0]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return int(self.tag_v2[256]), int(self.tag_v2[257])

    @property
    def mode(self) -> str:
        """What Pillow would call it, as near as there is a name."""
        is_float = 3 in self.tag_v2.get(339, ())
        return _MODES.get(self.tag_v2.get(262, 1), "F" if is_float else "I")

    def seek(self, number: int) -> None:
        """Go to a page, from 0."""
        if not 0 <= number < self.n_frames:
            raise EOFError("no more pages")
        self._at = number

    def tell(self) -> int:
        """Number of the page that it stands at."""
        return self._at

    def decoded(self) -> tuple[Image.Image, str]:
        """The page, and ``truncated`` where samples are missing."""
        tags, shift = self._pages[self._at]
        made, is_whole = tiff.page(tags, self._data[shift:], self._limits)
        return made, "" if is_whole else "truncated"


def stacked(pages: list[Any], size: int) -> int:
    """How many images a stack of ImageJ holds, as far as they are there; 1 for all other files."""
    if len(pages) != 1 or pages[0].get(_COMPRESSION, 1) != 1 or 322 in pages[0]:
        return 1
    found = _STACK.search(str(pages[0].get(_DESCRIPTION, "")))
    length = tiff.length(pages[0])
    if found is None or not length:
        return 1
    there = (size - int(pages[0].get(_STRIPS, (size,))[0])) // length
    return max(1, min(int(found[1][:9]), there, _MOST_IMAGES))


def is_stack(data: bytes) -> bool:
    """Whether a file is a stack of several images behind one directory."""
    if b"ImageJ=" not in data:
        return False
    try:
        return stacked(tiff.directories(data), len(data)) > 1
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  a damaged directory; whoever decodes it says so
        return False
