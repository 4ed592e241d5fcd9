"""Prepared layers: options judged and weights copied once, for many calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cconv import _core
from cconv.plan import Explanation, as_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike

    from cconv.typing import Activation, Padding, PerAxis


class _Layer(_core.Layer):
    """What `Conv1d`, `Conv2d` and `Conv3d` share; calls go straight to the core."""

    __slots__ = ("_options", "bias", "weight")

    _dims: ClassVar[int]

    def __init__(
        self,
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
    ) -> None:
        options = (
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
        )
        copied, self.bias = self._prepare(self._dims, weight, bias, *options)
        self._options = tuple(map(_frozen, options))
        # A list has no dtype of its own: it takes that of the input, call by call.
        self.weight: Any = copied.tolist() if isinstance(weight, list | tuple) else copied

    def explain(self, x: ArrayLike | tuple[int, ...]) -> Explanation:
        """Tell how a call is computed, without computing it.

        The function may be computed otherwise: it has to pack weights that a layer keeps packed.

        Parameters
        ----------
        x : array, or tuple of int
            As in `cconv.explain`.

        Returns
        -------
        Explanation

        Examples
        --------
        >>> layer = cconv.Conv2d(np.ones((8, 3, 3, 3), np.float32))
        >>> layer.explain(np.ones((3, 32, 32), complex)).reasons["gemm"]
        'multiplies real numbers only'
        """
        return Explanation(**self._explain(as_array(x)))

    def __reduce__(self) -> tuple[Any, ...]:
        return _remake, (type(self), self.weight, self.bias, self._options)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(weight of shape {np.shape(self.weight)})"


def _frozen(option: Any) -> Any:
    """Return an option that its owner can no longer change."""
    if isinstance(option, np.ndarray):
        option = option.tolist()
    return tuple(map(_frozen, option)) if isinstance(option, list | tuple) else option


def _remake(layer: type[_Layer], weight: Any, bias: Any, options: tuple[Any, ...]) -> _Layer:
    names = ("padding_mode", "padding_value", "activation", "channels_last", "algorithm", "dtype")
    return layer(weight, bias, *options[:4], **dict(zip(names, options[4:], strict=True)))


class Conv1d(_Layer):
    """`conv1d` with its weights, prepared: `Conv2d` with one spatial axis.

    Parameters
    ----------
    weight, bias, stride, padding, dilation, groups, padding_mode, padding_value, activation, \
channels_last, algorithm, dtype
        As in `conv1d`.

    Attributes
    ----------
    weight, bias
        As in `Conv2d`.

    Examples
    --------
    >>> layer = cconv.Conv1d(np.ones((8, 3, 5), np.float32), stride=2)
    >>> layer(np.zeros((3, 100), np.float32)).shape
    (8, 48)
    """

    __slots__ = ()
    _dims = 1


class Conv2d(_Layer):
    """`conv2d` with its weights, prepared: faster on every call after the first.

    A layer is called as ``layer(x, out=None)`` and returns what `conv2d` would, the same bits where
    both name the same `algorithm`. Pickle and copy carry the original weights.

    Parameters
    ----------
    weight, bias, stride, padding, dilation, groups, padding_mode, padding_value, activation, \
channels_last, algorithm, dtype
        As in `conv2d`; weights and bias are copied.

    Attributes
    ----------
    weight : array or list
        The copied weights; a list stays one and takes the type of each `x`.
    bias : array or None

    See Also
    --------
    conv2d : the same as one call.

    Examples
    --------
    >>> layer = cconv.Conv2d(np.ones((8, 3, 3, 3), np.float32), padding=1, activation="relu")
    >>> layer(np.zeros((3, 32, 32), np.float32)).shape
    (8, 32, 32)
    """

    __slots__ = ()
    _dims = 2


class Conv3d(_Layer):
    """`conv3d` with its weights, prepared: `Conv2d` with three spatial axes.

    Parameters
    ----------
    weight, bias, stride, padding, dilation, groups, padding_mode, padding_value, activation, \
channels_last, algorithm, dtype
        As in `conv3d`.

    Attributes
    ----------
    weight, bias
        As in `Conv2d`.

    Examples
    --------
    >>> layer = cconv.Conv3d(np.ones((8, 1, 3, 3, 3), np.float32))
    >>> layer(np.zeros((1, 9, 9, 9), np.float32)).shape
    (8, 7, 7, 7)
    """

    __slots__ = ()
    _dims = 3
