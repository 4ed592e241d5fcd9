"""Norms of windows."""

import math
import numbers
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cconv.reference.arguments import Array, Padding, PerAxis, as_array
from cconv.reference.pooling import Windows, as_planes, as_result, extents, pool_axes, seen
from cconv.reference.types import kind_of


def lp_pool2d(
    x: ArrayLike,
    norm_type: float,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    ceil_mode: bool = False,
    *,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    channels_last: bool = False,
    out: Array | None = None,
) -> Array:
    """The norm of every window, of the elements there are.

    With stride s, dilation d, q elements of padding before each axis::

        y[i,j] = (sum_{m,n} abs(x[i*s + m*d - q, j*s + n*d - q])**p) ** (1/p)

    Parameters
    ----------
    x, kernel_size, stride, ceil_mode, padding, dilation, channels_last, out
        As in `max_pool2d`; complex `x` too.
    norm_type : number
        The p of the formula, above 0 and finite.

    Returns
    -------
    array of the type of `x`; of integers float64, of complex numbers the type of their parts

    Raises
    ------
    ValueError
        For shapes and values that don't fit, and where no window does.
    TypeError
        For types that the contract doesn't list.

    Examples
    --------
    >>> lp_pool2d([[3.0, 0, 6, 8], [0, 4, 0, 0]], 2, 2)
    array([[ 5., 10.]])
    """
    windows = partial(pool_axes, kernel_size, stride, padding, dilation, ceil_mode)
    return _lp_pool(2, x, norm_type, windows, channels_last, out)


def lp_pool1d(
    x: ArrayLike,
    norm_type: float,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    ceil_mode: bool = False,
    *,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    channels_last: bool = False,
    out: Array | None = None,
) -> Array:
    """`lp_pool2d` along one axis.

    Examples
    --------
    >>> lp_pool1d([3.0, -4, 0, 2], 1, 2)
    array([7., 2.])
    """
    windows = partial(pool_axes, kernel_size, stride, padding, dilation, ceil_mode)
    return _lp_pool(1, x, norm_type, windows, channels_last, out)


def lp_pool3d(
    x: ArrayLike,
    norm_type: float,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    ceil_mode: bool = False,
    *,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    channels_last: bool = False,
    out: Array | None = None,
) -> Array:
    """`lp_pool2d` along three axes.

    Examples
    --------
    >>> lp_pool3d(np.ones((2, 2, 4)), 1, (2, 2, 1))
    array([[[4., 4., 4., 4.]]])
    """
    windows = partial(pool_axes, kernel_size, stride, padding, dilation, ceil_mode)
    return _lp_pool(3, x, norm_type, windows, channels_last, out)


def _lp_pool(
    axes: int,
    x: ArrayLike,
    norm_type: float,
    windows: Windows,
    channels_last: bool,
    out: Array | None,
) -> Array:
    src = as_array(x)
    p = _exponent(norm_type)
    planes, front = as_planes(src, axes, channels_last)
    kind = kind_of(src.dtype)
    parts = np.dtype(np.float64) if kind == "integer" else planes.real.dtype.newbyteorder("=")
    pooled = windows(planes.shape[:-1])
    sizes = np.abs(planes.astype(np.complex128 if kind == "complex" else np.float64))
    y = np.empty((*extents(pooled), planes.shape[-1]))
    with np.errstate(all="ignore"):
        for position, values in seen(sizes, pooled):
            y[position] = (values**p).sum(0) ** (1 / p)
        y = y.astype(parts)
    return as_result(y, front, channels_last, out, [src])


def _exponent(norm_type: Any) -> float:
    if isinstance(norm_type, bool) or not isinstance(norm_type, numbers.Real):
        raise TypeError(f"norm_type is a number, not {norm_type!r}")
    try:
        p = float(norm_type)
    except OverflowError:
        p = math.inf
    if not 0 < p < math.inf:
        raise ValueError(f"norm_type {norm_type!r} is not above 0 and finite")
    return p
