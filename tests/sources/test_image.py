"""An image file as a source."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from PIL import Image

from medsift.core.errors import DecodeError, InputError, NotFoundError
from medsift.core.limits import Limits
from medsift.core.picture import Finding, Picture, Problem, Provenance
from medsift.sources import image
from medsift.sources.base import Blob, Context, SourceOptions


def gif(count: int) -> bytes:
    images = [Image.new("L", (40, 40), 1 + 5 * i) for i in range(count)]
    stream = io.BytesIO()
    images[0].save(stream, "GIF", save_all=True, append_images=images[1:])
    return stream.getvalue()


def read(data: bytes, where: Provenance | None = None, **context: object) -> list[Finding]:
    blob = Blob(where or Provenance(source="a.gif"), data=data)
    return list(image.read(blob, Context(**context)))  # type: ignore[arg-type]


def test_a_file_of_its_own_is_of_type_image() -> None:
    (picture,) = read(gif(1))
    assert isinstance(picture, Picture)
    assert (picture.where.source_type, picture.where.extraction) == ("image", "file")
    assert (picture.where.frame, picture.where.locator) == (None, "")


def test_what_a_container_said_is_kept() -> None:
    where = Provenance("a.zip", source_type="archive", member="b.gif", extraction="embedded")
    (picture,) = read(gif(1), where)
    assert picture.where == where


def test_frames_are_thinned_unless_all_are_asked_for() -> None:
    limits = Limits(frames=3)
    assert [f.where.frame for f in read(gif(7), limits=limits)] == [0, 3, 6]
    every = read(gif(7), limits=limits, options=SourceOptions(all_frames=True))
    assert [f.where.frame for f in every] == list(range(7))


def test_a_file_that_is_no_image_raises() -> None:
    with pytest.raises(DecodeError):
        read(gif(1)[:9])


def test_a_missing_file_raises(tmp_path: Path) -> None:
    blob = Blob(Provenance("gone.png"), path=tmp_path / "gone.png")
    with pytest.raises(NotFoundError):
        list(image.read(blob, Context()))


@pytest.mark.shared
def test_what_pillow_loads_of_the_hard_files_is_read_here(shared: Path) -> None:
    with (shared / "docs" / "image_scan.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) > 300
    lost, odd = [], []
    for row in rows:
        path = shared / "docs" / row["file"]
        blob = Blob(Provenance(source=path.name), path=path)
        try:
            found = list(image.read(blob, Context(target=160)))
        except InputError:
            found = []
        pictures = [f for f in found if isinstance(f, Picture)]
        assert all(isinstance(f, Picture | Problem) for f in found)
        if row["load"] == "ok" and not pictures:
            lost.append(path.name)
        if row["load"] == "ok" and pictures:
            first = pictures[0]
            same = row["size"] == f"{first.width}x{first.height}"
            if not same or row["format"].lower() != first.format or row["mode"] != first.color_mode:
                odd.append((path.name, first.format, first.color_mode, first.width, first.height))
    assert (lost, odd) == ([], [])
