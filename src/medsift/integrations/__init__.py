"""medsift inside other programs: docling, Ray Data, Hugging Face's datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medsift.core.lazy import attach

if TYPE_CHECKING:
    from medsift.integrations.batches import Annotate

__all__ = ["Annotate"]

__getattr__, __dir__ = attach(__name__, {"Annotate": "medsift.integrations.batches"})
