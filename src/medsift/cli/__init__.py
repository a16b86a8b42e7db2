"""The command line."""

from __future__ import annotations

from medsift.cli.main import main

__all__ = ["main"]
