"""Borders: `pad`, and the border that a convolution sees."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cconv.reference.arguments import Array, PadWidth, as_array, chosen, integer, is_sequence

Index = NDArray[np.signedinteger[Any]]


def pad(
    array: ArrayLike,
    pad_width: PadWidth,
    mode: str = "constant",
    *,
    constant_values: ArrayLike = 0,
) -> Array:
    """`numpy.pad` in five modes, by the index that each element of a border is read from.

    Examples
    --------
    >>> pad([1, 2, 3], (2, 4), "symmetric")
    array([2, 1, 1, 2, 3, 3, 2, 1, 1])
    """
    chosen(mode, ("constant", "edge", "reflect", "symmetric", "wrap"), "mode")
    x = result = as_array(array)
    values = np.broadcast_to(np.asarray(constant_values), (x.ndim, 2))
    for axis, (before, after) in enumerate(_pad_widths(pad_width, x.ndim)):
        if before == after == 0:
            continue
        lines = np.moveaxis(result, axis, -1)
        if mode == "constant":
            lines = with_border(lines, [(before, 0)], mode, values[axis, 0])
            lines = with_border(lines, [(0, after)], mode, values[axis, 1])
        else:
            lines = with_border(lines, [(before, after)], mode, 0)
        result = np.moveaxis(lines, -1, axis)
    return np.array(result, x.dtype, order="C")


def _pad_widths(pad_width: Any, axes: int) -> list[tuple[int, int]]:
    """`pad_width` as one (before, after) for each axis."""
    if isinstance(pad_width, dict):
        widths = [(0, 0)] * axes
        for axis, width in pad_width.items():
            entries = list(width) if is_sequence(width) else [width, width]
            if not -axes <= axis < axes or len(entries) != 2:
                raise ValueError(f"pad_width {pad_width!r} does not fit {axes} axes")
            widths[axis] = entries[0], entries[1]
    else:
        table = np.asarray(pad_width)
        if table.dtype.kind not in "iu":
            raise TypeError(f"pad_width is of ints, not {pad_width!r}")
        widths = [(before, after) for before, after in np.broadcast_to(table, (axes, 2)).tolist()]
    return [
        (integer(before, "pad_width", 0), integer(after, "pad_width", 0))
        for before, after in widths
    ]


def with_border(x: Array, widths: Sequence[tuple[int, int]], mode: str, value: complex) -> Array:
    """`x` with a border along its last axes, filled as `numpy.pad` fills it."""
    for axis, (before, after) in enumerate(widths, start=x.ndim - len(widths)):
        n = x.shape[axis]
        if mode == "constant":
            front, back = list(x.shape), list(x.shape)
            front[axis], back[axis] = before, after
            sides = np.full(front, value, x.dtype), np.full(back, value, x.dtype)
            x = np.concatenate([sides[0], x, sides[1]], axis)
        elif n == 0:
            raise ValueError(f"padding_mode {mode!r} has nothing to fill the border from")
        else:
            x = np.take(x, source_index(np.arange(-before, n + after), n, mode), axis)
    return x


def source_index(position: Index, n: int, mode: str) -> Index:
    """Which of the elements 0..n-1 is seen at a `position` before, among or after them."""
    if mode == "edge":  # 0 0 0 | 0 1 2 3 | 3 3 3
        return np.clip(position, 0, n - 1)
    if mode == "wrap":  # 1 2 3 | 0 1 2 3 | 0 1 2
        return position % n
    if mode == "symmetric":  # 2 1 0 | 0 1 2 3 | 3 2 1, of period 2n
        return np.minimum(position % (2 * n), -(position + 1) % (2 * n))
    period = max(2 * n - 2, 1)  # reflect: 3 2 1 | 0 1 2 3 | 2 1 0; a single element repeats
    return np.minimum(position % period, -position % period)
