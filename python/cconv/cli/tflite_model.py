"""A model of one operation in TensorFlow Lite's flatbuffers, by the schema that LiteRT ships."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["convolution", "pool"]


def convolution(
    shape: Sequence[int],
    weight: NDArray[np.float32],
    bias: NDArray[np.float32] | None,
    stride: Sequence[int],
    pairs: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    groups: int,
) -> bytes:
    """Return a model whose input has a shape (N, H, W, C).

    Padding that the operator has no word for is one of its own before it, which XNNPACK fuses.
    Raises ImportError without LiteRT, or without flatbuffers.
    """
    schema = importlib.import_module("ai_edge_litert.schema_py_generated")
    graph = _Graph(schema)
    x = graph.tensor(shape)
    word = _word(shape[1:3], weight.shape[2:], stride, pairs, dilation)
    if word is None:
        around = [(0, 0), *pairs, (0, 0)]
        wide = graph.tensor([n + sum(pair) for n, pair in zip(shape, around, strict=True)])
        graph.operator("PAD", [x, graph.constant(np.array(around, np.int32))], wide, "PadOptions")
        x, word = wide, "VALID"
    if bias is None:
        bias = np.zeros(weight.shape[0], np.float32)
    kernels = np.moveaxis(weight, 1, -1)  # O, kH, kW, C/groups
    depthwise = groups > 1 and groups == shape[-1]
    if depthwise:
        kernels = np.moveaxis(kernels[..., 0], 0, -1)[np.newaxis]  # 1, kH, kW, O
    options: dict[str, Any] = {
        "padding": getattr(schema.Padding, word),
        "strideH": stride[0],
        "strideW": stride[1],
        "dilationHFactor": dilation[0],
        "dilationWFactor": dilation[1],
    }
    if depthwise:
        options["depthMultiplier"] = weight.shape[0] // groups
    operands = [x, graph.constant(np.ascontiguousarray(kernels)), graph.constant(bias)]
    y = graph.tensor([shape[0], -1, -1, weight.shape[0]])
    name = "DepthwiseConv2D" if depthwise else "Conv2D"
    code = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    graph.operator(code, operands, y, f"{name}Options", **options)
    return graph.packed(0, y)


def pool(kind: str, shape: Sequence[int], kernel: int, stride: int, same: bool) -> bytes:
    """Return a model of a "MAX" or "AVERAGE" pool of an input of a shape (N, H, W, C).

    `same`: with the padding of that name, else without.
    """
    graph = _Graph(importlib.import_module("ai_edge_litert.schema_py_generated"))
    x, y = graph.tensor(shape), graph.tensor([shape[0], -1, -1, shape[-1]])
    options: dict[str, Any] = {
        "padding": getattr(graph.schema.Padding, "SAME" if same else "VALID"),
        "filterHeight": kernel,
        "filterWidth": kernel,
        "strideH": stride,
        "strideW": stride,
    }
    graph.operator(f"{kind}_POOL_2D", [x], y, "Pool2DOptions", **options)
    return graph.packed(x, y)


def _word(
    sizes: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    pairs: Sequence[tuple[int, int]],
    dilation: Sequence[int],
) -> str | None:
    from cconv import shapes

    if all(pair == (0, 0) for pair in pairs):
        return "VALID"
    axes = zip(sizes, kernel, stride, dilation, strict=True)
    same = [shapes.same_padding(*axis) for axis in axes]
    return "SAME" if list(pairs) == same else None


class _Graph:
    def __init__(self, schema: Any) -> None:
        self.schema = schema
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._codes: list[Any] = []
        self._buffers = [schema.BufferT()]  # the first one is empty

    def tensor(self, shape: Sequence[int], buffer: int = 0, integers: bool = False) -> int:
        types = self.schema.TensorType
        tensor = self.schema.TensorT()
        tensor.shape = [max(n, 1) for n in shape]
        tensor.shapeSignature = list(shape)
        tensor.type = types.INT32 if integers else types.FLOAT32
        tensor.buffer = buffer
        tensor.name = f"t{len(self._graph.tensors)}"
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def constant(self, array: NDArray[Any]) -> int:
        buffer = self.schema.BufferT()
        buffer.data = np.frombuffer(array.tobytes(), np.uint8)
        self._buffers.append(buffer)
        return self.tensor(array.shape, len(self._buffers) - 1, array.dtype == np.int32)

    def operator(
        self, name: str, operands: list[int], result: int, kind: str, **options: Any
    ) -> None:
        code = self.schema.OperatorCodeT()
        code.builtinCode = getattr(self.schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = 1
        self._codes.append(code)
        operator = self.schema.OperatorT()
        operator.opcodeIndex = len(self._codes) - 1
        operator.inputs, operator.outputs = operands, [result]
        operator.builtinOptionsType = getattr(self.schema.BuiltinOptions, kind)
        operator.builtinOptions = getattr(self.schema, f"{kind}T")()
        for option, value in options.items():
            setattr(operator.builtinOptions, option, value)
        self._graph.operators.append(operator)

    def packed(self, x: int, y: int) -> bytes:
        builder = importlib.import_module("flatbuffers").Builder()
        builder.Finish(self._model(x, y).Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _model(self, x: int, y: int) -> Any:
        self._graph.inputs, self._graph.outputs = [x], [y]
        model = self.schema.ModelT()
        model.version = 3
        model.operatorCodes, model.buffers = self._codes, self._buffers
        model.subgraphs = [self._graph]
        return model
