"""Labels that are worth a second look, the most suspect first."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from medsift.evaluation.measure import Measurement
from medsift.evaluation.suspects import find_suspects, write_suspects
from tests.evaluation.test_summary import measurement


def _at(path: Path, seed: int, made: Measurement, split: str = "") -> Measurement:
    pixels = np.random.default_rng(seed).integers(0, 255, (30, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return replace(made, example=replace(made.example, path=path, split=split))


def test_sure_mistakes_come_before_unsure_ones_and_kinds_last(tmp_path: Path) -> None:
    rows = [
        _at(tmp_path / "right.png", 1, measurement("ct", 0.9, "ct")),
        _at(tmp_path / "unsure.png", 2, measurement("ct", 0.4, "photo")),
        _at(tmp_path / "kind.png", 3, measurement("ct", 0.9, "mri")),
        _at(tmp_path / "sure.png", 4, measurement("photo", 0.99, "ct")),
    ]
    found = find_suspects(rows)
    assert [s.measurement.example.path.stem for s in found] == ["sure", "unsure", "kind"]
    assert [s.why for s in found] == [("label",), ("label",), ("kind",)]


def test_copies_with_other_labels_and_in_other_splits_are_told(tmp_path: Path) -> None:
    rows = [
        _at(tmp_path / "a.png", 1, measurement("ct", 0.9, "ct"), "train"),
        _at(tmp_path / "b.png", 1, measurement("photo", 0.1, "photo"), "test"),
        _at(tmp_path / "c.png", 2, measurement("ct", 0.9, "ct"), "test"),
    ]
    found = find_suspects(rows)
    assert [s.measurement.example.path.stem for s in found] == ["a", "b"]
    assert found[0].other_labels == found[0].other_splits == (tmp_path / "b.png",)
    write_suspects(found, tmp_path / "suspects.csv")
    with (tmp_path / "suspects.csv").open(encoding="utf-8") as file:
        (first, _) = csv.DictReader(file)
    assert first["why"] == "copies splits"
    assert first["copies_with_other_labels"] == str(tmp_path / "b.png")
    assert first["model_kind"] == "ct"


def test_pictures_that_cannot_be_read_are_no_suspects(tmp_path: Path) -> None:
    unread = replace(measurement("ct", 0.9, "ct"), prediction=None, error="undecodable")
    gone = replace(unread, example=replace(unread.example, path=tmp_path / "gone.png"))
    assert find_suspects([gone]) == []
