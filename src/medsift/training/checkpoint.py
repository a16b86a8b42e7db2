"""The weights inside a run's checkpoint, to start another network from or to average with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def average_in(network: nn.Module, paths: Sequence[Path]) -> None:
    """Replace the weights of a network by their mean with those of earlier runs' checkpoints.

    Networks that start from one point and end in one basin average well, and the mean does
    better on pictures of other origins than any of them (Wortsman et al. 2022, "Robust
    fine-tuning of zero-shot models"; Rame et al. 2022, "Diverse Weight Averaging for
    Out-of-Distribution Generalization").

    Raises
    ------
    ModelError
        One is no checkpoint, or that of another network or of other classes.
    """
    now = network.state_dict()
    network.load_state_dict(mean_weights([now, *(_alike(path, now) for path in paths)]))


def mean_weights(parts: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Average the weights of networks that are built alike, in 32 bits; counters stay."""
    return {
        name: torch.stack([part[name].float() for part in parts]).mean(0)
        if first.is_floating_point()
        else first
        for name, first in parts[0].items()
    }


def _alike(path: Path, now: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    before = checkpoint_weights(path)
    if before is None:
        raise ModelError(f"{path} is no checkpoint of medsift train")
    shapes = {name: tensor.shape for name, tensor in before.items()}
    if shapes != {name: tensor.shape for name, tensor in now.items()}:
        raise ModelError(f"the checkpoint {path} is of another network or of other classes")
    return before
