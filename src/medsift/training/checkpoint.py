"""The weights inside a run's checkpoint, to start another network from."""

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
