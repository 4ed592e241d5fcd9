"""Kernels of image filters, float32."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOBEL_X = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
SOBEL_Y = np.ascontiguousarray(SOBEL_X.T)
LAPLACIAN = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float32)
SHARPEN = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], np.float32)
EMBOSS = np.array([[-2, -1, 0], [-1, 0, 1], [0, 1, 2]], np.float32)


def box(size: int) -> NDArray[np.float32]:
    """Return the mean of size x size pixels."""
    return np.full((size, size), 1 / size**2, np.float32)


def gaussian(size: int, sigma: float) -> NDArray[np.float32]:
    """Return size x size taps of a Gaussian, which sum to 1."""
    return _bell(size, sigma).astype(np.float32)


def edges(size: int, sigma: float) -> NDArray[np.float32]:
    """Return slopes in eight directions under a Gaussian, shape (8, size, size).

    Each is positive where an image gets brighter in its direction, at most 1 where the image
    goes from 0 to 1.  The first direction is to the right, the others follow clockwise.
    """
    along, across = _turned(size)
    slopes = along * np.exp(-(along**2 + across**2) / (2 * sigma**2))
    slopes *= 2 / np.abs(slopes).sum((1, 2), keepdims=True)
    return slopes.astype(np.float32)


def pairs(size: int, sigma: float) -> NDArray[np.float32]:
    """Return what finds two edges at once in the maps of `edges`, shape (16, 8, size, size).

    Each looks for both of its edges, each on one side of the centre, and takes off what the other
    directions show.  First come four bright lines, then four dark ones, between edges of opposite
    directions; then eight corners, bright inside, of edges a right angle apart.
    """
    # (direction of an edge, direction in which it lies from the centre), twice
    bright = [((i, i + 4), (i + 4, i)) for i in range(4)]
    dark = [((i, i), (i + 4, i + 4)) for i in range(4)]
    corners = [((i, i + 2), (i + 2, i)) for i in range(8)]
    shift = (size - 1) / 4
    weight = np.broadcast_to(-_bell(size, sigma) / 6, (16, 8, size, size)).copy()
    for o, pair in enumerate(bright + dark + corners):
        for edge, side in pair:
            angle = side * np.pi / 4
            x, y = shift * np.cos(angle), shift * np.sin(angle)
            weight[o, edge % 8] = _bell(size, sigma, x, y) / 2
    return weight.astype(np.float32)


def luminance(channels: int) -> NDArray[np.float32]:
    """Return how bright red, green and blue are, or the one channel of a grey image."""
    return np.array((0.299, 0.587, 0.114) if channels == 3 else (1,), np.float32)


def _bell(size: int, sigma: float, x: float = 0, y: float = 0) -> NDArray[np.float64]:
    """Taps of a Gaussian around (x, y) from the middle, which sum to 1."""
    r = np.arange(size) - (size - 1) / 2
    squares: NDArray[np.float64] = (r - x) ** 2 + ((r - y) ** 2)[:, np.newaxis]
    bell = np.exp(-squares / (2 * sigma**2))
    bell /= bell.sum()
    return bell


def _turned(size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates of the taps along eight directions and across them."""
    r = np.arange(size) - (size - 1) / 2
    angles = np.arange(8)[:, np.newaxis, np.newaxis] * (np.pi / 4)
    cos, sin = np.cos(angles), np.sin(angles)
    return cos * r + sin * r[:, np.newaxis], cos * r[:, np.newaxis] - sin * r
