"""The data elements of a DICOM file, one by one: a fault costs what it must, and no more.

pydicom reads single elements here, and its loop over them is replaced: there, one end of file
inside of an element loses all that came before. How elements are coded is told by their bytes,
since the transfer syntax that a file declares is often another than the one it is written in.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from medsift.core.errors import LimitError
from medsift.core.limits import MIB
from medsift.sources.base import Context

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileMetaDataset

PIXEL_KEYWORDS = {
    0x7FE00010: "PixelData",
    0x7FE00008: "FloatPixelData",
    0x7FE00009: "DoubleFloatPixelData",
}
"""Elements that hold pixels, PS3.3 C.7.6.3 and C.7.6.24."""

DEFLATED = "1.2.840.10008.1.2.1.99"
UNDEFINED = 0xFFFFFFFF

_IMPLICIT, _BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"

_PREAMBLE = 128
_ITEM, _DELIMITER = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_DELIMITERS = 0xFFFE
_CHUNK = 1 * MIB
_MOST_RESTARTS = 64
_SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())

Elements: TypeAlias = dict[int, Any]
"""pydicom's elements by their tag."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How elements are written, PS3.5 section 7.1."""

    is_implicit: bool
    is_little: bool

    @property
    def order(self) -> str:
        """As :mod:`struct` calls it."""
        return "<" if self.is_little else ">"


@dataclass(frozen=True, slots=True)
class PixelElement:
    """The element that holds the pixels, as it stands in the file.

    Attributes
    ----------
    keyword : str
        One of :data:`PIXEL_KEYWORDS`.
    vr : str
        Value representation; ``OW`` where the file does not tell.
    value : memoryview
        All of it; items with their tags where it is encapsulated.
    is_undefined : bool
        Its length was left open, so that it is encapsulated (PS3.5 annex A.4).
    is_cut : bool
        The file ends before it does.
    rest : memoryview
        All bytes from the start of the value to the end of the file: lengths are often wrong.
    """

    keyword: str
    vr: str
    value: memoryview = field(repr=False)
    is_undefined: bool = False
    is_cut: bool = False
    rest: memoryview = field(default=memoryview(b""), repr=False)


@dataclass(frozen=True, slots=True)
class DicomFile:
    """A parsed file.

    Attributes
    ----------
    dataset : Dataset
        All elements but the pixels, with ``file_meta``.
    pixels : PixelElement or None
    encoding : Encoding
    body : bytes
        Where the elements stand: the file, or what a deflated one inflates to.
    start : int
        Of the first element in the body.
    is_cut : bool
        An element goes on beyond the end of the file.
    """

    dataset: Dataset = field(repr=False)
    pixels: PixelElement | None
    encoding: Encoding
    body: bytes = field(repr=False)
    start: int = 0
    is_cut: bool = False


def parsed(data: bytes, context: Context) -> DicomFile:
    """Take a file apart.

    Raises
    ------
    LimitError
        It inflates to too much.
    """
    stream = io.BytesIO(data)
    stream.seek(_start(data))
    meta = _group(stream, Encoding(is_implicit=False, is_little=True), 0x0002)
    command = _group(stream, Encoding(is_implicit=True, is_little=True), 0x0000)
    file_meta = _file_meta(meta)
    body, start, is_cut = data, stream.tell(), False
    if str(file_meta.get("TransferSyntaxUID") or "") == DEFLATED:
        body, start, is_cut = _inflated(data, start, context)
    encoding = encoding_of(body[start : start + 8], file_meta)
    walk = Walk(body, encoding, start)
    elements, pixels = walk.all()
    dataset = _dataset({**elements, **command}, file_meta, encoding)
    return DicomFile(dataset, pixels, encoding, body, start, is_cut or walk.is_cut)


class Walk:
    """Goes from element to element, as far as they make sense.

    Parameters
    ----------
    body : bytes
    encoding : Encoding
    start : int
        Where the first element is.

    Attributes
    ----------
    is_cut : bool
        An element goes on beyond the end.
    """

    def __init__(self, body: bytes, encoding: Encoding, start: int) -> None:
        self._body = body
        self._stream = io.BytesIO(body)  # shares the bytes
        self._encoding = encoding
        self._start = start
        self.is_cut = False

    def all(self) -> tuple[Elements, PixelElement | None]:
        """Every element, and the first that holds pixels."""
        found: Elements = {}
        pixels: PixelElement | None = None
        at = self._start
        for _ in range(_MOST_RESTARTS):
            before, at = at, self._header(at, found)
            taken = pixels_at(self._body, at, self._encoding)
            if taken is not None:
                element, at = taken
                pixels = pixels or element
                self.is_cut |= element.is_cut
            if at <= before or at + 8 > len(self._body):
                break
        return found, pixels

    def header(self) -> tuple[Elements, int]:
        """The elements before the pixels, and where those begin, or nothing more makes sense."""
        found: Elements = {}
        return found, self._header(self._start, found)

    def _header(self, start: int, found: Elements) -> int:
        self._stream.seek(start)
        for element in _read(self._stream, self._encoding, _is_pixels):
            if element is None:
                self.is_cut = True
                break
            length = getattr(element, "length", None)
            if length not in {None, UNDEFINED} and len(element.value or b"") < length:
                self.is_cut = True
            elif element.tag >> 16 != _DELIMITERS:
                found.setdefault(element.tag, element)
        return self._stream.tell()


def pixels_at(body: bytes, at: int, encoding: Encoding) -> tuple[PixelElement, int] | None:
    """The element with pixels at an offset, and where it ends; None where none begins there."""
    if len(body) < at + 8:
        return None
    order = encoding.order
    group, element = struct.unpack_from(order + "HH", body, at)
    keyword = PIXEL_KEYWORDS.get(group << 16 | element)
    if keyword is None:
        return None
    vr = body[at + 4 : at + 6]
    start = at + 12
    is_nameless = not encoding.is_implicit and not any(body[at + 4 : at + 8])
    if (vr in _LONG_VRS or is_nameless) and len(body) >= start:
        vr = b"OW" if is_nameless else vr
        length = struct.unpack_from(order + "I", body, at + 8)[0]
    elif vr in _SHORT_VRS:
        start, length = at + 8, struct.unpack_from(order + "H", body, at + 6)[0]
    else:
        vr, start, length = b"OW", at + 8, struct.unpack_from(order + "I", body, at + 4)[0]
    rest = memoryview(body)[start:]
    if length == UNDEFINED:
        end, after, is_closed = _end_of_items(body, start, order)
        value = rest[: end - start]
        return PixelElement(keyword, vr.decode(), value, True, not is_closed, rest), after
    value = rest[:length]
    is_cut = len(value) < length
    return PixelElement(keyword, vr.decode(), value, False, is_cut, rest), start + length


def encoding_of(head: bytes, file_meta: Any = None) -> Encoding:
    """How elements are coded, by the first of them and by the transfer syntax."""
    syntax = str((file_meta or {}).get("TransferSyntaxUID") or "")
    is_little = syntax != _BIG_ENDIAN
    if len(head) < 8:
        return Encoding(syntax == _IMPLICIT, is_little)
    group = int.from_bytes(head[:2], "little" if is_little else "big")
    # Of groups such as 0x0008 the upper byte is zero; where the lower one is, they were swapped.
    if group and not group & 0xFF:
        is_little = not is_little
    return Encoding(head[4:6] not in _SHORT_VRS | _LONG_VRS, is_little)


def _start(data: bytes) -> int:
    """Where the first element is: after the preamble, after a prefix alone, or at once."""
    if data[_PREAMBLE : _PREAMBLE + 4] == b"DICM":
        return _PREAMBLE + 4
    return 4 if data[:4] == b"DICM" else 0


def _is_pixels(tag: int) -> bool:
    return tag in PIXEL_KEYWORDS


def _read(
    stream: io.BytesIO, encoding: Encoding, stops: Callable[[int], bool]
) -> Iterator[Any | None]:
    """Elements from where a stream stands on; None where one cannot be read."""
    from pydicom.filereader import data_element_generator

    elements = data_element_generator(
        stream,
        encoding.is_implicit,
        encoding.is_little,
        stop_when=lambda tag, _vr, _length: stops(int(tag)),
    )
    try:
        yield from elements
    except (MemoryError, RecursionError):
        raise
    except Exception:  # noqa: BLE001  parsers trip over hostile bytes in every way there is
        yield None


def _group(stream: io.BytesIO, encoding: Encoding, group: int) -> Elements:
    """Elements of one group, the first of each: a second group 2 does not count."""
    found: Elements = {}
    for element in _read(stream, encoding, lambda tag: tag >> 16 != group):
        if element is not None:
            found.setdefault(element.tag, element)
    return found


def _file_meta(elements: Elements) -> FileMetaDataset:
    from pydicom.dataset import Dataset, FileMetaDataset

    meta = FileMetaDataset(Dataset(elements))
    meta.set_original_encoding(
        is_implicit_vr=False, is_little_endian=True, character_encoding="iso8859"
    )
    return meta


def _dataset(elements: Elements, file_meta: FileMetaDataset, encoding: Encoding) -> Dataset:
    from pydicom import uid
    from pydicom.charset import convert_encodings
    from pydicom.dataelem import convert_raw_data_element
    from pydicom.dataset import Dataset

    dataset = Dataset(elements)
    charset: Any = "iso8859"
    with suppress(Exception):  # a set that nobody knows costs its letters, not the file
        charset = convert_encodings(convert_raw_data_element(elements[0x00080005]).value)
    dataset.set_original_encoding(encoding.is_implicit, encoding.is_little, charset)
    native = (uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.ImplicitVRLittleEndian)
    declared = file_meta.get("TransferSyntaxUID")
    if not declared or declared in native:
        if encoding.is_implicit:
            file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian
        else:
            file_meta.TransferSyntaxUID = native[0 if encoding.is_little else 1]
    dataset.file_meta = file_meta
    return dataset


def _end_of_items(body: bytes, start: int, order: str) -> tuple[int, int, bool]:
    """Where the items of an encapsulated value end, where the next element is, if it was closed.

    The delimiter may be missing, or zeroed: whatever is no item ends them.
    """
    item, delimiter = (
        (_ITEM, _DELIMITER) if order == "<" else (b"\xff\xfe\xe0\x00", b"\xff\xfe\xe0\xdd")
    )
    at = start
    while len(body) >= at + 8:
        tag = body[at : at + 4]
        if tag == delimiter:
            return at, at + 8, True
        if tag != item:
            # Zeros in the place of the delimiter are a known fault of writers.
            is_zeroed = not any(body[at : at + 8])
            return at, at + 8 if is_zeroed else at, True
        length = struct.unpack_from(order + "I", body, at + 4)[0]
        if at + 8 + length > len(body):
            return len(body), len(body), False
        at += 8 + length
    return min(at, len(body)), len(body), False


def _inflated(data: bytes, start: int, context: Context) -> tuple[bytes, int, bool]:
    """Inflate, within bounds; also where the elements begin then, and if their end is missing.

    What is not deflated, whatever was declared, stays as it is.
    """
    for wbits in (-zlib.MAX_WBITS, zlib.MAX_WBITS):
        inflate = zlib.decompressobj(wbits)
        pieces = list(_pieces(inflate, data, start, context))
        if pieces:
            return b"".join(pieces), 0, not inflate.eof
    return data, start, False


def _pieces(inflate: Any, data: bytes, start: int, context: Context) -> Iterator[bytes]:
    total = 0
    for at in range(start, len(data), _CHUNK):
        rest = data[at : at + _CHUNK]
        while rest and not inflate.eof:
            try:
                piece = inflate.decompress(rest, _CHUNK)
            except zlib.error:
                return
            total += len(piece)
            context.budget.spend(inflated_bytes=len(piece))
            if total > context.limits.file_bytes:
                raise LimitError(f"inflates to more than {context.limits.file_bytes // MIB} MiB")
            rest = inflate.unconsumed_tail
            if piece:
                yield piece
