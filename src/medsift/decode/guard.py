"""What third-party parsers raise and warn on hostile bytes, turned into errors of medsift."""

from __future__ import annotations

import logging
import re
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from medsift.core.errors import DecodeError, InputError, LimitError, UnsupportedError
from medsift.core.limits import MIB, Limits

_PARSERS = r"(?:PIL|pi_heif|pydicom|nibabel|openjpeg|jpeg_ls|libjpeg|rle)(?:\.|$)"
_ADDRESS = re.compile(r"<[^<>]* at 0x[0-9a-fA-F]+>")
_LONGEST_DETAIL = 160
_TELLING = (OSError, ValueError, SyntaxError, struct.error, zlib.error, EOFError)
# How Pillow and libheif put that a file is fine, but not for them.
_NOT_READ = re.compile(
    r"\b(?:unsupported (?!data version)|unknown (?:pixel|raw) mode|cannot handle|not implemented)",
    re.IGNORECASE,
)


def check_bytes(size: int, limits: Limits) -> None:
    """Refuse too long input.

    Raises
    ------
    LimitError
        There are more than ``limits.file_bytes``.
    """
    if size > limits.file_bytes:
        raise LimitError(f"larger than {limits.file_bytes // MIB} MiB")


def check_pixels(width: int, height: int, limits: Limits) -> None:
    """Refuse what a header announces, before anything is allocated.

    Raises
    ------
    DecodeError
        There are no pixels at all.
    LimitError
        There are more than ``limits.pixels``.
    """
    if width <= 0 or height <= 0:
        raise DecodeError(f"a picture of {width} x {height} pixels")
    if width * height > limits.pixels:
        raise LimitError(f"{width} x {height} is more than {limits.pixels} pixels")


@contextmanager
def contained(what: str, tell_details: bool = True) -> Iterator[None]:
    """Run a parser of third parties: it raises nothing but :class:`InputError`, and is silent.

    Never yield to other code from within: warnings are held back meanwhile.

    Parameters
    ----------
    what : str
        Subject of the error sentence: ``PNG image``. Nothing of the content of the file.
    tell_details : bool
        Add what the parser says. False where its words may quote the file, as with DICOM,
        whose tags name patients.
    """
    try:
        with _QUIET:
            yield
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001
        # Parsers trip over hostile bytes in every way there is: IndexError, TypeError,
        # AssertionError, SystemError from a C extension ... all mean the same to us.
        raise _converted(error, what, tell_details) from (error if tell_details else None)


def _converted(error: Exception, what: str, tell_details: bool) -> InputError:
    if isinstance(error, MemoryError | Image.DecompressionBombError):
        return LimitError(f"{what} takes too much memory")
    detail = _detail_of(error) if tell_details else ""
    if isinstance(error, NotImplementedError) or _NOT_READ.search(detail):
        return UnsupportedError(f"{what} of an unsupported kind{detail}")
    if isinstance(error, _TELLING):
        return DecodeError(f"damaged {what}{detail}")
    return DecodeError(f"damaged {what} ({type(error).__name__})")


_PYDICOM = logging.getLogger("pydicom")


class _Quiet:
    """Holds back the warnings of parsers, and pydicom's log, while any thread is in one.

    ``warnings.catch_warnings`` alone is not safe with threads: one that leaves late would put
    back the filters that another had set.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._saved = warnings.catch_warnings()
        self._propagates = True

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._saved = warnings.catch_warnings()
                self._saved.__enter__()
                warnings.filterwarnings("ignore", module=_PARSERS)
                self._propagates = _PYDICOM.propagate
                _PYDICOM.propagate = False

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                _PYDICOM.propagate = self._propagates
                self._saved.__exit__(None, None, None)


_QUIET = _Quiet()


def _detail_of(error: Exception) -> str:
    detail = _ADDRESS.sub("", " ".join(str(error).split())).strip()
    if not detail or len(detail) > _LONGEST_DETAIL or detail == "not identified by this driver":
        return ""
    return f": {detail}"
