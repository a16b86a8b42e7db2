"""How many pictures the networks read at a time, and what that must not change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medsift.classify import Classifier, store
from medsift.classify.card import read_card
from tests.classify.tiny_model import write_model
from tests.samples import picture


@pytest.mark.parametrize(
    ("size", "batch"), [(32, 8), (128, 8), (160, 4), (192, 2), (224, 2), (384, 1), (512, 1)]
)
def test_the_larger_the_input_the_fewer_pictures_at_a_time(
    tmp_path: Path, size: int, batch: int
) -> None:
    assert Classifier(write_model(tmp_path / "model", size=size)).batch == batch


@pytest.mark.parametrize("model", ["default", "fast"])
def test_verdicts_do_not_depend_on_the_batch(model: str) -> None:
    classifier = Classifier(model)
    prepared = [classifier.prepare(np.asarray(picture(number))) for number in range(9)]
    alone = [classifier.classify([each])[0].p_medical for each in prepared]
    together = [verdict.p_medical for verdict in classifier.classify(prepared)]
    assert together == pytest.approx(alone, abs=1e-6)


@pytest.mark.parametrize("folder", list(store.bundled()), ids=lambda folder: str(folder.name))
def test_bundled_networks_do_not_pad_outside_of_their_convolutions(folder: Path) -> None:
    # Costs a sixth of the time. medsift.training.padding.fold_padding folds them without loss.
    for member in read_card(folder).members:
        assert b"\x22\x03Pad" not in (folder / member.file).read_bytes()
