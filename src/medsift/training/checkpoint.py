"""The weights inside a run's checkpoint, to start another network from or to average with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from medsift.core.errors import ModelError


def checkpoint_weights(path: Path) -> Mapping[str, Tensor] | None:
    """Return the best weights of a checkpoint of ``medsift train``; None for other files."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # noqa: BLE001  whatever it is, it is not ours; others read it and complain
        return None
    return content.get("best") if isinstance(content, dict) else None


def load_checkpoint(network: nn.Module, best: Mapping[str, Tensor]) -> None:
    """Load the weights, the last layer included.

    Raises
    ------
    ModelError
        They are those of another network, or of other classes.
    """
    try:
        network.load_state_dict(dict(best))
    except RuntimeError as error:
        raise ModelError(f"the checkpoint does not fit: {error}") from error


def average_in(network: nn.Module, path: Path) -> None:
    """Move the weights of a network half of the way to those of an earlier run's checkpoint.

    Between a network and what fine-tuning made of it lie networks that do as well on pictures
    like those of training, and better on others (Wortsman et al. 2022, "Robust fine-tuning of
    zero-shot models").

    Raises
    ------
    ModelError
        There is no such checkpoint, or it is that of another network or of other classes.
    """
    before = checkpoint_weights(path)
    if before is None:
        raise ModelError(f"{path} is no checkpoint of medsift train")
    now = network.state_dict()
    shapes = {name: tensor.shape for name, tensor in before.items()}
    if shapes != {name: tensor.shape for name, tensor in now.items()}:
        raise ModelError(f"the checkpoint {path} is of another network or of other classes")
    means = {
        name: tensor.lerp(before[name], 0.5) if tensor.is_floating_point() else tensor
        for name, tensor in now.items()
    }
    network.load_state_dict(means)
