"""What a source yields: a picture with its place of origin, or a problem."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Pixels: TypeAlias = "NDArray[np.uint8]"
"""RGB samples, shape (height, width, 3), dtype uint8, composited over white."""

Bbox: TypeAlias = tuple[float, float, float, float]
"""x0, y0, x1, y1 in PDF points (1/72 inch) from the lower left corner of the page."""

SourceType: TypeAlias = Literal[
    "image", "pdf", "html", "dicom", "office", "archive", "warc", "mail", ""
]
Extraction: TypeAlias = Literal["file", "embedded", "rendered", "stitched", "decoded", ""]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a picture was found. Empty or None where it does not apply.

    Attributes
    ----------
    source : str
        The input as given, or the file below it.
    source_type : str
        What the input is: ``image``, ``pdf``, ``html``, ``dicom``, ...
    locator : str
        Where in the source, for people: ``page 3, image 2``.
    page : int or None
        Page, counted from 1.
    index : int or None
        Order of the picture in its source, counted from 1.
    frame : int or None
        Frame of a multi-frame image, counted from 0.
    member : str
        Path inside a container.
    url : str
        Absolute address of a picture on the web.
    bbox : tuple of float or None
        Place on the page, see :data:`Bbox`.
    extraction : str
        How the pixels were got: ``file``, ``embedded``, ``rendered``, ``stitched``, ``decoded``.
    """

    source: str
    source_type: SourceType = ""
    locator: str = ""
    page: int | None = None
    index: int | None = None
    frame: int | None = None
    member: str = ""
    url: str = ""
    bbox: Bbox | None = None
    extraction: Extraction = ""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture that was found, decoded.

    Attributes
    ----------
    where : Provenance
        Where it was found.
    pixels : ndarray of uint8, shape (h, w, 3)
        RGB over white. May be decoded at a reduced size: never smaller than the ``target``
        of the :class:`medsift.sources.Context` asks for, unless the picture is.
    width, height : int
        Size in pixels as found, before any resize.
    format : str
        Encoding as found, lower case: ``jpeg``, ``png``, ``jpeg2000``, ``raw`` ...
    color_mode : str
        As found, in Pillow's names: ``RGB``, ``L``, ``CMYK``, ``P``, ``I;16`` ...
    sha256 : str
        Of the encoded bytes; of the pixels where there are no encoded bytes of its own.
    data : bytes or None
        The original bytes, where they are an image file of their own.
    note : str
        A ``reason`` that the record shall carry although the picture is fine, for example
        ``frames_thinned``.
    declared_modality : str
        DICOM code that the header of the file claims, for comparison with the verdict, which
        comes from the pixels alone; empty where there is none.
    tags : tuple of (str, str)
        Elements of a DICOM header that the user asked for, by name, and their values.
    figure : str
        Id of the printed figure that it belongs to, within its source; empty where there is none.
    caption : str
        What the document says of it. It never changes the verdict.
    caption_label : str
        The label of the caption as printed: ``Figure 3``.
    series : str
        What DICOM pictures of one series have in common, for comparison only: it may lead to a
        patient, and is not to be written anywhere.
    """

    where: Provenance
    pixels: Pixels = field(repr=False)
    width: int
    height: int
    format: str
    color_mode: str
    sha256: str
    data: bytes | None = field(default=None, repr=False)
    note: str = ""
    declared_modality: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    figure: str = ""
    caption: str = ""
    caption_label: str = ""
    series: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that yields no picture, and why.

    Attributes
    ----------
    where : Provenance
        The input, member, page or picture concerned.
    status : {"skipped", "failed"}
        ``skipped``: left out on purpose (no pixels inside, junk, too small).
        ``failed``: should have worked, and did not.
    reason : str
        One word: ``no_image``, ``too_small``, or the code of the error.
    error : str
        Code and sentence, see :attr:`medsift.core.errors.InputError.record_text`; empty for
        what was skipped on purpose.
    """

    where: Provenance
    status: Literal["skipped", "failed"]
    reason: str
    error: str = ""


Finding: TypeAlias = Picture | Problem
