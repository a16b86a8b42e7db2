"""What is written in other programs' layouts is opened by these programs, where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from medsift.core.taxonomy import Label
from medsift.evaluation import formats
from medsift.evaluation.labelled import Example
from tests.evaluation.test_formats import picture

pytestmark = pytest.mark.partners


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    rows: list[tuple[Label, str, str, str]] = [
        ("medical", "ct", "a", "train"),
        ("medical", "ct", "b", "test"),
        ("non_medical", "gel_blot", "a", "train"),
    ]
    return [Example(picture(tmp_path / f"in/{i}.png", i), *row) for i, row in enumerate(rows)]


def test_pycocotools_reads_the_coco_file(examples: list[Example], tmp_path: Path) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    formats.write(examples, tmp_path / "out", "coco")
    opened = coco.COCO(str(tmp_path / "out/labels.json"))
    (scans,) = opened.getCatIds(catNms=["ct"])
    assert len(opened.getImgIds(catIds=[scans])) == 2
    (image,) = opened.loadImgs([3])
    assert (image["width"], image["height"], image["source"]) == (24, 20, "a")


def test_datasets_reads_the_imagefolder(examples: list[Example], tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    formats.write(examples, tmp_path / "out", "imagefolder")
    opened = datasets.load_dataset(
        "imagefolder", data_dir=str(tmp_path / "out"), cache_dir=str(tmp_path / "cache")
    )
    assert {name: len(part) for name, part in opened.items()} == {"train": 2, "test": 1}
    (row,) = opened["test"]
    assert (row["label"], row["kind"], row["source"]) == ("medical", "ct", "b")
    assert row["image"].size == (24, 20)


def test_fiftyone_reads_its_data_set(examples: list[Example], tmp_path: Path) -> None:
    importers = pytest.importorskip("fiftyone.utils.data.importers")
    formats.write(examples, tmp_path / "out", "fiftyone")
    importer = importers.FiftyOneImageClassificationDatasetImporter(
        dataset_dir=str(tmp_path / "out"), include_all_data=True
    )
    with importer:
        rows = {Path(path).stem: label for path, _, label in importer}
    assert {label.label for label in rows.values()} == {"ct", "gel_blot"}
    assert len(rows) == 3


def test_label_studio_accepts_config_and_tasks(examples: list[Example], tmp_path: Path) -> None:
    interface = pytest.importorskip("label_studio_sdk.label_interface")
    formats.write(examples, tmp_path / "out", "label-studio")
    import json

    config = interface.LabelInterface((tmp_path / "out/config.xml").read_text(encoding="utf-8"))
    config.validate()
    for task in json.loads((tmp_path / "out/tasks.json").read_text(encoding="utf-8")):
        for annotation in task["annotations"]:
            for region in annotation["result"]:
                assert config.validate_region(region)
