"""``medsift models``: list the models at hand, show a model's card, or the kinds they know."""

from __future__ import annotations

import argparse
import sys

from medsift.cli.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    show = actions.add_parser("show", help="print the card of a model")
    show.add_argument("model", metavar="NAME or DIR")
    actions.add_parser(
        "taxonomy", help="print the kinds, and what DICOM and other lists call them (Markdown)"
    )


def run(arguments: argparse.Namespace) -> int:
    """List the bundled models, or print one card, or the taxonomy."""
    if arguments.action == "taxonomy":
        from medsift.core.crosswalk import markdown

        _say(markdown().rstrip())
        return ExitCode.DONE
    from medsift.classify import store
    from medsift.classify.card import read_card

    if arguments.action == "show":
        folder = store.find(arguments.model)
        card_text = folder / "README.md"
        if card_text.is_file():
            _say(card_text.read_text(encoding="utf-8").rstrip())
        else:
            card = read_card(folder)
            _say(f"{card.name} {card.version}: no README.md in {folder}")
        return ExitCode.DONE
    for folder in store.bundled():
        card = read_card(folder)
        networks = f"{len(card.members)} network{'s' if len(card.members) > 1 else ''}"
        sizes = "/".join(str(m.preprocess.size) for m in card.members)
        _say(
            f"{folder.name:12} {card.version:10} {networks}, {sizes} px, {len(card.classes)} kinds"
        )
    return ExitCode.DONE


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
