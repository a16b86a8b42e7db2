"""``medsift gate``: what passes, and what is stopped."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest

from medsift.cli import main
from tests.classify.tiny_model import write_model
from tests.samples import picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_model(tmp_path / "model")
    (tmp_path / "in").mkdir()
    coloured(tmp_path / "in" / "scan.png", (255, 0, 0))
    coloured(tmp_path / "in" / "photo.png", (0, 0, 255))
    coloured(tmp_path / "in" / "maybe.png", (100, 0, 104))
    (tmp_path / "in" / "broken.png").write_bytes((tmp_path / "in" / "scan.png").read_bytes()[:60])
    (tmp_path / "in" / "notes.txt").write_text("words")
    return tmp_path


def coloured(path: Path, colour: tuple[int, int, int]) -> None:
    # Noise of a picture on a colour: not blank, and its colour decides.
    image = picture(1, (64, 64)).point(lambda value: value // 16)
    pixels = image.load()
    assert pixels is not None
    for x in range(64):
        for y in range(64):
            found = pixels[x, y]
            assert isinstance(found, tuple)
            pixels[x, y] = tuple(min(255, a + b) for a, b in zip(found, colour, strict=True))
    image.save(path)


def gate(folder: Path, *names: str, **_: object) -> int:
    options = [word for word in names if word.startswith("--")]
    files = [str(folder / "in" / name) for name in names if not name.startswith("--")]
    return main(["gate", "--model", str(folder / "model"), "--workers", "1", *options, *files])


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["photo.png"], 0),
        (["notes.txt"], 0),
        ([], 0),
        (["photo.png", "scan.png"], 5),
        (["broken.png"], 0),
        (["--failed", "broken.png"], 5),
        (["maybe.png"], 0),
        (["--uncertain", "maybe.png"], 5),
    ],
)
def test_only_what_it_is_for_is_stopped(folder: Path, names: list[str], code: int) -> None:
    assert gate(folder, *names) == code


def test_a_line_says_where_and_what(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gate(folder, "photo.png", "scan.png")
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{folder / 'in' / 'scan.png'}: medical: ct, p 1.00")


def test_github_gets_an_annotation(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = folder / "in" / "a,b:100%.png"
    odd.write_bytes((folder / "in" / "scan.png").read_bytes())
    gate(folder, "--github", odd.name)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("::error file=")
    assert "a%2Cb%3A100%25.png,title=medsift::" in line
    # Logs show the text alone.
    assert line.endswith("a,b:100%25.png: medical: ct, p 1.00")


@pytest.mark.parametrize("name", ["nothing.png", "no/folder", "*.gif"])
def test_a_name_of_nothing_does_not_pass(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(folder, "photo.png", name) == 2
    assert f"nothing to look into: {folder / 'in' / name}" in capsys.readouterr().err
    assert gate(folder, "scan.png", name) == 5


def test_a_recall_that_would_stop_nothing_is_refused(folder: Path) -> None:
    assert gate(folder, "--recall=0.99", "photo.png") == 2


def test_what_a_person_judged_decides(folder: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256((folder / "in" / "scan.png").read_bytes()).hexdigest()
    judged = tmp_path / "corrections.csv"
    with judged.open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [("file", "label", "kind"), (f"x/{digest[:16]}.png", "non_medical", "photo")]
        )
    assert gate(folder, f"--since={judged}", "scan.png") == 0
