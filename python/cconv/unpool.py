"""Maxima put back: signatures and documentation; the core does the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cconv import _core

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from cconv.typing import Padding, PerAxis


def max_unpool1d(
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    output_size: PerAxis | None = None,
    *,
    channels_last: bool = False,
) -> NDArray[Any]:
    """Undo a maximum pool of signals: `max_unpool2d` with one spatial axis.

    Parameters
    ----------
    x : array of shape (N, C, L), (C, L) or (L,), or with `channels_last` (N, L, C), (L, C)
    indices, kernel_size, stride, padding, output_size, channels_last
        As in `max_unpool2d`; a pair of paddings is written ``[(before, after)]``.

    Returns
    -------
    array of shape (N, C, oL), the axes in the order of `x`

    Examples
    --------
    >>> cconv.max_unpool1d(np.array([5, 2]), np.array([1, 2]), 2)
    array([0, 5, 2, 0])
    """
    return _core.max_unpool1d(x, indices, kernel_size, stride, padding, output_size, channels_last)


def max_unpool2d(
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    output_size: PerAxis | None = None,
    *,
    channels_last: bool = False,
) -> NDArray[Any]:
    """Undo a maximum pool of images: zeros, and the maxima where they were found.

    Parameters
    ----------
    x : array of shape (N, C, H, W), (C, H, W) or (H, W), or with `channels_last` (N, H, W, C), \
(H, W, C)
        What `max_pool2d` returned; any integer, float or complex dtype, any strides.
    indices : integer array of the shape of `x`
        Places in the plane of the result, ``h*oW + w``. Where two are the same, the last in C
        order wins.
    kernel_size, stride, padding
        Those of the pool; padding as numbers, since a word does not tell the size.
    output_size : sequence of int, optional
        Spatial shape of the result, or its whole shape. By default
        ``(H - 1)*stride - before - after + kernel``; each entry is less than a stride from that.
    channels_last : bool
        Channels are the last axis of `x`, of `indices` and of the result.

    Returns
    -------
    array of shape (N, C, oH, oW), the axes in the order of `x`
        Of the dtype of `x`.

    Raises
    ------
    ValueError
        Shapes or values that do not fit; an index that is not in the plane.
    TypeError
        Types that are not taken.
    MemoryError
        The result is not to be had.

    See Also
    --------
    max_pool2d : with `return_indices` the maxima and where they were found.
    cconv.reference.max_unpool2d : the same in plain Python, the definition of correct.

    Examples
    --------
    >>> image = np.array([[1, 5, 2, 0], [3, 4, 8, 7]])
    >>> y, indices = cconv.max_pool2d(image, 2, return_indices=True)
    >>> cconv.max_unpool2d(y, indices, 2)
    array([[0, 5, 0, 0],
           [0, 0, 8, 0]])
    """
    return _core.max_unpool2d(x, indices, kernel_size, stride, padding, output_size, channels_last)


def max_unpool3d(
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    output_size: PerAxis | None = None,
    *,
    channels_last: bool = False,
) -> NDArray[Any]:
    """Undo a maximum pool of volumes: `max_unpool2d` with three spatial axes.

    Parameters
    ----------
    x : array of shape (N, C, D, H, W), (C, D, H, W) or (D, H, W), or with `channels_last` \
(N, D, H, W, C), (D, H, W, C)
    indices, kernel_size, stride, padding, output_size, channels_last
        As in `max_unpool2d`.

    Returns
    -------
    array of shape (N, C, oD, oH, oW), the axes in the order of `x`

    Examples
    --------
    >>> cconv.max_unpool3d(np.array([[[7]]]), np.array([[[5]]]), 2).ravel()
    array([0, 0, 0, 0, 0, 7, 0, 0])
    """
    return _core.max_unpool3d(x, indices, kernel_size, stride, padding, output_size, channels_last)
