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
    r = np.arange(size) - (size - 1) / 2
    bell = np.exp(-(r**2) / (2 * sigma**2))
    bell /= bell.sum()
    return np.outer(bell, bell).astype(np.float32)


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

    Each looks for one edge behind the centre, one ahead of it, and takes off what the other
    directions show.  First come four bright lines, then four dark ones: opposite edges that face
    each other or turn away; then eight corners, bright inside, of edges a right angle apart.
    """
    angles = np.arange(8) * (np.pi / 4)
    shift = (size - 1) / 4
    weight = np.empty((16, 8, size, size))
    weight[:] = -_bell(size, sigma, 0, 0) / 6

    def put(o: int, direction: int, where: int, sign: int) -> None:
        x, y = np.cos(angles[where % 8]), np.sin(angles[where % 8])
        weight[o, direction % 8] = _bell(size, sigma, sign * shift * x, sign * shift * y) / 2

    for i in range(4):
        for o, sign in ((i, -1), (i + 4, 1)):
            put(o, i, i, sign)
            put(o, i + 4, i, -sign)
    for i in range(8):
        put(i + 8, i, i + 2, 1)
        put(i + 8, i + 2, i, 1)
    return weight.astype(np.float32)


def luminance(channels: int) -> NDArray[np.float32]:
    """Return how bright red, green and blue are, or the one channel of a grey image."""
    return np.array((0.299, 0.587, 0.114) if channels == 3 else (1,), np.float32)


def _bell(size: int, sigma: float, x: float, y: float) -> NDArray[np.float64]:
    """Taps of a Gaussian around (x, y) from the middle, which sum to 1."""
    r = np.arange(size) - (size - 1) / 2
    bell = np.exp(-((r - x) ** 2 + ((r - y) ** 2)[:, np.newaxis]) / (2 * sigma**2))
    return bell / bell.sum()


def _turned(size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates of the taps along eight directions and across them."""
    r = np.arange(size) - (size - 1) / 2
    angles = np.arange(8)[:, np.newaxis, np.newaxis] * (np.pi / 4)
    cos, sin = np.cos(angles), np.sin(angles)
    return cos * r + sin * r[:, np.newaxis], cos * r[:, np.newaxis] - sin * r
