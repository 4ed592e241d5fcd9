"""The arithmetic of windows, answered by the core that the operations ask too."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from cconv import _core

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cconv.typing import Padding, PerAxis

__all__ = [
    "output_size",
    "receptive_field",
    "resolve_padding",
    "same_padding",
    "transposed_output_size",
]


def output_size(
    n: int,
    kernel: int,
    stride: int = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
) -> int:
    """Return how many positions a window takes along one axis; 0 where it does not fit.

    ``floor((n + before + after - dilation*(kernel - 1) - 1) / stride) + 1``; with `ceil_mode` the
    quotient is rounded up, so that the last window may hang over the end, but one that would start
    past the axis and its padding before is dropped.

    Parameters
    ----------
    n, kernel, stride, dilation : int
    padding : int or (before, after)
    ceil_mode : bool

    Examples
    --------
    >>> cconv.shapes.output_size(8, 3, stride=2)
    3
    >>> cconv.shapes.output_size(8, 3, stride=2, ceil_mode=True)
    4
    """
    return _core.output_size(n, kernel, stride, padding, dilation, ceil_mode)


def transposed_output_size(
    n: int,
    kernel: int,
    stride: int = 1,
    padding: int | tuple[int, int] = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> int:
    """Return the extent that a transposed convolution makes along one axis; 0 where nothing fits.

    ``(n - 1)*stride - before - after + dilation*(kernel - 1) + output_padding + 1``.

    Examples
    --------
    >>> cconv.shapes.transposed_output_size(3, 3, stride=2)
    7
    """
    return _core.transposed_output_size(n, kernel, stride, padding, output_padding, dilation)


def same_padding(
    n: int, kernel: int, stride: int = 1, dilation: int = 1, lower: bool = False
) -> tuple[int, int]:
    """Return the (before, after) for which the output has ``ceil(n / stride)`` elements.

    An odd element goes to the end, or with `lower` to the start.

    Examples
    --------
    >>> cconv.shapes.same_padding(5, 4)
    (1, 2)
    """
    return _core.same_padding(n, kernel, stride, dilation, lower)


def resolve_padding(
    padding: Padding,
    sizes: Sequence[int],
    kernel: PerAxis,
    stride: PerAxis = 1,
    dilation: PerAxis = 1,
) -> list[tuple[int, int]]:
    """Return the (before, after) of each axis that a `padding` argument stands for.

    Parameters
    ----------
    padding : int, sequence or word
        As in `conv2d`.
    sizes : sequence of int
        Extents of the axes, 1 to 3 of them.
    kernel, stride, dilation : int or one per axis

    Examples
    --------
    >>> cconv.shapes.resolve_padding("same", (5, 6), 3, 2)
    [(1, 1), (0, 1)]
    """
    return _core.resolve_padding(padding, sizes, kernel, stride, dilation)


def receptive_field(layers: Iterable[tuple[int, int, int]]) -> int:
    """Return how many input elements one output of stacked layers sees along one axis.

    Parameters
    ----------
    layers : iterable of (kernel, stride, dilation)

    Examples
    --------
    >>> cconv.shapes.receptive_field([(3, 1, 1)] * 3)
    7
    """
    field, step = 1, 1
    try:
        stack = iter(layers)
    except TypeError:
        raise TypeError(
            f"receptive_field: layers {_core.describe(layers)} is no iterable; "
            "one of (kernel, stride, dilation) would do"
        ) from None
    for layer in stack:
        try:
            kernel, stride, dilation = layer
        except (TypeError, ValueError):
            raise ValueError(
                f"receptive_field: layers has {_core.describe(layer)}; "
                "a (kernel, stride, dilation) would do"
            ) from None
        field += (_core.span(kernel, stride, dilation) - 1) * step
        step *= operator.index(stride)
    return field
