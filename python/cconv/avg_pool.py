"""Means of windows: signatures and documentation; the core does the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cconv import _core

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from cconv.typing import Padding, PerAxis


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
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Pool signals: `avg_pool2d` with one spatial axis.

    Parameters
    ----------
    x : array of shape (N, C, L), (C, L) or (L,), or with `channels_last` (N, L, C), (L, C)
    kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, dilation, \
channels_last, out
        As in `avg_pool2d`; a pair of paddings is written ``[(before, after)]``.

    Returns
    -------
    array of shape (N, C, oL), the axes in the order of `x`

    Examples
    --------
    >>> cconv.avg_pool1d(np.array([1.0, 5, 2]), 2, padding=1)
    array([0.5, 3.5])
    """
    return _core.avg_pool1d(
        x,
        kernel_size,
        stride,
        padding,
        ceil_mode,
        count_include_pad,
        divisor_override,
        dilation,
        channels_last,
        out,
    )


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
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Pool images: the mean of every window.

    ``y[n, c, i, j] = sum over u, v of x[n, c, i*stride + u*dilation - padding, ...] / divisor``,
    the border being 0.

    Parameters
    ----------
    x : array of shape (N, C, H, W), (C, H, W) or (H, W), or with `channels_last` (N, H, W, C), \
(H, W, C)
        Any integer, float or complex dtype, any strides.
    kernel_size, stride, padding, ceil_mode, dilation, channels_last
        As in `max_pool2d`.
    count_include_pad : bool
        The divisor is the number of a window's elements, those of the padding among them; without
        it those of `x` alone. What hangs over the padding with `ceil_mode` never counts.
    divisor_override : int, optional
        The divisor of every window; not 0.
    out : array, optional
        Takes the result: exact shape and dtype, C-contiguous, sharing no memory with `x`.

    Returns
    -------
    array of shape (N, C, oH, oW), the axes in the order of `x`
        Of the dtype of `x`, float64 where that is an integer. Sums of 16-bit floats are kept in
        float32.

    Raises
    ------
    ValueError
        Shapes or values that do not fit; an output that would be empty; a window that would hold
        border alone, where the border is not counted and no divisor is given.
    TypeError
        Types that are not taken.
    MemoryError
        The result or the workspace is not to be had.

    See Also
    --------
    adaptive_avg_pool2d : a given number of windows.
    cconv.reference.avg_pool2d : the same in plain Python, the definition of correct.

    Examples
    --------
    >>> cconv.avg_pool2d(np.array([[1.0, 5, 2, 0], [3, 4, 8, 7]]), 2)
    array([[3.25, 4.25]])
    """
    return _core.avg_pool2d(
        x,
        kernel_size,
        stride,
        padding,
        ceil_mode,
        count_include_pad,
        divisor_override,
        dilation,
        channels_last,
        out,
    )


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
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Pool volumes: `avg_pool2d` with three spatial axes.

    Parameters
    ----------
    x : array of shape (N, C, D, H, W), (C, D, H, W) or (D, H, W), or with `channels_last` \
(N, D, H, W, C), (D, H, W, C)
    kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, dilation, \
channels_last, out
        As in `avg_pool2d`.

    Returns
    -------
    array of shape (N, C, oD, oH, oW), the axes in the order of `x`

    Examples
    --------
    >>> cconv.avg_pool3d(np.arange(8).reshape(2, 2, 2), 2)
    array([[[3.5]]])
    """
    return _core.avg_pool3d(
        x,
        kernel_size,
        stride,
        padding,
        ceil_mode,
        count_include_pad,
        divisor_override,
        dilation,
        channels_last,
        out,
    )
