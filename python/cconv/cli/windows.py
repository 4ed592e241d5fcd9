"""`windows`: the arithmetic of a layer or of a stack of layers, line by line and drawn."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

import numpy as np

import cconv
from cconv.cli import CommandError
from cconv.cli.output import check_output, path_ending, write_output
from cconv.cli.stages import Axis, Layer, Stage, axes_of, stacked, used
from cconv.cli.values import PADDINGS, count, padding, per_axis

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from cconv.typing import Padding

__all__ = ["add_parser"]

_MOST_COLUMNS = 26  # elements drawn along an axis, its padding among them
_MOST_WINDOWS = 12
_MOST_COUNTED = 10**6


def add_parser(commands: Any) -> None:
    """Add the command to argparse's subparsers."""
    parser = commands.add_parser(
        "windows",
        help="explain the windows of a layer, or what a stack of layers sees",
        description="Where the windows of a layer lie on its padded input, how many there are and "
        "how often each pixel is used; or sizes, receptive fields and weights of stacked layers.",
        epilog="examples:\n"
        "  cconv windows 7x9 3 --stride 2 --padding 1\n"
        "  cconv windows 8 3 --dilation 2 --padding same -o windows.png\n"
        "  cconv windows 224 --layer 7,2,1,3 --layer 3,2,1,1 --channels 3,64,64 -o stack.svg",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("size", type=per_axis, help="of the input: 7, or height x width: 7x9")
    parser.add_argument("kernel", type=per_axis, nargs="?", help="3, or 3x5")
    parser.add_argument("--stride", type=per_axis, metavar="N[,N]", help="default: 1")
    parser.add_argument("--dilation", type=per_axis, metavar="N[,N]", help="default: 1")
    parser.add_argument(
        "--padding",
        type=padding,
        metavar="P[,P]",
        help=f"{', '.join(PADDINGS)}, or elements, also before:after (default: 0)",
    )
    parser.add_argument(
        "--layer",
        type=_layer,
        action="append",
        dest="layers",
        metavar="K[,S[,D[,P]]]",
        help="a layer of a stack, first to last: kernel, stride, dilation, padding (default: same)",
    )
    parser.add_argument(
        "--channels",
        type=_channels,
        metavar="C,C,...",
        help="of the input and of each layer's output, to count weights",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=path_ending(".png", ".svg"),
        metavar="FILE",
        help="where a drawing goes, a PNG or SVG",
    )
    parser.set_defaults(run=_run)


def _layer(text: str) -> Layer:
    numbers = text.split(",", 3)
    kernel, stride, dilation = map(count, [*numbers, "1", "1"][:3])
    return Layer(kernel, stride, dilation, padding(numbers[3]) if len(numbers) > 3 else "same")


def _channels(text: str) -> list[int]:
    return [count(part) for part in text.split(",")]


def _run(arguments: argparse.Namespace) -> None:
    output: Path | None = arguments.output
    if output:
        from cconv.cli import drawing

        check_output(output)
    options = (arguments.kernel, arguments.stride, arguments.dilation, arguments.padding)
    if arguments.layers:
        if any(option is not None for option in options):
            raise CommandError(
                "--layer stands for kernel, --stride, --dilation and --padding; drop these"
            )
        stack = stacked(arguments.size, arguments.layers, arguments.channels)
        print("\n".join(_stack_lines(stack)))
        if output:
            write_output(output, drawing.draw_stack(stack, output.suffix))
        return
    if arguments.kernel is None:
        raise CommandError("no kernel; a size such as 3, or layers by --layer would do")
    if arguments.channels and len(arguments.channels) != 2:
        raise CommandError(f"--channels has {len(arguments.channels)} numbers; in,out would do")
    axes = axes_of(
        arguments.size,
        arguments.kernel,
        arguments.stride or (1, 1),
        arguments.padding or 0,
        arguments.dilation or (1, 1),
    )
    print("\n".join(_layer_lines(axes, arguments.channels)))
    if output:
        write_output(output, drawing.draw_windows(axes, output.suffix))


# ----------------------------------------------------------------------------- one layer


def _layer_lines(axes: tuple[Axis, Axis], channels: list[int] | None) -> Iterator[str]:
    height, width = axes
    same = {**vars(height), "name": ""} == {**vars(width), "name": ""}
    for axis in axes[: 1 if same else 2]:
        yield "height and width" if same else axis.name
        yield from (f"  {line}".rstrip() for line in _axis_lines(axis))
        yield ""
    outputs, taps = height.outputs * width.outputs, height.kernel * width.kernel
    yield (
        f"output {height.outputs} x {width.outputs}: {outputs} windows of {taps} taps, "
        f"{outputs * taps:,} products for each pair of channels"
    )
    if channels:
        weights = math.prod(channels) * taps
        yield (
            f"{channels[0]} to {channels[1]} channels: {weights:,} weights and {channels[1]:,} "
            f"biases, {outputs * weights:,} products"
        )
    if max(height.padded, width.padded) <= _MOST_COLUMNS:
        yield ""
        yield from _grid_lines(axes)


def _axis_lines(axis: Axis) -> Iterator[str]:
    a, left = axis, axis.padded - axis.span - (axis.outputs - 1) * axis.stride
    last = (a.outputs - 1) * a.stride
    table = [
        ("padded", f"{a.n} + {a.before} + {a.after}", a.padded, "elements with padding"),
        ("span", f"{a.dilation}*({a.kernel} - 1) + 1", a.span, "from first to last tap"),
        (
            "output",
            f"floor(({a.padded} - {a.span}) / {a.stride}) + 1",
            a.outputs,
            "windows",
        ),
        ("left over", f"{a.padded} - ({last} + {a.span})", left, "elements after the last window"),
    ]
    wide, digits = (max(len(str(row[i])) for row in table) for i in (1, 2))
    for name, formula, value, meaning in table:
        yield f"{name:<9}  {formula:<{wide}} = {value:>{digits}}  {meaning}"
    yield ""
    if axis.padded > _MOST_COLUMNS:
        yield from _range_lines(axis)
        return
    times, elements = used(axis), range(-axis.before, axis.n + axis.after)
    cell = max(2, *(len(str(number)) for number in (*elements, *times))) + 1
    yield "element   " + "".join(f"{e:>{cell}}" for e in elements)
    for window in range(axis.outputs):
        if window == _MOST_WINDOWS - 1 < axis.outputs - 1:
            yield f"... and {axis.outputs - window} more"
            break
        taps = axis.taps(window)
        marks = ("#" if e in taps else "." if taps[0] < e < taps[-1] else " " for e in elements)
        yield f"window {window:<3}" + "".join(f"{m:>{cell}}" for m in marks).rstrip()
    yield "used      " + "".join(f"{t:>{cell}}" for t in times)


def _range_lines(axis: Axis) -> Iterator[str]:
    """Windows of an axis that is too long to be drawn."""
    for window in sorted({0, min(1, axis.outputs - 1), axis.outputs - 1}):
        taps = axis.taps(window)
        step = f", every {axis.dilation}" if axis.dilation > 1 and axis.kernel > 1 else ""
        yield f"window {window} reads elements {taps[0]} to {taps[-1]}{step}"
    if axis.padded <= _MOST_COUNTED:
        times = used(axis)[axis.before : axis.before + axis.n]
        how_many = zip(*np.unique(times, return_counts=True), strict=True)
        counted = ", ".join(f"{elements:,} by {windows}" for windows, elements in how_many)
        yield f"elements of the input and windows that read them: {counted}"


def _grid_lines(axes: tuple[Axis, Axis]) -> Iterator[str]:
    height, width = axes
    times = np.multiply.outer(used(height), used(width))
    cell = max(len(str(times.max())), 1) + 2
    yield "how often each pixel is used; the frame is the input, padding lies outside"

    def row(numbers: NDArray[np.int64], bar: str) -> str:
        cells = [f"{number:>{cell}}" for number in numbers]
        left, right = width.before, width.before + width.n
        parts = (cells[:left], cells[left:right], cells[right:])
        return (f"  {bar}".join("".join(part) for part in parts)).rstrip()

    rim = " " * (width.before * cell + 2) + "+" + "-" * (width.n * cell + 2) + "+"
    for i, numbers in enumerate(times):
        if i in (height.before, height.before + height.n):
            yield rim
        inside = height.before <= i < height.before + height.n
        yield row(numbers, "|" if inside else " ")
    if not height.after:
        yield rim


# --------------------------------------------------------------------------------- stacks


def _stack_lines(stack: Sequence[Stage]) -> Iterator[str]:
    heads = ("layer", "kernel", "stride", "dilation", "padding", "output", "sees", "every")
    table = [[*heads, "weights", "biases"] if stack[0].channels else [*heads]]
    for i, stage in enumerate(stack, start=1):
        layer, sees = stage.layer, stage.sees
        row = [f"{i}", f"{layer.kernel} x {layer.kernel}", f"{layer.stride}", f"{layer.dilation}"]
        row += [_padding_text(layer.padding), "{} x {}".format(*stage.sizes)]
        row += [f"{sees} x {sees}", f"{stage.step}"]
        if stage.channels:
            row += [f"{stage.weights:,}", f"{stage.channels[1]:,}"]
        table.append(row)
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        yield "  ".join(f"{entry:>{wide}}" for entry, wide in zip(row, widths, strict=True))
    sees, step = stack[-1].sees, stack[-1].step
    before, after = cconv.shapes.halo([stage.layer.window for stage in stack])
    yield ""
    yield f"an output sees {sees} x {sees} pixels of the input; neighbours look {step} apart"
    yield f'halo: {before} pixels before a chunk and {after} after it, padding "same"'
    first, last = stack[0].channels, stack[-1].channels
    if first and last:
        total = sum(stage.weights for stage in stack)
        single = first[0] * last[1] * sees**2
        yield f"weights: {total:,}; one layer of {sees} x {sees} would have {single:,}"


def _padding_text(padding: Padding) -> str:
    if isinstance(padding, (str, int)):
        return str(padding)
    sides = (side if isinstance(side, int) else "{}:{}".format(*side) for side in padding)
    return ",".join(map(str, sides))
