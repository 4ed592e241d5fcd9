"""The demo's steps: calls of cconv, timed for the table, with captions for the sheet."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

import cconv

if TYPE_CHECKING:
    from collections.abc import Callable

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Step:
    """A finished call; the caption is up to three lines, the last of shapes."""

    result: Array
    caption: tuple[str, ...]


class Steps:
    """Makes calls, each a few times, and prints the fastest as a row of the table."""

    _ENOUGH_RUNS, _ENOUGH_SECONDS = 5, 0.1

    def __init__(self) -> None:
        self.count = 0
        self._print("step", "kernel", "output shape", "ms", "Mpixel/s")

    def conv(self, name: str, x: Array, weight: Array, **options: Any) -> Step:
        """Run `conv2d`; what `name` says stands in the table."""
        return self._conv(name, x, weight, options, lambda: cconv.conv2d(x, weight, **options))

    def layer(self, name: str, x: Array, weight: Array, **options: Any) -> Step:
        """Run a prepared `Conv2d`."""
        layer = cconv.Conv2d(weight, **options)
        return self._conv(name, x, weight, options, lambda: layer(x))

    def pool(self, name: str, kind: Literal["max", "average"], x: Array, kernel: int) -> Step:
        """Run `max_pool2d` or `avg_pool2d` with windows side by side."""
        square = (kernel, kernel)

        def call() -> Array:
            return cconv.max_pool2d(x, kernel) if kind == "max" else cconv.avg_pool2d(x, kernel)

        result = self._timed(name, times(square, "x"), x, call)
        H, OH = x.shape[-2], result.shape[-2]
        rows = f"\N{LEFT FLOOR}({H} \N{MINUS SIGN} {kernel}) / {kernel}\N{RIGHT FLOOR} + 1 = {OH}"
        options = f"{times(square)}, stride {kernel}; rows {rows}"
        return Step(result, (options, arrow(x.shape, result.shape)))

    def pad(self, mode: str, x: Array, rows: int, columns: int) -> Step:
        """Run `pad` on the last two axes; the caption shows what it makes of 1 2 3 4."""
        widths = {-2: rows, -1: columns}
        result = self._timed(f"pad {mode}", "-", x, lambda: cconv.pad(x, widths, mode=mode))
        before, inside, after = np.split(cconv.pad(np.arange(1, 5), 3, mode=mode), (3, 7))
        border = f"{_spaced(before)} [{_spaced(inside)}] {_spaced(after)}"
        *_, H, W = x.shape
        *_, OH, OW = result.shape
        dot = "\N{MIDDLE DOT}"
        sizes = f"rows {H} + 2{dot}{rows} = {OH}, columns {W} + 2{dot}{columns} = {OW}"
        return Step(result, (border, sizes, arrow(x.shape, result.shape)))

    def _conv(
        self,
        name: str,
        x: Array,
        weight: Array,
        options: dict[str, Any],
        call: Callable[[], Array],
    ) -> Step:
        result = self._timed(name, times(weight.shape, "x"), x, call)
        return Step(result, _conv_caption(x, weight, options, result))

    def _timed(self, name: str, kernel: str, x: Array, call: Callable[[], Array]) -> Array:
        seconds: list[float] = []
        while len(seconds) < self._ENOUGH_RUNS and sum(seconds) < self._ENOUGH_SECONDS:
            begin = time.perf_counter()
            result = call()
            seconds.append(time.perf_counter() - begin)
        self._print(
            name,
            kernel,
            times(result.shape, "x"),
            f"{min(seconds) * 1e3:.3f}",
            f"{x.shape[-2] * x.shape[-1] / min(seconds) / 1e6:.1f}",
        )
        self.count += 1
        return result

    @staticmethod
    def _print(*cells: str) -> None:
        name, kernel, shape, ms, rate = cells
        print(f"{name:<26} {kernel:>9} {shape:>14} {ms:>9} {rate:>9}", flush=True)


def _conv_caption(
    x: Array, weight: Array, options: dict[str, Any], result: Array
) -> tuple[str, str, str]:
    padding, bias = options["padding"], options.get("bias")
    first = [times(weight.shape), f"stride {options.get('stride', 1)}", f'"{padding}"']
    first += [options[name] for name in ("padding_mode", "activation") if name in options]
    rest = [f"{name} {options[name]}" for name in ("dilation", "groups") if name in options]
    if bias is not None:
        rest.append(f"bias {bias[0]:g}".replace("-", "\N{MINUS SIGN}"))
    return ", ".join(first), ", ".join(rest), arrow(x.shape, result.shape)


def times(sizes: tuple[int, ...], sign: str = "\N{MULTIPLICATION SIGN}") -> str:
    """Write sizes as 2x3."""
    return sign.join(map(str, sizes))


def arrow(*shapes: tuple[int, ...]) -> str:
    """Write how shapes follow each other."""
    return " \N{RIGHTWARDS ARROW} ".join(map(str, shapes))


def _spaced(numbers: NDArray[Any]) -> str:
    return " ".join(map(str, numbers))
