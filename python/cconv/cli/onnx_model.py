"""A model of one operation in ONNX's protobuf, written by hand: (field, value) pairs to bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["convolution", "pool"]

_FLOAT, _INT, _INTS = 1, 2, 7  # of TensorProto.DataType and AttributeProto.AttributeType


def convolution(
    shape: Sequence[int],
    weight: NDArray[np.float32],
    bias: NDArray[np.float32] | None,
    stride: Sequence[int],
    pairs: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    groups: int,
) -> bytes:
    """Return a model with input "x" of a shape (N, C, ...) and output "y"."""
    names = ["x", "weight"] if bias is None else ["x", "weight", "bias"]
    constants = [_tensor("weight", weight)] + ([] if bias is None else [_tensor("bias", bias)])
    node = _message(
        *((1, name) for name in names),
        (2, "y"),
        (4, "Conv"),
        (5, _ints("strides", stride)),
        (5, _ints("pads", [before for before, _ in pairs] + [after for _, after in pairs])),
        (5, _ints("dilations", dilation)),
        (5, _message((1, "group"), (3, groups), (20, _INT))),
    )
    return _model(node, constants, shape)


def pool(kind: str, shape: Sequence[int], kernel: int, stride: int, padding: int) -> bytes:
    """Return a model of a "Max" or "Average" pool of images, the border not counted in averages."""
    node = _message(
        (1, "x"),
        (2, "y"),
        (4, f"{kind}Pool"),
        (5, _ints("kernel_shape", [kernel] * 2)),
        (5, _ints("strides", [stride] * 2)),
        (5, _ints("pads", [padding] * 4)),
    )
    return _model(node, [], shape)


def _model(node: bytes, constants: Sequence[bytes], shape: Sequence[int]) -> bytes:
    graph = _message(
        (1, node),
        (2, "operation"),
        *((5, constant) for constant in constants),
        (11, _value("x", shape)),
        (12, _value("y", None)),
    )
    return _message((1, 8), (7, graph), (8, _message((2, 13))))


def _message(*fields: tuple[int, Any]) -> bytes:
    parts = []
    for number, value in fields:
        if isinstance(value, int):
            parts.append(_varint(number << 3) + _varint(value))
        else:
            content = value.encode() if isinstance(value, str) else value
            parts.append(_varint(number << 3 | 2) + _varint(len(content)) + content)
    return b"".join(parts)


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    digits.append(value)
    return bytes(digits)


def _ints(name: str, values: Sequence[int]) -> bytes:
    return _message((1, name), *((8, value) for value in values), (20, _INTS))


def _tensor(name: str, array: NDArray[np.float32]) -> bytes:
    content = array.astype("<f4").tobytes()
    return _message(*((1, n) for n in array.shape), (2, _FLOAT), (8, name), (9, content))


def _value(name: str, shape: Sequence[int] | None) -> bytes:
    fields: list[tuple[int, Any]] = [(1, _FLOAT)]
    if shape is not None:
        fields.append((2, _message(*((1, _message((1, n))) for n in shape))))
    return _message((1, name), (2, _message((1, _message(*fields)))))
