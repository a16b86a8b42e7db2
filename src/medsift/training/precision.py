"""Mixed precision: 16 bits where that is faster and safe, 32 where it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

CPU = torch.device("cpu")


@contextmanager
def faster(network: nn.Module, device: torch.device = CPU) -> Iterator[None]:
    """Run a network's forward pass in bfloat16 where the device computes in it.

    bfloat16 has the range of float32, so that gradients need no scaling; float16 is not used.
    On processors, depthwise convolutions stay in 32 bits: their backward pass in bfloat16 falls
    back to a reference implementation that takes up to ten times as long (oneDNN as of PyTorch
    2.14).
    Weights, gradients and the optimiser's state are float32 throughout.

    Parameters
    ----------
    network : Module
        As it was again when the context ends.
    device : torch.device
        That the network lies on.
    """
    if not supported(device):
        yield
        return
    if device.type != "cpu":
        with torch.autocast(device.type, torch.bfloat16):
            yield
        return
    depthwise = [m for m in network.modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
    for module in depthwise:
        # An attribute of the object hides the method of its class until it is deleted.
        module.forward = _in_float(module.forward)
    try:
        with torch.autocast("cpu", torch.bfloat16):
            yield
    finally:
        for module in depthwise:
            del module.forward


def supported(device: torch.device = CPU) -> bool:
    """Whether a device multiplies in bfloat16."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    # Absent from older versions of torch, which then compute in 32 bits as they always did.
    asked: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    usable = bool(asked.get("avx512_bf16")) or bool(asked.get("amx_bf16"))
    return usable and bool(torch.backends.mkldnn.is_available())


def _in_float(forward: Callable[..., Any]) -> Callable[[Tensor], Tensor]:
    def in_float(pixels: Tensor) -> Tensor:
        with torch.autocast("cpu", enabled=False):
            result: Tensor = forward(pixels.float())
        return result.to(pixels.dtype)

    return in_float
