"""Options that commands over labelled pictures share."""

from __future__ import annotations

import argparse

from medsift.core.errors import UsageError
from medsift.core.taxonomy import Label
from medsift.evaluation.naming import LABELS


def add_kinds_argument(parser: argparse.ArgumentParser) -> None:
    """Declare how to tell on which side kinds count that the taxonomy does not have."""
    parser.add_argument(
        "--kind",
        action="append",
        default=[],
        metavar="NAME=LABEL",
        help="a kind of yours is medical or non_medical, where DATA does not say it by a folder or"
        " column of that name; repeatable",
    )


def kinds_from(arguments: argparse.Namespace) -> dict[str, Label]:
    """Labels of kinds, as ``--kind`` tells them.

    Raises
    ------
    UsageError
        One is not of the form.
    """
    found: dict[str, Label] = {}
    for text in arguments.kind:
        name, _, label = text.partition("=")
        if not name or label not in LABELS:
            raise UsageError(f"not NAME=medical or NAME=non_medical: {text!r}")
        found[name] = label
    return found
