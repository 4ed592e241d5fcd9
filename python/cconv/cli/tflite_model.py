"""A model of one convolution in TensorFlow Lite's flatbuffers, by the schema that LiteRT ships."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["convolution"]


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
    flatbuffers = importlib.import_module("flatbuffers")
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
    builder = flatbuffers.Builder()
    builder.Finish(graph.model(0, y).Pack(builder), b"TFL3")
    return bytes(builder.Output())


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
        self._schema = schema
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._codes: list[Any] = []
        self._buffers = [schema.BufferT()]  # the first one is empty

    def tensor(self, shape: Sequence[int], buffer: int = 0, integers: bool = False) -> int:
        types = self._schema.TensorType
        tensor = self._schema.TensorT()
        tensor.shape = [max(n, 1) for n in shape]
        tensor.shapeSignature = list(shape)
        tensor.type = types.INT32 if integers else types.FLOAT32
        tensor.buffer = buffer
        tensor.name = f"t{len(self._graph.tensors)}"
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def constant(self, array: NDArray[Any]) -> int:
        buffer = self._schema.BufferT()
        buffer.data = np.frombuffer(array.tobytes(), np.uint8)
        self._buffers.append(buffer)
        return self.tensor(array.shape, len(self._buffers) - 1, array.dtype == np.int32)

    def operator(
        self, name: str, operands: list[int], result: int, kind: str, **options: Any
    ) -> None:
        code = self._schema.OperatorCodeT()
        code.builtinCode = getattr(self._schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = 1
        self._codes.append(code)
        operator = self._schema.OperatorT()
        operator.opcodeIndex = len(self._codes) - 1
        operator.inputs, operator.outputs = operands, [result]
        operator.builtinOptionsType = getattr(self._schema.BuiltinOptions, kind)
        operator.builtinOptions = getattr(self._schema, f"{kind}T")()
        for option, value in options.items():
            setattr(operator.builtinOptions, option, value)
        self._graph.operators.append(operator)

    def model(self, x: int, y: int) -> Any:
        self._graph.inputs, self._graph.outputs = [x], [y]
        model = self._schema.ModelT()
        model.version = 3
        model.operatorCodes, model.buffers = self._codes, self._buffers
        model.subgraphs = [self._graph]
        return model
