"""Streams of inputs become streams of records: workers, limits, resume, duplicates."""

from __future__ import annotations

from medsift.pipeline.options import ScanOptions
from medsift.pipeline.scan import scan
from medsift.pipeline.with_pixels import scan_with_pixels

__all__ = ["ScanOptions", "scan", "scan_with_pixels"]
