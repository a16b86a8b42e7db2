"""What a training computes on: a processor, or an accelerator where there is one."""

from __future__ import annotations

import torch

from medsift.core.errors import UsageError
from medsift.training.settings import Device

_PROCESSOR_PART = 16
"""Pictures whose gradients a processor computes at a time.

Parts of a batch that stay in its cache: 64 pictures at once take almost twice the time of four
times 16.
"""


def choose(name: Device) -> torch.device:
    """Return the device of a name; ``auto`` takes CUDA or Apple's graphics where there are any.

    Raises
    ------
    UsageError
        This machine, or this build of PyTorch, has no such device.
    """
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, there in present.items() if there))
    if not present[name]:
        raise UsageError(f"there is no device {name!r} here that PyTorch can use")
    return torch.device(name)


def part_of(batch: int, device: torch.device) -> int:
    """How many pictures of a batch go through the network at a time."""
    return min(batch, _PROCESSOR_PART) if device.type == "cpu" else batch
