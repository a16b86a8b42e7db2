"""Which places of a picture decided the verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from medsift import Classifier, UsageError
from medsift.classify import explain
from medsift.classify.card import read_card, write_card
from medsift.classify.explain import evidence, overlay
from medsift.classify.preprocess import Preprocess, framing_of
from medsift.core.errors import ModelError

from .tiny_model import write_model

RED, GREEN, BLUE = 0, 1, 2


def painted(*parts: tuple[int, slice, slice], size: tuple[int, int] = (64, 64)) -> Any:
    """A black picture of (height, width) with parts in one of the primary colours."""
    pixels = np.zeros((*size, 3), dtype=np.uint8)
    for channel, rows, columns in parts:
        pixels[rows, columns, channel] = 255
    return pixels


RIGHT_RED = painted((RED, slice(None), slice(32, None)))


def test_the_map_is_hot_where_the_picture_looks_medical(tmp_path: Path) -> None:
    explanation = Classifier(write_model(tmp_path)).explain(RIGHT_RED)
    assert explanation.prediction.kind == "ct"
    assert explanation.target == "medical"
    assert explanation.heat.dtype == np.float32
    assert explanation.heat.shape == (64, 64)
    # Red squares: logits 8, 0, 0, so the mean exponential of medical is (e^8 + 1) / 2, of the
    # others 1.
    assert explanation.heat[:, 56:] == pytest.approx(np.log((np.e**8 + 1) / 2), abs=1e-4)
    assert explanation.heat[:, :8] == pytest.approx(0, abs=1e-4)
    assert (np.diff(explanation.heat, axis=1) >= -1e-5).all()


def test_a_place_can_speak_against_the_target(tmp_path: Path) -> None:
    picture = painted((BLUE, slice(32), slice(None)), (GREEN, slice(32, None), slice(None)))
    classifier = Classifier(write_model(tmp_path))
    medical = classifier.explain(picture).heat
    other = classifier.explain(picture, "non_medical").heat
    assert medical[:8].max() < -5
    assert medical[-8:].min() > 5
    assert other == pytest.approx(-medical, abs=1e-5)


def test_any_kind_can_be_asked_for(tmp_path: Path) -> None:
    picture = painted((RED, slice(None), slice(32)), (GREEN, slice(None), slice(32, None)))
    classifier = Classifier(write_model(tmp_path))
    ct = classifier.explain(picture, "ct").heat
    mri = classifier.explain(picture, "mri").heat
    assert ct[:, 8].min() > 5 > -5 > ct[:, -8].max()
    assert mri[:, -8].min() > 5 > -5 > mri[:, 8].max()


def test_a_kind_that_the_model_does_not_know_is_named_with_those_that_it_does(
    tmp_path: Path,
) -> None:
    classifier = Classifier(write_model(tmp_path))
    with pytest.raises(UsageError, match=r"no kind 'cat'; it knows medical, .*ct, mri, photo"):
        classifier.explain(RIGHT_RED, "cat")


def test_a_model_without_class_maps_says_so(tmp_path: Path) -> None:
    classifier = Classifier(write_model(tmp_path, class_map=False))
    assert classifier.predict(RIGHT_RED).kind == "ct"
    with pytest.raises(ModelError, match="no output class_map, so its verdicts cannot"):
        classifier.explain(RIGHT_RED)


def test_a_stretched_picture_has_its_map_in_its_own_proportions(tmp_path: Path) -> None:
    picture = painted((RED, slice(None), slice(300, None)), size=(50, 400))
    heat = Classifier(write_model(tmp_path)).explain(picture).heat
    assert heat.shape == (50, 400)
    assert heat[:, 360:].min() > 5
    assert heat[:, :240].max() < 1


def test_the_margin_of_a_letterbox_is_no_part_of_the_map(tmp_path: Path) -> None:
    model = write_model(tmp_path, size=64, cells=16, fit="letterbox")
    picture = painted((RED, slice(None), slice(64, None)), size=(64, 128))
    heat = Classifier(model).explain(picture).heat
    assert heat.shape == (64, 128)
    # Rows next to the margin are interpolated with it.
    assert heat[8:56, 120:] == pytest.approx(np.log((np.e**8 + 1) / 2), abs=1e-3)
    assert heat[8:56, :8] == pytest.approx(0, abs=1e-3)


def test_what_a_crop_cuts_off_counts_neither_way(tmp_path: Path) -> None:
    model = write_model(tmp_path, fit="crop")
    heat = Classifier(model).explain(painted((RED, slice(None), slice(None)), size=(64, 128))).heat
    assert (heat[:, :36] == 0).all()
    assert heat[4:60, 36:92].min() > 5
    assert (heat[:, 92:] == 0).all()


def test_members_are_averaged(tmp_path: Path) -> None:
    one = Classifier(write_model(tmp_path / "one")).explain(RIGHT_RED).heat
    model = write_model(tmp_path / "two", members=2)
    (model / "1.onnx").write_bytes((write_model(tmp_path / "flat", gain=0) / "0.onnx").read_bytes())
    assert Classifier(model).explain(RIGHT_RED).heat == pytest.approx(one / 2, abs=1e-5)


def test_a_flipped_view_is_laid_back_before_it_is_averaged(tmp_path: Path) -> None:
    model = write_model(tmp_path)
    plain = Classifier(model).explain(RIGHT_RED).heat
    both = Classifier(model, tta=True).explain(RIGHT_RED).heat
    assert both == pytest.approx(plain, abs=1e-5)


def test_large_pictures_are_shrunk_and_keep_their_proportions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain, "LONGEST_SIDE", 100)
    explanation = Classifier(write_model(tmp_path)).explain(painted(size=(50, 200)))
    assert explanation.heat.shape == (25, 100)
    assert explanation.overlay.shape == (25, 100, 3)


def test_files_are_explained_like_arrays(tmp_path: Path) -> None:
    classifier = Classifier(write_model(tmp_path / "model"))
    Image.fromarray(RIGHT_RED).save(tmp_path / "picture.png")
    from_file = classifier.explain(tmp_path / "picture.png")
    assert (from_file.heat == classifier.explain(RIGHT_RED).heat).all()


def test_a_member_of_a_higher_temperature_says_less_everywhere(tmp_path: Path) -> None:
    model = write_model(tmp_path)
    card = read_card(model)
    write_card(replace(card, members=(replace(card.members[0], temperature=2.0),)), model)
    heat = Classifier(model).explain(RIGHT_RED).heat
    assert heat[:, -1] == pytest.approx(np.log((np.e**4 + 1) / 2), abs=1e-3)
    assert heat[:, 0] == pytest.approx(0, abs=1e-3)


def test_verdicts_are_the_same_with_their_maps(tmp_path: Path) -> None:
    classifier = Classifier(write_model(tmp_path, members=2), tta=True)
    pictures = [RIGHT_RED, painted((BLUE, slice(9), slice(40))), painted(size=(64, 128))]
    prepared = [classifier.prepare(picture) for picture in pictures]
    explained = classifier.classify_and_explain(prepared, [(64, 64), (64, 64), (128, 64)])
    assert [prediction for prediction, _ in explained] == classifier.classify(prepared)
    assert [tuple(small[:2]) for _, small in explained] == [(12, 12), (12, 12), (12, 6)]
    assert classifier.classify_and_explain([], []) == []


def test_a_small_map_says_the_same_in_eighths(tmp_path: Path) -> None:
    classifier = Classifier(write_model(tmp_path))
    ((_, small),) = classifier.classify_and_explain([classifier.prepare(RIGHT_RED)], [(64, 64)])
    rows = np.frombuffer(small[2:], dtype=np.int8).reshape(12, 12)
    assert rows[:, -1].tolist() == [round(8 * np.log((np.e**8 + 1) / 2))] * 12
    assert rows[:, 0].tolist() == [0] * 12


def test_evidence_beyond_what_a_small_map_can_say_is_cut(tmp_path: Path) -> None:
    classifier = Classifier(write_model(tmp_path, gain=100))
    prepared = [classifier.prepare(painted((BLUE, slice(None), slice(None))))]
    ((_, small),) = classifier.classify_and_explain(prepared, [(1, 1)])
    assert small == bytes([1, 1, 256 - 127])


@pytest.mark.parametrize("class_map", [True, False])
def test_a_model_tells_whether_it_explains(class_map: bool, tmp_path: Path) -> None:
    assert Classifier(write_model(tmp_path, class_map=class_map)).explains == class_map


def test_the_overlay_is_orange_for_and_blue_against_and_grey_where_nothing_is_said() -> None:
    picture = np.full((1, 3, 3), (200, 100, 50), dtype=np.uint8)
    shown = overlay(picture, np.array([[5, 0, -5]], dtype=np.float32)).astype(int)
    assert shown[0, 0, 0] > shown[0, 0, 2] + 50
    assert shown[0, 1].tolist() == [124, 124, 124]
    assert shown[0, 2, 2] > shown[0, 2, 0] + 50


def test_weak_evidence_stays_pale() -> None:
    picture = np.full((1, 1, 3), 128, dtype=np.uint8)
    faint = overlay(picture, np.array([[0.01]], dtype=np.float32)).astype(int)
    assert np.abs(faint - 128).max() <= 1


def test_evidence_stands_large_logits() -> None:
    logits = np.array([[[1000.0]], [[-1000.0]]])
    assert evidence(logits, np.array([True, False])).item() == 2000


@given(
    width=st.integers(1, 500),
    height=st.integers(1, 500),
    fit=st.sampled_from(["stretch", "letterbox", "crop"]),
)
def test_a_view_lies_within_the_picture_and_the_square(width: int, height: int, fit: Any) -> None:
    view = framing_of(width, height, Preprocess(32, fit))
    left, top, right, bottom = view.seen
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    x0, y0, x1, y1 = view.square
    assert 0 <= x0 < x1 <= 1
    assert 0 <= y0 < y1 <= 1
