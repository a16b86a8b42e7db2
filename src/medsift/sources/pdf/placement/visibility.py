"""Layers (optional content) that a viewer does not show at first: their images are marked.

They are pictures that one click brings out, so they are reported; but as the page does not show
them, they are never drawn from it, nor taken together with what it does show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from medsift.sources.pdf.pixels.draw import leaves_marks
from medsift.sources.pdf.placement.page_context import PageContext
from medsift.sources.pdf.placement.placements import Placement


def with_hidden_marked(
    page_context: PageContext, placements: Sequence[Placement]
) -> list[Placement]:
    """Find out which images are on hidden layers.

    What decides on that is nested deeply (groups, memberships with their expressions, states of
    views and prints, at marked content, forms and images), and PDFium does not tell. It obeys,
    though: what leaves no mark at all when it is drawn alone is hidden.

    Parameters
    ----------
    page_context : PageContext
    placements : sequence of Placement
    """
    if not page_context.facts.hides_layers:
        return list(placements)
    return [
        p
        if leaves_marks(page_context.page, page_context.frame, p.seen, p.handle)
        else replace(p, hidden=True, transparent=False)
        for p in placements
    ]
