"""Pools give the same bits whatever does not matter; what is not finite stays in its windows."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from memory import LAYOUTS, layouts
from pools import FLOATS, MAXIMA, NEEDS, POOLS, Pool, assert_equal, pools, types_of
from problems import TYPES, values

import cconv

pytestmark = pytest.mark.kernel


def parts(result):
    return result if isinstance(result, tuple) else (result,)


def assert_same_bits(ours, theirs):
    for a, b in zip(parts(ours), parts(theirs), strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        assert a.tobytes() == b.tobytes()


# Enough work for several threads, and sizes that no tile divides.
BUSY = {
    "planes": ((3, 13, 137, 141), {"kernel_size": 3, "stride": 2, "padding": 1}),
    "wide": ((5, 60_013), {"kernel_size": 37, "stride": 1, "padding": [(20, 3)]}),
    "volume": ((2, 5, 23, 37, 41), {"kernel_size": (3, 2, 5), "dilation": (1, 2, 1), "stride": 1}),
    "long": ((3, 300_007), {"kernel_size": 70_000, "stride": 20_000}),
    "shares": ((3, 13, 137, 141), {"output_size": (5, 17)}),
    "one": ((7, 501, 503), {"output_size": 1}),
}


def busy(name, which, channels_last):
    shape, options = BUSY[which]
    dims = {2: 1, 3: 2, 4: 2, 5: 3}[len(shape)]
    x = values(0, shape)
    if channels_last:
        x = np.ascontiguousarray(np.moveaxis(x, -1 - dims, -1))
    return Pool(name, dims, x, NEEDS[name] | options | {"channels_last": channels_last})


@pytest.mark.parametrize(
    ("name", "which"),
    [
        (name, which)
        for name, which in itertools.product(POOLS, BUSY)
        if name.startswith("adaptive") == ("output_size" in BUSY[which][1])
    ],
)
@pytest.mark.parametrize("channels_last", [False, True])
def test_threads_and_runs(name, which, channels_last):
    pool = busy(name, which, channels_last)
    calls = [{}, {"return_indices": True}] if name in MAXIMA and which != "long" else [{}]
    for changes in calls:
        with cconv.num_threads(1):
            expected = pool(**changes)
        for threads in (1, 2, 5):
            with cconv.num_threads(threads):
                assert_same_bits(pool(**changes), expected)


@pytest.mark.parametrize(
    ("name", "dtype"), [(name, dtype) for name in POOLS for dtype in types_of(name)], ids=str
)
def test_layouts(name, dtype):
    changes = {"return_indices": True} if name in MAXIMA else {}
    options = NEEDS[name]
    if not name.startswith("adaptive"):
        options = options | {"kernel_size": (2, 3), "stride": (1, 2), "padding": (1, 0)}
    for shape, last in (((2, 3, 7, 21), False), ((2, 7, 9, 19), True)):
        pool = Pool(name, 2, values(0, shape, dtype), options | {"channels_last": last})
        expected = pool(**changes)
        for place, layout in LAYOUTS.items():
            if place in ("in gaps", "middle of more") and dtype.kind in "biu":
                continue  # these lie between NaNs, and no integer is one
            x = layout(pool.x)
            before = x.tobytes()
            assert_same_bits(pool(x=x, **changes), expected)
            assert x.tobytes() == before


@given(pools(valid=True), layouts())
def test_random_layouts_and_out(pool, layout):
    expected = pool()
    out = np.empty_like(expected)
    with cconv.num_threads(3):
        assert pool(x=layout(pool.x), out=out) is out
    assert_same_bits(out, expected)
    if pool.name in MAXIMA:
        changes = {"return_indices": True, "out": np.empty_like(expected)}
        y, indices = pool(x=layout(pool.x), **changes)
        assert y is changes["out"]
        assert_same_bits((y, indices), pool(return_indices=True))


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_alignments(name, dtype):
    """Every offset of x and out within a cache line."""
    pool = Pool(name, 1, values(0, 67, dtype), NEEDS[name])
    expected = pool()
    block = np.zeros(pool.x.nbytes + expected.nbytes + 200, np.uint8)
    for offset in range(67):
        x = block[offset : offset + pool.x.nbytes].view(dtype)
        x[...] = pool.x
        assert_same_bits(pool(x=x), expected)
        out = block[offset : offset + expected.nbytes].view(expected.dtype)
        assert_same_bits(pool(out=out), expected)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("divisor", [None, 3, -3])
def test_means_of_negative_zeros(dtype, divisor):
    """Sums begin at zero, whichever way they are taken."""
    x = np.full((3, 19, 18), -0.0, dtype)
    for kernel, stride, channels_last in itertools.product((1, 2, 3, 13), (1, 2), (False, True)):
        options = {"kernel_size": kernel, "stride": stride, "channels_last": channels_last}
        for place in (x, x[..., :13], x[:, ::-1, ::-1], x[:, :13, :1].swapaxes(1, 2), x[:, :13]):
            if place.shape[-1 - channels_last] >= kernel:
                pool = Pool("avg_pool", 1, place, options | {"divisor_override": divisor})
                assert (np.signbit(pool()) == (divisor == -3)).all()


@pytest.mark.parametrize("kernel", [(3, 2), (5, 4), (7, 6)])
def test_means_of_the_least_numbers(kernel):
    """Halfway between two of them every layout rounds alike, in vectors of every length."""
    least = np.float32(2**-149)
    x = np.random.default_rng(0).integers(0, 9, (21, 17, 47)).astype(np.float32) * least
    for padding, stride in itertools.product((0, 1), (1, 2)):
        options = {"kernel_size": kernel, "stride": stride, "padding": padding}
        planes = cconv.avg_pool2d(x, **options)
        last = cconv.avg_pool2d(np.moveaxis(x, 0, -1).copy(), **options, channels_last=True)
        assert_same_bits(np.moveaxis(last, -1, 0), planes)
        assert_same_bits(cconv.avg_pool2d(x[3:5, :, :], **options), planes[3:5])


def test_overlapping_and_repeated_elements():
    x = np.lib.stride_tricks.sliding_window_view(values(0, 40), 16)  # rows share elements
    for name in POOLS:
        assert_same_bits(Pool(name, 2, x, NEEDS[name])(), Pool(name, 2, x.copy(), NEEDS[name])())
        one = np.broadcast_to(np.float32(2), (2, 3, 8, 8))
        assert_same_bits(Pool(name, 2, one, NEEDS[name])(), Pool(name, 2, one + 0, NEEDS[name])())


@pytest.mark.parametrize("step", [1, -1])
def test_nothing_is_copied_that_need_not_be(step):
    """64 GB of zero strides are read in place."""
    x = np.broadcast_to(np.float32(3), (2, 2**33))[:, ::step]
    for name in ("max_pool", "avg_pool"):
        y = Pool(name, 1, x, {"kernel_size": 3, "stride": 2**31, "padding": 1})()
        np.testing.assert_array_equal(y[:, 1:], np.full((2, 3), 3))


# ------------------------------------------------------------------------ what is not finite


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_a_nan_or_maximum_in_every_lane(dtype):
    """At each place of rows up to two vectors and one long, in windows of every kind of stride."""
    lanes = 64 // dtype.itemsize
    for n in (1, 2, 3, lanes - 1, lanes, lanes + 1, 2 * lanes + 1):
        x = np.broadcast_to(-1 - np.arange(n) % 3, (n, n)).astype(dtype)
        for value in (np.nan, np.inf, 5):
            np.fill_diagonal(x, value)
            for kernel, stride in ((1, 1), (2, 1), (3, 2), (n, n), (2, 3)):
                if kernel > n:
                    continue
                pool = Pool("max_pool", 1, x, {"kernel_size": kernel, "stride": stride})
                y, indices = pool(return_indices=True)
                starts = np.arange(y.shape[1]) * stride
                held = (starts <= np.arange(n)[:, None]) & (np.arange(n)[:, None] < starts + kernel)
                hit = np.isnan(y) if np.isnan(value) else y == np.array(value, dtype)
                np.testing.assert_array_equal(hit, held)
                at = np.broadcast_to(np.arange(n)[:, None], held.shape)
                np.testing.assert_array_equal(indices[held], at[held])
                assert_equal(pool(), y)
                last = pool(x=np.ascontiguousarray(x.T), channels_last=True)
                assert_equal(np.ascontiguousarray(last.T), y)


@pytest.mark.parametrize("dtype", [d for d in TYPES if d.kind in "iu"], ids=str)
def test_a_maximum_of_integers_in_every_lane(dtype):
    lanes, low = 64 // dtype.itemsize, np.iinfo(dtype).min
    for n in (1, lanes - 1, lanes, lanes + 1, 2 * lanes + 1):
        for least, most in ((low, low + 1), (0, np.iinfo(dtype).max)):
            x = np.full((n, n), least, dtype)
            np.fill_diagonal(x, most)
            y, indices = cconv.max_pool1d(x, n, return_indices=True)
            assert (y == most).all()
            np.testing.assert_array_equal(indices[:, 0], np.arange(n))
            assert (cconv.max_pool1d(x, n) == most).all()
            assert (cconv.adaptive_max_pool1d(x.T.copy(), 1, channels_last=True) == most).all()


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", POOLS)
def test_not_finite_at_every_position(name, value, dtype):
    """As in the reference; all else keeps its bits."""
    options = {"kernel_size": (2, 3), "stride": (1, 2), "padding": (1, 1), "dilation": (2, 1)}
    if name.startswith("adaptive"):
        options = {"output_size": (3, 4)}
    pool = Pool(name, 2, values(0, (2, 5, 7), dtype), NEEDS[name] | options)
    clean = pool()
    for place in np.ndindex(pool.x.shape):
        pool.x[place], before = value, pool.x[place]
        y, expected = pool(), pool.reference()
        hit = ~np.isfinite(expected)
        assert hit.any() or name in MAXIMA
        assert_equal(y[hit], expected[hit])
        np.testing.assert_array_equal(np.isfinite(y), ~hit)
        if name in MAXIMA:
            with_indices, indices = pool(return_indices=True)
            assert_equal(with_indices, expected)
            np.testing.assert_array_equal(indices, pool.reference(return_indices=True)[1])
        else:
            assert_same_bits(y[~hit], clean[~hit])
        pool.x[place] = before


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_not_finite_parts_of_complex_numbers(dtype, value):
    """A mean's parts are apart; a norm takes both."""
    x = values(0, 40, dtype)
    x.imag[17] = value
    y = cconv.avg_pool1d(x, 3, 1)
    assert np.isfinite(y.real).all()
    assert np.flatnonzero(~np.isfinite(y.imag)).tolist() == [15, 16, 17]
    assert np.flatnonzero(~np.isfinite(cconv.lp_pool1d(x, 2, 3, 1))).tolist() == [15, 16, 17]


def test_infinities_that_cancel_are_nan():
    assert np.isnan(cconv.avg_pool1d([np.inf, -np.inf, 1.0], 3)).all()
    assert cconv.lp_pool1d([np.inf, -np.inf, 1.0], 3, 3) == np.inf


# ------------------------------------------------------------------------ ties


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_windows_of_minus_infinity(dtype):
    """The border does not win, nor does an index of nothing: the first element does."""
    x = np.full((3, 5, 9), -np.inf, dtype)
    pool = Pool("max_pool", 2, x, {"kernel_size": 3, "stride": 1, "padding": 1})
    y, indices = pool(return_indices=True)
    assert (y == -np.inf).all()
    assert (pool() == -np.inf).all()
    np.testing.assert_array_equal(indices, pool.reference(return_indices=True)[1])
    assert indices.min() == 0
    assert indices.max() < 45


@pytest.mark.parametrize("dtype", [d for d in TYPES if d.kind in "iu"], ids=str)
def test_windows_of_the_least_integer(dtype):
    x = np.full((4, 9), np.iinfo(dtype).min, dtype)
    y, indices = cconv.max_pool2d(x, 3, 1, 1, return_indices=True)
    assert (y == x[0, 0]).all()
    assert (cconv.max_pool2d(x, 3, 1, 1) == x[0, 0]).all()
    assert indices[0].tolist() == [0, 0, 1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("dtype", [d for d in TYPES if d.kind not in "bc"], ids=str)
@pytest.mark.parametrize("kernel", [(2, 2), (3, 3), (1, 5), (13, 12)])
def test_ties_in_long_rows(dtype, kernel):
    """Few values, the least one and NaN among them, in rows of more than a vector."""
    rng = np.random.default_rng(0)
    least = -np.inf if dtype in FLOATS else np.iinfo(dtype).min
    few = [least, least, least, 0, 1, np.nan if dtype in FLOATS else 1]
    x = np.array(few, dtype)[rng.integers(len(few), size=(2, kernel[0] + 2, 150))]
    x[:, :, :40] = few[0]
    for stride, padding, dilation in itertools.product((1, 2), (0, 1), (1, 2)):
        if padding > min(kernel) // 2 or dilation * (kernel[0] - 1) >= x.shape[1]:
            continue
        options = {"stride": stride, "padding": padding, "dilation": dilation}
        pool = Pool("max_pool", 2, x, {"kernel_size": kernel} | options)
        y, indices = pool(return_indices=True)
        expected, places = pool.reference(return_indices=True)
        assert_equal(y, expected)
        assert_equal(pool(), expected)
        np.testing.assert_array_equal(indices, places)


def test_the_first_of_equals():
    assert cconv.max_pool2d(np.zeros((40, 50)), (40, 50), return_indices=True)[1] == 0
    nans = np.full((3, 4), np.nan)
    assert cconv.max_pool2d(nans, (3, 4), return_indices=True)[1] == 0
    x = np.array([3.0, np.nan, np.inf, np.nan])
    assert cconv.max_pool1d(x, 4, return_indices=True)[1] == 1
    zeros = np.array([-0.0, 0.0, 0.0, -0.0])
    y, indices = cconv.max_pool1d(zeros, 2, return_indices=True)
    assert np.signbit(y).tolist() == [True, False]
    assert indices.tolist() == [0, 2]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zeros_under_long_rows(dtype):
    """Along a row the first zero is kept by every tail of a vector."""
    for n in range(1, 40):
        pairs = np.resize(np.array([0.0, -0.0, -0.0, 0.0], dtype), 2 * n)
        y = cconv.max_pool1d(pairs, 2)
        np.testing.assert_array_equal(np.signbit(y), np.arange(n) % 2 == 1)


# ------------------------------------------------------------------------ pieces


@given(pools(valid=True), st.data())
def test_pieces_of_the_batch(pool, data):
    assume(pool.x.ndim == pool.dims + 2)
    whole = pool()
    cut = data.draw(st.integers(0, len(pool.x)))
    pieces = [pool(x=pool.x[:cut]), pool(x=pool.x[cut:])]
    assert_same_bits(np.concatenate(pieces), whole)
