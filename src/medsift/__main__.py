"""Run medsift as a module: ``python -m medsift``."""

from __future__ import annotations

import sys

from medsift.cli import main

if __name__ == "__main__":
    sys.exit(main())
