"""The entry point."""

from __future__ import annotations

import pytest

import medsift
from medsift.cli import main
from medsift.core.taxonomy import TAXONOMY


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out.strip() == f"medsift {medsift.__version__}"


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("scan", "evaluate", "train", "models"))


def test_models_lists_the_bundled_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    assert capsys.readouterr().out.startswith("default ")


def test_models_show_prints_the_card(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "default"]) == 0
    assert "diagnos" in capsys.readouterr().out


def test_models_taxonomy_prints_every_kind_with_its_names_elsewhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["models", "taxonomy"]) == 0
    shown = capsys.readouterr().out
    assert all(f"| `{kind.name}` | {kind.label} |" in shown for kind in TAXONOMY)
    assert "MR" in shown
    assert "DRMR" in shown
    assert "C.7.3.1.1.1" in shown


def test_a_model_that_does_not_exist_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "nothing-like-it"]) == 1
    assert "nothing-like-it" in capsys.readouterr().err


def test_names_of_folders_do_nothing_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "\x1b]0;gone\x07"]) != 0
    assert main(["evaluate", "\x1b[2J"]) != 0
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert "\\x1b[2J" in shown.err
