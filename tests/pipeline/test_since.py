"""What is new, known, moved, copied or gone, and what people judged."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from medsift.core.errors import UsageError
from medsift.core.record import Record
from medsift.pipeline.judged import judged
from medsift.pipeline.since import Since
from medsift.report.outputs import open_outputs
from tests.report.samples import picture


def seen(path: Path, index: int, **others: object) -> Record:
    return replace(picture(str(path)), sha256=f"{index:064x}"[::-1], **others)  # type: ignore[arg-type]


def written(tmp_path: Path, records: list[Record], name: str = "earlier.csv") -> str:
    path = tmp_path / name
    with open_outputs([str(path)]) as outputs:
        for record in records:
            outputs.write(record)
            outputs.complete(record.source)
    return str(path)


@pytest.mark.parametrize("name", ["earlier.csv", "earlier.jsonl", "earlier.parquet"])
def test_every_picture_is_new_known_moved_or_copied(tmp_path: Path, name: str) -> None:
    stays, copied, moved = (tmp_path / n for n in ("stays.png", "copied.png", "moved.png"))
    stays.touch()
    copied.touch()
    earlier = [seen(stays, 1), seen(copied, 2), seen(moved, 3), seen(tmp_path / "lost.png", 4)]
    since = Since([written(tmp_path, earlier, name)])
    marks = [
        since.marked(record).known
        for record in (
            seen(stays, 1),
            seen(tmp_path / "new.png", 5),
            seen(tmp_path / "a.png", 2),
            seen(tmp_path / "b.png", 3),
        )
    ]
    assert marks == ["known", "new", "copied", "moved"]
    gone = {Path(g.source).name: Path(g.moved_to).name for g in since.gone()}
    assert gone == {"moved.png": "b.png", "lost.png": ""}


def test_where_it_was_before_is_told(tmp_path: Path) -> None:
    since = Since([written(tmp_path, [seen(tmp_path / "old.png", 1)])])
    record = since.marked(seen(tmp_path / "now.png", 1))
    assert (record.known, record.moved_from) == ("moved", str(tmp_path / "old.png"))


def test_other_bytes_under_the_same_name_are_new(tmp_path: Path) -> None:
    since = Since([written(tmp_path, [seen(tmp_path / "a.png", 1)])])
    assert since.marked(seen(tmp_path / "a.png", 2)).known == "new"


def test_files_that_are_there_but_were_not_scanned_are_not_gone(tmp_path: Path) -> None:
    (tmp_path / "there.png").touch()
    since = Since([written(tmp_path, [seen(tmp_path / "there.png", 1)])])
    assert list(since.gone()) == []


def test_without_an_earlier_output_nothing_is_told() -> None:
    since = Since([])
    assert since.marked(picture("a.png")).known == ""
    assert since.fingerprint == ""


def test_columns_of_other_versions_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_text(f"sha256,source,shape\r\n{'a' * 64},x.png,round\r\n")
    assert Since([str(path)]).marked(replace(picture("x.png"), sha256="a" * 64)).known == "known"


class TestJudgements:
    def corrections(self, *rows: tuple[str, ...]) -> str:
        stream = io.StringIO()
        writer = csv.writer(stream)
        writer.writerow(("file", "label", "kind", "model_label", "source", "locator"))
        writer.writerows(rows)
        return stream.getvalue()

    def test_of_the_review_desk_overrule_the_model(self, tmp_path: Path) -> None:
        name = f"non_medical/photo/uploads/{'ab' * 8}.png"
        text = self.corrections((name, "non_medical", "photo", "medical", "a.png", ""))
        with zipfile.ZipFile(tmp_path / "labelled.zip", "w") as archive:
            archive.writestr("labelled/corrections.csv", text)
        (tmp_path / "corrections.csv").write_text(text)
        for given in ("labelled.zip", "corrections.csv"):
            since = Since([str(tmp_path / given)])
            record = replace(picture("other.png"), sha256="ab" * 32, reason="duplicate")
            told = judged(record, since.judgements)
            assert (told.label, told.kind, told.dicom_modality) == ("non_medical", "photo", "")
            assert told.reason == "duplicate, judged_by_person"
            assert told.p_medical == record.p_medical
            assert not since.compares

    def test_stay_in_what_is_written_and_so_in_the_next_scan(self, tmp_path: Path) -> None:
        record = seen(tmp_path / "a.png", 1, label="uncertain", reason="low_confidence")
        first = judged(record, {record.sha256[:16]: "xray"})
        assert (first.label, first.reason) == ("medical", "judged_by_person")
        since = Since([written(tmp_path, [first])])
        assert judged(record, since.judgements) == first

    def test_others_are_left_to_the_model(self) -> None:
        record = replace(picture("a.png"), sha256="ab" * 32)
        assert judged(record, {"cd" * 8: "photo"}) is record

    @pytest.mark.parametrize(
        "row",
        [
            ("photo.png", "non_medical", "photo", "medical", "a", ""),
            (f"x/{'ab' * 8}.png", "maybe", "nothing", "medical", "a", ""),
        ],
    )
    def test_that_cannot_be_used_are_refused(self, tmp_path: Path, row: tuple[str, ...]) -> None:
        path = tmp_path / "corrections.csv"
        path.write_text(self.corrections(row))
        with pytest.raises(UsageError, match="no list of judgements"):
            Since([str(path)])


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet", "a.zip", "a.txt"])
def test_what_is_neither_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(UsageError):
        Since([str(path)])
    path.write_bytes(b"nothing,of,use\nat,all,\n")
    with pytest.raises(UsageError, match="no output of a scan"):
        Since([str(path)])
