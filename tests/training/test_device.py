"""What a training computes on."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from medsift.core.errors import UsageError
from medsift.training import device, precision

pytestmark = pytest.mark.train


def present(monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"),
    [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_an_accelerator_is_taken_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, chosen: str
) -> None:
    present(monkeypatch, cuda, mps)
    assert device.choose("auto").type == chosen
    assert device.choose("cpu").type == "cpu"


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    present(monkeypatch, cuda=False, mps=False)
    for name in ("cuda", "mps"):
        with pytest.raises(UsageError, match=name):
            device.choose(name)


def test_only_a_processor_takes_a_batch_in_parts() -> None:
    assert device.part_of(64, torch.device("cpu")) == 16
    assert device.part_of(8, torch.device("cpu")) == 8
    assert device.part_of(64, torch.device("cuda")) == 64


@pytest.mark.parametrize("able", [True, False])
def test_an_accelerator_computes_in_16_bits_only_where_it_can(
    monkeypatch: pytest.MonkeyPatch, able: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: able)
    entered: list[tuple[str, torch.dtype]] = []
    real = torch.autocast

    def autocast(kind: str, dtype: torch.dtype) -> torch.autocast:
        entered.append((kind, dtype))
        return real("cpu", enabled=False)

    monkeypatch.setattr(torch, "autocast", autocast)
    with precision.faster(nn.Conv2d(3, 4, 1), torch.device("cuda")):
        pass
    assert entered == ([("cuda", torch.bfloat16)] if able else [])
    assert not precision.supported(torch.device("mps"))
