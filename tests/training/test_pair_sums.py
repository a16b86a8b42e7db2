"""Weights of 8 bits whose products can be summed in pairs without running over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

pytest.importorskip("onnx")

import onnx
from onnx import TensorProto, helper, numpy_helper

from medsift.classify import store
from medsift.classify.network import PAIRS_FIT
from medsift.classify.runtime import onnxruntime
from medsift.training.pair_sums import MOST, bound_pair_sums, bounded_weights

pytestmark = pytest.mark.train

SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 7), st.integers(1, 3), st.integers(1, 3))


def largest_pair(weights: Any) -> int:
    """Written out: neighbouring input channels at one place, and on to the next place."""
    most = 0
    for output in weights.astype(int):
        line = [
            output[c, y, x]
            for y in range(output.shape[1])
            for x in range(output.shape[2])
            for c in range(output.shape[0])
        ]
        for one, other in zip(line[::2], [*line[1::2], 0], strict=False):
            most = max(most, max(one, 0) + max(other, 0), max(-one, 0) + max(-other, 0))
    return most


@given(SHAPES.flatmap(lambda shape: arrays(np.int8, shape, elements=st.integers(-127, 127))))
def test_pairs_fit_and_weights_stay_what_they_were(weights: Any) -> None:
    factors = np.linspace(0.01, 0.02, len(weights)).astype(np.float32)
    bounded, raised = bounded_weights(weights, factors)
    assert largest_pair(bounded) <= MOST
    assert (raised >= factors).all()
    assert (raised <= 2.1 * factors).all()
    wide = raised.reshape(-1, 1, 1, 1)
    assert np.abs(bounded * wide - weights * factors.reshape(-1, 1, 1, 1)).max() <= wide.max()


def test_channels_that_fit_are_left_alone() -> None:
    weights = np.array([[100, 28, -100, -28], [100, 29, 0, 0]], np.int8).reshape(2, 4, 1, 1)
    bounded, raised = bounded_weights(weights, np.ones(2, np.float32))
    assert bounded[0].ravel().tolist() == [100, 28, -100, -28]
    assert raised[0] == 1
    assert raised[1] > 1


def test_one_factor_for_all_channels_stays_one() -> None:
    weights = np.array([[127, 127], [1, 1]], np.int8).reshape(2, 2, 1, 1)
    bounded, raised = bounded_weights(weights, np.array(0.5, np.float32))
    assert raised.shape == ()
    assert largest_pair(bounded) <= MOST
    assert bounded[1].any()


def write(
    path: Path,
    *,
    groups: int = 1,
    unsigned: bool = False,
    shared: bool = False,
    matrix: bool = False,
) -> Path:
    """A convolution in 8 bits with the largest weights there are, and a bias.

    ``shared``: a second one has the same factors; ``matrix``: a product of matrices follows.
    """
    rng = np.random.default_rng(0)
    shape = (8, 8 // groups, 1, 1)
    weights = rng.choice([-127, 127, 60], shape).astype(np.int8)
    constants: dict[str, Any] = {
        "scale": np.array(1 / 255, np.float32),
        "zero": np.array(0, np.uint8),
        "weights": (weights.astype(int) + 128).astype(np.uint8) if unsigned else weights,
        "factors": np.full(8, 0.01, np.float32),
        "zeros": np.full(8, 128, np.uint8) if unsigned else np.zeros(8, np.int8),
        "bias": np.array([1000, -2000, 0, 30] * 2, np.int32),
        "of bias": np.full(8, 0.01 / 255, np.float32),
        "bias zeros": np.zeros(8, np.int32),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["pixels", "scale", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["x"]),
        helper.make_node("DequantizeLinear", ["weights", "factors", "zeros"], ["w"], axis=0),
        helper.make_node("DequantizeLinear", ["bias", "of bias", "bias zeros"], ["b"], axis=0),
        helper.make_node("Conv", ["x", "w", "b"], ["logits"], group=groups),
    ]
    outputs = ["logits"]
    if shared:
        constants["others"] = weights // 2
        nodes += [
            helper.make_node("DequantizeLinear", ["others", "factors", "zeros"], ["v"], axis=0),
            helper.make_node("Conv", ["x", "v"], ["second"], group=groups),
        ]
        outputs.append("second")
    if matrix:
        constants |= {"table": np.full((5, 5), 127, np.int8), "no": np.array(0, np.int8)}
        nodes += [
            helper.make_node("DequantizeLinear", ["table", "scale", "no"], ["t"]),
            helper.make_node("MatMul", ["x", "t"], ["product"]),
        ]
        outputs.append("product")
    graph = helper.make_graph(
        nodes,
        "one convolution",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 8, 5, 5])],
        [helper.make_tensor_value_info(o, TensorProto.FLOAT, ["n", 8, 5, 5]) for o in outputs],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)
    return path


def weights_of(path: Path) -> Any:
    (tensor,) = (t for t in onnx.load(path).graph.initializer if t.name == "weights")
    return numpy_helper.to_array(tensor)


def is_noted(path: Path) -> bool:
    return PAIRS_FIT in {entry.key for entry in onnx.load(path).metadata_props}


def run(path: Path) -> Any:
    pixels = np.random.default_rng(1).random((2, 8, 5, 5)).astype(np.float32)
    session = onnxruntime().InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"pixels": pixels})[0]


@pytest.mark.parametrize("groups", [1, 2])
def test_a_network_says_the_same_with_bounded_weights(tmp_path: Path, groups: int) -> None:
    path = write(tmp_path / "network.onnx", groups=groups)
    before = run(path)
    weights = weights_of(path)
    assert bound_pair_sums(path) == sum(largest_pair(row[None]) > MOST for row in weights) > 4
    # Eight weights at most, each rounded to half of a factor of 0.02 at most.
    assert np.abs(run(path) - before).max() < 8 * 0.01
    assert largest_pair(weights_of(path)) <= MOST
    stored = {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
    # ONNX Runtime takes it for granted that this is the product.
    assert stored["of bias"] == pytest.approx(stored["factors"] / 255, rel=1e-6)
    assert stored["bias"] * stored["of bias"] == pytest.approx(
        np.array([1000, -2000, 0, 30] * 2) * 0.01 / 255, abs=0.02 / 255
    )
    assert is_noted(path)
    assert bound_pair_sums(path) == 0


def test_depthwise_convolutions_are_left_alone_and_fit(tmp_path: Path) -> None:
    path = write(tmp_path / "network.onnx", groups=8)
    before = path.read_bytes()
    assert bound_pair_sums(path) == 0
    assert is_noted(path)
    was, now = onnx.load_from_string(before).graph, onnx.load(path).graph
    assert was == now


@pytest.mark.parametrize("what", ["unsigned", "shared", "matrix"])
def test_nothing_is_noted_of_a_network_with_weights_that_were_not_bounded(
    tmp_path: Path, what: str
) -> None:
    path = write(tmp_path / "network.onnx", **{what: True})
    before = run(path)
    bound_pair_sums(path)
    assert not is_noted(path)
    assert np.abs(run(path) - before).max() < 8 * 0.01


@pytest.mark.parametrize("path", sorted(store.BUNDLED.glob("*/*.onnx")), ids=str)
def test_bundled_networks_fit(path: Path) -> None:
    graph = onnx.load(path).graph
    stored = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    whole = [v for v in stored.values() if v.dtype == np.int8 and v.ndim == 4 and v.shape[1] > 1]
    assert len(whole) > 20
    assert max(map(largest_pair, whole)) <= MOST
