"""Labels as people have them: tables, trees of kinds, and the layouts of other programs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsift.cli import main
from medsift.core.errors import OutputError, UsageError
from medsift.core.taxonomy import Label
from medsift.evaluation import formats
from medsift.evaluation.labelled import Example, find_examples, opened_examples
from medsift.evaluation.naming import known_kind

Fact = tuple[bytes, str, str, str, str]


def facts(examples: list[Example]) -> list[Fact]:
    return sorted((e.path.read_bytes(), e.label, e.kind, e.source, e.split) for e in examples)


def picture(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (20, 24, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    rows: list[tuple[str, Label, str, str, str]] = [
        ("a.png", "medical", "ct", "st. mary's", "train"),
        ("b/a.png", "medical", "ct", "other", "test"),
        ("b/c d.png", "medical", "kirlian aura", "other", "train"),
        ("e.png", "non_medical", "gel_blot", "", "train"),
        ("f.jpg", "non_medical", "photo", "web, site", "test"),
        ("g.png", "non_medical", "ct", "fake", "train"),
        ("h.png", "medical", "", "", "train"),
    ]
    return [
        Example(picture(tmp_path / "in" / name, i), label, kind, source, split)
        for i, (name, label, kind, source, split) in enumerate(rows)
    ]


@pytest.mark.parametrize("name", formats.FORMATS)
def test_a_round_trip_loses_nothing(name: str, examples: list[Example], tmp_path: Path) -> None:
    if name == "parquet":
        pytest.importorskip("arro3.io")
    formats.write(examples, tmp_path / "out", name)
    back = formats.read(tmp_path / "out", {})
    if name == "folders":
        # A folder cannot be called so.
        assert {e.source for e in back} == {"st. mary-s", "other", "", "web- site", "fake"}
        examples = [
            Example(e.path, e.label, e.kind, e.source.replace("'", "-").replace(",", "-"), e.split)
            for e in examples
        ]
    assert facts(back) == facts(examples)


@pytest.mark.parametrize("name", formats.FORMATS)
def test_pictures_without_splits_get_none(name: str, tmp_path: Path) -> None:
    if name == "parquet":
        pytest.importorskip("arro3.io")
    kinds: list[tuple[Label, str]] = [("medical", "ct"), ("non_medical", "photo")]
    made = [
        Example(picture(tmp_path / f"{i}.png", i), label, kind, "s")
        for i, (label, kind) in enumerate(kinds)
    ]
    formats.write(made, tmp_path / "out", name)
    assert facts(formats.read(tmp_path / "out", {})) == facts(made)


def test_what_is_there_is_never_written_over(examples: list[Example], tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        formats.write(examples, tmp_path / "in", "coco")


@pytest.mark.parametrize("name", ["coco", "fiftyone", "label-studio"])
def test_a_list_does_not_lead_out_of_its_folder(
    name: str, examples: list[Example], tmp_path: Path
) -> None:
    formats.write(examples[:1], tmp_path / "out", name)
    for file in (tmp_path / "out").glob("*.json"):
        text = file.read_text(encoding="utf-8")
        stem = "a" if name == "fiftyone" else "data/train/medical/ct/st. mary-s/a.png"
        text = text.replace(f'"{stem}"', '"../../secret"').replace(
            "train/medical/ct/st. mary-s/a.png", "../../../../secret.png"
        )
        text = text.replace("train/medical/ct/st.%20mary-s/a.png", "../../../../secret.png")
        assert "secret" in text
        file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError):
        formats.read(tmp_path / "out", {})


@pytest.mark.parametrize("text", ["[1]", "{}", "nothing", '{"labels": 3}', '{"annotations": 1}'])
def test_a_malformed_list_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError):
        formats.read(tmp_path, {})


def test_a_coco_file_of_others_is_read_by_the_names_of_its_categories(tmp_path: Path) -> None:
    picture(tmp_path / "images/a.png", 0)
    content = {
        "images": [{"id": 7, "file_name": "images/a.png", "width": 1, "height": 1}],
        "categories": [{"id": 1, "name": "chest X-ray", "supercategory": "none"}],
        "annotations": [{"id": 1, "image_id": 7, "category_id": 1, "bbox": [0, 0, 1, 1]}] * 2,
    }
    file = tmp_path / "instances.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    (example,) = formats.read(file, {})
    assert (example.label, example.kind) == ("medical", "xray")
    content["categories"] = [{"id": 1, "name": "aura"}]
    file.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UsageError, match="--kind"):
        formats.read(file, {})
    assert formats.read(file, {"aura": "medical"})[0].kind == "aura"


def test_a_table_may_call_its_columns_otherwise(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 0)
    table = tmp_path / "labels.csv"
    table.write_text("Filename,Class,Subset\na.png,MRI scan,val\na.png,Photograph,\n", "utf-8")
    found = find_examples(table)
    assert [(e.label, e.kind, e.split) for e in found] == [
        ("medical", "mri", "val"),
        ("non_medical", "photo", ""),
    ]
    assert found[0].path == tmp_path / "a.png"


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n", "path,kind\na.png,aura\n", "path,label\n,medical\n", "path,label\n"]
)
def test_a_table_that_does_not_tell_labels_is_refused(text: str, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError):
        find_examples(table)


def test_folders_of_kinds_alone_are_mapped_through_the_taxonomy(tmp_path: Path) -> None:
    for place in ("X-Ray/a/1.png", "photos/2.png", "aura/3.png", "train/ct/4.png"):
        picture(tmp_path / place, 1)
    found = find_examples(tmp_path, {"aura": "non_medical"})
    assert {(e.label, e.kind, e.source, e.split) for e in found} == {
        ("medical", "xray", "a", ""),
        ("non_medical", "photo", "", ""),
        ("non_medical", "aura", "", ""),
        ("medical", "ct", "", "train"),
    }


def test_folders_that_nothing_is_known_of_are_named(tmp_path: Path) -> None:
    picture(tmp_path / "aura/3.png", 1)
    with pytest.raises(UsageError, match="aura"):
        find_examples(tmp_path)


def test_splits_of_labelled_folders_are_told(tmp_path: Path) -> None:
    picture(tmp_path / "train/medical/ct/s/1.png", 1)
    picture(tmp_path / "val/non_medical/photo/s/1.png", 1)
    assert [(e.split, e.kind) for e in find_examples(tmp_path)] == [
        ("train", "ct"),
        ("val", "photo"),
    ]


def test_a_zip_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    import zipfile

    file = tmp_path / "x.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../medical/ct/1.png", b"x")
    with pytest.raises(UsageError, match="out of"), opened_examples(file):
        pass
    file.write_bytes(b"no zip")
    with pytest.raises(UsageError), opened_examples(file):
        pass


@pytest.mark.parametrize(
    ("text", "kind"),
    [("X-ray", "xray"), ("CT", "ct"), ("Charts", "chart"), ("bar_chart", "chart"), ("aura", None)],
)
def test_names_that_people_use_are_known(text: str, kind: str | None) -> None:
    found = known_kind(text)
    assert (found[0] if found else None) == kind


def test_convert_goes_there_and_back(
    examples: list[Example], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    formats.write(examples, tmp_path / "csv", "csv")
    for step, (start, name) in enumerate((("csv", "coco"), ("0", "imagefolder"), ("1", "csv"))):
        words = ["dataset", "convert", str(tmp_path / start), "-o", str(tmp_path / str(step))]
        assert main([*words, "--to", name]) == 0
    assert facts(formats.read(tmp_path / "2", {})) == facts(examples)
    assert "7 pictures" in capsys.readouterr().out


def test_check_names_what_should_be_mended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    one = picture(data / "train/medical/ct/s/1.png", 1)
    two = data / "test/medical/ct/s/2.png"
    two.parent.mkdir(parents=True)
    two.write_bytes(one.read_bytes())
    picture(data / "train/non_medical/photo/s/3.png", 3)
    (data / "train/non_medical/photo/s/broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    (data / "train/notes").mkdir()
    out = tmp_path / "findings.csv"
    assert main(["dataset", "check", str(data), "-o", str(out)]) == 3
    with out.open(encoding="utf-8") as file:
        rows = {row["problem"]: row for row in csv.DictReader(file)}
    assert rows["copy"]["note"] == "split"
    assert rows["unreadable"]["path"].endswith("broken.png")
    assert rows["passed_over"]["path"].endswith("notes")
    assert "copies: 1, 1 across" in capsys.readouterr().out


def test_check_has_nothing_to_say_of_a_clean_set(tmp_path: Path) -> None:
    for seed in range(10):
        picture(
            tmp_path / ("medical/ct" if seed % 2 else "non_medical/photo") / f"{seed}.png", seed
        )
    assert main(["dataset", "check", str(tmp_path)]) == 0


def test_check_finds_a_near_copy_with_another_label(tmp_path: Path) -> None:
    y, x = np.mgrid[0:120, 0:160]
    scene = np.stack([(x * 2) % 256, (y * 2 + x) % 256, (x * y // 90) % 256], -1).astype(np.uint8)
    for place, side in (("medical/ct", 160), ("non_medical/photo", 120)):
        (tmp_path / place).mkdir(parents=True)
        image = Image.fromarray(scene).resize((side, side * 3 // 4))
        image.save(tmp_path / place / "x.jpg", quality=80)
    from medsift.evaluation.check import check

    findings = check(tmp_path, find_examples(tmp_path))
    (pair,) = [f for f in findings if f.problem == "near_copy"]
    assert pair.note == "label"
    assert pair.is_fault
