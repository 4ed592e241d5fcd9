"""Pools of the reference, against windows listed tap by tap, and torch.

Sums are of small whole numbers and so exact in any order, as in the tests of convolution.
"""

import math

import numpy as np
import pytest
from enumeration import digits, inside, shares_along, taps_of, type_named, windows_along
from hypothesis import assume, given
from hypothesis import strategies as st

from cconv import reference

MAX = {1: reference.max_pool1d, 2: reference.max_pool2d, 3: reference.max_pool3d}
AVG = {1: reference.avg_pool1d, 2: reference.avg_pool2d, 3: reference.avg_pool3d}
LP = {1: reference.lp_pool1d, 2: reference.lp_pool2d, 3: reference.lp_pool3d}
ADAPTIVE_MAX = {d: getattr(reference, f"adaptive_max_pool{d}d") for d in (1, 2, 3)}
ADAPTIVE_AVG = {d: getattr(reference, f"adaptive_avg_pool{d}d") for d in (1, 2, 3)}


@st.composite
def pools(draw, like_torch=False):
    """A small `x` (N, C, ...) and windows, of which at least one fits; some may hold border alone.

    Like torch: as much padding on both sides, at most half the kernel.
    """
    dims = draw(st.integers(1, 3))
    window = st.fixed_dictionaries(
        {
            "n": st.integers(1, {1: 9, 2: 5, 3: 3}[dims]),
            "kernel": st.integers(1, 4 if dims < 3 else 2),
            "stride": st.integers(1, 3),
            "dilation": st.integers(1, 3),
        }
    )
    axes = draw(st.lists(window, min_size=dims, max_size=dims))
    for axis in axes:
        most = axis["kernel"] // 2 if like_torch else axis["dilation"] * (axis["kernel"] - 1)
        axis["before"] = draw(st.integers(0, most))
        axis["after"] = axis["before"] if like_torch else draw(st.integers(0, most))
    ceil_mode = draw(st.booleans())
    windows = [windows_along(**axis, ceil_mode=ceil_mode) for axis in axes]
    assume(all(windows))
    shape = draw(st.integers(1, 2)), draw(st.integers(1, 2)), *(axis["n"] for axis in axes)
    options = {
        "kernel_size": [axis["kernel"] for axis in axes],
        "stride": [axis["stride"] for axis in axes],
        "padding": [(axis["before"], axis["after"]) for axis in axes],
        "dilation": [axis["dilation"] for axis in axes],
        "ceil_mode": ceil_mode,
    }
    return digits(draw(st.integers(0, 2**20)), *shape), options, windows


def planes(x, dims):
    """Every plane of an (N, C, ...) `x`, with its place in the result."""
    for place in np.ndindex(x.shape[:-dims]):
        yield place, x[place]


def border_alone(sizes, windows):
    return any(not any(inside(tap, sizes) for tap in taps) for _, taps in taps_of(windows))


def naive_max(x, windows):
    """Maxima and indices, element by element; a NaN is larger than all, the first one wins."""
    dims, extents = len(windows), [len(along) for along in windows]
    y = np.empty((*x.shape[:-dims], *extents), x.dtype)
    indices = np.empty(y.shape, np.int64)
    for place, plane in planes(x, dims):
        for position, taps in taps_of(windows):
            best = None
            for tap in taps:
                if not inside(tap, plane.shape):
                    continue
                if best is None or plane[tap] > plane[best]:
                    best = tap
                if plane[tap] != plane[tap]:
                    best = tap
                    break
            y[place + position] = plane[best]
            indices[place + position] = list(np.ndindex(plane.shape)).index(best)
    return y, indices


def naive_sums(x, windows, term):
    """Sums of `term` of the elements that the windows hold."""
    dims, extents = len(windows), [len(along) for along in windows]
    y = np.empty((*x.shape[:-dims], *extents))
    for place, plane in planes(x, dims):
        for position, taps in taps_of(windows):
            held = [term(plane[tap]) for tap in taps if inside(tap, plane.shape)]
            y[place + position] = math.fsum(held)
    return y


def counts(windows, low, high):
    """How many taps of each window are at or above `low` and below `high` on all axes."""
    shape = [len(along) for along in windows]
    y = np.empty(shape)
    for position, taps in taps_of(windows):
        y[position] = sum(
            all(a <= t < b for a, t, b in zip(low, tap, high, strict=True)) for tap in taps
        )
    return y


# ---------------------------------------------------------------------------------- maxima


@given(pools(), st.integers(0, 3), st.integers(0, 2**20))
def test_maxima_are_those_of_the_windows(pool, nans, seed):
    x, options, windows = pool
    rng = np.random.default_rng(seed)
    x.ravel()[rng.integers(0, x.size, nans)] = np.nan
    call = MAX[len(windows)]
    if border_alone(x.shape[2:], windows):
        with pytest.raises(ValueError, match="border alone"):
            call(x, **options)
        return
    y, indices = call(x, **options, return_indices=True)
    expected, places = naive_max(x, windows)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(indices, places)
    assert indices.dtype == np.int64
    np.testing.assert_array_equal(call(x, **options), y)


@given(pools(like_torch=True))
def test_torch_agrees_on_maxima(pool):
    torch = pytest.importorskip("torch")
    x, options, windows = pool
    assume(not border_alone(x.shape[2:], windows))
    dims = len(windows)
    half = [before for before, _ in options["padding"]]
    pooled = getattr(torch.nn.functional, f"max_pool{dims}d")(
        torch.from_numpy(x), **options | {"padding": half}, return_indices=True
    )
    for ours, theirs in zip(MAX[dims](x, **options, return_indices=True), pooled, strict=True):
        np.testing.assert_array_equal(ours, theirs.numpy())


@pytest.mark.parametrize("place", range(9))
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_a_nan_wins_everywhere(place, dtype):
    x = np.full((3, 3), np.inf).astype(type_named(dtype))
    x.ravel()[place] = np.nan
    y, index = reference.max_pool2d(x, 3, return_indices=True)
    assert np.isnan(y.astype(float)).all()
    assert index.item() == place


def test_the_first_of_equals_and_of_nans_wins():
    assert reference.max_pool2d(np.zeros((2, 3)), (2, 3), return_indices=True)[1].item() == 0
    assert reference.max_pool1d([1.0, np.nan, 2, np.nan], 4, return_indices=True)[1].item() == 1
    zeros = reference.max_pool1d([-0.0, 0.0, 0.0, -0.0], 2)
    assert np.signbit(zeros).tolist() == [True, False]


def test_the_border_never_wins():
    x = np.full((2, 2), -np.inf)
    y, indices = reference.max_pool2d(x, 3, 1, 1, return_indices=True)
    assert (y == -np.inf).all()
    assert indices.tolist() == [[0, 0], [0, 0]]
    assert reference.max_pool1d(np.array([-128, -127], np.int8), 2, padding=1).tolist() == [
        -128,
        -127,
    ]


@pytest.mark.parametrize("values", [[2**63, 2**63 + 1, 2**63 - 1], [2**53, 2**53 + 1, 2**53]])
def test_integers_are_compared_exactly(values):
    y, index = reference.max_pool1d(np.array(values, np.uint64), 3, return_indices=True)
    assert y.tolist() == [values[1]]
    assert index.tolist() == [1]


# ----------------------------------------------------------------------------------- means


@given(pools(), st.booleans(), st.sampled_from([None, None, 1, -2, 7]))
def test_means_are_those_of_the_windows(pool, count_include_pad, divisor_override):
    x, options, windows = pool
    sizes, call = x.shape[2:], AVG[len(windows)]
    arguments = options | {
        "count_include_pad": count_include_pad,
        "divisor_override": divisor_override,
    }
    if divisor_override is not None:
        divisor = divisor_override
    elif count_include_pad:
        low = [-before for before, _ in options["padding"]]
        high = [n + after for n, (_, after) in zip(sizes, options["padding"], strict=True)]
        divisor = counts(windows, low, high)
    elif border_alone(sizes, windows):
        with pytest.raises(ValueError, match="border alone"):
            call(x, **arguments)
        return
    else:
        divisor = counts(windows, [0] * len(sizes), sizes)
    np.testing.assert_array_equal(call(x, **arguments), naive_sums(x, windows, float) / divisor)


@given(pools(like_torch=True), st.booleans(), st.sampled_from([None, 3, -2]))
def test_torch_agrees_on_means(pool, count_include_pad, divisor_override):
    torch = pytest.importorskip("torch")
    x, options, windows = pool
    dims = len(windows)
    fits = all(k <= n for k, n in zip(options["kernel_size"], x.shape[2:], strict=True))
    assume(dims < 3 or fits)  # torch's avg_pool3d takes no kernel larger than the unpadded x
    options = {name: options[name] for name in ("kernel_size", "stride", "ceil_mode")} | {
        "padding": [before for before, _ in options["padding"]],
        "count_include_pad": count_include_pad,
    }
    if dims > 1:
        options["divisor_override"] = divisor_override
    theirs = getattr(torch.nn.functional, f"avg_pool{dims}d")(torch.from_numpy(x), **options)
    np.testing.assert_allclose(AVG[dims](x, **options), theirs.numpy(), rtol=1e-14, atol=1e-14)


def test_what_hangs_over_the_padding_is_not_counted():
    x = np.ones(4)
    hanging = {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}
    # Taps -1 0 1, 1 2 3, 3 4 5: the element at 4 is padding, that at 5 is past it.
    assert reference.avg_pool1d(x, **hanging).tolist() == [2 / 3, 1, 1 / 2]
    assert reference.avg_pool1d(x, **hanging, count_include_pad=False).tolist() == [1, 1, 1]
    assert reference.avg_pool1d(x, **hanging, divisor_override=-2).tolist() == [-1, -1.5, -0.5]


def test_a_mean_of_border_alone():
    """Taps of -1 and 1 straddle the only element."""
    around = {"kernel_size": 2, "padding": 1, "dilation": 2}
    assert reference.avg_pool1d([5.0], **around).tolist() == [0]
    assert reference.avg_pool1d([5.0], **around, count_include_pad=False, divisor_override=3) == 0
    with pytest.raises(ValueError, match="border alone"):
        reference.avg_pool1d([5.0], **around, count_include_pad=False)
    with pytest.raises(ValueError, match="border alone"):
        reference.max_pool1d([5.0], **around)
    assert reference.lp_pool1d([5.0], 2, **around).tolist() == [0]


def test_a_window_larger_than_the_axis_hangs_over():
    options = {"kernel_size": 5, "stride": 2}
    assert reference.max_pool1d([1, 2, 4, 3], **options, ceil_mode=True).tolist() == [4]
    assert reference.avg_pool1d([1, 2, 4, 3], **options, ceil_mode=True).tolist() == [2.5]
    for stride in (1, 2):  # a window starts further than a stride before the end of what it needs
        with pytest.raises(ValueError, match="empty"):
            reference.max_pool1d([1, 2, 4, 3], 4 + stride, stride, ceil_mode=True)
    with pytest.raises(ValueError, match="empty"):
        reference.max_pool1d([1, 2, 4, 3], **options)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", list(np.ndindex(4, 5)))
def test_what_is_not_finite_reaches_the_windows_that_hold_it(place, value):
    x = digits(0, 4, 5)
    x[place] = value
    windows = {"kernel_size": (2, 3), "stride": 1, "padding": (1, 0), "dilation": (2, 1)}
    hit = reference.max_pool2d(~np.isfinite(x), **windows)
    for y in (reference.avg_pool2d(x, **windows), reference.lp_pool2d(x, 3, **windows)):
        np.testing.assert_array_equal(np.isfinite(y), ~hit)
        np.testing.assert_array_equal(np.isnan(y), hit & np.isnan(value))
    complex_mean = reference.avg_pool2d(x + 1j, **windows)
    np.testing.assert_array_equal(complex_mean.real, reference.avg_pool2d(x, **windows))
    assert np.isfinite(complex_mean.imag).all()


# ----------------------------------------------------------------------------------- norms


@given(pools(), st.sampled_from([0.5, 1, 2, 3.0, np.float32(2.5)]))
def test_norms_are_those_of_the_windows(pool, p):
    x, options, windows = pool
    expected = naive_sums(x, windows, lambda value: abs(value) ** float(p)) ** (1 / float(p))
    y = LP[len(windows)](x, p, **options)
    np.testing.assert_allclose(y, expected, rtol=1e-13)


@given(pools(like_torch=True), st.sampled_from([1, 2, 3.5]))
def test_torch_agrees_on_norms(pool, p):
    torch = pytest.importorskip("torch")
    x, options, windows = pool
    dims, x = len(windows), np.abs(x)
    kernel = [min(k, n) for k, n in zip(options["kernel_size"], x.shape[2:], strict=True)]
    stride = options["stride"]
    if dims == 1:
        kernel, stride = kernel[0], stride[0]
    norm = getattr(torch.nn.functional, f"lp_pool{dims}d")
    theirs = norm(torch.from_numpy(x), p, kernel, stride)
    ours = LP[dims](x, p, kernel, stride)
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-13, atol=1e-13)


def test_norm_of_complex_numbers():
    assert reference.lp_pool1d([3 + 4j, 0], 1, 2).tolist() == [5]


# -------------------------------------------------------------------------------- adaptive


adaptive_axes = st.lists(st.tuples(st.integers(1, 7), st.integers(1, 5)), min_size=1, max_size=3)


@given(adaptive_axes, st.integers(0, 2**20), st.sets(st.integers(0, 2)))
def test_adaptive_windows_share_out_the_axes(axes, seed, kept):
    sizes = [n if len(axes) < 3 else min(n, 4) for n, _ in axes]
    x, dims = digits(seed, 2, *sizes), len(sizes)
    asked = [None if axis in kept else m for axis, (_, m) in enumerate(axes)]
    outputs = [n if m is None else m for n, m in zip(sizes, asked, strict=True)]
    windows = [shares_along(n, m) for n, m in zip(sizes, outputs, strict=True)]
    y, indices = ADAPTIVE_MAX[dims](x, asked, True)
    expected, places = naive_max(x, windows)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(indices, places)
    np.testing.assert_array_equal(ADAPTIVE_MAX[dims](x, asked), y)
    means = naive_sums(x, windows, float) / counts(windows, [0] * dims, sizes)
    np.testing.assert_array_equal(ADAPTIVE_AVG[dims](x, asked), means)

    torch = pytest.importorskip("torch")
    functional, tensor = torch.nn.functional, torch.from_numpy(x)
    size = outputs[0] if dims == 1 else outputs
    theirs = getattr(functional, f"adaptive_avg_pool{dims}d")(tensor, size)
    np.testing.assert_allclose(means, theirs.numpy(), rtol=1e-14, atol=1e-14)
    pooled = getattr(functional, f"adaptive_max_pool{dims}d")(tensor, size, return_indices=True)
    for ours, other in zip((y, indices), pooled, strict=True):
        np.testing.assert_array_equal(ours, other.numpy())


def test_one_window_is_the_plane():
    x = digits(0, 2, 3, 4, 5)
    np.testing.assert_array_equal(reference.adaptive_avg_pool2d(x, 1)[..., 0, 0], x.mean((2, 3)))
    np.testing.assert_array_equal(reference.adaptive_max_pool2d(x, [1])[..., 0, 0], x.max((2, 3)))
    np.testing.assert_array_equal(reference.adaptive_max_pool2d(x, (None, None)), x)
