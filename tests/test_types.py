"""The table of types: every pair, biases, borders, activations and casts, against the reference."""

import itertools

import ml_dtypes
import numpy as np
import pytest
from accuracy import promised_error
from problems import ACTIVATIONS, GENERAL, Case

import cconv
from cconv import reference

pytestmark = pytest.mark.kernel

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
INTEGERS = tuple(map(np.dtype, ("?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")))
FLOATS = (np.dtype("f2"), BFLOAT16, np.dtype("f4"), np.dtype("f8"))
COMPLEX = (np.dtype("c8"), np.dtype("c16"))
TYPES = (*INTEGERS, *FLOATS, *COMPLEX)

by_room = pytest.mark.parametrize("algorithm", GENERAL)

OPTIONS = (
    {},
    {"padding": 2, "padding_mode": "reflect"},
    {"padding": ((1, 2), 0), "padding_value": 1, "stride": 2},
    {"channels_last": True, "padding": "same", "dilation": 2},
)


def values(seed, shape, dtype):
    """Integers over their whole range, floats near one, of either sign."""
    rng = np.random.default_rng(seed)
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    real = rng.standard_normal(shape)
    return (real + 1j * rng.standard_normal(shape) if dtype.kind == "c" else real).astype(dtype)


def wide(dtype):
    return np.complex128 if dtype.kind == "c" else np.float64


@pytest.mark.parametrize(("image", "kernel"), list(itertools.product(TYPES, TYPES)), ids=str)
def test_every_pair_of_types(image, kernel):
    for options, with_bias in itertools.product(OPTIONS, (False, True)):
        x = values(1, (2, 6, 9, 8), image)
        if options.get("channels_last"):
            x = np.ascontiguousarray(np.moveaxis(x, 1, -1))
        arguments = x, values(2, (5, 6, 3, 2), kernel), values(3, 5, np.dtype("i1"))
        arguments = arguments if with_bias else arguments[:2]
        case = Case(2, *arguments, options=options)
        expected = case.reference()
        results = [case(algorithm=algorithm) for algorithm in case.rooms()]
        assert {y.dtype for y in results} == {expected.dtype}
        if expected.dtype.kind in "iu":
            np.testing.assert_array_equal(results, [expected] * len(results))
            continue
        exact = case.reference(dtype=wide(expected.dtype))
        bound = promised_error(reference.conv2d, *arguments, **options)
        near = np.abs(exact) < (6e4 if expected.dtype == np.float16 else np.inf)
        for y in results:
            assert (np.abs(y.astype(wide(y.dtype)) - exact)[near] <= bound[near]).all()


def test_the_table():
    def result(image, kernel):
        return cconv.conv1d(np.ones(4, image), np.ones(2, kernel)).dtype

    assert result("i1", "u1") == result("?", "?") == np.int32
    assert result("i1", "i2") == result("u2", "?") == result("u8", "u8") == np.int64
    assert result("u1", "f2") == np.float16
    assert result("i2", BFLOAT16) == BFLOAT16
    assert result("u2", "f4") == np.float32
    assert result("i4", "f4") == result("u8", "f2") == np.float64
    assert result("f2", "i8") == np.float16
    assert result("f4", "u1") == np.float32
    assert result("f2", BFLOAT16) == np.float32
    assert result("f2", "f8") == result(BFLOAT16, "f8") == np.float64
    assert result("f4", "c8") == result("i2", "c8") == np.complex64
    assert result("f8", "c8") == result("i4", "c8") == np.complex128


@by_room
def test_integers_do_not_wrap_before_the_width_of_their_sum(algorithm):
    x = np.full((1, 300, 1), 255, np.uint8)
    assert cconv.conv1d(x, x, algorithm=algorithm) == 300 * 255**2
    x = np.full(2, 2**31 - 1, np.int32)
    assert cconv.conv1d(x, x, algorithm=algorithm) == 2 * (2**31 - 1) ** 2
    assert cconv.conv1d(np.full(2, 2**62), [1, 1], algorithm=algorithm) == -(2**63)


@by_room
def test_halves_are_summed_in_float32_and_rounded_once(algorithm):
    x = np.array([2048, 1, 1, 1], np.float16)
    assert cconv.conv1d(x, np.ones(4, np.float16), algorithm=algorithm) == np.float16(2052)
    x = np.array([256, 1, 1, 1], BFLOAT16)
    assert cconv.conv1d(x, np.ones(4, BFLOAT16), algorithm=algorithm) == BFLOAT16.type(260)


@pytest.mark.parametrize("dtype", [*INTEGERS[1:], *FLOATS, *COMPLEX], ids=str)
@pytest.mark.parametrize(
    "image", list(map(np.dtype, ("i1", "i4", "i8", "f2", "f4", "f8"))), ids=str
)
@by_room
def test_casts(image, dtype, algorithm):
    rng = np.random.default_rng(5)
    scale = 2.0**40 if image == np.int64 else 30
    x = (
        np.clip(rng.standard_normal(300) * scale, -127, 127)
        if image == np.int8
        else (rng.standard_normal(300) * scale)
    )
    x = x.astype(image)
    one = np.ones(1, image)
    y = cconv.conv1d(x, one, dtype=dtype, algorithm=algorithm)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, reference.conv1d(x, one, dtype=dtype))


def test_casts_round_half_to_even_and_saturate():
    x = np.array([0.5, 1.5, 2.5, -0.5, -3, 255.5, 254.5, 1e9, np.nan, np.inf, -np.inf], np.float32)
    y = cconv.conv1d(x, np.ones(1, np.float32), dtype=np.uint8)
    np.testing.assert_array_equal(y, [0, 2, 2, 0, 0, 255, 254, 255, 0, 255, 0])
    y = cconv.conv1d(np.array([-200, 100, 3], np.int16), np.ones(1, np.int16), dtype=np.int8)
    np.testing.assert_array_equal(y, [-128, 100, 3])
    edges = np.array([2**63 - 1, -(2**63), -1])
    y = cconv.conv1d(edges, np.ones(1, np.int64), dtype=np.uint64)
    np.testing.assert_array_equal(y, np.array([2**63 - 1, 0, 0], np.uint64))


def test_integers_beyond_a_double_round_once():
    """Just above a tie of bfloat16 and float16: rounding through a double would lose it."""
    x = np.array([2**60 + 2**52 + 1, -(2**60) - 2**52 - 1, 2**60 + 2**52])
    y = cconv.conv1d(x, np.ones(1, np.int64), dtype=BFLOAT16)
    np.testing.assert_array_equal(y.astype(float), [2**60 + 2**53, -(2**60) - 2**53, 2**60])


def test_every_half_and_bfloat16_is_read_and_written_back():
    for dtype in (np.dtype("f2"), BFLOAT16):
        x = np.arange(2**16, dtype=np.uint16).view(dtype)
        with np.errstate(invalid="ignore"):  # signalling NaNs
            x = x[~np.isnan(x)]
        y = cconv.conv1d(x, np.ones(1, dtype))
        np.testing.assert_array_equal(y.astype(float), x.astype(float))


@pytest.mark.parametrize("dtype", FLOATS[:2], ids=str)
def test_doubles_round_to_16_bits_once(dtype):
    """Around every tie between neighbouring numbers, subnormal ones too."""
    halves = np.arange(0x7C00 if dtype.kind == "f" else 0x7F80, dtype=np.uint16).view(dtype)
    ends = halves.astype(np.float64)
    ties = (ends[1:] + ends[:-1]) / 2
    x = np.concatenate([ties, np.nextafter(ties, np.inf), np.nextafter(ties, 0)])
    y = cconv.conv1d(x, np.ones(1), dtype=dtype)
    below = np.tile(ends[:-1], 3)
    above = np.tile(ends[1:], 3)
    even = np.where(np.arange(ties.size) % 2 == 0, ends[:-1], ends[1:])
    expected = np.concatenate([even, above[: ties.size], below[: ties.size]])
    np.testing.assert_array_equal(y.astype(np.float64), expected)


@by_room
def test_activations_of_integers(algorithm):
    x, w = np.array([-3, 2, 9], np.int8), np.ones(1, np.int8)
    options = {"algorithm": algorithm}
    np.testing.assert_array_equal(cconv.conv1d(x, w, activation="relu", **options), [0, 2, 9])
    np.testing.assert_array_equal(cconv.conv1d(x, w, activation="relu6", **options), [0, 2, 6])
    y = cconv.conv1d(x, w, bias=[1], activation="sigmoid", dtype=np.float32, **options)
    np.testing.assert_allclose(y, 1 / (1 + np.exp([2.0, -3, -10])), rtol=1e-6)
    with pytest.raises(TypeError, match="activation 'tanh' with int32 sums"):
        cconv.conv1d(x, w, activation="tanh")
    with pytest.raises(TypeError, match="activation 'relu' with complex sums"):
        cconv.conv1d(x, w.astype(complex), activation="relu")


@by_room
@pytest.mark.parametrize("activation", ACTIVATIONS[2:])
@pytest.mark.parametrize(
    ("kind", "dtype"), [("i1", "f4"), ("i1", "f8"), ("i8", "f8"), ("i8", "f4"), ("i8", "f2")]
)
def test_activations_of_integers_run_in_floats(kind, dtype, activation, algorithm):
    """As wide as the sum, whatever the result: past 2**24 a float32 shows."""
    summed = np.dtype("f4" if kind == "i1" else "f8")
    sums = np.array([-(2**24) - 1, -7, -3, -1, 0, 1, 2, 5, 2**24 + 1])
    ones = np.ones((1, 1), kind), np.ones((9, 1, 1), kind)
    options = {"activation": activation, "dtype": dtype, "algorithm": algorithm}
    y = cconv.conv1d(*ones, sums - 1, **options)[:, 0]
    assert y.dtype == dtype
    sums = sums.astype(summed).astype(float)
    exact = reference.conv1d(sums, [1.0], activation=activation)
    near = 4 * np.spacing(np.abs(exact).astype(summed)).astype(float)
    if activation == "gelu":
        near = np.where(sums < -3, near + 4 * np.finfo(summed).eps, near)
    with np.errstate(over="ignore"):
        low, high = ((exact + off).astype(summed).astype(dtype) for off in (-near, near))
    assert ((low <= y) & (y <= high)).all()


SUMS = {"i1": "i4", "i8": "i8", "f4": "f4", "f8": "f8", "c8": "c8", "c16": "c16"}
OTHERS = [np.dtype(d) for d in ("g", "G", ">i2", ">f8", "O", "S1", "M8[s]", "m8[s]", "i4,f4")]
OTHERS += [np.dtype(ml_dtypes.float8_e4m3fn), np.dtype(ml_dtypes.int4)]


@pytest.mark.parametrize("bias", [*TYPES, *OTHERS], ids=str)
@pytest.mark.parametrize(("x", "summed"), SUMS.items())
def test_biases_are_cast_by_the_same_kind_rule(x, summed, bias):
    b = np.zeros(3, bias) if bias.names else np.array([1, 0, 3]).astype(bias)
    case = Case(1, np.zeros((1, 4), x), np.zeros((3, 1, 2), x), b)
    rooms = ("direct",) if "c" in (case.x.dtype.kind, np.dtype(bias).kind) else GENERAL
    calls = (case, lambda algorithm: case.layer(algorithm=algorithm)(case.x))
    for function, algorithm in itertools.product(calls, rooms):
        if np.can_cast(bias, summed, "same_kind"):
            y = function(algorithm=algorithm)
            assert y.dtype == summed
            np.testing.assert_array_equal(y[:, 0], b.astype(summed))
        else:
            with pytest.raises(TypeError, match="bias has dtype"):
                function(algorithm=algorithm)


@by_room
def test_biases_of_integers_wrap(algorithm):
    for kind, bias, wrapped in (("i1", 2**40 + 7, 7), ("i1", 2**63 + 7, 7), ("i8", 2**64 - 5, -5)):
        case = Case(1, np.zeros(1, kind), np.zeros(1, kind), np.array([bias], "u8"))
        assert case(algorithm=algorithm) == wrapped


@pytest.mark.parametrize(
    ("dtype", "good", "bad"),
    [
        ("?", (0, 1, True, 1.0), (2, -1, 0.5)),
        ("u1", (0, 255, 7.0, np.uint8(3)), (256, -1, 0.5, float("nan"), float("inf"), 2**70)),
        ("i2", (-(2**15), 2**15 - 1), (2**15, -(2**15) - 1)),
        ("u8", (2**64 - 1, 2.0**63), (2**64, -1)),
        ("i8", (-(2**63), 2**63 - 1), (2**63, 2.0**63)),
    ],
)
@by_room
def test_borders_of_integers_are_exact_or_refused(dtype, good, bad, algorithm):
    x, w = np.zeros(3, dtype), np.array([1, 0, 0], dtype)
    for value in good:
        y = cconv.conv1d(x, w, padding=1, padding_value=value, algorithm=algorithm)
        expected = np.array([value]).astype(dtype).astype(y.dtype)
        np.testing.assert_array_equal(y, [*expected, 0, 0])
    for value in bad:
        with pytest.raises(ValueError, match="padding_value"):
            cconv.conv1d(x, w, padding=1, padding_value=value)


def test_borders_of_floats_are_rounded_to_them():
    for dtype in FLOATS:
        x, w = np.zeros(1, dtype), np.array([1, 0, 0], np.float64)
        assert cconv.conv1d(x, w, padding=1, padding_value=0.1) == float(dtype.type(0.1))
    x, w = np.zeros(1, np.complex64), np.array([1, 0, 0], np.complex64)
    assert cconv.conv1d(x, w, padding=1, padding_value=1 - 2j) == 1 - 2j
    with pytest.raises(TypeError, match="padding_value"):
        cconv.conv1d(x.real, w.real, padding=1, padding_value=1j)


def test_casts_overflow_to_infinity():
    huge = np.array([3.38e38, 3.4e38, -1e39, 1e300, 65519, 65520, -7e4])
    with np.errstate(over="ignore"):
        for dtype in FLOATS:
            y = cconv.conv1d(huge, np.ones(1), dtype=dtype)
            np.testing.assert_array_equal(y, huge.astype(dtype))
        y = cconv.conv1d(huge * (1 - 1j), np.ones(1), dtype="c8")
        np.testing.assert_array_equal(y, (huge * (1 - 1j)).astype("c8"))
    x = np.array([65519, 65520, -(10**9), 2**24 + 1])
    for dtype in FLOATS:
        expected = np.array([float("inf"), -float("inf")])
        y = cconv.conv1d(x, np.ones(1, int), dtype=dtype)
        np.testing.assert_array_equal(y[1:3], expected if dtype == "f2" else x[1:3].astype(dtype))


def test_refused_types():
    ones = np.ones((1, 4))
    for dtype in OTHERS:
        if dtype.byteorder == ">":
            continue
        with pytest.raises(TypeError, match="x has dtype"):
            cconv.conv1d(np.zeros((1, 4), dtype), ones[None])
        with pytest.raises(TypeError, match="weight has dtype"):
            cconv.conv1d(ones, np.zeros((1, 1, 4), dtype))
        with pytest.raises(TypeError, match="dtype"):
            cconv.conv1d(ones, ones[None], dtype=dtype)
    for dtype in (bool, "S1", object):
        with pytest.raises(TypeError, match="dtype"):
            cconv.conv1d(ones, ones[None], dtype=dtype)
    with pytest.raises(TypeError, match="a complex dtype would do"):
        cconv.conv1d(ones * 1j, ones[None], dtype=float)


@by_room
def test_layers_of_lists_take_every_float_type(algorithm):
    """Of one layer too, whose prepared weights are those of each type."""
    weight, options = [[[0.1, -0.3]]], {"algorithm": algorithm}
    layer = cconv.Conv1d(weight, **options)
    for dtype in (*FLOATS, *FLOATS):
        x = values(1, (1, 1, 9), dtype)
        y = layer(x)
        assert y.dtype == dtype
        np.testing.assert_array_equal(y, cconv.conv1d(x, weight, **options))
        np.testing.assert_array_equal(cconv.Conv1d(weight, **options)(x), y)


def test_complex_is_what_four_real_convolutions_make():
    x, w = values(1, (2, 3, 20), np.dtype("c16")), values(2, (4, 3, 5), np.dtype("c16"))
    parts = cconv.conv1d(x.real, w.real) - cconv.conv1d(x.imag, w.imag)
    parts = parts + 1j * (cconv.conv1d(x.real, w.imag) + cconv.conv1d(x.imag, w.real))
    np.testing.assert_allclose(cconv.conv1d(x, w), parts, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("algorithm", ["direct", "gemm"])
@pytest.mark.parametrize("kind", ["i1", "i8"])
def test_activations_of_integers_run_in_floats_at_every_length(kind, algorithm):
    for n in (*range(1, 70), 255, 256, 257, 600):
        x = np.arange(n).astype(kind) % 7 - 3
        y = cconv.conv1d(x, [2], activation="tanh", dtype="f8", algorithm=algorithm)
        np.testing.assert_allclose(y, np.tanh(2.0 * x), rtol=1e-6)
