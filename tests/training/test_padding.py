"""Padding becomes part of the convolutions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
from onnx import TensorProto, helper, numpy_helper

from medsift.classify.runtime import onnxruntime
from medsift.training.padding import fold_padding

pytestmark = pytest.mark.train

SIDES = [0, 0, 0, 1, 0, 0, 1, 2]
"""Nothing above, 1 to the left, 1 below, 2 to the right."""


def write(
    path: Path,
    *,
    sides: list[int] = SIDES,
    eight_bits: bool = False,
    zeros: tuple[int, int] = (100, 100),
    fill: float = 0.0,
    mode: str = "constant",
    padded_is_output: bool = False,
    read_twice: bool = False,
) -> Path:
    """A padding and a convolution that pads by 1 above and below as well."""
    rng = np.random.default_rng(0)
    constants: dict[str, Any] = {
        "sides": np.array(sides, np.int64),
        "fill": np.array(fill, np.float32),
        "scale": np.array(0.02, np.float32),
        "zero": np.array(zeros[0], np.uint8),
        "other zero": np.array(zeros[1], np.uint8),
        "weight": rng.normal(size=(4, 3, 3, 3)).astype(np.float32),
    }
    nodes: list[Any] = []
    last = "pixels"

    def add(operator: str, *more: str, **attributes: Any) -> None:
        nonlocal last
        output = f"{operator} {len(nodes)}"
        nodes.append(helper.make_node(operator, [last, *more], [output], **attributes))
        last = output

    if eight_bits:
        add("QuantizeLinear", "scale", "zero")
        add("DequantizeLinear", "scale", "zero")
    add("Pad", "sides", "fill", mode=mode)
    padded = last
    if eight_bits:
        add("QuantizeLinear", "scale", "other zero")
        add("DequantizeLinear", "scale", "other zero")
    add("Conv", "weight", strides=[2, 2], pads=[1, 0, 1, 0])
    outputs = [last]
    if read_twice:
        nodes.append(helper.make_node("Relu", [padded], ["twice"]))
        outputs.append("twice")
    if padded_is_output:
        outputs.append(padded)
    of_floats = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", "c", "h", "w"])
        for name in ("pixels", *outputs)
    ]
    stored = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "padded", of_floats[:1], of_floats[1:], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def answers(path: Path) -> list[np.ndarray]:
    pixels = np.random.default_rng(1).normal(size=(2, 3, 9, 12)).astype(np.float32)
    session = onnxruntime().InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return list(session.run(None, {"pixels": pixels}))


def operators(path: Path) -> list[str]:
    return [node.op_type for node in onnx.load(path).graph.node]


def test_a_convolution_pads_for_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "net.onnx")
    before = answers(path)
    assert fold_padding(path) == 1
    assert operators(path) == ["Conv"]
    assert np.allclose(answers(path)[0], before[0], atol=1e-5)


def test_in_eight_bits_it_reads_the_whole_numbers_themselves(tmp_path: Path) -> None:
    path = write(tmp_path / "net.onnx", eight_bits=True)
    before = answers(path)
    assert fold_padding(path) == 1
    assert operators(path) == ["QuantizeLinear", "DequantizeLinear", "Conv"]
    assert np.allclose(answers(path)[0], before[0], atol=1e-5)


@pytest.mark.parametrize(
    "unlike",
    [
        {"fill": 1.0},
        {"mode": "reflect"},
        {"sides": [0, 1, 0, 0, 0, 0, 0, 0]},
        {"sides": [0, 0, -1, 0, 0, 0, 0, 0]},
        {"eight_bits": True, "zeros": (100, 90)},
        {"padded_is_output": True},
        {"read_twice": True},
    ],
)
def test_what_would_change_the_numbers_stays(tmp_path: Path, unlike: dict[str, Any]) -> None:
    path = write(tmp_path / "net.onnx", **unlike)
    before = path.read_bytes()
    assert fold_padding(path) == 0
    assert path.read_bytes() == before
