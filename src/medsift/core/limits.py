"""Bounds on what one input may cost.

Everything that medsift reads may be hostile, so every parser works under these limits. They
are generous for honest files; who scans hostile ones may lower them.
"""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one input may cost.

    Attributes
    ----------
    file_bytes : int
        Size of one file, or of one member of a container, in bytes.
    pixels : int
        Width times height of one image, read from its header before it is decoded.
    frames : int
        Frames of an animated, multi-page or multi-frame image that are looked at; longer
        ones are thinned evenly.
    pages : int
        Pages of one document.
    pictures : int
        Pictures of one document.
    members : int
        Members of all containers below one input.
    inflated_bytes : int
        Bytes that all containers below one input may inflate to.
    depth : int
        Containers within containers.
    seconds : float
        Wall time for one input, after which its worker process is killed.
    memory_bytes : int
        Address space of a worker process beyond what it needs to start; 0 for no bound.
    """

    file_bytes: int = 1 * GIB
    pixels: int = 250_000_000
    frames: int = 32
    pages: int = 5_000
    pictures: int = 20_000
    members: int = 100_000
    inflated_bytes: int = 4 * GIB
    depth: int = 5
    seconds: float = 300.0
    memory_bytes: int = 4 * GIB


DEFAULT_LIMITS = Limits()

MIN_SIZE = 32
"""Pixels: pictures with a shorter side below are skipped, unless somebody asks for another size."""
