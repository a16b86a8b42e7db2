from __future__ import annotations

import argparse

import pytest

from medsift.cli import scan
from medsift.core.limits import DEFAULT_LIMITS
from medsift.pipeline.arguments import add_limit_arguments
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


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_limit_arguments(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1234", 1234),
        ("1.5k", 1536),
        ("500M", 500 * 2**20),
        (" 2 GiB ", 2 * 2**30),
        ("2GB", 2 * 2**30),
        ("1T", 2**40),
    ],
)
def test_memory_is_given_in_bytes_or_larger_units(text: str, size: int) -> None:
    assert parsed("--max-memory", text).max_memory == size


@pytest.mark.parametrize("text", ["", "G", "much", "-1", "2X", "1.2.3"])
def test_what_is_no_number_of_bytes_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentError, match="no number of bytes, such as 500M or 2G"):
        parsed(f"--max-memory={text}")


def test_limits_and_what_is_told_of_them_are_the_usual_ones() -> None:
    found = parsed()
    assert (found.max_seconds, found.max_pixels, found.max_memory) == (
        DEFAULT_LIMITS.seconds,
        DEFAULT_LIMITS.pixels,
        DEFAULT_LIMITS.memory_bytes,
    )
    parser = argparse.ArgumentParser()
    add_limit_arguments(parser)
    told = " ".join(parser.format_help().split())
    for usual in ("default: 300", "default: 250000000", "default: 4G"):
        assert usual in told
