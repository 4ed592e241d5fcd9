"""The oracle held against enumeration, nested loops, NumPy, SciPy, torch and worked examples.

Values are small integers wherever sums are compared: every order of summation is then exact, and
the comparison an equality.
"""

import ast
import fractions
import inspect
import itertools
import math

import numpy as np
import pytest
from accuracy import promised_error
from hypothesis import given, settings
from hypothesis import strategies as st

from cconv import reference

CONV = {1: reference.conv1d, 2: reference.conv2d, 3: reference.conv3d}
MODES = ("constant", "edge", "reflect", "symmetric", "wrap")
relaxed = settings(deadline=None)


def digits(seed, *shape, dtype=np.float64):
    """Small whole numbers, whose sums of products are exact."""
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(dtype)


# ------------------------------------------------------------------------ window arithmetic


def count_windows(n, kernel, stride, before, after, dilation):
    """Starts of a window that ends within the padded axis."""
    padded = n + before + after
    last_tap = dilation * (kernel - 1)
    return sum(start + last_tap < padded for start in range(0, padded, stride))


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


# ----------------------------------------------------------------------------------- border


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


def bordered(x, widths, mode, value=0):
    """`x` as a 1x1 kernel sees it."""
    conv = CONV[len(widths)]
    return conv(
        x, np.ones((1,) * len(widths)), padding=widths, padding_mode=mode, padding_value=value
    )


widths = st.tuples(st.integers(0, 13), st.integers(0, 13))


@given(st.integers(1, 6), widths, st.sampled_from(MODES[1:]))
@relaxed
def test_border_is_what_a_walk_finds(n, pair, mode):
    expected = [walk(position, n, mode) for position in range(-pair[0], n + pair[1])]
    assert bordered(np.arange(n, dtype=float), [pair], mode).tolist() == expected


@given(st.lists(st.tuples(st.integers(1, 4), widths), min_size=1, max_size=3), st.data())
@relaxed
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


# ------------------------------------------------------------------------------ convolution


def naive(x, weight, bias, strides, pairs, dilations, groups, mode, value):
    """The formula, element by element, from indices alone: (N, C, ...) by (O, C/G, ...)."""
    sizes, kernel = x.shape[2:], weight.shape[2:]
    o_count, depth = weight.shape[:2]
    extents = [
        count_windows(n, k, s, *pair, d)
        for n, k, s, pair, d in zip(sizes, kernel, strides, pairs, dilations, strict=True)
    ]
    y = np.zeros((x.shape[0], o_count, *extents))

    def seen(image, channel, place):
        if mode != "constant":
            place = [walk(p, n, mode) for p, n in zip(place, sizes, strict=True)]
        if all(0 <= p < n for p, n in zip(place, sizes, strict=True)):
            return x[(image, channel, *place)]
        return value

    for index in np.ndindex(y.shape):
        image, o, *position = index
        first_channel = o // (o_count // groups) * depth
        total = bias[o]
        for c, *tap in np.ndindex(depth, *kernel):
            place = [
                i * s + m * d - before
                for i, s, m, d, (before, _) in zip(
                    position, strides, tap, dilations, pairs, strict=True
                )
            ]
            total += weight[(o, c, *tap)] * seen(image, first_channel + c, place)
        y[index] = total
    return y


@st.composite
def problems(draw, max_axes=3):
    """Arguments of `naive`, of a size its loops can do, with an output that isn't empty."""
    axes = draw(st.integers(1, max_axes))

    def per_axis(low, high):
        return draw(st.lists(st.integers(low, high), min_size=axes, max_size=axes))

    limit = {1: 7, 2: 5, 3: 3}[axes]
    kernel, sizes = per_axis(1, 3 if axes < 3 else 2), per_axis(1, limit)
    strides, dilations = per_axis(1, 3), per_axis(1, 2)
    spans = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
    pairs = [
        (before, max(after, span - n - before))
        for n, span, before, after in zip(sizes, spans, per_axis(0, 3), per_axis(0, 3), strict=True)
    ]
    groups = draw(st.integers(1, 3))
    depth, outputs = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    seed = draw(st.integers(0, 2**20))
    mode = draw(st.sampled_from(MODES))
    return {
        "x": digits(seed, draw(st.integers(1, 2)), groups * depth, *sizes),
        "weight": digits(seed + 1, groups * outputs, depth, *kernel),
        "bias": digits(seed + 2, groups * outputs),
        "strides": strides,
        "pairs": pairs,
        "dilations": dilations,
        "groups": groups,
        "mode": mode,
        "value": draw(st.integers(-3, 3)) if mode == "constant" else 0,
    }


def call(p, **changes):
    """The reference on a problem; `changes` replace arguments by the reference's names."""
    arguments = {
        "x": p["x"],
        "weight": p["weight"],
        "bias": p["bias"],
        "stride": p["strides"],
        "padding": p["pairs"],
        "dilation": p["dilations"],
        "groups": p["groups"],
        "padding_mode": p["mode"],
        "padding_value": p["value"],
    }
    return CONV[p["x"].ndim - 2](**arguments | changes)


@given(problems())
@relaxed
def test_conv_is_the_formula(p):
    np.testing.assert_array_equal(call(p), naive(**p))


@given(problems())
@relaxed
def test_layouts_agree(p):
    y = call(p)
    last = call(p, x=np.moveaxis(p["x"], 1, -1), channels_last=True)
    np.testing.assert_array_equal(np.moveaxis(last, -1, 1), y)
    assert y.flags.c_contiguous
    assert last.flags.c_contiguous
    np.testing.assert_array_equal(call(p, x=p["x"][0]), y[0])


@given(problems(), st.lists(st.integers(0, 2), max_size=3), st.booleans())
@relaxed
def test_bare_filter_sees_every_plane(p, lead, channels_last):
    kernel, bias = p["weight"][0, 0], p["bias"][:1]
    x = digits(7, *lead, 1, *p["x"].shape[2:])  # at least one axis, so that channels can be last
    planes = x.reshape(-1, 1, *p["x"].shape[2:])
    each = call(p, x=planes, weight=kernel[None, None], bias=bias, groups=1)
    expected = each.reshape(*x.shape[: len(lead) + 1], *each.shape[2:])
    if channels_last:
        x, expected = (np.moveaxis(a, len(lead), -1) for a in (x, expected))
    y = call(p, x=x, weight=kernel, bias=bias, groups=1, channels_last=channels_last)
    np.testing.assert_array_equal(y, expected)


def test_bare_filter_on_a_bare_array():
    x, kernel = digits(0, 5, 6), digits(1, 2, 3)
    y = reference.conv2d(x, kernel)
    assert y.shape == (4, 4)
    np.testing.assert_array_equal(y, reference.conv2d(x[None, None], kernel[None, None])[0, 0])


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@given(problems(), st.sampled_from(["valid", "same", "int"]))
@relaxed
def test_torch_agrees(p, padding):
    torch = pytest.importorskip("torch")
    axes = p["x"].ndim - 2
    conv = getattr(torch.nn.functional, f"conv{axes}d")
    strides = (1,) * axes if padding == "same" else tuple(p["strides"])
    reach = max(d * (k - 1) for d, k in zip(p["dilations"], p["weight"].shape[2:], strict=True))
    padding = reach if padding == "int" else padding
    if padding == "valid":  # where torch's windows have to fit
        p["x"] = np.tile(p["x"], (1, 1, *[reach + 1] * axes))
    options = (strides, padding, tuple(p["dilations"]), p["groups"])  # one positional order
    ours = CONV[axes](p["x"], p["weight"], p["bias"], *options)
    tensors = [torch.from_numpy(p[name]) for name in ("x", "weight", "bias")]
    np.testing.assert_array_equal(ours, conv(*tensors, *options).numpy())


@given(problems(), st.sampled_from(["valid", "full", "same_lower"]))
@relaxed
def test_scipy_correlate_agrees(p, word):
    signal = pytest.importorskip("scipy.signal")
    kernel = p["weight"][0, 0]
    x = np.tile(p["x"][0, 0], (3,) * kernel.ndim)  # no axis shorter than the kernel's
    expected = signal.correlate(x, kernel, word.removesuffix("_lower"), method="direct")
    np.testing.assert_array_equal(CONV[kernel.ndim](x, kernel, padding=word), expected)


@given(st.sampled_from(MODES), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2**20))
@relaxed
def test_scipy_ndimage_agrees(mode, half_height, half_width, seed):
    ndimage = pytest.importorskip("scipy.ndimage")
    names = dict(zip(MODES, ("constant", "nearest", "mirror", "reflect", "grid-wrap"), strict=True))
    x, kernel = digits(seed, 6, 7), digits(seed + 1, 2 * half_height + 1, 2 * half_width + 1)
    ours = reference.conv2d(x, kernel, padding="same", padding_mode=mode)
    np.testing.assert_array_equal(ours, ndimage.correlate(x, kernel, mode=names[mode]))


@given(st.integers(0, 2**20), st.booleans())
@relaxed
def test_float64_keeps_the_promise(seed, with_bias):
    rng = np.random.default_rng(seed)
    x, weight = rng.standard_normal((3, 4)), rng.standard_normal((2, 3, 2))
    bias = rng.standard_normal(2) if with_bias else None
    y, bound = reference.conv1d(x, weight, bias), promised_error(reference.conv1d, x, weight, bias)
    for o, i in np.ndindex(y.shape):
        terms = [
            fractions.Fraction(x[c, i + m]) * fractions.Fraction(weight[o, c, m])
            for c, m in np.ndindex(3, 2)
        ]
        exact = sum(terms) + fractions.Fraction(0 if bias is None else bias[o])
        assert abs(fractions.Fraction(y[o, i]) - exact) <= bound[o, i]


@pytest.mark.parametrize("place", list(np.ndindex(5, 6)))
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_reaches_the_windows_that_hold_it(place, value):
    x = np.ones((5, 6))
    x[place] = value
    options = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)}
    kernel = digits(3, 3, 2) * 2 + 1  # no tap is zero
    hit = reference.conv2d(np.equal(x, 1) == 0, np.ones((3, 2), np.int8), **options) > 0
    y = reference.conv2d(x, kernel, **options)
    np.testing.assert_array_equal(np.isfinite(y), ~hit)
    np.testing.assert_array_equal(np.isnan(y), hit & np.isnan(value))


# -------------------------------------------------------------------------- worked examples


def test_5x5_by_3x3():
    x = np.array(
        [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
    )
    kernel = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    assert reference.conv2d(x, kernel).tolist() == [[4, 3, 4], [2, 4, 3], [2, 3, 4]]
    assert reference.conv2d(x, kernel, padding="same").shape == (5, 5)


def test_kernel_is_not_flipped():
    patch = [[10, 20, 30], [15, 25, 35], [20, 30, 40]]
    assert reference.conv2d(patch, [[1, 0, -1]] * 3).tolist() == [[-60]]


def test_zero_padding_surrounds():
    y = reference.conv2d([[1, 2], [3, 4]], [[1]], padding=1)
    assert y.tolist() == [[0, 0, 0, 0], [0, 1, 2, 0], [0, 3, 4, 0], [0, 0, 0, 0]]


def test_how_often_a_pixel_is_used():
    used = [reference.conv2d(np.eye(25)[i].reshape(5, 5), np.ones((3, 3))).sum() for i in range(25)]
    assert np.reshape(used, (5, 5)).tolist() == np.outer([1, 2, 3, 2, 1], [1, 2, 3, 2, 1]).tolist()


def test_three_3x3_see_7x7():
    images = np.eye(81).reshape(81, 9, 9)
    for _ in range(3):
        images = reference.conv2d(images, np.ones((3, 3)))
    assert images.shape == (81, 3, 3)
    seen = images[:, 1, 1].reshape(9, 9) > 0
    np.testing.assert_array_equal(seen, np.pad(np.ones((7, 7), bool), 1))


@pytest.mark.parametrize(("stride", "extent"), [(1, 64), (2, 32)])
def test_three_filters_make_three_maps(stride, extent):
    x, weight = np.ones((64, 64, 1)), np.ones((3, 1, 3, 3))
    y = reference.conv2d(x, weight, stride=stride, padding="same", channels_last=True)
    assert y.shape == (extent, extent, 3)


def test_valid_drops_what_does_not_align():
    x = digits(0, 6, 8)
    y = reference.conv2d(x, np.ones((3, 3)), stride=(2, 3))
    assert y.shape == (2, 2)
    x[5], x[:, 6:] = 99, 99
    np.testing.assert_array_equal(reference.conv2d(x, np.ones((3, 3)), stride=(2, 3)), y)


def test_same_puts_the_odd_element_at_the_end():
    x = [1, 2, 4]
    assert reference.conv1d(x, [1, 1], padding="same").tolist() == [3, 6, 4]
    assert reference.conv1d(x, [1, 1], padding="same_lower").tolist() == [1, 3, 6]


# ------------------------------------------------------------------------------ activations


POINTS = np.concatenate([np.linspace(-45, 45, 181), [-745, -700, -1e-9, 1e-9, 700, 1e300, -1e300]])


def activated(y, activation, dtype=None):
    return reference.conv1d(np.asarray(y), [1.0], activation=activation, dtype=dtype)


def exact(name, y):
    """The function to 60 digits, as the nearest float64."""
    mp = pytest.importorskip("mpmath")
    with mp.workdps(60):
        y = mp.mpf(float(y))
        return float(
            {
                "sigmoid": lambda: 1 / (1 + mp.exp(-y)),
                "tanh": lambda: mp.tanh(y),
                "silu": lambda: y / (1 + mp.exp(-y)),
                "hardswish": lambda: y * min(max(y + 3, 0), 6) / 6,
                "gelu": lambda: y * mp.erfc(-y / mp.sqrt(2)) / 2,
            }[name]()
        )


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "silu", "hardswish", "gelu"])
def test_smooth_activations_are_exact_to_4_ulp(name):
    points = POINTS[np.abs(POINTS) < 1e3] if name == "gelu" else POINTS  # mpmath's erfc gives up
    expected = np.array([exact(name, y) for y in points])
    allowed = 4 * np.spacing(np.abs(expected))
    if name == "gelu":  # whose tail multiplies the rounding of its argument by y**2
        tail = 1e-12 * np.maximum(np.abs(expected), 1e-300)
        allowed = np.where(points < -2, np.maximum(allowed, tail), allowed)
    assert (np.abs(activated(points, name) - expected) <= allowed).all()


def test_piecewise_activations():
    y = [-np.inf, -2.0, 0.0, 3.0, 6.0, 7.0, np.inf]
    assert activated(y, "relu").tolist() == [0, 0, 0, 3, 6, 7, np.inf]
    assert activated(y, "relu6").tolist() == [0, 0, 0, 3, 6, 6, 6]
    assert activated(y, "leaky_relu").tolist() == [-np.inf, -0.02, 0, 3, 6, 7, np.inf]
    assert activated(y, ("leaky_relu", 0.5)).tolist() == [-np.inf, -1, 0, 3, 6, 7, np.inf]
    assert activated(y, None).tolist() == y


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "silu", "hardswish", "gelu"])
def test_smooth_activations_at_infinity_are_limits(name):
    low = {"tanh": -1.0}.get(name, 0.0)
    high = {"tanh": 1.0, "sigmoid": 1.0}.get(name, np.inf)
    assert activated([-np.inf, np.inf], name).tolist() == [low, high]


@pytest.mark.parametrize(
    "activation",
    [
        "relu",
        "relu6",
        "leaky_relu",
        ("leaky_relu", 0.2),
        "sigmoid",
        "tanh",
        "silu",
        "hardswish",
        "gelu",
    ],
)
def test_activation_keeps_nan(activation):
    assert np.isnan(activated([np.nan], activation)).all()


def test_activation_comes_after_bias_and_before_the_cast():
    y = reference.conv1d([1.0, -1.0], [10.0], [3.4], activation="relu", dtype=np.int8)
    assert y.tolist() == [13, 0]


# ------------------------------------------------------------------------------------ types

ROWS = [
    ("float32", "float32", "float32"),
    ("float64", "float64", "float64"),
    ("float32", "float64", "float64"),
    ("float64", "float32", "float64"),
    (">f4", "float32", "float32"),
    ("float16", "float16", "float16"),
    (">f2", "float16", "float16"),
    ("float16", "float32", "float32"),
    ("bfloat16", "bfloat16", "bfloat16"),
    ("bfloat16", "float16", "float32"),
    ("bfloat16", "float64", "float64"),
    ("int8", "int8", "int32"),
    ("uint8", "bool", "int32"),
    ("bool", "bool", "int32"),
    ("int8", "int16", "int64"),
    ("uint16", "uint16", "int64"),
    ("uint64", "int8", "int64"),
    ("uint8", "float32", "float32"),
    ("int16", "float16", "float16"),
    ("bool", "bfloat16", "bfloat16"),
    ("uint16", "float64", "float64"),
    ("int32", "float32", "float64"),
    ("int64", "float16", "float64"),
    ("float32", "int64", "float32"),
    ("float16", "int8", "float16"),
    ("complex64", "complex64", "complex64"),
    ("complex64", "complex128", "complex128"),
    ("float32", "complex64", "complex64"),
    ("float64", "complex64", "complex128"),
    ("int16", "complex64", "complex64"),
    ("complex64", "int32", "complex128"),
    ("bfloat16", "complex64", "complex64"),
]


def type_named(name):
    if name == "bfloat16":
        return np.dtype(pytest.importorskip("ml_dtypes").bfloat16)
    return np.dtype(name)


@pytest.mark.parametrize(("x", "weight", "result"), ROWS)
def test_type_of_the_result(x, weight, result):
    y = reference.conv1d(np.arange(4).astype(type_named(x)), np.ones(2, type_named(weight)))
    assert y.dtype == type_named(result)
    assert y.dtype.isnative
    expected = [1, 1, 1] if x == weight == "bool" else [1, 2, 2] if x == "bool" else [1, 3, 5]
    if weight == "bool":
        expected = [1, 2, 2] if x == "bool" else [1, 3, 5]
    assert y.astype(np.float64 if y.dtype.kind != "c" else y.dtype).tolist() == expected


@pytest.mark.parametrize(
    ("x", "weight"),
    [("longdouble", "float32"), ("float32", "object"), ("m8[s]", "int8"), ("S1", "S1")],
)
def test_types_beyond_the_table(x, weight):
    with pytest.raises(TypeError):
        reference.conv1d(np.zeros(3, x), np.zeros(2, weight))


def test_a_list_of_weights_takes_the_type_of_a_float_image():
    assert reference.conv1d(np.ones(3, np.float32), [0.5, 0.1]).dtype == np.float32
    assert reference.conv1d(np.ones(3, np.float16), (1, 2)).dtype == np.float16
    assert reference.conv1d(np.ones(3, np.float16), [1e6]).tolist() == [np.inf] * 3
    assert reference.conv1d(np.ones(3, np.uint8), [0.5, 0.1]).dtype == np.float64
    assert reference.conv1d(np.ones(3, np.float32), [1j]).tolist() == [1j] * 3


def test_subclasses_and_masks_count_as_plain_data():
    y = reference.conv1d(np.ma.masked_array([1.0, 2.0], [True, False]), np.ones(1))
    assert type(y) is np.ndarray
    assert y.tolist() == [1, 2]


def test_dlpack_is_read():
    class Tensor:
        data = np.array([1.0, 2.0])

        def __dlpack__(self, **options):
            return self.data.__dlpack__(**options)

        def __dlpack_device__(self):
            return self.data.__dlpack_device__()

    assert reference.conv1d(Tensor(), [3.0]).tolist() == [3, 6]


def test_integer_sums_wrap_at_their_width():
    x = np.full((140_000, 1), -128, np.int8)  # 140000 * 2**14 is beyond 31 bits
    total = 140_000 * 2**14
    y = reference.conv1d(x, x[None], [5])
    assert y.dtype == np.int32
    assert y.item() == total + 5 - 2**32
    assert reference.conv1d(x, x[None].astype(np.int16)).item() == total
    assert reference.conv1d(x, x[None], activation="relu", dtype=np.float64).item() == 0
    wide = reference.conv1d(np.array([2**63, 2**62], np.uint64), np.array([1, 3], np.uint64))
    assert wide.item() == (2**63 + 3 * 2**62) % 2**64 - 2**64 * (wide.item() < 0)


def test_operands_are_rounded_to_the_type_summed_in():
    image = np.ones(1, np.float32)
    assert reference.conv1d(image, np.array([2**24 + 1]), dtype=np.float64).item() == 2**24
    assert reference.conv1d(image, image, [0.1], dtype=np.float64).item() == 1 + np.float32(0.1)


def test_sum_is_rounded_once():
    x = np.array([2**24, 1, 1], np.float32)
    assert reference.conv1d(x, np.ones(3, np.float32)).item() == 2**24 + 2


@pytest.mark.parametrize(
    ("bias", "x", "fits"),
    [
        (np.float64, np.float32, True),
        (np.int64, np.float32, True),
        (np.int64, np.int8, True),
        (np.uint8, np.int8, True),
        (np.float32, np.int8, False),
        (np.complex64, np.float64, False),
        (np.float64, np.complex64, True),
        (object, np.float64, False),
    ],
)
def test_type_of_the_bias(bias, x, fits):
    arguments = np.ones((1, 3), x), np.ones((1, 1, 2), x), np.array([3], bias)
    if fits:
        assert (reference.conv1d(*arguments) == 5).all()
    else:
        with pytest.raises(TypeError):
            reference.conv1d(*arguments)


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        (
            np.uint8,
            [0.5, 1.5, 2.5, 254.5, 255.4, 300, -0.5, -1, np.nan, np.inf, -np.inf],
            [0, 2, 2, 254, 255, 255, 0, 0, 0, 255, 0],
        ),
        (np.int8, [127.5, -128.5, -129, -2.5], [127, -128, -128, -2]),
        (
            np.int32,
            [2147483646.5, 2147483647.5, -2147483648.5, 1e300],
            [2147483646, 2**31 - 1, -(2**31), 2**31 - 1],
        ),
        (
            np.int64,
            [2.0**63, -(2.0**63), 2.0**62, 1e300, np.nan],
            [2**63 - 1, -(2**63), 2**62, 2**63 - 1, 0],
        ),
        (np.uint64, [2.0**64, 2.0**63, -1], [2**64 - 1, 2**63, 0]),
        (np.float32, [1e300, -1e300, 0.1], [np.inf, -np.inf, float(np.float32(0.1))]),
        (np.float16, [65519, 65520, np.nan], [65504, np.inf, np.nan]),
        (np.complex64, [1.5], [1.5]),
    ],
)
def test_asked_type_of_float_sums(dtype, values, expected):
    y = reference.conv1d(np.array(values, np.float64), [1.0], dtype=dtype)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, np.array(expected, dtype))


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (np.int8, [-128, 127]),
        (np.uint64, [0, 2**40]),
        (np.uint8, [0, 255]),
        (np.float16, [-np.inf, np.inf]),
    ],
)
def test_asked_type_of_integer_sums(dtype, expected):
    y = reference.conv1d(np.array([-(2**40), 2**40]), [1], dtype=dtype)
    assert y.dtype == dtype
    assert y.tolist() == expected


@pytest.mark.parametrize(
    ("x", "dtype"),
    [
        ("float32", bool),
        ("int8", bool),
        ("complex64", "float32"),
        ("complex64", "int8"),
        ("float32", "longdouble"),
        ("float32", object),
        ("float32", ">f4"),
        ("float32", "nonsense"),
    ],
)
def test_asked_types_that_are_refused(x, dtype):
    with pytest.raises(TypeError):
        reference.conv1d(np.zeros(3, x), np.zeros(2, x), dtype=dtype)


def test_activations_of_integers():
    x = np.array([-3, 2, 9], np.int8)
    one = np.ones(1, np.int8)
    assert reference.conv1d(x, one, activation="relu").tolist() == [0, 2, 9]
    relu6 = reference.conv1d(x, one, activation="relu6")
    assert relu6.dtype == np.int32
    assert relu6.tolist() == [0, 2, 6]
    smooth = reference.conv1d(x, one, activation="tanh", dtype=np.float64)
    assert smooth.tolist() == np.tanh([-3.0, 2.0, 9.0]).tolist()
    beyond = np.array([2**24 + 1], np.int64)  # as float64 it is kept, as float32 it would not be
    assert reference.conv1d(beyond, one, activation="silu", dtype=np.float64).item() == 2**24 + 1
    for dtype in (None, np.int64):
        with pytest.raises(TypeError, match="tanh"):
            reference.conv1d(x, one, activation="tanh", dtype=dtype)


def test_complex_sums_are_not_conjugated():
    assert reference.conv1d([1 + 2j, 3j], [1j, 2]).tolist() == [-2 + 7j]
    with pytest.raises(TypeError, match="activation"):
        reference.conv1d([1j], [1j], activation="relu")


# ---------------------------------------------------------------------- out, empties, errors


def test_out_is_filled_and_returned():
    x, weight = digits(0, 2, 3, 5, 5), digits(1, 4, 3, 3, 3)
    out = np.empty((2, 3, 3, 4))
    last = np.moveaxis(x, 1, -1)
    assert reference.conv2d(last, weight, channels_last=True, out=out) is out
    np.testing.assert_array_equal(np.moveaxis(out, -1, 1), reference.conv2d(x, weight))


def test_out_may_be_a_neighbour_but_not_overlap():
    buffer = np.arange(9.0)
    reference.conv1d(buffer[:5], np.ones(2), out=buffer[5:])
    assert buffer[5:].tolist() == [1, 3, 5, 7]
    with pytest.raises(ValueError, match="overlaps"):
        reference.conv1d(buffer[:5], np.ones(2), out=buffer[4:8])
    weight = np.ones(2)
    with pytest.raises(ValueError, match="overlaps"):
        reference.conv1d(buffer[:3], weight, out=weight)


def read_only(array):
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("out", "error"),
    [
        (np.empty(3), ValueError),
        (np.empty((1, 4)), ValueError),
        (np.empty(8)[::2], ValueError),
        (read_only(np.empty(4)), ValueError),
        (np.empty(4, np.float32), TypeError),
        (np.empty(4, ">f8"), TypeError),
        ([0.0] * 4, TypeError),
    ],
)
def test_out_that_does_not_fit(out, error):
    with pytest.raises(error, match="out"):
        reference.conv1d(np.ones(5), np.ones(2), out=out)


def test_nothing_is_not_an_error():
    assert reference.conv2d(np.ones((0, 3, 5, 5)), np.ones((4, 3, 3, 3))).shape == (0, 4, 3, 3)
    assert reference.conv2d(np.ones((2, 3, 5, 5)), np.ones((0, 3, 3, 3))).shape == (2, 0, 3, 3)
    assert reference.conv2d(np.ones((0, 4, 5, 5)), np.ones((3, 3))).shape == (0, 4, 3, 3)
    y = reference.conv2d(np.ones((2, 0, 5, 5)), np.ones((4, 0, 3, 3)), [1, 2, 3, 4], groups=2)
    np.testing.assert_array_equal(
        y, np.broadcast_to(np.array([1, 2, 3, 4.0])[:, None, None], (2, 4, 3, 3))
    )


IMAGE, BANK = np.ones((2, 4, 6, 6)), np.ones((4, 2, 3, 3))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"x": np.ones((6, 6))}, ValueError),
        ({"x": np.ones((1, 2, 4, 6, 6))}, ValueError),
        ({"x": np.ones((2, 4, 2, 6))}, ValueError),  # output would be empty
        ({"x": np.ones((0, 4, 2, 6))}, ValueError),
        ({"x": np.ones((2, 5, 6, 6))}, ValueError),
        ({"x": "abc"}, TypeError),
        ({"x": None}, TypeError),
        ({"weight": np.ones((4, 3, 3))}, ValueError),
        ({"weight": np.ones((4, 2, 0, 3))}, ValueError),
        ({"weight": np.ones((3, 2, 3, 3))}, ValueError),  # not divisible by groups
        ({"weight": np.ones((3, 3))}, ValueError),  # a filter has groups 1
        ({"x": np.ones(6), "weight": np.ones((3, 3)), "groups": 1}, ValueError),
        (
            {"x": np.ones((6, 6)), "weight": np.ones((3, 3)), "groups": 1, "channels_last": True},
            ValueError,
        ),
        ({"weight": np.ones((3, 3)), "groups": 1, "bias": [1, 2]}, ValueError),
        ({"bias": [1.0]}, ValueError),
        ({"bias": 1.0}, ValueError),
        ({"stride": 0}, ValueError),
        ({"stride": (1, 2, 3)}, ValueError),
        ({"stride": ()}, ValueError),
        ({"stride": None}, TypeError),
        ({"stride": True}, TypeError),
        ({"stride": np.True_}, TypeError),
        ({"stride": 1.0}, TypeError),
        ({"stride": "2"}, TypeError),
        ({"dilation": -1}, ValueError),
        ({"dilation": (1, 1.5)}, TypeError),
        ({"groups": 0}, ValueError),
        ({"groups": 4}, ValueError),
        ({"groups": (2,)}, TypeError),
        ({"padding": -1}, ValueError),
        ({"padding": (1, -1)}, ValueError),
        ({"padding": [(1, 2, 3)]}, ValueError),
        ({"padding": (1, 1, 1)}, ValueError),
        ({"padding": 0.5}, TypeError),
        ({"padding": [(1, None)]}, TypeError),
        ({"padding": "SAME"}, ValueError),
        ({"padding_mode": "mirror"}, ValueError),
        ({"padding_mode": None}, TypeError),
        ({"padding_mode": "zeros", "padding_value": 1}, ValueError),
        ({"padding_mode": "edge", "padding_value": np.nan}, ValueError),
        ({"padding_value": 1j}, TypeError),
        ({"padding_value": "0"}, TypeError),
        ({"padding_value": [0]}, TypeError),
        ({"x": IMAGE.astype(np.uint8), "padding_value": 256}, ValueError),
        ({"x": IMAGE.astype(np.uint8), "padding_value": 0.5}, ValueError),
        ({"x": IMAGE.astype(np.uint8), "padding_value": np.nan}, ValueError),
        ({"x": IMAGE.astype(np.int64), "padding_value": 2.0**63}, ValueError),
        ({"x": IMAGE.astype(bool), "padding_value": 2}, ValueError),
        ({"activation": "softplus"}, ValueError),
        ({"activation": ("relu", 0.1)}, ValueError),
        ({"activation": ("leaky_relu", "0.1")}, TypeError),
        ({"activation": ("leaky_relu",)}, TypeError),
        ({"activation": 1}, TypeError),
        ({"algorithm": "magic"}, ValueError),
        ({"algorithm": None}, TypeError),
    ],
)
def test_errors(changes, error):
    good = {"x": IMAGE, "weight": BANK, "groups": 2}
    reference.conv2d(**good)
    with pytest.raises(error):
        reference.conv2d(**good | changes)


@pytest.mark.parametrize(
    ("channels", "filters", "depth", "groups"),
    [(5, 4, 2, 2), (4, 3, 2, 2), (0, 3, 0, 2), (4, 4, 2, 1)],
)
def test_channels_have_to_be_groups(channels, filters, depth, groups):
    x, weight = np.ones((1, channels, 6, 6)), np.ones((filters, depth, 3, 3))
    with pytest.raises(ValueError, match=f"are not {groups} groups"):
        reference.conv2d(x, weight, groups=groups)


ALGORITHMS = ("auto", "direct", "gemm", "winograd", "depthwise", "filter2d", "separable", "fft")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_algorithm_changes_nothing(algorithm):
    x, weight = digits(0, 3, 6, 6), digits(1, 2, 3, 3, 3)
    y = reference.conv2d(x, weight, algorithm=algorithm)
    np.testing.assert_array_equal(y, reference.conv2d(x, weight))


@pytest.mark.parametrize("conv", CONV.values())
def test_signature_is_the_contract(conv):
    source = (
        "lambda x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, *, "
        "padding_mode='constant', padding_value=0, activation=None, channels_last=False, "
        "algorithm='auto', dtype=None, out=None: 0"
    )
    ours = [(p.name, p.kind, p.default) for p in inspect.signature(conv).parameters.values()]
    contract = inspect.signature(eval(source)).parameters.values()
    assert ours == [(p.name, p.kind, p.default) for p in contract]


def test_reference_stands_alone():
    imported = set()
    for node in ast.walk(ast.parse(inspect.getsource(reference))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add("cconv" if node.level else node.module.partition(".")[0])
    assert "numpy" in imported
    assert "cconv" not in imported


# ---------------------------------------------------------------------------- promised error


def test_promised_error_is_the_formula():
    x, weight, bias = np.array([1.0, 2, -3, 4]), np.array([4.0, -5, 6]), np.array([-7.0])
    terms, magnitudes = 4, np.array([4 + 10 + 18 + 7, 8 + 15 + 24 + 7])

    def bound(of_type, **options):
        operands = (a.astype(of_type) for a in (x, weight, bias))
        return promised_error(reference.conv1d, *operands, **options)

    for dtype, eps, subnormal in (
        (np.float32, 2.0**-23, 2.0**-149),
        (np.float64, 2.0**-52, 2.0**-1074),
    ):
        np.testing.assert_array_equal(bound(dtype), eps * terms * magnitudes + terms * subnormal)
    sums = np.array([4 - 10 - 18 - 7, 8 + 15 + 24 - 7])  # -31 and 40: halves of ulps 2**-6, 2**-5
    np.testing.assert_array_equal(np.abs(sums), [31, 40])
    np.testing.assert_array_equal(
        bound(np.float16), bound(np.float32) + np.array([2.0**-7, 2.0**-6])
    )
    np.testing.assert_array_equal(bound(np.float32, dtype=np.float16), bound(np.float16))
    np.testing.assert_array_equal(bound(np.float64, dtype=np.float64), bound(np.float64))
    np.testing.assert_array_equal(bound(np.complex64), 2 * bound(np.float32))
    np.testing.assert_array_equal(bound(np.int16), 0)
    assert (bound(np.float32, activation="gelu", algorithm="fft") == bound(np.float32)).all()


def test_promised_error_counts_border_and_blocks():
    one = np.ones(1, np.float32)
    options = {"padding": 1, "padding_value": -3}
    edge = promised_error(reference.conv1d, one, np.ones(2, np.float32), **options)
    np.testing.assert_allclose(edge, 2.0**-23 * 2 * (3 + 1), rtol=1e-12)
    long = np.ones(8192, np.float32)
    bound = promised_error(reference.conv1d, long[:, None], long[None, :, None])
    np.testing.assert_allclose(bound, 2.0**-23 * (1024 + 32) * 8192, rtol=1e-12)


def test_promised_error_where_a_half_overflows():
    x = np.array([60000, 65500, 1], np.float16)
    bound = promised_error(reference.conv1d, x, np.array([1, 1], np.float16))
    assert np.isinf(bound[0])
    bound = promised_error(reference.conv1d, x[:1], np.ones(1, np.float16))
    assert bound.item() == pytest.approx(16, rel=1e-2)  # 60000 lies where halves are 32 apart
