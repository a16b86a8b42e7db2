"""PDF documents: embedded images at native resolution, and what is drawn without them."""

from __future__ import annotations

from medsift.sources.pdf.reader import read

__all__ = ["read"]
