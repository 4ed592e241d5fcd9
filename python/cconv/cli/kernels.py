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


def lines(size: int, width: float, length: float) -> NDArray[np.float32]:
    """Return means along the edges that `edges` finds, shape (8, size, size)."""
    along, across = _turned(size)
    means = np.exp(-((along / width) ** 2 + (across / length) ** 2) / 2)
    means /= means.sum((1, 2), keepdims=True)
    return means.astype(np.float32)


def _turned(size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates of the taps along eight directions and across them."""
    r = np.arange(size) - (size - 1) / 2
    angles = np.arange(8)[:, np.newaxis, np.newaxis] * (np.pi / 4)
    cos, sin = np.cos(angles), np.sin(angles)
    return cos * r + sin * r[:, np.newaxis], cos * r[:, np.newaxis] - sin * r
