"""How far a picture lies from everything that a model was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from medsift.classify import ood
from medsift.core.errors import ModelError

RNG = np.random.default_rng(5)
CENTRES = RNG.normal(0, 1, (5, 60)) + 3


def clusters(n: int, rng: np.random.Generator, width: int = 60) -> tuple[Any, Any]:
    targets = rng.integers(0, len(CENTRES), n)
    features = CENTRES[targets] + rng.normal(0, 0.2, (n, width))
    return features.astype(np.float32), targets.astype(np.int64)


def elsewhere(n: int, rng: np.random.Generator) -> NDArray[np.float32]:
    centre = rng.normal(0, 1, 60) + 3
    return (centre + rng.normal(0, 0.2, (n, 60))).astype(np.float32)


@pytest.mark.parametrize("relative", [False, True])
def test_what_belongs_to_no_class_scores_higher_than_held_out_members(relative: bool) -> None:
    rng = np.random.default_rng(1)
    features, targets = clusters(600, rng)
    detector = ood.fit([features], targets, components=8, relative=relative)
    inside = detector.scores([clusters(300, rng)[0]])
    outside = detector.scores([elsewhere(50, rng)])
    assert inside.shape == (300,)
    assert outside.min() > inside.max()


def test_directions_that_the_components_leave_out_still_count() -> None:
    rng = np.random.default_rng(2)
    features, targets = clusters(400, rng)
    features[:, -1] = 1.0  # constant in training: no component looks that way
    detector = ood.fit([features], targets, components=4)
    strange = features[:20].copy()
    strange[:, -1] = 30.0
    assert detector.scores([strange]).min() > detector.scores([features]).max()


def test_the_length_of_the_features_does_not_matter() -> None:
    features, targets = clusters(200, np.random.default_rng(3))
    detector = ood.fit([features], targets)
    scores = detector.scores([features])
    assert detector.scores([features * 7]) == pytest.approx(scores, rel=1e-2)


def test_the_features_of_all_networks_count() -> None:
    rng = np.random.default_rng(4)
    first, targets = clusters(400, rng)
    second = rng.normal(5, 0.1, (400, 30)).astype(np.float32)
    detector = ood.fit([first, second], targets)
    usual = detector.scores([first, second])
    odd = detector.scores([first, second[:, ::-1] * np.linspace(-1, 1, 30, dtype=np.float32)])
    assert odd.min() > usual.max()


def test_a_small_source_weighs_as_much_as_it_is_told_to() -> None:
    rng = np.random.default_rng(6)
    features, _ = clusters(303, rng)
    rare = elsewhere(3, rng)
    features[-3:] = rare
    one_class = np.zeros(303, dtype=np.int64)
    weights = np.full(303, 1.0)
    weights[-3:] = 100.0
    even = ood.fit([features], one_class).scores([rare]).mean()
    weighed = ood.fit([features], one_class, weights).scores([rare]).mean()
    assert weighed < even / 2


def test_pictures_of_unknown_class_are_left_out() -> None:
    rng = np.random.default_rng(7)
    features, targets = clusters(200, rng)
    strangers = elsewhere(200, rng)
    both = ood.fit(
        [np.concatenate([features, strangers])], np.concatenate([targets, np.full(200, -1)])
    )
    alone = ood.fit([features], targets)
    assert both.scores([strangers]) == pytest.approx(alone.scores([strangers]), rel=1e-3)


def test_it_survives_its_file_and_the_file_is_small(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    wide = [rng.normal(1, 1, (400, 1280)).astype(np.float32) for _ in range(3)]
    detector = ood.fit(wide, rng.integers(0, 42, 400))
    detector.save(tmp_path / "ood.npz")
    again = ood.load(tmp_path / "ood.npz")
    assert again.scores(wide).tolist() == detector.scores(wide).tolist()
    assert (tmp_path / "ood.npz").stat().st_size < 300_000


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 no archive", b"text"])
def test_a_missing_or_damaged_file_is_a_model_error(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "ood.npz").write_bytes(content)
    with pytest.raises(ModelError, match="cannot be read"):
        ood.load(tmp_path / "ood.npz")


def test_the_threshold_leaves_the_stated_share_of_held_out_pictures_inside(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(9)
    detector = ood.fit([(known := clusters(500, rng))[0]], known[1])
    held_out = clusters(200, rng)[0]
    spec = ood.store(detector, [held_out], tmp_path, quantile=0.95)
    assert (detector.scores([held_out]) > spec.threshold).sum() == 10
    assert (spec.quantile, spec.held_out) == (0.95, 200)


def test_without_held_out_pictures_nothing_is_out_of_distribution() -> None:
    assert ood.threshold_at(np.zeros(0)) == float("inf")


def test_it_cannot_be_fitted_without_pictures() -> None:
    with pytest.raises(ValueError, match="without pictures"):
        ood.fit([np.zeros((3, 4), np.float32)], np.full(3, -1))
