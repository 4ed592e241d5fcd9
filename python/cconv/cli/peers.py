"""Other libraries, each with the convolutions of the corpus that it can do.

A peer is made from the number of threads and answers a case with a call, or with None where it has
no such convolution.  Its inputs lie in memory as ours do, and its result is kept from call to call
where it can be.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import cconv
from cconv.cli import onnx_model, tflite_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float32]

__all__ = ["PEERS", "Call", "Case", "Peer", "installed"]


@dataclass(frozen=True)
class Case:
    """A problem with its data.

    Attributes
    ----------
    call : str
        "conv1d", "conv2d" or "conv3d".
    x, weight : float32 array
    bias : float32 array, optional
    options : dict
        Further arguments of the function by name; no activation.
    """

    call: str
    x: Array
    weight: Array
    bias: Array | None
    options: dict[str, Any]

    @property
    def dims(self) -> int:
        """How many spatial axes there are."""
        return int(self.call[4])

    @property
    def bare(self) -> bool:
        """Whether the weight is one filter for every plane."""
        return self.weight.ndim == self.dims

    @property
    def channels_last(self) -> bool:
        """Whether the channels come last."""
        return bool(self.options.get("channels_last", False))

    @property
    def mode(self) -> str:
        """The padding mode."""
        return str(self.options.get("padding_mode", "constant"))

    def per_axis(self, name: str) -> tuple[int, ...]:
        """Strides or dilations."""
        return tuple(np.broadcast_to(self.options.get(name, 1), self.dims).tolist())

    @property
    def kernel(self) -> tuple[int, ...]:
        """Extents of the weight's spatial axes."""
        return self.weight.shape[-self.dims :]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Padding before and after each axis."""
        end = self.x.ndim - self.channels_last
        return cconv.shapes.resolve_padding(
            self.options.get("padding", 0),
            self.x.shape[end - self.dims : end],
            self.kernel,
            self.per_axis("stride"),
            self.per_axis("dilation"),
        )

    @property
    def keeps_size(self) -> bool:
        """Whether a bare filter makes an output of every input element."""
        steps = {*self.per_axis("stride"), *self.per_axis("dilation")}
        around = [before + after + 1 for before, after in self.pairs]
        return self.bare and steps == {1} and around == list(self.kernel)

    def batched(self) -> tuple[Array, Array, int]:
        """Return x of shape (N, C, ...), the weight to it, and the groups; copies nothing of x."""
        x, weight, last = self.x, self.weight, self.channels_last
        groups = self.options.get("groups", 1)
        if self.bare:
            sizes = x.shape[x.ndim - last - self.dims :]
            x = x.reshape(-1, *sizes) if last else x.reshape(-1, 1, *sizes)
            groups = sizes[-1] if last else 1
            weight = np.repeat(weight[np.newaxis, np.newaxis], groups, axis=0)
        elif x.ndim == self.dims + 1:
            x = x[np.newaxis]
        return np.moveaxis(x, -1, 1) if last else x, weight, groups

    def restored(self, y: Any, shape: tuple[int, ...]) -> NDArray[Any]:
        """Return the result for a batched x as one of our shape."""
        array: NDArray[Any] = np.asarray(y)
        return (np.moveaxis(array, 1, -1) if self.channels_last else array).reshape(shape)


@dataclass(frozen=True)
class Call:
    """What is timed, and how its result becomes an array of a shape."""

    run: Callable[[], Any]
    result: Callable[[Any, tuple[int, ...]], NDArray[Any]]


Peer = Callable[[Case], Call | None]


def installed(names: Mapping[str, Callable[[int], Peer]], threads: int) -> dict[str, Peer]:
    """Return the peers that are installed, ready for so many threads."""
    peers = {}
    for name, make in names.items():
        try:
            peers[name] = make(threads)
        except ImportError:
            continue
    return peers


def _reshaped(y: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    return np.asarray(y).reshape(shape)


# ---------------------------------------------------------------------------------- torch


def _torch(threads: int) -> Peer:
    torch = importlib.import_module("torch")
    torch.set_num_threads(threads)
    functional = torch.nn.functional
    modes = {"constant": "constant", "edge": "replicate", "reflect": "reflect", "wrap": "circular"}

    def answer(case: Case) -> Call | None:
        if case.mode not in modes:
            return None
        x, weight, groups = case.batched()
        tensors = torch.from_numpy(x), torch.from_numpy(weight)
        if case.channels_last and case.dims == 2:
            tensors = tensors[0], tensors[1].contiguous(memory_format=torch.channels_last)
        bias = None if case.bias is None else torch.from_numpy(case.bias)
        if bias is not None:
            bias = bias.expand(weight.shape[0])
        value, pairs = case.options.get("padding_value", 0), case.pairs
        function, steps = getattr(functional, case.call), case.per_axis("stride")
        spread = case.per_axis("dilation")
        if case.mode == "constant" and not value and all(a == b for a, b in pairs):
            inside = [before for before, _ in pairs]
            return Call(
                lambda: function(*tensors, bias, steps, inside, spread, groups), case.restored
            )
        around = [side for pair in reversed(pairs) for side in pair]
        constant = {"value": value} if case.mode == "constant" else {}

        def padded() -> Any:
            wide = functional.pad(tensors[0], around, modes[case.mode], **constant)
            return function(wide, tensors[1], bias, steps, 0, spread, groups)

        return Call(padded, case.restored)

    return answer


# ---------------------------------------------------------------------------- onnxruntime


def _onnx(case: Case) -> tuple[Array, bytes] | None:
    """Return the input of a model, and the model."""
    if case.mode != "constant" or case.options.get("padding_value", 0):
        return None
    x, weight, groups = case.batched()
    if not x.flags.c_contiguous or not x.size:
        return None
    bias = None
    if case.bias is not None:
        bias = np.ascontiguousarray(np.broadcast_to(case.bias, weight.shape[:1]))
    steps, spread = case.per_axis("stride"), case.per_axis("dilation")
    return x, onnx_model.convolution(x.shape, weight, bias, steps, case.pairs, spread, groups)


def _onnxruntime(threads: int) -> Peer:
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3

    def answer(case: Case) -> Call | None:
        made = _onnx(case)
        if made is None:
            return None
        x, model = made
        session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return Call(lambda: session.run(None, {"x": x})[0], case.restored)

    return answer


# ------------------------------------------------------------------------------- openvino


def _openvino(threads: int) -> Peer:
    openvino = importlib.import_module("openvino")
    core = openvino.Core()
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }

    def answer(case: Case) -> Call | None:
        made = _onnx(case)
        if made is None:
            return None
        x, model = made
        compiled = core.compile_model(core.read_model(io.BytesIO(model)), "CPU", settings)
        request = compiled.create_infer_request()
        request.set_input_tensor(openvino.Tensor(x, shared_memory=True))
        y = request.get_output_tensor()
        return Call(request.infer, lambda _, shape: case.restored(y.data, shape))

    return answer


# --------------------------------------------------------------------------------- litert


def _litert(threads: int) -> Peer:
    """XNNPACK under TensorFlow Lite: two axes, channels last."""
    interpreter_of = importlib.import_module("ai_edge_litert.interpreter").Interpreter

    def answer(case: Case) -> Call | None:
        if case.dims != 2 or case.mode != "constant" or case.options.get("padding_value", 0):
            return None
        x, weight, groups = case.batched()
        x = np.moveaxis(x, 1, -1)
        if not x.flags.c_contiguous or not x.size:
            return None
        bias = None
        if case.bias is not None:
            bias = np.ascontiguousarray(np.broadcast_to(case.bias, weight.shape[:1]))
        steps, spread = case.per_axis("stride"), case.per_axis("dilation")
        model = tflite_model.convolution(x.shape, weight, bias, steps, case.pairs, spread, groups)
        interpreter = interpreter_of(model_content=model, num_threads=threads)
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
        y = interpreter.get_output_details()[0]["index"]

        def result(_: Any, shape: tuple[int, ...]) -> NDArray[Any]:
            return case.restored(np.moveaxis(interpreter.get_tensor(y), -1, 1), shape)

        return Call(interpreter.invoke, result)

    return answer


# --------------------------------------------------------------------------------- opencv


def _opencv(threads: int) -> Peer:
    cv2 = importlib.import_module("cv2")
    cv2.setNumThreads(threads)
    borders = {
        "constant": cv2.BORDER_CONSTANT,
        "edge": cv2.BORDER_REPLICATE,
        "reflect": cv2.BORDER_REFLECT_101,
        "symmetric": cv2.BORDER_REFLECT,
    }

    def answer(case: Case) -> Call | None:
        planes = case.x.ndim == 2 or (case.channels_last and case.x.ndim == 3)
        if case.dims != 2 or not case.keeps_size or not planes:
            return None
        if case.mode not in borders or case.options.get("padding_value", 0):
            return None
        anchor = case.pairs[1][0], case.pairs[0][0]
        delta = 0.0 if case.bias is None else float(case.bias[0])
        kept = np.empty(case.x.shape, np.float32)
        options = {"anchor": anchor, "delta": delta, "borderType": borders[case.mode]}
        return Call(
            lambda: cv2.filter2D(case.x, cv2.CV_32F, case.weight, kept, **options), _reshaped
        )

    return answer


# ---------------------------------------------------------------------------------- scipy


def _scipy(_: int) -> Peer:
    ndimage = importlib.import_module("scipy.ndimage")
    modes = {
        "constant": "constant",
        "edge": "nearest",
        "reflect": "mirror",
        "symmetric": "reflect",
        "wrap": "grid-wrap",
    }

    def answer(case: Case) -> Call | None:
        if not case.keeps_size:
            return None
        lead = case.x.ndim - case.dims - case.channels_last
        weight = case.weight.reshape((1,) * lead + case.kernel + (1,) * case.channels_last)
        shift = [before - k // 2 for k, (before, _) in zip(case.kernel, case.pairs, strict=True)]
        origin = [0] * lead + shift + [0] * case.channels_last
        options = {
            "output": np.empty(case.x.shape, np.float32),
            "mode": modes[case.mode],
            "cval": case.options.get("padding_value", 0),
            "origin": origin,
        }

        def correlated() -> Any:
            y = ndimage.correlate(case.x, weight, **options)
            return y if case.bias is None else np.add(y, case.bias, out=y)

        return Call(correlated, _reshaped)

    return answer


PEERS: dict[str, Callable[[int], Peer]] = {
    "torch": _torch,
    "onnxruntime": _onnxruntime,
    "openvino": _openvino,
    "litert": _litert,
    "opencv": _opencv,
    "scipy": _scipy,
}
