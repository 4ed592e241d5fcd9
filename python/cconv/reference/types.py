"""Types: which arithmetic a dtype takes, what a convolution sums in, casts of its result."""

from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike

from cconv.reference.arguments import Array

Kind = Literal["integer", "float", "complex"]


def kind_of(dtype: np.dtype[Any]) -> Kind:
    """Which arithmetic `dtype` takes; a TypeError where it takes none."""
    if dtype.kind in "biu":
        return "integer"
    if dtype.name in ("float16", "bfloat16", "float32", "float64"):
        return "float"
    if dtype.name in ("complex64", "complex128"):
        return "complex"
    raise TypeError(f"no arithmetic of {dtype}")


def types_of(
    x: np.dtype[Any], weight: np.dtype[Any], asked: DTypeLike | None
) -> tuple[np.dtype[Any], np.dtype[Any]]:
    """Types of the sum and of the result: the contract's table, `asked` being `dtype=`."""
    kinds = kind_of(x), kind_of(weight)
    result: np.dtype[Any]
    if kinds == ("integer", "integer"):
        result = np.dtype(np.int32 if x.itemsize == weight.itemsize == 1 else np.int64)
    elif kinds == ("integer", "float"):
        result = weight if x.itemsize <= 2 else np.dtype(np.float64)
    elif kinds == ("float", "integer"):
        result = x
    elif x.itemsize == weight.itemsize == 2 and x.name != weight.name:  # float16 with bfloat16
        result = np.dtype(np.float32)
    else:
        result = np.result_type(x, weight)
    result = result.newbyteorder("=")
    sum_type = np.dtype(np.float32) if result.itemsize == 2 else result
    if asked is not None:
        result = np.dtype(asked)
        if result.kind == "b" or not result.isnative:
            raise TypeError(f"dtype={result} is no type of a result")
        if kind_of(result) != "complex" and sum_type.kind == "c":
            raise TypeError(f"dtype={result} would drop the imaginary part")
    return sum_type, result


def widened(array: Array, sum_type: np.dtype[Any]) -> Array:
    """Values as the sum takes them, of its type, in the widest type of that kind."""
    widest = {"integer": np.int64, "float": np.float64, "complex": np.complex128}
    return array.astype(sum_type).astype(widest[kind_of(sum_type)])


def cast(y: Array, dtype: np.dtype[Any]) -> Array:
    """`y` as `dtype`; to an integer rounded half to even, saturating, a NaN as 0."""
    if y.dtype == dtype or kind_of(dtype) != "integer":
        return y.astype(dtype)
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    if y.dtype.kind != "f":
        own = np.iinfo(y.dtype)
        return np.clip(y, max(least, own.min), min(most, own.max)).astype(dtype)
    rounded = np.rint(y)
    low, high = rounded <= float(least), rounded >= float(most)  # the floats next to the limits
    result = np.where(low | high | np.isnan(y), 0.0, rounded).astype(dtype)
    result[low], result[high] = least, most
    return result
