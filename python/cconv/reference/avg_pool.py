"""Means of windows."""

from collections.abc import Sequence
from functools import partial, reduce

import numpy as np
from numpy.typing import ArrayLike

from cconv.reference.arguments import AdaptiveSize, Array, Padding, PerAxis, as_array, integer
from cconv.reference.pooling import (
    Axis,
    Windows,
    adaptive_axes,
    as_planes,
    as_result,
    extents,
    pool_axes,
    refuse_border_alone,
    seen,
)
from cconv.reference.types import kind_of


def avg_pool2d(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    dilation: PerAxis = 1,
    channels_last: bool = False,
    out: Array | None = None,
) -> Array:
    """The mean of every window, of a border of zeros.

    With stride s, dilation d, padding p before each axis, over the elements there are::

        y[i,j] = sum_{m,n} x[i*s + m*d - p, j*s + n*d - p] / divisor[i,j]

    Parameters
    ----------
    x, kernel_size, stride, padding, ceil_mode, dilation, channels_last, out
        As in `max_pool2d`; complex `x` too.
    count_include_pad : bool
        The divisor counts the taps on elements and on the padding, else those on elements alone;
        never those past the padding, where `ceil_mode` lets a window hang over.
    divisor_override : int other than 0, optional
        The divisor of all windows.

    Returns
    -------
    array of the type of `x`; of integers float64

    Raises
    ------
    ValueError
        As in `max_pool2d`; but of windows that hold border alone only where they have no divisor.
    TypeError
        For types that the contract doesn't list.

    Examples
    --------
    >>> avg_pool2d([[1.0, 5, 2, 0], [3, 4, 8, 7]], 2)
    array([[3.25, 4.25]])
    """
    windows = partial(pool_axes, kernel_size, stride, padding, dilation, ceil_mode)
    return _avg_pool(2, x, windows, count_include_pad, divisor_override, channels_last, out)


def avg_pool1d(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    dilation: PerAxis = 1,
    channels_last: bool = False,
    out: Array | None = None,
) -> Array:
    """`avg_pool2d` along one axis.

    Examples
    --------
    >>> avg_pool1d([1, 5, 2], 2, padding=1)
    array([0.5, 3.5])
    """
    windows = partial(pool_axes, kernel_size, stride, padding, dilation, ceil_mode)
    return _avg_pool(1, x, windows, count_include_pad, divisor_override, channels_last, out)


def avg_pool3d(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    dilation: PerAxis = 1,
    channels_last: bool = False,
    out: Array | None = None,
) -> Array:
    """`avg_pool2d` along three axes.

    Examples
    --------
    >>> avg_pool3d(np.arange(8).reshape(2, 2, 2), 2)
    array([[[3.5]]])
    """
    windows = partial(pool_axes, kernel_size, stride, padding, dilation, ceil_mode)
    return _avg_pool(3, x, windows, count_include_pad, divisor_override, channels_last, out)


def adaptive_avg_pool2d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    *,
    channels_last: bool = False,
    out: Array | None = None,
) -> Array:
    """The mean of each of the windows that share out every axis, as in `adaptive_max_pool2d`.

    Examples
    --------
    >>> adaptive_avg_pool2d([[1, 5, 2], [3, 4, 8]], (None, 2))
    array([[3. , 3.5],
           [3.5, 6. ]])
    """
    windows = partial(adaptive_axes, output_size)
    return _avg_pool(2, x, windows, False, None, channels_last, out)


def adaptive_avg_pool1d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    *,
    channels_last: bool = False,
    out: Array | None = None,
) -> Array:
    """`adaptive_avg_pool2d` along one axis.

    Examples
    --------
    >>> adaptive_avg_pool1d([1, 5, 3], 1)
    array([3.])
    """
    windows = partial(adaptive_axes, output_size)
    return _avg_pool(1, x, windows, False, None, channels_last, out)


def adaptive_avg_pool3d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    *,
    channels_last: bool = False,
    out: Array | None = None,
) -> Array:
    """`adaptive_avg_pool2d` along three axes.

    Examples
    --------
    >>> adaptive_avg_pool3d(np.arange(8).reshape(2, 2, 2), (2, 1, 1)).ravel()
    array([1.5, 5.5])
    """
    windows = partial(adaptive_axes, output_size)
    return _avg_pool(3, x, windows, False, None, channels_last, out)


def _avg_pool(
    axes: int,
    x: ArrayLike,
    windows: Windows,
    count_include_pad: bool,
    divisor_override: int | None,
    channels_last: bool,
    out: Array | None,
) -> Array:
    src = as_array(x)
    planes, front = as_planes(src, axes, channels_last)
    pooled = windows(planes.shape[:-1])
    if divisor_override is not None:
        divisor = np.array(float(integer(divisor_override, "divisor_override")))
        if divisor == 0:
            raise ValueError("divisor_override is 0")
    else:
        if not count_include_pad:
            refuse_border_alone(pooled)
        along_each = [np.array(axis.counts(count_include_pad), float) for axis in pooled]
        divisor = reduce(np.multiply.outer, along_each)
    y = _means(planes, pooled, divisor)
    return as_result(y, front, channels_last, out, [src])


def _means(planes: Array, axes: Sequence[Axis], divisor: Array) -> Array:
    """Sums of what the windows hold, over the divisor."""
    kind = kind_of(planes.dtype)
    widest = np.dtype(np.complex128 if kind == "complex" else np.float64)
    y = np.empty((*extents(axes), planes.shape[-1]), widest)
    with np.errstate(all="ignore"):
        for position, values in seen(planes.astype(widest), axes):
            y[position] = values.sum(0)
        for part in (y.real, y.imag) if kind == "complex" else (y,):
            part /= divisor[..., None]
        return y if kind == "integer" else y.astype(planes.dtype.newbyteorder("="))
