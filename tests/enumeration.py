"""What the reference is held against: windows and borders found by counting, exact data."""

import itertools

import numpy as np
import pytest


def digits(seed, *shape, dtype=np.float64):
    """Small whole numbers, whose sums of products are exact."""
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(dtype)


def type_named(name):
    """A dtype; of ml_dtypes too, where that is installed."""
    if name == "bfloat16":
        return np.dtype(pytest.importorskip("ml_dtypes").bfloat16)
    return np.dtype(name)


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


def windows_along(n, kernel, stride, before, after, dilation, ceil_mode):
    """The taps of each window along an axis whose elements are 0..n-1, found by sliding it.

    With `ceil_mode` there is another window as long as the one before does not reach the end of the
    padded axis, if it starts before the padding at the end.
    """
    reach, end = dilation * (kernel - 1), n + after - 1
    windows = []
    for start in itertools.count(-before, stride):
        past = start - stride + reach >= end or start >= n if ceil_mode else start + reach > end
        if past:
            return windows
        windows.append([start + tap * dilation for tap in range(kernel)])


def shares_along(n, m):
    """The elements that each of m equal parts of an axis of n touches."""
    return [[e for e in range(n) if e * m < (i + 1) * n and (e + 1) * m > i * n] for i in range(m)]


def taps_of(windows):
    """Each output position, and its taps in several axes, in C order."""
    for position in itertools.product(*(range(len(along)) for along in windows)):
        taps = [along[i] for along, i in zip(windows, position, strict=True)]
        yield position, list(itertools.product(*taps))


def inside(tap, sizes):
    return all(0 <= t < n for t, n in zip(tap, sizes, strict=True))
