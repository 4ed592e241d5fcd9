"""Convolution: signatures and documentation; the core does the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cconv import _core

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from cconv.typing import Activation, Padding, PerAxis


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
    padding_value: float = 0,
    activation: Activation = None,
    channels_last: bool = False,
    algorithm: str = "auto",
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Convolve signals: `conv2d` with one spatial axis.

    Parameters
    ----------
    x : array of shape (N, C, L), (C, L), or with `channels_last` (N, L, C), (L, C)
        With a bare filter any number of leading axes.
    weight : array of shape (O, C/groups, kL), or (kL,), a bare filter
    bias, stride, padding, dilation, groups, padding_mode, padding_value, activation, \
channels_last, algorithm, dtype, out
        As in `conv2d`; a pair of paddings is written ``[(before, after)]``.

    Returns
    -------
    array of shape (N, O, oL), the axes in the order of `x`

    Examples
    --------
    >>> cconv.conv1d(np.array([1.0, 2.0, 4.0, 8.0]), np.array([-1.0, 1.0]))
    array([1., 2., 4.])
    """
    return _core.conv1d(
        x,
        weight,
        bias,
        stride,
        padding,
        dilation,
        groups,
        padding_mode,
        padding_value,
        activation,
        channels_last,
        algorithm,
        dtype,
        out,
    )


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
    padding_value: float = 0,
    activation: Activation = None,
    channels_last: bool = False,
    algorithm: str = "auto",
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Convolve images: cross-correlation, as in every deep-learning framework.

    ``y[n, o, i, j] = bias[o] + sum over c, m, n of
    x[n, c, i*stride + m*dilation - padding, ...] * weight[o, c, m, n]``,
    then `activation`, then the cast to `dtype`.

    Parameters
    ----------
    x : array of shape (N, C, H, W), (C, H, W), or with `channels_last` (N, H, W, C), (H, W, C)
        Any integer, float or complex dtype, any strides. With a bare filter any number of leading
        axes.
    weight : array of shape (O, C/groups, kH, kW), or (kH, kW)
        The second is a bare filter, applied to every plane of `x`; to those of a colour image
        (H, W, 3) with `channels_last`.
    bias : array of shape (O,), optional
        Cast to the type of the sum.
    stride, dilation : int or one per axis
        Steps between windows and between taps, at least 1.
    padding : int, or per axis an int or a (before, after) pair, or a word
        ``"valid"`` none; ``"same"`` the output has ``ceil(in / stride)`` elements, an odd one of
        padding at the end; ``"same_lower"`` at the start; ``"full"`` every overlap counts.
    groups : int
        `x` and `weight` are cut into so many independent groups of channels.
    padding_mode : {"constant", "edge", "reflect", "symmetric", "wrap"}
        What the border holds, as `numpy.pad` would fill it; "zeros", "replicate" and "circular"
        are other names of the first, second and last.
    padding_value : number
        Of a constant border.
    activation : str, optional
        "relu", "relu6", "leaky_relu" or ("leaky_relu", slope), "sigmoid", "tanh", "silu",
        "hardswish", "gelu".
    channels_last : bool
        Channels are the last axis of `x` and of the result.
    algorithm : {"auto", "direct", "gemm", "depthwise", "filter2d", "separable"}
        ``"direct"`` works along the rows of `x` and does every case; ``"gemm"`` multiplies pixels
        by packed weights, many output channels at once, and does all but complex numbers and an
        `x` without channels; ``"depthwise"`` does many channels with a filter each, of real numbers
        and at most 256 taps; ``"filter2d"`` goes over planes with a filter each, or one for all, of
        real numbers; ``"separable"`` sums columns, then rows, where one filter for all planes is a
        column times a row (Gaussian, Sobel, box), or a few of those, of real numbers and without a
        stride along rows;
        ``"auto"`` takes the one it estimates to be fastest, see `explain`.
    dtype : dtype, optional
        Of the result. Floats are rounded, integers round half to even and saturate. Without it:
        floats as `x` and `weight` promote (a float with an integer image of 8 or 16 bits gives the
        float, of 32 or 64 bits float64), int32 where both are of 8 bits, else int64; complex as
        NumPy promotes.
    out : array, optional
        Takes the result: exact shape and dtype, C-contiguous, sharing no memory with the inputs.

    Returns
    -------
    array of shape (N, O, oH, oW), the axes in the order of `x`
        ``oH = floor((H + before + after - dilation*(kH - 1) - 1) / stride) + 1``.

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
    Conv2d : the same, prepared once for many calls.
    cconv.reference.conv2d : the same in plain Python, the definition of correct.

    Examples
    --------
    >>> patch = np.array([[10.0, 20, 30], [15, 25, 35], [20, 30, 40]])
    >>> cconv.conv2d(patch, np.array([[1.0, 0, -1]] * 3))
    array([[-60.]])
    """
    return _core.conv2d(
        x,
        weight,
        bias,
        stride,
        padding,
        dilation,
        groups,
        padding_mode,
        padding_value,
        activation,
        channels_last,
        algorithm,
        dtype,
        out,
    )


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
    padding_value: float = 0,
    activation: Activation = None,
    channels_last: bool = False,
    algorithm: str = "auto",
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Convolve volumes: `conv2d` with three spatial axes.

    Parameters
    ----------
    x : array of shape (N, C, D, H, W), (C, D, H, W), or with `channels_last` (N, D, H, W, C), \
(D, H, W, C)
        With a bare filter any number of leading axes.
    weight : array of shape (O, C/groups, kD, kH, kW), or (kD, kH, kW), a bare filter
    bias, stride, padding, dilation, groups, padding_mode, padding_value, activation, \
channels_last, algorithm, dtype, out
        As in `conv2d`.

    Returns
    -------
    array of shape (N, O, oD, oH, oW), the axes in the order of `x`

    Examples
    --------
    >>> cconv.conv3d(np.ones((3, 3, 3)), np.ones((2, 2, 2))).shape
    (2, 2, 2)
    """
    return _core.conv3d(
        x,
        weight,
        bias,
        stride,
        padding,
        dilation,
        groups,
        padding_mode,
        padding_value,
        activation,
        channels_last,
        algorithm,
        dtype,
        out,
    )
