"""Names of inputs in lists, which may be as outputs write them."""

from __future__ import annotations

import os

from medsift.report.values import original_text


def as_on_disk(name: str) -> str:
    r"""The name of a file as it is on disk.

    Outputs spell out what is no text: ``\udcff`` is the byte FF. Where there is no file of the name
    that this stands for, the name is taken as it is.
    """
    original = original_text(name) if "\\" in name else name
    return original if original != name and os.path.lexists(original) else name
