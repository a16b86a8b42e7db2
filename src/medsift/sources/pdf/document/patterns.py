"""Images that PDFium does not tell of, put on a page of their own where it does."""

from __future__ import annotations

import io
from typing import Any

from medsift.core.errors import DecodeError, InputError


def lifted(stream: Any) -> bytes:
    """Make a PDF with one page that an image fills.

    Parameters
    ----------
    stream : pypdf.generic.StreamObject
        An image; what it refers to (its masks, colour spaces) comes with it.

    Returns
    -------
    bytes
        The document; its page has a point for each pixel.

    Raises
    ------
    DecodeError
        The image's dictionary is damaged.
    """
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    try:
        width, height = int(stream["/Width"]), int(stream["/Height"])
        writer = PdfWriter()
        page = writer.add_blank_page(width, height)
        # pypdf has no public way to add an object that is not part of a document yet.
        content = DecodedStreamObject()
        content.set_data(b"%d 0 0 %d 0 0 cm /Image Do" % (width, height))
        image = stream.clone(writer)
        page[NameObject("/Contents")] = writer._add_object(content)  # noqa: SLF001
        page[NameObject("/Resources")] = DictionaryObject(
            {
                NameObject("/XObject"): DictionaryObject(
                    {NameObject("/Image"): image.indirect_reference}
                )
            }
        )
        buffer = io.BytesIO()
        writer.write(buffer)
    except (InputError, MemoryError):
        raise
    except Exception as error:
        # A parser may raise anything on hostile input.
        raise DecodeError(f"damaged image: {error}") from error
    return buffer.getvalue()
