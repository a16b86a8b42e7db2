"""The text layer of a page as lines: what stands on one base line without a wide gap."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from medsift.core.picture import Bbox
from medsift.sources.pdf.geometry import intersection, union
from medsift.sources.pdf.pixels.draw import leaves_marks
from medsift.sources.pdf.placement.placements import PageFrame
from medsift.sources.pdf.placement.strokes import draws_nothing

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_MOST_CHARACTERS = 40_000
_COLUMN_GAP = 1.6
"""Gap between two columns, in heights of a letter; the widest space of justified text is less."""

_NEW_LINE = 0.6
"""Share of a letter's height by which text on another line is higher or lower."""

_HIGH = 0.9

_LATEST = 6
"""Letters whose height tells that of a line."""

_SOFT_HYPHEN = "\u00ad"
_WIDE_SPACE = 0.6
_FAR_OUT = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Letters on one base line.

    Attributes
    ----------
    text : str
        A soft hyphen stands where a word is broken at its end.
    box : Bbox
        In the visible system of the page.
    height : float
        Of its letters, in points: their font size as it is seen.
    first_word : float
        Width of the first word, in points.
    start : int
        Place of its first letter in the text layer.
    """

    text: str
    box: Bbox
    height: float
    first_word: float
    start: int = 0


@dataclass(slots=True)
class _Letters:
    text: str = ""
    boxes: list[Bbox] = field(default_factory=list)
    """One for each character of the text; that of a space or hyphen is the letter before it."""

    places: list[int] = field(default_factory=list)
    spaced: bool = False

    def add(self, letter: str, box: Bbox, place: int) -> None:
        self.text += letter
        self.boxes.append(box)
        self.places.append(place)

    def part(self, start: int, end: int) -> _Letters:
        return _Letters(self.text[start:end], self.boxes[start:end], self.places[start:end])


def text_of(page: PdfPage) -> str:
    """Read the text layer of a page in its own order; empty where PDFium cannot."""
    return _read(page, _text) or ""


def lines_of(page: PdfPage, frame: PageFrame, begins: re.Pattern[str]) -> list[Line]:
    """Read the lines of a page's text layer, in their order in the file.

    Letters beyond the first 40,000 of a page are not looked at. Text that does not run from left
    to right as the page is seen comes in pieces.

    Parameters
    ----------
    page : PdfPage
    frame : PageFrame
    begins : re.Pattern
        What begins a line of its own, also where only a space stands before it that is wider
        than others.
    """
    letters = _read(page, lambda text_page: _letters(text_page, frame)) or []
    pieces = [piece for line in letters for piece in _split(line, begins)]
    return [line for piece in pieces if (line := _line_of(piece, frame.box))]


def is_seen(page: PdfPage, frame: PageFrame, box: Bbox, place: int) -> bool:
    """Whether text is drawn at all: pages that were cut from others may hide theirs.

    Text that is invisible on purpose counts as seen: it stands for that of a scan below it.

    Parameters
    ----------
    page : PdfPage
    frame : PageFrame
    box : Bbox
        Around the text, in the visible system of the page.
    place : int
        Of its first letter in the text layer.
    """
    from pypdfium2 import raw

    def drawn(text_page: Any) -> bool:
        handle = raw.FPDFText_GetTextObject(text_page, place)
        if not handle or draws_nothing(handle, raw.FPDF_PAGEOBJ_TEXT):
            return True
        return leaves_marks(page, frame, box, handle)

    return bool(_read(page, drawn))


def joined(lines: list[Line]) -> str:
    """Make running text of lines: words that hyphens broke are put together again."""
    text = ""
    for line in lines:
        piece = line.text.strip()
        broken = text.endswith("-") and text[-2:-1].isalpha() and piece[:1].islower()
        if text.endswith(_SOFT_HYPHEN) or broken:
            text = text[:-1] + piece
        elif text and _unspaced(text[-1]) and _unspaced(piece[:1]):
            text += piece
        else:
            text = f"{text} {piece}" if text else piece
    return text.replace(_SOFT_HYPHEN, "")


def _unspaced(letter: str) -> bool:
    """Whether a letter is of a script that sets no spaces between words."""
    return bool(letter) and "\u3000" <= letter <= "\u9fff"


def _read(page: PdfPage, use: Callable[[Any], Any]) -> Any:
    from pypdfium2 import raw

    text_page = raw.FPDFText_LoadPage(page)
    if not text_page:
        return None
    try:
        return use(text_page)
    finally:
        raw.FPDFText_ClosePage(text_page)


def _text(text_page: Any) -> str:
    from pypdfium2 import raw

    count = min(raw.FPDFText_CountChars(text_page), _MOST_CHARACTERS)
    if count <= 0:
        return ""
    buffer = (ctypes.c_ushort * (count + 1))()
    written = raw.FPDFText_GetText(text_page, 0, count, buffer)
    return bytes(buffer)[: 2 * max(0, written - 1)].decode("utf-16-le", "replace")


def _letters(text_page: Any, frame: PageFrame) -> list[_Letters]:
    from pypdfium2 import raw

    found: list[_Letters] = []
    line = _Letters()
    places = _Places(text_page, frame)
    for number in range(min(raw.FPDFText_CountChars(text_page), _MOST_CHARACTERS)):
        code = raw.FPDFText_GetUnicode(text_page, number)
        letter = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else ""
        if line.boxes and (letter == _SOFT_HYPHEN or raw.FPDFText_IsHyphen(text_page, number) == 1):
            line.add(_SOFT_HYPHEN, line.boxes[-1], number)
            continue
        if not letter.strip() or not letter.isprintable():
            line.spaced = True
            continue
        box = places.of(number)
        if box is None:
            continue
        if not line.boxes or not _goes_on(line.boxes[-_LATEST:], box):
            line = _Letters()
            found.append(line)
        elif line.spaced:
            wide = box[0] - line.boxes[-1][2] > _WIDE_SPACE * (box[3] - box[1])
            line.add("\t" if wide else " ", line.boxes[-1], number)
        line.spaced = False
        line.add(letter, box, number)
    return found


class _Places:
    """Boxes of characters: as wide as their ink, as high as their font."""

    def __init__(self, text_page: Any, frame: PageFrame) -> None:
        from pypdfium2 import raw

        self._text_page = text_page
        self._to_visible = frame.to_visible
        self._is_upright = frame.to_visible.b == frame.to_visible.c == 0
        self._sides = [ctypes.c_double() for _ in range(4)]
        self._loose = raw.FS_RECTF()
        self._ink_of, self._loose_of = raw.FPDFText_GetCharBox, raw.FPDFText_GetLooseCharBox

    def of(self, number: int) -> Bbox | None:
        """Find that of one character; None where it lies nowhere."""
        left, right, bottom, top = self._sides
        self._ink_of(self._text_page, number, left, right, bottom, top)
        self._loose_of(self._text_page, number, self._loose)
        box = (left.value, self._loose.bottom, right.value, self._loose.top)
        if not self._is_upright:
            # The height of turned text lies across the page.
            loose = self._loose
            box = self._to_visible.bounds((loose.left, loose.bottom, loose.right, loose.top))
        elif self._to_visible.a == self._to_visible.d == 1:
            x, y = self._to_visible.e, self._to_visible.f
            box = (box[0] + x, box[1] + y, box[2] + x, box[3] + y)
        else:
            box = self._to_visible.bounds(box)
        return box if all(-_FAR_OUT < side < _FAR_OUT for side in box) else None


def _goes_on(latest: list[Bbox], box: Bbox) -> bool:
    """Whether a letter is on the line of those before it.

    Of some of them, as in a font of bitmaps a low letter and an index are both small.
    """
    last = latest[-1]
    height = max(*(b[3] - b[1] for b in latest), box[3] - box[1], 1.0)
    lifted = abs((box[1] + box[3]) - (last[1] + last[3])) / 2 > _NEW_LINE * height
    return not lifted and -height <= box[0] - last[2] <= _COLUMN_GAP * height


def _split(line: _Letters, begins: re.Pattern[str]) -> Iterator[_Letters]:
    start = 0
    for place, letter in enumerate(line.text):
        if letter == "\t" and begins.match(line.text, place + 1):
            yield line.part(start, place)
            start = place + 1
    yield line.part(start, len(line.text))


def _line_of(letters: _Letters, page: Bbox) -> Line | None:
    if not letters.boxes:
        return None
    box = union(letters.boxes)
    seen = intersection(box, page)
    if seen[0] >= seen[2] or seen[1] >= seen[3]:
        return None
    height = _height([b[3] - b[1] for b in letters.boxes])
    first = len(letters.text.split(maxsplit=1)[0])
    word = letters.boxes[min(first, len(letters.boxes)) - 1][2] - letters.boxes[0][0]
    return Line(letters.text.replace("\t", " "), box, height, word, letters.places[0])


def _height(heights: list[float]) -> float:
    """Height of a line: that of nearly its highest letters.

    Fonts of bitmaps do not tell theirs, so letters are as high as their ink, most of them low.
    """
    return sorted(heights)[int(_HIGH * (len(heights) - 1))]
