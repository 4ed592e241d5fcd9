"""The arithmetic of windows, answered by the core that the operations ask too."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from cconv import _core

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cconv.typing import Padding, PerAxis

__all__ = [
    "halo",
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
    n : int
        Elements of the axis, from 0 on.
    kernel, stride, dilation : int
        Of the window, at least 1.
    padding : int or (before, after)
        Elements around the axis.
    ceil_mode : bool
        The last window may hang over the end.

    Returns
    -------
    int

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

    Parameters
    ----------
    n, kernel, stride, padding, dilation
        As in `output_size`.
    output_padding : int
        Elements more at the end.

    Returns
    -------
    int

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

    Parameters
    ----------
    n, kernel, stride, dilation
        As in `output_size`.
    lower : bool
        An odd element goes to the start, else to the end.

    Returns
    -------
    (before, after)

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
        As in `cconv.conv2d`.
    sizes : sequence of int
        Extents of the axes, 1 to 3 of them.
    kernel, stride, dilation : int or one per axis
        Of the window, at least 1.

    Returns
    -------
    list of (before, after)
        One of each axis.

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
    field = 1
    for step, span, _ in _stacked("receptive_field", layers):
        field += (span - 1) * step
    return field


def halo(layers: Iterable[tuple[int, int, int]]) -> tuple[int, int]:
    """Return the (before, after) that a chunk needs of its neighbours along one axis.

    Outputs i to j of stacked layers, which multiply their strides to s, come of the inputs from
    ``i*s - before`` to ``j*s + after`` where every layer has ``padding="same"`` and the axis a
    multiple of s elements: a layer reads ``same_padding(stride, kernel, stride, dilation)``, times
    the strides of the layers before it.  Where no layer's windows leave gaps,
    ``before + after == receptive_field(layers) - s``.

    Parameters
    ----------
    layers : iterable of (kernel, stride, dilation)

    Notes
    -----
    To filter in chunks, give each one its halo, rounded up to steps of s, let the stack pad it as
    it would the whole, and drop the outputs of the halo, as the example shows.  The results are
    those of the whole, bit for bit where `algorithm` names one that sums every output alike, as
    "direct" and "filter2d" do.  Nothing is added past the rim of the whole, unless `padding_mode`
    is "wrap": there the neighbour is the other end, ``x.take(range(lo * s, hi * s), mode="wrap")``
    with ``lo = i - -(-before // s)``.  The last chunk has two outputs or more where the mode is
    "reflect" and a kernel even.

    With other padding, before is the sum of each layer's padding before, times the strides of the
    layers before it, and after is what is left of the halo's sum; below 0 counts as 0.  So it is
    for the modes "constant" and "edge" with paddings smaller than a window, and for "reflect" and
    "symmetric" with paddings smaller than half of one.  Always good for one layer: pad the whole
    with `cconv.pad`, of which unpadded outputs i to j read ``i*s`` to ``j*s + before + after``.

    Examples
    --------
    >>> layers = [(3, 1, 1), (5, 2, 1), (3, 1, 2)]
    >>> before, after = cconv.shapes.halo(layers)
    >>> before, after
    (6, 7)
    >>> def stack(x):
    ...     for kernel, stride, dilation in layers:
    ...         weight = np.linspace(1, 2, kernel)
    ...         x = cconv.conv1d(x, weight, None, stride, "same", dilation, algorithm="direct")
    ...     return x
    >>> x, s = np.sin(np.arange(1000.0)), 2
    >>> chunks = []
    >>> for i, j in [(0, 100), (100, 350), (350, 500)]:
    ...     lo, hi = max(0, i - -(-before // s)), j - (-after // s)
    ...     chunks.append(stack(x[lo * s : hi * s])[i - lo : j - lo])
    >>> np.array_equal(np.concatenate(chunks), stack(x))
    True
    """
    before, after = 0, 0
    for step, _, (kernel, stride, dilation) in _stacked("halo", layers):
        sides = _core.same_padding(stride, kernel, stride, dilation, False)
        before += sides[0] * step
        after += sides[1] * step
    return before, after


def _stacked(
    call: str, layers: Iterable[tuple[int, int, int]]
) -> Iterator[tuple[int, int, tuple[int, int, int]]]:
    """Judge layers; of each, the strides before it multiplied, the span and the layer."""
    step = 1
    try:
        stack = iter(layers)
    except TypeError:
        raise TypeError(
            f"{call}: layers {_core.describe(layers)} is no iterable; "
            "one of (kernel, stride, dilation) would do"
        ) from None
    for layer in stack:
        try:
            kernel, stride, dilation = layer
        except (TypeError, ValueError):
            raise ValueError(
                f"{call}: layers has {_core.describe(layer)}; a (kernel, stride, dilation) would do"
            ) from None
        yield step, _core.span(call, kernel, stride, dilation), (kernel, stride, dilation)
        step *= operator.index(stride)
