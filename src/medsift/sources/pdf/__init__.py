"""PDF documents: embedded images at native resolution, and what is drawn without them.

Bytes -> ``document`` (opened, mended, its dictionaries read) -> ``placement`` (what stands where
on each page) -> ``pixels`` (extracted, joined or drawn) with ``captions`` -> pictures and
problems; ``reader`` leads, ``apart`` shields it from PDFium's crashes, ``second`` looks again.
"""

from __future__ import annotations

from medsift.sources.pdf.reader import read

__all__ = ["read"]
