"""A last layer that was fitted to a user's pictures, on top of networks that stay as they are.

An adapted model asks the networks of its base model and weighs what they say anew: the logits of
its kinds are the logarithms of the base model's probabilities, plus a linear function of the
networks' features. So without evidence it says what its base model says, which is what a
multinomial regression with an offset and a strong penalty gives (McCullagh and Nelder 1989).

All of it is plain NumPy, and is stored in ``head.npz`` in the model's folder; see
:class:`medsift.classify.card.HeadSpec` for what the card says of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from medsift.core.errors import ModelError

HEAD_FILE = "head.npz"

FLOOR = 1e-2
"""Lowest probability of the base model that counts: below, it is no evidence against a kind."""

_LEAST = 1e-12

Floats32 = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Head:
    """A last layer on the features of several networks.

    Attributes
    ----------
    widths : ndarray of int64, shape (members,)
        How many features each network gives.
    centre : ndarray of float32, shape (d,)
        Taken off the features, each network's at unit length and laid side by side; ``d`` is the
        sum of the widths.
    weights : ndarray of float32, shape (d, classes)
    bias : ndarray of float64, shape (classes,)
    link : ndarray of int64, shape (classes,)
        Which class of the base model a class goes on from; -1 for none.
    temperature : float
        The logits are divided by it.
    """

    widths: NDArray[np.int64]
    centre: Floats32
    weights: Floats32
    bias: Floats
    link: NDArray[np.int64]
    temperature: float

    def probabilities(self, features: Sequence[Floats32], base: Floats) -> Floats:
        """Probabilities of the classes.

        Parameters
        ----------
        features : sequence of ndarray of float32, shape (n, width)
            Those of each network, in the order of the model's members.
        base : ndarray of float64, shape (n, classes of the base model)
            Calibrated probabilities of the base model.

        Returns
        -------
        ndarray of float64, shape (n, classes)
            They sum to 1.

        Raises
        ------
        ModelError
            The features are not those of the networks that it was fitted for.
        """
        if [part.shape[1] for part in features] != self.widths.tolist():
            raise ModelError("the features do not fit the model's last layer")
        rows = unit(features) - self.centre
        # One by one, so that the last bit does not depend on what else is in the batch.
        scores = np.stack([row @ self.weights for row in rows]).astype(np.float64)
        logits = (scores + self.bias + offsets(base, self.link)) / self.temperature
        logits -= logits.max(axis=1, keepdims=True)
        exponentials = np.exp(logits)
        result: Floats = exponentials / exponentials.sum(axis=1, keepdims=True)
        return result

    def save(self, path: Path) -> None:
        """Write it, compressed."""
        np.savez_compressed(path, **{f.name: getattr(self, f.name) for f in fields(self)})


def load(path: Path, classes: int, base_classes: int) -> Head:
    """Read what :meth:`Head.save` wrote, and make sure that it fits.

    Parameters
    ----------
    path : Path
    classes, base_classes : int
        How many the model has, and its base model.

    Raises
    ------
    ModelError
        There is no such file, it is damaged, or of another model.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            values = {f.name: stored[f.name] for f in fields(Head)}
            values["temperature"] = float(values["temperature"])
        head = Head(**values)
        fits = (
            head.weights.shape == (int(head.widths.sum()), classes)
            and head.centre.shape == head.weights.shape[:1]
            and head.bias.shape == head.link.shape == (classes,)
            and head.temperature > 0
            and bool(((head.link >= -1) & (head.link < base_classes)).all())
        )
    except (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile) as error:
        raise ModelError(f"{path} cannot be read: {error}") from error
    if not fits:
        raise ModelError(f"{path} does not fit the model's card")
    return head


def unit(features: Sequence[Floats32]) -> Floats32:
    """Each network's features at unit length, side by side: float32 (n, d)."""
    parts = [
        part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), _LEAST) for part in features
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def offsets(base: Floats, link: NDArray[np.int64]) -> Floats:
    """What the base model says for each class, as a logarithm: (n, base classes) to (n, classes).

    Classes that go on from none get that of a class at :data:`FLOOR`; their bias says the rest.
    """
    logs = np.log(np.maximum(base, FLOOR))
    padded = np.concatenate([logs, np.full((len(logs), 1), np.log(FLOOR))], axis=1)
    result: Floats = padded[:, link]
    return result
