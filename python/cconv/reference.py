"""The definition of correct: the operations in plain NumPy, each step next to its formula.

In come the arguments of `cconv.conv1d`, `conv2d` or `conv3d`, out goes what these promise.  Slow,
and exact where that costs nothing: floats are summed in float64, integers in int64, complex numbers
in complex128.  The route of a call is `_conv`:

    arrays -> types -> windows -> border -> window sums -> bias -> activation -> result type

Nothing here calls the rest of the package, so that the two can be held against each other.
Letters: N batch, C input channels, O output channels, G groups; along one axis n elements.
"""

import math
import numbers
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "output_size",
    "pad",
    "resolve_padding",
    "same_padding",
]

Array = NDArray[Any]
Index = NDArray[np.signedinteger[Any]]
PerAxis = int | Sequence[int]
Padding = str | int | Sequence[int | tuple[int, int]]
PadWidth = int | Sequence[int] | Sequence[Sequence[int]] | Mapping[int, int | Sequence[int]]
Activation = str | tuple[str, float] | None
Kind = Literal["integer", "float", "complex"]

_ALGORITHMS = ("auto", "direct", "gemm", "winograd", "depthwise", "filter2d", "separable", "fft")
_ACTIVATIONS = ("relu", "relu6", "leaky_relu", "sigmoid", "tanh", "silu", "hardswish", "gelu")
_MODES = {mode: mode for mode in ("constant", "edge", "reflect", "symmetric", "wrap")}
_MODES |= {"zeros": "constant", "replicate": "edge", "circular": "wrap"}

# ------------------------------------------------------------------------------- operations


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

    >>> conv3d(np.ones((1, 2, 4, 4, 4)), np.ones((5, 2, 3, 3, 3)))[0, :, 1, 1, 1]
    array([54., 54., 54., 54., 54.])
    """
    options = (padding_mode, padding_value, activation, channels_last, algorithm, dtype, out)
    return _conv(3, x, weight, bias, stride, padding, dilation, groups, *options)


def pad(
    array: ArrayLike,
    pad_width: PadWidth,
    mode: str = "constant",
    *,
    constant_values: ArrayLike = 0,
) -> Array:
    """`numpy.pad` in five modes, by the index that each element of a border is read from.

    >>> pad([1, 2, 3], (2, 4), "symmetric")
    array([2, 1, 1, 2, 3, 3, 2, 1, 1])
    """
    _chosen(mode, ("constant", "edge", "reflect", "symmetric", "wrap"), "mode")
    x = result = _array(array)
    values = np.broadcast_to(np.asarray(constant_values), (x.ndim, 2))
    for axis, (before, after) in enumerate(_pad_widths(pad_width, x.ndim)):
        if before == after == 0:
            continue
        lines = np.moveaxis(result, axis, -1)
        if mode == "constant":
            lines = _with_border(lines, [(before, 0)], mode, values[axis, 0])
            lines = _with_border(lines, [(0, after)], mode, values[axis, 1])
        else:
            lines = _with_border(lines, [(before, after)], mode, 0)
        result = np.moveaxis(lines, -1, axis)
    return np.array(result, x.dtype, order="C")


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
    _chosen(algorithm, _ALGORITHMS, "algorithm")
    mode = _MODES[_chosen(padding_mode, _MODES, "padding_mode")]
    src, filters = _operands(x, weight)
    sum_type, result_type = _types(src.dtype, filters.dtype, dtype)
    name, slope = _activation(activation, sum_type, result_type)
    fill = _border_value(padding_value, src.dtype, padding_mode)

    planes, bank, front = _canonical(src, filters, axes, groups, channels_last)
    offsets = _bias(bias, bank.shape[0], sum_type)
    strides, dilations = _sizes(stride, axes, "stride"), _sizes(dilation, axes, "dilation")
    widths = resolve_padding(padding, planes.shape[2:], bank.shape[2:], strides, dilations)
    windows = zip(planes.shape[2:], bank.shape[2:], strides, widths, dilations, strict=True)
    extents = tuple(output_size(*window) for window in windows)
    if 0 in extents:
        raise ValueError(f"output would be empty: its spatial shape is {extents}")
    shape = (*front[:-1], *extents, front[-1]) if channels_last else (*front, *extents)
    result = _result(out, shape, result_type, (src, filters, offsets))

    with np.errstate(all="ignore"):
        bordered = _widened(_with_border(planes, widths, mode, fill), sum_type)
        y = _window_sums(bordered, _widened(bank, sum_type), extents, strides, dilations, groups)
        y += _widened(offsets, sum_type).reshape(-1, *[1] * axes)
        if sum_type.kind == "i":
            y = y.astype(sum_type)  # where a sum of this width wraps
        y = _cast(_activate(y, name, slope), result_type).reshape(*front, *extents)
    result[...] = np.moveaxis(y, -1 - axes, -1) if channels_last else y
    return result


# ------------------------------------------------------------------- window arithmetic, one axis


def output_size(
    n: int, kernel: int, stride: int = 1, padding: int | tuple[int, int] = 0, dilation: int = 1
) -> int:
    """Positions of a window along an axis of `n` elements; 0 where none fits.

    A window spans `dilation*(kernel-1) + 1` elements and starts at 0, `stride`, 2*`stride`, ...
    of the padded axis::

        floor((n + before + after - span) / stride) + 1

    >>> output_size(224, 7, stride=2, padding=3)
    112
    """
    n, kernel = _integer(n, "n", 0), _integer(kernel, "kernel", 1)
    stride, dilation = _integer(stride, "stride", 1), _integer(dilation, "dilation", 1)
    before, after = _pair(padding)
    span = dilation * (kernel - 1) + 1
    return max((n + before + after - span) // stride + 1, 0)


def same_padding(
    n: int, kernel: int, stride: int = 1, dilation: int = 1, lower: bool = False
) -> tuple[int, int]:
    """Least padding (before, after) for `ceil(n/stride)` positions; the odd element at the end.

    >>> same_padding(224, 7, stride=2), same_padding(224, 7, stride=2, lower=True)
    ((2, 3), (3, 2))
    """
    n, kernel = _integer(n, "n", 0), _integer(kernel, "kernel", 1)
    stride, dilation = _integer(stride, "stride", 1), _integer(dilation, "dilation", 1)
    positions = -(-n // stride)
    reach = (positions - 1) * stride + dilation * (kernel - 1) + 1 if positions else 0
    total = max(reach - n, 0)
    small, large = total // 2, total - total // 2
    return (large, small) if lower else (small, large)


def resolve_padding(
    padding: Padding,
    sizes: Sequence[int],
    kernel: PerAxis,
    stride: PerAxis,
    dilation: PerAxis,
) -> list[tuple[int, int]]:
    """`padding` in any of its forms as one (before, after) for each of the axes of `sizes`.

    >>> resolve_padding("same", (5, 6), kernel=(3, 4), stride=1, dilation=1)
    [(1, 1), (1, 2)]
    """
    axes = len(sizes)
    kernels = _sizes(kernel, axes, "kernel")
    strides = _sizes(stride, axes, "stride")
    dilations = _sizes(dilation, axes, "dilation")
    if isinstance(padding, str):
        word = _chosen(padding, ("valid", "same", "same_lower", "full"), "padding")
        if word == "valid":
            return [(0, 0)] * axes
        if word == "full":
            return [(d * (k - 1),) * 2 for k, d in zip(kernels, dilations, strict=True)]
        windows = zip(sizes, kernels, strides, dilations, strict=True)
        return [same_padding(*window, lower=word == "same_lower") for window in windows]
    return [_pair(entry) for entry in _per_axis(padding, axes, "padding")]


# -------------------------------------------------------------------------- border and windows


def _with_border(x: Array, widths: Sequence[tuple[int, int]], mode: str, value: complex) -> Array:
    """`x` with a border along its last axes, filled as `numpy.pad` fills it."""
    for axis, (before, after) in enumerate(widths, start=x.ndim - len(widths)):
        n = x.shape[axis]
        if mode == "constant":
            front, back = list(x.shape), list(x.shape)
            front[axis], back[axis] = before, after
            sides = np.full(front, value, x.dtype), np.full(back, value, x.dtype)
            x = np.concatenate([sides[0], x, sides[1]], axis)
        elif n == 0:
            raise ValueError(f"padding_mode {mode!r} has nothing to fill the border from")
        else:
            x = np.take(x, _source_index(np.arange(-before, n + after), n, mode), axis)
    return x


def _source_index(position: Index, n: int, mode: str) -> Index:
    """Which of the elements 0..n-1 is seen at a `position` before, among or after them."""
    if mode == "edge":  # 0 0 0 | 0 1 2 3 | 3 3 3
        return np.clip(position, 0, n - 1)
    if mode == "wrap":  # 1 2 3 | 0 1 2 3 | 0 1 2
        return position % n
    if mode == "symmetric":  # 2 1 0 | 0 1 2 3 | 3 2 1, of period 2n
        return np.minimum(position % (2 * n), -(position + 1) % (2 * n))
    period = max(2 * n - 2, 1)  # reflect: 3 2 1 | 0 1 2 3 | 2 1 0; a single element repeats
    return np.minimum(position % period, -position % period)


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


# -------------------------------------------------------------------------------- activations


def _activation(
    activation: Activation, sum_type: np.dtype[Any], result_type: np.dtype[Any]
) -> tuple[str | None, float]:
    """Name and slope of the activation, allowed for these types."""
    slope: Any = 0.01
    name: Any = activation
    if isinstance(activation, tuple | list) and len(activation) == 2:
        name, slope = activation
        if name != "leaky_relu":
            raise ValueError(f"activation {activation!r}: only leaky_relu takes a slope")
        if isinstance(slope, bool) or not isinstance(slope, numbers.Real):
            raise TypeError(f"the slope of leaky_relu is a number, not {slope!r}")
    if name is None:
        return None, 0.0
    _chosen(name, _ACTIVATIONS, "activation")
    if sum_type.kind == "c":
        raise TypeError("complex numbers take no activation")
    if sum_type.kind == "i" and name not in ("relu", "relu6") and _kind(result_type) != "float":
        raise TypeError(f"{name} of an integer sum needs a float dtype=")
    return name, float(slope)


def _activate(y: Array, name: str | None, slope: float) -> Array:
    """The activation of finished sums; a NaN stays a NaN."""
    if y.dtype.kind == "i" and name not in (None, "relu", "relu6"):
        y = y.astype(np.float32 if y.itemsize == 4 else np.float64).astype(np.float64)
    if name in ("silu", "hardswish", "gelu"):
        y = np.maximum(y, -1000.0)  # they are 0 from there to -inf, where -inf * 0 is not
    if name == "relu":
        y = np.maximum(y, 0)
    elif name == "relu6":
        y = np.minimum(np.maximum(y, 0), 6)
    elif name == "leaky_relu":
        y = np.where(y > 0, y, slope * y)
    elif name == "sigmoid":
        y = _times_sigmoid(1.0, y)
    elif name == "tanh":
        y = np.tanh(y)
    elif name == "silu":
        y = _times_sigmoid(y, y)
    elif name == "hardswish":  # y * relu6(y + 3) / 6, dividing first lest it overflow
        y = y * (np.clip(y + 3, 0, 6) / 6)
    elif name == "gelu":  # y * Phi(y), of the normal distribution; erfc is precise in its tail
        erfc = np.frompyfunc(math.erfc, 1, 1)
        y = 0.5 * y * np.asarray(erfc(-y / math.sqrt(2)), np.float64)
    return y


def _times_sigmoid(factor: Array | float, y: Array) -> Array:
    """factor / (1 + exp(-y)), by powers that don't overflow and underflow only where it does."""
    half = np.exp(-np.abs(y) / 2)
    product: Array = np.where(y < 0, factor * half * half, factor) / (1 + half * half)
    return product


# -------------------------------------------------------------------------------------- types


def _kind(dtype: np.dtype[Any]) -> Kind:
    """Which arithmetic `dtype` takes; a TypeError where it takes none."""
    if dtype.kind in "biu":
        return "integer"
    if dtype.name in ("float16", "bfloat16", "float32", "float64"):
        return "float"
    if dtype.name in ("complex64", "complex128"):
        return "complex"
    raise TypeError(f"no convolution of {dtype}")


def _types(
    x: np.dtype[Any], weight: np.dtype[Any], asked: DTypeLike | None
) -> tuple[np.dtype[Any], np.dtype[Any]]:
    """Types of the sum and of the result: the contract's table, `asked` being `dtype=`."""
    kinds = _kind(x), _kind(weight)
    result: np.dtype[Any]
    if kinds == ("integer", "integer"):
        result = np.dtype(np.int32 if x.itemsize == weight.itemsize == 1 else np.int64)
    elif kinds == ("integer", "float"):
        result = weight if x.itemsize <= 2 else np.dtype(np.float64)
    elif kinds == ("float", "integer"):
        result = x
    elif x.itemsize == weight.itemsize == 2 and x.name != weight.name:  # float16 with bfloat16
        result = np.dtype(np.float32)
    else:
        result = np.result_type(x, weight)
    result = result.newbyteorder("=")
    sum_type = np.dtype(np.float32) if result.itemsize == 2 else result
    if asked is not None:
        result = np.dtype(asked)
        if result.kind == "b" or not result.isnative:
            raise TypeError(f"dtype={result} is no type of a result")
        if _kind(result) != "complex" and sum_type.kind == "c":
            raise TypeError(f"dtype={result} would drop the imaginary part")
    return sum_type, result


def _widened(array: Array, sum_type: np.dtype[Any]) -> Array:
    """Values as the sum takes them, of its type, in the widest type of that kind."""
    widest = {"integer": np.int64, "float": np.float64, "complex": np.complex128}
    return array.astype(sum_type).astype(widest[_kind(sum_type)])


def _cast(y: Array, dtype: np.dtype[Any]) -> Array:
    """`y` as `dtype`; to an integer rounded half to even, saturating, a NaN as 0."""
    if y.dtype == dtype or _kind(dtype) != "integer":
        return y.astype(dtype)
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    if y.dtype.kind != "f":
        own = np.iinfo(y.dtype)
        return np.clip(y, max(least, own.min), min(most, own.max)).astype(dtype)
    rounded = np.rint(y)
    low, high = rounded <= float(least), rounded >= float(most)  # the floats next to the limits
    result = np.where(low | high | np.isnan(y), 0.0, rounded).astype(dtype)
    result[low], result[high] = least, most
    return result


# ---------------------------------------------------------------------------------- arguments


def _array(value: Any) -> Array:
    """Plain data of anything array-like."""
    array = np.asarray(value)
    if array.dtype == object and not isinstance(value, np.ndarray) and hasattr(value, "__dlpack__"):
        array = np.from_dlpack(value)
    return array


def _operands(x: ArrayLike, weight: ArrayLike) -> tuple[Array, Array]:
    """`x` and `weight` as arrays; a list of real weights takes the type of a float `x`."""
    src, filters = _array(x), _array(weight)
    as_x = isinstance(weight, list | tuple) and _kind(filters.dtype) != "complex"
    if as_x and _kind(src.dtype) == "float":
        with np.errstate(over="ignore"):
            filters = filters.astype(src.dtype)
    return src, filters


def _canonical(
    src: Array, filters: Array, axes: int, groups: int, channels_last: bool
) -> tuple[Array, Array, tuple[int, ...]]:
    """`src` as (N, C, ...), `filters` as (O, C/G, ...), and the result's axes before the spatial.

    A bare filter sees every plane as an image of one channel.
    """
    groups = _integer(groups, "groups", 1)
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
    offsets = _array(bias)
    _kind(offsets.dtype)
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
        as_python = {"integer": int, "float": float, "complex": complex}[_kind(scalar.dtype)]
        number = as_python(scalar[()])
    if isinstance(number, complex) and _kind(dtype) != "complex":
        raise TypeError(f"padding_value {value!r} does not go into an x of {dtype}")
    if padding_mode != "constant" and number != 0:
        raise ValueError(f"padding_value {value!r} with padding_mode {padding_mode!r}")
    if dtype.kind in "biu" and not isinstance(number, complex):
        least, most = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        if not least <= number <= most or number != int(number):
            raise ValueError(f"an x of {dtype} can't hold padding_value {value!r}")
    return number


def _result(
    out: Array | None, shape: tuple[int, ...], dtype: np.dtype[Any], inputs: Sequence[Array]
) -> Array:
    """Where the result goes: `out`, if it fits, or a new array."""
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out is an array, not {type(out).__name__}")
    if out.dtype != dtype:
        raise TypeError(f"out has type {out.dtype}, the result {dtype}")
    if out.shape != shape:
        raise ValueError(f"out has shape {out.shape}, the result {shape}")
    if not (out.flags.writeable and out.flags.c_contiguous):
        raise ValueError("out is not writable and C-contiguous")
    if any(np.may_share_memory(out, source) for source in inputs):
        raise ValueError("out overlaps an input")
    return out


def _chosen(value: object, names: Iterable[str], what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} is a word, not {value!r}")
    if value not in names:
        raise ValueError(f"{what} {value!r} is none of {', '.join(names)}")
    return value


def _is_sequence(value: object) -> bool:
    return isinstance(value, Sequence) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _per_axis(value: Any, axes: int, what: str) -> list[Any]:
    """One entry per axis; a single value, or a sequence of one, counts for all."""
    entries = list(value) if _is_sequence(value) else [value]
    if len(entries) == 1:
        entries *= axes
    if len(entries) != axes:
        hint = "; one (before, after) is [(1, 2)]" if what == "padding" else ""
        raise ValueError(f"{what} {value!r} has {len(entries)} entries for {axes} axes{hint}")
    return entries


def _sizes(value: PerAxis, axes: int, what: str) -> list[int]:
    return [_integer(entry, what, 1) for entry in _per_axis(value, axes, what)]


def _pair(value: Any) -> tuple[int, int]:
    """Padding of one axis, `value` or `(before, after)`."""
    entries = list(value) if _is_sequence(value) else [value, value]
    if len(entries) != 2:
        raise ValueError(f"padding {value!r} is neither one number nor (before, after)")
    return _integer(entries[0], "padding", 0), _integer(entries[1], "padding", 0)


def _pad_widths(pad_width: Any, axes: int) -> list[tuple[int, int]]:
    """`pad_width` as one (before, after) for each axis."""
    if isinstance(pad_width, dict):
        widths = [(0, 0)] * axes
        for axis, width in pad_width.items():
            entries = list(width) if _is_sequence(width) else [width, width]
            if not -axes <= axis < axes or len(entries) != 2:
                raise ValueError(f"pad_width {pad_width!r} does not fit {axes} axes")
            widths[axis] = entries[0], entries[1]
    else:
        table = np.asarray(pad_width)
        if table.dtype.kind not in "iu":
            raise TypeError(f"pad_width is of ints, not {pad_width!r}")
        widths = [(before, after) for before, after in np.broadcast_to(table, (axes, 2)).tolist()]
    return [
        (_integer(before, "pad_width", 0), _integer(after, "pad_width", 0))
        for before, after in widths
    ]


def _integer(value: Any, what: str, least: int) -> int:
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{what} is an int, not {value!r}")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{what} is an int, not {value!r}") from None
    if number < least:
        raise ValueError(f"{what} {number} is less than {least}")
    return number
