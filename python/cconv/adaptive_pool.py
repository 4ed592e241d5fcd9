"""Pools to a given size: signatures and documentation; the core does the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from cconv import _core

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from cconv.typing import AdaptiveSize


@overload
def adaptive_max_pool1d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    return_indices: Literal[False] = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> NDArray[Any]: ...
@overload
def adaptive_max_pool1d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    return_indices: Literal[True] = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> tuple[NDArray[Any], NDArray[np.int64]]: ...
@overload
def adaptive_max_pool1d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    return_indices: bool = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> NDArray[Any] | tuple[NDArray[Any], NDArray[np.int64]]: ...
def adaptive_max_pool1d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    return_indices: bool = False,
    *,
    channels_last: bool = False,
    out: NDArray[Any] | None = None,
) -> NDArray[Any] | tuple[NDArray[Any], NDArray[np.int64]]:
    """Pool signals to a given size: `adaptive_max_pool2d` with one spatial axis.

    Parameters
    ----------
    x : array of shape (N, C, L), (C, L) or (L,), or with `channels_last` (N, L, C), (L, C)
    output_size, return_indices, channels_last, out
        As in `adaptive_max_pool2d`.

    Returns
    -------
    array of shape (N, C, oL), or with `return_indices` two of them

    Examples
    --------
    >>> cconv.adaptive_max_pool1d(np.array([1, 5, 2, 0, 3]), 2)
    array([5, 3])
    """
    return _core.adaptive_max_pool1d(x, output_size, return_indices, channels_last, out)


@overload
def adaptive_max_pool2d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    return_indices: Literal[False] = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> NDArray[Any]: ...
@overload
def adaptive_max_pool2d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    return_indices: Literal[True] = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> tuple[NDArray[Any], NDArray[np.int64]]: ...
@overload
def adaptive_max_pool2d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    return_indices: bool = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> NDArray[Any] | tuple[NDArray[Any], NDArray[np.int64]]: ...
def adaptive_max_pool2d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    return_indices: bool = False,
    *,
    channels_last: bool = False,
    out: NDArray[Any] | None = None,
) -> NDArray[Any] | tuple[NDArray[Any], NDArray[np.int64]]:
    """Pool images to a given size: the largest element of each of so many windows.

    Of m windows along an axis of n elements the i-th goes from ``floor(i*n / m)`` to
    ``ceil((i + 1)*n / m)``; they overlap where m does not divide n. One window is the whole plane.

    Parameters
    ----------
    x : array of shape (N, C, H, W), (C, H, W) or (H, W), or with `channels_last` (N, H, W, C), \
(H, W, C)
        Any integer or float dtype, any strides.
    output_size : int or None, or one per axis
        Windows along each axis, at least 1; None keeps the axis as it is.
    return_indices, channels_last, out
        As in `max_pool2d`.

    Returns
    -------
    y : array of shape (N, C, oH, oW), the axes in the order of `x`
        Of the dtype of `x`.
    indices : int64 array of that shape, only with `return_indices`
        As in `max_pool2d`.

    Raises
    ------
    ValueError
        Shapes or values that do not fit; an empty spatial axis.
    TypeError
        Types that are not taken, complex among them.
    MemoryError
        The result or the workspace is not to be had.

    See Also
    --------
    max_pool2d : windows of a given size.
    cconv.reference.adaptive_max_pool2d : the same in plain Python, the definition of correct.

    Examples
    --------
    >>> cconv.adaptive_max_pool2d(np.array([[1, 5, 2], [3, 4, 8]]), (1, 2))
    array([[5, 8]])
    """
    return _core.adaptive_max_pool2d(x, output_size, return_indices, channels_last, out)


@overload
def adaptive_max_pool3d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    return_indices: Literal[False] = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> NDArray[Any]: ...
@overload
def adaptive_max_pool3d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    return_indices: Literal[True] = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> tuple[NDArray[Any], NDArray[np.int64]]: ...
@overload
def adaptive_max_pool3d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    return_indices: bool = ...,
    *,
    channels_last: bool = ...,
    out: NDArray[Any] | None = ...,
) -> NDArray[Any] | tuple[NDArray[Any], NDArray[np.int64]]: ...
def adaptive_max_pool3d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    return_indices: bool = False,
    *,
    channels_last: bool = False,
    out: NDArray[Any] | None = None,
) -> NDArray[Any] | tuple[NDArray[Any], NDArray[np.int64]]:
    """Pool volumes to a given size: `adaptive_max_pool2d` with three spatial axes.

    Parameters
    ----------
    x : array of shape (N, C, D, H, W), (C, D, H, W) or (D, H, W), or with `channels_last` \
(N, D, H, W, C), (D, H, W, C)
    output_size, return_indices, channels_last, out
        As in `adaptive_max_pool2d`.

    Returns
    -------
    array of shape (N, C, oD, oH, oW), or with `return_indices` two of them

    Examples
    --------
    >>> cconv.adaptive_max_pool3d(np.arange(64).reshape(4, 4, 4), (2, 1, 1)).ravel()
    array([31, 63])
    """
    return _core.adaptive_max_pool3d(x, output_size, return_indices, channels_last, out)


def adaptive_avg_pool1d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    *,
    channels_last: bool = False,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Pool signals to a given size: `adaptive_avg_pool2d` with one spatial axis.

    Parameters
    ----------
    x : array of shape (N, C, L), (C, L) or (L,), or with `channels_last` (N, L, C), (L, C)
    output_size, channels_last, out
        As in `adaptive_avg_pool2d`.

    Returns
    -------
    array of shape (N, C, oL), the axes in the order of `x`

    Examples
    --------
    >>> cconv.adaptive_avg_pool1d(np.array([1, 5, 3]), 1)
    array([3.])
    """
    return _core.adaptive_avg_pool1d(x, output_size, channels_last, out)


def adaptive_avg_pool2d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    *,
    channels_last: bool = False,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Pool images to a given size: the mean of each of so many windows.

    The windows are those of `adaptive_max_pool2d`; one is the whole plane, global pooling.

    Parameters
    ----------
    x : array of shape (N, C, H, W), (C, H, W) or (H, W), or with `channels_last` (N, H, W, C), \
(H, W, C)
        Any integer, float or complex dtype, any strides.
    output_size : int or None, or one per axis
        Windows along each axis, at least 1; None keeps the axis as it is.
    channels_last, out
        As in `avg_pool2d`.

    Returns
    -------
    array of shape (N, C, oH, oW), the axes in the order of `x`
        Of the dtype of `x`, float64 where that is an integer.

    Raises
    ------
    ValueError
        Shapes or values that do not fit; an empty spatial axis.
    TypeError
        Types that are not taken.
    MemoryError
        The result or the workspace is not to be had.

    See Also
    --------
    avg_pool2d : windows of a given size.
    cconv.reference.adaptive_avg_pool2d : the same in plain Python, the definition of correct.

    Examples
    --------
    >>> cconv.adaptive_avg_pool2d(np.array([[1, 5, 2], [3, 4, 8]]), (None, 2))
    array([[3. , 3.5],
           [3.5, 6. ]])
    """
    return _core.adaptive_avg_pool2d(x, output_size, channels_last, out)


def adaptive_avg_pool3d(
    x: ArrayLike,
    output_size: AdaptiveSize,
    *,
    channels_last: bool = False,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Pool volumes to a given size: `adaptive_avg_pool2d` with three spatial axes.

    Parameters
    ----------
    x : array of shape (N, C, D, H, W), (C, D, H, W) or (D, H, W), or with `channels_last` \
(N, D, H, W, C), (D, H, W, C)
    output_size, channels_last, out
        As in `adaptive_avg_pool2d`.

    Returns
    -------
    array of shape (N, C, oD, oH, oW), the axes in the order of `x`

    Examples
    --------
    >>> cconv.adaptive_avg_pool3d(np.arange(8).reshape(2, 2, 2), (2, 1, 1)).ravel()
    array([1.5, 5.5])
    """
    return _core.adaptive_avg_pool3d(x, output_size, channels_last, out)
