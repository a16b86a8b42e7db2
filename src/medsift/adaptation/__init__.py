"""Bundled networks, a user's kinds: a new last layer in NumPy alone.

The networks stay as they are. What they make of a picture, its features, is known for the user's
pictures and, from a memory that ships with the model, for some pictures of each old kind; on these
a multinomial regression is fitted that goes on from what the model said before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from medsift.core.lazy import attach

if TYPE_CHECKING:
    from medsift.adaptation.making import Adapted, AdaptSettings, adapt

__all__ = ["AdaptSettings", "Adapted", "adapt"]

__getattr__, __dir__ = attach(
    __name__,
    {
        "AdaptSettings": "medsift.adaptation.making",
        "Adapted": "medsift.adaptation.making",
        "adapt": "medsift.adaptation.making",
    },
)
