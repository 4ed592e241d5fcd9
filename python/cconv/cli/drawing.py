"""Pictures of `windows`: a layer's windows on its grid, and the cone of a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle

from cconv.cli import CommandError
from cconv.cli.figures import GREY, INK, PALE, Page, look
from cconv.cli.stages import used

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from cconv.cli.stages import Axis, Stage

__all__ = ["draw_stack", "draw_windows"]

_GRID = "#c9ced4"
_MARGIN, _GAP, _HEAD, _TITLE = 0.4, 0.55, 0.85, 0.22
_SIDE, _CELL = 3.6, 0.36  # at most, of a grid and of a cell
_MOST_CELLS, _MOST_SEEN = 100, 300
_WINDOWS = ("#2f6fb5", "#d9822b", "#3d9a5f")  # the first, the next of its row, the last
_TIMES = "\N{MULTIPLICATION SIGN}"


def draw_windows(axes: tuple[Axis, Axis], suffix: str) -> bytes:
    """Draw three grids: the padded input under some windows, the output, the counts.

    Parameters
    ----------
    axes : pair of Axis
        Height and width.
    suffix : {".png", ".svg"}

    Raises
    ------
    CommandError
        The grid has too many cells.
    """
    height, width = axes
    longest = max(height.padded, width.padded)
    if longest > _MOST_CELLS:
        raise CommandError(
            f"{height.padded} x {width.padded} elements with padding are too many to draw; "
            f"up to {_MOST_CELLS} along an axis would do"
        )
    with look():
        cell = min(_CELL, _SIDE / longest)
        # Room for the titles over narrow grids.
        grids = [(axis.padded * cell, axis.outputs * cell) for axis in axes]
        (high, _), (wide, out_wide) = grids
        columns = [max(wide, 2.3), max(out_wide, 1.1), max(wide, 2.3)]
        lefts = np.cumsum([_MARGIN, *(column + _GAP for column in columns)])
        lines = [_line(axis) for axis in axes]
        total = max(float(lefts[-1]) - _GAP + _MARGIN, 7.2)
        foot = _HEAD + _TITLE + high + 0.35
        page = Page(total, foot + 0.22 * len(lines) + 0.35)
        page.text(_MARGIN, 0.4, _heading(axes), size=13, weight="bold")
        titles = (
            "input, padding around it",
            f"output {height.outputs} {_TIMES} {width.outputs}",
            "windows that use each pixel",
        )
        for left, title in zip(lefts, titles, strict=False):
            page.text(float(left), _HEAD, title, size=9.5, color=GREY)
        top = _HEAD + _TITLE
        thin = 0.6 * min(1, cell / 0.2)
        _draw_input(page.axes(float(lefts[0]), top, wide, high), axes, thin)
        _draw_output(page.axes(float(lefts[1]), top, out_wide, grids[0][1]), axes, thin)
        _draw_counts(page.axes(float(lefts[2]), top, wide, high), axes, cell)
        for i, line in enumerate(lines):
            page.text(_MARGIN, foot + 0.22 * i, line, size=9, color=GREY)
        return page.encoded(suffix)


def _heading(axes: tuple[Axis, Axis]) -> str:
    def both(name: str) -> str:
        first, second = (getattr(axis, name) for axis in axes)
        return f"{first}" if first == second else f"{first} {_TIMES} {second}"

    height, width = axes
    return (
        f"Input {height.n} {_TIMES} {width.n}, kernel {height.kernel} {_TIMES} {width.kernel}, "
        f"stride {both('stride')}, dilation {both('dilation')}"
    )


def _line(axis: Axis) -> str:
    a = axis
    return (
        f"{a.name}:  floor(({a.n} + {a.before} + {a.after} \N{MINUS SIGN} {a.span}) / {a.stride}) "
        f"+ 1 = {a.outputs},   a window spans {a.dilation} \N{MIDDLE DOT} ({a.kernel} "
        f"\N{MINUS SIGN} 1) + 1 = {a.span}"
    )


def _chosen(axes: tuple[Axis, Axis]) -> list[tuple[int, int]]:
    """Windows to draw, by row and column."""
    height, width = axes
    wanted = [(0, 0), (0, 1), (height.outputs - 1, width.outputs - 1)]
    return [place for place in dict.fromkeys(wanted) if place[1] < width.outputs]


def _cells(plane: Axes, colours: NDArray[np.float64], left: int, top: int, lines: float) -> None:
    """Fill a grid, whose first cell is at (left, top), with colours of shape (h, w, 4)."""
    h, w, _ = colours.shape
    right, bottom = left + w, top + h
    plane.set_xlim(left - 0.06, right + 0.06)
    plane.set_ylim(bottom + 0.06, top - 0.06)
    extent = (left, right, bottom, top)
    plane.imshow(colours, extent=extent, interpolation="nearest", aspect="auto")
    if lines:
        grid = [[(x, top), (x, bottom)] for x in range(left, right + 1)]
        grid += [[(left, y), (right, y)] for y in range(top, bottom + 1)]
        plane.add_collection(LineCollection(grid, colors=[_GRID], linewidths=lines, zorder=0.5))


def _box(left: float, top: float, wide: float, high: float, **looks: Any) -> Rectangle:
    return Rectangle((left, top), wide, high, clip_on=False, **looks)


def _frame(wide: int, high: int) -> Rectangle:
    return _box(0, 0, wide, high, fill=False, edgecolor=INK, linewidth=1.4)


def _draw_input(plane: Axes, axes: tuple[Axis, Axis], lines: float) -> None:
    height, width = axes
    colours = np.empty((height.padded, width.padded, 4))
    colours[:] = to_rgba(PALE)
    inside = (axis.before + np.arange(axis.n) for axis in axes)
    colours[np.ix_(*inside)] = 1
    _cells(plane, colours, -width.before, -height.before, lines)
    plane.add_patch(_frame(width.n, height.n))
    chosen = _chosen(axes)
    meet = len(chosen) > 1 and set(width.taps(0)) & set(width.taps(1))
    for (i, j), colour in zip(chosen, _WINDOWS, strict=False):
        rows, columns = height.taps(i), width.taps(j)
        inset = 0.09 if (i, j) == (0, 1) else 0.0
        plane.add_patch(
            _box(
                columns[0] + inset,
                rows[0] + inset,
                width.span - 2 * inset,
                height.span - 2 * inset,
                facecolor=(colour, 0.13),
                edgecolor=colour,
                linewidth=2,
            )
        )
        shift = 0.16 * (2 * j - 1) if meet and i == 0 and j < 2 else 0
        for y in rows:
            for x in columns:
                plane.add_patch(
                    _box(x + 0.39 + shift, y + 0.39, 0.22, 0.22, facecolor=colour, linewidth=0)
                )


def _draw_output(plane: Axes, axes: tuple[Axis, Axis], lines: float) -> None:
    height, width = axes
    colours = np.ones((height.outputs, width.outputs, 4))
    for place, colour in zip(_chosen(axes), _WINDOWS, strict=False):
        colours[place] = to_rgba(colour)
    _cells(plane, colours, 0, 0, lines)
    plane.add_patch(_frame(width.outputs, height.outputs))


def _draw_counts(plane: Axes, axes: tuple[Axis, Axis], cell: float) -> None:
    height, width = axes
    times = np.multiply.outer(used(height), used(width))
    top, left = -height.before, -width.before
    shades = matplotlib.colormaps["Blues"](0.75 * times / times.max())
    _cells(plane, shades, left, top, 0)
    plane.add_patch(_frame(width.n, height.n))
    if cell * 72 < 5 * len(str(times.max())):
        return
    for (i, j), count in np.ndenumerate(times):
        plane.text(
            left + j + 0.5,
            top + i + 0.5,
            f"{count}",
            size=min(9, cell * 72 * 0.42),
            color="white" if count > 0.8 * times.max() else INK,
            ha="center",
            va="center_baseline",
        )


# --------------------------------------------------------------------------------- stacks


def draw_stack(stack: Sequence[Stage], suffix: str) -> bytes:
    """Draw along one axis what one output of a stack sees, layer by layer down to the input.

    Raises
    ------
    CommandError
        It sees too much.
    """
    sees = stack[-1].sees
    if sees > _MOST_SEEN:
        raise CommandError(f"a field of {sees} is too wide to draw; up to {_MOST_SEEN} would do")
    levels = _cone(stack)
    with look():
        spacing = min(0.34, 7.2 / (sees + 2))
        wide, rise, names = (sees + 2) * spacing, 0.95, 2.9
        wide = max(wide, 2.4)
        high = rise * len(stack) + 0.5
        page = Page(2 * _MARGIN + wide + names, 0.9 + high + 0.45)
        page.text(
            _MARGIN,
            0.4,
            f"One output sees {sees} {_TIMES} {sees} pixels",
            size=13,
            weight="bold",
        )
        plane = page.axes(_MARGIN, 0.8, wide, high)
        half = wide / spacing / 2
        plane.set_xlim(-half, half)
        plane.set_ylim(-0.25 * (len(stack) / high) - 0.1, len(stack) + 0.25)
        colours = matplotlib.colormaps["viridis"](np.linspace(0.85, 0.15, len(levels)))
        size = min(0.62 * spacing * 72, 15)
        for depth, seen in enumerate(levels):
            step = 1 if depth == 0 else stack[depth - 1].step
            first = seen[0] - np.floor((seen[0] + half) / step) * step
            every = np.arange(first, half, step)
            plane.plot(every, [depth] * len(every), "o", ms=size, color=PALE, zorder=2)
            plane.plot(seen, [depth] * len(seen), "o", ms=size, color=colours[depth], zorder=3)
            if depth:
                lines = _lines(stack, depth, seen)
                plane.add_collection(
                    LineCollection(lines, colors=[colours[depth]], linewidths=0.8, alpha=0.45)
                )
        for depth in range(len(levels)):
            y = 0.8 + high * (1 - (depth - plane.get_ylim()[0]) / np.ptp(plane.get_ylim()))
            title, remark = _labels(stack, depth)
            left = _MARGIN + wide + 0.25
            page.text(left, y - 0.09, title, size=9.5, weight="bold", color=INK)
            page.text(left, y + 0.1, remark, size=8.5, color=GREY)
        page.text(
            _MARGIN,
            0.9 + high + 0.12,
            "Along one axis, from an output at the top down to the input; pale: what others see.",
            size=9,
            color=GREY,
        )
        return page.encoded(suffix)


def _cone(stack: Sequence[Stage]) -> list[NDArray[np.float64]]:
    """Positions that one output at 0 sees: of the input first, of the output last."""
    levels = [np.zeros(1)]
    for depth in range(len(stack), 0, -1):
        below = (levels[0][:, np.newaxis] + _offsets(stack, depth)).ravel()
        levels.insert(0, np.unique(below))
    return levels


def _offsets(stack: Sequence[Stage], depth: int) -> NDArray[Any]:
    """Where the taps of a layer lie around its output, in elements of the input."""
    layer = stack[depth - 1].layer
    apart = layer.dilation * (stack[depth - 2].step if depth > 1 else 1)
    return apart * (np.arange(layer.kernel) - (layer.kernel - 1) / 2)


def _lines(stack: Sequence[Stage], depth: int, seen: NDArray[np.float64]) -> list[Any]:
    offsets = _offsets(stack, depth)
    return [[(x, depth), (x + offset, depth - 1)] for x in seen for offset in offsets]


def _labels(stack: Sequence[Stage], depth: int) -> tuple[str, str]:
    if depth == 0:
        channels = stack[0].channels
        return "input", f"{channels[0]} channels" if channels else ""
    stage = stack[depth - 1]
    layer, sees = stage.layer, stage.sees
    title = f"layer {depth}:  {layer.kernel} {_TIMES} {layer.kernel}"
    title += f", stride {layer.stride}" if layer.stride > 1 else ""
    title += f", dilation {layer.dilation}" if layer.dilation > 1 else ""
    remark = f"{stage.sizes[0]} {_TIMES} {stage.sizes[1]}, sees {sees} {_TIMES} {sees}"
    return title, remark + (f", {stage.weights:,} weights" if stage.channels else "")
