"""A few labelled pictures become a model folder that everything else takes."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import medsift
from medsift.adaptation.examples import Seen
from medsift.adaptation.fit import Space
from medsift.adaptation.plan import Kinds, Weighing, material_of
from medsift.adaptation.remember import choose, remember
from medsift.classify import Classifier
from medsift.classify.card import ModelClass, read_card
from medsift.cli import main
from medsift.core.errors import ModelError, OutputError, UsageError
from medsift.evaluation.labelled import Example, find_examples
from tests.classify.tiny_model import write_model

COLOURS = {
    "medical/ct": (250, 10, 10),
    "medical/mri": (10, 250, 10),
    "non_medical/photo": (10, 10, 250),
    "medical/kirlian": (240, 240, 10),
    "non_medical/baggage": (10, 240, 240),
}


def labelled(
    folder: Path, kinds: tuple[str, ...], count: int = 4, sources: int = 3, seed: int = 0
) -> Path:
    rng = np.random.default_rng(seed)
    for kind in kinds:
        for source in range(sources):
            place = folder / kind / f"s{source}"
            place.mkdir(parents=True)
            for number in range(count):
                colour = np.clip(COLOURS[kind] + rng.integers(-9, 10, 3), 0, 255)
                pixels = np.full((40, 40, 3), colour, dtype=np.uint8)
                pixels[:: number + 2] //= 2
                Image.fromarray(pixels).save(place / f"{number}.png")
    return folder


SOURCES = ("large", "small", "other")
OLD = ("medical/ct", "medical/mri", "non_medical/photo")
NEW = ("medical/kirlian", "non_medical/baggage")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    model = write_model(tmp_path / "base")
    trained = labelled(tmp_path / "trained", OLD)
    assert remember(model, find_examples(trained), per_kind=8) == 24
    return model


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return labelled(tmp_path / "data", NEW, seed=1)


def test_new_kinds_are_told_beside_the_old_ones(base: Path, data: Path, tmp_path: Path) -> None:
    adapted = medsift.adapt(data, tmp_path / "mine", model=str(base))
    classifier = Classifier(tmp_path / "mine")
    assert [c.name for c in adapted.card.classes] == ["ct", "mri", "photo", "kirlian", "baggage"]
    for kind, colour in COLOURS.items():
        prediction = classifier.predict(np.full((50, 60, 3), colour, dtype=np.uint8))
        label, name = kind.split("/")
        assert (prediction.label, prediction.kind) == (label, name)


def test_old_kinds_keep_what_the_model_said_where_nothing_speaks_for_new_ones(
    base: Path, data: Path, tmp_path: Path
) -> None:
    adapted = medsift.adapt(data, tmp_path / "mine", model=str(base))
    old = adapted.card.metrics["old_kinds"]
    assert old["kind"]["right"] == old["kind_before"]["right"] == 24


def test_only_the_kinds_of_the_data_are_told_if_asked_for(
    base: Path, data: Path, tmp_path: Path
) -> None:
    adapted = medsift.adapt(data, tmp_path / "mine", model=str(base), only=True)
    assert [c.name for c in adapted.card.classes] == ["kirlian", "baggage"]
    assert adapted.card.metrics["kind_accuracy"]["value"] == 1
    assert "old_kinds" not in adapted.card.metrics


def test_a_kind_that_the_model_knows_can_be_corrected(base: Path, tmp_path: Path) -> None:
    yellow = tmp_path / "yellow"
    labelled(yellow, ("medical/kirlian",), sources=4)
    (yellow / "medical/kirlian").rename(yellow / "medical/mri")
    adapted = medsift.adapt(yellow, tmp_path / "mine", model=str(base))
    assert [c.name for c in adapted.card.classes] == ["ct", "mri", "photo"]
    prediction = Classifier(tmp_path / "mine").predict(np.full((50, 60, 3), (240, 240, 10), "u1"))
    assert prediction.kind == "mri"


def test_the_card_says_what_the_model_was_adapted_on(
    base: Path, data: Path, tmp_path: Path
) -> None:
    medsift.adapt(data, tmp_path / "mine", model=str(base))
    card = read_card(tmp_path / "mine")
    assert card.training["adapted"] == "tiny 1"
    assert card.training["sources"]["kirlian"] == {"s0": 4, "s1": 4, "s2": 4}
    assert card.training["new kinds"] == ["medical/kirlian", "non_medical/baggage"]
    assert card.gate is None
    text = (tmp_path / "mine/README.md").read_text(encoding="utf-8")
    assert "| kirlian | 12 | 3 |" in text
    assert "tiny 1" in text


def test_the_same_data_give_the_same_model_and_others_another_version(
    base: Path, data: Path, tmp_path: Path
) -> None:
    weights: list[dict[str, float]] = [{}, {}, {"kirlian": 3.0}]
    versions = [
        medsift.adapt(data, tmp_path / str(i), model=str(base), class_weights=w).card.version
        for i, w in enumerate(weights)
    ]
    assert versions[0] == versions[1] != versions[2]


def test_every_command_takes_the_folder(
    base: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = str(tmp_path / "mine")
    assert main(["adapt", str(data), "-o", mine, "--model", str(base)]) == 0
    assert "kind right" in capsys.readouterr().out
    out, report = tmp_path / "found.csv", tmp_path / "report.html"
    words = ["scan", str(data), "-o", str(out), "--report", str(report), "--model", mine]
    assert main([*words, "--quiet"]) == 0
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["kind"] for row in rows} == {"kirlian", "baggage"}
    # They are in no other list, so that no DICOM code goes with them.
    assert {row["dicom_modality"] for row in rows} == {""}
    assert "kirlian" in report.read_text(encoding="utf-8")
    figures = tmp_path / "figures.json"
    words = ["evaluate", str(data), "--model", mine, "--json", str(figures)]
    assert main([*words, "--report", str(tmp_path / "plots"), "--require", "accuracy>=1"]) == 0
    assert json.loads(figures.read_text())["kind_accuracy"]["medical"]["value"] == 1
    assert main(["models", "show", mine]) == 0
    assert "adapted model" in capsys.readouterr().out


def test_an_adapted_model_says_that_it_cannot_be_explained(
    base: Path, data: Path, tmp_path: Path
) -> None:
    medsift.adapt(data, tmp_path / "mine", model=str(base))
    classifier = Classifier(tmp_path / "mine")
    assert not classifier.explains
    with pytest.raises(ModelError, match="adapted"):
        classifier.explain(np.zeros((40, 40, 3), dtype=np.uint8))


def test_the_export_of_the_review_desk_goes_straight_in(
    base: Path, data: Path, tmp_path: Path
) -> None:
    export = tmp_path / "export.zip"
    with zipfile.ZipFile(export, "w") as archive:
        for path in sorted(data.rglob("*.png")):
            archive.write(path, Path("labelled") / path.relative_to(data))
        archive.writestr("labelled/corrections.csv", "file,label\n")
    words = ["adapt", str(export), "-o", str(tmp_path / "mine"), "--model", str(base)]
    assert main(words) == 0
    assert read_card(tmp_path / "mine").training["pictures"] == 24


def test_too_few_pictures_of_a_kind_are_refused(base: Path, tmp_path: Path) -> None:
    labelled(tmp_path / "data2", ("medical/ct",), count=2, sources=2)
    with pytest.raises(UsageError, match=r"at least 5 .* medical/ct \(4\)"):
        medsift.adapt(tmp_path / "data2", tmp_path / "mine", model=str(base))
    assert not (tmp_path / "mine").exists()


def test_unreadable_pictures_are_named_and_left_out(
    base: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "medical/kirlian/s0/broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    words = ["adapt", str(data), "-o", str(tmp_path / "mine"), "--model", str(base)]
    assert main(words) == 3
    assert "broken.png" in capsys.readouterr().err
    assert read_card(tmp_path / "mine").training["could not be read"] == 1


def test_a_model_without_a_memory_is_adapted_to_the_users_kinds_alone(
    data: Path, tmp_path: Path
) -> None:
    bare = str(write_model(tmp_path / "bare"))
    with pytest.raises(ModelError, match="memory"):
        medsift.adapt(data, tmp_path / "mine", model=bare)
    medsift.adapt(data, tmp_path / "mine", model=bare, only=True)


def test_what_is_no_adapted_model_is_never_replaced(base: Path, data: Path, tmp_path: Path) -> None:
    for _ in range(2):
        medsift.adapt(data, tmp_path / "mine", model=str(base))
    with pytest.raises(OutputError, match="something else"):
        medsift.adapt(data, base, model=str(base))
    with pytest.raises(ModelError, match="adapted already"):
        medsift.adapt(data, tmp_path / "next", model=str(tmp_path / "mine"))


@pytest.mark.parametrize(
    "more",
    [{"folds": 1}, {"threads": 0}, {"may_lose": 2}, {"colour": 1}, {"class_weights": {"x": 1.0}}],
)
def test_impossible_settings_are_refused(
    base: Path, data: Path, tmp_path: Path, more: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        medsift.adapt(data, tmp_path / "mine", model=str(base), **more)


def test_a_damaged_layer_is_told(base: Path, data: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    medsift.adapt(data, mine, model=str(base))
    (mine / "head.npz").write_bytes(b"PK")
    with pytest.raises(ModelError):
        Classifier(mine)
    medsift.adapt(data, tmp_path / "other", model=str(base), only=True)
    (mine / "head.npz").write_bytes((tmp_path / "other/head.npz").read_bytes())
    with pytest.raises(ModelError, match="fit"):
        Classifier(mine)


def test_a_memory_holds_pictures_of_as_many_sources_as_there_are() -> None:
    sources = ["large"] * 50 + ["small", "other"]
    examples = [Example(Path(f"{i}"), "medical", "ct", s) for i, s in enumerate(sources)]
    assert {examples[i].source for i in choose(examples, 3)} == {"large", "small", "other"}


def test_a_verdict_does_not_depend_on_what_else_is_in_the_batch(
    base: Path, data: Path, tmp_path: Path
) -> None:
    medsift.adapt(data, tmp_path / "mine", model=str(base))
    classifier = Classifier(tmp_path / "mine")
    images = [str(e.path) for e in find_examples(data)][:8]
    assert classifier.predict_batch(images) == [classifier.predict(image) for image in images]


def test_neither_large_kinds_nor_large_sources_drown_small_ones() -> None:
    ct, mri = (ModelClass(name, "medical") for name in ("ct", "mri"))
    examples = [Example(Path(f"{i}"), "medical", "ct", "large") for i in range(16)]
    examples += [Example(Path("x"), "medical", "ct", "small")]
    examples += [Example(Path(f"{i}"), "medical", "mri", "other") for i in range(17 * 4)]
    base = np.full((len(examples), 2), 0.5)
    rows = np.zeros((len(examples), 3), np.float32)
    kinds = Kinds((ct, mri), np.array([0, 1]), np.array([True, True]))
    space = Space((3,), np.zeros(3, np.float32), np.eye(3, dtype=np.float32))
    seen = Seen(tuple(examples), rows, base, (3,))
    weights = material_of(seen, None, kinds, space, Weighing()).weights
    of = {name: weights[[e.source == name for e in examples]].sum() for name in SOURCES}
    assert of["large"] / of["small"] == pytest.approx(4)
    assert of["other"] / (of["large"] + of["small"]) == pytest.approx(2)
