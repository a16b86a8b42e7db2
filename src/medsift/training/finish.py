"""From stored networks to a model folder: calibration, distances, card, figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from medsift._version import __version__
from medsift.classify import Classifier, ood
from medsift.classify.card import ModelCard, ModelClass, write_card
from medsift.classify.ensemble import Ensemble, softmax
from medsift.classify.ood_spec import OodSpec
from medsift.evaluation.measure import measure
from medsift.evaluation.metrics import expected_calibration_error
from medsift.evaluation.summary import summarise
from medsift.training.calibrate import cross_fitted, fit_platt
from medsift.training.data import PixelStore, targets_of
from medsift.training.model_card import figures, render_card
from medsift.training.sampling import source_weights
from medsift.training.storage import Stored, positive

_OOD_PICTURES = 5000
_OOD_QUANTILE = 0.995
_BATCH = 16


def finish(
    folder: Path,
    classes: tuple[ModelClass, ...],
    trained: Sequence[Stored],
    stores: tuple[PixelStore, PixelStore],
    facts: Mapping[str, Any],
) -> None:
    """Write the card and all else that makes files of networks a model.

    Parameters
    ----------
    folder : Path
        Holds the networks.
    classes : tuple of ModelClass
    trained : sequence of Stored
    stores : tuple of PixelStore
        Training and validation pictures.
    facts : mapping
        For ``training`` of the card.
    """
    medical = np.array([c.label == "medical" for c in classes])
    averaged = np.mean([softmax(t.logits / t.member.temperature) for t in trained], axis=0)
    scores, truth = averaged[:, medical].sum(axis=1), positive(stores[1])
    card = ModelCard(
        name=folder.name,
        version=__version__,
        classes=classes,
        members=tuple(t.member for t in trained),
        calibration=fit_platt(scores, truth, np.ones(len(truth))),
        training=facts,
    )
    write_card(card, folder)
    card = replace(card, ood=_distances(folder, classes, stores))
    write_card(card, folder)
    classifier = Classifier(folder, threads=torch.get_num_threads())
    summary = summarise(list(measure(classifier, stores[1].examples)), classifier.name)
    elsewhere = cross_fitted(scores, truth, [e.group for e in stores[1].examples])
    metrics = figures(summary)
    metrics["ece_cross_fitted"] = round(expected_calibration_error(elsewhere, truth), 5)
    complete = replace(card, metrics=metrics)
    write_card(complete, folder)
    note = (
        "On the validation sources, none of which was trained on. Calibration, the threshold of\n"
        "the distance and the choice of the epoch were fitted on the same sources, so that the\n"
        "calibration error is on the optimistic side: fitted on one half of the sources and\n"
        f"measured on the other, and the other way round, it is {metrics['ece_cross_fitted']:.4f}."
    )
    (folder / "README.md").write_text(render_card(complete, summary, note), encoding="utf-8")


def _distances(
    folder: Path, classes: tuple[ModelClass, ...], stores: tuple[PixelStore, PixelStore]
) -> OodSpec:
    learning, check = stores
    weights = source_weights(learning.examples)
    count = min(_OOD_PICTURES, len(learning))
    chosen = np.random.default_rng(0).choice(len(learning), count, replace=False, p=weights)
    some = learning.subset(sorted(int(i) for i in chosen))
    ensemble = Ensemble(folder, torch.get_num_threads())
    detector = ood.fit(_features(ensemble, some), targets_of(some.examples, classes))
    return ood.store(detector, _features(ensemble, check), folder, _OOD_QUANTILE)


def _features(ensemble: Ensemble, pictures: PixelStore) -> list[NDArray[np.float32]]:
    parts = []
    for start in range(0, len(pictures), _BATCH):
        indices = range(start, min(start + _BATCH, len(pictures)))
        parts.append(ensemble.features([ensemble.prepare(pictures[i]) for i in indices]))
    return [np.concatenate(member) for member in zip(*parts, strict=True)]
