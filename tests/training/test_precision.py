"""Mixed precision on processors."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from medsift.training import precision

pytestmark = pytest.mark.train


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(4, 8, 1), nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 2, 1))


def test_only_depthwise_convolutions_compute_in_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "supported", lambda _device: True)
    net = network()
    seen: list[torch.dtype] = []
    wanted = net(torch.ones(2, 4, 6, 6))
    for layer in net:
        layer.register_forward_hook(lambda _m, _i, output: seen.append(output.dtype))
    hidden = nn.Conv2d._conv_forward

    def spy(self: nn.Conv2d, x: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        if self.groups > 1:
            assert x.dtype == torch.float32
        return hidden(self, x, *rest)

    monkeypatch.setattr(nn.Conv2d, "_conv_forward", spy)
    with precision.faster(net):
        output = net(torch.ones(2, 4, 6, 6))
    assert seen == [torch.bfloat16] * 3
    assert torch.allclose(output.float(), wanted, atol=0.05)
    output.float().sum().backward()
    assert all(p.grad is not None and p.grad.dtype == torch.float32 for p in net.parameters())


def test_the_network_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "supported", lambda _device: True)
    net = network()
    with pytest.raises(RuntimeError), precision.faster(net):
        raise RuntimeError
    assert "forward" not in vars(net[1])
    assert net(torch.ones(1, 4, 6, 6)).dtype == torch.float32


def test_without_support_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "supported", lambda _device: False)
    net = network()
    with precision.faster(net):
        assert net(torch.ones(1, 4, 6, 6)).dtype == torch.float32
