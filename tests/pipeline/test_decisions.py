"""Decisions and kinds in the records of a scan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import medsift
from medsift.cli import main
from medsift.core.errors import UsageError
from medsift.report import csv_file
from tests.classify.tiny_model import write_model
from tests.samples import picture


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    picture(1).save(made / "a.png")
    (made / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return made


def test_every_record_gets_its_decision(folder: Path, model: Path) -> None:
    records = list(medsift.scan(folder, model=str(model), accept="medical,photo"))
    assert [record.status for record in records] == ["ok", "failed"]
    assert [record.decision for record in records] == ["accept", "reject"]
    assert all(record.decision_reason for record in records)
    assert sum((records[0].kinds or {}).values()) == pytest.approx(1, abs=0.001)


def test_also_what_a_worker_gave_up(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from medsift.core.errors import CrashedError
    from medsift.pipeline import local
    from medsift.pipeline.outcomes import Examined, failure

    def lose(_engine: object, items: list[object], *_: object) -> object:
        for item in items:
            yield Examined(item, [failure(item, CrashedError("lost"))])  # type: ignore[arg-type]

    monkeypatch.setattr(local.LocalEngine, "run", lose)
    picture(1).save(tmp_path / "a.pdf")
    (record,) = medsift.scan(tmp_path / "a.pdf", model=str(model), accept="ct")
    assert (record.reason, record.decision) == ("crashed", "look")


def test_without_asking_there_is_no_decision(folder: Path, model: Path) -> None:
    records = list(medsift.scan(folder, model=str(model)))
    assert {record.decision for record in records} == {""}
    assert records[0].kinds


def test_python_may_leave_kinds_out(folder: Path, model: Path) -> None:
    records = list(medsift.scan(folder, model=str(model), all_kinds=False, accept="ct"))
    assert [record.kinds for record in records] == [None, None]
    assert all(record.decision for record in records)


@pytest.mark.parametrize(
    "wrong",
    [
        {"accept": "teeth"},
        {"accept_threshold": 0.5},
        {"accept": "ct", "accept_threshold": 0.0},
        {"accept": "ct", "accept_threshold": 7},
    ],
)
def test_what_cannot_be_asked_for(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        medsift.scan("a.png", **wrong)


def test_files_hold_all_kinds_on_request_alone(folder: Path, model: Path, tmp_path: Path) -> None:
    words = ["scan", str(folder), "--quiet", "--model", str(model)]
    rows = {}
    for name, more in (("plain", []), ("full", ["--all-kinds", "--accept", "medical,photo"])):
        outputs = [tmp_path / f"{name}.csv", tmp_path / f"{name}.jsonl"]
        assert main([*words, *more, "-o", str(outputs[0]), "-o", str(outputs[1])]) == 3
        rows[name] = list(csv_file.read(outputs[0]))
        lines = outputs[1].read_text().splitlines()
        assert [row["kinds"] for row in map(json.loads, lines)] == [r["kinds"] for r in rows[name]]
    assert [row["kinds"] for row in rows["plain"]] == ["", ""]
    assert [row["decision"] for row in rows["plain"]] == ["", ""]
    assert list(json.loads(rows["full"][0]["kinds"])) != []
    assert [row["decision"] for row in rows["full"]] == ["accept", "reject"]


def test_a_resumed_scan_asks_for_the_same(model: Path) -> None:
    from medsift.pipeline.options import ScanOptions

    cases: list[dict[str, Any]] = [
        {},
        {"accept": "ct"},
        {"accept": "ct", "accept_threshold": 0.9},
    ]
    settings = [ScanOptions(model=str(model), **more).settings for more in cases]
    assert all(settings.count(one) == 1 for one in settings)
