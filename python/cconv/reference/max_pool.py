"""Maxima of windows, and where they were found."""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cconv.reference.arguments import AdaptiveSize, Array, Padding, PerAxis, as_array
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


def max_pool2d(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    channels_last: bool = False,
    out: Array | None = None,
) -> Array | tuple[Array, Array]:
    """The largest element of every window; the border never wins.

    With stride s, dilation d, padding p before each axis, over the elements there are::

        y[i,j] = max_{m,n} x[i*s + m*d - p, j*s + n*d - p]

    A NaN is larger than all else; of equals the first in C order wins.

    Parameters
    ----------
    x : array of shape (N, C, H, W), (C, H, W) or (H, W); or (N, H, W, C), (H, W, C)
        The last two with `channels_last`.  Of any type but complex.
    kernel_size, dilation : int or one per axis
    stride : int or one per axis, optional
        None and () are `kernel_size`.
    padding : int, or per axis an int or (before, after), or a word
        "valid", "same", "same_lower" or "full"; each side smaller than `dilation*(kernel-1) + 1`.
    ceil_mode : bool
        The last window may hang over the end.
    return_indices : bool
        Also return the index of every maximum in its flattened plane, `h*W + w`.
    out : C-contiguous array of the result's shape and type, optional

    Returns
    -------
    array of the type of `x`, or (array, int64 array of indices)

    Raises
    ------
    ValueError
        For shapes and values that don't fit; where no window does; where a window would hold
        border alone.
    TypeError
        For types that the contract doesn't list.

    Examples
    --------
    >>> max_pool2d([[1, 5, 2, 0], [3, 4, 8, 7]], 2, return_indices=True)
    (array([[5, 8]]), array([[1, 6]]))
    """
    windows = partial(pool_axes, kernel_size, stride, padding, dilation, ceil_mode)
    return _max_pool(2, x, windows, return_indices, channels_last, out)


def max_pool1d(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    channels_last: bool = False,
    out: Array | None = None,
) -> Array | tuple[Array, Array]:
    """`max_pool2d` along one axis: `x` of shape (N, C, W), (C, W) or (W,).

    Examples
    --------
    >>> max_pool1d([1, 5, 2, 0, 3], 2, ceil_mode=True)
    array([5, 2, 3])
    """
    windows = partial(pool_axes, kernel_size, stride, padding, dilation, ceil_mode)
    return _max_pool(1, x, windows, return_indices, channels_last, out)


def max_pool3d(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    channels_last: bool = False,
    out: Array | None = None,
) -> Array | tuple[Array, Array]:
    """`max_pool2d` along three axes: `x` of shape (N, C, D, H, W), (C, D, H, W) or (D, H, W).

    Examples
    --------
    >>> max_pool3d(np.arange(64).reshape(4, 4, 4), 3, stride=1)[0]
    array([[42, 43],
           [46, 47]])
    """
    windows = partial(pool_axes, kernel_size, stride, padding, dilation, ceil_mode)
    return _max_pool(3, x, windows, return_indices, channels_last, out)


def adaptive_max_pool2d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    return_indices: bool = False,
    *,
    channels_last: bool = False,
    out: Array | None = None,
) -> Array | tuple[Array, Array]:
    """The largest element of each of the windows that share out every axis.

    Along an axis of n elements the i-th of m windows goes from `floor(i*n/m)` to `ceil((i+1)*n/m)`.

    Parameters
    ----------
    x, return_indices, channels_last, out
        As in `max_pool2d`.
    output_size : int or None, or one per axis
        Windows; None keeps the axis.

    Returns
    -------
    array of the type of `x`, or (array, int64 array of indices)

    Examples
    --------
    >>> adaptive_max_pool2d([[1, 5, 2], [3, 4, 8]], (1, 2))
    array([[5, 8]])
    """
    windows = partial(adaptive_axes, output_size)
    return _max_pool(2, x, windows, return_indices, channels_last, out)


def adaptive_max_pool1d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    return_indices: bool = False,
    *,
    channels_last: bool = False,
    out: Array | None = None,
) -> Array | tuple[Array, Array]:
    """`adaptive_max_pool2d` along one axis.

    Examples
    --------
    >>> adaptive_max_pool1d([1, 5, 2, 0, 3], 2)
    array([5, 3])
    """
    windows = partial(adaptive_axes, output_size)
    return _max_pool(1, x, windows, return_indices, channels_last, out)


def adaptive_max_pool3d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    return_indices: bool = False,
    *,
    channels_last: bool = False,
    out: Array | None = None,
) -> Array | tuple[Array, Array]:
    """`adaptive_max_pool2d` along three axes.

    Examples
    --------
    >>> adaptive_max_pool3d(np.arange(64).reshape(4, 4, 4), (2, 1, 1)).ravel()
    array([31, 63])
    """
    windows = partial(adaptive_axes, output_size)
    return _max_pool(3, x, windows, return_indices, channels_last, out)


def _max_pool(
    axes: int,
    x: ArrayLike,
    windows: Windows,
    return_indices: bool,
    channels_last: bool,
    out: Array | None,
) -> Array | tuple[Array, Array]:
    src = as_array(x)
    planes, front = as_planes(src, axes, channels_last)
    y, indices = _maxima(planes, windows(planes.shape[:-1]))
    result = as_result(y, front, channels_last, out, [src])
    return (result, as_result(indices, front, channels_last)) if return_indices else result


def _maxima(planes: Array, axes: Sequence[Axis]) -> tuple[Array, Array]:
    """Every window's maximum, (*positions, planes), and its place in the flattened plane."""
    kind = kind_of(planes.dtype)
    if kind == "complex":
        raise TypeError("complex numbers have no maximum")
    refuse_border_alone(axes)
    *sizes, count = planes.shape
    comparable = planes.astype(np.float64) if kind == "float" else planes
    places = np.arange(math.prod(sizes)).reshape(*sizes, 1)
    indices = np.empty((*extents(axes), count), np.int64)
    windows = zip(seen(comparable, axes), seen(places, axes), strict=True)
    for (position, values), (_, at) in windows:
        indices[position] = at[_first_largest(values), 0]
    flat = planes.reshape(math.prod(sizes), count)
    y = flat[indices, np.arange(count)]
    return y.astype(planes.dtype.newbyteorder("=")), indices


def _first_largest(values: Array) -> NDArray[np.intp]:
    """Row of each column's first NaN, or else of its first maximum."""
    nan = values != values
    rows: NDArray[np.intp] = np.where(nan.any(0), nan.argmax(0), values.argmax(0))
    return rows
