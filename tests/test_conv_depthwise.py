"""A filter for each channel: what algorithm "depthwise" does, by name."""

import itertools

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory import fresh, layouts
from problems import (
    ACTIVATIONS,
    CONV,
    FLOATS,
    HALVES,
    INTEGERS,
    MODES,
    Case,
    assert_promised,
    cases,
    values,
)

import cconv

pytestmark = pytest.mark.kernel

REAL = (*INTEGERS, *HALVES, *FLOATS)
MOST_LANES = 16  # of a vector, at any level


def named(case):
    case.options["algorithm"] = "depthwise"
    return case


def depthwise(types=REAL):
    return cases(bare=False, types=types, depthwise=True).map(named)


def channelwise(channels, size, kernel, dtype=np.float32, **options):
    """A batch of two."""
    x = values(0, (2, channels, *size), dtype)
    weight = values(1, (channels, 1, *kernel), dtype)
    options = {"groups": channels, "algorithm": "depthwise"} | options
    return Case(len(size), x, weight, values(2, channels, dtype), options)


def last(array):
    return np.ascontiguousarray(np.moveaxis(array, 1, -1))


# ------------------------------------------------------------------------------ values


@given(depthwise(FLOATS), st.sampled_from((None, *ACTIVATIONS)), st.sampled_from((None, *REAL)))
def test_random_calls_keep_the_promise(case, activation, dtype):
    dtype = None if dtype in (np.bool_, ml_dtypes.bfloat16) else dtype
    changes = {"activation": activation, "dtype": dtype}
    assert_promised(case(**changes), case, **changes)


@given(depthwise(), st.sampled_from((None, "relu", "relu6")))
def test_every_type(case, activation):
    assert_promised(case(activation=activation), case, activation=activation)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("dtype", ["f4", "f8", "f2", "i1", "i4"])
def test_every_number_of_channels(dtype, channels_last):
    """From the first vector on; a channel has the bits that it has among others."""
    most = 3 * MOST_LANES + 1
    whole = channelwise(most, (5, 6), (3, 2), dtype, padding=1)
    expected = whole()
    assert_promised(expected, whole)
    taken = []
    for channels in range(1, most + 1):
        arrays = whole.x[:, :channels], whole.weight[:channels], whole.bias[:channels]
        case = Case(2, *arrays, whole.options | {"groups": channels})
        if "depthwise" in case.rooms():
            taken.append(channels)
            y = case(x=last(case.x), channels_last=True) if channels_last else case()
            y = np.moveaxis(y, -1, 1) if channels_last else y
            np.testing.assert_array_equal(y, expected[:, :channels])
    assert taken == list(range(min(taken), most + 1))
    assert min(taken) <= MOST_LANES


@pytest.mark.parametrize("dtype", ["f4", "f8", "i1"])
def test_every_row_length(dtype):
    for n in range(3, 60):
        case = channelwise(17, (n,), (3,), dtype, padding=1)
        case.x = np.rint(4 * case.x.astype("f8")).astype(dtype)
        case.weight, case.bias = np.ones_like(case.weight), None
        padded = np.pad(case.x.astype("i8"), [(0, 0), (0, 0), (1, 1)])
        expected = padded[..., :-2] + padded[..., 1:-1] + padded[..., 2:]
        np.testing.assert_array_equal(case(), expected)
        np.testing.assert_array_equal(case(x=last(case.x), channels_last=True), last(expected))


@pytest.mark.parametrize("taps", [1, 255, 256])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_every_number_of_taps(dims, taps):
    case = channelwise(17, (*[2] * (dims - 1), taps), (*[1] * (dims - 1), taps))
    assert_promised(case(), case)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_borders_are_those_of_numpy_pad(dims, mode):
    widths = [(2, 1), (0, 3), (3, 2)][-dims:]
    case = channelwise(17, (3, 4, 5)[-dims:], [1] * dims, padding=widths, padding_mode=mode)
    case.weight, case.bias = np.ones_like(case.weight), None
    expected = np.pad(case.x, [(0, 0), (0, 0), *widths], mode)
    np.testing.assert_array_equal(case(), expected)
    np.testing.assert_array_equal(case(x=last(case.x), channels_last=True), last(expected))


@pytest.mark.parametrize("mode", MODES)
def test_every_border(mode):
    """Well beyond one period of the modes, under windows with strides."""
    for n, before, after, stride in itertools.product((1, 2, 4), range(8), range(8), (1, 3)):
        options = {"padding": [(before, after)], "padding_mode": mode, "stride": stride}
        if n + before + after >= 3:
            case = channelwise(16, (n,), (3,), "i1", **options)
            y = case(x=last(case.x), channels_last=True)
            np.testing.assert_array_equal(y, last(case.reference()))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("value", [-3, 0.1, 1e300, np.nan, np.inf, np.float16(0.1), True])
def test_padding_value_is_an_element_of_x(dtype, value):
    with np.errstate(over="ignore"):
        expected = np.array(value).astype(dtype)
    case = channelwise(17, (1,), (1,), dtype, padding=1, padding_value=value)
    y = case(x=np.ones_like(case.x), weight=np.ones((17, 1, 1)), bias=None)
    np.testing.assert_array_equal(y[:, :, [0, 2]], np.full((2, 17, 2), expected))
    assert (y[:, :, 1] == 1).all()


@pytest.mark.parametrize(("dtype", "value"), [("i1", -128), ("u1", 255), ("i4", 1 - 2**31)])
def test_integers_do_not_wrap_before_the_width_of_their_sum(dtype, value):
    full = np.full((17, 1, 256), value, dtype)
    y = cconv.conv1d(full[:, 0], full, groups=17, algorithm="depthwise")
    assert y.ravel().tolist() == [(256 * value**2 + 2**63) % 2**64 - 2**63] * 17


# ------------------------------------------------------------------------------ bits


@given(depthwise(), layouts(), layouts(), st.integers(1, 5))
def test_layouts_threads_out_and_layers_have_the_same_bits(case, of_x, of_weight, threads):
    expected, layer = case(), case.layer()
    out = np.empty_like(expected)
    with cconv.num_threads(threads):
        assert case(x=of_x(case.x), weight=of_weight(case.weight), out=out) is out
        of_layer = [layer(x).tobytes() for x in (case.x, of_x(case.x))]
    assert {out.tobytes(), *of_layer} == {expected.tobytes()}


@given(depthwise(), st.data())
def test_pieces_of_the_batch(case, data):
    if case.x.ndim == case.dims + 1:
        case.x = np.stack([case.x] * 3)
        case.x[1:, 0] = case.x[0, -1]
    whole, cut = case(), data.draw(st.integers(0, len(case.x)))
    pieces = [case(x=piece) for piece in (case.x[:cut], case.x[cut:])]
    assert np.concatenate(pieces).tobytes() == whole.tobytes()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_shifted_positions(dtype):
    """Where an output lies in its row, tile or strip does not show in it."""
    case = channelwise(19, (300,), (7,), dtype, activation="gelu")
    whole = case()
    for begin, length in itertools.product(range(0, 70, 3), (7, 40, 130, 230)):
        part = case(x=case.x[:, :, begin : begin + length])
        np.testing.assert_array_equal(part, whole[:, :, begin : begin + length - 6])


@pytest.mark.parametrize("channels_last", [False, True])
def test_only_out_is_written(channels_last):
    """Canaries on both sides of every number of channels."""
    for channels in range(16, 50):
        case = channelwise(channels, (4, 5), (3, 3), channels_last=channels_last, padding=1)
        case.x = last(case.x) if channels_last else case.x
        expected = case()
        block = np.full(expected.size + 40, 7, np.float32)
        case(out=block[20:-20].reshape(expected.shape))
        assert block[20:-20].tobytes() == expected.tobytes()
        assert (block[:20] == 7).all()
        assert (block[-20:] == 7).all()


@pytest.mark.parametrize("channels", [17, 96, 208])
def test_alignments(channels):
    """Lines of the cache begin at different channels; of many channels the second vector there."""
    case = channelwise(channels, (4, 5), (3, 3), channels_last=True)
    x = last(case.x)
    expected = case(x=x)
    for offset in range(66):
        moved, out = (fresh(a.shape, a.dtype, offset) for a in (x, expected))
        moved[...] = x
        assert case(x=moved, out=out).tobytes() == expected.tobytes()


# ------------------------------------------------------------------------------ what is not finite


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("channels_last", [False, True])
def test_not_finite_at_every_position(channels_last, mode, value):
    """An image for each position."""
    options = {"padding": ((2, 1), (1, 3)), "stride": (1, 2), "padding_mode": mode}
    case = channelwise(17, (4, 5), (3, 3), **options)
    case.weight[3, 0, 1] = 0  # zero times infinity
    image, clean = case.x[:1], case()[:1]
    case.x = np.repeat(image, image.size, 0)
    case.x.reshape(image.size, -1)[np.diag_indices(image.size)] = value
    y = case(x=last(case.x), channels_last=True) if channels_last else case()
    y = np.moveaxis(y, -1, 1) if channels_last else y
    expected = case.reference()
    hit = ~np.isfinite(expected)
    assert hit.any()
    np.testing.assert_array_equal(y[hit], expected[hit])
    np.testing.assert_array_equal(y[~hit], np.broadcast_to(clean, y.shape)[~hit])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_and_biases_that_are_not_finite(value):
    """No other channel sees them."""
    for channel, name in itertools.product(range(17), ("weight", "bias")):
        case = channelwise(17, (4, 5), (2, 2))
        getattr(case, name)[channel] = value
        bad = ~np.isfinite(case())
        assert bad[:, channel].all()
        assert bad.sum() == bad[:, channel].sum()


# ------------------------------------------------------------------------------ layers


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_one_layer_takes_inputs_of_any_size_and_type(dims):
    """A bias past 2**24 shows the type that it is prepared in."""
    weight, bias = values(1, (19, 1, *[3] * dims)), np.full(19, 2**24 + 1)
    options = {"padding": 1, "groups": 19, "algorithm": "depthwise"}
    layer = (cconv.Conv1d, cconv.Conv2d, cconv.Conv3d)[dims - 1](weight, bias, **options)
    for n, dtype in itertools.product((1, 4, 9), ("f4", "f8", "f2", "i1", "i4", "f4")):
        x = values(n, (2, 19, *[n] * dims), dtype)
        y = layer(x)
        assert y.tobytes() == CONV[dims](x, weight, bias, **options).tobytes()
        assert_promised(y, Case(dims, x, weight, bias, options))


# ------------------------------------------------------------------------------ nothing at all


@pytest.mark.parametrize("channels_last", [False, True])
def test_no_images(channels_last):
    case = channelwise(16, (5, 5), (2, 2), channels_last=channels_last)
    y = case(x=case.x[:0].reshape((0, 5, 5, 16) if channels_last else (0, 16, 5, 5)))
    assert y.shape == ((0, 4, 4, 16) if channels_last else (0, 16, 4, 4))


def test_an_axis_of_nothing_but_border():
    case = channelwise(16, (0, 3), (2, 2), padding=1, padding_value=5)
    y = case(weight=np.ones_like(case.weight), bias=None)
    np.testing.assert_array_equal(y, np.full((2, 16, 1, 4), 4 * 5))
