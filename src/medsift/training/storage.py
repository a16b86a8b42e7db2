"""From a trained network to the smallest file that does the same."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from medsift.classify.card import MemberSpec, ModelClass
from medsift.classify.ensemble import softmax
from medsift.training.calibrate import even_weights, fit_temperature
from medsift.training.data import PixelStore
from medsift.training.export import (
    ParityError,
    compress_weights,
    export_onnx,
    onnx_logits,
    quantise,
    require_parity,
)
from medsift.training.recipes import MemberRecipe
from medsift.training.sampling import origin_weights

_RANGE_PICTURES = 256
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a network is stored.

    Attributes
    ----------
    folder : Path
        The model folder; what is in between goes to ``folder/run``.
    name : str
        Of the file, without its ending.
    seed : int
        Draws the pictures that the ranges of integers are taken from.
    """

    folder: Path
    name: str
    seed: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A network as it is shipped.

    Attributes
    ----------
    member : MemberSpec
    logits : ndarray of float32, shape (n, classes)
        Its answers on the validation pictures.
    """

    member: MemberSpec
    logits: NDArray[np.float32]


def stored(
    network: torch.nn.Module,
    member: MemberRecipe,
    classes: Sequence[ModelClass],
    stores: tuple[PixelStore, PixelStore],
    place: Place,
    small: bool,
) -> Stored:
    """Export a network, in 8 bits where ``small`` asks for it and no verdict suffers.

    Parameters
    ----------
    network : Module
    member : MemberRecipe
    classes : sequence of ModelClass
    stores : tuple of PixelStore
        Training and validation pictures.
    place : Place
    small : bool
    """
    spec, check = member.preprocess, stores[1]
    full = place.folder / "run" / f"{place.name}.fp32.onnx"
    target = place.folder / f"{place.name}.onnx"
    export_onnx(network, spec, full)
    logits = onnx_logits(full, check, spec)
    shutil.copyfile(full, target)
    if small:
        integers, floats = full.with_suffix(".int8.onnx"), full.with_suffix(".weights8.onnx")
        quantise(full, integers, _even_sample(stores[0], place.seed), spec)
        compress_weights(full, floats)
        truth, reference = positive(check), _p_medical(logits, classes)
        for candidate in (integers, floats):
            less = onnx_logits(candidate, check, spec)
            try:
                require_parity(reference, _p_medical(less, classes), truth, candidate.name)
            except ParityError as error:
                _log.warning("left aside: %s", error)
            else:
                shutil.copyfile(candidate, target)
                logits = less
                break
    return Stored(MemberSpec(target.name, spec, softening(logits, check, classes)), logits)


def softening(
    logits: NDArray[np.float32], store: PixelStore, classes: Sequence[ModelClass]
) -> float:
    """Temperature by the answers (n, classes) on the pictures of a store, at least 1.

    Smoothed targets make networks modest, and sharpening them before they are averaged was found
    to cost recall: the temperature may only soften.
    """
    targets = _known_targets(store, classes)
    return max(1.0, fit_temperature(logits, targets, even_weights(positive(store))))


def positive(store: PixelStore) -> NDArray[np.bool_]:
    """Which pictures of a store are medical."""
    return np.array([e.label == "medical" for e in store.examples], dtype=np.bool_)


def _even_sample(store: PixelStore, seed: int) -> PixelStore:
    weights = origin_weights(store.examples)
    count = min(_RANGE_PICTURES, len(store))
    chosen = np.random.default_rng(seed).choice(len(store), count, replace=False, p=weights)
    return store.subset(sorted(int(i) for i in chosen))


def _known_targets(store: PixelStore, classes: Sequence[ModelClass]) -> NDArray[np.int64]:
    index = {(c.name, c.label): i for i, c in enumerate(classes)}
    return np.array(
        [index.get((e.kind or e.label, e.label), -1) for e in store.examples], dtype=np.int64
    )


def _p_medical(logits: NDArray[np.float32], classes: Sequence[ModelClass]) -> NDArray[np.float64]:
    medical = np.array([c.label == "medical" for c in classes])
    summed: NDArray[np.float64] = softmax(logits)[:, medical].sum(axis=1)
    return summed
