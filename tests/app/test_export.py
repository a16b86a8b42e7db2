"""What people take with them is what was shown, and fits the other commands."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import cast

import pytest

from medsift.app import export
from medsift.app.user_session import Found, UserSession
from medsift.core.record import FIELDS, Record
from medsift.evaluation.labelled import find_examples
from medsift.report.writers import read_rows
from tests.app.samples import compound, found

ONE, TWO = "1" * 64, "2" * 64


class _Folder:
    """Stands in for a session: pictures as files named by digest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def saved(self, record: Record) -> Path | None:
        path = self._folder / f"{record.sha256}.jpg"
        return path if path.exists() else None


@pytest.fixture
def session(tmp_path: Path) -> UserSession:
    (tmp_path / f"{ONE}.jpg").write_bytes(b"one")
    (tmp_path / f"{TWO}.jpg").write_bytes(b"two")
    return cast("UserSession", _Folder(tmp_path))


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_tables_hold_the_records_in_order(suffix: str, tmp_path: Path) -> None:
    shown = [found(2, source="=1+1.pdf"), found(1, label="non_medical")]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(export.table(shown, suffix))
    rows = list(read_rows(path))
    assert [Record.from_dict(row) for row in rows] == [each.record for each in shown]
    assert all(list(row) == list(FIELDS) for row in rows)


def test_panels_stand_beneath_their_pictures() -> None:
    lines = export.table([compound(1), found(2)], ".jsonl").splitlines()
    assert [json.loads(line)["panel"] for line in lines] == [None, 1, 2, None]


def test_jsonl_is_plain_json() -> None:
    (line,) = export.table([found()], ".jsonl").splitlines()
    assert json.loads(line)["bbox"] == [10.0, 20.0, 110.0, 120.0]


def test_the_zip_holds_the_bytes_of_medical_pictures_once(session: UserSession) -> None:
    shown = [
        found(1, sha256=ONE),
        found(2, sha256=ONE),
        found(3, sha256=TWO, label="non_medical"),
        found(4, sha256="3" * 64),
    ]
    assert unpacked(export.medical_images(shown, session)) == {f"medical/{ONE}.jpg": b"one"}


def test_answers_become_a_labelled_folder_that_training_finds(
    session: UserSession, tmp_path: Path
) -> None:
    shown = [found(1, sha256=ONE), found(2, sha256=TWO, source="../My scans.pdf"), found(3)]
    data = export.labelled_folder(shown, {1: "mri", 2: "chart"}, session)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(tmp_path / "out")
    examples = find_examples(tmp_path / "out" / "labelled")
    assert [(e.label, e.kind, e.source, e.path.read_bytes()) for e in examples] == [
        ("medical", "mri", "paper.pdf", b"one"),
        ("non_medical", "chart", "My-scans.pdf", b"two"),
    ]


def test_the_list_of_answers_tells_what_the_model_said(session: UserSession) -> None:
    data = export.labelled_folder([found(1, sha256=ONE, source="=cmd|x")], {1: "mri"}, session)
    text = unpacked(data)["labelled/corrections.csv"].decode()
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["file"] == f"medical/mri/cmd-x/{ONE[:16]}.jpg"
    assert (row["label"], row["kind"]) == ("medical", "mri")
    assert (row["model_label"], row["model_kind"], row["model"]) == ("medical", "ct", "test 1")
    assert row["source"] == "'=cmd|x"


def test_a_picture_that_was_found_twice_gets_one_label(session: UserSession) -> None:
    shown = [found(1, sha256=ONE), found(2, sha256=ONE)]
    files = unpacked(export.labelled_folder(shown, {1: "mri", 2: "ct"}, session))
    assert [name for name in files if name.endswith(".jpg")] == [
        f"labelled/medical/ct/paper.pdf/{ONE[:16]}.jpg"
    ]


@pytest.mark.parametrize(
    ("each", "folder"),
    [
        (found(source="paper.pdf"), "paper.pdf"),
        (found(source="a.jpg", source_type="image"), "uploads"),
        (found(source="https://example.org/a/b?c=d", path=None), "example.org"),
        (found(source="..", source_type="archive"), "uploads"),
        (found(source="weird/../na me\u202e.zip", source_type="archive"), "weird-..-na-me-.zip"),
        (found(source="x" * 300, source_type="archive"), "x" * 80),
    ],
)
def test_sources_become_harmless_folders(each: Found, folder: str) -> None:
    assert export.source_folder(each) == folder
