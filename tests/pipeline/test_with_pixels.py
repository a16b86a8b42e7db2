"""Records come with the pixels that they are about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import medsift
from medsift.core.errors import UsageError
from tests.sources.pdf.making_pdfs import Pdf, draw, scene


def test_an_image_file_comes_with_its_pixels(tmp_path: Path) -> None:
    Image.fromarray(scene(60, 80)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    one, other = medsift.scan_with_pixels([tmp_path / "a.png", tmp_path / "b.png"])
    assert one[1] is not None
    assert np.array_equal(one[1], scene(60, 80))
    assert one[0].status == "ok"
    assert (other[0].status, other[1]) == ("failed", None)


def test_pictures_of_documents_come_at_full_size_through_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "temporary").mkdir()
    pdf = Pdf()
    names = {"A": pdf.picture(scene(900, 1200)), "B": pdf.picture(scene(60, 80, 1))}
    pdf.page(draw("A", 50, 300, 400, 300) + draw("B", 50, 100, 80, 60), names)
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf.to_bytes())
    found = list(medsift.scan_with_pixels(path, workers=1))
    shapes = [None if pixels is None else pixels.shape for _, pixels in found]
    assert shapes == [(900, 1200, 3), (60, 80, 3)]
    assert [(record.height, record.width) for record, _ in found] == [(900, 1200), (60, 80)]
    assert list((tmp_path / "temporary").glob("medsift-*")) == []


def test_only_the_local_engine_hands_over_pixels() -> None:
    with pytest.raises(UsageError):
        medsift.scan_with_pixels("a.pdf", engine="ray")
