"""``medsift dataset build``: labelled folders from a manifest of public files."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote

import pytest

from medsift.cli import main
from medsift.cli.dataset import COLUMNS, TEMPLATE, check_template, read_manifest
from medsift.core.errors import UsageError
from tests.cli.test_packages import package

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {"a b/one.png": b"first", "two.jpg": b"second"}
ROOT = Path(__file__).resolve().parents[2]


class _Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.files = {f"/me/data/{COMMIT}/{path}": body for path, body in FILES.items()}


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        path = unquote(self.path)
        body = self.server.files.get(path)
        if path != "/robots.txt":
            self.server.asked.append(path)
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server() as running:
        thread = Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def row(path: str, body: bytes, **other: str) -> dict[str, str]:
    plain = {
        "pool": "train",
        "label": "medical",
        "kind": "ct",
        "source": "src",
        "repository": "me/data",
        "commit": COMMIT,
        "path": path,
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return {**plain, **other}


def write(folder: Path, rows: list[dict[str, str]], name: str = "manifest.csv") -> Path:
    path = folder / name
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["pool", *COLUMNS])
    writer.writeheader()
    writer.writerows(rows)
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def build(manifest: Path, output: Path, server: _Server, *more: str) -> int:
    port = str(server.server_address[1])
    template = f"http://127.0.0.1:{port}/{{repository}}/{{commit}}/{{path}}"
    words = ["dataset", "build", str(manifest), "-o", str(output), "--url-template", template]
    return main([*words, "--allow-private", "--port", port, "--delay", "0", *more])


def failures(output: Path) -> dict[str, str]:
    with (output / "failed.csv").open(newline="") as stream:
        return {each["path"]: each["error"] for each in csv.DictReader(stream)}


@pytest.mark.parametrize("name", ["manifest.csv", "manifest.csv.gz"])
def test_files_are_fetched_verified_and_laid_out_by_label(
    tmp_path: Path, server: _Server, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row(path, body) for path, body in FILES.items()]
    output = tmp_path / "set"
    assert build(write(tmp_path, rows, name), output, server) == 0
    found = sorted((output / "medical/ct/src").iterdir())
    assert sorted(path.read_bytes() for path in found) == [b"first", b"second"]
    assert {path.suffix for path in found} == {".png", ".jpg"}
    assert failures(output) == {}
    assert "2 fetched" in capsys.readouterr().out


def test_a_second_call_fetches_only_what_is_missing_or_damaged(
    tmp_path: Path, server: _Server
) -> None:
    manifest = write(tmp_path, [row(path, body) for path, body in FILES.items()])
    output = tmp_path / "set"
    build(manifest, output, server)
    server.asked.clear()
    assert build(manifest, output, server) == 0
    assert server.asked == []
    damaged = next((output / "medical/ct/src").glob("*.jpg"))
    damaged.write_bytes(b"half")
    assert build(manifest, output, server) == 0
    assert server.asked == [f"/me/data/{COMMIT}/two.jpg"]
    assert damaged.read_bytes() == b"second"


def test_what_is_missing_or_other_than_stated_is_listed_and_not_kept(
    tmp_path: Path, server: _Server
) -> None:
    rows = [
        row("a b/one.png", b"first"),
        row("gone.png", b"gone"),
        row("two.jpg", b"was another once"),
        row("usr/share/x.png", b"x", repository="debian/x-data", commit="1.0-2"),
        row("paper.pdf#page=3", b"page"),
        row("x/usr/a.ogg", b"a", repository="debian/audio-generated", commit="x"),
        row("some/x.png", b"y", repository="other/x", commit="1.0"),
    ]
    output = tmp_path / "set"
    assert build(write(tmp_path, rows), output, server) == 3
    reasons = failures(output)
    assert set(reasons) == {each["path"] for each in rows[1:]}
    assert reasons["gone.png"].startswith("not_found")
    assert reasons["two.jpg"].startswith("checksum")
    assert "Debian package x-data, version 1.0-2" in reasons["usr/share/x.png"]
    assert "page of the document" in reasons["paper.pdf#page=3"]
    assert "drawn from a sound of the Debian package x" in reasons["x/usr/a.ogg"]
    assert "other/x, version 1.0" in reasons["some/x.png"]
    assert [p.read_bytes() for p in output.rglob("*.*") if p.suffix != ".csv"] == [b"first"]


def test_a_hash_sign_in_a_name_is_no_page(tmp_path: Path, server: _Server) -> None:
    server.files[f"/me/data/{COMMIT}/05#3_S1.tif"] = b"tissue"
    assert build(write(tmp_path, [row("05#3_S1.tif", b"tissue")]), tmp_path / "set", server) == 0
    assert server.asked == [f"/me/data/{COMMIT}/05#3_S1.tif"]


def test_files_of_debian_packages_come_out_of_a_folder_of_packages(
    tmp_path: Path, server: _Server, capsys: pytest.CaptureFixture[str]
) -> None:
    there, changed = b"there", b"changed since"
    debs = tmp_path / "debs"
    debs.mkdir()
    body = package({"usr/a.png": there, "usr/b.png": changed})
    (debs / "x-data_1.0-2_all.deb").write_bytes(body)
    facts = {"repository": "debian/x-data", "commit": "1.0-2"}
    rows = [
        row("usr/a.png", there, **facts),
        row("usr/b.png", b"as it was", **facts),
        row("usr/a.png", there, repository="debian/x-data", commit="2.0", kind="mri"),
    ]
    output = tmp_path / "set"
    words = (write(tmp_path, rows), output, server, "--packages")
    assert build(*words, str(debs)) == 3
    assert "0 there already, 1 from packages, 0 fetched, 2 to be had" in capsys.readouterr().out
    assert [p.read_bytes() for p in output.rglob("*.png")] == [there]
    assert build(*words, str(debs)) == 3
    assert "1 there already, 0 from packages" in capsys.readouterr().out
    assert server.asked == []
    assert build(*words, str(tmp_path / "none")) == 2


def test_only_the_pool_that_was_asked_for_is_fetched(tmp_path: Path, server: _Server) -> None:
    rows = [row("two.jpg", b"second", pool="val"), row("a b/one.png", b"first")]
    assert build(write(tmp_path, rows), tmp_path / "set", server, "--pool", "val") == 0
    assert server.asked == [f"/me/data/{COMMIT}/two.jpg"]


@pytest.mark.parametrize(
    "bad",
    [
        {"label": "perhaps"},
        {"kind": "../x"},
        {"source": ".."},
        {"path": "../../etc/passwd"},
        {"sha256": "12"},
        {"repository": "me/../you"},
    ],
)
def test_a_row_that_leads_astray_is_refused(tmp_path: Path, bad: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="none of a data set"):
        read_manifest(write(tmp_path, [row("a.png", b"") | bad]))


def test_a_manifest_without_its_columns_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("label,kind\nmedical,ct\n")
    assert main(["dataset", "build", str(tmp_path / "m.csv"), "-o", str(tmp_path / "o")]) == 2
    assert main(["dataset", "build", str(tmp_path / "no.csv"), "-o", str(tmp_path / "o")]) == 2


@pytest.mark.parametrize("bad", ["http://x/{commit}", "http://x/{path}/{secret}", "http://x/{path"])
def test_a_template_that_cannot_be_filled_is_refused(bad: str) -> None:
    with pytest.raises(UsageError):
        check_template(bad)
    check_template(TEMPLATE)


def test_the_manifest_of_the_training_set_can_be_read() -> None:
    path = ROOT / "data" / "training-manifest.csv.gz"
    if not path.is_file():
        pytest.skip("not a checkout")
    entries = read_manifest(path, "train")
    assert len(entries) > 10_000
    assert len({entry.target for entry in entries}) == len(entries)
