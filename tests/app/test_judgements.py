"""What people say of pictures, and how it is kept."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from medsift.app import export
from medsift.app.judgements import Agreement, Judgement, from_file, to_file
from medsift.core.errors import UsageError
from medsift.core.record import FIELDS, Record
from tests.app.samples import found

CT = Judgement("ct", "2026-11-27T10:00:00+00:00")
CHART = Judgement("chart", "2026-11-27T10:00:05+00:00")
PAIRS = [
    (found(1, sha256="a" * 64, panel_bbox=(1, 2, 3, 4)).record, CT),
    (found(2, sha256="b" * 64, frame=3, source="=cmd,x").record, CHART),
]


def test_a_session_file_brings_the_answers_back() -> None:
    assert from_file(to_file(PAIRS)) == {("a" * 64, None): CT, ("b" * 64, 3): CHART}


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b"{}", b"\xff", b'{"medsift_session": 2, "answers": []}', b"[" * 100_000),
        b'{"medsift_session": 1, "answers": [{}]}',
        b'{"medsift_session": 1, "answers": 7}',
        to_file([(PAIRS[0][0], CT)]).replace(b'"ct"', b'"teeth"'),
        to_file([(PAIRS[0][0], CT)]).replace(b"2026-11-27T", b"yesterday"),
    ],
)
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(UsageError):
        from_file(content)


def test_an_answer_has_its_time_in_utc() -> None:
    answer = Judgement.now("fundus")
    assert answer.label == "medical"
    assert answer.at.endswith("+00:00")


def test_tables_hold_records_and_answers(tmp_path: Path) -> None:
    wanted = [("medical", "ct", CT.at), ("non_medical", "chart", CHART.at)]
    text = export.answers_table(PAIRS, ".csv").decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == [*FIELDS, *export.REVIEWED]
    lines = [json.loads(line) for line in export.answers_table(PAIRS, ".jsonl").splitlines()]
    parquet = pytest.importorskip("pyarrow.parquet")
    (tmp_path / "a.parquet").write_bytes(export.answers_table(PAIRS, ".parquet"))
    columns = parquet.read_table(tmp_path / "a.parquet").to_pylist()
    for table in (rows, lines, columns):
        assert [tuple(row[name] for name in export.REVIEWED) for row in table] == wanted
        assert [row["sha256"] for row in table] == ["a" * 64, "b" * 64]
    assert rows[1]["source"] == "'=cmd,x"
    assert columns[1]["frame"] == 3
    assert columns[0]["bbox"] == [10.0, 20.0, 110.0, 120.0]
    assert columns[0]["panel_bbox"] == [1, 2, 3, 4]


def test_a_table_without_answers_has_its_columns(tmp_path: Path) -> None:
    assert export.answers_table([], ".csv").count(b"\n") == 1
    parquet = pytest.importorskip("pyarrow.parquet")
    (tmp_path / "a.parquet").write_bytes(export.answers_table([], ".parquet"))
    assert parquet.read_table(tmp_path / "a.parquet").column_names[-1] == "reviewed_at"


def test_agreement_tells_what_was_missed() -> None:
    def record(label: str, kind: str) -> Record:
        return found(label=label, kind=kind).record

    agreement = Agreement.of(
        [
            (record("medical", "ct"), CT),
            (record("medical", "mri"), CT),
            (record("non_medical", "photo"), CT),
            (record("medical", "ct"), CHART),
            (record("uncertain", "chart"), CHART),
        ]
    )
    assert agreement == Agreement(
        reviewed=5, right=2, wrong=2, uncertain=1, missed=1, alarms=1, kinds=2
    )
    assert agreement.sentence.startswith("2 of 4 verdicts agree with you (50%), 1 medical missed")
    assert Agreement.of([]).sentence == ""
