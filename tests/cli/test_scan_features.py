"""``medsift scan --features``: a row for each record that has a verdict."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsift.classify import Classifier
from medsift.cli import main
from tests.classify.tiny_model import write_model


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    folder.mkdir()
    for number, colour in enumerate(("red", "lime", "blue", "red")):
        picture = Image.new("RGB", (60, 60), colour)
        picture.paste("black", (0, 0, 10 + (number % 3), 10))
        picture.save(folder / f"{number}.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    return folder


def _scan(scans: Path, features: Path, tmp_path: Path) -> list[dict[str, object]]:
    model = str(write_model(tmp_path / "model"))
    out = tmp_path / f"found-{features.suffix[1:]}.jsonl"
    words = ["scan", str(scans), "-o", str(out), "--features", str(features), "--model", model]
    assert main([*words, "--quiet"]) == 3
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row["label"]]


def test_rows_go_with_the_records_that_have_a_verdict(scans: Path, tmp_path: Path) -> None:
    records = _scan(scans, tmp_path / "features.npy", tmp_path)
    features = np.load(tmp_path / "features.npy")
    assert features.dtype == np.float32
    assert features.shape == (4, 3)
    classifier = Classifier(tmp_path / "model")
    expected = classifier.features([str(record["source"]) for record in records])
    np.testing.assert_allclose(features, expected, atol=1e-5)
    assert {path.name for path in tmp_path.glob("*features*")} == {"features.npy"}


def test_parquet_names_the_pictures(scans: Path, tmp_path: Path) -> None:
    pytest.importorskip("arro3.io")
    from arro3.io import read_parquet

    records = _scan(scans, tmp_path / "features.parquet", tmp_path)
    table = read_parquet(tmp_path / "features.parquet").read_all()
    assert table.column("sha256").to_pylist() == [record["sha256"] for record in records]
    assert [len(row) for row in table.column("features").to_pylist()] == [3] * 4


def test_what_cannot_be_written_is_refused_first(scans: Path, tmp_path: Path) -> None:
    assert main(["scan", str(scans), "--features", str(tmp_path / "x.txt")]) == 2
    words = ["scan", str(scans), "--features", str(tmp_path / "x.npy"), "-o"]
    assert main([*words, str(tmp_path / "a.csv"), "--resume"]) == 2
