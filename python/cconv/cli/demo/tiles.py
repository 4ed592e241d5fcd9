"""Arrays made ready for a panel: reduced, cut out, laid out side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cconv.cli.images import reduced
from cconv.cli.sheet import PANEL_PIXELS, Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cconv.cli.demo.steps import Array


def small(x: Array, parts: int = 1) -> Array:
    """Reduce to about what a panel shows, or one of so many parts of its width."""
    factor = max(x.shape[-2:]) * parts // (2 * PANEL_PIXELS)
    return reduced(x, min(max(1, factor), *x.shape[-2:])).copy()


def coarse(x: Array, longest: int, least: int = 1) -> Array:
    """Reduce so far that the longer side has about `longest` pixels, the shorter `least`."""
    factor = min(max(x.shape[-2:]) // longest, min(x.shape[-2:]) // least)
    return reduced(x, max(1, factor))


def detail(H: int, W: int) -> Box:
    """Choose a part of an image that a panel magnifies: above the middle, where faces are."""
    longest = max(H, W)
    part = min(max(1 / 4, PANEL_PIXELS / 2 / longest), PANEL_PIXELS / longest, 1)
    h, w = round(part * H), round(part * W)
    top, left = (H - h) // 3, (W - w) // 2
    return Box(left, top, left + w, top + h)


def crop(x: Array, box: Box) -> Array:
    """Copy the box out of every plane."""
    left, top, right, bottom = map(int, box)
    return x[..., top:bottom, left:right].copy()


def pixels(planes: Array) -> Array:
    """Put the channels last; a grey image has none."""
    return planes[0] if len(planes) == 1 else np.moveaxis(planes, 0, -1)


def apart(kernel: Array) -> Array:
    """Put blanks between taps, to draw a dilated kernel."""
    kh, kw = kernel.shape
    wide = np.full((2 * kh - 1, 2 * kw - 1), np.nan, np.float32)
    wide[::2, ::2] = kernel
    return wide


def enlarged(maps: Array, least: int = 40) -> Array:
    """Repeat the pixels of small maps, so that a mosaic's gaps are thin beside them."""
    factor = -(-least // max(maps.shape[-2:]))
    return maps.repeat(factor, -2).repeat(factor, -1)


def mosaic(tiles: Array, columns: int, order: Sequence[int] | None = None) -> Array:
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


def around(tiles: Array) -> Array:
    """Lay eight tiles out around a blank one: the first at the right, the others clockwise."""
    return mosaic(tiles, 3, (5, 6, 7, 4, -1, 0, 3, 2, 1))
