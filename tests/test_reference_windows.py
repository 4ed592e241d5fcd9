"""Sizes and borders of the reference, against enumeration, NumPy and walks along an axis."""

import itertools
import math

import numpy as np
import pytest
from enumeration import count_windows, digits, walk, windows_along
from hypothesis import given
from hypothesis import strategies as st

from cconv import reference

CONV = {1: reference.conv1d, 2: reference.conv2d, 3: reference.conv3d}
MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


axis = st.fixed_dictionaries(
    {
        "kernel": st.integers(1, 6),
        "stride": st.integers(1, 5),
        "dilation": st.integers(1, 4),
    }
)


@given(st.integers(0, 20), axis, st.integers(0, 8), st.integers(0, 8))
def test_output_size_counts_windows(n, window, before, after):
    expected = count_windows(n, before=before, after=after, **window)
    assert reference.output_size(n, padding=(before, after), **window) == expected


@given(st.integers(0, 20), axis, st.integers(0, 8), st.integers(0, 8))
def test_ceil_mode_counts_windows_that_hang_over(n, window, before, after):
    after = min(after, window["dilation"] * (window["kernel"] - 1))
    windows = windows_along(n, before=before, after=after, **window, ceil_mode=True)
    size = reference.output_size(n, padding=(before, after), **window, ceil_mode=True)
    assert size == len(windows)


@given(st.integers(0, 20), axis)
def test_output_size_takes_one_padding_for_both_sides(n, window):
    assert reference.output_size(n, padding=3, **window) == reference.output_size(
        n, padding=(3, 3), **window
    )


@given(st.integers(0, 20), axis)
def test_same_padding_is_the_least_for_ceil(n, window):
    wanted = math.ceil(n / window["stride"])
    total = next(
        t for t in itertools.count() if count_windows(n, before=0, after=t, **window) == wanted
    )
    before, after = reference.same_padding(n, **window)
    assert before + after == total
    assert after - before == total % 2
    assert reference.same_padding(n, **window, lower=True) == (after, before)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=3), axis)
def test_padding_words(sizes, window):
    k, s, d = window["kernel"], window["stride"], window["dilation"]
    axes = len(sizes)

    def resolve(word):
        return reference.resolve_padding(word, sizes, k, [s], (d,) * axes)

    assert resolve("valid") == [(0, 0)] * axes
    assert resolve("full") == [(d * (k - 1), d * (k - 1))] * axes
    assert resolve("same") == [reference.same_padding(n, k, s, d) for n in sizes]
    assert resolve("same_lower") == [reference.same_padding(n, k, s, d)[::-1] for n in sizes]


@pytest.mark.parametrize(
    ("padding", "axes", "resolved"),
    [
        (2, 3, [(2, 2)] * 3),
        (np.int64(2), 1, [(2, 2)]),
        ([2], 2, [(2, 2)] * 2),
        ((1, 2), 2, [(1, 1), (2, 2)]),
        (np.array([1, 2]), 2, [(1, 1), (2, 2)]),
        ([(1, 2)], 1, [(1, 2)]),
        ([(1, 2)], 2, [(1, 2)] * 2),
        ([(1, 2)], 3, [(1, 2)] * 3),
        ((3, (1, 2)), 2, [(3, 3), (1, 2)]),
        (((1, 2), (3, 4), (5, 6)), 3, [(1, 2), (3, 4), (5, 6)]),
        (np.array([[1, 2], [3, 4]]), 2, [(1, 2), (3, 4)]),
    ],
)
def test_padding_forms(padding, axes, resolved):
    assert reference.resolve_padding(padding, [5] * axes, 3, 1, 1) == resolved


def test_a_pair_in_one_dimension_says_how_to_write_it():
    with pytest.raises(ValueError, match=r"\[\(1, 2\)\]"):
        reference.conv1d(np.ones(5), np.ones(3), padding=(1, 2))


# ----------------------------------------------------------------------------------------- border


def bordered(x, widths, mode, value=0):
    """`x` as a 1x1 kernel sees it."""
    conv = CONV[len(widths)]
    return conv(
        x, np.ones((1,) * len(widths)), padding=widths, padding_mode=mode, padding_value=value
    )


widths = st.tuples(st.integers(0, 13), st.integers(0, 13))


@given(st.integers(1, 6), widths, st.sampled_from(MODES[1:]))
def test_border_is_what_a_walk_finds(n, pair, mode):
    expected = [walk(position, n, mode) for position in range(-pair[0], n + pair[1])]
    assert bordered(np.arange(n, dtype=float), [pair], mode).tolist() == expected


@given(st.lists(st.tuples(st.integers(1, 4), widths), min_size=1, max_size=3), st.data())
def test_border_is_that_of_numpy_pad(axes, data):
    mode = data.draw(st.sampled_from(MODES))
    if mode in ("reflect", "symmetric") and np.lib.NumpyVersion(np.__version__) < "2.0.0":
        # Beyond one reflection older versions mirror a mirrored part that isn't whole.
        axes = [(n, (min(pair[0], n - 1), min(pair[1], n - 1))) for n, pair in axes]
    sizes, pairs = zip(*axes, strict=True)
    x = np.arange(math.prod(sizes), dtype=np.float32).reshape(sizes)
    options = {"constant_values": 7} if mode == "constant" else {}
    expected = np.pad(x, pairs, mode, **options)
    value = 7 if mode == "constant" else 0
    np.testing.assert_array_equal(bordered(x, pairs, mode, value), expected)


@pytest.mark.parametrize(
    ("alias", "mode"), [("zeros", "constant"), ("replicate", "edge"), ("circular", "wrap")]
)
def test_other_names_of_modes(alias, mode):
    x = digits(0, 4, 5)
    np.testing.assert_array_equal(bordered(x, [(2, 1)] * 2, alias), np.pad(x, [(2, 1)] * 2, mode))


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        (np.float16, 0.1),
        (np.float32, 1e300),
        (np.float64, np.nan),
        (np.uint8, 3.0),
        (np.int64, 2**63 - 1),
        (np.uint8, np.int64(255)),
        (bool, True),
        (np.complex64, 1 + 2j),
    ],
)
def test_padding_value_takes_the_type_of_x(dtype, value):
    x = np.ones(1, dtype)
    with np.errstate(over="ignore"):
        expected = np.pad(x, 1, constant_values=value)
    np.testing.assert_array_equal(
        bordered(x, [(1, 1)], "constant", value)[[0, 2]], expected[[0, 2]]
    )


def test_border_of_an_empty_axis():
    empty = np.ones((0, 3))
    np.testing.assert_array_equal(
        bordered(empty, [(1, 1), (0, 0)], "constant", 5), np.full((2, 3), 5)
    )
    with pytest.raises(ValueError, match="nothing to fill"):
        bordered(empty, [(1, 1), (0, 0)], "edge")
