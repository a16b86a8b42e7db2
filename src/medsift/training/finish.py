"""From stored networks to a model folder: calibration, card, figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from medsift._version import __version__
from medsift.classify import Classifier
from medsift.classify.card import GateSpec, ModelCard, ModelClass, write_card
from medsift.classify.cascade import gate_folder, second_folder
from medsift.classify.ensemble import softmax
from medsift.classify.second_spec import SecondSpec
from medsift.evaluation.calibration import cross_fitted, fit_platt
from medsift.evaluation.measure import Measurement, measure
from medsift.evaluation.metrics import expected_calibration_error
from medsift.evaluation.risk import smallest_safe_threshold
from medsift.evaluation.summary import summarise
from medsift.training.answers import ALONE, ANSWERS, Answers, calibrated
from medsift.training.data import PixelStore
from medsift.training.model_card import figures, render_card
from medsift.training.storage import Stored, positive

_RISK, _RISK_DOUBT = 0.02, 0.1


@dataclass(frozen=True, slots=True)
class Others:
    """The models that a model has beside its own networks.

    Attributes
    ----------
    gate : GateSpec or None
        What goes before the networks.
    second : SecondSpec or None
        What is asked where they are in doubt; its calibration is fitted here.
    """

    gate: GateSpec | None = None
    second: SecondSpec | None = None


def finish(
    folder: Path,
    classes: tuple[ModelClass, ...],
    trained: Sequence[Stored],
    stores: tuple[PixelStore, PixelStore],
    facts: Mapping[str, Any],
    gate: GateSpec | None = None,
) -> None:
    """Write the card and all else that makes files of networks a model.

    Calibration is fitted on the networks alone; the figures are those of the whole, with its
    gate.

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
    gate : GateSpec or None
        What goes before the networks.
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
        gate=gate,
    )
    write_card(card, folder)
    classifier = Classifier(folder, threads=torch.get_num_threads())
    summary = summarise(list(measure(classifier, stores[1].examples)), classifier.name)
    elsewhere = cross_fitted(scores, truth, [e.group for e in stores[1].examples])
    metrics = figures(summary)
    metrics["ece_cross_fitted"] = round(expected_calibration_error(elsewhere, truth), 5)
    metrics["risk_control"] = _risk(elsewhere, stores[1])
    complete = replace(card, metrics=metrics)
    write_card(complete, folder)
    (folder / "README.md").write_text(render_card(complete, summary), encoding="utf-8")


def finish_over_folds(
    folder: Path,
    classes: tuple[ModelClass, ...],
    trained: Sequence[Stored],
    pictures: tuple[PixelStore, Sequence[str]],
    facts: Mapping[str, Any],
    others: Others,
) -> None:
    """Write the card of a model that was trained over folds, see :mod:`.crossfit`.

    Calibration is fitted on what the folds' networks said of pictures of groups that they had
    never seen, and the figures are those of these answers. A gate and a second reader are judged
    by their own answers over folds.

    Parameters
    ----------
    folder : Path
        Holds the networks.
    classes : tuple of ModelClass
    trained : sequence of Stored
        With the answers over folds as their logits.
    pictures : tuple of (PixelStore, sequence of str)
        All pictures, and their groups.
    facts : mapping
        For ``training`` of the card.
    others : Others

    Raises
    ------
    ModelError
        The folder of the gate or of the second reader holds no answers over folds.
    """
    gate = others.gate
    store, groups = pictures
    truth = positive(store)
    medical = np.array([c.label == "medical" for c in classes])
    averaged = np.mean([softmax(t.logits / t.member.temperature) for t in trained], axis=0)
    own, passed = Answers.named(store, groups, averaged), np.ones(len(truth), dtype=np.bool_)
    own.write(folder / "run" / ALONE, classes)
    if gate is not None:
        before = Answers.read(gate_folder(folder, gate, classes) / "run" / ANSWERS).like(own)
        own = own.mixed(before, gate.share)
        passed = before.of(medical) >= gate.below
    scores = own.of(medical)
    card = ModelCard(
        name=folder.name,
        version=__version__,
        classes=classes,
        members=tuple(t.member for t in trained),
        # Only what passes the gate is ever put on the curve.
        calibration=fit_platt(scores[passed], truth[passed], np.ones(int(passed.sum()))),
        training=facts,
        gate=gate,
    )
    write_card(card, folder)
    elsewhere = np.zeros(len(truth))
    elsewhere[passed] = cross_fitted(
        scores[passed], truth[passed], [g for g, p in zip(groups, passed, strict=True) if p]
    )
    answers = replace(own, probabilities=calibrated(own.probabilities, medical, card.calibration))
    if gate is not None:
        answers = answers.where(passed, before)
        elsewhere[~passed] = before.of(medical)[~passed]
    if others.second is not None:
        theirs = second_folder(folder, others.second, classes) / "run" / ANSWERS
        read_twice = _read_twice(others.second, answers, Answers.read(theirs), truth, medical)
        card = replace(card, second=read_twice.spec)
        answers = read_twice.answers
        elsewhere[read_twice.asked] = read_twice.elsewhere
        write_card(card, folder)
    answers.write(folder / "run" / ANSWERS, classes)
    classifier = Classifier(folder, threads=torch.get_num_threads())
    measurements = [
        Measurement(example, classifier.verdict(output), "", 0.0)
        for example, output in zip(store.examples, answers.outputs(medical), strict=True)
    ]
    summary = summarise(measurements, classifier.name)
    metrics = figures(summary)
    metrics["ece_cross_fitted"] = round(expected_calibration_error(elsewhere, truth), 5)
    metrics["risk_control"] = asdict(
        smallest_safe_threshold(elsewhere, truth, groups, alpha=_RISK, delta=_RISK_DOUBT)
    )
    metrics["over_folds"] = int(facts["folds"])
    complete = replace(card, metrics=metrics)
    write_card(complete, folder)
    (folder / "README.md").write_text(render_card(complete, summary), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _ReadTwice:
    """Answers with those of a second reader where the first is in doubt."""

    spec: SecondSpec
    answers: Answers
    asked: NDArray[np.bool_]
    elsewhere: NDArray[np.float64]


def _read_twice(
    spec: SecondSpec,
    first: Answers,
    second: Answers,
    truth: NDArray[np.bool_],
    medical: NDArray[np.bool_],
) -> _ReadTwice:
    """Calibrate the mean of both on what is in doubt; elsewhere the first's answers stand."""
    said = first.of(medical)
    asked = (said >= spec.low) & (said <= spec.high)
    mean = first.mixed(second.like(first), spec.share)
    scores, groups = mean.of(medical)[asked], np.array(first.groups)[asked]
    spec = replace(spec, calibration=fit_platt(scores, truth[asked], np.ones(int(asked.sum()))))
    mapped = replace(mean, probabilities=calibrated(mean.probabilities, medical, spec.calibration))
    elsewhere = cross_fitted(scores, truth[asked], list(groups))
    return _ReadTwice(spec, mapped.where(asked, first), asked, elsewhere)


def _risk(scores: NDArray[np.float64], store: PixelStore) -> dict[str, Any]:
    """What a stricter threshold would promise, on scores that were not fitted on themselves."""
    groups = [e.group for e in store.examples]
    found = smallest_safe_threshold(scores, positive(store), groups, alpha=_RISK, delta=_RISK_DOUBT)
    return asdict(found)
