"""Records together with the pixels that they are about."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from medsift.core.errors import UsageError
from medsift.core.picture import Pixels
from medsift.core.record import Record
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.pixel_exchange import PixelExchange
from medsift.pipeline.scan import examine_all, expanded
from medsift.pipeline.workspace import workspace


def scan_with_pixels(
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    options: ScanOptions | None = None,
    **settings: Any,
) -> Iterator[tuple[Record, Pixels | None]]:
    """Scan as :func:`medsift.scan` does, and give with each record the pixels that it is about.

    Pixels wait in a temporary folder for their turn, at full size: some 3 MB for a megapixel, for
    as many pictures as the workers are ahead.

    Parameters
    ----------
    inputs : path or iterable of paths
        Files, folders, globs, addresses.
    options : ScanOptions, optional
    **settings
        Fields of :class:`ScanOptions` by name, instead of or on top of ``options``.

    Yields
    ------
    record : Record
    pixels : ndarray of uint8, shape (h, w, 3), or None
        RGB over white, upright, as it was judged; None for what was skipped or failed, and for
        the panels of a picture, which ``panel_bbox`` cuts from it.

    Raises
    ------
    UsageError
        An option does not exist or has an impossible value, or the engine is not the local one.

    Examples
    --------
    >>> import medsift
    >>> for record, pixels in medsift.scan_with_pixels("paper.pdf"):  # doctest: +SKIP
    ...     print(record.locator, record.caption, None if pixels is None else pixels.shape)
    page 2, image 1 Figure 1: An axial slice. (512, 512, 3)
    """
    options, items = expanded(inputs, options, settings)
    if options.engine != "local":
        raise UsageError("pixels are handed over by the local engine alone")
    return _stream(items, options)


def _stream(items: Iterable[Any], options: ScanOptions) -> Iterator[tuple[Record, Pixels | None]]:
    with workspace() as folder:
        exchange = PixelExchange(folder)
        for examined in examine_all(items, replace(options, pixels_to=folder)):
            for outcome in examined.outcomes:
                pixels = None if outcome.pixels is None else exchange.take(outcome.pixels)
                yield outcome.record, pixels
