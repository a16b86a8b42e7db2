"""The list by file."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from medsift.core.errors import OutputError, UsageError
from medsift.core.record import Record
from medsift.report.by_file import COLUMNS, ByFile
from medsift.report.files import container_of, files_in
from tests.report.samples import failure, picture


def listed(tmp_path: Path, records: Iterable[Record]) -> list[dict[str, str]]:
    path = tmp_path / "files.csv"
    with ByFile(str(path)) as by_file:
        for record in records:
            by_file.add(record)
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def frames(source: str, probabilities: Iterable[float]) -> list[Record]:
    return [
        replace(
            picture(source, label="medical" if p >= 0.5 else "non_medical", kind="ultrasound"),
            page=None,
            frame=number,
            p_medical=p,
            locator=f"frame {number}",
        )
        for number, p in enumerate(probabilities)
    ]


class TestText:
    def test_hits_with_text_are_counted_where_somebody_looked(self, tmp_path: Path) -> None:
        hits = [
            replace(picture("a.pdf", index), text_boxes=boxes)
            for index, boxes in enumerate((3, 0, 1), start=1)
        ]
        other = replace(picture("a.pdf", 4, "non_medical", "chart"), text_boxes=None)
        (row,) = listed(tmp_path, [*hits, other])
        assert row["with_text"] == "2"
        assert [hit["text_boxes"] for hit in json.loads(row["hits"])] == [3, 0, 1]

    def test_where_nobody_looked_there_is_no_count(self, tmp_path: Path) -> None:
        (row,) = listed(tmp_path, [picture("a.pdf", 1)])
        assert row["with_text"] == ""
        assert "text_boxes" not in row["hits"]

    def test_text_in_any_frame_counts_for_the_loop(self, tmp_path: Path) -> None:
        loop = [replace(r, text_boxes=n) for n, r in enumerate(frames("a.dcm", (0.9, 0.8, 0.7)))]
        (row,) = listed(tmp_path, loop)
        assert (row["with_text"], row["pictures"]) == ("1", "1")


class TestRows:
    def test_each_file_has_one_with_what_is_in_it(self, tmp_path: Path) -> None:
        (row,) = listed(
            tmp_path,
            [
                picture("a.pdf", 1),
                picture("a.pdf", 2, "uncertain", "xray"),
                picture("a.pdf", 3, "non_medical", "chart"),
                replace(picture("a.pdf", 4), status="skipped", reason="too_small", label=""),
            ],
        )
        counted = ("pictures", "medical", "uncertain", "non_medical", "skipped", "failed")
        assert [row[name] for name in counted] == ["3", "1", "1", "1", "1", "0"]
        assert (row["verdict"], row["p_medical"]) == ("medical", "0.75")
        assert row["kinds"] == "ct 1, xray 1"
        assert [hit["where"] for hit in json.loads(row["hits"])] == [
            "page 1, image 1",
            "page 1, image 2",
        ]

    def test_an_animation_counts_once_with_its_frames_beneath(self, tmp_path: Path) -> None:
        (row,) = listed(tmp_path, frames("heart.gif", [0.2, 0.9, 0.7]))
        assert (row["pictures"], row["medical"], row["frames"]) == ("1", "1", "3")
        (hit,) = json.loads(row["hits"])
        assert (hit["where"], hit["p_medical"]) == ("frame 1", 0.9)
        assert hit["frames"] == {"0": 0.2, "1": 0.9, "2": 0.7}

    def test_two_animations_of_an_archive_count_twice(self) -> None:
        records = [
            replace(record, member=member, sha256=member)
            for member in ("a.gif", "b.gif")
            for record in frames("x.zip", [0.9, 0.8])
        ]
        (file,) = files_in(records)
        assert (file.counts["medical"], file.frames) == (2, 4)

    def test_a_hit_is_where_its_locator_its_member_or_its_address_says(
        self, tmp_path: Path
    ) -> None:
        plain = replace(picture("a"), locator="", page=None)
        records = [
            replace(plain, locator="page 3", member="b.png", url="https://example.org/c.png"),
            replace(plain, member="b.png", url="https://example.org/c.png"),
            replace(plain, url="https://example.org/c.png"),
        ]
        (row,) = listed(tmp_path, records)
        where = [hit["where"] for hit in json.loads(row["hits"])]
        assert where == ["page 3", "b.png", "https://example.org/c.png"]

    def test_a_figure_counts_once_with_its_panels(self) -> None:
        whole = picture("a.pdf", 1, "non_medical", "chart")
        panels = [replace(picture("a.pdf", 1), panel=n, p_medical=n / 3) for n in (1, 2)]
        (file,) = files_in([whole, *panels, picture("a.pdf", 2)])
        assert (file.pictures, file.counts["medical"]) == (2, 2)
        assert [shown.record.panel for shown in file.hits] == [None, 2]

    def test_what_cannot_be_read_says_why(self, tmp_path: Path) -> None:
        locked = replace(
            failure("locked.zip"), reason="encrypted", error="encrypted: a password is needed"
        )
        (row,) = listed(tmp_path, [locked])
        assert (row["verdict"], row["reason"], row["failed"]) == ("failed", "encrypted", "1")
        assert row["error"] == "encrypted: a password is needed"

    def test_a_failure_is_told_before_what_was_skipped(self) -> None:
        skipped = Record("a.zip", status="skipped", reason="no_image")
        (file,) = files_in([skipped, failure("a.zip")])
        assert file.reason == "undecodable"

    def test_most_urgent_come_first(self, tmp_path: Path) -> None:
        rows = listed(
            tmp_path,
            [
                picture("photo.png", 1, "non_medical", "photo"),
                failure("broken.pdf"),
                picture("one.png", 1),
                picture("maybe.png", 1, "uncertain"),
                picture("two.pdf", 1),
                picture("two.pdf", 2),
                Record("notes.txt", status="skipped", reason="unsupported"),
            ],
        )
        assert [row["source"] for row in rows] == [
            "two.pdf",
            "one.png",
            "maybe.png",
            "broken.pdf",
            "photo.png",
            "notes.txt",
        ]

    def test_owner_time_and_size_are_those_of_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "scan.png"
        path.write_bytes(b"12345")
        os.utime(path, (1_700_000_000, 1_700_000_000))
        (row,) = listed(tmp_path, [picture(str(path))])
        assert (row["size"], row["modified"]) == ("5", "2023-11-14T22:13:20+00:00")
        assert row["owner"]

    def test_no_name_runs_as_a_formula(self, tmp_path: Path) -> None:
        (row,) = listed(tmp_path, [picture("=HYPERLINK(1)")])
        assert row["source"] == "'=HYPERLINK(1)"


class TestContainers:
    @pytest.mark.parametrize(
        ("member", "page", "expected"),
        [
            ("", None, ""),
            ("a.png", None, ""),
            ("old/paper.pdf", 3, "old/paper.pdf"),
            ("scan-without-suffix", 2, "scan-without-suffix"),
            ("in.zip/2024/report.docx/word/media/image1.png", None, "in.zip/2024/report.docx"),
            ("locked.zip", None, "locked.zip"),
            ("letters/a.eml/photo.jpg", None, "letters/a.eml"),
        ],
    )
    def test_the_deepest_that_has_a_name_is_told(
        self, member: str, page: int | None, expected: str
    ) -> None:
        record = replace(picture("x.zip"), member=member, page=page)
        assert container_of(record) == expected

    def test_each_has_a_row_of_its_own(self) -> None:
        inside = [("a.pdf", 1), ("b.pdf", 1), ("a.pdf", 2), ("c.png", None)]
        records = [replace(picture("x.zip"), member=m, page=p) for m, p in inside]
        assert [(f.inside, f.pictures) for f in files_in(records)] == [
            ("a.pdf", 2),
            ("b.pdf", 1),
            ("", 1),
        ]


class TestFiles:
    def test_parquet_has_the_same_columns(self, tmp_path: Path) -> None:
        io = pytest.importorskip("arro3.io")
        path = tmp_path / "files.parquet"
        with ByFile(str(path)) as by_file:
            by_file.add(picture("a.png"))
            by_file.add(failure("b.png"))
        table = io.read_parquet(path).read_all()
        assert list(table.column_names) == list(COLUMNS)
        assert table["source"].to_pylist() == ["a.png", "b.png"]
        assert table["medical"].to_pylist() == [1, 0]
        assert table["p_medical"].to_pylist() == [0.75, None]

    def test_files_that_are_gone_come_last(self, tmp_path: Path) -> None:
        path = tmp_path / "files.csv"
        with ByFile(str(path)) as by_file:
            by_file.add_gone("old.png", "new.png")
            by_file.add(picture("new.png"))
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert [(r["source"], r["verdict"], r["error"]) for r in rows] == [
            ("new.png", "medical", ""),
            ("old.png", "gone", "now new.png"),
        ]

    @pytest.mark.parametrize("suffix", [".csv", ".parquet"])
    def test_files_of_the_user_beside_it_stay(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"files{suffix}"
        neighbours = [tmp_path / f"files{suffix}{end}" for end in (".tmp", ".rows", ".part")]
        for neighbour in neighbours:
            neighbour.write_text("mine")
        with ByFile(str(path)) as by_file:
            by_file.add(picture("a.png"))
        assert [neighbour.read_text() for neighbour in neighbours] == ["mine"] * 3
        assert set(tmp_path.iterdir()) == {path, *neighbours}

    def test_nothing_else_is_left_behind(self, tmp_path: Path) -> None:
        listed(tmp_path, [picture("a.png")])
        assert [path.name for path in tmp_path.iterdir()] == ["files.csv"]

    def test_a_list_that_cannot_be_written_says_why(self, tmp_path: Path) -> None:
        path = tmp_path / "files.csv"
        by_file = ByFile(str(path))
        by_file.add(picture("a.png"))
        path.mkdir()
        with pytest.raises(OutputError, match=r"^cannot write .*files\.csv: Is a directory$"):
            by_file.close()
        assert list(tmp_path.iterdir()) == [path]

    def test_other_types_and_missing_folders_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"\.csv or \.parquet"):
            ByFile(str(tmp_path / "files.xlsx"))
        with pytest.raises(OutputError, match="no folder"):
            ByFile(str(tmp_path / "none" / "files.csv"))
