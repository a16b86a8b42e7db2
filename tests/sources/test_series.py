"""DICOM series: files grouped by their headers, pictures grouped while they are found."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid
from pydicom.encaps import encapsulate

from medsift.cli import main
from medsift.core.picture import Finding, Picture, Problem
from medsift.sources.base import Context
from medsift.sources.dicom.header import _inflated, slice_of
from medsift.sources.inputs import Input, Series
from medsift.sources.registry import findings
from medsift.sources.series import (
    _Sample,
    by_series,
    from_the_middle,
    one_a_series,
    series_findings,
)
from tests.sources.archive.making import zipped
from tests.sources.dicom_samples import dataset, ramp, sample, written
from tests.sources.inside import mutated, png, scan

SERIES = "1.2.826.0.1.3680043.99"


def cut(series: str = SERIES, number: int = 1, **elements: object) -> bytes:
    """One slice, different from the others of its series."""
    values = np.roll(ramp(), number, axis=1)
    named: dict[str, Any] = {"SeriesInstanceUID": series, "InstanceNumber": number}
    return written(dataset(values, **{**named, **elements}))


def inputs(*paths: Path) -> list[Input]:
    return [Input(str(path), path) for path in paths]


def save(folder: Path, **files: bytes) -> list[Path]:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


def test_files_of_a_series_become_one_input_by_their_numbers_and_not_their_names(
    tmp_path: Path,
) -> None:
    paths = save(tmp_path, **{f"im{n}": cut(number=(n * 2) % 5) for n in range(5)})
    (found,) = by_series(inputs(*paths))
    # Numbers 0 2 4 1 3: the middle one is number 2, that is im1.
    assert found.source == str(tmp_path / "im1")
    assert found.series is not None
    assert found.series.files == 5
    assert {found.path, *found.series.others} == set(paths)


def test_other_inputs_come_first_and_as_they_are(tmp_path: Path) -> None:
    a1, a2, b1, picture = save(
        tmp_path, a1=cut("1.1"), a2=cut("1.1", 2), b1=cut("1.2"), picture=png()
    )
    items = [*inputs(a1, b1, picture), Input("https://example.org/"), *inputs(a2)]
    found = list(by_series(items))
    assert found[:2] == items[2:4]
    assert [(item.source, item.series and item.series.files) for item in found[2:]] == [
        (str(a2), 2),
        (str(b1), None),
    ]


def test_inputs_that_are_no_slices_do_not_wait_for_the_end() -> None:
    def endless() -> Iterator[Input]:
        while True:
            yield Input("https://example.org/")

    assert next(by_series(endless())).is_url


@pytest.mark.parametrize("series", ["", "1" * 66])
def test_files_without_a_usable_series_stay_alone(tmp_path: Path, series: str) -> None:
    usable = "1" * 64
    made = written(dataset(ramp(), SeriesInstanceUID=usable))
    length, longer = len(usable).to_bytes(2, "little"), len(series).to_bytes(2, "little")
    made = made.replace(length + usable.encode(), longer + series.encode())
    paths = save(tmp_path, a=made, b=made)
    assert list(by_series(inputs(*paths))) == inputs(*paths)


def test_documents_of_a_series_stay_alone(tmp_path: Path) -> None:
    made = dataset(ramp(), SeriesInstanceUID=SERIES)
    del made.Rows, made.PixelData
    paths = save(tmp_path, a=written(made), b=written(made))
    assert list(by_series(inputs(*paths))) == inputs(*paths)


@pytest.mark.parametrize(
    "name",
    ["CT_small.dcm", "image_dfl.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm"],
)
def test_the_series_is_told_in_every_encoding(tmp_path: Path, name: str) -> None:
    import pydicom

    (path,) = save(tmp_path, **{name: sample(name)})
    found = slice_of(path)
    assert found is not None
    assert found.series == pydicom.dcmread(path, force=True).SeriesInstanceUID
    assert found.series not in repr(found)


def test_a_file_without_its_preamble_has_a_series_too(tmp_path: Path) -> None:
    (path,) = save(tmp_path, a=written(dataset(ramp(), SeriesInstanceUID=SERIES))[128:])
    assert slice_of(path) is not None


@pytest.mark.parametrize(("length", "known"), [(1, True), (64, True), (65, False)])
def test_an_identifier_has_at_most_64_characters(tmp_path: Path, length: int, known: bool) -> None:
    content = cut("1" * 64)
    at = content.index(b"\x20\x00\x0e\x00UI") + 6
    value = b"1" * length + b"\0" * (length % 2)
    content = content[:at] + struct.pack("<H", len(value)) + value + content[at + 2 + 64 :]
    (path,) = save(tmp_path, a=content)
    assert (slice_of(path) is not None) == known


def test_a_header_that_starts_with_much_else_is_read_further(tmp_path: Path) -> None:
    made = dataset(ramp(), SeriesInstanceUID=SERIES)
    made.add_new(0x00091010, "OB", b"\0" * 200_000)
    (path,) = save(tmp_path, a=written(made))
    assert slice_of(path) is not None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=20))
def test_damaged_headers_are_no_slices_and_no_faults(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(mutated(cut(), changes))
    slice_of(path)


def test_a_deflated_bomb_is_inflated_no_further_than_it_is_read() -> None:
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = packer.compress(bytes(50_000_000)) + packer.flush()
    meta = str(uid.DeflatedExplicitVRLittleEndian).encode()
    head = bytes(128) + b"DICM" + bytes(8) + len(meta).to_bytes(4, "little") + meta
    inflated = _inflated(head + bomb)
    assert inflated is not None
    assert 0 < len(inflated) <= len(head + bomb)


def test_of_a_long_series_an_even_choice_is_kept() -> None:
    kept = _Sample[int](16)
    for number in range(10_000):
        kept.add(number)
    assert kept.count == 10_000
    assert 8 <= len(kept.kept) <= 16
    steps = set(np.diff(kept.kept).tolist())
    assert len(steps) == 1
    assert kept.kept[-1] > 8_000


def test_the_middle_comes_first() -> None:
    assert from_the_middle([0, 1, 2, 3, 4]) == [2, 1, 3, 0, 4]
    assert from_the_middle([7]) == [7]


def of_series(*paths: Path) -> list[Finding]:
    item = Input(str(paths[0]), paths[0], series=Series(len(paths), paths[1:]))
    return list(series_findings(item, Context(recurse=findings)))


def test_a_series_gives_the_picture_of_its_middle(tmp_path: Path) -> None:
    (found,) = of_series(*save(tmp_path, a=cut(), b=cut(number=2)))
    assert isinstance(found, Picture)
    assert (found.where.source, found.where.source_type) == (str(tmp_path / "a"), "dicom")
    assert found.where.locator == "one of 2 files of its series"


def test_a_slice_that_cannot_be_read_is_told_and_another_one_taken(tmp_path: Path) -> None:
    broken = dataset(ramp(), SeriesInstanceUID=SERIES)
    broken.file_meta.TransferSyntaxUID = uid.JPEG2000Lossless
    broken.PixelData = encapsulate([b"no JPEG 2000"])
    broken["PixelData"].VR = "OB"
    failed, found = of_series(*save(tmp_path, a=written(broken), b=cut()))
    assert isinstance(failed, Problem)
    assert failed.status == "failed"
    assert isinstance(found, Picture)
    assert found.where.locator == "b, one of 2 files of its series"
    assert found.where.source == str(tmp_path / "a")


def test_a_blank_slice_is_passed_over_unless_all_are(tmp_path: Path) -> None:
    blank = written(dataset(np.zeros((48, 64), np.uint16), SeriesInstanceUID=SERIES))
    a, b, c = save(tmp_path, a=blank, b=blank, c=cut())
    (found,) = of_series(a, b, c)
    assert found.where.locator.startswith("c, ")
    (found,) = of_series(a, b)
    assert found.where.locator == "one of 2 files of its series"


def test_slices_in_an_archive_become_one_picture_a_series() -> None:
    members = [(f"ct/{n}.dcm", cut(number=n)) for n in range(9)]
    members += [("b.png", png()), ("other.dcm", cut("1.2.3"))]
    first, ct, other = one_a_series(scan(zipped(*members)))
    assert first.where.member == "b.png"
    assert ct.where.member == "ct/4.dcm"
    assert ct.where.locator == "member ct/4.dcm, one of 9 images of its series"
    assert other.where.locator == "member other.dcm"


def test_frames_are_images_of_their_series() -> None:
    frames = np.stack([np.roll(ramp(), n, axis=1) for n in range(4)])
    made = written(dataset(frames, NumberOfFrames=4, SeriesInstanceUID=SERIES))
    (found,) = one_a_series(scan(made))
    assert found.where.frame == 2
    assert found.where.locator == "frame 2, one of 4 images of its series"


def test_pixels_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from medsift.sources import series

    monkeypatch.setattr(series, "_HELD_BYTES", 4 * 48 * 64 * 3)
    members = [(f"{s}/{n}.dcm", cut(f"1.2.{s}", n)) for n in range(9) for s in range(3)]
    found = list(one_a_series(scan(zipped(*members))))
    assert len(found) == 3
    assert all("one of 9 images" in one.where.locator for one in found)


def test_scanning_by_series_gives_a_record_each_without_the_identifier(tmp_path: Path) -> None:
    folder = tmp_path / "disc"
    folder.mkdir()
    save(folder, **{f"a{n}": cut(SERIES, n) for n in range(7)})
    save(folder, **{f"b{n}": cut(f"{SERIES}.1", n) for n in range(3)})
    (folder / "c.zip").write_bytes(zipped(*((f"{n}", cut(f"{SERIES}.2", n)) for n in range(3))))
    out = tmp_path / "out.jsonl"
    assert main(["scan", str(folder), "--by-series", "-o", str(out), "--quiet"]) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(Path(row["source"]).name, row["locator"]) for row in rows] == [
        ("c.zip", "member 1, one of 3 images of its series"),
        ("a3", "one of 7 files of its series"),
        ("b1", "one of 3 files of its series"),
    ]
    assert SERIES not in out.read_text()
