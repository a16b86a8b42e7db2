"""Inputs become their records."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

import medsift
from medsift.classify import Classifier
from medsift.classify.ensemble import Prepared
from medsift.core.picture import Finding, Picture, Pixels
from medsift.pipeline.examine import Examiner
from medsift.pipeline.options import ScanOptions
from medsift.sources.base import Blob, Context
from medsift.sources.inputs import Input
from tests.classify.tiny_model import write_model
from tests.samples import dicom_file, jpeg, picture, write_pdf
from tests.sources.dicom_samples import dataset, ramp, written
from tests.sources.pdf.making_pdfs import scene, to_jpeg


def test_the_same_picture_again_is_marked_with_the_same_verdict(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [picture(1), picture(2), picture(1)])
    first, other, again = medsift.scan(tmp_path / "a.pdf", threshold=0.0)
    assert (first.reason, other.reason, again.reason) == ("", "", "duplicate")
    assert again.sha256 == first.sha256 != other.sha256
    assert (again.page, again.p_medical, again.kind) == (3, first.p_medical, first.kind)


def test_reports_get_a_small_map_with_each_picture_and_its_copies(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [picture(1), picture(2), picture(1)])
    model = str(write_model(tmp_path / "model"))
    item = Input("a.pdf", path=tmp_path / "a.pdf")
    with_maps = list(Examiner(ScanOptions(model, heat=True)).examine(item))
    plain = list(Examiner(ScanOptions(model)).examine(item))
    first, other, again = (outcome.heat for outcome in with_maps)
    assert first is not None
    assert other is not None
    assert first == again
    assert [outcome.heat for outcome in plain] == [None] * 3
    assert [replace(o.record, ms=0) for o in with_maps] == [replace(o.record, ms=0) for o in plain]


def test_models_that_cannot_explain_make_reports_without_maps(tmp_path: Path) -> None:
    picture(1).save(tmp_path / "a.png")
    model = str(write_model(tmp_path / "model", class_map=False))
    examiner = Examiner(ScanOptions(model, thumbnails=True, heat=True))
    (outcome,) = examiner.examine(Input("a.png", path=tmp_path / "a.png"))
    assert outcome.record.label in {"medical", "non_medical", "uncertain"}
    assert outcome.thumbnail is not None
    assert outcome.heat is None


def test_thumbnails_alone_do_not_pay_for_maps(tmp_path: Path) -> None:
    picture(1).save(tmp_path / "a.png")
    model = str(write_model(tmp_path / "model"))
    examiner = Examiner(ScanOptions(model, thumbnails=True))
    (outcome,) = examiner.examine(Input("a.png", path=tmp_path / "a.png"))
    assert outcome.thumbnail is not None
    assert outcome.heat is None


def test_saving_files_as_they_are_does_not_have_them_decoded_at_full_size(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(picture(1, (1600, 1200))))
    write_pdf(tmp_path / "a.pdf", [picture(2, (1600, 1200))])
    sizes = []

    class Watching(Classifier):
        def prepare(self, pixels: Pixels) -> Prepared:
            sizes.append(pixels.shape[:2])
            return super().prepare(pixels)

    options = ScanOptions("fast", save_images=tmp_path / "saved", threshold=0.0)
    examiner = Examiner(options, classifier=Watching("fast", threshold=0.0))
    for name in ("a.jpg", "a.pdf"):
        list(examiner.examine(Input(name, path=tmp_path / name)))
    assert len(sizes) == 2
    assert max(map(max, sizes)) <= 800
    saved = [size_of(path) for path in (tmp_path / "saved").rglob("*.jpg")]
    assert saved == [(1600, 1200)] * 2


def test_pictures_without_bytes_of_their_own_are_saved_with_all_their_pixels(
    tmp_path: Path,
) -> None:
    large = pydicom.dcmread(dicom_file("MR_small.dcm"))
    pixels = np.kron(large.pixel_array, np.ones((10, 10), dtype=np.int16))
    large.Rows, large.Columns = pixels.shape
    large.PixelData = pixels.tobytes()
    large.save_as(tmp_path / "a.dcm")
    options = ScanOptions("fast", save_images=tmp_path / "saved", threshold=0.0)
    list(Examiner(options).examine(Input("a.dcm", path=tmp_path / "a.dcm")))
    (path,) = (tmp_path / "saved").rglob("*.png")
    assert size_of(path) == (640, 640)


def test_frames_of_one_file_are_no_duplicates(tmp_path: Path) -> None:
    images = [picture(n) for n in range(3)]
    images[0].save(tmp_path / "a.tif", save_all=True, append_images=images[1:])
    records = list(medsift.scan(tmp_path / "a.tif", threshold=0.0))
    assert [(record.frame, record.reason) for record in records] == [(0, ""), (1, ""), (2, "")]


@pytest.mark.parametrize(("declared", "reason"), [("MG", "modality_conflict"), ("OT", "")])
def test_a_header_that_contradicts_the_pixels_is_a_reason(
    tmp_path: Path, declared: str, reason: str
) -> None:
    dataset = pydicom.dcmread(dicom_file())
    dataset.Modality = declared
    dataset.save_as(tmp_path / "a.dcm")
    (record,) = medsift.scan(tmp_path / "a.dcm", threshold=0.0)
    assert record.kind != "mammography"
    assert record.reason == reason


def test_verdicts_do_not_depend_on_what_else_is_in_the_batch(tmp_path: Path) -> None:
    items = []
    for n in range(7):
        picture(n).save(tmp_path / f"{n}.png")
        items.append(Input(str(n), path=tmp_path / f"{n}.png"))
    examiner = Examiner(ScanOptions())
    together = [outcome.record for _, outcome in examiner.examine_all(items) if outcome]
    fresh = Examiner(ScanOptions())
    alone = [outcome.record for item in items for outcome in fresh.examine(item)]
    assert [record.p_medical for record in together] == [record.p_medical for record in alone]
    assert [record.source for record in together] == [item.source for item in items]


def test_inputs_end_in_order_after_their_records(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [picture(n) for n in range(6)])
    picture(8).save(tmp_path / "b.png")
    items = [Input(name, path=tmp_path / name) for name in ("a.pdf", "b.png", "none.png")]
    events = [
        (position, outcome.record.status if outcome else "end")
        for position, outcome in Examiner(ScanOptions()).examine_all(items)
    ]
    assert events == [
        *[(0, "ok")] * 6,
        (0, "end"),
        (1, "ok"),
        (1, "end"),
        (2, "failed"),
        (2, "end"),
    ]


def test_the_same_picture_in_another_input_is_classified_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(1).save(tmp_path / "a.png")
    classified = 0
    classify = Classifier.classify_figures

    def counting(self: Classifier, batch: list[object], *rest: object) -> object:
        nonlocal classified
        classified += len(batch)
        return classify(self, batch, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Classifier, "classify_figures", counting)
    examiner = Examiner(ScanOptions(threshold=0.0))
    first, again = (
        next(examiner.examine(Input(name, path=tmp_path / "a.png"))).record for name in "xy"
    )
    assert classified == 1
    assert (again.source, again.reason) == ("y", "")
    assert (again.p_medical, again.sha256) == (first.p_medical, first.sha256)


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return (image.width, image.height)


def test_the_same_bytes_shown_otherwise_are_judged_anew_in_another_input(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pixels = scene(300, 400)

    def found(blob: Blob, _context: Context) -> Iterator[Finding]:
        shown = pixels if blob.where.source == "plain" else 255 - pixels
        yield Picture(blob.where, shown, 400, 300, "jpeg", "RGB", "0" * 64)

    monkeypatch.setattr("medsift.pipeline.examine.findings", found)
    examiner = Examiner(ScanOptions("fast", threshold=0.0))
    plain, inverted, again = (
        next(iter(examiner.examine(Input(name, data=b"x")))).record
        for name in ("plain", "inverted", "plain")
    )
    assert plain.p_medical != inverted.p_medical
    assert again.p_medical == plain.p_medical


def test_too_small_goes_before_all_other_reasons_and_blank_before_duplicate(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for side, color in ((8, "white"), (64, "white")):
            stream = io.BytesIO()
            Image.new("RGB", (side, side), color).save(stream, "PNG")
            for number in range(2):
                archive.writestr(f"{side}-{number}.png", stream.getvalue())
    found = medsift.scan(tmp_path / "a.zip", model="fast", workers=1)
    assert [record.reason for record in found] == ["too_small", "too_small", "blank", "blank"]


def test_reasons_of_the_picture_go_before_those_of_the_verdict(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [picture(1), picture(1)])
    first, again = medsift.scan(tmp_path / "a.pdf", model="fast", threshold=1.0)
    assert (first.reason, again.reason) == ("low_confidence", "duplicate, low_confidence")


def test_the_perceptual_hash_does_not_depend_on_the_model(tmp_path: Path) -> None:
    for number, side in enumerate((160, 300, 420, 700, 1100, 1500)):
        (tmp_path / f"{number}.jpg").write_bytes(to_jpeg(scene(side, side * 4 // 3)))
    hashes = [
        [record.phash for record in medsift.scan(tmp_path, model=model)]
        for model in ("default", "fast")
    ]
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize(("by_series", "count"), [(False, 3), (True, 1)])
def test_frames_are_told_one_by_one_unless_a_series_is_one(
    tmp_path: Path, by_series: bool, count: int
) -> None:
    frames = np.stack([np.roll(ramp(), number, axis=1) for number in range(3)])
    made = dataset(frames, NumberOfFrames=3, SeriesInstanceUID="1.2.3", InstanceNumber=1)
    (tmp_path / "a.dcm").write_bytes(written(made))
    model = str(write_model(tmp_path / "model"))
    examiner = Examiner(ScanOptions(model=model, by_series=by_series))
    found = list(examiner.examine(Input("a.dcm", path=tmp_path / "a.dcm")))
    assert [outcome.record.status for outcome in found] == ["ok"] * count
