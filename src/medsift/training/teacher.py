"""A finished model that tells a smaller network what it sees."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  the name that everybody knows
from torch import Tensor

from medsift.classify import store
from medsift.classify.card import ModelClass, read_card
from medsift.classify.ensemble import softmax
from medsift.classify.network import Network
from medsift.classify.preprocess import Preprocess
from medsift.core.errors import UsageError


class Teacher:
    """The averaged, uncalibrated probabilities of a model folder's networks.

    Parameters
    ----------
    model : str
        Name of a bundled model, or a model folder.
    classes : sequence of ModelClass
        Of the pupil; the teacher must have the same in the same order.
    preprocess : Preprocess
        Of the pupil; the teacher must normalise alike.

    Raises
    ------
    UsageError
        The two do not go together.
    """

    def __init__(self, model: str, classes: Sequence[ModelClass], preprocess: Preprocess) -> None:
        folder: Path = store.find(model)
        card = read_card(folder)
        if card.classes != tuple(classes):
            raise UsageError(f"the teacher {model} has other classes than the training data")
        ways = [(m.preprocess.mean, m.preprocess.std) for m in card.members]
        if any(way != (preprocess.mean, preprocess.std) for way in ways):
            raise UsageError(f"the teacher {model} normalises pictures in another way")
        threads = torch.get_num_threads()
        self._members = [(Network(folder / m.file, threads), m) for m in card.members]

    @property
    def size(self) -> int:
        """Side of the largest input of its networks, in pixels."""
        return max(member.preprocess.size for _, member in self._members)

    def probabilities(self, pixels: Tensor) -> Tensor:
        """What it sees in normalised pictures: float32 (n, 3, s, s) to (n, classes)."""
        rows = [
            softmax(network.logits(resized(pixels, m.preprocess.size).numpy()) / m.temperature)
            for network, m in self._members
        ]
        return torch.from_numpy(np.mean(rows, axis=0).astype(np.float32))


def resized(pixels: Tensor, size: int) -> Tensor:
    """Bring a batch of square pictures to another size, antialiased."""
    if pixels.shape[-1] == size:
        return pixels.contiguous()
    return F.interpolate(pixels, (size, size), mode="bilinear", antialias=True).contiguous()
