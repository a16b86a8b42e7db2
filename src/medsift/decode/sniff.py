"""What a file is, told by its first bytes and never by its name alone."""

from __future__ import annotations

from typing import Literal, TypeAlias

FileType: TypeAlias = Literal["image", "pdf", "html", "dicom", "zip", "unknown"]

HEAD_BYTES = 4096


def sniff(head: bytes, name: str = "") -> FileType:
    """Placeholder, being written."""
    raise NotImplementedError
