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
    """Raise the factors of an 8-bit network until its pairs fit, and note that they do, in place.

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
    from onnx import helper, numpy_helper

    model = onnx.load(path)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}

    def write(name: str, values: NDArray[Any]) -> None:
        constants[name].CopyFrom(numpy_helper.from_array(values, name))

    changed = 0
    done: set[str] = set()
    for node in model.graph.node:
        if node.op_type != "Conv" or _groups(node) > 1:
            continue
        whole, factor = _stored(makers.get(node.input[1]), constants)
        if not whole or whole in done:
            continue
        done.add(whole)
        weights = numpy_helper.to_array(constants[whole])
        before = numpy_helper.to_array(constants[factor])
        if weights.dtype != np.int8:
            continue
        bounded, after = bounded_weights(weights, before)
        if np.array_equal(before, after):
            continue
        changed += int((before != after).sum())
        write(whole, bounded)
        write(factor, after)
        # A bias counts in products: the factor of the weights times that of the activations.
        bias, of_bias = _stored(
            makers.get(node.input[2]) if len(node.input) > 2 else None, constants
        )
        if bias:
            sums, old = (numpy_helper.to_array(constants[name]) for name in (bias, of_bias))
            new = (old * (after / before)).astype(np.float32)
            write(bias, np.round(sums * (old.astype(np.float64) / new)).astype(sums.dtype))
            write(of_bias, new)
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


def _stored(dequantise: Any, constants: dict[str, Any]) -> tuple[str, str]:
    """Names of whole numbers and factors behind a value; empty where it is not so stored."""
    if dequantise is None or dequantise.op_type != "DequantizeLinear":
        return "", ""
    whole, factor = dequantise.input[:2]
    return (whole, factor) if whole in constants and factor in constants else ("", "")


def _groups(node: Any) -> int:
    return next((a.i for a in node.attribute if a.name == "group"), 1)


def _properties(model: Any) -> dict[str, str]:
    return {entry.key: entry.value for entry in model.metadata_props}
