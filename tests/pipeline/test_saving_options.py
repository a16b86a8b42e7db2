"""Options for saved pictures and captions are checked before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from medsift.cli.main import main
from medsift.core.errors import UsageError
from medsift.pipeline.options import ScanOptions


def test_labels_to_save_must_exist() -> None:
    with pytest.raises(UsageError, match="no label 'logo'"):
        ScanOptions(save_labels=("medical", "logo"))
    with pytest.raises(UsageError, match="list of labels"):
        ScanOptions(save_labels="medical")


def test_names_to_save_under_must_be_a_pattern() -> None:
    with pytest.raises(UsageError, match="names no field"):
        ScanOptions(save_names="picture")


def test_names_and_labels_go_with_a_folder_to_save_into(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", str(tmp_path), "--save-labels", "medical"]) == 2
    assert "--save-images" in capsys.readouterr().err


def test_captions_are_among_the_settings_that_resuming_compares() -> None:
    assert ScanOptions().settings["captions"] != ScanOptions(captions=False).settings["captions"]
    assert ScanOptions().source_options.captions
