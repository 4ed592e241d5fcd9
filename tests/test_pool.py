"""Pools against the reference, against what else they are equal to, and against torch."""

import inspect
import itertools

import numpy as np
import pytest
from enumeration import digits, windows_along
from hypothesis import assume, given
from hypothesis import strategies as st
from pools import (
    FLOATS,
    MAXIMA,
    NEEDS,
    POOLS,
    REAL,
    Pool,
    assert_equal,
    assert_pooled,
    few_values,
    flat_places,
    pools,
    types_of,
)
from problems import INTEGERS, TYPES, values

import cconv
from cconv import reference

pytestmark = pytest.mark.kernel

MAX = {1: cconv.max_pool1d, 2: cconv.max_pool2d, 3: cconv.max_pool3d}
AVG = {1: cconv.avg_pool1d, 2: cconv.avg_pool2d, 3: cconv.avg_pool3d}
LP = {1: cconv.lp_pool1d, 2: cconv.lp_pool2d, 3: cconv.lp_pool3d}
CONV = {1: cconv.conv1d, 2: cconv.conv2d, 3: cconv.conv3d}


def refused_by_reference(pool):
    try:
        pool.reference()
    except ValueError as error:
        return str(error)
    return None


# ------------------------------------------------------------------------------ the whole call


@given(pools())
def test_random_pools(pool):
    """The same result, or the same refusal."""
    refused = refused_by_reference(pool)
    if refused is not None:
        with pytest.raises(ValueError, match="border alone" if "border" in refused else "empty"):
            pool()
        return
    y = pool()
    assert type(y) is np.ndarray
    assert y.flags.c_contiguous
    assert y.flags.writeable
    assert_pooled(y, pool)


@given(pools(names=MAXIMA, valid=True), st.floats(0, 0.3), st.sampled_from([np.nan, -np.inf]))
def test_random_indices(pool, share, value):
    """Of x with NaNs and infinities, the place of each maximum, and the element there."""
    if pool.x.dtype in FLOATS:
        hit = np.random.default_rng(pool.x.size).random(pool.x.shape) < share
        pool.x[hit] = value
    y, indices = pool(return_indices=True)
    expected, places = pool.reference(return_indices=True)
    assert indices.dtype == np.int64
    assert indices.flags.c_contiguous
    np.testing.assert_array_equal(indices, places)
    assert_equal(y, expected)
    found = flat_places(pool, indices)
    assert_equal(y, found)
    if pool.x.dtype in FLOATS:  # which of the zeros
        number = ~np.isnan(y)
        np.testing.assert_array_equal(np.signbit(y)[number], np.signbit(found)[number])
    assert_equal(pool(), y)


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("channels_last", [False, True])
def test_every_type(name, dtype, channels_last):
    if dtype not in types_of(name):
        with pytest.raises(TypeError, match="complex"):
            getattr(cconv, f"{name}1d")(np.ones(4, dtype), **NEEDS[name])
        return
    shape = (2, 9, 33, 37) if channels_last else (2, 37, 9, 33)
    for seed in range(3):
        pool = Pool(name, 2, few_values(seed, shape, dtype), dict(NEEDS[name]))
        pool.options["channels_last"] = channels_last
        assert_pooled(pool(), pool)


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_integers_over_their_whole_range(dtype):
    """Maxima are compared exactly, means are taken in float64."""
    rng = np.random.default_rng(0)
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    top = rng.integers(max(low, high - 3), high, (5, 200), dtype, endpoint=True)
    bottom = rng.integers(low, low + 1, (5, 200), dtype, endpoint=True)
    for x in (top, bottom):
        for name in ("max_pool", "avg_pool", "lp_pool"):
            pool = Pool(name, 1, x, NEEDS[name] | {"kernel_size": 5, "stride": 1})
            assert_pooled(pool(), pool)
    mean = cconv.avg_pool1d(np.full(3, high, dtype), 3)
    assert mean.dtype == np.float64
    assert mean == float(high)


def test_sixteen_bits_are_summed_in_float32():
    assert cconv.avg_pool1d(np.full(8, 65504, np.float16), 8) == np.float16(65504)
    x = np.array([2048, 1, 1, 2], np.float16)
    assert cconv.avg_pool1d(x, 4) == np.float16(513)


# ------------------------------------------------------------------------------ layouts


@given(pools(valid=True))
def test_no_batch_no_channels_channels_last(pool):
    """One plane pooled by itself is that plane of the whole."""
    y, x = pool(), pool.x
    if pool.channels_last:
        y, x = np.moveaxis(y, -1, -1 - pool.dims), np.moveaxis(x, -1, -1 - pool.dims)
    options = pool.options | {"channels_last": False}
    for place in itertools.islice(np.ndindex(x.shape[: -pool.dims]), 20):
        one = pool(**options | {"x": x[place]})
        np.testing.assert_array_equal(y[place], one)
    while x.ndim < pool.dims + 2:
        x, y = x[None], y[None]
    last = pool(**options | {"x": np.moveaxis(x, 1, -1), "channels_last": True})
    np.testing.assert_array_equal(np.moveaxis(last, -1, 1), y)
    np.testing.assert_array_equal(pool(**options | {"x": x}), y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int8, np.int64])
@pytest.mark.parametrize("name", ["max_pool", "avg_pool"])
def test_whole_planes_have_the_bits_of_channels_last(name, dtype):
    """Of every width around a vector's, and of more rows or columns than are reduced at a time."""
    rng = np.random.default_rng(0)
    for sizes in [*((3, n) for n in range(1, 36)), (1, 1), (257, 2), (2, 257), (256, 256)]:
        x = (50 * rng.standard_normal((2, 21, *sizes))).astype(dtype)
        x[1, -1, -1, -1] = 100  # the last one
        y = getattr(cconv, f"{name}2d")(x, sizes)
        last = np.ascontiguousarray(np.moveaxis(x, 1, -1))
        expected = getattr(cconv, f"{name}2d")(last, sizes, channels_last=True)
        np.testing.assert_array_equal(y, np.moveaxis(expected, -1, 1))
        if name == "max_pool":
            np.testing.assert_array_equal(y, x.max((2, 3), keepdims=True))


def test_defaults_are_those_of_the_reference():
    for name, dims in itertools.product((*POOLS, "max_unpool"), (1, 2, 3)):
        ours, theirs = (getattr(m, f"{name}{dims}d") for m in (cconv, reference))
        defaults = [
            [(p.name, p.kind, p.default) for p in inspect.signature(f).parameters.values()]
            for f in (ours, theirs)
        ]
        assert defaults[0] == defaults[1]


# ------------------------------------------------------------------------------ sweeps


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.float16], ids=lambda t: t.__name__)
@pytest.mark.parametrize("name", ["max_pool", "avg_pool", "lp_pool"])
def test_every_border(name, dtype):
    """Every pair of paddings that a window of 5 may have, with and without gaps, either way."""
    for dilation, stride, ceil_mode in itertools.product((1, 2), (1, 2, 3), (False, True)):
        span = 4 * dilation + 1
        for before, after in itertools.product(range(span), range(span)):
            options = {"stride": stride, "dilation": dilation, "ceil_mode": ceil_mode}
            options |= {"kernel_size": 5, "padding": [(before, after)]}
            pool = Pool(name, 1, few_values(before, (2, 12), dtype), NEEDS[name] | options)
            assert_pooled(pool(), pool)


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_every_length_of_row(name, stride):
    """Every tail of a vector, without and with channels beside one another."""
    for n in range(3, 75):
        for x in (values(n, (2, n)), np.rint(8 * values(n, (2, n))).astype(np.uint8)):
            options = {"kernel_size": 3, "stride": stride}
            if name.startswith("adaptive"):
                options = {"output_size": -(-n // stride)}
            pool = Pool(name, 1, x, NEEDS[name] | options)
            y = pool()
            assert_pooled(y, pool)
            last = pool(x=np.ascontiguousarray(x.T), channels_last=True)
            np.testing.assert_array_equal(last.T, y)


@pytest.mark.parametrize("name", ["max_pool", "avg_pool"])
@pytest.mark.parametrize("kernel", [5, (1, 27), (6, 13)])
def test_rows_that_are_long_by_their_border(name, kernel):
    """Of fewer columns than windows slide over, and with the border of more."""
    tall, wide = (kernel, kernel) if isinstance(kernel, int) else kernel
    for n in range(40, 68):
        padding = [(tall - 1, 0), (wide - 1, wide - 1)]
        options = {"kernel_size": (tall, wide), "stride": 1, "padding": padding}
        pool = Pool(name, 2, values(n, (2, 30, n)), options)
        assert_pooled(pool(), pool)


@pytest.mark.parametrize("name", ["max_pool", "avg_pool"])
@pytest.mark.parametrize("rows", [2, 5, 18])
def test_squares_side_by_side(name, rows):
    """Of every length of row, and nothing is written before the results or after."""
    for n in range(2, 75):
        pool = Pool(name, 2, values(n, (3, rows, n)), {"kernel_size": 2, "stride": 2})
        expected = pool()
        assert_pooled(expected, pool)
        around = np.full(expected.size + 64, 7, np.float32)
        pool(out=around[32:-32].reshape(expected.shape))
        np.testing.assert_array_equal(around[32:-32], expected.ravel())
        assert (around[:32] == 7).all()
        assert (around[-32:] == 7).all()
        spread = np.full((3, 2 * rows, n + 5), np.nan, np.float32)[:, ::2, 1 : n + 1]
        spread[:] = pool.x
        np.testing.assert_array_equal(pool(x=spread), expected)


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8, np.float64])
def test_every_number_of_channels(name, dtype):
    options = {"channels_last": True}
    if not name.startswith("adaptive"):
        options |= {"kernel_size": (2, 3), "stride": (1, 2)}
    for channels in (*range(1, 70), 127, 1031, 4099):
        pool = Pool(name, 2, few_values(channels, (3, 5, channels), dtype), NEEDS[name] | options)
        assert_pooled(pool(), pool)


LARGE = {
    "more than a block of taps": ((3, 1000), {"kernel_size": 300, "stride": 7, "padding": 150}),
    "more rows than a block": ((600, 9), {"kernel_size": (520, 3), "stride": 1, "padding": (9, 1)}),
    "a volume of a window": ((21, 22, 23), {"kernel_size": (19, 20, 21), "stride": 1}),
    "beyond a row of scratch": ((2, 30_000), {"kernel_size": 10_000, "stride": 5000}),
    "wide rows": ((2, 100_000), {"kernel_size": 3, "stride": 999}),
    "gaps beyond the scratch": ((40_000,), {"kernel_size": 5, "dilation": 9000, "stride": 1000}),
    "gaps and many taps": ((70_000,), {"kernel_size": 600, "dilation": 100, "stride": 3000}),
    "one window for all": ((2, 50_000), {"output_size": 1}),
    "few windows": ((3, 40_001), {"output_size": 7}),
    "more windows than elements": ((2, 300), {"output_size": 1001}),
    "planes": ((2, 300, 301), {"output_size": (2, 1)}),
}


def axes_of(shape, options):
    sizes = options.get("kernel_size", options.get("output_size"))
    return len(sizes) if isinstance(sizes, tuple) else 1


@pytest.mark.parametrize(
    ("name", "which"),
    [
        (name, which)
        for name, which in itertools.product(POOLS, LARGE)
        if name.startswith("adaptive") == ("output_size" in LARGE[which][1])
    ],
)
def test_large_windows(name, which):
    shape, options = LARGE[which]
    for dtype in (np.float32, np.float16, np.int16):
        x = values(0, shape, dtype)
        pool = Pool(name, axes_of(shape, options), x, NEEDS[name] | options)
        assert_pooled(pool(), pool)
        if name in MAXIMA:
            np.testing.assert_array_equal(
                pool(return_indices=True)[1], pool.reference(return_indices=True)[1]
            )


@pytest.mark.parametrize("name", POOLS)
def test_large_windows_of_many_channels(name):
    options = {"channels_last": True} | NEEDS[name]
    if name.startswith("adaptive"):
        options["output_size"] = 2
    else:
        options |= {"kernel_size": 301, "stride": 10, "padding": 20}
    pool = Pool(name, 1, values(0, (700, 515)), options)
    assert_pooled(pool(), pool)


@pytest.mark.parametrize("dilation", [1, 100, 5000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_long_sums_keep_the_promise(dilation, dtype):
    """Chains of one number drift; in gaps too."""
    taps = 2**20 + 77
    x = np.broadcast_to(dtype(0.1), (taps - 1) * dilation + 1)
    promise = np.finfo(dtype).eps * (1024 + taps / 256)
    for y in (
        cconv.avg_pool1d(x, taps, dilation=dilation),
        cconv.lp_pool1d(x, 1, taps, dilation=dilation) / taps,
    ):
        np.testing.assert_allclose(y, x[:1].astype(float), rtol=promise, atol=0)
    plane = np.broadcast_to(dtype(0.1), (1031, 1021))
    mean = cconv.adaptive_avg_pool2d(plane, 1)
    np.testing.assert_allclose(mean, [[float(dtype(0.1))]], rtol=promise, atol=0)


@given(
    st.sampled_from(("max_pool", "avg_pool", "lp_pool")),
    st.sampled_from(("f4", "f8", "u1", "u2", "f2", "i4")),
    st.data(),
)
def test_windows_that_slide_by_one(name, dtype, data):
    """What neighbours have in common is computed once; over several bands of rows."""
    kernel = data.draw(st.tuples(st.integers(1, 20), st.integers(1, 20)))
    size = data.draw(st.tuples(st.integers(20, 90), st.integers(84, 200)))
    pads = [(data.draw(st.integers(0, k - 1)), data.draw(st.integers(0, k - 1))) for k in kernel]
    channels_last = data.draw(st.booleans())
    shape = (*size, 2) if channels_last else (1, *size)
    options = {"kernel_size": kernel, "stride": 1, "padding": pads, "channels_last": channels_last}
    options |= {"norm_type": 2} if name == "lp_pool" else {}
    pool = Pool(name, 2, values(data.draw(st.integers(0, 99)), shape, dtype), options)
    y = pool()
    assert_pooled(y, pool)
    with cconv.num_threads(3):
        assert pool().tobytes() == y.tobytes()


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (2, 3), (9, 1), (15, 1)])
@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
def test_pieces_of_long_rows(name, kernel, stride):
    """Rows that no cache holds are cut; each window is as if alone with its neighbours."""
    pool = getattr(cconv, name)
    x = values(0, (23, 70001))
    y = pool(x, kernel, stride)
    width = 1000
    for begin in (*range(0, y.shape[1] - width, width), y.shape[1] - width):
        columns = x[:, begin * stride : (begin + width - 1) * stride + kernel]
        np.testing.assert_array_equal(y[:, begin : begin + width], pool(columns, kernel, stride))


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_means_at_the_border(dtype, channels_last):
    """The first and last rows and columns have divisors of their own."""
    shape = (19, 21, 40) if channels_last else (5, 19, 21)
    options = {"kernel_size": (3, 5), "stride": (1, 2), "padding": (1, 2)}
    options |= {"count_include_pad": False, "channels_last": channels_last}
    pool = Pool("avg_pool", 2, values(0, shape, dtype), options)
    assert_pooled(pool(), pool)


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("channels_last", [False, True])
def test_windows_that_are_whole_rows(width, channels_last):
    """One result of each row, the rows one after the other."""
    shape = (7, width, 1) if channels_last else (2, 7, width)
    x = values(0, shape)
    y = cconv.max_pool2d(x, (1, width), channels_last=channels_last)
    np.testing.assert_array_equal(y, x.max(1 if channels_last else 2, keepdims=True))


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("stride", [1, 4, 5])
def test_few_channels_under_wide_gaps(dtype, stride):
    """Rows under a band that no cache holds, and rows that no window sees."""
    x = values(0, (19, 4300, 31), dtype)
    options = {"dilation": (3, 2000), "stride": (stride, 1), "channels_last": True}
    y = cconv.max_pool2d(x, (2, 3), **options)
    rows = np.maximum(x[:-3], x[3:])[::stride]
    columns = [rows[:, i * 2000 : i * 2000 + 300] for i in range(3)]
    np.testing.assert_array_equal(y, np.maximum(np.maximum(*columns[:2]), columns[2]))


@given(
    st.sampled_from(("max_pool", "avg_pool")),
    st.sampled_from(("f4", "f8", "u1", "i8", "c8")),
    st.data(),
)
def test_windows_of_many_channels(name, dtype, data):
    """Whole windows, a vector of channels each, or rows of windows: bits are those of planes."""
    if name == "max_pool" and dtype == "c8":
        dtype = "i2"
    two = st.tuples(st.integers(1, 4), st.integers(1, 4))
    kernel, stride = data.draw(two), data.draw(two)
    dilation = data.draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    pads = [(data.draw(st.integers(0, k - 1)), data.draw(st.integers(0, k - 1))) for k in kernel]
    size = data.draw(st.tuples(st.integers(7, 15), st.integers(7, 15)))
    channels = 128 // np.dtype(dtype).itemsize + data.draw(st.integers(-1, 70))
    x = values(data.draw(st.integers(0, 99)), (*size, channels), dtype)
    options = {"kernel_size": kernel, "stride": stride, "dilation": dilation, "padding": pads}
    pool = Pool(name, 2, x, options | {"channels_last": True})
    y = pool()
    assert_pooled(y, pool)
    planes = Pool(name, 2, np.ascontiguousarray(np.moveaxis(x, -1, 0)), options)
    assert np.moveaxis(planes(), 0, -1).tobytes() == y.tobytes()


@pytest.mark.parametrize("name", ["max_pool", "avg_pool"])
@pytest.mark.parametrize("channels", [32, 77])
def test_squares_of_many_channels(name, channels):
    """Those that slide by one share columns."""
    options = {"kernel_size": 3, "stride": 1, "padding": 1, "channels_last": True}
    pool = Pool(name, 2, values(0, (6, 9, channels)), options)
    assert_pooled(pool(), pool)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["max_pool", "avg_pool"])
def test_not_finite_under_windows_that_slide(name, value):
    """An image for each position of some rows: no output beyond the window is touched."""
    image = values(0, (9, 80))
    images = np.repeat(image[None], 4 * 80, 0)
    for i, place in enumerate(np.ndindex(4, 80)):
        images[i][place[0] * 2, place[1]] = value
    pool = Pool(name, 2, images, {"kernel_size": (7, 13), "stride": 1, "padding": ((3, 2), (0, 9))})
    y, expected = pool(), pool.reference()
    hit = ~np.isfinite(expected)
    np.testing.assert_array_equal(y[hit], expected[hit])
    clean = Pool(name, 2, image[None], pool.options)()
    same = hit if name == "avg_pool" else hit | (expected != clean)
    np.testing.assert_array_equal(y[~same], np.broadcast_to(clean, y.shape)[~same])


@pytest.mark.parametrize("name", ["max_pool", "avg_pool"])
@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "i2"])
def test_planes_of_short_rows_have_the_bits_of_channels_last(name, dtype):
    """Which they are turned into, some planes at a time."""
    for channels, rows, columns in itertools.product((3, 4, 15, 33, 70), (3, 8), (3, 8, 17)):
        x = values(0, (2, channels, rows, columns), dtype)
        last = np.ascontiguousarray(np.moveaxis(x, 1, -1))
        for kernel, stride, padding in ((3, 2, 1), (2, 1, 0)):
            options = {"kernel_size": kernel, "stride": stride, "padding": padding}
            pools = (
                Pool(name, 2, x, options),
                Pool(name, 2, last, options | {"channels_last": True}),
            )
            more = {"return_indices": True} if name == "max_pool" else {}
            first, second = (pool(**more) for pool in pools)
            for a, b in zip(first, second, strict=True) if more else [(first, second)]:
                np.testing.assert_array_equal(a, np.moveaxis(b, -1, 1))


def test_a_mean_of_2_to_the_26_float32_ones():
    one = np.broadcast_to(np.float32(1), 2**26)
    assert cconv.adaptive_avg_pool1d(one, 1) == 1
    assert cconv.avg_pool1d(one, 2**26) == 1
    assert cconv.adaptive_avg_pool2d(one.reshape(2**13, 2**13), 1) == 1


@pytest.mark.parametrize("name", ["max_pool", "avg_pool", "lp_pool"])
def test_windows_far_larger_than_the_axis(name):
    """Taps in the border cost nothing."""
    x = np.arange(5.0) + 1
    options = NEEDS[name] | {"kernel_size": 2**40, "padding": 2**39}
    y = getattr(cconv, f"{name}1d")(x, **options)
    expected = {"max_pool": 5, "avg_pool": 15 / 2**40, "lp_pool": 55**0.5}
    np.testing.assert_allclose(y, [expected[name]], rtol=1e-15)


def test_places_of_maxima_under_wide_gaps():
    """Only the taps are looked at, not what lies between."""
    x = np.random.default_rng(0).permutation(2**20).astype(np.float32)
    y, indices = cconv.max_pool1d(x, 3, 5, dilation=2**18, return_indices=True)
    taps = np.arange(y.size)[:, None] * 5 + np.arange(3) * 2**18
    np.testing.assert_array_equal(indices, taps[np.arange(y.size), x[taps].argmax(1)])
    np.testing.assert_array_equal(y, x[indices])


# ------------------------------------------------------------------------------ identities


@given(pools(names=["avg_pool"], types=[np.dtype("f8"), np.dtype("c16")]))
def test_an_average_is_a_convolution_with_a_box(pool):
    """Of whole numbers, whose sums are exact, times the divisor."""
    pool.x, pool.options["ceil_mode"] = np.rint(8 * pool.x), False
    pool.options |= {"count_include_pad": True, "divisor_override": 1}
    kernel = np.broadcast_to(pool.options["kernel_size"], pool.dims)
    stride = pool.options["stride"]
    stride = kernel if stride is None or np.size(stride) == 0 else stride
    options = {name: pool.options[name] for name in ("padding", "dilation", "channels_last")}
    x = pool.x
    assume(refused_by_reference(pool) is None)
    y = pool()
    box = CONV[pool.dims](x, np.ones(kernel, x.dtype), stride=stride, **options)
    np.testing.assert_array_equal(y, box)


@given(pools(names=["max_pool"], types=[np.dtype("f4"), np.dtype("f8")], words=False))
def test_a_maximum_is_that_of_shifted_images_in_a_border_of_minus_infinity(pool):
    assume(refused_by_reference(pool) is None)
    dims, last = pool.dims, pool.channels_last
    kernel, dilation = (
        np.broadcast_to(pool.options[name], dims) for name in ("kernel_size", "dilation")
    )
    y, x = pool(), pool.x
    if last:
        y, x = np.moveaxis(y, -1, -1 - dims), np.moveaxis(x, -1, -1 - dims)
    stride = pool.options["stride"]
    stride = kernel if stride is None or np.size(stride) == 0 else np.broadcast_to(stride, dims)
    pairs = cconv.shapes.resolve_padding(pool.options["padding"], x.shape[-dims:], kernel, 1, 1)
    reach = dilation * (kernel - 1) + (np.array(y.shape[-dims:]) - 1) * stride + 1
    far = [
        max(after, int(r) - n - before)
        for (before, after), r, n in zip(pairs, reach, x.shape[-dims:], strict=True)
    ]
    border = [(0, 0)] * (x.ndim - dims)
    border += [(before, after) for (before, _), after in zip(pairs, far, strict=True)]
    padded = cconv.pad(x, border, constant_values=-np.inf)
    expected = np.full(y.shape, -np.inf, x.dtype)
    for tap in np.ndindex(*kernel):
        cut = tuple(
            slice(t * d, t * d + (m - 1) * s + 1, s)
            for t, d, m, s in zip(tap, dilation, y.shape[-dims:], stride, strict=True)
        )
        np.maximum(expected, padded[(..., *cut)], out=expected)
    np.testing.assert_array_equal(y, expected)


@given(pools(names=["max_pool"], types=REAL, valid=True))
def test_a_minimum_is_the_maximum_upside_down(pool):
    """Of integers, whose order ~x turns around; of floats -x does."""
    integer = pool.x.dtype in INTEGERS
    turned = ~pool.x if integer else -pool.x
    low = pool(x=turned)
    low = ~low if integer else -low
    assert (low <= pool()).all()
    same = pool(x=np.maximum(pool.x, pool.x.max()))
    assert (same == pool.x.max()).all()


@given(pools(names=["lp_pool"], types=[np.dtype("f8")]))
def test_norms_of_1_and_2_are_sums(pool):
    """Through averages, which count no border: |x|, and x squared."""
    options = {k: v for k, v in pool.options.items() if k != "norm_type"}
    options["divisor_override"] = 1
    if refused_by_reference(pool) is not None:
        return
    x, average = np.rint(8 * pool.x), AVG[pool.dims]
    np.testing.assert_array_equal(pool(x=x, norm_type=1), average(abs(x), **options))
    np.testing.assert_array_equal(pool(x=x, norm_type=2), np.sqrt(average(x * x, **options)))


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 4)), min_size=1, max_size=3))
def test_adaptive_pools_that_divide_evenly_are_pools(axes):
    dims, kernel = len(axes), [k for _, k in axes]
    x = values(0, (3, *(m * k for m, k in axes)))
    size = [m for m, _ in axes]
    for name in ("max_pool", "avg_pool"):
        plain = getattr(cconv, f"{name}{dims}d")(x, kernel)
        np.testing.assert_array_equal(getattr(cconv, f"adaptive_{name}{dims}d")(x, size), plain)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, np.int64, bool])
def test_global_pools_are_those_of_numpy(dtype):
    x = few_values(0, (3, 5, 41, 43), dtype)
    np.testing.assert_array_equal(cconv.adaptive_max_pool2d(x, 1)[..., 0, 0], x.max((2, 3)))
    mean = cconv.adaptive_avg_pool2d(x, 1)[..., 0, 0]
    np.testing.assert_allclose(mean, x.mean((2, 3), np.float64), rtol=2e-5, atol=1e-6)
    np.testing.assert_array_equal(cconv.adaptive_max_pool2d(x, None), x)
    np.testing.assert_array_equal(cconv.adaptive_avg_pool2d(x, (None, None)), x.astype(mean.dtype))


# ------------------------------------------------------------------------------ torch


@st.composite
def as_torch(draw):
    """Windows that torch takes: as much padding on both sides, at most half the kernel."""
    dims = draw(st.integers(1, 3))
    axes = draw(
        st.lists(
            st.tuples(
                st.integers(1, {1: 60, 2: 15, 3: 6}[dims]),
                st.integers(1, 4),
                st.integers(1, 3),
                st.integers(0, 2),
                st.integers(1, 2),
            ),
            min_size=dims,
            max_size=dims,
        )
    )
    sizes, kernel, stride, padding, dilation = (
        list(entries) for entries in zip(*axes, strict=True)
    )
    padding = [min(p, k // 2) for p, k in zip(padding, kernel, strict=True)]
    sizes = [
        max(n, d * (k - 1) + 1) for n, k, d in zip(sizes, kernel, dilation, strict=True)
    ]  # torch's averages take no kernel larger than x
    options = {"kernel_size": kernel, "stride": stride, "padding": padding}
    options |= {"ceil_mode": draw(st.booleans())}
    windows = zip(sizes, kernel, stride, padding, dilation, strict=True)
    assume(all(windows_along(n, k, s, p, p, d, False) for n, k, s, p, d in windows))
    return digits(draw(st.integers(0, 99)), 2, 3, *sizes), options, dilation


@given(as_torch(), st.booleans(), st.sampled_from([None, 3, -2]))
def test_torch_agrees(case, count_include_pad, divisor):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    x, options, dilation = case
    dims, tensor = x.ndim - 2, torch.from_numpy(x)
    pooled = getattr(functional, f"max_pool{dims}d")(
        tensor, **options, dilation=dilation, return_indices=True
    )
    ours = MAX[dims](x, **options, dilation=dilation, return_indices=True)
    for one, other in zip(ours, pooled, strict=True):
        np.testing.assert_array_equal(one, other.numpy())

    average = options | {"count_include_pad": count_include_pad}
    if dims > 1:
        average["divisor_override"] = divisor
    theirs = getattr(functional, f"avg_pool{dims}d")(tensor, **average).numpy()
    np.testing.assert_allclose(AVG[dims](x, **average), theirs, rtol=1e-14, atol=1e-14)

    kernel, stride = options["kernel_size"], options["stride"]
    arguments = (kernel, stride) if dims > 1 else (kernel[0], stride[0])
    norm = getattr(functional, f"lp_pool{dims}d")(tensor.abs(), 3, *arguments)
    np.testing.assert_allclose(LP[dims](x, 3, *arguments), norm.numpy(), rtol=1e-12)


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(1, 9)), min_size=1, max_size=3),
    st.integers(0, 99),
)
def test_torch_agrees_on_adaptive_pools(axes, seed):
    torch = pytest.importorskip("torch")
    functional, dims = torch.nn.functional, len(axes)
    x, size = digits(seed, 2, 2, *(n for n, _ in axes)), [m for _, m in axes]
    tensor, asked = torch.from_numpy(x), size[0] if dims == 1 else size
    theirs = getattr(functional, f"adaptive_avg_pool{dims}d")(tensor, asked).numpy()
    ours = getattr(cconv, f"adaptive_avg_pool{dims}d")(x, size)
    np.testing.assert_allclose(ours, theirs, rtol=1e-14, atol=1e-14)
    call = getattr(functional, f"adaptive_max_pool{dims}d")
    for one, other in zip(
        getattr(cconv, f"adaptive_max_pool{dims}d")(x, size, True),
        call(tensor, asked, return_indices=True),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other.numpy())
