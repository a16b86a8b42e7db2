"""An input becomes a stream of pictures, each with its place of origin."""

from __future__ import annotations

from medsift.sources.base import Blob, Budget, Context, Source, SourceOptions

__all__ = ["Blob", "Budget", "Context", "Source", "SourceOptions"]
