"""From a trained network to an ONNX file, in 32-bit floats or 8-bit integers."""

from __future__ import annotations

import copy
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from medsift.classify.network import Network
from medsift.classify.preprocess import Preprocess, prepare
from medsift.classify.runtime import onnxruntime
from medsift.core.errors import ModelError
from medsift.training.backbones import WithFeatures
from medsift.training.data import PixelStore
from medsift.training.padding import fold_padding
from medsift.training.pair_sums import bound_pair_sums

_OPSET = 17
_FIRST_IN_FLOATS = 2
_OUTPUTS = ("logits", "features", "class_map")
_BATCH = 32
_SMALL_TENSOR = 1000
_LARGEST_DROP = 0.002
_CONFIDENT = 0.9
_LARGEST_DIFFERENCE = 1e-2


class ParityError(ModelError):
    """An exported network does not do what the trained one does."""


def export_onnx(network: nn.Module, preprocess: Preprocess, path: Path) -> None:
    """Write a network as ONNX: ``pixels`` to ``logits``, ``features`` and ``class_map``.

    The number of pictures is free; see :class:`medsift.training.backbones.WithFeatures`.

    Raises
    ------
    ParityError
        ONNX Runtime gives other logits than torch on random input.
    """
    module = WithFeatures(copy.deepcopy(network)).eval()
    sample = torch.randn(2, 3, preprocess.size, preprocess.size)
    with torch.no_grad():
        wanted, _, _ = module(sample)
        _fix_padding(module, sample)
        free = {0: "n"}
        with warnings.catch_warnings():
            # The exporter by tracing: the newer one wants another package, and these networks
            # have no control flow.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                module,
                (sample,),
                str(path),
                input_names=["pixels"],
                output_names=list(_OUTPUTS),
                dynamic_axes=dict.fromkeys(("pixels", *_OUTPUTS), free),
                opset_version=_OPSET,
                dynamo=False,
            )
    difference = float(np.abs(Network(path).logits(sample.numpy()) - wanted.numpy()).max())
    if not difference < _LARGEST_DIFFERENCE:
        raise ParityError(f"{path} differs from the trained network by {difference:.3g}")


def quantise(path: Path, target: Path, store: PixelStore, preprocess: Preprocess) -> None:
    """Write an 8-bit copy of an ONNX network: static, per channel, with QDQ nodes.

    Parameters
    ----------
    path, target : Path
        The 32-bit network, and where to write the 8-bit one.
    store : PixelStore
        Pictures of both labels, from which the ranges of the activations are taken.
    preprocess : Preprocess
    """
    onnxruntime()  # turns its telemetry off
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._batches = _prepared_batches(store, preprocess)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            batch = next(self._batches, None)
            return None if batch is None else {"pixels": batch}

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        simplified = Path(folder) / "simplified.onnx"
        quant_pre_process(str(path), str(simplified), skip_symbolic_shape=True)
        quantize_static(
            str(simplified),
            str(target),
            Reader(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            # Ranges as most batches have them: the very largest values are worth clipping.
            extra_options={"CalibMovingAverage": True},
            nodes_to_exclude=_kept_in_floats(simplified),
        )
    fold_padding(target)
    bound_pair_sums(target)


def _kept_in_floats(path: Path) -> list[str]:
    """Layers that stay in floats: the first two convolutions and the last layer.

    The last costs next to nothing, and its rounding would be the verdict's. The first see pixels
    of the whole range, and what they round away is lost to all that follow: with them in floats,
    probabilities move half as far from those of the full network.
    """
    import onnx

    nodes = onnx.load(path).graph.node
    convolutions = [n.name for n in nodes if n.op_type == "Conv"]
    last = [n.name for n in nodes if "class_map" in n.output]
    return [*convolutions[:_FIRST_IN_FLOATS], *last]


def compress_weights(path: Path, target: Path) -> None:
    """Write a copy of an ONNX network whose large weights are stored in 8 bits.

    A quarter of the size, and the speed of the original: the weights are whole numbers times a
    factor for each output channel, and ONNX Runtime multiplies them out when it loads the
    network. The activations stay in floats, so that hardly any accuracy is lost.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(path)
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    added = []
    for node in list(model.graph.node):
        name = node.input[1] if node.op_type in {"Conv", "Gemm"} else ""
        if name not in stored:
            continue
        weights = numpy_helper.to_array(stored[name])
        if weights.size < _SMALL_TENSOR:
            continue
        model.graph.initializer.remove(stored.pop(name))
        # One factor for each output channel: the first axis.
        largest = np.abs(weights).max(axis=tuple(range(1, weights.ndim)), keepdims=True)
        scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
        whole = np.round(weights / scale).astype(np.int8)
        model.graph.initializer.append(numpy_helper.from_array(whole, f"{name}_whole"))
        model.graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
        added += [
            helper.make_node("Cast", [f"{name}_whole"], [f"{name}_float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}_float", f"{name}_scale"], [name]),
        ]
    for node in reversed(added):
        model.graph.node.insert(0, node)
    onnx.checker.check_model(model)
    onnx.save(model, target)


def onnx_logits(path: Path, store: PixelStore, preprocess: Preprocess) -> NDArray[np.float32]:
    """Logits (n, classes) of all pictures of a store, by ONNX Runtime."""
    network = Network(path, threads=torch.get_num_threads())
    return np.concatenate([network.logits(b) for b in _prepared_batches(store, preprocess)])


def require_parity(
    reference: NDArray[np.float64],
    candidate: NDArray[np.float64],
    truth: NDArray[np.bool_],
    what: str,
) -> None:
    """Check that an exported network judges as the one that it was made from.

    Parameters
    ----------
    reference, candidate : ndarray of float64, shape (n,)
        Probabilities of medical on the validation pictures.
    truth : ndarray of bool, shape (n,)
        Which of them are medical.
    what : str
        For the message.

    Raises
    ------
    ParityError
        The candidate is right on over 0.2 percentage points less, or turns a confident label
        (a probability of at least 0.9) around.
    """
    before, after = (float(((p >= 0.5) == truth).mean()) for p in (reference, candidate))
    if after < before - _LARGEST_DROP - 1e-9:
        raise ParityError(f"{what} is right on {after:.2%} instead of {before:.2%}")
    sure = np.maximum(reference, 1 - reference) >= _CONFIDENT
    turned = int((sure & ((reference >= 0.5) != (candidate >= 0.5))).sum())
    if turned:
        raise ParityError(f"{what} turns {turned} confident labels around")


def _prepared_batches(store: PixelStore, preprocess: Preprocess) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(store), _BATCH):
        indices = range(start, min(start + _BATCH, len(store)))
        yield np.stack([prepare(store[i], preprocess) for i in indices])


class _FixedPadding(nn.Module):
    """A convolution whose padding is known, so that it exports as one node."""

    def __init__(self, convolution: nn.Conv2d, padding: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.convolution = convolution
        self._padding = padding

    def forward(self, pixels: Tensor) -> Tensor:
        conv = self.convolution
        padded = F.pad(pixels, self._padding)
        return F.conv2d(padded, conv.weight, conv.bias, conv.stride, 0, conv.dilation, conv.groups)


def _fix_padding(module: nn.Module, sample: Tensor) -> None:
    """Replace TensorFlow's "same" padding, which depends on the input, by its value here."""
    sizes: dict[nn.Module, tuple[int, int]] = {}
    hooks = [
        conv.register_forward_pre_hook(
            lambda inner, args: sizes.update({inner: (args[0].shape[-2], args[0].shape[-1])})
        )
        for conv in module.modules()
        if type(conv).__name__ == "Conv2dSame"
    ]
    module(sample)
    for hook in hooks:
        hook.remove()
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if child in sizes:
                setattr(parent, name, _FixedPadding(_as_conv(child), _same(child, sizes[child])))


def _same(conv: Any, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, right, top, bottom."""
    result: list[int] = []
    for axis in (1, 0):
        stride, kernel, dilation = conv.stride[axis], conv.kernel_size[axis], conv.dilation[axis]
        out = -(-size[axis] // stride)
        total = max(0, (out - 1) * stride + (kernel - 1) * dilation + 1 - size[axis])
        result += [total // 2, total - total // 2]
    return result[0], result[1], result[2], result[3]


def _as_conv(module: nn.Module) -> nn.Conv2d:
    if not isinstance(module, nn.Conv2d):
        raise ModelError(f"cannot export {type(module).__name__}")
    return module
