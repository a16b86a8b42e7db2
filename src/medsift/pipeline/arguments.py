"""Options of the command line that scans and services have in common."""

from __future__ import annotations

import argparse
import re

from medsift.core.limits import DEFAULT_LIMITS, MIB, MIN_SIZE


def add_model_argument(group: argparse._ActionsContainer) -> None:
    """Declare which model judges."""
    group.add_argument(
        "--model",
        default="default",
        metavar="NAME or DIR",
        help="a bundled model or a model folder; default: %(default)s",
    )


def add_verdict_arguments(group: argparse._ActionsContainer) -> None:
    """Declare what the verdict on a picture depends on."""
    add_model_argument(group)
    group.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="confidence below T makes the label uncertain; default: the model's own, 0.60",
    )
    group.add_argument("--tta", action="store_true", help="also average over the horizontal flip")
    group.add_argument(
        "--min-size",
        type=int,
        default=MIN_SIZE,
        metavar="PX",
        help="images with a shorter side below PX are skipped; default: %(default)s",
    )


def add_workers_argument(group: argparse._ActionsContainer) -> None:
    """Declare how many processes do the work."""
    group.add_argument(
        "--workers", type=int, metavar="N", help="worker processes; default: the cores at hand"
    )


def add_limit_arguments(group: argparse._ActionsContainer) -> None:
    """Declare what one input may cost."""
    group.add_argument(
        "--max-seconds",
        type=float,
        default=DEFAULT_LIMITS.seconds,
        metavar="S",
        help="for one input; after that it is given up; default: %(default)g",
    )
    group.add_argument(
        "--max-pixels",
        type=int,
        default=DEFAULT_LIMITS.pixels,
        metavar="N",
        help="width times height of one image; default: %(default)s",
    )
    group.add_argument(
        "--max-memory",
        type=_bytes,
        default=DEFAULT_LIMITS.memory_bytes,
        metavar="BYTES",
        help="that a worker may take beyond what it needs to start, such as 2G; 0 for no bound;"
        f" default: {DEFAULT_LIMITS.memory_bytes // (1024 * MIB)}G",
    )


_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def _bytes(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of bytes, such as 500M or 2G")
    return int(float(match[1]) * _UNITS[match[2].upper()])
