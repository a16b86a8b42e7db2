"""A scan whose outputs lie in the very folder that it scans."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medsift.cli import main
from tests.samples import picture


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    picture(1).save(tmp_path / "a.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "a.png").read_bytes()[:50])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sources(path: Path) -> list[str]:
    return [json.loads(line)["source"] for line in path.read_text().splitlines()]


def test_outputs_are_not_scanned(folder: Path) -> None:
    words = ["scan", ".", "-o", "r.jsonl", "-o", "r.parquet", "--report", "r.html"]
    for more in ([], ["--overwrite"], ["--resume"]):
        assert main([*words, "--save-images", "saved", "--quiet", *more]) == 3
        assert sources(folder / "r.jsonl") == ["a.png", "broken.png"]


@pytest.mark.usefixtures("folder")
def test_a_resumed_scan_ends_as_the_whole_one_would() -> None:
    words = ["scan", ".", "-o", "r.jsonl", "--quiet"]
    assert main(words) == 3
    # Nothing is left to do, yet an input has failed and a picture was found.
    assert main([*words, "--resume"]) == 3


def test_a_model_that_does_not_exist_leaves_earlier_outputs_alone(folder: Path) -> None:
    (folder / "r.jsonl").write_text("precious")
    assert main(["scan", ".", "-o", "r.jsonl", "--model", "no-such-model", "--quiet"]) == 1
    assert (folder / "r.jsonl").read_text() == "precious"


@pytest.mark.parametrize("option", ["-o", "--report"])
def test_an_input_is_never_overwritten(folder: Path, option: str) -> None:
    page = folder / ("page.jsonl" if option == "-o" else "page.html")
    page.write_text("precious")
    assert main(["scan", page.name, option, page.name, "--quiet"]) == 2
    assert page.read_text() == "precious"


def test_an_engine_that_is_missing_leaves_earlier_outputs_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medsift.pipeline.cluster.importlib.util.find_spec", lambda _name: None)
    (folder / "r.jsonl").write_text("precious")
    assert main(["scan", ".", "-o", "r.jsonl", "--engine", "ray", "--quiet"]) == 2
    assert (folder / "r.jsonl").read_text() == "precious"


@pytest.mark.parametrize("option", ["--report", "--by-file", "--features"])
def test_what_exists_is_not_overwritten_unasked(folder: Path, option: str) -> None:
    suffix = {"--report": "html", "--by-file": "csv", "--features": "npy"}[option]
    there = folder / f"there.{suffix}"
    there.write_text("precious")
    assert main(["scan", "a.png", option, there.name, "--quiet"]) == 2
    assert there.read_text() == "precious"
    assert main(["scan", "a.png", option, there.name, "--quiet", "--overwrite"]) == 0
    assert there.read_bytes() != b"precious"


@pytest.mark.parametrize("option", ["--report", "--by-file"])
def test_beside_an_output_it_is_told_how_to_go_on_and_not_only_how_to_begin_anew(
    folder: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    beside = folder / ("r.html" if option == "--report" else "files.csv")
    words = ["scan", "a.png", "-o", "r.jsonl", option, beside.name, "--quiet"]
    assert main(words) == 0
    assert main(words) == 2
    assert "r.jsonl exists already: --resume goes on with it" in capsys.readouterr().err
    journal = folder / "r.jsonl.journal"
    journal.write_bytes(journal.read_bytes().replace(b'{"state":"finished"}\n', b""))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert main(words) == 2
    assert "an interrupted scan into r.jsonl had 1 inputs done" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert main([*words, "--resume"]) == 0


@pytest.mark.parametrize("option", ["--report", "--by-file"])
def test_beside_a_new_output_what_exists_is_not_overwritten_either(
    folder: Path, option: str
) -> None:
    there = folder / ("there.html" if option == "--report" else "there.csv")
    there.write_text("precious")
    assert main(["scan", "a.png", "-o", "new.jsonl", option, there.name, "--quiet"]) == 2
    assert there.read_text() == "precious"
    assert not (folder / "new.jsonl").exists()
    assert not (folder / "new.jsonl.journal").exists()


def test_no_two_outputs_are_one_file(folder: Path) -> None:
    words = ["scan", "a.png", "-o", "r.csv", "--by-file", str(folder / "r.csv"), "--quiet"]
    assert main(words) == 2
    assert not (folder / "r.csv").exists()
