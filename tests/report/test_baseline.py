"""What is read of an earlier scan, and of what people said."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from medsift.core.errors import UsageError
from medsift.report import baseline
from medsift.report.baseline import BY_PERSON, BaselineRow, digest_of
from medsift.report.writers import open_writer
from tests.report.samples import failure, picture

DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_sources_digests_and_judgements_of_an_earlier_output(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"earlier{suffix}"
    plain = replace(picture("a.pdf", 1), sha256=DIGEST)
    with open_writer(str(path)) as writer:
        writer.write(plain)
        writer.write(replace(plain, source="b.pdf", reason=f"duplicate, {BY_PERSON}"))
        writer.write(replace(plain, source="c.pdf", reason=BY_PERSON, kind=""))
        writer.write(failure("d.pdf"))
    assert list(baseline.read(str(path))) == [
        BaselineRow("a.pdf", DIGEST[:16], ""),
        BaselineRow("b.pdf", DIGEST[:16], "ct"),
        BaselineRow("c.pdf", DIGEST[:16], "medical"),
        BaselineRow("d.pdf", "", ""),
    ]


def test_digests_are_told_apart_by_as_many_digits_as_exports_have() -> None:
    assert digest_of(DIGEST) == DIGEST[:16]


def test_judgements_are_read_by_themselves_or_in_their_archive(tmp_path: Path) -> None:
    table = f"file,label,kind\nlabelled/ct/{DIGEST[:16]}.png,medical,ct\n"
    (tmp_path / "corrections.csv").write_text(table, encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "labelled.zip", "w") as archive:
        archive.writestr("labelled/corrections.csv", table)
    for name in ("corrections.csv", "labelled.zip"):
        found = list(baseline.read(str(tmp_path / name)))
        assert found == [BaselineRow("", DIGEST[:16], "ct")]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("gone.csv", None, "cannot read .*: No such file or directory"),
        ("notes.txt", "x", r"must end in \.csv, \.jsonl, \.parquet or \.zip"),
        ("other.csv", "a,b\n1,2\n", "names other columns"),
        ("bad.csv", "file,label,kind\nx.png,medical,ct\n", "does not tell which picture"),
        ("odd.csv", f"file,label,kind\n{DIGEST}.png,teeth,teeth\n", "a judgement of 'teeth'"),
        ("bad.zip", "no archive", "not a zip file"),
    ],
)
def test_what_is_neither_is_refused_with_its_reason(
    tmp_path: Path, name: str, content: str | None, told: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=told):
        list(baseline.read(str(tmp_path / name)))
