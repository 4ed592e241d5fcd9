"""Convolution of the reference, against nested loops, SciPy, torch and worked examples.

Values are small integers wherever sums are compared: every order of summation is then exact, and
the comparison an equality.
"""

import fractions

import numpy as np
import pytest
from accuracy import promised_error
from enumeration import count_windows, digits, walk
from hypothesis import given
from hypothesis import strategies as st

from cconv import reference

CONV = {1: reference.conv1d, 2: reference.conv2d, 3: reference.conv3d}
MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


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
def test_conv_is_the_formula(p):
    np.testing.assert_array_equal(call(p), naive(**p))


@given(problems())
def test_layouts_agree(p):
    y = call(p)
    last = call(p, x=np.moveaxis(p["x"], 1, -1), channels_last=True)
    np.testing.assert_array_equal(np.moveaxis(last, -1, 1), y)
    assert y.flags.c_contiguous
    assert last.flags.c_contiguous
    np.testing.assert_array_equal(call(p, x=p["x"][0]), y[0])


@given(problems(), st.lists(st.integers(0, 2), max_size=3), st.booleans())
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
def test_scipy_correlate_agrees(p, word):
    signal = pytest.importorskip("scipy.signal")
    kernel = p["weight"][0, 0]
    x = np.tile(p["x"][0, 0], (3,) * kernel.ndim)  # no axis shorter than the kernel's
    expected = signal.correlate(x, kernel, word.removesuffix("_lower"), method="direct")
    np.testing.assert_array_equal(CONV[kernel.ndim](x, kernel, padding=word), expected)


@given(st.sampled_from(MODES), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2**20))
def test_scipy_ndimage_agrees(mode, half_height, half_width, seed):
    ndimage = pytest.importorskip("scipy.ndimage")
    names = dict(zip(MODES, ("constant", "nearest", "mirror", "reflect", "grid-wrap"), strict=True))
    x, kernel = digits(seed, 6, 7), digits(seed + 1, 2 * half_height + 1, 2 * half_width + 1)
    ours = reference.conv2d(x, kernel, padding="same", padding_mode=mode)
    np.testing.assert_array_equal(ours, ndimage.correlate(x, kernel, mode=names[mode]))


@given(st.integers(0, 2**20), st.booleans())
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


# -------------------------------------------------------------------------------- worked examples


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


# --------------------------------------------------------------------------- out, empties, errors


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
