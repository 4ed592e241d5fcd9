"""Convolution.  The route of a call is `_conv`:

arrays -> types -> windows -> border -> window sums -> bias -> activation -> result type
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from cconv.reference.activations import activate, checked_activation
from cconv.reference.arguments import (
    Activation,
    Array,
    Padding,
    PerAxis,
    as_array,
    chosen,
    integer,
    result_array,
    sizes_of,
)
from cconv.reference.padding import with_border
from cconv.reference.types import cast, kind_of, types_of, widened
from cconv.reference.windows import output_size, resolve_padding

_ALGORITHMS = ("auto", "direct", "gemm", "winograd", "depthwise", "filter2d", "separable", "fft")
_MODES = {mode: mode for mode in ("constant", "edge", "reflect", "symmetric", "wrap")}
_MODES |= {"zeros": "constant", "replicate": "edge", "circular": "wrap"}


def conv2d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    *,
    padding_mode: str = "constant",
    padding_value: complex = 0,
    activation: Activation = None,
    channels_last: bool = False,
    algorithm: str = "auto",
    dtype: DTypeLike | None = None,
    out: Array | None = None,
) -> Array:
    """Cross-correlate images with a bank of filters.

    With stride s, dilation d, padding p before each axis::

        y[o,i,j] = b[o] + sum_{c,m,n} x[c, i*s + m*d - p, j*s + n*d - p] * w[o,c,m,n]

    Parameters
    ----------
    x : array of shape (N, C, H, W) or (C, H, W); the channels last with `channels_last`
    weight : array of shape (O, C/G, kH, kW)
        Or (kH, kW): a filter for every plane of an `x` of shape (..., H, W) or (..., H, W, C).
    bias : array of shape (O,), or (1,) with a bare filter, optional
    stride, dilation : int or one per axis
    padding : int, or per axis an int or (before, after), or a word
        "valid", "same", "same_lower" or "full".
    groups : int
        The g-th of G equal parts of the output channels sees the g-th part of the input channels.
    padding_mode : str
        "constant" (of `padding_value`), "edge", "reflect", "symmetric" or "wrap" as in
        `numpy.pad`, or "zeros", "replicate", "circular".
    activation : str, ("leaky_relu", slope) or None
        "relu", "relu6", "leaky_relu", "sigmoid", "tanh", "silu", "hardswish" or "gelu".
    algorithm : str
        A known name; it changes nothing here.
    dtype : dtype, optional
        Of the result.  Integers are rounded half to even and saturate.
    out : C-contiguous array of the result's shape and type, optional

    Returns
    -------
    array of shape (N, O, oH, oW), with the axes where `x` has them

    Raises
    ------
    ValueError
        For shapes and values that don't fit, and where the output would be empty.
    TypeError
        For types that the contract doesn't list.

    Examples
    --------
    >>> conv2d([[10.0, 20, 30], [15, 25, 35], [20, 30, 40]], [[1, 0, -1]] * 3)
    array([[-60.]])
    """
    options = (padding_mode, padding_value, activation, channels_last, algorithm, dtype, out)
    return _conv(2, x, weight, bias, stride, padding, dilation, groups, *options)


def conv1d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    *,
    padding_mode: str = "constant",
    padding_value: complex = 0,
    activation: Activation = None,
    channels_last: bool = False,
    algorithm: str = "auto",
    dtype: DTypeLike | None = None,
    out: Array | None = None,
) -> Array:
    """`conv2d` along one axis: `x` of shape (N, C, W), `weight` of shape (O, C/G, kW).

    Examples
    --------
    >>> conv1d([1.0, 2, 4, 8], [-1, 1])
    array([1., 2., 4.])
    """
    options = (padding_mode, padding_value, activation, channels_last, algorithm, dtype, out)
    return _conv(1, x, weight, bias, stride, padding, dilation, groups, *options)


def conv3d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    *,
    padding_mode: str = "constant",
    padding_value: complex = 0,
    activation: Activation = None,
    channels_last: bool = False,
    algorithm: str = "auto",
    dtype: DTypeLike | None = None,
    out: Array | None = None,
) -> Array:
    """`conv2d` along three axes: `x` of shape (N, C, D, H, W), `weight` (O, C/G, kD, kH, kW).

    Examples
    --------
    >>> conv3d(np.ones((1, 2, 4, 4, 4)), np.ones((5, 2, 3, 3, 3)))[0, :, 1, 1, 1]
    array([54., 54., 54., 54., 54.])
    """
    options = (padding_mode, padding_value, activation, channels_last, algorithm, dtype, out)
    return _conv(3, x, weight, bias, stride, padding, dilation, groups, *options)


def _conv(
    axes: int,
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None,
    stride: PerAxis,
    padding: Padding,
    dilation: PerAxis,
    groups: int,
    padding_mode: str,
    padding_value: complex,
    activation: Activation,
    channels_last: bool,
    algorithm: str,
    dtype: DTypeLike | None,
    out: Array | None,
) -> Array:
    """Convolution over `axes` spatial axes: the route of a call."""
    chosen(algorithm, _ALGORITHMS, "algorithm")
    mode = _MODES[chosen(padding_mode, _MODES, "padding_mode")]
    src, filters = _operands(x, weight)
    sum_type, result_type = types_of(src.dtype, filters.dtype, dtype)
    name, slope = checked_activation(activation, sum_type, result_type)
    fill = _border_value(padding_value, src.dtype, padding_mode)

    planes, bank, front = _canonical(src, filters, axes, groups, channels_last)
    offsets = _bias(bias, bank.shape[0], sum_type)
    strides, dilations = sizes_of(stride, axes, "stride"), sizes_of(dilation, axes, "dilation")
    widths = resolve_padding(padding, planes.shape[2:], bank.shape[2:], strides, dilations)
    windows = zip(planes.shape[2:], bank.shape[2:], strides, widths, dilations, strict=True)
    extents = tuple(output_size(*window) for window in windows)
    if 0 in extents:
        raise ValueError(f"output would be empty: its spatial shape is {extents}")
    shape = (*front[:-1], *extents, front[-1]) if channels_last else (*front, *extents)
    result = result_array(out, shape, result_type, (src, filters, offsets))

    with np.errstate(all="ignore"):
        bordered = widened(with_border(planes, widths, mode, fill), sum_type)
        y = _window_sums(bordered, widened(bank, sum_type), extents, strides, dilations, groups)
        y += widened(offsets, sum_type).reshape(-1, *[1] * axes)
        if sum_type.kind == "i":
            y = y.astype(sum_type)  # where a sum of this width wraps
        y = cast(activate(y, name, slope), result_type).reshape(*front, *extents)
    result[...] = np.moveaxis(y, -1 - axes, -1) if channels_last else y
    return result


def _operands(x: ArrayLike, weight: ArrayLike) -> tuple[Array, Array]:
    """`x` and `weight` as arrays; a list of real weights takes the type of a float `x`."""
    src, filters = as_array(x), as_array(weight)
    as_x = isinstance(weight, list | tuple) and kind_of(filters.dtype) != "complex"
    if as_x and kind_of(src.dtype) == "float":
        with np.errstate(over="ignore"):
            filters = filters.astype(src.dtype)
    return src, filters


def _canonical(
    src: Array, filters: Array, axes: int, groups: int, channels_last: bool
) -> tuple[Array, Array, tuple[int, ...]]:
    """`src` as (N, C, ...), `filters` as (O, C/G, ...), and the result's axes before the spatial.

    A bare filter sees every plane as an image of one channel.
    """
    groups = integer(groups, "groups", 1)
    bare = filters.ndim == axes
    if not bare and filters.ndim != axes + 2:
        raise ValueError(f"weight has {filters.ndim} axes, not {axes + 2}, or {axes} as a filter")
    least = axes + (1 if channels_last or not bare else 0)
    if src.ndim < least or (not bare and src.ndim > axes + 2):
        raise ValueError(f"x has {src.ndim} axes where weight has {filters.ndim}")
    if channels_last:
        src = np.moveaxis(src, -1, -1 - axes)
    if bare:
        src, filters = np.expand_dims(src, -1 - axes), filters[None, None]
    lead, channels, spatial = src.shape[: -1 - axes], src.shape[-1 - axes], src.shape[-axes:]
    o, depth = filters.shape[:2]
    if channels != groups * depth or o % groups:
        raise ValueError(f"{channels} channels and {o} filters of {depth} are not {groups} groups")
    planes = src.reshape(math.prod(lead), channels, *spatial)
    return planes, filters, lead if bare else (*lead, o)


def _bias(bias: ArrayLike | None, channels: int, sum_type: np.dtype[Any]) -> Array:
    """One number to add per output channel, of the sum's type."""
    if bias is None:
        return np.zeros(channels, sum_type)
    offsets = as_array(bias)
    kind_of(offsets.dtype)
    if not np.can_cast(offsets.dtype, sum_type, "same_kind"):
        raise TypeError(f"bias of {offsets.dtype} does not go into a sum of {sum_type}")
    if offsets.shape != (channels,):
        raise ValueError(f"bias has shape {offsets.shape}, not {(channels,)}")
    return offsets


def _border_value(value: complex, dtype: np.dtype[Any], padding_mode: str) -> complex:
    """The constant of the border, one that an `x` of type `dtype` can hold."""
    number = value
    if not isinstance(value, int):  # an int may be beyond every dtype
        scalar = np.asarray(value)
        if scalar.ndim:
            raise TypeError(f"padding_value is a number, not an array of shape {scalar.shape}")
        as_python = {"integer": int, "float": float, "complex": complex}[kind_of(scalar.dtype)]
        number = as_python(scalar[()])
    if isinstance(number, complex) and kind_of(dtype) != "complex":
        raise TypeError(f"padding_value {value!r} does not go into an x of {dtype}")
    if padding_mode != "constant" and number != 0:
        raise ValueError(f"padding_value {value!r} with padding_mode {padding_mode!r}")
    if dtype.kind in "biu" and not isinstance(number, complex):
        least, most = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        if not least <= number <= most or number != int(number):
            raise ValueError(f"an x of {dtype} can't hold padding_value {value!r}")
    return number


def _window_sums(
    x: Array,
    weight: Array,
    extents: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    groups: int,
) -> Array:
    """The sum of the formula for all outputs, (N, O, *extents), one kernel tap after the other.

    `x` (N, C, ...) has its border already; `weight` is (O, C/G, ...).
    """
    n, o = x.shape[0], weight.shape[0]
    x = x.reshape(n, groups, weight.shape[1], *x.shape[2:])
    weight = weight.reshape(groups, o // groups, *weight.shape[1:])
    y = np.zeros((n, groups, o // groups, *extents), x.dtype)
    for tap in np.ndindex(weight.shape[3:]):
        # What this tap sees: element i*stride + tap*dilation, for every output position i.
        seen = tuple(
            slice(t * d, t * d + (extent - 1) * s + 1, s)
            for t, d, s, extent in zip(tap, dilations, strides, extents, strict=True)
        )
        y += np.einsum("ngc...,goc->ngo...", x[:, :, :, *seen], weight[:, :, :, *tap])
    return y.reshape(n, o, *extents)
