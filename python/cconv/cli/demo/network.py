"""A small network: convolution, ReLU, max pool, twice, with weights made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import cconv
from cconv.cli import kernels
from cconv.cli.demo.steps import times
from cconv.cli.demo.tiles import around, coarse, enlarged, mosaic, pixels, small
from cconv.cli.sheet import Panel, Row

if TYPE_CHECKING:
    from cconv.cli.demo.steps import Array, Step, Steps

POOL = 2


def weights(channels: int) -> tuple[Array, Array]:
    """Return the weights of both layers, (8, channels, 7, 7) and (16, 8, 5, 5).

    The first finds edges in eight directions of the luminance, the second lines and corners:
    pairs of edges, each on its side of the window's centre.
    """
    luminance = kernels.luminance(channels)[:, np.newaxis, np.newaxis]
    return kernels.edges(7, 1.5)[:, np.newaxis] * luminance, kernels.pairs(5, 1.0)


def stack(photo: Array, steps: Steps) -> Row:
    """The input, eight maps, pooled, sixteen maps, pooled."""
    image = coarse(photo, 112, least=POOL**2)
    first, second = weights(len(image))
    windows: list[tuple[int, int, int]] = []

    def sees(step: Step, kernel: int, stride: int) -> list[str]:
        windows.append((kernel, stride, 1))
        field = cconv.shapes.receptive_field(windows)
        *options, shapes = step.caption
        return [*filter(None, options), f"sees {times((field, field))} pixels", shapes]

    def layer(name: str, x: Array, weight: Array) -> tuple[Array, list[str]]:
        step = steps.layer(name, x, weight, padding="same", padding_mode="edge", activation="relu")
        return step.result, sees(step, weight.shape[-1], 1)

    def pool(name: str, x: Array) -> tuple[Array, list[str]]:
        step = steps.pool(name, "max", x, POOL)
        return step.result, sees(step, POOL, POOL)

    edges, edges_caption = layer("edges in 8 directions", image, first)
    fewer, fewer_caption = pool("max pool of edges", edges)
    pairs, pairs_caption = layer("pairs of edges", fewer, second)
    fewest, fewest_caption = pool("max pool of pairs", pairs)

    around_kernels = {"centre": around(kernels.edges(7, 1.5)), "limit": _bright(fewer)}
    _, H, W = image.shape
    return Row(
        "A network",
        "Weights made by hand, not learned: edges in eight directions, then pairs of edges (drawn "
        "small, both layers as one): a row of bright lines, one of dark lines, two of corners.",
        [
            Panel(
                "the input",
                [f"the photograph, {W}\N{MULTIPLICATION SIGN}{H} pixels", f"shape {image.shape}"],
                pixels(image),
                "photo",
            ),
            _maps(
                f"conv {len(image)} \N{RIGHTWARDS ARROW} 8, ReLU: edges",
                edges_caption,
                around(enlarged(small(edges, 3))),
                **around_kernels,
            ),
            _maps(f"max pool {POOL}", fewer_caption, around(enlarged(fewer)), **around_kernels),
            _maps(
                "conv 8 \N{RIGHTWARDS ARROW} 16, ReLU: pairs",
                pairs_caption,
                mosaic(enlarged(pairs), 4),
                kernel=mosaic(patterns(first, second), 4),
                limit=_bright(fewest),
            ),
            _maps(
                f"max pool {POOL}: 16 small maps",
                fewest_caption,
                mosaic(enlarged(fewest), 4),
                limit=_bright(fewest),
            ),
        ],
    )


def patterns(first: Array, second: Array) -> Array:
    """Draw what the second layer looks for: both layers as one, without ReLU and maximum."""
    edges = first.sum(1)
    return cconv.conv2d(edges, second[:, :, ::-1, ::-1], dilation=POOL, padding="full")


def _maps(title: str, caption: list[str], picture: Array, **looks: Any) -> Panel:
    return Panel(title, caption, picture, "features", **looks)


def _bright(maps: Array) -> float:
    """Choose one scale for a layer and its pool."""
    return float(np.percentile(maps, 98.5))
