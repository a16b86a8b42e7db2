"""A small model goes first: what is plainly not medical stops at it.

Of a picture that is as blue as ``value`` says, with nothing else, the tiny model gives
``2 / (2 + exp(gain * value / 255))`` as the probability of being medical.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from medsift import Classifier
from medsift.classify import Prediction, store
from medsift.classify.card import GateSpec, ModelClass, read_card, write_card
from medsift.classify.cascade import Cascade
from medsift.classify.ensemble import Ensemble, Heard
from medsift.classify.network import Network
from medsift.classify.second_spec import SecondSpec
from medsift.core.errors import ModelError
from medsift.core.picture import Pixels
from tests.samples import picture

from .tiny_model import write_model

GATE, MODEL = 8.0, 4.0
"""Gains, by which the answers can be told apart."""


def coloured(red: int = 0, green: int = 0, blue: int = 0) -> Any:
    return np.full((40, 40, 3), (red, green, blue), dtype=np.uint8)


BLUE, PALE, RED = coloured(blue=255), coloured(blue=150), coloured(red=255)


def of_blue(gain: float, value: int = 255) -> Any:
    return pytest.approx(2 / (2 + np.exp(gain * value / 255)), rel=1e-4)


def write_pair(folder: Path, **gate: Any) -> Path:
    """A model of 32 pixels behind a gate of 16, whose bound is the usual one."""
    write_model(folder / "gate", **{"size": 16, "gain": GATE, **gate})
    return write_model(folder / "model", gain=MODEL, gate=GateSpec("../gate"))


def all_ways(classifier: Classifier, pixels: Any) -> list[Prediction]:
    """Whatever gives a verdict on a picture."""
    prepared = [classifier.prepare(pixels)]
    return [
        classifier.predict(pixels),
        classifier.predict_batch([pixels])[0],
        classifier.classify(prepared)[0],
        classifier.classify_and_explain(prepared, [(40, 40)])[0][0],
        classifier.explain(pixels).prediction,
    ]


def test_a_picture_that_is_plainly_not_medical_has_the_answer_of_the_gate(tmp_path: Path) -> None:
    classifier = Classifier(write_pair(tmp_path))
    first, *others = all_ways(classifier, BLUE)
    assert first.p_medical == of_blue(GATE)
    assert (first.label, first.kind, first.model) == ("non_medical", "photo", "tiny 1")
    assert others == [first] * len(others)
    (row,) = classifier.probabilities([classifier.prepare(BLUE)])
    assert row[:2].sum() == of_blue(GATE)


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [(PALE, of_blue(MODEL, 150)), (RED, pytest.approx((np.e**4 + 1) / (np.e**4 + 2)))],
    ids=["doubtful", "medical"],
)
def test_all_others_have_that_of_the_ensemble(tmp_path: Path, pixels: Any, expected: Any) -> None:
    classifier = Classifier(write_pair(tmp_path))
    first, *others = all_ways(classifier, pixels)
    assert first.p_medical == expected
    assert others == [first] * len(others)
    (row,) = classifier.probabilities([classifier.prepare(pixels)])
    assert row[:2].sum() == expected
    # The very same as without a gate.
    card = read_card(tmp_path / "model")
    write_card(replace(card, gate=None), tmp_path / "model")
    assert Classifier(tmp_path / "model").predict(pixels) == first


@pytest.mark.parametrize(("below", "gain"), [(0.0006, MODEL), (0.0008, GATE)])
def test_the_bound_is_that_of_the_card(tmp_path: Path, below: float, gain: float) -> None:
    # The gate gives blue pictures 0.00067.
    model = write_pair(tmp_path)
    write_card(replace(read_card(model), gate=GateSpec("../gate", below)), model)
    assert Classifier(model).predict(BLUE).p_medical == of_blue(gain)


def test_what_the_gate_said_may_count_where_it_is_not_sure(tmp_path: Path) -> None:
    model = write_pair(tmp_path)
    share = replace(read_card(model), gate=GateSpec("../gate", 0.01, 0.25))
    write_card(share, model)
    gate, own = 2 / (2 + np.exp(GATE * 150 / 255)), 2 / (2 + np.exp(MODEL * 150 / 255))
    first, *others = all_ways(Classifier(model), PALE)
    assert first.p_medical == pytest.approx(0.25 * gate + 0.75 * own, rel=1e-4)
    assert others == [first] * len(others)
    # Where it is sure, its answer stands as before.
    assert Classifier(model).predict(BLUE).p_medical == of_blue(GATE)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        GateSpec("fast", 0.01, share)


def test_verdicts_do_not_depend_on_what_else_is_in_the_batch(tmp_path: Path) -> None:
    classifier = Classifier(write_pair(tmp_path, size=24))
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 40, (40, 40, 40, 3), dtype=np.uint8)
    blues = rng.integers(100, 215, 40)
    prepared = [
        classifier.prepare(noise[n] + coloured(blue=value)) for n, value in enumerate(blues)
    ]
    alone = [classifier.classify([each])[0] for each in prepared]
    # The ensemble itself is never so sure.
    assert 5 < sum(prediction.p_medical < 0.01 for prediction in alone) < 35
    for _ in range(5):
        order = rng.permutation(40)
        for places in np.split(order, [3, 4, 15, 40]):
            some = [prepared[place] for place in places]
            assert classifier.classify(some) == [alone[place] for place in places]


def test_the_ensemble_reads_no_more_than_passed_and_no_more_than_its_batch_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path / "gate", size=128, gain=GATE)
    model = write_model(tmp_path / "model", size=224, gate=GateSpec("../gate"))
    classifier = Classifier(model)
    assert classifier.batch == 8
    shapes = watch(monkeypatch)
    classifier.predict_batch([PALE, BLUE, PALE, RED, BLUE, PALE, PALE, BLUE, BLUE])
    assert shapes == [(8, 128), (2, 224), (2, 224), (1, 224), (1, 128)]


def test_flipped_views_go_through_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = Classifier(write_pair(tmp_path), tta=True)
    shapes = watch(monkeypatch)
    classifier.predict(PALE)
    assert shapes == [(1, 16)] * 2 + [(1, 32)] * 2


def watch(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Pictures and side of whatever a network reads from now on."""
    shapes: list[tuple[int, int]] = []
    run = Network.run

    def watched(self: Network, batch: Any, **wanted: bool) -> Any:
        shapes.append((batch.shape[0], batch.shape[-1]))
        return run(self, batch, **wanted)

    monkeypatch.setattr(Network, "run", watched)
    return shapes


def test_maps_are_those_of_who_answers(tmp_path: Path) -> None:
    classifier = Classifier(write_pair(tmp_path))
    for pixels, blue in ((BLUE, GATE), (PALE, MODEL * 150 / 255)):
        evidence = -np.log(np.exp(blue))
        assert classifier.explain(pixels).heat == pytest.approx(evidence, abs=1e-3)
        batch = [classifier.prepare(RED), classifier.prepare(pixels)]
        small = classifier.classify_and_explain(batch, [(40, 40)] * 2)[1][1]
        assert np.frombuffer(small[2:], dtype=np.int8).tolist() == [round(evidence * 8)] * 144


def test_a_model_explains_only_if_its_gate_does(tmp_path: Path) -> None:
    assert Classifier(write_pair(tmp_path / "a")).explains
    assert not Classifier(write_pair(tmp_path / "b", class_map=False)).explains


def test_features_are_those_of_the_ensemble(tmp_path: Path) -> None:
    classifier = Classifier(write_pair(tmp_path))
    ((features,), _) = classifier.base([classifier.prepare(BLUE)])
    # Its gain, times the brightness of blue.
    assert features.tolist() == [pytest.approx([0, 0, MODEL])]


def test_features_of_pictures_have_unit_length(tmp_path: Path) -> None:
    classifier = Classifier(write_pair(tmp_path))
    assert classifier.features(BLUE).tolist() == pytest.approx([0, 0, 1])
    assert classifier.features([RED, BLUE]).tolist() == [
        pytest.approx([1, 0, 0]),
        pytest.approx([0, 0, 1]),
    ]
    assert classifier.features([]).shape == (0, 3)


def test_pictures_are_kept_in_bytes_once_for_each_way_to_read_them(tmp_path: Path) -> None:
    apart = Classifier(write_pair(tmp_path / "apart")).prepare(BLUE)
    assert {pixels.shape for pixels in apart.values()} == {(16, 16, 3), (32, 32, 3)}
    assert {pixels.dtype for pixels in apart.values()} == {np.dtype(np.uint8)}
    assert len(Classifier(write_pair(tmp_path / "alike", size=32)).prepare(BLUE)) == 1


def test_pictures_are_decoded_as_large_as_either_reads_them(tmp_path: Path) -> None:
    assert Classifier(write_pair(tmp_path / "small", size=16)).largest_side == 32
    assert Classifier(write_pair(tmp_path / "large", size=64)).largest_side == 64


def test_a_gate_that_knows_other_kinds_is_refused(tmp_path: Path) -> None:
    model = write_pair(tmp_path)
    card = read_card(tmp_path / "gate")
    swapped = (*card.classes[:2], ModelClass("chart", "non_medical"))
    write_card(replace(card, classes=swapped), tmp_path / "gate")
    with pytest.raises(ModelError, match=r"the gate \.\./gate of .* knows other kinds"):
        Classifier(model)


def test_a_gate_with_a_gate_is_refused(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model", gate=GateSpec("."))
    with pytest.raises(ModelError, match=r"the gate \. of .* asks other models itself"):
        Classifier(model)


def test_a_gate_with_a_second_reader_is_refused(tmp_path: Path) -> None:
    # It would not be asked, without a word.
    model = write_pair(tmp_path, second=SecondSpec("../model", 0.1, 0.9, 0.5))
    with pytest.raises(ModelError, match=r"the gate \.\./gate of .* asks other models itself"):
        Classifier(model)


def test_a_gate_that_is_not_there_is_named(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model", gate=GateSpec("none"))
    with pytest.raises(ModelError, match=r"no model '.*none'"):
        Classifier(model)


def test_a_gate_is_not_looked_for_where_medsift_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = tmp_path / "called"
    for name in ("fast", "gate"):
        write_model(called / name, gain=0)
    monkeypatch.chdir(called)
    assert Classifier(write_pair(tmp_path)).predict(BLUE).p_medical == of_blue(GATE)
    assert store.find_beside(tmp_path, "fast") == store.BUNDLED / "fast"


def bar_chart() -> Pixels:
    """Five blue bars over an axis, on white."""
    image = Image.new("RGB", (400, 300), "white")
    draw = ImageDraw.Draw(image)
    draw.line((40, 20, 40, 260, 380, 260), fill="black")
    for number, height in enumerate((60, 120, 90, 200, 150)):
        left = 60 + 60 * number
        draw.rectangle((left, 260 - height, left + 35, 260), fill=(60, 90, 200))
        draw.text((left + 5, 265), f"Q{number}", fill="black")
    return np.asarray(image)


def test_the_default_has_the_bundled_fast_as_its_gate() -> None:
    fast, alone = Ensemble(store.BUNDLED / "fast"), Ensemble(store.BUNDLED / "default")
    spec = alone.card.gate
    assert spec is not None
    assert (spec.model, spec.below, spec.share) == ("fast", 0.01, 0.2)
    cascade = Cascade(store.BUNDLED / "default")
    pictures = [np.asarray(picture(number)) for number in range(8)]
    pictures.append(bar_chart())  # what a gate is sure of
    # A drawn radiograph of sorts: what no gate is sure of.
    ramp = np.hypot(*np.mgrid[-1:1:200j, -1:1:200j])
    grey = (np.clip(1.2 - ramp, 0, 1) * 200).astype(np.uint8)
    pictures += [np.repeat(np.roll(grey, 9 * n, 0)[..., None], 3, -1) for n in range(4)]
    prepared = [cascade.prepare(pixels) for pixels in pictures]
    stopped = 0
    for each, output in zip(prepared, cascade.run(prepared), strict=True):
        (first,) = fast.run([each])
        stops = first.p_medical < 0.01
        if not stops:
            heard = Heard(first.probabilities[None], 0.2)
            (first,) = alone.run([each], heard=heard)
        assert output.p_medical == pytest.approx(first.p_medical, abs=1e-6)
        stopped += stops
    assert 0 < stopped < len(pictures)
