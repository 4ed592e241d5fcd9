"""What all pools share: the planes of `x`, the windows over them, the layout of the result.

Every (image, channel) is a plane of its own.  Along one axis a window is the places of its taps;
in several axes it holds every combination of these.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from cconv.reference.arguments import (
    AdaptiveSize,
    Array,
    Padding,
    PerAxis,
    integer,
    is_sequence,
    per_axis,
    result_array,
    sizes_of,
)
from cconv.reference.windows import output_size, resolve_padding


def as_planes(x: Array, axes: int, channels_last: bool) -> tuple[Array, tuple[int, ...]]:
    """`x` as (*spatial, planes), and what it has before the spatial axes: (N, C), (C,) or ()."""
    least = axes + 1 if channels_last else axes
    if not least <= x.ndim <= axes + 2:
        raise ValueError(f"x has {x.ndim} axes, not {least} to {axes + 2}")
    if channels_last:
        x = np.moveaxis(x, -1, -1 - axes)
    front, spatial = x.shape[:-axes], x.shape[-axes:]
    return np.moveaxis(x.reshape(math.prod(front), *spatial), 0, -1), front


def as_result(
    planes: Array,
    front: Sequence[int],
    channels_last: bool,
    out: Array | None = None,
    inputs: Sequence[Array] = (),
) -> Array:
    """(*spatial, planes) with the axes where `x` has them, in `out` or a new array."""
    y = np.moveaxis(planes, -1, 0).reshape(*front, *planes.shape[:-1])
    if channels_last:
        y = np.moveaxis(y, len(front) - 1, -1)
    result = result_array(out, y.shape, y.dtype, inputs)
    result[...] = y
    return result


class Axis(NamedTuple):
    """An axis of n elements with a border, and the taps of the window at each output position."""

    n: int
    before: int
    after: int
    windows: list[range]

    def held(self) -> list[range]:
        """Per window the taps on elements; the others are in the border or past it."""
        first = [sum(tap < 0 for tap in taps) for taps in self.windows]
        end = [sum(tap < self.n for tap in taps) for taps in self.windows]
        return [taps[i:j] for taps, i, j in zip(self.windows, first, end, strict=True)]

    def counts(self, border: bool) -> list[int]:
        """How many taps of each window lie on elements, or on these and on the border."""
        low, high = (-self.before, self.n + self.after) if border else (0, self.n)
        return [sum(low <= tap < high for tap in taps) for taps in self.windows]


Windows = Callable[[Sequence[int]], list[Axis]]  # what a pool lays over axes of these sizes


def pool_axes(
    kernel_size: PerAxis,
    stride: PerAxis | None,
    padding: Padding,
    dilation: PerAxis,
    ceil_mode: bool,
    sizes: Sequence[int],
) -> list[Axis]:
    """Axes under windows of one size: tap t at position i is `i*stride + t*dilation - before`."""
    if ceil_mode and isinstance(padding, str):
        raise ValueError(f"padding {padding!r} already says what becomes of the end: no ceil_mode")
    kernels, strides = kernels_and_strides(kernel_size, stride, len(sizes))
    dilations = sizes_of(dilation, len(sizes), "dilation")
    pairs = resolve_padding(padding, sizes, kernels, strides, dilations)
    axes = []
    for n, k, s, d, (before, after) in zip(sizes, kernels, strides, dilations, pairs, strict=True):
        if max(before, after) > d * (k - 1):
            raise ValueError(f"padding {(before, after)} is not smaller than the kernel's span")
        positions = output_size(n, k, s, (before, after), d, ceil_mode)
        if positions == 0:
            raise ValueError(f"output would be empty: no window of {k} fits {n} elements")
        starts = range(-before, positions * s - before, s)
        axes.append(Axis(n, before, after, [range(start, start + k * d, d) for start in starts]))
    return axes


def kernels_and_strides(
    kernel_size: PerAxis, stride: PerAxis | None, axes: int
) -> tuple[list[int], list[int]]:
    """Both per axis; a stride of None or () is the kernel."""
    if stride is None or (is_sequence(stride) and len(stride) == 0):
        stride = kernel_size
    return sizes_of(kernel_size, axes, "kernel_size"), sizes_of(stride, axes, "stride")


def adaptive_axes(output_size: AdaptiveSize, sizes: Sequence[int]) -> list[Axis]:
    """Axes shared out among m windows each, from `floor(i*n/m)` to `ceil((i+1)*n/m)`."""
    axes = []
    for n, entry in zip(sizes, per_axis(output_size, len(sizes), "output_size"), strict=True):
        if n == 0:
            raise ValueError(f"x has no elements along an axis of its shape {tuple(sizes)}")
        m = n if entry is None else integer(entry, "output_size", 1)
        axes.append(Axis(n, 0, 0, [range(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]))
    return axes


def refuse_border_alone(axes: Sequence[Axis]) -> None:
    """A ValueError where a window holds no element."""
    for axis in axes:
        for position, taps in enumerate(axis.held()):
            if not taps:
                raise ValueError(f"the window at position {position} would hold border alone")


def seen(planes: Array, axes: Sequence[Axis]) -> Iterator[tuple[tuple[int, ...], Array]]:
    """Each output position, and what its window holds: (elements in C order, planes)."""
    held = [[slice(taps.start, taps.stop, taps.step) for taps in axis.held()] for axis in axes]
    positions = np.ndindex(*extents(axes))
    for position, window in zip(positions, itertools.product(*held), strict=True):
        values = planes[window]
        yield position, values.reshape(math.prod(values.shape[:-1]), planes.shape[-1])


def extents(axes: Sequence[Axis]) -> tuple[int, ...]:
    """Output positions along each axis."""
    return tuple(len(axis.windows) for axis in axes)
