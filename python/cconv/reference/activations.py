"""Activations of finished sums."""

import math
import numbers
from typing import Any

import numpy as np

from cconv.reference.arguments import Activation, Array, chosen
from cconv.reference.types import kind_of

_ACTIVATIONS = ("relu", "relu6", "leaky_relu", "sigmoid", "tanh", "silu", "hardswish", "gelu")


def checked_activation(
    activation: Activation, sum_type: np.dtype[Any], result_type: np.dtype[Any]
) -> tuple[str | None, float]:
    """Name and slope of the activation, allowed for these types."""
    slope: Any = 0.01
    name: Any = activation
    if isinstance(activation, tuple | list) and len(activation) == 2:
        name, slope = activation
        if name != "leaky_relu":
            raise ValueError(f"activation {activation!r}: only leaky_relu takes a slope")
        if isinstance(slope, bool) or not isinstance(slope, numbers.Real):
            raise TypeError(f"the slope of leaky_relu is a number, not {slope!r}")
    if name is None:
        return None, 0.0
    chosen(name, _ACTIVATIONS, "activation")
    if sum_type.kind == "c":
        raise TypeError("complex numbers take no activation")
    if sum_type.kind == "i" and name not in ("relu", "relu6") and kind_of(result_type) != "float":
        raise TypeError(f"{name} of an integer sum needs a float dtype=")
    return name, float(slope)


def activate(y: Array, name: str | None, slope: float) -> Array:
    """The activation of finished sums; a NaN stays a NaN."""
    if y.dtype.kind == "i" and name not in (None, "relu", "relu6"):
        y = y.astype(np.float32 if y.itemsize == 4 else np.float64).astype(np.float64)
    if name in ("silu", "hardswish", "gelu"):
        y = np.maximum(y, -1000.0)  # they are 0 from there to -inf, where -inf * 0 is not
    if name == "relu":
        y = np.maximum(y, 0)
    elif name == "relu6":
        y = np.minimum(np.maximum(y, 0), 6)
    elif name == "leaky_relu":
        y = np.where(y > 0, y, slope * y)
    elif name == "sigmoid":
        y = _times_sigmoid(1.0, y)
    elif name == "tanh":
        y = np.tanh(y)
    elif name == "silu":
        y = _times_sigmoid(y, y)
    elif name == "hardswish":  # y * relu6(y + 3) / 6, dividing first lest it overflow
        y = y * (np.clip(y + 3, 0, 6) / 6)
    elif name == "gelu":  # y * Phi(y), of the normal distribution; erfc is precise in its tail
        erfc = np.frompyfunc(math.erfc, 1, 1)
        y = 0.5 * y * np.asarray(erfc(-y / math.sqrt(2)), np.float64)
    return y


def _times_sigmoid(factor: Array | float, y: Array) -> Array:
    """factor / (1 + exp(-y)), by powers that don't overflow and underflow only where it does."""
    half = np.exp(-np.abs(y) / 2)
    product: Array = np.where(y < 0, factor * half * half, factor) / (1 + half * half)
    return product
