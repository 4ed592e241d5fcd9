"""The same bits whatever does not matter; what is not finite stays in its window."""

import hashlib
import itertools
import os

import child
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory import LAYOUTS, filled, fresh, layouts
from problems import (
    ACTIVATIONS,
    GENERAL,
    HALVES,
    MODES,
    ROOMS,
    TYPES,
    Case,
    assert_promised,
    cases,
    values,
)
from problems import FLOATS as FLOAT_TYPES

import cconv

pytestmark = pytest.mark.kernel

FLOATS = (np.float32, np.float64)
by_room = pytest.mark.parametrize("algorithm", GENERAL)
by_algorithm = pytest.mark.parametrize("algorithm", ["auto", *GENERAL])


def assert_same_bits(a, b):
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    assert a.tobytes() == b.tobytes()


# Enough work for several threads, and sizes that no tile divides.
BUSY = {
    "planes": Case(2, values(0, (3, 13, 37, 41)), values(1, (29, 13, 3, 3)), values(2, 29)),
    "pointwise": Case(2, values(0, (2, 67, 29, 31)), values(1, (53, 67, 1, 1))),
    "groups": Case(2, values(0, (2, 30, 45, 43)), values(1, (30, 1, 5, 5)), values(2, 30)),
    "image": Case(2, values(0, (517, 331)), values(1, (7, 7))),
    "product": Case(2, values(0, (517, 431)), np.outer(values(1, 9), values(2, 9))),
    "box": Case(2, values(0, (517, 431)), np.full((9, 11), 0.1, np.float32)),
    "float64": Case(2, values(0, (2, 9, 31, 33), "f8"), values(1, (25, 9, 3, 3), "f8")),
    "signal": Case(1, values(0, (2, 5, 5003)), values(1, (17, 5, 9))),
    "volume": Case(3, values(0, (1, 6, 13, 17, 19)), values(1, (11, 6, 3, 3, 3))),
    "long sums": Case(2, values(0, (1, 301, 19, 21)), values(1, (53, 301, 3, 3))),
}
BUSY["groups"].options["groups"] = 30
ONLY = {"product": ["separable"], "box": ["separable"]}  # what "image" says of the others
for name in ("planes", "groups", "image", "product", "box", "volume"):
    BUSY[name].options.update(padding=2, padding_mode="reflect", stride=1 + (name == "groups"))
busy = pytest.mark.parametrize(
    ("case", "algorithm"),
    [
        pytest.param(case, algorithm, id=f"{name}-{algorithm}")
        for name, case in BUSY.items()
        for algorithm in ("auto", *(ONLY.get(name) or case.rooms()))
    ],
)


# ------------------------------------------------------------------------ threads, runs, memory


@busy
@pytest.mark.parametrize("channels_last", [False, True])
def test_threads(case, algorithm, channels_last):
    changes = {"algorithm": algorithm, "channels_last": channels_last}
    if channels_last:
        bare = case.weight.ndim == case.dims
        x = np.stack([case.x] * 3, -1) if bare else np.moveaxis(case.x, -1 - case.dims, -1)
        changes["x"] = np.ascontiguousarray(x)
    with cconv.num_threads(1):
        expected = case(**changes)
    for threads in (2, 3, 4, 5, 8):
        with cconv.num_threads(threads):
            assert_same_bits(case(**changes), expected)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_threads_in_every_type(dtype, channels_last):
    shape = (3, 37, 41, 26) if channels_last else (3, 26, 37, 41)
    case = Case(2, values(0, shape, dtype), values(1, (30, 13, 3, 3), dtype), values(2, 30, dtype))
    case.options.update(groups=2, padding=1, channels_last=channels_last)
    for algorithm in case.rooms():
        with cconv.num_threads(1):
            expected = case(algorithm=algorithm)
        for threads in (2, 5):
            with cconv.num_threads(threads):
                assert_same_bits(case(algorithm=algorithm), expected)


@busy
def test_threads_are_used(case, algorithm):
    """Else the tests above compare nothing."""
    with cconv.num_threads(5):
        options = case.options | {"algorithm": algorithm}
        arrays = case.x, case.weight, case.bias
        told = cconv.explain(f"conv{case.dims}d", *arrays, **options)
    assert told.threads >= 2


def test_every_algorithm_is_busy():
    assert {algorithm for case in BUSY.values() for algorithm in case.rooms()} == set(ROOMS)


@busy
def test_runs(case, algorithm):
    expected = case(algorithm=algorithm)
    with cconv.num_threads(4):
        for _ in range(20):
            assert_same_bits(case(algorithm=algorithm), expected)


def test_processes():
    """The same level, forced: what another process sums has the same bits."""
    code = f"""
import sys
sys.path.insert(0, {os.path.dirname(__file__)!r})
from test_conv_bits import BUSY, digest
print(digest(BUSY))
"""
    level = cconv.show_config("dicts")["isa"]["in_use"]
    assert child.run(code, CCONV_ISA=level) == digest(BUSY)


def digest(cases):
    activation = itertools.cycle((None, *ACTIVATIONS))
    results = [
        case(activation=next(activation), algorithm=algorithm).tobytes()
        for case in cases.values()
        for algorithm in case.rooms()
    ]
    return hashlib.sha256(b"".join(results)).hexdigest()


@busy
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_layouts(layout, case, algorithm):
    bias = None if case.bias is None else layout(case.bias)
    arrays = {"x": layout(case.x), "weight": layout(case.weight), "bias": bias}
    assert_same_bits(case(**arrays, algorithm=algorithm), case(algorithm=algorithm))


@given(cases(types=TYPES), layouts(), layouts(), st.sampled_from((None, *ACTIVATIONS)))
def test_random_layouts_and_out(case, of_x, of_weight, activation):
    activation = activation if case().dtype.kind in "fV" else None
    expected = case(activation=activation)
    out = np.empty_like(expected)
    arrays = {"x": of_x(case.x), "weight": of_weight(case.weight)}
    with cconv.num_threads(3):
        assert_same_bits(case(**arrays, out=out, activation=activation), expected)


@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_alignments(dtype):
    """Every offset of x and out within two cache lines."""
    case = Case(1, values(0, 67, dtype), values(1, 5, dtype))
    x = case.x
    for algorithm, offset in itertools.product(case.rooms(), range(130)):
        case.options["algorithm"] = algorithm
        expected = case()
        block = np.zeros(8 * x.nbytes + 200, np.uint8)
        at = block[offset : offset + x.nbytes].view(dtype)
        at[...] = x
        assert_same_bits(case(x=at), expected)
        out = block[offset : offset + expected.nbytes].view(expected.dtype)
        assert_same_bits(case(out=out), expected)


@pytest.mark.parametrize("groups", [1, 24])
def test_alignments_of_pixels(groups):
    """Of many channels, which a room may read and write where they are."""
    x, weight = values(0, (5, 6, 24)), values(1, (24, 24 // groups, 3, 3))
    case = Case(2, x, weight, None, {"channels_last": True, "groups": groups})
    for algorithm, offset in itertools.product(case.rooms(), range(66)):
        case.options["algorithm"] = algorithm
        expected = case()
        out = fresh(expected.shape, expected.dtype, offset)
        assert_same_bits(case(x=filled(fresh(x.shape, x.dtype, offset), x), out=out), expected)


@given(cases(types=TYPES, auto=False), st.sampled_from((None, *ACTIVATIONS)))
def test_layer_and_function(case, activation):
    activation = activation if case().dtype.kind in "fV" else None
    layer = case.layer(activation=activation)
    for _ in range(2):
        assert_same_bits(layer(case.x), case(activation=activation))


# ------------------------------------------------------------------------ pieces


@given(cases(bare=False, types=TYPES, auto=False), st.data())
def test_pieces_of_the_batch(case, data):
    if case.x.ndim == case.dims + 1:
        case.x = np.stack([case.x] * 5)
        case.x[1:, 0] = case.x[0, -1]
    whole, cut = case(), data.draw(st.integers(0, len(case.x)))
    pieces = [case(x=piece) for piece in (case.x[:cut], case.x[cut:])]
    assert_same_bits(np.concatenate(pieces), whole)


@by_room
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", FLOATS)
def test_chunks_of_the_plane(mode, stride, dtype, algorithm):
    """Tiles with the rim that their windows need, from a plane with its border, as the whole."""
    x, kernel = values(0, (71, 83), dtype), values(1, (5, 3), dtype)
    options = {"stride": stride, "algorithm": algorithm}
    whole = cconv.conv2d(x, kernel, padding=((3, 2), (2, 4)), padding_mode=mode, **options)
    reach = tuple(cconv.shapes.receptive_field([(k, 1, 1)]) for k in kernel.shape)
    identity = np.ones((1, 1), dtype)
    bordered = cconv.conv2d(x, identity, padding=((3, 2), (2, 4)), padding_mode=mode)
    for height, width in ((1, 83), (7, 5), (16, 16), (33, 1)):
        y = np.zeros_like(whole)
        for i in range(0, whole.shape[0], height):
            for j in range(0, whole.shape[1], width):
                rows, columns = y[i : i + height, j : j + width].shape
                need = (
                    slice(a * stride, (a + n - 1) * stride + k)
                    for a, n, k in zip((i, j), (rows, columns), reach, strict=True)
                )
                chunk = cconv.conv2d(bordered[tuple(need)], kernel, **options)
                y[i : i + height, j : j + width] = chunk
        assert_same_bits(y, whole)


@by_room
@pytest.mark.parametrize("dtype", FLOATS)
def test_shifted_positions(dtype, algorithm):
    """Where an output lies in its row, vector or tile does not show in it."""
    signal, weight = values(0, (3, 400), dtype), values(1, (2, 3, 7), dtype)
    options = {"algorithm": algorithm, "activation": "gelu"}
    whole = cconv.conv1d(signal, weight, **options)
    for begin in range(70):
        for length in (7, 40, 130, 330):
            part = cconv.conv1d(signal[:, begin : begin + length], weight, **options)
            assert_same_bits(part, np.ascontiguousarray(whole[:, begin : begin + length - 6]))


# ------------------------------------------------------------------------ what is not finite


def places(case):
    return [tuple(map(int, p)) for p in np.ndindex(case.x.shape)]


@by_algorithm
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", FLOATS)
def test_not_finite_at_every_position(dtype, mode, value, algorithm):
    options = {"padding": ((2, 1), (1, 3)), "stride": (1, 2), "padding_mode": mode}
    case = Case(2, values(0, (1, 2, 5, 7), dtype), values(1, (3, 2, 3, 3), dtype), None, options)
    case.weight[0, 0, 1] = 0  # zero times infinity
    clean = case(algorithm=algorithm)
    for place in places(case):
        case.x[place], before = value, case.x[place]
        y, expected = case(algorithm=algorithm), case.reference()
        case.x[place] = before
        hit = ~np.isfinite(expected)
        assert hit.any() or place[-1] == 6  # a stride may step over the last column
        np.testing.assert_array_equal(y[hit], expected[hit])
        np.testing.assert_array_equal(np.isfinite(y), ~hit)
        assert_same_bits(y[~hit], clean[~hit])


@given(cases(types=(*FLOAT_TYPES, *HALVES)), st.sampled_from((np.nan, np.inf, -np.inf)), st.data())
def test_not_finite_anywhere(case, value, data):
    """In any kind of call; integers with floats included."""
    case.x[tuple(data.draw(st.integers(0, n - 1)) for n in case.x.shape)] = value
    y, expected = case(), case.reference()
    hit = ~np.isfinite(expected)
    np.testing.assert_array_equal(np.isfinite(y), ~hit)
    np.testing.assert_array_equal(y[hit].astype(float), expected[hit].astype(float))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [*HALVES, np.dtype("c8"), np.dtype("c16")], ids=str)
def test_not_finite_in_other_types(dtype, value):
    """Finite is what the reference has finite; of complex numbers either part may be hit."""
    case = Case(1, values(0, (2, 40), dtype), values(1, (3, 2, 5), dtype), None, {"padding": 3})
    for algorithm, place in itertools.product(case.rooms(), places(case)):
        case.options["algorithm"] = algorithm
        case.x[place], before = value, case.x[place]
        y, expected = case(), case.reference()
        case.x[place] = before
        np.testing.assert_array_equal(np.isfinite(y), np.isfinite(expected))
        if dtype.kind != "c":
            hit = ~np.isfinite(expected)
            np.testing.assert_array_equal(y[hit].astype(float), expected[hit].astype(float))


@by_algorithm
@pytest.mark.parametrize("dtype", FLOATS)
def test_not_finite_in_every_lane(dtype, algorithm):
    """One signal for each position of the NaN: rows longer than any tile."""
    n, kernel = 150, 5
    x = np.broadcast_to(values(0, n, dtype), (n, n)).copy()
    np.fill_diagonal(x, np.nan)
    for weight in (values(1, kernel, dtype), values(1, (1, 1, kernel), dtype)):
        planes = x if weight.ndim == 1 else x[:, None]
        y = cconv.conv1d(planes, weight, padding=2, algorithm=algorithm).reshape(n, n)
        near = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) <= 2
        np.testing.assert_array_equal(np.isnan(y), near)
        last = cconv.conv1d(
            np.ascontiguousarray(x.T),
            weight.ravel(),
            padding=2,
            algorithm=algorithm,
            channels_last=True,
        )
        np.testing.assert_array_equal(np.isnan(last.T), near)


@by_algorithm
@pytest.mark.parametrize("dtype", FLOATS)
def test_not_finite_in_every_channel(dtype, algorithm):
    channels = 300  # beyond one block of terms
    x, weight = values(0, (channels, 4), dtype), values(1, (5, channels, 1), dtype)
    for channel in range(channels):
        bad = x.copy()
        bad[channel, 2] = np.inf
        y = cconv.conv1d(bad, weight, algorithm=algorithm)
        np.testing.assert_array_equal(y[:, 2], np.inf * np.sign(weight[:, channel, 0]))
        assert np.isfinite(y[:, [0, 1, 3]]).all()


@by_room
@pytest.mark.parametrize("activation", [None, *ACTIVATIONS])
def test_nan_stays_nan(activation, algorithm):
    x, options = values(0, 100), {"activation": activation, "algorithm": algorithm}
    x[41] = np.nan
    y = cconv.conv1d(x, values(1, 3), padding=1, **options)
    assert np.flatnonzero(np.isnan(y)).tolist() == [40, 41, 42]
    assert np.isnan(cconv.conv1d(x, values(1, 3), [np.nan], **options)).all()


@by_room
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_border_that_is_not_finite(value, algorithm):
    options = {"padding": 2, "padding_value": value, "algorithm": algorithm}
    y = cconv.conv2d(values(0, (9, 70)), abs(values(1, (3, 3))), **options)
    expected = np.zeros(y.shape, bool)
    expected[[0, 1, -2, -1]] = expected[:, [0, 1, -2, -1]] = True
    np.testing.assert_array_equal(~np.isfinite(y), expected)


@by_room
def test_weights_that_are_not_finite(algorithm):
    """Inside they act as by direct summation; no other output channel sees them."""
    x, weight = values(0, (3, 9, 9)), values(1, (4, 3, 3, 3))
    weight[1, 2, 0, 1], weight[2, 0, 2, 2] = np.nan, np.inf
    case = Case(2, x, weight, None, {"algorithm": algorithm})
    np.testing.assert_array_equal(np.isnan(case()), np.isnan(case.reference()))
    np.testing.assert_array_equal(np.isinf(case()), np.isinf(case.reference()))


# ------------------------------------------------------------------------ accuracy


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("terms", [300, 4000, 33_333])
def test_long_sums(terms, dtype):
    """Also of numbers of very different sizes that nearly cancel."""
    size = 10 ** np.random.default_rng(0).uniform(-6, 6, (terms, 3))
    x, weight = values(0, (terms, 3), dtype), values(1, (2, terms, 1), dtype)
    for case in (Case(1, x, weight), Case(1, (x * size).astype(dtype), weight)):
        for algorithm in case.rooms():
            assert_promised(case(algorithm=algorithm), case)


def test_negative_zeros_whatever_the_strides():
    """Products that underflow to -0 and a bias of -0, also where windows see the border."""
    x = np.full((1, 400, 12, 129), 1e-30, np.float32)
    weight, bias = np.full((8, 129, 3, 3), -1e-30, np.float32), np.full(8, -0.0, np.float32)
    apart = np.repeat(x, 2, axis=-1)[..., ::2]
    options = {"padding": 1, "channels_last": True, "algorithm": "gemm"}
    y = cconv.conv2d(x, weight, bias, **options)
    assert_same_bits(cconv.conv2d(apart, weight, bias, **options), y)


@by_room
@pytest.mark.parametrize("taps", [1, 9, 700])
@pytest.mark.parametrize("channels", [1, 7, 300, 1500])
def test_no_chain_is_longer_than_a_block(channels, taps, algorithm):
    """A 1 is lost beside 2**24 in the same chain alone: 255 of them, and less in sums of chains."""
    x, weight = np.ones((channels, taps), np.float32), np.ones((1, channels, taps), np.float32)
    terms = channels * taps
    for place in ((0, 0), (channels // 2, taps // 2), (-1, -1)):
        x[place] = 2**24
        y = cconv.conv1d(x, weight, algorithm=algorithm).item()
        assert abs(y - (2**24 + terms - 1)) <= 255 + terms / 128 + 1
        x[place] = 1


def test_sums_are_taken_in_blocks():
    """The mean of 2**26 ones; a single chain of float32 ones stops at 2**24."""
    terms = 2**26
    mean = np.full(terms, 1 / terms, np.float32)
    assert cconv.conv1d(np.broadcast_to(np.float32(1), terms), mean) == 1
    assert cconv.conv1d(mean, np.broadcast_to(np.float32(1), terms)) == 1


@pytest.mark.parametrize("dtype", FLOATS)
def test_subnormal_numbers_are_kept(dtype):
    tiny = np.finfo(dtype).smallest_subnormal
    x = np.arange(1, 90, dtype=dtype) * tiny
    assert_same_bits(cconv.conv1d(x, np.ones(1, dtype)), x)
    assert_same_bits(cconv.conv1d(x, np.ones(2, dtype)), x[:-1] + x[1:])
    assert_same_bits(cconv.conv1d(np.ones(3, dtype), [tiny]), np.full(3, tiny))
