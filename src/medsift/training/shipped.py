"""The weights of a model as it ships, to start the training of another from.

A model folder holds ONNX files, mostly in 8-bit integers. ONNX Runtime multiplies the integers
out; what comes is, but for the rounding, what was trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from medsift.classify import store
from medsift.classify.card import ModelClass, read_card
from medsift.classify.runtime import onnxruntime
from medsift.core.errors import ModelError

_Layer = tuple[NDArray[np.float32], NDArray[np.float32]]


def is_model(name: str) -> bool:
    """Whether a text names a bundled model, or a folder that holds a model."""
    return store.is_bundled(name) or (Path(name) / store.CARD_FILE).is_file()


def load_shipped(network: nn.Module, model: str, classes: Sequence[ModelClass]) -> str:
    """Load the weights of the network of a model that is built alike.

    Of the last layer, the rows of the classes that both know are taken; those of other classes
    stay as they are.

    Parameters
    ----------
    network : Module
        With batch normalisation folded; changed in place.
    model : str
        Name of a bundled model, or a model folder.
    classes : sequence of ModelClass
        Of the network's last layer.

    Returns
    -------
    str
        Name of the file that the weights came from.

    Raises
    ------
    ModelError
        None of the model's networks is built as this one.
    """
    folder = store.find(model)
    card = read_card(folder)
    head = network.get_classifier()
    body = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    for member in card.members:
        layers = _convolutions(folder / member.file)
        *inner, last = layers
        shapes = [tuple(m.weight.shape) for m in body]
        if [weight.shape for weight, _ in inner] != shapes or any(m.bias is None for m in body):
            continue
        with torch.no_grad():
            for module, (weight, bias) in zip(body, inner, strict=True):
                module.weight.copy_(torch.from_numpy(weight))
                _bias(module).copy_(torch.from_numpy(bias))
            _copy_rows(head, last, _shared(card.classes, classes))
        return member.file
    raise ModelError(f"no network of {model} is built as the recipe's: give a file of weights")


def _bias(module: nn.Conv2d) -> Tensor:
    if module.bias is None:
        raise ModelError("a convolution has no bias: its normalisation is not folded")
    return module.bias


def _shared(theirs: Sequence[ModelClass], ours: Sequence[ModelClass]) -> Mapping[int, int]:
    places = {(c.name, c.label): i for i, c in enumerate(theirs)}
    pairs = ((i, places.get((c.name, c.label))) for i, c in enumerate(ours))
    return {mine: other for mine, other in pairs if other is not None}


def _copy_rows(head: nn.Linear, last: _Layer, rows: Mapping[int, int]) -> None:
    weight, bias = last
    for mine, other in rows.items():
        head.weight[mine] = torch.from_numpy(weight[other, :, 0, 0])
        head.bias[mine] = float(bias[other])


def _convolutions(path: Path) -> list[_Layer]:
    """Weights and biases of the convolutions in floats, in the order that they compute."""
    import onnx
    from onnx import TensorProto, helper

    try:
        model = onnx.load(path)
    except Exception as error:
        raise ModelError(f"{path} cannot be read: {error}") from error
    nodes = [node for node in model.graph.node if node.op_type == "Conv"]
    if any(len(node.input) != 3 for node in nodes):
        raise ModelError(f"{path} has convolutions without a bias")
    names = [name for node in nodes for name in node.input[1:]]
    del model.graph.output[:]
    model.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        for name in dict.fromkeys(names)
    )
    runtime = onnxruntime()
    options = runtime.SessionOptions()
    options.log_severity_level = 3  # it warns of each constant that the sizes need no more
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = runtime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    inputs = {i.name: np.zeros([1, *i.shape[1:]], np.float32) for i in session.get_inputs()}
    found = dict(zip(dict.fromkeys(names), session.run(None, inputs), strict=True))
    return [(found[node.input[1]], found[node.input[2]]) for node in nodes]
