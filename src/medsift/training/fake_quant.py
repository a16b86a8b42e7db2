"""Training with the rounding of 8-bit integers, so that a network keeps its accuracy in them.

Quantisation-aware training (Jacob et al. 2018, "Quantization and Training of Neural Networks
for Efficient Integer-Arithmetic-Only Inference"): the forward pass rounds weights and
activations as the exported network will, the backward pass lets gradients through as if it had
not ("straight-through", Bengio et al. 2013). What is rounded, and how, follows
:func:`medsift.training.export.quantise`: weights per output channel, symmetric; activations per
tensor, with a zero point.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.nn.utils import parametrize

_WEIGHT_STEPS = 127
_ACTIVATION_STEPS = 255
_RANGE_DECAY = 0.98


@contextmanager
def fake_quantised(network: nn.Module) -> Iterator[None]:
    """Round the weights and activations of a network's convolutions inside the context.

    At the end the rounded weights stay: exporting them loses nothing further.

    Parameters
    ----------
    network : Module
        With the batch normalisation folded, see
        :func:`medsift.training.backbones.fold_batch_norm`.
    """
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    hooks = []
    for module in convolutions:
        parametrize.register_parametrization(module, "weight", _RoundWeights(), unsafe=True)
        hooks.append(module.register_forward_pre_hook(_RoundInput()))
        if module.kernel_size == (1, 1) and module.out_channels < module.in_channels:
            # The narrow ends of bottlenecks, which the residual connections add up.
            hooks.append(module.register_forward_hook(_RoundOutput()))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
        for module in convolutions:
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)


def round_weights(weights: Tensor) -> Tensor:
    """Round to whole multiples of one step for each output channel, the first axis."""
    largest = weights.detach().abs().amax(dim=tuple(range(1, weights.ndim)), keepdim=True)
    step = (largest / _WEIGHT_STEPS).clamp_min(1e-12)
    return _through(weights, (weights / step).round().clamp(-_WEIGHT_STEPS, _WEIGHT_STEPS) * step)


class _RoundWeights(nn.Module):
    def forward(self, weights: Tensor) -> Tensor:
        return round_weights(weights)


class _Range:
    """Running range of an activation; always contains zero, as padding does."""

    def __init__(self) -> None:
        self._low = self._high = 0.0
        self._seen = False

    def round(self, values: Tensor) -> Tensor:
        low, high = (float(v) for v in values.detach().aminmax())
        low, high = min(low, 0.0), max(high, 0.0)
        share = 1 - _RANGE_DECAY if self._seen else 1.0
        self._low += share * (low - self._low)
        self._high += share * (high - self._high)
        self._seen = True
        step = max(self._high - self._low, 1e-6) / _ACTIVATION_STEPS
        zero = round(-self._low / step)
        whole = (values / step + zero).round().clamp(0, _ACTIVATION_STEPS)
        return _through(values, (whole - zero) * step)


class _RoundInput(_Range):
    def __call__(self, _module: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self.round(arguments[0]), *arguments[1:])


class _RoundOutput(_Range):
    def __call__(self, _module: nn.Module, _arguments: tuple[Any, ...], output: Tensor) -> Tensor:
        return self.round(output)


def _through(values: Tensor, rounded: Tensor) -> Tensor:
    return values + (rounded - values).detach()
