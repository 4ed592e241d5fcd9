"""Maxima put back where they came from."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from cconv.reference.arguments import (
    Array,
    Padding,
    PerAxis,
    as_array,
    integer,
    is_sequence,
    sizes_of,
)
from cconv.reference.pooling import as_planes, as_result, kernels_and_strides
from cconv.reference.types import kind_of
from cconv.reference.windows import resolve_padding


def max_unpool2d(
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    output_size: PerAxis | None = None,
    *,
    channels_last: bool = False,
) -> Array:
    """Planes of zeros that hold the elements of `x` at `indices`.

    Parameters
    ----------
    x, channels_last
        As in `max_pool2d`, its result; of any type, complex too.
    indices : array of integers, of the shape of `x`
        Places in the flattened plane of the result.  Of several for one place the last in C order
        stays.
    kernel_size, stride, padding
        Those of the pool; padding by numbers, not by a word.
    output_size : sequence of int, optional
        Spatial shape of the result, or the whole; less than a stride from the default along each
        axis, which is `(n - 1)*stride - before - after + kernel`.

    Returns
    -------
    array of the type of `x`

    Raises
    ------
    ValueError
        For shapes and values that don't fit, an index beyond the plane among them.
    TypeError
        For types that the contract doesn't list.

    Examples
    --------
    >>> max_unpool2d([[5, 8]], [[1, 6]], 2)
    array([[0, 5, 0, 0],
           [0, 0, 8, 0]])
    """
    windows = (kernel_size, stride, padding)
    return _max_unpool(2, x, indices, windows, output_size, channels_last)


def max_unpool1d(
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    output_size: PerAxis | None = None,
    *,
    channels_last: bool = False,
) -> Array:
    """`max_unpool2d` along one axis.

    Examples
    --------
    >>> max_unpool1d([5, 2], [1, 2], 2)
    array([0, 5, 2, 0])
    """
    windows = (kernel_size, stride, padding)
    return _max_unpool(1, x, indices, windows, output_size, channels_last)


def max_unpool3d(
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    output_size: PerAxis | None = None,
    *,
    channels_last: bool = False,
) -> Array:
    """`max_unpool2d` along three axes.

    Examples
    --------
    >>> max_unpool3d([[[7]]], [[[5]]], 2).ravel()
    array([0, 0, 0, 0, 0, 7, 0, 0])
    """
    windows = (kernel_size, stride, padding)
    return _max_unpool(3, x, indices, windows, output_size, channels_last)


def _max_unpool(
    axes: int,
    x: ArrayLike,
    indices: ArrayLike,
    windows: tuple[PerAxis, PerAxis | None, Padding],
    output_size: PerAxis | None,
    channels_last: bool,
) -> Array:
    src, at = as_array(x), as_array(indices)
    kind_of(src.dtype)
    if at.dtype.kind not in "iu":
        raise TypeError(f"indices are integers, not of {at.dtype}")
    if at.shape != src.shape:
        raise ValueError(f"indices have shape {at.shape}, x {src.shape}")
    planes, front = as_planes(src, axes, channels_last)
    places, _ = as_planes(at, axes, channels_last)
    if 0 in planes.shape[:-1]:
        raise ValueError(f"x has no elements along an axis of its shape {src.shape}")
    asked = output_size
    if is_sequence(asked) and len(asked) == src.ndim:
        asked = _spatial(asked, axes, front, channels_last)
    extents = _extents(planes.shape[:-1], *windows, asked)
    size = math.prod(extents)
    y = np.zeros((size, planes.shape[-1]), planes.dtype.newbyteorder("="))
    for where in np.ndindex(planes.shape):
        index = int(places[where])
        if not 0 <= index < size:
            raise ValueError(f"index {index} is not in a plane of {size} elements")
        y[index, where[-1]] = planes[where]
    return as_result(y.reshape(*extents, planes.shape[-1]), front, channels_last)


def _spatial(
    shape: Sequence[int], axes: int, front: tuple[int, ...], channels_last: bool
) -> list[int]:
    """The spatial part of the shape of a whole result, whose other axes are those of `x`."""
    entries = [integer(entry, "output_size", 0) for entry in shape]
    if channels_last:
        entries.insert(len(front) - 1, entries.pop())
    if tuple(entries[: len(front)]) != front:
        raise ValueError(f"output_size {tuple(shape)} has not the batch and channels {front} of x")
    return entries[len(front) :]


def _extents(
    sizes: tuple[int, ...],
    kernel_size: PerAxis,
    stride: PerAxis | None,
    padding: Padding,
    output_size: PerAxis | None,
) -> list[int]:
    """Spatial shape of the result: what is asked for, where it is near the usual."""
    if isinstance(padding, str):
        raise ValueError(f"padding {padding!r}: a word does not tell the size; numbers would do")
    axes = len(sizes)
    kernels, strides = kernels_and_strides(kernel_size, stride, axes)
    pairs = resolve_padding(padding, sizes, kernels, strides, 1)
    usual = [
        (n - 1) * s - before - after + k
        for n, k, s, (before, after) in zip(sizes, kernels, strides, pairs, strict=True)
    ]
    extents = usual if output_size is None else sizes_of(output_size, axes, "output_size")
    for extent, default, s in zip(extents, usual, strides, strict=True):
        if extent < 1 or abs(extent - default) >= s:
            raise ValueError(f"output_size {extent} is not within less than {s} of {default}")
    return extents
