from __future__ import annotations

import argparse

import pytest

from medsift.cli import scan
from medsift.server import cli as serve

VERDICT = ("--model", "--threshold", "--tta", "--min-size", "--workers")


def options_of(command: object) -> dict[str, tuple[object, ...]]:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)  # type: ignore[attr-defined]
    return {
        name: (action.default, action.type, action.metavar, action.help)
        for action in parser._actions
        for name in action.option_strings
    }


@pytest.mark.parametrize("name", VERDICT)
def test_scans_and_the_service_judge_by_the_same_options(name: str) -> None:
    assert options_of(scan)[name] == options_of(serve)[name]
