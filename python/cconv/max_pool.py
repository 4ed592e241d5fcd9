"""Maxima of windows: signatures and documentation; the core does the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from cconv import _core

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from cconv.typing import Padding, PerAxis


@overload
def max_pool1d(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = ...,
    padding: Padding = ...,
    dilation: PerAxis = ...,
    ceil_mode: bool = ...,
    return_indices: Literal[False] = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> NDArray[Any]: ...
@overload
def max_pool1d(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = ...,
    padding: Padding = ...,
    dilation: PerAxis = ...,
    ceil_mode: bool = ...,
    return_indices: Literal[True] = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> tuple[NDArray[Any], NDArray[np.int64]]: ...
@overload
def max_pool1d(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = ...,
    padding: Padding = ...,
    dilation: PerAxis = ...,
    ceil_mode: bool = ...,
    return_indices: bool = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> NDArray[Any] | tuple[NDArray[Any], NDArray[np.int64]]: ...
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
    out: NDArray[Any] | None = None,
) -> NDArray[Any] | tuple[NDArray[Any], NDArray[np.int64]]:
    """Pool signals: `max_pool2d` with one spatial axis.

    Parameters
    ----------
    x : array of shape (N, C, L), (C, L) or (L,), or with `channels_last` (N, L, C), (L, C)
    kernel_size, stride, padding, dilation, ceil_mode, return_indices, channels_last, out
        As in `max_pool2d`; a pair of paddings is written ``[(before, after)]``.

    Returns
    -------
    array of shape (N, C, oL), or with `return_indices` two of them

    Examples
    --------
    >>> cconv.max_pool1d(np.array([1, 5, 2, 0, 3]), 2, ceil_mode=True)
    array([5, 2, 3])
    """
    return _core.max_pool1d(
        x,
        kernel_size,
        stride,
        padding,
        dilation,
        ceil_mode,
        return_indices,
        channels_last,
        out,
    )


@overload
def max_pool2d(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = ...,
    padding: Padding = ...,
    dilation: PerAxis = ...,
    ceil_mode: bool = ...,
    return_indices: Literal[False] = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> NDArray[Any]: ...
@overload
def max_pool2d(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = ...,
    padding: Padding = ...,
    dilation: PerAxis = ...,
    ceil_mode: bool = ...,
    return_indices: Literal[True] = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> tuple[NDArray[Any], NDArray[np.int64]]: ...
@overload
def max_pool2d(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = ...,
    padding: Padding = ...,
    dilation: PerAxis = ...,
    ceil_mode: bool = ...,
    return_indices: bool = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> NDArray[Any] | tuple[NDArray[Any], NDArray[np.int64]]: ...
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
    out: NDArray[Any] | None = None,
) -> NDArray[Any] | tuple[NDArray[Any], NDArray[np.int64]]:
    """Pool images: the largest element of every window.

    ``y[n, c, i, j] = max over u, v of x[n, c, i*stride + u*dilation - padding, ...]``, of the
    elements there are: the border never wins. A NaN is larger than all else; of 0.0 and -0.0, which
    are equal, either may come out, with `return_indices` the first.

    Parameters
    ----------
    x : array of shape (N, C, H, W), (C, H, W) or (H, W), or with `channels_last` (N, H, W, C), \
(H, W, C)
        Any integer or float dtype, any strides.
    kernel_size : int or one per axis
        Elements of a window along each axis.
    stride : int or one per axis, optional
        Steps between windows; None or () is `kernel_size`.
    padding : int, or per axis an int or a (before, after) pair, or a word
        Each side less than ``dilation*(kernel - 1) + 1``. ``"valid"`` none; ``"same"`` the output
        has ``ceil(in / stride)`` elements, an odd one of padding at the end; ``"same_lower"`` at
        the start; ``"full"`` every overlap counts. Words don't go with `ceil_mode`.
    dilation : int or one per axis
        Steps between the elements of a window, at least 1.
    ceil_mode : bool
        The last window may hang over the end; one that would start in the padding there is
        dropped.
    return_indices : bool
        Return also where each maximum was found.
    channels_last : bool
        Channels are the last axis of `x` and of the result.
    out : array, optional
        Takes the maxima: exact shape and dtype, C-contiguous, sharing no memory with `x`.

    Returns
    -------
    y : array of shape (N, C, oH, oW), the axes in the order of `x`
        Of the dtype of `x`. ``oH = floor((H + before + after - dilation*(kH - 1) - 1) / stride) +
        1``, with `ceil_mode` rounded up: see `cconv.shapes.output_size`.
    indices : int64 array of that shape, only with `return_indices`
        Each the place of a maximum in its plane, ``h*W + w``: of equals, or of NaNs, the first.

    Raises
    ------
    ValueError
        Shapes or values that do not fit; an output that would be empty; a window that would hold
        border alone.
    TypeError
        Types that are not taken, complex among them.
    MemoryError
        The result or the workspace is not to be had.

    See Also
    --------
    max_unpool2d : puts maxima back where they came from.
    adaptive_max_pool2d : a given number of windows.
    cconv.reference.max_pool2d : the same in plain Python, the definition of correct.

    Examples
    --------
    >>> image = np.array([[1, 5, 2, 0], [3, 4, 8, 7]])
    >>> cconv.max_pool2d(image, 2)
    array([[5, 8]])
    >>> cconv.max_pool2d(image, 2, return_indices=True)
    (array([[5, 8]]), array([[1, 6]]))
    """
    return _core.max_pool2d(
        x,
        kernel_size,
        stride,
        padding,
        dilation,
        ceil_mode,
        return_indices,
        channels_last,
        out,
    )


@overload
def max_pool3d(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = ...,
    padding: Padding = ...,
    dilation: PerAxis = ...,
    ceil_mode: bool = ...,
    return_indices: Literal[False] = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> NDArray[Any]: ...
@overload
def max_pool3d(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = ...,
    padding: Padding = ...,
    dilation: PerAxis = ...,
    ceil_mode: bool = ...,
    return_indices: Literal[True] = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> tuple[NDArray[Any], NDArray[np.int64]]: ...
@overload
def max_pool3d(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = ...,
    padding: Padding = ...,
    dilation: PerAxis = ...,
    ceil_mode: bool = ...,
    return_indices: bool = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> NDArray[Any] | tuple[NDArray[Any], NDArray[np.int64]]: ...
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
    out: NDArray[Any] | None = None,
) -> NDArray[Any] | tuple[NDArray[Any], NDArray[np.int64]]:
    """Pool volumes: `max_pool2d` with three spatial axes.

    Parameters
    ----------
    x : array of shape (N, C, D, H, W), (C, D, H, W) or (D, H, W), or with `channels_last` \
(N, D, H, W, C), (D, H, W, C)
    kernel_size, stride, padding, dilation, ceil_mode, return_indices, channels_last, out
        As in `max_pool2d`.

    Returns
    -------
    array of shape (N, C, oD, oH, oW), or with `return_indices` two of them

    Examples
    --------
    >>> cconv.max_pool3d(np.arange(27).reshape(3, 3, 3), 2, stride=1).ravel()
    array([13, 14, 16, 17, 22, 23, 25, 26])
    """
    return _core.max_pool3d(
        x,
        kernel_size,
        stride,
        padding,
        dilation,
        ceil_mode,
        return_indices,
        channels_last,
        out,
    )
