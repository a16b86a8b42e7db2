"""Training with the rounding of 8-bit integers."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from medsift.training.fake_quant import fake_quantised, round_weights

pytestmark = pytest.mark.train


def small_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU6(), nn.Conv2d(8, 4, 1))


def test_weights_become_255_steps_for_each_output_channel() -> None:
    weights = torch.randn(5, 3, 3, 3) * torch.tensor([0.01, 1, 100, 0, 5])[:, None, None, None]
    rounded = round_weights(weights)
    for channel, original in zip(rounded, weights, strict=True):
        step = original.abs().max() / 127
        assert len(channel.unique()) <= 255
        assert float((channel - original).abs().max()) <= float(step) / 2 + 1e-9


def test_gradients_pass_as_if_nothing_had_been_rounded() -> None:
    weights = torch.randn(2, 3, requires_grad=True)
    (round_weights(weights) * torch.tensor([2.0, 3.0, 4.0])).sum().backward()
    assert weights.grad is not None
    assert torch.allclose(weights.grad, torch.tensor([[2.0, 3.0, 4.0]] * 2))


def test_inside_activations_take_at_most_256_values_and_learning_goes_on() -> None:
    network = small_network()
    pixels = torch.randn(2, 3, 9, 9)
    optimiser = torch.optim.SGD(network.parameters(), 0.5)
    with fake_quantised(network):
        output = network(pixels)
        assert len(output.detach().unique()) <= 256
        before = network[0].weight.detach().clone()
        output.square().sum().backward()
        optimiser.step()
        assert not torch.equal(network[0].weight, before)


def test_afterwards_the_rounded_weights_stay_and_the_network_is_plain_again() -> None:
    network = small_network()
    names = list(network.state_dict())
    with fake_quantised(network):
        inside = network[2].weight.detach().clone()
    assert sorted(network.state_dict()) == sorted(names)
    assert torch.equal(network[2].weight, inside)
    assert len(network[2].weight[0].unique()) <= 255
    assert len(network(torch.randn(4, 3, 12, 12)).unique()) > 256
