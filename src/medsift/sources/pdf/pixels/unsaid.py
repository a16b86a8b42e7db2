"""Images whose dictionaries leave out their colours, or how deep they are: told by their length.

ISO 32000-1, table 89, requires both. Readers differ in what they make of such an image, and the
noise that PDFium paints helps nobody.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from medsift.core.picture import Pixels
from medsift.sources.pdf.document.facts import ImageFacts

_BY_SAMPLES = {1: "L", 3: "RGB", 4: "CMYK"}


def leaves_out(facts: tuple[ImageFacts, ...]) -> bool:
    """Whether the dictionary of an image says too little of its samples."""
    return len(facts) == 1 and (_is_colourless(facts[0]) or not facts[0].bits)


def by_length(
    samples: bytes, size: tuple[int, int], facts: tuple[ImageFacts, ...]
) -> Pixels | None:
    """Give the pixels that there are samples of 8 bits for; None where their number does not fit.

    Parameters
    ----------
    samples : bytes
        Without filters.
    size : tuple of int
        Width and height.
    facts : tuple of ImageFacts
        That :func:`leaves_out` something.
    """
    (told,) = facts
    count, rest = divmod(len(samples), max(1, size[0] * size[1]))
    mode = _BY_SAMPLES.get(count)
    # A line break before the end of the stream may count as part of it.
    if mode is None or rest > 2 or told.bits not in {0, 8} or not told.plain:
        return None
    if told.mode and told.mode != mode:
        return None
    whole = samples[: count * size[0] * size[1]]
    return np.asarray(Image.frombytes(mode, size, whole).convert("RGB"), dtype=np.uint8)


def _is_colourless(told: ImageFacts) -> bool:
    # Spaces without a name in Pillow are not plain.
    return not told.mode and told.plain
