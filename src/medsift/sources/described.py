"""Hands the captions of a document's own markup on to the pictures that are found there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from medsift.core.picture import Finding, Picture
from medsift.sources.base import Context
from medsift.sources.figure_labels import label_of


def described(
    found: Iterable[Finding], context: Context, caption: str, figure: str = ""
) -> Iterator[Finding]:
    """Note in pictures what a document says of them, where they say nothing themselves.

    Parameters
    ----------
    found : iterable of Finding
    context : Context
        Says whether captions are wanted.
    caption : str
    figure : str
        Which figure of the document they belong to; it is part of it also without a caption.
    """
    wanted = caption if context.options.captions else ""
    for finding in found:
        if isinstance(finding, Picture) and (wanted or figure):
            yield replace(
                finding,
                figure=finding.figure or figure,
                caption=finding.caption or wanted,
                caption_label=finding.caption_label or label_of(wanted),
            )
        else:
            yield finding
