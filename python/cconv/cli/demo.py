"""`demo`: a photograph through many convolutions, onto one sheet.

In comes a photograph; each step is computed and timed; out go a table and five rows of pictures:
blur -> edges -> strides and dilation -> borders -> layers.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.cbook
import numpy as np

import cconv
from cconv.cli import CommandError, kernels
from cconv.cli.images import read_image, reduced
from cconv.cli.sheet import PANEL_PIXELS, Box, Panel, Row, draw_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_SAMPLE = "grace_hopper.jpg"
_MOST_PIXELS = 40_000_000  # 8K in full; beyond, the pictures would look the same
_LEAST_EXTENT = 32  # the layers' strides multiply to 32


def run(image: Path | None, output: Path) -> None:
    """Filter a photograph, print a timing table and write the sheet.

    Parameters
    ----------
    image : Path, optional
        The sample that matplotlib ships by default.
    output : Path
        A PNG file, replaced where it exists.

    Raises
    ------
    CommandError
        The image cannot be read or the sheet not written.
    """
    source = image or _sample()
    _check_output(output, source)
    photo, factor = read_image(source, _MOST_PIXELS)
    _, H, W = photo.shape
    if min(H, W) < _LEAST_EXTENT:
        least = _LEAST_EXTENT
        raise CommandError(f"{source}: {W} x {H} pixels; at least {least} x {least} would do")
    size = f"{W} x {H} pixels" + (f", means of {factor} x {factor}" if factor > 1 else "")
    name = source.name if len(source.name) <= 60 else f"{source.name[:57]}..."
    print(f"{name}: {size}, float32\n")

    steps = Steps()
    rows = [*_pictures(photo, steps)]
    config = cconv.show_config("dicts")
    threads = config["threads"]["in_use"]
    here = f"cconv {config['version']}, {config['isa']['in_use']}, threads: {threads}"
    print(f"\n{steps.count} steps, pixels those of the input; {here}")

    sheet = draw_sheet(
        "One photograph, many convolutions",
        f"{name}, {size}.  Every picture is computed by cconv in float32.  Beside each "
        "caption its kernel; in kernels and signed results red is positive, white zero, blue "
        "negative.",
        rows,
        f"python -m cconv demo   \N{MIDDLE DOT}   {here}",
        aspect=min(max(H / W, 0.2), 1.2),
    )
    try:
        output.write_bytes(sheet)
    except OSError as error:
        raise _unwritable(output, error.strerror) from None
    print(f"wrote {output.resolve()}")


def _sample() -> Path:
    try:
        return Path(matplotlib.cbook.get_sample_data(_SAMPLE, asfileobj=False))
    except OSError:
        raise CommandError(
            "this matplotlib ships no sample photograph; name an image: python -m cconv demo IMAGE"
        ) from None


def _check_output(output: Path, source: Path) -> None:
    """Refuse before any work what could not be written after it."""
    try:
        if output.is_dir():
            raise _unwritable(output, "it is a folder")
        if not output.parent.is_dir():
            raise _unwritable(output, f"there is no folder {output.parent}")
        if output.exists() and source.exists() and output.samefile(source):
            raise _unwritable(output, "it would replace the photograph")
        if not os.access(output if output.exists() else output.parent, os.W_OK):
            raise _unwritable(output, "permission denied")
    except OSError as error:
        raise _unwritable(output, error.strerror) from None


def _unwritable(output: Path, reason: str | None) -> CommandError:
    return CommandError(f"cannot write {output}: {reason}")


# ------------------------------------------------------------------------------------- steps


@dataclass(frozen=True)
class Step:
    """A finished convolution; the caption has two lines of options and one of shapes."""

    result: Array
    caption: tuple[str, str, str]


class Steps:
    """Runs convolutions, each a few times, and prints the fastest as a row of the table."""

    _ENOUGH_RUNS, _ENOUGH_SECONDS = 5, 0.1

    def __init__(self) -> None:
        self.count = 0
        self._print("step", "kernel", "output shape", "ms", "Mpixel/s")

    def conv(self, name: str, x: Array, weight: Array, **options: Any) -> Step:
        """Run `conv2d`; what `name` says stands in the table."""
        return self._step(name, x, weight, options, lambda: cconv.conv2d(x, weight, **options))

    def layer(self, name: str, x: Array, weight: Array, **options: Any) -> Step:
        """Run a prepared `Conv2d`."""
        layer = cconv.Conv2d(weight, **options)
        return self._step(name, x, weight, options, lambda: layer(x))

    def _step(
        self,
        name: str,
        x: Array,
        weight: Array,
        options: dict[str, Any],
        call: Callable[[], Array],
    ) -> Step:
        seconds: list[float] = []
        while len(seconds) < self._ENOUGH_RUNS and sum(seconds) < self._ENOUGH_SECONDS:
            begin = time.perf_counter()
            result = call()
            seconds.append(time.perf_counter() - begin)
        self._print(
            name,
            _times(weight.shape, "x"),
            _times(result.shape, "x"),
            f"{min(seconds) * 1e3:.2f}",
            f"{x.shape[-2] * x.shape[-1] / min(seconds) / 1e6:.1f}",
        )
        self.count += 1
        return Step(result, _caption(x, weight, options, result))

    @staticmethod
    def _print(*cells: str) -> None:
        name, kernel, shape, ms, rate = cells
        print(f"{name:<26} {kernel:>9} {shape:>14} {ms:>9} {rate:>9}", flush=True)


def _caption(
    x: Array, weight: Array, options: dict[str, Any], result: Array
) -> tuple[str, str, str]:
    padding, bias = options["padding"], options.get("bias")
    first = [
        _times(weight.shape),
        f"stride {options.get('stride', 1)}",
        f'"{padding}"' if isinstance(padding, str) else f"padding {padding}",
    ]
    first += [options[name] for name in ("padding_mode", "activation") if name in options]
    rest = [f"{name} {options[name]}" for name in ("dilation", "groups") if name in options]
    if bias is not None:
        rest.append(f"bias {bias[0]:g}".replace("-", "\N{MINUS SIGN}"))
    shapes = f"{x.shape} \N{RIGHTWARDS ARROW} {result.shape}"
    return ", ".join(first), ", ".join(rest), shapes


def _times(sizes: tuple[int, ...], sign: str = "\N{MULTIPLICATION SIGN}") -> str:
    return sign.join(map(str, sizes))


# ----------------------------------------------------------------------------------- pictures


def _pictures(photo: Array, steps: Steps) -> list[Row]:
    weights = (0.299, 0.587, 0.114) if len(photo) == 3 else (1,)
    luminance = np.array(weights, np.float32).reshape(1, -1, 1, 1)
    grey = steps.conv("grey", photo, luminance, padding="valid")
    plane = grey.result[0]
    return [
        _blur(photo, grey, steps),
        _edges(plane, steps),
        _strides(plane, steps),
        _borders(plane, steps),
        _layers(plane, steps),
    ]


def _blur(photo: Array, grey: Step, steps: Steps) -> Row:
    _, H, W = photo.shape
    longest = max(H, W)
    part = min(max(1 / 4, PANEL_PIXELS / 2 / longest), PANEL_PIXELS / longest, 1)
    h, w = round(part * H), round(part * W)
    top, left = (H - h) // 3, (W - w) // 2

    def panel(name: str, kernel: Array) -> Panel:
        step = steps.conv(name, photo, kernel, padding="same", padding_mode="edge")
        detail = step.result[:, top : top + h, left : left + w].copy()
        return Panel(name, step.caption, _pixels(detail), "photo", kernel)

    original = Panel(
        "the photograph",
        [f"{W}\N{MULTIPLICATION SIGN}{H} pixels", f"shape {photo.shape}"],
        _pixels(_small(photo)),
        "photo",
        place=Box(0, 0, W, H),
        outline=Box(left, top, left + w, top + h),
    )
    return Row(
        "Blur and sharpen",
        "The last three show the detail framed in the photograph.",
        [
            original,
            Panel("grey", grey.caption, _small(grey.result[0]), "photo"),
            panel("box blur", kernels.box(9)),
            panel("Gaussian blur", kernels.gaussian(13, 2.0)),
            panel("sharpen", kernels.SHARPEN),
        ],
    )


def _edges(grey: Array, steps: Steps) -> Row:
    options: dict[str, Any] = {"padding": "same", "padding_mode": "edge"}

    def signed(name: str, kernel: Array) -> Panel:
        step = steps.conv(name, grey, kernel, **options)
        return Panel(name, step.caption, _small(step.result), "signed", kernel)

    def magnitude() -> Panel:
        pair = np.stack([kernels.SOBEL_X, kernels.SOBEL_Y])
        step = steps.conv("Sobel x and y", grey[np.newaxis], pair[:, np.newaxis], **options)
        length = _small(np.hypot(step.result[0], step.result[1]))
        return Panel("Sobel magnitude", step.caption, length, "features", _mosaic(pair, 2))

    def emboss() -> Panel:
        half = np.array([0.5], np.float32)
        step = steps.conv("emboss", grey, kernels.EMBOSS, bias=half, **options)
        return Panel("emboss", step.caption, _small(step.result), "photo", kernels.EMBOSS)

    return Row(
        "Edges",
        "How much brighter it gets to the right, downwards, in any direction; how far a pixel "
        "differs from its neighbours; light from one side.",
        [
            signed("Sobel x", kernels.SOBEL_X),
            signed("Sobel y", kernels.SOBEL_Y),
            magnitude(),
            signed("Laplacian", kernels.LAPLACIAN),
            emboss(),
        ],
    )


def _strides(grey: Array, steps: Steps) -> Row:
    longest = max(grey.shape)

    def strided(pixels: int) -> Panel:
        s = min(max(128 // pixels, round(longest / pixels)), *grey.shape)
        mean = kernels.box(s)
        step = steps.conv(f"stride {s}", grey, mean, stride=s, padding="valid")
        title = f"stride {s}: means of {s}\N{MULTIPLICATION SIGN}{s}"
        return Panel(title, step.caption, step.result, "photo", mean)

    def dilated(name: str, kernel: Array, dilation: int) -> Step:
        return steps.conv(name, grey, kernel, padding="same", dilation=dilation)

    copies = dilated("dilated box", kernels.box(3), max(2, longest // 24))
    slopes = dilated("dilated Sobel x", kernels.SOBEL_X, max(2, longest // 120))
    return Row(
        "Stride and dilation",
        "A stride takes every s-th window only; dilation puts the taps of a kernel apart.",
        [
            *map(strided, (64, 32, 16)),
            Panel(
                "dilated box: nine copies",
                copies.caption,
                _small(copies.result),
                "photo",
                _apart(kernels.box(3)),
            ),
            Panel(
                "dilated Sobel x",
                slopes.caption,
                _small(slopes.result),
                "signed",
                _apart(kernels.SOBEL_X),
            ),
        ],
    )


def _borders(grey: Array, steps: Steps) -> Row:
    small = reduced(grey, max(1, min(max(grey.shape) // 112, min(grey.shape) // 16)))
    h, w = small.shape
    margin = 12
    inside, view = Box(0, 0, w, h), Box(-margin, -margin, w + margin, h + margin)

    def panel(title: str, kernel: Array, **options: Any) -> Panel:
        step = steps.conv(title, small, kernel, **options)
        out_h, out_w = step.result.shape
        left, top = (w - out_w) / 2, (h - out_h) / 2
        place = Box(left, top, left + out_w, top + out_h)
        return Panel(
            title,
            step.caption,
            step.result,
            "photo",
            kernel,
            place=place,
            view=view,
            outline=inside,
        )

    blur, soft = kernels.box(15), kernels.gaussian(3, 0.6)
    return Row(
        "Borders",
        "A small copy of the photograph, framed; each result lies where its windows have their "
        "centres.  Outside there are zeros, or what a padding mode says.",
        [
            *(panel(f'"{word}"', blur, padding=word) for word in ("valid", "same", "full")),
            *(
                panel(mode, soft, padding=margin + 1, padding_mode=mode)
                for mode in ("reflect", "wrap")
            ),
        ],
    )


@dataclass(frozen=True)
class _Layer:
    name: str
    weight: Array
    drawn: Array  # the weight, as a picture
    stride: int = 1
    more: dict[str, Any] = field(default_factory=dict)


def _stack() -> list[_Layer]:
    edges, lines = kernels.edges(7, 1.5), kernels.lines(9, 0.8, 2.5)
    same = np.eye(4, dtype=np.float32)[:, :, np.newaxis, np.newaxis]
    opposite = np.concatenate([same, same], axis=1) * kernels.gaussian(3, 1.0)
    rivals = (same - (1 - same) / np.float32(3)) * kernels.gaussian(5, 1.5)
    mean = np.broadcast_to(kernels.box(4), (4, 1, 4, 4))
    weak = np.full(8, -0.01, np.float32)
    return [
        _Layer("edges in 8 directions", edges[:, np.newaxis], _around(edges), 2),
        _Layer("long edges", lines[:, np.newaxis], _around(lines), 1, {"groups": 8, "bias": weak}),
        _Layer("4 orientations", opposite, _matrix(opposite), 2),
        _Layer("the strongest stay", rivals, _matrix(rivals), 2),
        _Layer("means", mean, kernels.box(4), 4, {"groups": 4}),
    ]


def _layers(grey: Array, steps: Steps) -> Row:
    x = grey[np.newaxis]
    panels: list[Panel] = []
    seen: list[tuple[int, int, int]] = []
    for layer in _stack():
        step = steps.layer(
            layer.name,
            x,
            layer.weight,
            stride=layer.stride,
            padding="same",
            padding_mode="edge",
            activation="relu",
            **layer.more,
        )
        x = step.result
        seen.append((layer.weight.shape[-1], layer.stride, 1))
        pixels = cconv.shapes.receptive_field(seen)
        options, more, shapes = step.caption
        sees = f"sees {pixels}\N{MULTIPLICATION SIGN}{pixels} pixels"
        caption = [options, f"{more}, {sees}" if more else sees, shapes]
        maps = _small(x, parts=3 if len(x) == 8 else 2)
        if len(x) == 8:
            panel = Panel(layer.name, caption, _around(maps), "features", centre=layer.drawn)
        else:
            panel = Panel(layer.name, caption, _mosaic(maps, 2), "features", layer.drawn)
        panels.append(panel)
    return Row(
        "Layers with ReLU",
        "Each takes the maps of the one before.  Eight stand where their edges get brighter, "
        "around their kernels; four are edges | and / over \N{EM DASH} and "
        "\N{REVERSE SOLIDUS}.",
        panels,
    )


def _small(x: Array, parts: int = 1) -> Array:
    """Reduce to about what a panel shows, or one of so many parts of its width."""
    factor = max(x.shape[-2:]) * parts // (2 * PANEL_PIXELS)
    return reduced(x, min(max(1, factor), *x.shape[-2:])).copy()


def _pixels(planes: Array) -> Array:
    """Put the channels last; a grey image has none."""
    return planes[0] if len(planes) == 1 else np.moveaxis(planes, 0, -1)


def _apart(kernel: Array) -> Array:
    """Put blanks between taps, to draw a dilated kernel."""
    kh, kw = kernel.shape
    wide = np.full((2 * kh - 1, 2 * kw - 1), np.nan, np.float32)
    wide[::2, ::2] = kernel
    return wide


def _mosaic(tiles: Array, columns: int, order: Sequence[int] | None = None) -> Array:
    """Lay tiles of shape (n, h, w) out in rows, blank between them; -1 is a blank tile."""
    _, h, w = tiles.shape
    places = range(len(tiles)) if order is None else order
    gap = max(1, round(max(h, w) / 40))
    rows = -(-len(places) // columns)
    sheet = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap), np.nan, np.float32)
    for place, tile in enumerate(places):
        if tile >= 0:
            top, left = place // columns * (h + gap), place % columns * (w + gap)
            sheet[top : top + h, left : left + w] = tiles[tile]
    return sheet


def _around(tiles: Array) -> Array:
    """Lay eight tiles out around a blank one: the first at the right, the others clockwise."""
    return _mosaic(tiles, 3, (5, 6, 7, 4, -1, 0, 3, 2, 1))


def _matrix(weight: Array) -> Array:
    """Lay kernels out: a row for an output channel, a column for an input channel."""
    return _mosaic(weight.reshape(-1, *weight.shape[2:]), weight.shape[1])
