"""Give a finished model its out-of-distribution score."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medsift.classify import Classifier, ood
from medsift.classify.card import ModelCard, read_card, write_card
from medsift.training.data import PixelStore, targets_of
from medsift.training.sampling import source_weights

_BATCH = 16
_MOST_OF_A_SOURCE = 16
_QUANTILE = 0.99


def add_ood_score(
    folder: Path,
    train_store: PixelStore,
    held_out: PixelStore,
    *,
    quantile: float = _QUANTILE,
    threads: int = 1,
    seed: int = 1,
) -> ModelCard:
    """Fit the score with the networks that ship, store it, and note it in the card.

    Parameters
    ----------
    folder : Path
        A complete model folder; ``ood.npz`` is added, ``model.json`` rewritten.
    train_store : PixelStore
        What the networks were trained on, but pictures that were made up. Of each source a
        few pictures are enough: sources count alike.
    held_out : PixelStore
        Pictures of other sources, for the threshold.
    quantile : float
        Share of the held-out pictures that stay below the threshold, 0 to 1.
    threads, seed : int

    Returns
    -------
    ModelCard
        As it was written.
    """
    card = replace(read_card(folder), ood=None)
    write_card(card, folder)
    classifier = Classifier(folder, threads=threads)
    chosen = train_store.subset(_some_of_each_source(train_store, seed))
    detector = ood.fit(
        _features(classifier, chosen),
        targets_of(chosen.examples, card.classes),
        source_weights(chosen.examples),
    )
    spec = ood.store(detector, _features(classifier, held_out), folder, quantile)
    complete = replace(card, ood=spec)
    write_card(complete, folder)
    return complete


def _some_of_each_source(store: PixelStore, seed: int) -> list[int]:
    groups: dict[tuple[str, str], list[int]] = {}
    for i, example in enumerate(store.examples):
        groups.setdefault((example.kind or example.label, example.group), []).append(i)
    rng = np.random.default_rng(seed)
    chosen = [rng.permutation(members)[:_MOST_OF_A_SOURCE] for members in groups.values()]
    return sorted(int(i) for i in np.concatenate(chosen))


def _features(classifier: Classifier, store: PixelStore) -> list[NDArray[np.float32]]:
    parts = []
    for start in range(0, len(store), _BATCH):
        indices = range(start, min(start + _BATCH, len(store)))
        parts.append(classifier.features([classifier.prepare(store[i]) for i in indices]))
    return [np.concatenate(member) for member in zip(*parts, strict=True)]
