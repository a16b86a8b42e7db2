"""Large pictures made smaller right away: all that follows is then cheaper."""

from __future__ import annotations

from PIL import Image


def shrink(image: Image.Image, target: int) -> Image.Image:
    """Average whole blocks of pixels, so that the shorter side stays at least twice the target.

    Twice, because the resampling to the size of a network that follows still wants something
    to choose from; it averages blocks of that factor in any case.

    Parameters
    ----------
    image : PIL.Image.Image
    target : int
        0 to leave the picture as it is.
    """
    factor = min(image.size) // (2 * target) if target > 0 else 1
    return image.reduce(factor) if factor > 1 else image
