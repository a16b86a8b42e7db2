"""Weights of 8 bits whose products can be summed in pairs without running over.

x86 processors without VNNI multiply unsigned activations by signed weights and add the products
of two neighbours in 16 bits, where 255 * (127 + 127) has no place: the sum sticks at 32,767. ONNX
Runtime's documentation advises weights of 7 bits for such processors, or a way of computing that
takes a third more time (``session.x64quantprecision``). Neither is needed where the weights of
each pair add up to no more than 128. The factor of an output channel is raised until that holds:
by less than a half for most, where 7 bits would double that of all.

Kernels of depthwise convolutions widen before they add, and are left alone.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsift.classify.network import PAIRS_FIT

MOST = 128
"""Largest sum of two neighbouring weights of one sign: 255 * 128 is below 2**15."""

_LARGEST = 127
_STEP = 1.005


def bound_pair_sums(path: Path) -> int:
    """Raise the factors of an 8-bit network until its pairs fit, in place.

    That they do is noted in the file, unless there are weights that were not looked at: unsigned
    ones, those of other layers than convolutions, and those that layers share.

    Parameters
    ----------
    path : Path
        A network with QDQ nodes, weights of int8 with a factor for each output channel.

    Returns
    -------
    int
        How many output channels got another factor.
    """
    import onnx
    from onnx import helper

    model = onnx.load(path)
    stored = _Stored(model.graph)
    changed, all_fit = 0, True
    for dequantise in stored.weights():
        readers = stored.readers[dequantise.output[0]]
        if all(_widens(node, stored.values(dequantise.input[0])) for node in readers):
            continue
        if stored.boundable(dequantise) and len(readers) == 1 and readers[0].op_type == "Conv":
            changed += stored.bound(dequantise, readers[0])
        else:
            all_fit = False
    if all_fit:
        helper.set_model_props(model, {**_properties(model), PAIRS_FIT: "1"})
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return changed


def bounded_weights(
    weights: NDArray[np.int8], factors: NDArray[np.float32]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Give the same weights by whole numbers whose pairs fit.

    Parameters
    ----------
    weights : ndarray of int8, shape (outputs, inputs, rows, columns)
    factors : ndarray of float32, shape (outputs,) or (1,) or ()
        What a whole number of each output channel, or of all, stands for.

    Returns
    -------
    weights, factors : ndarray
        Of the same shapes and types; factors are never smaller than they were.
    """
    real = weights * factors.astype(np.float64).reshape(-1, 1, 1, 1)
    raised = factors.astype(np.float64)
    whole = weights
    while (over := _pair_sums(whole)).max() > MOST:
        need = np.where(over > MOST, np.maximum(over / MOST, _STEP), 1.0)
        raised = raised * (need if raised.size == len(need) else need.max())
        scaled = np.round(real / raised.reshape(-1, 1, 1, 1))
        whole = np.clip(scaled, -_LARGEST, _LARGEST).astype(np.int8)
    return whole, raised.astype(np.float32)


def _pair_sums(weights: NDArray[np.int8]) -> NDArray[np.int64]:
    """Largest sum of two neighbours of one sign, for each output channel.

    Neighbours are pairs of input channels, from the first on: so kernels read pixels whose
    channels lie side by side.
    """
    rows = weights.transpose(0, 2, 3, 1).reshape(len(weights), -1).astype(np.int64)
    pairs = np.pad(rows, ((0, 0), (0, rows.shape[1] % 2))).reshape(len(rows), -1, 2)
    positive, negative = (np.maximum(sign * pairs, 0).sum(axis=2) for sign in (1, -1))
    largest: NDArray[np.int64] = np.maximum(positive, negative).max(axis=1)
    return largest


class _Stored:
    """The whole numbers in a graph, with an index of who reads what."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._makers = {name: node for node in graph.node for name in node.output}
        self.readers: defaultdict[str, list[Any]] = defaultdict(list)
        for node in graph.node:
            for name in node.input:
                self.readers[name].append(node)

    def weights(self) -> list[Any]:
        """Nodes that make weights of whole numbers: of two axes or more, unlike biases."""
        nodes = [n for n in self._graph.node if n.op_type == "DequantizeLinear"]
        constant = [n for n in nodes if n.input[0] in self._constants]
        return [n for n in constant if self.values(n.input[0]).ndim > 1]

    def values(self, name: str) -> NDArray[Any]:
        from onnx import numpy_helper

        values: NDArray[Any] = numpy_helper.to_array(self._constants[name])
        return values

    def boundable(self, dequantise: Any) -> bool:
        """Whether weights are signed bytes with factors that nobody shares."""
        whole, factor = dequantise.input[:2]
        alone = all(len(self.readers[name]) == 1 for name in (whole, factor))
        return alone and factor in self._constants and self.values(whole).dtype == np.int8

    def bound(self, dequantise: Any, convolution: Any) -> int:
        """Bound the weights of a convolution; how many output channels got another factor."""
        whole, factor = dequantise.input[:2]
        before = self.values(factor)
        bounded, after = bounded_weights(self.values(whole), before)
        if np.array_equal(before, after):
            return 0
        self._write(whole, bounded)
        self._write(factor, after)
        maker = self._makers.get(convolution.input[2]) if len(convolution.input) > 2 else None
        if maker is not None and maker.input[0] in self._constants:
            # A bias counts in products: the factor of the weights times that of the activations.
            bias, of_bias = maker.input[:2]
            sums, old = self.values(bias), self.values(of_bias)
            new = (old * (after / before)).astype(np.float32)
            self._write(bias, np.round(sums * (old.astype(np.float64) / new)).astype(sums.dtype))
            self._write(of_bias, new)
        return int((before != after).sum())

    def _write(self, name: str, values: NDArray[Any]) -> None:
        from onnx import numpy_helper

        self._constants[name].CopyFrom(numpy_helper.from_array(values, name))


def _widens(node: Any, weights: NDArray[Any]) -> bool:
    """Whether a node is a depthwise convolution, whose kernels widen before they add."""
    groups = next((a.i for a in node.attribute if a.name == "group"), 1)
    return bool(node.op_type == "Conv" and groups > 1 and weights.shape[1] == 1)


def _properties(model: Any) -> dict[str, str]:
    return {entry.key: entry.value for entry in model.metadata_props}
