"""Pictures that training makes up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsift.core.taxonomy import KINDS
from medsift.evaluation.labelled import find_examples
from medsift.training import collage as made
from medsift.training.data import build_store
from medsift.training.procedural import DRAWN_KINDS, draw
from medsift.training.variants import (
    as_angiogram,
    cut_out,
    grey_detail,
    inverted_on_paper,
    recoloured,
)


@pytest.mark.parametrize("kind", DRAWN_KINDS)
def test_drawn_pictures_differ_from_each_other_and_are_not_medical(kind: str) -> None:
    assert KINDS[kind].label == "non_medical"
    pictures = [draw(kind, np.random.default_rng(seed)) for seed in range(4)]
    for picture in pictures:
        assert picture.dtype == np.uint8
        assert picture.ndim == 3
        assert min(picture.shape[:2]) >= 140
    assert len({picture.tobytes() for picture in pictures}) == 4


def test_a_collage_shows_every_panel() -> None:
    panels = [np.full((20, 20, 3), level, np.uint8) for level in (40, 90, 140, 190)]
    figure = made.collage(panels, 2, 2, np.random.default_rng(0))
    assert {40, 90, 140, 190} <= set(np.unique(figure).tolist())


def test_only_kinds_that_the_data_have_are_made_up_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made, "_PER_DRAWN_KIND", 2)
    monkeypatch.setattr(made, "_MEDICAL_COLLAGES", 3)
    monkeypatch.setattr(made, "_COLLAGES_PER_KIND", 1)
    monkeypatch.setattr(made, "_CUT_OUTS_PER_KIND", 2)
    kinds = ("medical/ct", "medical/multipanel", "non_medical/photo", "non_medical/astronomy")
    for kind in kinds:
        (tmp_path / "data" / kind).mkdir(parents=True)
        Image.new("RGB", (40, 30), "grey").save(tmp_path / "data" / kind / "a.png")
    store, _ = build_store(find_examples(tmp_path / "data"), tmp_path / "cache")
    examples = made.made_up(store, tmp_path / "made-up", seed=1)
    counts = {(e.kind, e.source): 0 for e in examples}
    for e in examples:
        counts[e.kind, e.source] += 1
    assert counts == {
        ("multipanel", "synthetic-collage"): 3,
        ("astronomy", "synthetic-drawn"): 2,
        ("astronomy", "synthetic-collage"): 1,
        ("astronomy", "synthetic-cut-out"): 2,
        ("photo", "synthetic-collage"): 1,
        ("photo", "synthetic-cut-out"): 2,
    }
    assert made.made_up(store, tmp_path / "made-up", seed=2) == examples


def test_cut_outs_leave_white_or_black_around_the_picture() -> None:
    picture = np.full((60, 80, 3), 128, np.uint8)
    for seed in range(12):
        result = cut_out(picture, np.random.default_rng(seed))
        assert result[0, 0, 0] in {0, 255}
        assert (result == 128).all(axis=2).mean() > 0.1


def test_recoloured_pictures_keep_the_order_of_brightness_or_turn_it_around() -> None:
    ramp = np.repeat(np.arange(0, 250, 5, dtype=np.uint8)[None, :, None], 3, axis=2)
    ramp = np.repeat(ramp, 10, axis=0)
    for seed in range(12):
        result = recoloured(ramp, np.random.default_rng(seed))
        assert result.dtype == np.uint8
        assert np.ptp(result.astype(int).sum(axis=2)) > 0


def test_inverted_pictures_lie_whole_on_a_larger_square() -> None:
    picture = np.full((30, 40, 3), 200, np.uint8)
    result = inverted_on_paper(picture, np.random.default_rng(1))
    assert result.shape[0] == result.shape[1] >= 40
    assert (result == 55).all(axis=2).sum() >= 30 * 40


def test_two_class_data_get_nothing_made_up(tmp_path: Path) -> None:
    (tmp_path / "data/medical").mkdir(parents=True)
    Image.new("RGB", (40, 30)).save(tmp_path / "data/medical/a.png")
    store, _ = build_store(find_examples(tmp_path / "data"), tmp_path / "cache")
    assert made.made_up(store, tmp_path / "made-up", seed=1) == []


def test_an_angiogram_shows_the_dark_vessels_of_a_retina_bright() -> None:
    retina = np.full((200, 200, 3), 120, np.uint8)
    for x in range(0, 200, 24):
        retina[:, x : x + 4] = 40
    for seed in range(8):
        result = as_angiogram(retina, np.random.default_rng(seed)).astype(float)
        assert result.shape == (240, 240, 3)
        assert np.array_equal(result[..., 0], result[..., 1])
        columns = result[..., 0].mean(axis=0)
        assert columns.max() - columns.min() > 60
        assert columns.max() - np.median(columns) > np.median(columns) - columns.min()


def test_a_detail_is_grey_and_has_all_the_contrast_it_can() -> None:
    rng = np.random.default_rng(0)
    dull = rng.integers(100, 130, (90, 140, 3), dtype=np.uint8)
    for seed in range(10):
        detail = grey_detail(dull, np.random.default_rng(seed))
        assert np.array_equal(detail[..., 0], detail[..., 2])
        assert max(detail.shape[:2]) == 240
        assert np.ptp(detail) > 200
