"""Several networks, one calibrated probability for each class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medsift.classify import ensemble as ensemble_module
from medsift.classify.card import HeadSpec, MemberSpec, ModelCard, ModelClass, write_card
from medsift.classify.ensemble import Ensemble, Output, softmax
from medsift.classify.head import Head
from medsift.classify.network import NetworkOutput
from medsift.classify.preprocess import Preprocess
from medsift.classify.views import Views

CLASSES = (
    ModelClass("xray", "medical"),
    ModelClass("ct", "medical"),
    ModelClass("photo", "non_medical"),
)


class FakeNetwork:
    """Answers with the logits that its file name tells; tells flipped pictures from others."""

    def __init__(self, path: Path, _threads: int) -> None:
        self._row = [float(v) for v in path.name.split("_")]
        self.batches: list[tuple[int, ...]] = []

    def run(self, batch: Any, features: bool = False, class_map: bool = False) -> NetworkOutput:
        """The features are the mean brightness of each channel, and what is missing to 4."""
        assert not class_map
        self.batches.append(batch.shape)
        rows = np.tile(np.array(self._row, dtype=np.float32), (len(batch), 1))
        left_is_brighter = batch[:, 0, :, 0].mean(axis=1) > batch[:, 0, :, -1].mean(axis=1)
        rows[left_is_brighter] = rows[left_is_brighter][:, ::-1]
        means = batch.mean(axis=(2, 3))
        rest = 4 - means.sum(axis=1, keepdims=True)
        found = np.concatenate([means, rest], axis=1).astype(np.float32)
        return NetworkOutput(rows, found if features else None, None)


@pytest.fixture(autouse=True)
def _fake_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensemble_module, "Network", FakeNetwork)


def make(folder: Path, *members: MemberSpec, calibration: tuple[float, float] = (1, 0)) -> Ensemble:
    write_card(ModelCard("t", "1", CLASSES, members, calibration=calibration), folder)
    return Ensemble(folder)


def run(model: Ensemble, picture: Any, tta: bool = False) -> Output:
    (output,) = model.run([Views(picture, model.specs)], tta)
    return output


def grey(value: int = 128) -> Any:
    return np.full((40, 40, 3), value, dtype=np.uint8)


def test_softmax_sums_to_one_and_stands_large_logits() -> None:
    rows = softmax(np.array([[1000.0, 1000.0, -1000.0]], dtype=np.float32))
    assert rows.tolist() == [[0.5, 0.5, 0.0]]


def test_members_are_averaged_as_probabilities(tmp_path: Path) -> None:
    model = make(tmp_path, MemberSpec("0_0_50", Preprocess(8)), MemberSpec("50_0_0", Preprocess(8)))
    output = run(model, grey())
    assert output.probabilities.tolist() == pytest.approx([0.5, 0.0, 0.5], abs=1e-9)


def test_a_temperature_belongs_to_its_member(tmp_path: Path) -> None:
    model = make(tmp_path, MemberSpec("2_0_0", Preprocess(8), temperature=2.0))
    output = run(model, grey())
    assert output.probabilities[0] == pytest.approx(np.e / (np.e + 2))


def test_members_of_the_same_preprocessing_share_its_work(tmp_path: Path) -> None:
    model = make(
        tmp_path,
        MemberSpec("0_0_0", Preprocess(8)),
        MemberSpec("0_0_1", Preprocess(8)),
        MemberSpec("0_0_2", Preprocess(16)),
    )
    prepared = Views(grey(), model.specs)
    assert {spec.size: pixels.shape for spec, pixels in prepared.items()} == {
        8: (8, 8, 3),
        16: (16, 16, 3),
    }


def test_flipping_averages_both_views(tmp_path: Path) -> None:
    model = make(tmp_path, MemberSpec("0_0_50", Preprocess(8)))
    picture = grey()
    picture[:, 20:] = 200
    plain, both = run(model, picture), run(model, picture, tta=True)
    assert plain.probabilities.tolist() == pytest.approx([0, 0, 1])
    assert both.probabilities.tolist() == pytest.approx([0.5, 0, 0.5])


class SidedNetwork(FakeNetwork):
    """Its features are the brightness of the left edge and of the right edge."""

    def run(self, batch: Any, features: bool = False, class_map: bool = False) -> NetworkOutput:
        edges = np.stack([batch[:, 0, :, 0].mean(axis=1), batch[:, 0, :, -1].mean(axis=1)], axis=1)
        shifted = (edges - edges.min() + 0.1).astype(np.float32)
        logits = super().run(batch, False, class_map).logits
        return NetworkOutput(logits, shifted if features else None, None)


def test_the_last_layer_of_an_adapted_model_reads_the_picture_and_not_its_mirror_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ensemble_module, "Network", SidedNetwork)
    sides = np.array([[9, 0, 0], [0, 9, 0]], dtype=np.float32)  # left: xray, right: ct
    two, three = np.zeros(2, dtype=np.float32), np.zeros(3)
    link = np.full(3, -1)
    Head(np.array([2]), two, sides, three, link, 1.0).save(tmp_path / "head.npz")
    member = MemberSpec("0_0_0", Preprocess(8))
    card = ModelCard("t", "1", CLASSES, (member,), head=HeadSpec("head.npz", "base 1", CLASSES))
    write_card(card, tmp_path)
    model = Ensemble(tmp_path)
    picture = grey(20)
    picture[:, :20] = 250
    for tta in (False, True):
        assert int(run(model, picture, tta).probabilities.argmax()) == 0
        assert int(run(model, picture[:, ::-1], tta).probabilities.argmax()) == 1


def test_calibration_moves_the_sum_over_the_medical_classes(tmp_path: Path) -> None:
    # Raw: medical 2/3. Log-odds log(2); slope 2 and offset 0 give odds 4, that is 0.8.
    model = make(tmp_path, MemberSpec("0_0_0", Preprocess(8)), calibration=(2.0, 0.0))
    output = run(model, grey())
    assert output.p_medical == pytest.approx(0.8)
    assert output.probabilities.tolist() == pytest.approx([0.4, 0.4, 0.2])


def test_calibration_stands_certainty(tmp_path: Path) -> None:
    model = make(tmp_path, MemberSpec("-999_-999_999", Preprocess(8)), calibration=(2.0, 1.0))
    output = run(model, grey())
    assert np.isfinite(output.probabilities).all()
    assert output.probabilities.sum() == pytest.approx(1)


def test_what_a_new_last_layer_goes_on_from_is_the_mean_of_the_members(tmp_path: Path) -> None:
    members = (MemberSpec("0_0_50", Preprocess(8)), MemberSpec("50_0_0", Preprocess(8)))
    model = make(tmp_path, *members)
    features, probabilities = model.base([Views(grey(), model.specs)])
    assert len(features) == 2
    assert probabilities[0].tolist() == pytest.approx([0.5, 0.0, 0.5], abs=1e-9)
