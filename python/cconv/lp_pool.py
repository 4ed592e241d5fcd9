"""Norms of windows: signatures and documentation; the core does the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cconv import _core

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from cconv.typing import Padding, PerAxis


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
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Pool signals: `lp_pool2d` with one spatial axis.

    Parameters
    ----------
    x : array of shape (N, C, L), (C, L) or (L,), or with `channels_last` (N, L, C), (L, C)
    norm_type, kernel_size, stride, ceil_mode, padding, dilation, channels_last, out
        As in `lp_pool2d`; a pair of paddings is written ``[(before, after)]``.

    Returns
    -------
    array of shape (N, C, oL), the axes in the order of `x`

    Examples
    --------
    >>> cconv.lp_pool1d(np.array([3.0, -4, 0, 2]), 1, 2)
    array([7., 2.])
    """
    return _core.lp_pool1d(
        x,
        norm_type,
        kernel_size,
        stride,
        ceil_mode,
        padding,
        dilation,
        channels_last,
        out,
    )


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
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Pool images: the norm of every window.

    ``y[n, c, i, j] = (sum over u, v of abs(x[n, c, i*stride + u*dilation - padding, ...]) **
    norm_type) ** (1 / norm_type)``, of the elements there are.

    Parameters
    ----------
    x : array of shape (N, C, H, W), (C, H, W) or (H, W), or with `channels_last` (N, H, W, C), \
(H, W, C)
        Any integer, float or complex dtype, any strides.
    norm_type : number
        Above 0 and finite: 1 sums absolute values, 2 gives the Euclidean norm.
    kernel_size, stride, ceil_mode, padding, dilation, channels_last
        As in `max_pool2d`.
    out : array, optional
        Takes the result: exact shape and dtype, C-contiguous, sharing no memory with `x`.

    Returns
    -------
    array of shape (N, C, oH, oW), the axes in the order of `x`
        Of the dtype of `x`; float64 where that is an integer, the real type where it is complex.

    Raises
    ------
    ValueError
        Shapes or values that do not fit; an output that would be empty.
    TypeError
        Types that are not taken.
    MemoryError
        The result or the workspace is not to be had.

    See Also
    --------
    cconv.reference.lp_pool2d : the same in plain Python, the definition of correct.

    Examples
    --------
    >>> cconv.lp_pool2d(np.array([[3.0, 0, 6, 8], [0, 4, 0, 0]]), 2, 2)
    array([[ 5., 10.]])
    """
    return _core.lp_pool2d(
        x,
        norm_type,
        kernel_size,
        stride,
        ceil_mode,
        padding,
        dilation,
        channels_last,
        out,
    )


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
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Pool volumes: `lp_pool2d` with three spatial axes.

    Parameters
    ----------
    x : array of shape (N, C, D, H, W), (C, D, H, W) or (D, H, W), or with `channels_last` \
(N, D, H, W, C), (D, H, W, C)
    norm_type, kernel_size, stride, ceil_mode, padding, dilation, channels_last, out
        As in `lp_pool2d`.

    Returns
    -------
    array of shape (N, C, oD, oH, oW), the axes in the order of `x`

    Examples
    --------
    >>> cconv.lp_pool3d(np.ones((2, 2, 4)), 1, (2, 2, 1))
    array([[[4., 4., 4., 4.]]])
    """
    return _core.lp_pool3d(
        x,
        norm_type,
        kernel_size,
        stride,
        ceil_mode,
        padding,
        dilation,
        channels_last,
        out,
    )
