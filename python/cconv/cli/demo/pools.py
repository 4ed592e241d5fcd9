"""What pooling keeps of a feature map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from cconv.cli import kernels
from cconv.cli.demo.tiles import coarse
from cconv.cli.sheet import Box, Panel, Row

if TYPE_CHECKING:
    from cconv.cli.demo.steps import Array, Steps

_SMALL, _LARGE = 2, 8


def pools(grey: Array, steps: Steps) -> Row:
    """Edges of a small copy; maxima and means of their blocks, in place and in one scale."""
    edges = steps.conv(
        "feature map",
        coarse(grey, 96, least=_LARGE),
        kernels.SOBEL_X,
        padding="same",
        padding_mode="edge",
        activation="relu",
    )
    features = edges.result
    h, w = features.shape
    view, window = Box(0, 0, w, h), _window(features)
    limit = float(features.max())

    def panel(kind: Literal["max", "average"], kernel: int) -> Panel:
        name = f"{kind} pool {kernel}"
        step = steps.pool(name, kind, features, kernel)
        out_h, out_w = step.result.shape
        return Panel(
            name,
            step.caption,
            step.result,
            "features",
            place=Box(0, 0, out_w * kernel, out_h * kernel),
            view=view,
            outline=window,
            limit=limit,
        )

    return Row(
        "Pooling",
        "Every window becomes its maximum or its mean, in one colour scale; pixels that fill none "
        "are dropped.  Framed is the strongest edge: a maximum keeps it, a mean dilutes it.",
        [
            Panel(
                "feature map: Sobel x, ReLU",
                edges.caption,
                features,
                "features",
                kernels.SOBEL_X,
                outline=window,
                limit=limit,
            ),
            panel("max", _SMALL),
            panel("average", _SMALL),
            panel("max", _LARGE),
            panel("average", _LARGE),
        ],
    )


def _window(features: Array) -> Box:
    """Find the large window, among those that are pooled, with the largest element."""
    whole = [n // _LARGE * _LARGE for n in features.shape]
    pooled = features[: whole[0], : whole[1]]
    top, left = (int(i) // _LARGE * _LARGE for i in np.unravel_index(pooled.argmax(), pooled.shape))
    return Box(left, top, left + _LARGE, top + _LARGE)
