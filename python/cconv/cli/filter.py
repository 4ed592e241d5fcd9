"""`filter`: one kernel over an image file.

In comes an image, out goes an image of the same depth, each channel filtered by itself.  A large
one is filtered in chunks of rows, each with the rows that it needs of the next.
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import cconv
from cconv.cli import CommandError, kernels
from cconv.cli.output import check_output, write_output
from cconv.cli.values import PADDINGS, count, padding, per_axis

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cconv.cli.pixels import Pixels

__all__ = ["add_parser", "filtered"]

_FIXED = {
    "sobel_x": kernels.SOBEL_X,
    "sobel_y": kernels.SOBEL_Y,
    "laplacian": kernels.LAPLACIAN,
    "sharpen": kernels.SHARPEN,
    "emboss": kernels.EMBOSS,
}
_SIZED: dict[str, Callable[[int], NDArray[np.float32]]] = {
    "gaussian": lambda size: kernels.gaussian(size, size / 6),
    "box": kernels.box,
}
_MODES = ("constant", "edge", "reflect", "symmetric", "wrap")
_CHUNK_PIXELS = 2**21  # filtered between two moves of the bar


def add_parser(commands: Any) -> None:
    """Add the command to argparse's subparsers."""
    parser = commands.add_parser(
        "filter",
        help="filter an image file",
        description="Filter an image of 8 or 16 bits, grey or RGB: cross-correlation of every "
        "channel with a kernel.  Results are rounded and cut to what the file holds; see --bias.  "
        "Alpha is not filtered: a result has that of the pixel under the middle of its window, and "
        "colours are taken as they are stored.",
        epilog="examples:\n"
        "  cconv filter photo.jpg --kernel gaussian --size 13 -o soft.jpg\n"
        "  cconv filter photo.jpg --kernel sobel_x --bias 128 -o edges.png\n"
        "  cconv filter scan.tif --kernel box --size 4 --stride 4 --padding valid -o small.png\n"
        "  cconv filter photo.png --kernel mine.npy --padding-mode reflect -o out.png",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("image", type=Path, help="any file Pillow reads")
    parser.add_argument(
        "-k",
        "--kernel",
        type=_kernel,
        required=True,
        metavar="KERNEL",
        help=f"{', '.join((*_FIXED, *_SIZED))}, or FILE.npy: an array of two axes",
    )
    parser.add_argument(
        "--size",
        type=count,
        help="taps of gaussian (sigma is a sixth of it) and box along each axis (default: 5)",
    )
    parser.add_argument(
        "--stride", type=per_axis, default=(1, 1), metavar="N[,N]", help="default: 1"
    )
    parser.add_argument(
        "--padding",
        type=padding,
        default="same",
        metavar="P[,P]",
        help=f"{', '.join(PADDINGS)}, or pixels (default: same)",
    )
    parser.add_argument("--padding-mode", choices=_MODES, default="edge", help="default: edge")
    parser.add_argument(
        "--bias",
        type=float,
        default=0.0,
        metavar="B",
        help="added to every result: 128 makes zero a middle grey of 8 bits",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    parser.set_defaults(run=_run)


def _kernel(text: str) -> str:
    if text not in _FIXED and text not in _SIZED and not text.endswith(".npy"):
        known = ", ".join((*_FIXED, *_SIZED))
        raise argparse.ArgumentTypeError(
            f"{text!r} is no kernel; {known} or a file that ends in .npy would do"
        )
    return text


def _run(arguments: argparse.Namespace) -> None:
    from cconv.cli.pixels import Pixels, check_format, encode, read_pixels

    source, output = arguments.image, arguments.output
    kernel = _weight(arguments.kernel, arguments.size)
    check_output(output, source)
    pixels = read_pixels(source)
    check_format(output, pixels)
    kh, kw = kernel.shape
    print(f"{source.name}: {pixels}")
    begin = time.perf_counter()
    try:
        result = filtered(
            pixels,
            kernel,
            stride=arguments.stride,
            padding=arguments.padding,
            padding_mode=arguments.padding_mode,
            bias=arguments.bias,
        )
    except ValueError as error:
        raise CommandError(str(error)) from None
    seconds = time.perf_counter() - begin
    H, W, _ = pixels.colours.shape
    h, w, _ = result.colours.shape
    rate = H * W / seconds / 1e6
    print(
        f"{arguments.kernel}, {kh} x {kw}: {w} x {h} pixels, "
        f"{seconds * 1e3:.1f} ms, {rate:.1f} megapixels/s"
    )
    write_output(output, encode(output, Pixels(result.colours, result.alpha)))


def _weight(name: str, size: int | None) -> NDArray[Any]:
    if name in _SIZED:
        size = size or 5
        if size % 2 == 0 and name == "gaussian":
            raise CommandError(f"--size {size} is even, without a middle; {size + 1} would do")
        return _SIZED[name](size)
    if size is not None:
        raise CommandError(f"--size is for {' and '.join(_SIZED)}; {name} has one of its own")
    return _FIXED[name] if name in _FIXED else _loaded(Path(name))


def _loaded(path: Path) -> NDArray[Any]:
    try:
        kernel: NDArray[Any] = np.load(path, allow_pickle=False)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from None
    except (ValueError, EOFError):
        raise CommandError(f"{path}: not an array that numpy.save has written") from None
    if kernel.ndim != 2 or not kernel.size:
        raise CommandError(f"{path}: shape {kernel.shape}; two axes of 1 or more would do")
    if kernel.dtype.kind not in "biuf" or not np.isfinite(kernel).all():
        raise CommandError(f"{path}: {kernel.dtype} values; finite real numbers would do")
    return kernel.astype(np.float64) if kernel.itemsize > 4 else kernel.astype(np.float32)


def filtered(
    pixels: Pixels,
    kernel: NDArray[Any],
    stride: tuple[int, int],
    padding: Any,
    padding_mode: str,
    bias: float,
) -> Pixels:
    """Filter an image, in chunks of rows where it is large.

    Parameters
    ----------
    pixels : Pixels
    kernel : float array of shape (kh, kw)
    stride, padding, padding_mode, bias
        As in `conv2d`.

    Returns
    -------
    Pixels
        What ``conv2d(..., dtype=)`` makes of every channel; alpha is that under the middles of the
        windows.
    """
    from cconv.cli.pixels import Pixels
    from cconv.cli.progress import progress

    image = pixels.colours
    H, W, C = image.shape
    pairs = cconv.shapes.resolve_padding(padding, (H, W), kernel.shape, stride)
    h, w = (
        cconv.shapes.output_size(n, k, s, pair)
        for n, k, s, pair in zip((H, W), kernel.shape, stride, pairs, strict=True)
    )
    step, rows = stride[0], max(1, _CHUNK_PIXELS // (W * stride[0]))
    cuts, given = [0, h], pairs
    if h > rows:
        cuts, given = [*range(0, h, rows), h], [(0, 0), pairs[1]]
        image = cconv.pad(image, {0: pairs[0]}, padding_mode)
    below = sum(cconv.shapes.halo([(kernel.shape[0], step, 1)]))
    out = np.empty((h, w, C), image.dtype)
    with progress(H * W, "pixel") as bar:
        for i, j in itertools.pairwise(cuts):
            cconv.conv2d(
                image[i * step : j * step + below] if len(cuts) > 2 else image,
                kernel,
                np.array([bias], kernel.dtype),
                stride,
                given,
                padding_mode=padding_mode,
                channels_last=True,
                dtype=image.dtype,
                out=out[i:j],
            )
            bar.update(H * W * (j - i) // h)
    if pixels.alpha is None:
        return Pixels(out)
    middles = [
        np.clip(np.arange(m) * s - before + (k - 1) // 2, 0, n - 1)
        for m, s, (before, _), k, n in zip((h, w), stride, pairs, kernel.shape, (H, W), strict=True)
    ]
    return Pixels(out, pixels.alpha[np.ix_(*middles)])
