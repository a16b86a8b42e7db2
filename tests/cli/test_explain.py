"""``medsift explain``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsift.cli import main
from tests.classify.tiny_model import write_model


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.zeros((40, 60, 3), dtype=np.uint8)
    pixels[:, 30:, 0] = 255
    path = tmp_path / "picture.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


def test_the_overlay_is_saved_and_the_verdict_printed(
    picture: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "overlay.png"
    assert main(["explain", str(picture), "-o", str(output), "--model", str(model)]) == 0
    with Image.open(output) as image:
        assert image.size == (60, 40)
    said = capsys.readouterr().out
    assert said.startswith("medical: p_medical 0.9")
    assert "evidence for medical by place, in log-odds, from 0.0 (blue) to 7.3 (orange)" in said
    assert {path.name for path in tmp_path.iterdir()} == {"model", "overlay.png", "picture.png"}


def test_the_target_may_be_a_kind(
    picture: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["explain", str(picture), "-o", str(tmp_path / "o.png"), "--model", str(model)]
    assert main([*words, "--target", "photo"]) == 0
    assert "evidence for photo" in capsys.readouterr().out
    assert main([*words, "--target", "unicorn"]) == 2
    assert "no kind 'unicorn'" in capsys.readouterr().err


def test_a_document_is_pointed_to_the_pictures_inside(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"%PDF-1.4\n")
    words = ["explain", str(paper), "-o", str(tmp_path / "o.png"), "--model", str(model)]
    assert main(words) == 1
    assert "medsift scan --save-images" in capsys.readouterr().err
    assert not (tmp_path / "o.png").exists()


@pytest.mark.parametrize("name", ["overlay.jpg", "picture.png"])
def test_other_outputs_and_the_input_itself_are_refused(
    name: str, picture: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = picture.read_bytes()
    output = str(picture.with_name(name))
    assert main(["explain", str(picture), "-o", output, "--model", str(model)]) == 2
    assert "medsift: " in capsys.readouterr().err
    assert picture.read_bytes() == before


def test_a_folder_that_is_not_there_is_said(
    picture: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(tmp_path / "absent" / "o.png")
    assert main(["explain", str(picture), "-o", output, "--model", str(model)]) == 1
    assert "cannot write" in capsys.readouterr().err
