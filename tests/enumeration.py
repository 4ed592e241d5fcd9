"""What the reference is held against: windows and borders found by counting, exact data."""

import numpy as np


def digits(seed, *shape, dtype=np.float64):
    """Small whole numbers, whose sums of products are exact."""
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(dtype)


def count_windows(n, kernel, stride, before, after, dilation):
    """Starts of a window that ends within the padded axis."""
    padded = n + before + after
    last_tap = dilation * (kernel - 1)
    return sum(start + last_tap < padded for start in range(0, padded, stride))


def walk(position, n, mode):
    """Index seen at a position outside 0..n-1: step, jump or be mirrored until inside."""
    while not 0 <= position < n:
        low = position < 0
        if mode == "edge" or (mode == "reflect" and n == 1):
            position += 1 if low else -1
        elif mode == "wrap":
            position += n if low else -n
        elif mode == "symmetric":
            position = -1 - position if low else 2 * n - 1 - position
        else:
            position = -position if low else 2 * (n - 1) - position
    return position
