"""Where Arrow's library is, for the processes of their own that read and write Parquet with it.

Its Rust code panics at damaged files and full disks, and now and then ends its process; a panic
also writes to standard error, past everything that Python could do about it. So no process that
must not end loads it.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path


def installed_at() -> str | None:
    """Folder that holds ``arro3``; None where it is not installed."""
    try:
        spec = importlib.util.find_spec("arro3.io")
    except ModuleNotFoundError:
        return None
    if spec is None or spec.origin is None:
        return None
    return str(Path(spec.origin).parents[2])
