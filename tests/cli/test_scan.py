"""``medsift scan``, as a user starts it."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from medsift.cli import main
from tests.samples import picture, write_folder, write_pdf

PDFS = 150
"""More than can be finished before the interrupt comes."""


def run(*words: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "medsift", *map(str, words)],
        capture_output=True,
        text=True,
        input=stdin,
        timeout=120,
        check=False,
    )


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inputs") / "everything"
    write_folder(path)
    return path


@pytest.fixture(scope="module")
def scanned(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    out = tmp_path_factory.mktemp("outputs")
    outputs = [word for end in ("csv", "jsonl", "parquet") for word in ("-o", out / f"r.{end}")]
    done = run("scan", folder, *outputs, "--save-images", out / "saved", "--quiet")
    assert done.stderr == ""
    return out, done.returncode


def test_every_input_is_accounted_for(folder: Path, scanned: tuple[Path, int]) -> None:
    out, code = scanned
    found = {row["source"] for row in records(out / "r.jsonl")}
    assert found == {str(path) for path in folder.iterdir()}
    assert code == 3


def test_every_picture_has_a_place_and_a_verdict(scanned: tuple[Path, int]) -> None:
    rows = [row for row in records(scanned[0] / "r.jsonl") if row["status"] == "ok"]
    by_source: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_source.setdefault(Path(row["source"]).name, []).append(row)
        assert row["label"] in {"medical", "non_medical", "uncertain"}
        assert 0 <= row["p_medical"] <= 1
        assert row["confidence"] == max(row["p_medical"], 1 - row["p_medical"])
        assert row["kind"]
        assert row["model"].startswith("default ")
        assert row["ms"] > 0
    assert sorted(by_source) == [
        "drawing.png",
        "page.html",
        "paper.pdf",
        "photo.jpg",
        "shown.png",
        "slice.dcm",
    ]
    assert [(row["page"], row["index"]) for row in by_source["paper.pdf"]] == [(1, 1), (2, 2)]
    assert by_source["paper.pdf"][0]["bbox"] == pytest.approx([50, 75, 250, 225], abs=1)
    assert by_source["page.html"][0]["url"] == "shown.png"
    assert by_source["slice.dcm"][0]["source_type"] == "dicom"


def test_what_gives_no_picture_says_why(scanned: tuple[Path, int]) -> None:
    rows = {Path(row["source"]).name: row for row in records(scanned[0] / "r.jsonl")}
    said = {name: (rows[name]["status"], rows[name]["reason"]) for name in rows}
    assert said["tiny.png"] == ("skipped", "too_small")
    assert said["notes.txt"] == ("skipped", "unsupported")
    assert said["empty.jpg"] == ("skipped", "unsupported")
    assert said["broken.png"] == ("failed", "undecodable")
    assert said["broken.pdf"] == ("failed", "undecodable")
    assert rows["broken.png"]["error"].startswith("undecodable: ")


def test_images_are_saved_as_they_were_by_label(folder: Path, scanned: tuple[Path, int]) -> None:
    saved = {p.read_bytes() for p in (scanned[0] / "saved").rglob("*") if p.is_file()}
    assert (folder / "photo.jpg").read_bytes() in saved
    labels = {row["label"] for row in records(scanned[0] / "r.jsonl") if row["status"] == "ok"}
    assert {path.name for path in (scanned[0] / "saved").iterdir()} == labels


def test_dicom_tags_that_were_asked_for_are_in_every_output(folder: Path, tmp_path: Path) -> None:
    outputs = [word for end in ("csv", "jsonl") for word in ("-o", tmp_path / f"r.{end}")]
    names = "Modality,(0008,0070),StudyDescription"
    done = run("scan", folder / "slice.dcm", "--dicom-tags", names, *outputs, "--quiet")
    assert done.returncode == 0
    (row,) = records(tmp_path / "r.jsonl")
    expected = {
        "Modality": "CT",
        "(0008,0070)": "GE MEDICAL SYSTEMS",
        "StudyDescription": "e+1",
    }
    assert json.loads(row["dicom_tags"]) == expected
    text = (tmp_path / "r.csv").read_text(encoding="utf-8-sig")
    (cells,) = csv.DictReader(io.StringIO(text))
    assert json.loads(cells["dicom_tags"]) == expected


def test_without_asking_no_dicom_tag_is_in_any_output(scanned: tuple[Path, int]) -> None:
    assert {row["dicom_tags"] for row in records(scanned[0] / "r.jsonl")} == {""}


def test_csv_and_jsonl_hold_the_same_rows(scanned: tuple[Path, int]) -> None:
    text = (scanned[0] / "r.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    expected = records(scanned[0] / "r.jsonl")
    assert [row["sha256"] for row in rows] == [row["sha256"] for row in expected]
    assert [row["p_medical"] for row in rows] == [
        "" if row["p_medical"] is None else repr(row["p_medical"]) for row in expected
    ]


def test_without_an_output_a_table_for_people_is_printed(folder: Path) -> None:
    done = run("scan", folder / "photo.jpg")
    assert done.returncode == 0
    assert "photo.jpg" in done.stdout


def test_where_the_page_of_results_lies_is_said_at_the_end(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = run("scan", folder / "photo.jpg", "--report", page)
    assert page.is_file()
    assert done.stderr.splitlines()[-1] == f"report: {page}"
    assert "report:" not in run("scan", folder / "photo.jpg", "--quiet", "--report", page).stderr


def test_a_dash_writes_jsonl_to_standard_output(folder: Path) -> None:
    done = run("scan", folder / "photo.jpg", "-o", "-")
    (row,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert row["source"].endswith("photo.jpg")


def test_a_dash_as_input_reads_names_from_standard_input(folder: Path) -> None:
    names = f"{folder / 'photo.jpg'}\n\n{folder / 'drawing.png'}\n"
    done = run("scan", "-", "-o", "-", stdin=names)
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["photo.jpg"], 0),
        (["photo.jpg", "missing.png"], 3),
        (["notes.txt"], 4),
        (["photo.jpg", "--threshold", "1", "--fail-on", "uncertain"], 5),
        (["photo.jpg", "--dicom-tags", "NoSuchKeyword"], 2),
        (["missing.png", "--fail-on", "error"], 5),
        (["photo.jpg", "--model", "no-such-model"], 1),
        (["photo.jpg", "--threshold", "7"], 2),
        (["photo.jpg", "-o", "results.docx"], 2),
        (["photo.jpg", "--resume"], 2),
        (["photo.jpg", "--no-such-option"], 2),
        ([], 2),
    ],
)
def test_the_exit_code_tells_how_it_went(
    folder: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int
) -> None:
    monkeypatch.chdir(folder)
    try:
        found = main(["scan", *words, "--quiet"])
    except SystemExit as stop:  # argparse's own way to refuse
        found = int(str(stop.code))
    assert found == code


def test_resuming_a_finished_scan_adds_only_what_is_new(tmp_path: Path) -> None:
    inputs = tmp_path / "in"
    inputs.mkdir()
    picture(1).save(inputs / "a.png")
    out = tmp_path / "r.jsonl"
    run("scan", inputs, "-o", out, "--quiet")
    before = out.read_text()
    picture(2).save(inputs / "b.png")
    run("scan", inputs, "-o", out, "--resume", "--quiet")
    assert out.read_text().startswith(before)
    assert [Path(row["source"]).name for row in records(out)] == ["a.png", "b.png"]


def heed_interrupts() -> None:
    """What a shell starts in the background ignores interrupts, and so do its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_an_interrupt_leaves_what_was_finished_readable(tmp_path: Path) -> None:
    inputs = tmp_path / "in"
    inputs.mkdir()
    for i in range(PDFS):
        write_pdf(inputs / f"{i:03}.pdf", [picture(i)])
    out = tmp_path / "r.csv"
    command = [sys.executable, "-m", "medsift", "scan", str(inputs), "-o", str(out), "--quiet"]
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,  # noqa: PLW1509  no thread
    ) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if out.is_file() and len(out.read_bytes().splitlines()) > 5:
                break
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGINT)
        _, complaints = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in complaints
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    assert 5 <= len(rows) < PDFS
    assert all(row["label"] for row in rows)
    resumed = run("scan", inputs, "-o", out, "--resume", "--quiet")
    assert resumed.returncode == 0
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    assert [Path(row["source"]).name for row in rows] == [f"{i:03}.pdf" for i in range(PDFS)]


@pytest.mark.shared
def test_the_shared_documents_are_all_accounted_for(shared: Path, tmp_path: Path) -> None:
    folder = shared / "docs" / "image_bad"
    out = tmp_path / "r.jsonl"
    done = run("scan", folder, "-o", out, "--quiet")
    assert done.returncode == 3
    assert {row["source"] for row in records(out)} == {
        str(path) for path in folder.rglob("*") if path.is_file()
    }


def test_names_on_standard_input_are_answered_as_they_arrive(folder: Path) -> None:
    command = [sys.executable, "-m", "medsift", "scan", "-", "-o", "-", "--quiet", "--workers", "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin
        assert child.stdout
        for name in ("photo.jpg", "paper.pdf", "drawing.png"):
            child.stdin.write(f"{folder / name}\n".encode())
            child.stdin.flush()
            # Would wait for ever if the scan waited for more names, or for their end.
            row = json.loads(child.stdout.readline())
            assert Path(row["source"]).name == name
            if name == "paper.pdf":
                child.stdout.readline()
        child.stdin.close()
        assert child.wait(60) == 0
        assert child.stdout.read() == b""


def test_an_interrupt_while_waiting_for_names_ends_the_scan(folder: Path) -> None:
    command = [sys.executable, "-m", "medsift", "scan", "-", "-o", "-", "--workers", "1"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heed_interrupts,  # noqa: PLW1509  no thread runs here
    ) as child:
        assert child.stdin
        assert child.stdout
        assert child.stderr
        child.stdin.write(f"{folder / 'photo.jpg'}\n".encode())
        child.stdin.flush()
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        assert child.wait(60) == 130
        assert b"interrupted" in child.stderr.read()


def test_resuming_with_another_threshold_is_refused(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    assert run("scan", folder / "photo.jpg", "-o", out, "--quiet").returncode == 0
    done = run("scan", folder / "photo.jpg", "-o", out, "--model", "fast", "--resume", "--quiet")
    assert done.returncode == 2
    assert "earlier scan had model" in done.stderr
    for other in (["--threshold", "0.9"], ["--min-size", "8"], ["--ignore-robots"], ["--linked"]):
        done = run("scan", folder / "photo.jpg", "-o", out, *other, "--resume", "--quiet")
        assert done.returncode == 2, other


def test_failures_can_be_retried(folder: Path, tmp_path: Path) -> None:
    out, damaged = tmp_path / "r.csv", tmp_path / "a.png"
    damaged.write_bytes((folder / "broken.png").read_bytes())
    assert run("scan", damaged, folder / "photo.jpg", "-o", out, "--quiet").returncode == 3
    damaged.write_bytes((folder / "drawing.png").read_bytes())
    again = ("scan", damaged, folder / "photo.jpg", "-o", out, "--resume", "--quiet")
    assert run(*again, "--retry-failed").returncode == 0
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
    assert [(Path(row["source"]).name, row["status"]) for row in rows] == [
        ("a.png", "ok"),
        ("photo.jpg", "ok"),
    ]


def test_a_file_that_was_replaced_is_done_again_in_its_place_and_a_lost_one_told(
    tmp_path: Path,
) -> None:
    inputs, out = tmp_path / "in", tmp_path / "r.jsonl"
    inputs.mkdir()
    for number, name in enumerate(("a.png", "b.png", "c.png")):
        picture(number).save(inputs / name)
    assert run("scan", inputs, "-o", out, "--quiet").returncode == 0
    before = [row["sha256"] for row in records(out)]
    picture(7).save(inputs / "b.png")
    (inputs / "c.png").rename(inputs / "d.png")
    done = run("scan", inputs, "-o", out, "--resume", "--no-progress")
    assert done.returncode == 0
    assert "1 done again, as they have changed or had failed; 1 gone" in done.stderr
    assert [Path(row["source"]).name for row in records(out)] == ["a.png", "b.png", "d.png"]
    after = [row["sha256"] for row in records(out)]
    assert (after[0], after[2]) == (before[0], before[2])
    assert after[1] != before[1]


def test_changes_that_the_time_does_not_show_are_told_by_hash(tmp_path: Path) -> None:
    image, out = tmp_path / "a.bmp", tmp_path / "r.jsonl"
    picture(1).save(image)
    scan = ("scan", image, "-o", out, "--quiet", "--resume-by", "hash")
    assert run(*scan).returncode == 0
    (before,) = records(out)
    status = image.stat()
    picture(2).save(image)
    os.utime(image, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert image.stat().st_size == status.st_size
    assert run(*scan, "--resume").returncode == 0
    (after,) = records(out)
    assert after["sha256"] != before["sha256"]
    changed = out.read_text()
    os.utime(image)
    assert run(*scan, "--resume").returncode == 0
    assert out.read_text() == changed


def test_an_existing_output_is_never_overwritten_unasked(folder: Path, tmp_path: Path) -> None:
    out, page = tmp_path / "r.csv", tmp_path / "r.html"
    out.write_text("precious")
    page.write_text("precious")
    for option, written in (("-o", out), ("--report", page)):
        scan = ("scan", folder / "photo.jpg", option, written, "--quiet")
        done = run(*scan)
        assert (done.returncode, "--overwrite" in done.stderr) == (2, True)
        assert written.read_text() == "precious"
        assert run(*scan, "--overwrite").returncode == 0
    assert run("scan", folder, "-o", out, "--overwrite", "--resume").returncode == 2


@pytest.mark.parametrize("content", [None, b""])
def test_a_list_that_cannot_be_read_leaves_earlier_outputs_alone(
    tmp_path: Path, content: bytes | None
) -> None:
    out, listed = tmp_path / "r.jsonl", tmp_path / "names.parquet"
    out.write_text("precious")
    if content is not None:
        listed.write_bytes(content)
    done = run("scan", "--inputs-from", listed, "-o", out, "--overwrite", "--quiet")
    assert done.returncode == 2
    assert out.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir() if path != listed) == ["r.jsonl"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_lists_may_begin_with_a_byte_order_mark(
    folder: Path, tmp_path: Path, encoding: str
) -> None:
    listed = tmp_path / "names.txt"
    listed.write_text(f"{folder / 'photo.jpg'}\n{folder / 'drawing.png'}\n", encoding=encoding)
    done = run("scan", "--inputs-from", listed, "-o", "-", "--quiet")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2
    if encoding == "utf-8-sig":
        done = run("scan", "-", "-o", "-", "--quiet", stdin=listed.read_text(encoding="utf-8"))
        assert done.returncode == 0


def test_the_list_by_file_has_all_files_and_is_not_overwritten(
    folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "files.csv"
    words = ("scan", folder / "photo.jpg", folder / "broken.png", "--by-file", path, "--quiet")
    run(*words)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = {Path(row["source"]).name: row for row in csv.DictReader(stream)}
    assert set(rows) == {"photo.jpg", "broken.png"}
    assert rows["broken.png"]["verdict"] == "failed"
    assert rows["photo.jpg"]["pictures"] == "1"
    again = run(*words)
    assert again.returncode == 2
    assert "--overwrite" in again.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="names of other systems are text")
def test_a_name_that_is_no_text_can_be_scanned_again_from_any_output(tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/r\xe9tine.png")
    picture(1).save(tmp_path / "plain.png")
    os.rename(tmp_path / "plain.png", name)  # noqa: PTH104
    first = tmp_path / "first.jsonl"
    run("scan", tmp_path, "-o", first, "--quiet")
    (row,) = records(first)
    assert row["status"] == "ok"
    listed = tmp_path / "list.txt"
    listed.write_text(row["source"] + "\n", encoding="utf-8")
    run("scan", "--inputs-from", listed, "-o", tmp_path / "again.jsonl", "--quiet")
    (again,) = records(tmp_path / "again.jsonl")
    assert (again["status"], again["source"]) == ("ok", row["source"])
    assert again["sha256"] == row["sha256"]


def test_a_scan_tells_what_is_new_and_gone_since_another(tmp_path: Path) -> None:
    folder, first = tmp_path / "share", tmp_path / "first.csv"
    folder.mkdir()
    for seed, name in enumerate(("stays.png", "moves.png", "goes.png")):
        picture(seed).save(folder / name)
    run("scan", folder, "-o", first, "--quiet")
    (folder / "moves.png").rename(folder / "moved.png")
    (folder / "goes.png").unlink()
    picture(9).save(folder / "new.png")
    out, by_file = tmp_path / "second.jsonl", tmp_path / "files.csv"
    done = run("scan", folder, "-o", out, "--since", first, "--by-file", by_file)
    assert {Path(r["source"]).name: r["known"] for r in records(out)} == {
        "stays.png": "known",
        "moved.png": "moved",
        "new.png": "new",
    }
    assert "pictures: 1 new, 1 known, 1 moved, 0 copied; 2 gone files" in done.stderr
    with by_file.open(encoding="utf-8", newline="") as stream:
        rows = {Path(row["source"]).name: row for row in csv.DictReader(stream)}
    assert rows["goes.png"]["known"] == rows["moves.png"]["known"] == "gone"
    assert rows["moves.png"]["error"].endswith("moved.png")
    assert rows["moved.png"]["moved_from"].endswith("moves.png")


def test_a_recall_without_bounds_is_a_usage_error(folder: Path, tmp_path: Path) -> None:
    from tests.classify.tiny_model import write_model

    model = write_model(tmp_path / "model")
    done = run("scan", folder, "--model", model, "--recall", "0.99")
    assert done.returncode == 2
    assert "no bounds for --recall" in done.stderr
