"""Sizes along one axis: how often a window fits, and which padding makes it fit."""

from collections.abc import Iterable, Sequence
from typing import Any

from cconv.reference.arguments import (
    Padding,
    PerAxis,
    chosen,
    integer,
    is_sequence,
    per_axis,
    sizes_of,
)


def output_size(
    n: int,
    kernel: int,
    stride: int = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
) -> int:
    """Positions of a window along an axis of `n` elements; 0 where none fits.

    A window spans `dilation*(kernel-1) + 1` elements and starts at 0, `stride`, 2*`stride`, ...
    of the padded axis::

        floor((n + before + after - span) / stride) + 1

    With `ceil_mode` the quotient is rounded up: the last window may hang over the end, but one that
    would start past the axis and its padding before is dropped.

    Examples
    --------
    >>> output_size(224, 7, stride=2, padding=3), output_size(8, 3, stride=2, ceil_mode=True)
    (112, 4)
    """
    n, kernel = integer(n, "n", 0), integer(kernel, "kernel", 1)
    stride, dilation = integer(stride, "stride", 1), integer(dilation, "dilation", 1)
    before, after = pair(padding)
    span = dilation * (kernel - 1) + 1
    room = n + before + after - span
    positions = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode and (positions - 1) * stride >= n + before:
        positions -= 1
    return max(positions, 0)


def same_padding(
    n: int, kernel: int, stride: int = 1, dilation: int = 1, lower: bool = False
) -> tuple[int, int]:
    """Least padding (before, after) for `ceil(n/stride)` positions; the odd element at the end.

    Examples
    --------
    >>> same_padding(224, 7, stride=2), same_padding(224, 7, stride=2, lower=True)
    ((2, 3), (3, 2))
    """
    n, kernel = integer(n, "n", 0), integer(kernel, "kernel", 1)
    stride, dilation = integer(stride, "stride", 1), integer(dilation, "dilation", 1)
    positions = -(-n // stride)
    reach = (positions - 1) * stride + dilation * (kernel - 1) + 1 if positions else 0
    total = max(reach - n, 0)
    small, large = total // 2, total - total // 2
    return (large, small) if lower else (small, large)


def halo(layers: Iterable[tuple[int, int, int]]) -> tuple[int, int]:
    """What a chunk needs (before, after) of its neighbours under stacked layers with "same".

    One output of a layer stands for `stride` inputs of it, and reads those and its padding::

        same_padding(stride, kernel, stride, dilation)

    counted in elements that the strides of the layers before it have put apart.

    Examples
    --------
    >>> halo([(3, 1, 1)]), halo([(4, 1, 1), (3, 2, 1)])
    ((1, 1), (1, 3))
    """
    before, after, step = 0, 0, 1
    for kernel, stride, dilation in layers:
        sides = same_padding(stride, kernel, stride, dilation)
        before, after = before + sides[0] * step, after + sides[1] * step
        step *= integer(stride, "stride", 1)
    return before, after


def resolve_padding(
    padding: Padding,
    sizes: Sequence[int],
    kernel: PerAxis,
    stride: PerAxis,
    dilation: PerAxis,
) -> list[tuple[int, int]]:
    """`padding` in any of its forms as one (before, after) for each of the axes of `sizes`.

    Examples
    --------
    >>> resolve_padding("same", (5, 6), kernel=(3, 4), stride=1, dilation=1)
    [(1, 1), (1, 2)]
    """
    axes = len(sizes)
    kernels = sizes_of(kernel, axes, "kernel")
    strides = sizes_of(stride, axes, "stride")
    dilations = sizes_of(dilation, axes, "dilation")
    if isinstance(padding, str):
        word = chosen(padding, ("valid", "same", "same_lower", "full"), "padding")
        if word == "valid":
            return [(0, 0)] * axes
        if word == "full":
            return [(d * (k - 1),) * 2 for k, d in zip(kernels, dilations, strict=True)]
        windows = zip(sizes, kernels, strides, dilations, strict=True)
        return [same_padding(*window, lower=word == "same_lower") for window in windows]
    return [pair(entry) for entry in per_axis(padding, axes, "padding")]


def pair(value: Any) -> tuple[int, int]:
    """Padding of one axis, `value` or `(before, after)`."""
    entries = list(value) if is_sequence(value) else [value, value]
    if len(entries) != 2:
        raise ValueError(f"padding {value!r} is neither one number nor (before, after)")
    return integer(entries[0], "padding", 0), integer(entries[1], "padding", 0)
