"""Options of the command line that scans and services have in common."""

from __future__ import annotations

import argparse


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
        default=32,
        metavar="PX",
        help="images with a shorter side below PX are skipped; default: %(default)s",
    )


def add_workers_argument(group: argparse._ActionsContainer) -> None:
    """Declare how many processes do the work."""
    group.add_argument(
        "--workers", type=int, metavar="N", help="worker processes; default: the cores at hand"
    )
