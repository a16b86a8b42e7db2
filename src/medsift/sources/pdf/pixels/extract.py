"""One placed image becomes pixels: its own file where that shows the same, else as drawn."""

from __future__ import annotations

import io
import math
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from medsift.core.errors import DecodeError, LimitError
from medsift.core.limits import MIB
from medsift.core.picture import Extraction, Pixels
from medsift.decode.blank import is_blank
from medsift.sources.base import Context, sha256_of
from medsift.sources.pdf.document.facts import ImageFacts
from medsift.sources.pdf.pixels.draw import draw_image, pixel_hash
from medsift.sources.pdf.pixels.stored import encoded, inflated_length, stored_mode, unwrapped
from medsift.sources.pdf.pixels.unsaid import by_length, leaves_out
from medsift.sources.pdf.placement.placements import Placement

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_FILES = {"DCTDecode": "jpeg", "JPXDecode": "jpeg2000"}
_CODECS = {**_FILES, "CCITTFaxDecode": "ccitt", "JBIG2Decode": "jbig2"}
_WRAPPERS = frozenset(
    {"ASCIIHexDecode", "ASCII85Decode", "RunLengthDecode", "FlateDecode", "LZWDecode"}
)
_LARGE_PIXELS = 32_000_000
# A page at 600 dots per inch has 35 million; tiny images with masks beyond that are bombs.
_FAIR_MASK_PIXELS = 50_000_000
_FAIR_MASK_SHARE = 4
_CACHE_BYTES = 96 * MIB
_THUMB = 32
_MOST_OF_IT = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Extracted:
    """An image as stored, before it is turned as the page shows it.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        May be of a reduced size.
    width, height : int
        In full.
    format, mode : str
    sha256 : str
    data : bytes or None
        See :class:`medsift.core.picture.Picture`.
    extraction : str
        ``embedded`` or ``rendered``.
    """

    pixels: Pixels = field(repr=False)
    width: int
    height: int
    format: str
    mode: str
    sha256: str
    data: bytes | None = field(repr=False)
    extraction: Extraction = "embedded"


class Extractor:
    """Extracts images of one document, and remembers those that come again.

    Attributes
    ----------
    context : Context
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._known: OrderedDict[tuple[object, ...], Extracted] = OrderedDict()
        self._known_bytes = 0

    def extract(
        self,
        page: PdfPage,
        placement: Placement,
        facts: tuple[ImageFacts, ...],
        full: bool = False,
    ) -> Extracted:
        """Give the pixels of one placed image.

        Parameters
        ----------
        page : PdfPage
        placement : Placement
        facts : tuple of ImageFacts
            All that may be about this image; more than one where that is not certain.
        full : bool
            Not at a reduced size, whatever the context allows.

        Raises
        ------
        DecodeError
            It cannot be decoded.
        LimitError
            It, or its mask, has too many pixels.
        """
        check_size(placement, facts, self.context)
        stored = encoded(placement.handle)
        key = (sha256_of(stored), placement.width, placement.height, full, *facts)
        # Without a dictionary, or drawn in a way of its own, a draw is not like another.
        memorable = len(facts) == 1 and facts[0].mode != "1" and not placement.transparent
        if memorable and key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        targets = (0, 0) if full else (self.context.target, self.context.bare_target)
        extracted = _decode(page, placement, facts, stored, *targets)
        if memorable:
            self._remember(key, extracted)
        return extracted

    def _remember(self, key: tuple[object, ...], extracted: Extracted) -> None:
        size = extracted.pixels.nbytes + len(extracted.data or b"")
        if size > _CACHE_BYTES // 4:
            return
        self._known[key] = extracted
        self._known_bytes += size
        while self._known_bytes > _CACHE_BYTES:
            _, old = self._known.popitem(last=False)
            self._known_bytes -= old.pixels.nbytes + len(old.data or b"")


def check_size(placement: Placement, facts: tuple[ImageFacts, ...], context: Context) -> None:
    """Refuse an image before anything of it is decoded.

    Raises
    ------
    LimitError
        It, or its mask, has more than ``context.limits.pixels``; or its mask is huge and out
        of all proportion to it.
    """
    most = context.limits.pixels
    if placement.width * placement.height > most:
        raise LimitError(f"{placement.width} x {placement.height} pixels are too many")
    fair = max(_FAIR_MASK_PIXELS, _FAIR_MASK_SHARE * placement.width * placement.height)
    for width, height in (f.mask_size for f in facts if f.mask_size):
        if width * height > min(most, fair):
            raise LimitError(f"a mask of {width} x {height} pixels is too large")


def look_alike(one: Pixels, other: Pixels) -> bool:
    """Whether two pictures show the same, whatever their sizes.

    Compares the means over a coarse grid: rounding, other colour engines and resampling stay
    far below the bounds; a mask that cuts away a corner, or an inversion, far above.
    """
    size = (_THUMB, _THUMB)
    small = [
        np.asarray(Image.fromarray(p).resize(size, Image.Resampling.BOX), dtype=np.int16)
        for p in (one, other)
    ]
    difference = np.abs(small[0] - small[1])
    return bool(difference.mean() < 6 and difference.max() < 64)


def _decode(
    page: PdfPage,
    placement: Placement,
    facts: tuple[ImageFacts, ...],
    stored: bytes,
    file_target: int,
    bare_target: int,
) -> Extracted:
    plain = len(facts) > 0 and all(f.plain for f in facts) and not placement.transparent
    data = _own_file(placement, stored)
    if plain and data is not None and placement.codec == "DCTDecode":
        alone = _open_file(data, placement, file_target, facts[0].mode)
        if alone is not None:
            return _finish(placement, facts, alone, data)
    given = _not_for_drawing(data, placement, facts)
    if given is not None:
        return _finish(placement, facts, given, None, stored)
    pixels, empty = _drawn(page, placement, facts, bare_target)
    if data is not None and not empty and _is_flat(pixels):
        pixels = _not_flat(data, placement, facts, pixels)
    if data is not None:
        alone = _open_file(data, placement, 0 if empty else _THUMB)
        if alone is None or (not empty and not look_alike(alone, pixels)):
            data = None
        elif empty:
            pixels = alone
    if empty and data is None and not _masked(facts):
        raise DecodeError("the image cannot be decoded")
    if data is None and is_blank(pixels) and _lacks_samples(placement, facts):
        raise DecodeError("the image holds next to no pixels")
    found = _finish(placement, facts, pixels, data, stored)
    return found if facts else replace(found, mode=stored_mode(page, placement.handle))


def is_fatal(facts: tuple[ImageFacts, ...]) -> bool:
    """Whether an image must not be drawn with PDFium."""
    return any(f.fatal for f in facts)


def _undrawn(data: bytes | None, placement: Placement, facts: tuple[ImageFacts, ...]) -> Pixels:
    """Pixels of an image that must not be drawn: a stencil in black on white; without a mask."""
    alone = _open_file(data, placement, 0) if data is not None else None
    if alone is None:
        raise DecodeError("an image with a mask that cannot be decoded")
    if not any(f.mode == "1" for f in facts):
        return alone
    grey = alone[..., 1]
    middle = (int(grey.min()) + int(grey.max())) // 2
    # Samples of 0 are painted, unless the decode array says otherwise.
    painted = (grey > middle) == any(f.inverted for f in facts)
    shown = np.where(painted, np.uint8(0), np.uint8(255))
    return np.repeat(shown[..., np.newaxis], 3, axis=2)


def _not_for_drawing(
    data: bytes | None, placement: Placement, facts: tuple[ImageFacts, ...]
) -> Pixels | None:
    """Pixels of an image that PDFium dies of, or knows too little of; None of all others."""
    if is_fatal(facts):
        return _undrawn(data, placement, facts)
    is_bare = data is None and _WRAPPERS.issuperset(placement.filters)
    if not is_bare or not leaves_out(facts):
        return None
    size = placement.width, placement.height
    found = by_length(unwrapped(placement.handle), size, facts)
    if found is None and not facts[0].mode and facts[0].bits > 1:
        raise DecodeError("an image without a colour space")
    return found


def _masked(facts: tuple[ImageFacts, ...]) -> bool:
    return any(f.mask_size or f.keyed or f.mode == "1" for f in facts)


def _not_flat(
    data: bytes, placement: Placement, facts: tuple[ImageFacts, ...], drawn: Pixels
) -> Pixels:
    """What a file holds of which PDFium paints one colour, as it does where it knows no better."""
    alone = None if _masked(facts) else _open_file(data, placement, 0)
    if alone is None or _is_flat(alone):
        return drawn
    # Its colour space counts, and its decode array does not (ISO 32000-1, 7.4.9).
    return np.bitwise_not(alone) if facts and all(f.ink for f in facts) else alone


def _is_flat(pixels: Pixels) -> bool:
    """Whether all pixels are of one colour, as those are that were not decoded."""
    return all(int(np.ptp(pixels[..., channel])) <= 1 for channel in range(3))


def _lacks_samples(placement: Placement, facts: tuple[ImageFacts, ...]) -> bool:
    """Whether many samples of a blank image are missing: PDFium paints black in place of them."""
    if not _WRAPPERS.issuperset(placement.filters):
        return False
    bits = max(1, *(f.bits for f in facts)) if facts else 1
    least = placement.height * (placement.width * bits // 8)
    if placement.filters == ("FlateDecode",):
        # PDFium gives the stream as it is where it cannot be inflated.
        return inflated_length(encoded(placement.handle), least) < _MOST_OF_IT * least
    return 2 * len(unwrapped(placement.handle)) < least


def _own_file(placement: Placement, stored: bytes) -> bytes | None:
    """Give the bytes of the image where they are a file of their own."""
    filters = placement.filters
    if placement.codec not in _FILES or not _WRAPPERS.issuperset(filters[:-1]):
        return None
    return unwrapped(placement.handle) if len(filters) > 1 else stored


def _open_file(data: bytes, placement: Placement, target: int, mode: str = "") -> Pixels | None:
    """Decode a JPEG or JPEG 2000 by itself; None where it is not what the page draws.

    EXIF orientation is ignored, as PDF viewers do.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "JPEG2000")) as image:
            if image.size != (placement.width, placement.height):
                return None
            # Colours that are called grey would be drawn as noise.
            if mode and image.mode not in {mode, "RGB" if mode == "L" else mode}:
                return None
            if target:
                image.draft(None, _at_least(image.size, target))
            if image.mode.startswith("I;16"):
                return _grey_of_16(image)
            # To convert what is RGB already would copy it.
            return np.asarray(
                image if image.mode == "RGB" else image.convert("RGB"), dtype=np.uint8
            )
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def _grey_of_16(image: Image.Image) -> Pixels:
    # JPEG 2000 of 12 bits is given as it is, and of other depths stretched to 16.
    samples = np.asarray(image, dtype=np.uint16)
    bits = max(8, int(samples.max()).bit_length())
    grey = (samples >> (bits - 8)).astype(np.uint8)
    return np.repeat(grey[..., np.newaxis], 3, axis=2)


def _drawn(
    page: PdfPage, placement: Placement, facts: tuple[ImageFacts, ...], target: int
) -> tuple[Pixels, bool]:
    width, height = finest_size(placement, facts)
    if target and width * height > _LARGE_PIXELS:
        width, height = _at_least((width, height), target * 2)
    return draw_image(page, placement.handle, width, height)


def finest_size(placement: Placement, facts: tuple[ImageFacts, ...]) -> tuple[int, int]:
    """Give the size at which nothing is lost: a mask may be finer than its image."""
    sizes = [(placement.width, placement.height), *(f.mask_size for f in facts if f.mask_size)]
    return max(sizes, key=lambda size: size[0] * size[1])


def _at_least(size: tuple[int, int], target: int) -> tuple[int, int]:
    factor = min(1.0, target / min(size))
    return math.ceil(size[0] * factor), math.ceil(size[1] * factor)


def _finish(
    placement: Placement,
    facts: tuple[ImageFacts, ...],
    pixels: Pixels,
    data: bytes | None,
    stored: bytes = b"",
) -> Extracted:
    width, height = finest_size(placement, facts)
    if data is not None:
        digest = sha256_of(data)
        width, height = placement.width, placement.height
    elif pixels.shape[:2] == (height, width):
        digest = pixel_hash(pixels)
    else:
        # Reduced pixels depend on what the caller asked for; the stream does not.
        digest = sha256_of(stored)
    return Extracted(
        pixels,
        width,
        height,
        _CODECS.get(placement.codec, "raw"),
        facts[0].mode if len({f.mode for f in facts}) == 1 else "",
        digest,
        data,
    )
