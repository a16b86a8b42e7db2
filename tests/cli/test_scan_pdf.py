"""Options of ``medsift scan`` that concern PDFs."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pypdf
import pytest

from medsift.cli import main
from tests.sources.pdf.making_pdfs import Pdf, draw, scene, to_jpeg

PHOTO = to_jpeg(scene(300, 400))


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A PDF whose photograph has two wide bars drawn on it."""
    pdf = Pdf()
    number = pdf.jpeg(PHOTO, (400, 300), "/ColorSpace /DeviceRGB")
    bars = "0 0 0 rg 110 220 180 40 re f 110 290 180 40 re f\n"
    pdf.page(draw("Im", 100, 200, 200, 150) + bars, {"Im": number})
    path = tmp_path / "labelled.pdf"
    path.write_bytes(pdf.to_bytes())
    return path


def scan(path: Path, *words: str) -> dict[str, Any]:
    out = path.with_suffix(".jsonl")
    saved = ["--save-images", str(path.parent / "saved")]
    main(
        [
            "scan",
            str(path),
            "-o",
            str(out),
            *saved,
            "--overwrite",
            "--quiet",
            "--workers",
            "1",
            *words,
        ]
    )
    [row] = out.read_text(encoding="utf-8").splitlines()
    record: dict[str, Any] = json.loads(row)
    return record


def test_pictures_come_as_seen_or_as_stored(labelled: Path) -> None:
    seen = scan(labelled)
    assert (seen["extraction"], seen["format"], seen["width"]) == ("rendered", "raw", 400)
    stored = scan(labelled, "--pdf-pixels", "stored")
    assert (stored["extraction"], stored["format"], stored["width"]) == ("embedded", "jpeg", 400)
    saved = {path.suffix: path for path in (labelled.parent / "saved").rglob("*.*")}
    assert set(saved) == {".png", ".jpg"}
    assert saved[".jpg"].read_bytes() == PHOTO


def test_an_encrypted_file_opens_with_its_password_alone(labelled: Path) -> None:
    writer = pypdf.PdfWriter(clone_from=labelled)
    writer.encrypt("open sesame", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    labelled.write_bytes(buffer.getvalue())
    assert scan(labelled)["error"].startswith("encrypted")
    assert scan(labelled, "--pdf-password", "sesame")["error"].startswith("encrypted")
    assert scan(labelled, "--pdf-password", "open sesame")["width"] == 400
