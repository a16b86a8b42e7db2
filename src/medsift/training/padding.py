"""Padding that stands alone in an ONNX network becomes part of the convolution behind it.

TensorFlow's "same" padding differs from side to side, which PyTorch's convolutions cannot do, so
that exported networks hold nodes that only pad. ONNX's convolutions can. ONNX Runtime does not
fold such nodes in 8-bit networks: it turns whole layers into floats, pads them and turns them
back, for a sixth of the time of a small network. The numbers are the same, to the last bit.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

_IMAGE_AXES = 4
_QUANTISE, _DEQUANTISE = "QuantizeLinear", "DequantizeLinear"


def fold_padding(path: Path) -> int:
    """Fold the padding nodes of an ONNX file, in place.

    Parameters
    ----------
    path : Path
        A network in floats, or in 8 bits with QDQ nodes.

    Returns
    -------
    int
        How many were folded; others stay as they were.
    """
    import onnx

    model = onnx.load(path)
    folded = _Graph(model.graph).fold_all()
    if folded:
        onnx.checker.check_model(model)
        onnx.save(model, path)
    return folded


class _Graph:
    """A graph with an index of who makes and who reads each value."""

    def __init__(self, graph: Any) -> None:
        from onnx import numpy_helper

        self._graph = graph
        self._constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        self._maker = {name: node for node in graph.node for name in node.output}
        self._readers: defaultdict[str, list[Any]] = defaultdict(list)
        for node in graph.node:
            for name in node.input:
                self._readers[name].append(node)
        self._outputs = {output.name for output in graph.output}

    def fold_all(self) -> int:
        pads = [node for node in self._graph.node if node.op_type == "Pad"]
        return sum(map(self._fold, pads))

    def _fold(self, pad: Any) -> bool:
        sides, between = self._sides(pad), self._between(pad)
        if sides is None or between is None:
            return False
        last = between[-1] if between else pad
        conv = self._only_reader(last)
        if conv is None or conv.op_type != "Conv" or conv.input[0] != last.output[0]:
            return False
        if not _pads_by_numbers(conv):
            return False
        _add_pads(conv, sides)
        # Where there is a pair between, whole numbers come in and the same ones went out.
        conv.input[0] = pad.input[0]
        for node in (pad, *between):
            self._graph.node.remove(node)
        return True

    def _between(self, pad: Any) -> list[Any] | None:
        """Nodes between a padding and its convolution: none, or a pair that changes nothing."""
        reader = self._only_reader(pad)
        if reader is None or reader.op_type != _QUANTISE:
            return []
        back = self._only_reader(reader)
        before = self._maker.get(pad.input[0])
        if back is None or before is None:
            return None
        if back.op_type != _DEQUANTISE or before.op_type != _DEQUANTISE:
            return None
        same = self._is_same(before, reader) and self._is_same(before, back)
        return [reader, back] if same else None

    def _sides(self, pad: Any) -> tuple[list[int], list[int]] | None:
        """What a node adds above and left, and below and right; None if not with zeros there."""
        mode = next((a.s for a in pad.attribute if a.name == "mode"), b"constant")
        given = [name for name in pad.input[1:] if name]
        if mode != b"constant" or not all(name in self._constants for name in given):
            return None
        amounts = [int(v) for v in self._constants[pad.input[1]]]
        fill = self._constants[pad.input[2]] if len(given) > 1 else np.zeros(1)
        if len(given) > 2 or len(amounts) != 2 * _IMAGE_AXES or fill.any() or min(amounts) < 0:
            return None
        if any(amounts[0:2] + amounts[4:6]):
            return None
        return amounts[2:4], amounts[6:8]

    def _is_same(self, one: Any, other: Any) -> bool:
        """Whether two nodes have the same factor and the same zero."""
        mine, yours = ([self._constants.get(n) for n in node.input[1:]] for node in (one, other))
        return len(mine) == len(yours) and all(
            a is not None and b is not None and a.dtype == b.dtype and np.array_equal(a, b)
            for a, b in zip(mine, yours, strict=True)
        )

    def _only_reader(self, node: Any) -> Any:
        (name,) = node.output
        readers = self._readers[name]
        return readers[0] if len(readers) == 1 and name not in self._outputs else None


def _pads_by_numbers(conv: Any) -> bool:
    return all(a.s in (b"", b"NOTSET") for a in conv.attribute if a.name == "auto_pad")


def _add_pads(conv: Any, sides: tuple[list[int], list[int]]) -> None:
    from onnx import helper

    before = next((list(a.ints) for a in conv.attribute if a.name == "pads"), [0, 0, 0, 0])
    kept = [attribute for attribute in conv.attribute if attribute.name != "pads"]
    total = [own + added for own, added in zip(before, [*sides[0], *sides[1]], strict=True)]
    del conv.attribute[:]
    conv.attribute.extend([*kept, helper.make_attribute("pads", total)])
