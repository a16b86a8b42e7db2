"""A model folder whose verdicts can be worked out by hand, written without the package onnx.

The network looks at squares of ``size / cells`` pixels: the classes' logits are ``gain`` times
the brightness (0 to 1) of red for ``ct``, of green for ``mri`` and of blue for ``photo``,
averaged over the squares; its features are its logits. The bytes follow ``onnx.proto3``.
"""

from __future__ import annotations

import struct
from pathlib import Path

from medsift.classify.card import GateSpec, MemberSpec, ModelCard, ModelClass, write_card
from medsift.classify.preprocess import Fit, Preprocess
from medsift.classify.second_spec import SecondSpec

CLASSES = (
    ModelClass("ct", "medical"),
    ModelClass("mri", "medical"),
    ModelClass("photo", "non_medical"),
)


def write_model(
    folder: Path,
    *,
    size: int = 32,
    cells: int = 4,
    fit: Fit = "stretch",
    gain: float = 8.0,
    class_map: bool = True,
    members: int = 1,
    gate: GateSpec | None = None,
    second: SecondSpec | None = None,
) -> Path:
    """Write the model, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    # Samples of 0 to 255 become 0 to 1.
    spec = Preprocess(size, fit, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    files = [f"{number}.onnx" for number in range(members)]
    for file in files:
        (folder / file).write_bytes(network(size // cells, gain, class_map))
    members_of = tuple(MemberSpec(file, spec) for file in files)
    card = ModelCard("tiny", "1", CLASSES, members_of, gate=gate, second=second)
    write_card(card, folder)
    return folder


def network(stride: int, gain: float, class_map: bool) -> bytes:
    """Bytes of the ONNX file."""
    pooled = _node("AveragePool", ["pixels"], ["cells"], kernel_shape=stride, strides=stride)
    classified = _node("Conv", ["cells", "weight"], ["class_map"])
    averaged = _node("GlobalAveragePool", ["class_map"], ["mean"])
    flat = _node("Flatten", ["mean"], ["logits"])
    features = _node("Flatten", ["mean"], ["features"])
    weights = [gain if row == column else 0.0 for row in range(3) for column in range(3)]
    graph = b"".join(_part(1, node) for node in (pooled, classified, averaged, flat, features))
    graph += _part(2, b"tiny") + _part(5, _tensor("weight", (3, 3, 1, 1), weights))
    graph += _part(11, _value("pixels", ("n", 3, "h", "w")))
    graph += _part(12, _value("logits", ("n", 3))) + _part(12, _value("features", ("n", 3)))
    if class_map:
        graph += _part(12, _value("class_map", ("n", 3, "rows", "columns")))
    return _number(1, 8) + _part(7, graph) + _part(8, _part(1, b"") + _number(2, 17))


def _node(operator: str, inputs: list[str], outputs: list[str], **pairs: int) -> bytes:
    parts = [_part(1, name.encode()) for name in inputs]
    parts += [_part(2, name.encode()) for name in outputs]
    parts += [_part(4, operator.encode())]
    # Attributes of the kind INTS (7), the same for both axes.
    parts += [
        _part(5, _part(1, name.encode()) + _number(8, value) * 2 + _number(20, 7))
        for name, value in pairs.items()
    ]
    return b"".join(parts)


def _tensor(name: str, shape: tuple[int, ...], values: list[float]) -> bytes:
    raw = struct.pack(f"<{len(values)}f", *values)
    dims = b"".join(_number(1, side) for side in shape)
    return dims + _number(2, 1) + _part(8, name.encode()) + _part(9, raw)


def _value(name: str, shape: tuple[int | str, ...]) -> bytes:
    dims = b"".join(
        _part(1, _number(1, side) if isinstance(side, int) else _part(2, side.encode()))
        for side in shape
    )
    return _part(1, name.encode()) + _part(2, _part(1, _number(1, 1) + _part(2, dims)))


def _part(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes([*encoded, value])
