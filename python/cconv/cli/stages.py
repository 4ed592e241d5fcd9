"""Windows of one layer, and layers that follow one another: `windows` prints and draws them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import cconv
from cconv.cli import CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cconv.typing import Padding

__all__ = ["Axis", "Layer", "Stage", "axes_of", "stacked", "used"]


@dataclass(frozen=True)
class Axis:
    """Windows along one axis."""

    name: str
    n: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int

    @property
    def span(self) -> int:
        """From the first to the last tap."""
        return cconv.shapes.receptive_field([(self.kernel, self.stride, self.dilation)])

    @property
    def padded(self) -> int:
        """Elements with the padding."""
        return self.before + self.n + self.after

    @property
    def outputs(self) -> int:
        """How many windows there are."""
        sides = (self.before, self.after)
        return cconv.shapes.output_size(self.n, self.kernel, self.stride, sides, self.dilation)

    def taps(self, window: int) -> range:
        """Elements that a window reads, counted from the first of the input."""
        start = window * self.stride - self.before
        return range(start, start + self.span, self.dilation)


def axes_of(
    sizes: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Padding,
    dilation: Sequence[int],
) -> tuple[Axis, Axis]:
    """Return height and width of a layer.

    Raises
    ------
    CommandError
        No window fits.
    """
    pairs = cconv.shapes.resolve_padding(padding, sizes, kernel, stride, dilation)
    height, width = (
        Axis(name, n, k, s, d, before, after)
        for name, n, k, s, d, (before, after) in zip(
            ("height", "width"), sizes, kernel, stride, dilation, pairs, strict=True
        )
    )
    for axis in (height, width):
        if not axis.outputs:
            raise CommandError(
                f"no window fits: {axis.name} {axis.n} with padding ({axis.before}, {axis.after}) "
                f"has {axis.padded} elements, a window spans {axis.span}"
            )
    return height, width


def used(axis: Axis) -> NDArray[np.int64]:
    """Return how many windows read each element of the padded axis.

    Examples
    --------
    >>> from cconv.cli import stages
    >>> stages.used(stages.Axis("width", 5, 3, 2, 1, 1, 1))
    array([1, 1, 2, 1, 2, 1, 1])
    """
    times = np.zeros(axis.padded, np.int64)
    for tap in range(axis.kernel):
        first = tap * axis.dilation
        times[first : first + (axis.outputs - 1) * axis.stride + 1 : axis.stride] += 1
    return times


@dataclass(frozen=True)
class Layer:
    """One of a stack, alike along both axes."""

    kernel: int
    stride: int = 1
    dilation: int = 1
    padding: Padding = "same"

    @property
    def window(self) -> tuple[int, int, int]:
        """Kernel, stride and dilation."""
        return self.kernel, self.stride, self.dilation


@dataclass(frozen=True)
class Stage:
    """A layer in its stack.

    Attributes
    ----------
    layer : Layer
    sizes : tuple of int
        Height and width of its output.
    sees : int
        The receptive field of an output, along each axis.
    step : int
        Elements of the input between neighbouring outputs.
    channels : tuple of int, optional
        In and out.
    """

    layer: Layer
    sizes: tuple[int, ...]
    sees: int
    step: int
    channels: tuple[int, int] | None

    @property
    def weights(self) -> int:
        """How many weights; with their channels unknown, those between two."""
        return math.prod(self.channels or (1, 1)) * self.layer.kernel**2


def stacked(
    sizes: tuple[int, int], layers: Sequence[Layer], channels: Sequence[int] | None
) -> list[Stage]:
    """Return layers with what each makes of the output of the one before.

    Raises
    ------
    CommandError
        No window fits, or the channels are not one more than the layers.
    """
    if channels and len(channels) != len(layers) + 1:
        raise CommandError(
            f"--channels has {len(channels)} numbers for {len(layers)} layers; "
            f"{len(layers) + 1} would do"
        )
    pairs: Sequence[tuple[int, int] | None]
    pairs = [*itertools.pairwise(channels)] if channels else [None] * len(layers)
    stages: list[Stage] = []
    extents: tuple[int, ...] = sizes
    for i, (layer, pair) in enumerate(zip(layers, pairs, strict=True), start=1):
        k, s, d = layer.window
        try:
            axes = axes_of(extents, (k, k), (s, s), layer.padding, (d, d))
        except CommandError as error:
            raise CommandError(f"layer {i}: {error}") from None
        extents = tuple(axis.outputs for axis in axes)
        windows = [stage.window for stage in layers[:i]]
        step = math.prod(stride for _, stride, _ in windows)
        stages.append(Stage(layer, extents, cconv.shapes.receptive_field(windows), step, pair))
    return stages
