"""Arguments in their many forms, as the plain values that a formula needs."""

import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
PerAxis = int | Sequence[int]
AdaptiveSize = int | Sequence[int | None]
Padding = str | int | Sequence[int | tuple[int, int]]
PadWidth = int | Sequence[int] | Sequence[Sequence[int]] | Mapping[int, int | Sequence[int]]
Activation = str | tuple[str, float] | None


def as_array(value: Any) -> Array:
    """Plain data of anything array-like."""
    array = np.asarray(value)
    if array.dtype == object and not isinstance(value, np.ndarray) and hasattr(value, "__dlpack__"):
        array = np.from_dlpack(value)
    return array


def result_array(
    out: Array | None, shape: tuple[int, ...], dtype: np.dtype[Any], inputs: Sequence[Array]
) -> Array:
    """Where the result goes: `out`, if it fits, or a new array."""
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out is an array, not {type(out).__name__}")
    if out.dtype != dtype:
        raise TypeError(f"out has type {out.dtype}, the result {dtype}")
    if out.shape != shape:
        raise ValueError(f"out has shape {out.shape}, the result {shape}")
    if not (out.flags.writeable and out.flags.c_contiguous):
        raise ValueError("out is not writable and C-contiguous")
    if any(np.may_share_memory(out, source) for source in inputs):
        raise ValueError("out overlaps an input")
    return out


def chosen(value: object, names: Iterable[str], what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} is a word, not {value!r}")
    if value not in names:
        raise ValueError(f"{what} {value!r} is none of {', '.join(names)}")
    return value


def is_sequence(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) or (isinstance(value, np.ndarray) and value.ndim > 0)


def per_axis(value: Any, axes: int, what: str) -> list[Any]:
    """One entry per axis; a single value, or a sequence of one, counts for all."""
    entries = list(value) if is_sequence(value) else [value]
    if len(entries) == 1:
        entries *= axes
    if len(entries) != axes:
        hint = "; one (before, after) is [(1, 2)]" if what == "padding" else ""
        raise ValueError(f"{what} {value!r} has {len(entries)} entries for {axes} axes{hint}")
    return entries


def sizes_of(value: PerAxis, axes: int, what: str) -> list[int]:
    return [integer(entry, what, 1) for entry in per_axis(value, axes, what)]


def integer(value: Any, what: str, least: int | None = None) -> int:
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{what} is an int, not {value!r}")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{what} is an int, not {value!r}") from None
    if least is not None and number < least:
        raise ValueError(f"{what} {number} is less than {least}")
    return number
