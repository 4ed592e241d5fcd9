"""What one filter does: blur, edges, strides and dilation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cconv.cli import kernels
from cconv.cli.demo.tiles import apart, crop, detail, mosaic, pixels, small
from cconv.cli.sheet import Box, Panel, Row

if TYPE_CHECKING:
    from cconv.cli.demo.steps import Array, Step, Steps


def grey(photo: Array, steps: Steps) -> Step:
    """Weigh the channels: a convolution with 1x1 pixels."""
    weight = kernels.luminance(len(photo)).reshape(1, -1, 1, 1)
    return steps.conv("grey", photo, weight, padding="valid")


def blur(photo: Array, grey: Step, steps: Steps) -> Row:
    """Photograph, grey, and details of it blurred and sharpened."""
    _, H, W = photo.shape
    box = detail(H, W)

    def panel(name: str, kernel: Array) -> Panel:
        step = steps.conv(name, photo, kernel, padding="same", padding_mode="edge")
        return Panel(name, step.caption, pixels(crop(step.result, box)), "photo", kernel)

    original = Panel(
        "the photograph",
        [f"{W}\N{MULTIPLICATION SIGN}{H} pixels", f"shape {photo.shape}"],
        pixels(small(photo)),
        "photo",
        place=Box(0, 0, W, H),
        outline=box,
    )
    return Row(
        "Blur and sharpen",
        "The last three show the detail framed in the photograph.",
        [
            original,
            Panel("grey", grey.caption, small(grey.result[0]), "photo"),
            panel("box blur", kernels.box(9)),
            panel("Gaussian blur", kernels.gaussian(13, 2.0)),
            panel("sharpen", kernels.SHARPEN),
        ],
    )


def edges(grey: Array, steps: Steps) -> Row:
    """First and second differences of a grey plane."""
    options: dict[str, Any] = {"padding": "same", "padding_mode": "edge"}

    def signed(name: str, kernel: Array) -> Panel:
        step = steps.conv(name, grey, kernel, **options)
        return Panel(name, step.caption, small(step.result), "signed", kernel)

    def magnitude() -> Panel:
        pair = np.stack([kernels.SOBEL_X, kernels.SOBEL_Y])
        step = steps.conv("Sobel x and y", grey[np.newaxis], pair[:, np.newaxis], **options)
        length = small(np.hypot(step.result[0], step.result[1]))
        return Panel("Sobel magnitude", step.caption, length, "features", mosaic(pair, 2))

    def emboss() -> Panel:
        half = np.array([0.5], np.float32)
        step = steps.conv("emboss", grey, kernels.EMBOSS, bias=half, **options)
        return Panel("emboss", step.caption, small(step.result), "photo", kernels.EMBOSS)

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


def strides(grey: Array, steps: Steps) -> Row:
    """Windows of a grey plane taken sparsely, and taps put apart."""
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
                small(copies.result),
                "photo",
                apart(kernels.box(3)),
            ),
            Panel(
                "dilated Sobel x",
                slopes.caption,
                small(slopes.result),
                "signed",
                apart(kernels.SOBEL_X),
            ),
        ],
    )
