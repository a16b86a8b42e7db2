"""Decoded stores, classes and source-disjoint splits; none of it needs torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsift.core.errors import UsageError
from medsift.evaluation.labelled import Example, find_examples
from medsift.training.data import build_store, classes_of, split_by_source, targets_of
from medsift.training.recipes import RECIPES, find_recipe
from medsift.training.sampling import class_weights, origin_weights, require_both_labels


def example(label: str, kind: str = "", source: str = "", name: str = "a") -> Example:
    return Example(Path(name), label, kind, source)  # type: ignore[arg-type]


def save(path: Path, size: tuple[int, int], colour: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def test_a_store_gives_back_the_pixels_and_reports_what_cannot_be_read(tmp_path: Path) -> None:
    save(tmp_path / "data/medical/ct/a.png", (30, 20), "red")
    save(tmp_path / "data/non_medical/photo/b.png", (10, 40), "blue")
    (tmp_path / "data/medical/ct/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    store, unreadable = build_store(find_examples(tmp_path / "data"), tmp_path / "cache")
    assert [e.path.name for e in store.examples] == ["a.png", "b.png"]
    assert store[0].shape == (20, 30, 3)
    assert store[1].shape == (40, 10, 3)
    assert store[0][5, 5].tolist() == [255, 0, 0]
    assert store[1][39, 9].tolist() == [0, 0, 255]
    assert store.subset([1])[0][0, 0].tolist() == [0, 0, 255]
    assert [(u.path.name, u.error.split(":")[0]) for u in unreadable] == [
        ("broken.png", "undecodable")
    ]


def test_a_store_is_decoded_once_and_again_when_a_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "data/medical/a.png"
    save(path, (30, 20), "red")
    seen: list[int] = []
    for _ in range(2):
        build_store(find_examples(tmp_path / "data"), tmp_path / "cache", seen.append)
    assert seen == [1]
    save(path, (31, 20), "green")
    store, _ = build_store(find_examples(tmp_path / "data"), tmp_path / "cache", seen.append)
    assert seen == [1, 1]
    assert store[0].shape == (20, 31, 3)


def test_an_interrupted_store_leaves_nothing_and_nobody_sees_a_half_one(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(tmp_path / f"data/medical/{name}.png", (30, 20), "red")
    examples, cache = find_examples(tmp_path / "data"), tmp_path / "cache"

    def interrupt(_: int) -> None:
        assert not list(cache.glob("*.bin"))
        assert not list(cache.glob("*.json"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_store(examples, cache, interrupt)
    assert not list(cache.iterdir())
    assert len(build_store(examples, cache)[0]) == 2
    assert {path.suffix for path in cache.iterdir()} == {".bin", ".json"}


def test_large_pictures_are_reduced(tmp_path: Path) -> None:
    save(tmp_path / "data/medical/a.png", (2000, 600), "white")
    store, _ = build_store(find_examples(tmp_path / "data"), tmp_path / "cache")
    assert store[0].shape == (154, 512, 3)


def test_classes_follow_the_taxonomy_and_unknown_kinds_come_last() -> None:
    examples = [
        example("non_medical", "photo"),
        example("medical", "teeth"),
        example("medical", "mri"),
        example("medical", "ct"),
    ]
    classes = classes_of(examples)
    assert [c.name for c in classes] == ["ct", "mri", "photo", "teeth"]
    assert targets_of(examples, classes).tolist() == [2, 3, 1, 0]


def test_without_kinds_the_labels_are_the_classes() -> None:
    classes = classes_of([example("non_medical"), example("medical")])
    assert [(c.name, c.label) for c in classes] == [
        ("medical", "medical"),
        ("non_medical", "non_medical"),
    ]


def test_a_split_never_cuts_through_a_source() -> None:
    examples = [
        example(label, "k", f"{label}-{source}", str(i))
        for label in ("medical", "non_medical")
        for source in range(6)
        for i in range(10)
    ]
    rest, part = split_by_source(examples, 0.2, seed=1)
    assert len(rest) + len(part) == len(examples)
    assert not {e.source for e in rest} & {e.source for e in part}
    assert {e.label for e in rest} == {e.label for e in part} == {"medical", "non_medical"}
    assert 10 <= len(part) <= 40


def test_a_label_with_one_source_is_split_by_picture() -> None:
    examples = [
        example(label, "", "", str(i)) for label in ("medical", "non_medical") for i in range(10)
    ]
    rest, part = split_by_source(examples, 0.2, seed=1)
    assert (len(rest), len(part)) == (16, 4)


def test_a_large_source_cannot_drown_a_small_one() -> None:
    examples = [example("medical", "ct", "large")] * 100
    examples += [example("medical", "ct", "small")] * 4
    examples += [example("non_medical", "photo", "web")] * 10
    weights = origin_weights(examples, None, 0.5, 0.5)
    assert weights[:104].sum() == pytest.approx(0.5)
    # Square roots: 10 to 2 instead of 100 to 4.
    assert weights[:100].sum() / weights[100:104].sum() == pytest.approx(5)


def test_sources_of_one_group_are_drawn_as_one() -> None:
    examples = [example("medical", "ct", source) for source in "aabbcc"]
    examples += [example("non_medical", "photo", "d")]
    weights = origin_weights(examples, [*["r"] * 4, "s", "s", "d"], group_exponent=0)
    assert weights[:4].sum() == pytest.approx(0.25)
    assert weights[4:6].sum() == pytest.approx(0.25)


def test_class_weights_draw_all_classes_equally() -> None:
    examples = [example("medical", "ct")] * 3 + [example("non_medical", "photo")]
    assert np.allclose(class_weights(examples), [1 / 6, 1 / 6, 1 / 6, 1 / 2])


def test_one_label_alone_cannot_be_learned() -> None:
    with pytest.raises(UsageError, match="non_medical"):
        require_both_labels([example("medical", "ct")])


def test_recipes_are_found_by_name() -> None:
    assert set(RECIPES) >= {"default", "fast", "resnet18", "efficientnet-b0-pair"}
    with pytest.raises(UsageError, match="default, fast"):
        find_recipe("magic")
