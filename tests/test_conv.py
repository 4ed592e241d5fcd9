"""conv1d, conv2d, conv3d against the reference, and against torch, SciPy and NumPy."""

import inspect
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import (
    ACTIVATIONS,
    ALIASES,
    CONV,
    GENERAL,
    MODES,
    REFERENCE,
    SMALL,
    TYPES,
    WORDS,
    assert_promised,
    case_of,
    cases,
    channels_swapped,
    values,
)

import cconv
from cconv import reference

pytestmark = pytest.mark.kernel

FLOATS = (np.float32, np.float64)
INTEGERS = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")

by_room = pytest.mark.parametrize("algorithm", GENERAL)


def digits(seed, *shape, dtype=np.float32):
    """Small whole numbers, whose sums of products are exact."""
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(dtype)


# ------------------------------------------------------------------------------ the whole call


activations = st.one_of(
    st.sampled_from((None, *ACTIVATIONS)),
    st.tuples(st.just("leaky_relu"), st.sampled_from((0, 1, 0.25, -0.5, 3, np.float32(0.1)))),
)


@given(cases(), activations, st.sampled_from((None, "f2", "f4", "f8", *INTEGERS)), st.booleans())
def test_random_calls_keep_the_promise(case, activation, dtype, give_out):
    changes = {"activation": activation, "dtype": dtype}
    y = case(**changes)
    assert type(y) is np.ndarray
    assert y.flags.c_contiguous
    assert y.flags.writeable
    assert_promised(y, case, **changes)
    if give_out:
        out = np.full_like(y, 7)
        assert case(**changes, out=out) is out
        np.testing.assert_array_equal(out, y)


@given(cases(types=TYPES), st.sampled_from((None, "relu", "relu6")))
def test_every_type(case, activation):
    if "c" in (case.x.dtype.kind, case.weight.dtype.kind):
        activation = None
    assert_promised(case(activation=activation), case, activation=activation)


@given(cases())
def test_whole_numbers_are_summed_exactly(case):
    case.x, case.weight = np.rint(case.x), np.rint(case.weight)
    if case.bias is not None:
        case.bias = np.rint(case.bias.astype(np.float64))
    if "padding_value" in case.options:
        case.options["padding_value"] = 3
    np.testing.assert_array_equal(case(), case.reference())


@given(cases())
def test_channels_are_where_they_are_in_x(case):
    if case.weight.ndim == case.dims and case.options["channels_last"] is False:
        return  # no channels to move
    swapped, (to, back) = channels_swapped(case)
    assert_promised(np.moveaxis(swapped(), to, back), case)


@given(cases(bare=False, auto=False))
def test_no_batch_is_a_batch_of_one(case):
    if case.x.ndim == case.dims + 1:
        np.testing.assert_array_equal(case(), case(x=case.x[None])[0])
    else:
        np.testing.assert_array_equal(case(x=case.x[0]), case()[0])


@given(cases(bare=True, auto=False))
def test_a_bare_filter_sees_every_plane(case):
    last = case.options["channels_last"]
    x = np.moveaxis(case.x, -1, -1 - case.dims) if last else case.x
    lead, size = x.shape[: -case.dims], x.shape[-case.dims :]
    options = case.options | {"channels_last": False}
    each = CONV[case.dims](x.reshape(-1, 1, *size), case.weight[None, None], case.bias, **options)
    expected = each.reshape(*lead, *each.shape[2:])
    if last:
        expected = np.moveaxis(expected, -1 - case.dims, -1)
    np.testing.assert_array_equal(case(), expected)


# ------------------------------------------------------------------------------ signature


@pytest.mark.parametrize("conv", CONV.values())
def test_signature_is_the_contract(conv):
    source = (
        "lambda x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, *, "
        "padding_mode='constant', padding_value=0, activation=None, channels_last=False, "
        "algorithm='auto', dtype=None, out=None: 0"
    )
    contract = inspect.signature(eval(source)).parameters.values()
    ours = inspect.signature(conv).parameters.values()
    assert [(p.name, p.kind, p.default) for p in ours] == [
        (p.name, p.kind, p.default) for p in contract
    ]


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_positional_order_is_that_of_torch(dims):
    torch = pytest.importorskip("torch")
    x, weight, bias = digits(0, 2, 6, *[9] * dims), digits(1, 4, 3, *[3] * dims), digits(2, 4)
    arguments = ((2, 1, 1)[:dims], (1, 0, 2)[:dims], (1, 2, 3)[:dims], 2)
    theirs = getattr(torch.nn.functional, f"conv{dims}d")
    expected = theirs(*map(torch.from_numpy, (x, weight, bias)), *map(list, arguments[:3]), 2)
    np.testing.assert_array_equal(CONV[dims](x, weight, bias, *arguments), expected.numpy())


# ------------------------------------------------------------------------------ sweeps


def windows(x, kernel):
    return np.lib.stride_tricks.sliding_window_view(x, kernel, -1)


@by_room
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("padding", [0, 1])
def test_every_row_length(dtype, padding, algorithm):
    """Tails of vectors and tiles, whole rows and pieces of them."""
    weight = digits(1, 3, 2, 3, dtype=dtype)
    for n in range(3, 300):
        x = digits(n, 2, n, dtype=dtype)
        expected = np.einsum("cik,ock->oi", windows(np.pad(x, [(0, 0), (padding,) * 2]), 3), weight)
        y = cconv.conv1d(x, weight, padding=padding, algorithm=algorithm)
        np.testing.assert_array_equal(y, expected)


SHARING = {  # kernel, stride, dilation, padding
    "side by side": ((3, 3), 1, 1, ((1, 1), (1, 1))),
    "asymmetric": ((5, 4), (2, 1), 1, ((0, 2), (3, 1))),
    "longer than steps": ((6, 5), (4, 2), 1, ((2, 2), (2, 2))),
    "shorter than steps": ((5, 2), (3, 4), 1, ((1, 0), (0, 3))),
    "apart": ((3, 3), 1, (4, 2), ((4, 4), (2, 2))),
    "of one phase": ((3, 3), 2, 4, ((4, 4), (4, 4))),
    "of some phases": ((3, 4), (3, 2), (2, 3), ((3, 1), (4, 5))),
    "down": ((7, 1), 1, 1, ((3, 3), (0, 0))),
    "across": ((1, 7), 1, 1, ((0, 0), (3, 3))),
    "in several blocks": ((9, 11), 1, 1, ((4, 4), (5, 5))),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", SHARING.values(), ids=SHARING)
def test_taps_share_what_they_see(case, mode):
    """Of few channels, direct copies rows once for all taps."""
    kernel, stride, dilation, padding = case
    (sh, sw), (dh, dw) = np.broadcast_to(stride, 2), np.broadcast_to(dilation, 2)
    span = dh * (kernel[0] - 1) + 1, dw * (kernel[1] - 1) + 1
    options = {"padding": padding, "padding_mode": mode, "stride": stride, "dilation": dilation}
    for dtype in ("f4", "f8", "u1"):
        x, weight = digits(0, 2, 3, 33, 47, dtype=dtype), digits(1, 4, 3, *kernel, dtype="f4")
        padded = np.pad(x, [(0, 0), (0, 0), *padding], mode).astype("f8")
        seen = np.lib.stride_tricks.sliding_window_view(padded, span, (2, 3))
        seen = seen[:, :, ::sh, ::sw, ::dh, ::dw]
        expected = np.einsum("nchwij,ocij->nohw", seen, weight.astype("f8"))
        y = cconv.conv2d(x, weight, algorithm="direct", **options)
        np.testing.assert_array_equal(y, expected)
        last = np.ascontiguousarray(np.moveaxis(x, 1, -1))
        y = cconv.conv2d(last, weight, algorithm="direct", channels_last=True, **options)
        np.testing.assert_array_equal(y, np.moveaxis(expected, 1, -1))


@by_room
@pytest.mark.parametrize("dtype", FLOATS)
def test_every_number_of_output_channels(dtype, algorithm):
    x, bias = digits(0, 2, 37, dtype=dtype), digits(2, 140, dtype=dtype)
    for channels in range(1, 140):
        weight = digits(channels, channels, 2, 4, dtype=dtype)
        expected = np.einsum("cik,ock->oi", windows(x, 4), weight) + bias[:channels, None]
        arguments = weight, bias[:channels]
        y = cconv.conv1d(x, *arguments, algorithm=algorithm)
        np.testing.assert_array_equal(y, expected)
        last = np.ascontiguousarray(x.T)
        y = cconv.conv1d(last, *arguments, channels_last=True, algorithm=algorithm)
        np.testing.assert_array_equal(y, expected.T)


@by_room
@pytest.mark.parametrize("dtype", FLOATS)
def test_one_output_for_each_image_and_channel(dtype, algorithm):
    """Then channels lie next to one another in either layout."""
    x = digits(0, 5, 3, 4, dtype=dtype)
    for channels in (1, 2, 4, 8, 16, 32, 33, 128):
        weight = digits(channels, channels, 3, 4, dtype=dtype)
        expected = np.einsum("nck,ock->no", x, weight)
        y = cconv.conv1d(x, weight, algorithm=algorithm)
        np.testing.assert_array_equal(y[:, :, 0], expected)
        last = np.ascontiguousarray(np.moveaxis(x, 1, 2))
        y = cconv.conv1d(last, weight, channels_last=True, algorithm=algorithm)
        np.testing.assert_array_equal(y[:, 0], expected)


@by_room
@pytest.mark.parametrize("dtype", FLOATS)
def test_every_number_of_terms(dtype, algorithm):
    """Sums are taken in blocks: lengths around the ends of several."""
    for terms in (*range(1, 40), *range(250, 262), *range(508, 520), 1023, 1024, 1025):
        x, weight = digits(terms, terms, 5, dtype=dtype), digits(1, 2, terms, 1, dtype=dtype)
        y = cconv.conv1d(x, weight, algorithm=algorithm)
        np.testing.assert_array_equal(y, weight[:, :, 0] @ x)
        signal, kernel = digits(terms, terms + 4, dtype=dtype), weight[0, :, 0]
        y = cconv.conv1d(signal, kernel, algorithm=algorithm)
        np.testing.assert_array_equal(y, np.correlate(signal, kernel, "valid"))


@by_room
@pytest.mark.parametrize("channels", [5, 40, 129, 300])
def test_every_number_of_terms_of_a_plane(channels, algorithm):
    """Blocks end within a row of taps, after one, after the plane of them and between channels."""
    for height, width in itertools.product((1, 2, 3, 7), (1, 2, 3, 60)):
        x, weight = (
            digits(0, channels, height + 1, width + 2),
            digits(1, 3, channels, height, width),
        )
        y = cconv.conv2d(x, weight, algorithm=algorithm)
        for i, j in np.ndindex(y.shape[1:]):
            window = x[:, i : i + height, j : j + width]
            expected = np.tensordot(weight.astype(np.int64), window.astype(np.int64), 3)
            np.testing.assert_array_equal(y[:, i, j], expected)


@by_room
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("mode", MODES)
def test_every_border_is_that_of_numpy_pad(mode, stride, algorithm):
    """Every (before, after) on axes of up to 4 elements, well beyond one period of the modes."""
    constant = {"constant_values": 7} if mode == "constant" else {}
    value = 7 if mode == "constant" else 0
    one = np.ones(1, np.float32)
    for n, before, after in itertools.product(range(1, 5), range(10), range(10)):
        x = np.arange(1, n + 1, dtype=np.float32)
        if mode in ("reflect", "symmetric") and np.lib.NumpyVersion(np.__version__) < "2.0.0":
            expected = reference.conv1d(x, one, padding=[(before, after)], padding_mode=mode)
        else:
            expected = np.pad(x, (before, after), mode, **constant)
        options = {"padding_mode": mode, "padding_value": value, "algorithm": algorithm}
        y = cconv.conv1d(x, one, None, stride, [(before, after)], **options)
        np.testing.assert_array_equal(y, expected[::stride])


@by_room
@pytest.mark.parametrize("mode", MODES)
def test_borders_of_several_axes_meet_as_in_numpy_pad(mode, algorithm):
    x = digits(0, 3, 4, 5)
    widths = [(2, 1), (0, 3), (3, 2)]
    options = {"padding": widths, "padding_mode": mode, "algorithm": algorithm}
    y = cconv.conv3d(x, np.ones((1, 1, 1), np.float32), **options)
    np.testing.assert_array_equal(y, np.pad(x, widths, mode))


@pytest.mark.parametrize(("alias", "mode"), ALIASES.items())
def test_other_names_of_modes(alias, mode):
    x, weight = digits(0, 4, 5), digits(1, 3, 3)
    y = cconv.conv2d(x, weight, padding=2, padding_mode=alias)
    np.testing.assert_array_equal(y, cconv.conv2d(x, weight, padding=2, padding_mode=mode))


@by_room
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("value", [-3, 0.1, 1e300, np.nan, np.inf, np.float16(0.1), True])
def test_padding_value_is_an_element_of_x(dtype, value, algorithm):
    """Rounded to the type of x first, also where the sum is wider."""
    with np.errstate(over="ignore"):
        expected = np.array(value).astype(dtype).astype(np.float64)
    x, weight = np.ones(1, dtype), np.ones(1)
    y = cconv.conv1d(x, weight, padding=1, padding_value=value, algorithm=algorithm)
    np.testing.assert_array_equal(y, [expected, 1, expected])


@pytest.mark.parametrize("alias", ["constant", "zeros", "edge", "circular"])
def test_padding_value_0_goes_with_every_mode(alias):
    cconv.conv1d(np.ones(3), np.ones(2), padding=1, padding_mode=alias, padding_value=0.0)


@given(st.integers(1, 20), st.integers(1, 6), st.integers(1, 5), st.integers(1, 4))
def test_padding_words(n, kernel, stride, dilation):
    x, weight = digits(n, n), digits(1, kernel)
    span = dilation * (kernel - 1) + 1
    wanted = {
        "same": math.ceil(n / stride),
        "same_lower": math.ceil(n / stride),
        "full": (n + span - 2) // stride + 1,
        "valid": (n - span) // stride + 1,
    }
    for word in WORDS:
        if wanted[word] < 1:
            continue
        y = cconv.conv1d(x, weight, None, stride, word, dilation)
        assert y.shape == (wanted[word],)
        np.testing.assert_array_equal(y, reference.conv1d(x, weight, None, stride, word, dilation))


# ------------------------------------------------------------------------------ activations


def sweep(dtype):
    """Numbers of every size, dense where activations bend, with both zeros and infinities."""
    rng = np.random.default_rng(0)
    dense = np.linspace(-20, 20, 20011)
    sizes = 10 ** rng.uniform(-40, 4, 3000) * rng.choice((-1, 1), 3000)
    special = [0.0, -0.0, 3, -3, 6, 709, -709, 745, -745, 88, -88, 104, -104, 3e38, -3e38]
    return np.concatenate([dense, sizes, special]).astype(dtype)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_in_float32_are_within_4_ulp(name):
    x = sweep(np.float32)
    y = cconv.conv1d(x, np.ones(1, np.float32), activation=name)
    exact = reference.conv1d(x.astype(np.float64), np.ones(1), activation=name)
    allowed = 4 * np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)
    if name == "gelu":
        allowed = np.where(x < -3, np.maximum(allowed, 4 * np.finfo(np.float32).eps), allowed)
    wrong = ~(np.abs(y - exact) <= allowed)
    assert not wrong.any(), (x[wrong][:5], y[wrong][:5], exact[wrong][:5])


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "silu", "hardswish", "gelu"])
def test_activations_in_float64_are_within_4_ulp(name):
    mp = pytest.importorskip("mpmath")
    x = sweep(np.float64)[::31]
    x = x[np.abs(x) < 1e3]  # mpmath's erfc gives up beyond
    functions = {
        "sigmoid": lambda v: 1 / (1 + mp.exp(-v)),
        "tanh": mp.tanh,
        "silu": lambda v: v / (1 + mp.exp(-v)),
        "hardswish": lambda v: v * min(max(v + 3, 0), 6) / 6,
        "gelu": lambda v: v * mp.erfc(-v / mp.sqrt(2)) / 2,
    }
    y = cconv.conv1d(x, np.ones(1), activation=name)
    with mp.workdps(60):
        exact = [functions[name](mp.mpf(float(v))) for v in x]
        off = np.array([float(abs(mp.mpf(float(a)) - b)) for a, b in zip(y, exact, strict=True)])
        allowed = 4 * np.spacing(np.abs([float(b) for b in exact]))
    if name == "gelu":
        allowed = np.where(x < -3, np.maximum(allowed, 4 * np.finfo(np.float64).eps), allowed)
    assert (off <= allowed).all(), x[off > allowed][:5]


@by_room
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_reach_their_limits(name, dtype, algorithm):
    x = np.array([-np.inf, np.inf, np.nan] * 20, dtype)
    y = cconv.conv1d(x, np.ones(1, dtype), activation=name, algorithm=algorithm)
    np.testing.assert_array_equal(y, reference.conv1d(x, np.ones(1, dtype), activation=name))
    assert np.isnan(y[2::3]).all()


@by_room
@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "i8"])
@pytest.mark.parametrize("activation", ["relu", "relu6"])
def test_sums_of_several_blocks_are_bounded_once(activation, dtype, algorithm):
    """The last blocks of terms see the border alone in the first case, and not in the second."""
    weight = digits(1, 5, 300, 3, 3, dtype=dtype)
    for height in (1, 4):
        x, options = digits(0, 1, 300, height, 41, dtype=dtype), {"activation": activation}
        y = cconv.conv2d(x, weight, padding=1, algorithm=algorithm, **options)
        np.testing.assert_array_equal(y, reference.conv2d(x, weight, padding=1, **options))


@by_room
@pytest.mark.parametrize("activation", [None, "relu", "tanh"])
def test_every_number_of_channels_of_a_pixel(activation, algorithm):
    x = digits(0, 1, 5, 7, 3) / np.float32(64)
    for channels in range(1, 70):
        weight = digits(channels, channels, 3, 1, 1) / np.float32(8)
        options = {"channels_last": True, "activation": activation}
        y = cconv.conv2d(x, weight, algorithm=algorithm, **options)
        np.testing.assert_allclose(y, reference.conv2d(x, weight, **options), rtol=1e-6)


@pytest.mark.parametrize("slope", [0, 1, -2, 0.3, np.float64(0.25), np.int64(2), 10**30])
def test_slope_of_leaky_relu(slope):
    x = np.array([-4.0, -0.5, 0, 5])
    y = cconv.conv1d(x, np.ones(1), activation=("leaky_relu", slope))
    np.testing.assert_allclose(y, np.where(x > 0, x, float(slope) * x), rtol=4 * 2.0**-52)
    as_list = cconv.conv1d(x, np.ones(1), activation=["leaky_relu", slope])
    np.testing.assert_array_equal(as_list, y)


@by_room
def test_order_is_sum_bias_activation_dtype(algorithm):
    x, weight = np.array([10.0, -10.0, 0.1]), np.ones(1)
    options = {"bias": [3.4], "algorithm": algorithm}
    y = cconv.conv1d(x, weight, activation="relu", dtype=np.uint8, **options)
    assert y.dtype == np.uint8
    assert y.tolist() == [13, 0, 4]
    y = cconv.conv1d(x, weight, activation="sigmoid", dtype=np.int8, **options)
    assert y.tolist() == [1, 0, 1]  # cast first it would be 0.97 and 0 for the last two


# ------------------------------------------------------------------------------ types


@pytest.mark.parametrize(
    ("x", "weight", "result"),
    [("f4", "f4", "f4"), ("f8", "f8", "f8"), ("f4", "f8", "f8"), ("f8", "f4", "f8")],
)
def test_type_of_the_result(x, weight, result):
    y = cconv.conv1d(values(0, 9, x), values(1, 3, weight))
    assert y.dtype == result
    exact = cconv.conv1d(values(0, 9, x).astype(result), values(1, 3, weight).astype(result))
    np.testing.assert_array_equal(y, exact)


def test_lists_are_read_as_numpy_reads_them():
    assert cconv.conv1d([1, 2, 3], [1, 1]).dtype == np.int64
    assert cconv.conv1d([1, 2.5, 3], (1, 1)).dtype == np.float64
    assert cconv.conv1d([True, False], [True]).dtype == np.int32
    assert cconv.conv1d([1j, 2], [1]).dtype == np.complex128
    y = cconv.conv2d([[10, 20, 30], [15, 25, 35], [20, 30, 40]], [[1, 0, -1]] * 3)
    assert y.tolist() == [[-60]]


@by_room
def test_sums_of_8_bits_wrap_past_32(algorithm):
    x = np.full((140_000, 1), -128, np.int8)
    total = 140_000 * 2**14
    assert cconv.conv1d(x, x[None], algorithm=algorithm).item() == total - 2**32
    assert cconv.conv1d(x, x[None].astype(np.int16), algorithm=algorithm).item() == total


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_list_of_weights_takes_the_type_of_x(dtype):
    x = values(0, 9, dtype)
    for weight in ([0.1, 0.2], (0.1, 0.2), [1, 2], [True, False], [np.float64(0.1), 2]):
        y = cconv.conv1d(x, weight)
        assert y.dtype == dtype
        np.testing.assert_array_equal(y, cconv.conv1d(x, np.array(weight).astype(dtype)))
    x_as_list = cconv.conv1d(x.tolist(), np.ones(2, np.float32))
    assert x_as_list.dtype == np.float64


@pytest.mark.parametrize(
    ("dtype", "sums", "expected"),
    [
        (
            np.uint8,
            [0.5, 1.5, 2.5, 254.5, 255.4, 300, -0.5, -1, np.nan, np.inf, -np.inf, 255.5],
            [0, 2, 2, 254, 255, 255, 0, 0, 0, 255, 0, 255],
        ),
        (np.int8, [127.5, -128.5, -129, -2.5, 0.5], [127, -128, -128, -2, 0]),
        (np.int16, [32767.5, -32769, 2.5], [32767, -32768, 2]),
        (np.uint16, [65535.5, -1, 65534.5], [65535, 0, 65534]),
        (np.int32, [2147483648, -2147483904, 1e30], [2**31 - 1, -(2**31), 2**31 - 1]),
        (np.uint32, [4294967296, -1, 4294967040], [2**32 - 1, 0, 4294967040]),
        (np.int64, [2.0**63, -(2.0**63), 2.0**62, -1e30, np.nan], None),
        (np.uint64, [2.0**64, 2.0**63, -1, np.inf, np.nan], None),
        (np.float16, [65519, 65520, 2049, 2051, 5.9e-8, 2e-8, np.nan], None),
        (np.float32, [0.1, 1e30, -0.0], None),
        (np.float64, [0.1, 1e30, np.inf], None),
    ],
)
@by_room
@pytest.mark.parametrize("sum_type", FLOATS)
def test_asked_type(sum_type, dtype, sums, expected, algorithm):
    x = np.array(sums, sum_type)
    if expected is None:
        expected = reference.conv1d(x, np.ones(1, sum_type), dtype=dtype)
    y = cconv.conv1d(x, np.ones(1, sum_type), dtype=dtype, algorithm=algorithm)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, np.array(expected, dtype))


def test_asked_type_saturates_float64_exactly():
    x = np.array([2147483646.5, 2147483647.4, 2147483647.5, -2147483648.5, 1e300])
    y = cconv.conv1d(x, np.ones(1), dtype=np.int32)
    assert y.tolist() == [2147483646, 2**31 - 1, 2**31 - 1, -(2**31), 2**31 - 1]
    x = np.array([1e300, -1e300])
    assert cconv.conv1d(x, np.ones(1), dtype=np.float32).tolist() == [np.inf, -np.inf]


@pytest.mark.parametrize("sum_type", FLOATS)
def test_every_half_comes_back(sum_type):
    """All 65536 halves, and the points between neighbours where rounding decides."""
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)].astype(sum_type)
    halves.sort()
    middles = (halves[1:] + halves[:-1]) / 2
    x = np.concatenate(
        [halves, middles, np.nextafter(middles, -np.inf), np.nextafter(middles, 9e9)]
    )
    y = cconv.conv1d(x, np.ones(1, sum_type), dtype=np.float16)
    np.testing.assert_array_equal(y, x.astype(np.float16))


@pytest.mark.parametrize("spelling", ["float32", "f4", float, np.float64, np.dtype("i2"), np.uint8])
def test_spellings_of_dtype(spelling):
    assert cconv.conv1d(np.ones(3), np.ones(2), dtype=spelling).dtype == np.dtype(spelling)


# ------------------------------------------------------------------------------ second opinions


@given(cases(bare=False, words=False))
def test_torch_agrees(case):
    torch = pytest.importorskip("torch")
    if case.options["channels_last"]:
        case, _ = channels_swapped(case)
    options = case.options
    summed = np.result_type(case.x, case.weight)
    bordered = with_border(case).astype(summed)
    bias = None if case.bias is None else torch.from_numpy(case.bias.astype(summed))
    steps = [np.broadcast_to(options[name], case.dims).tolist() for name in ("stride", "dilation")]
    expected = getattr(torch.nn.functional, f"conv{case.dims}d")(
        torch.from_numpy(bordered),
        torch.from_numpy(case.weight.astype(summed)),
        bias,
        stride=steps[0],
        dilation=steps[1],
        groups=int(options["groups"]),
    )
    # Both sum the same terms, in orders of their own.
    assert_promised(case(), case)
    assert_promised(expected.numpy(), case)


def with_border(case):
    """`x` with its border, channels first."""
    sizes, kernel = case.x.shape[-case.dims :], case.weight.shape[-case.dims :]
    steps = (case.options[name] for name in ("stride", "dilation"))
    pairs = cconv.shapes.resolve_padding(case.options["padding"], sizes, kernel, *steps)
    mode, value = case.options["padding_mode"], case.options.get("padding_value", 0)
    one = np.ones((1,) * case.dims, case.x.dtype)
    pad = REFERENCE[case.dims]
    return pad(case.x, one, padding=pairs, padding_mode=mode, padding_value=value)


NDIMAGE = {"constant": "constant", "edge": "nearest", "reflect": "mirror", "symmetric": "reflect"}


@given(cases(bare=True, words=False), st.sampled_from([*NDIMAGE, "wrap"]))
def test_scipy_ndimage_agrees(case, mode):
    ndimage = pytest.importorskip("scipy.ndimage")
    plane = case.x.reshape(-1, *case.x.shape[-case.dims :])[0]
    kernel = np.rint(4 * case.weight[tuple(slice(0, k - 1 + k % 2) for k in case.weight.shape)])
    plane = np.rint(4 * plane)
    y = CONV[case.dims](plane, kernel, padding="same", padding_mode=mode)
    np.testing.assert_array_equal(y, ndimage.correlate(plane, kernel, mode=NDIMAGE.get(mode, mode)))


@given(cases(bare=True, words=False, types=[np.dtype(np.float64)]))
def test_scipy_signal_agrees(case):
    signal = pytest.importorskip("scipy.signal")
    plane = np.rint(case.x.reshape(-1, *case.x.shape[-case.dims :])[0])
    kernel = np.rint(4 * case.weight)
    full = signal.correlate(plane, kernel, "full", "direct")
    np.testing.assert_array_equal(CONV[case.dims](plane, kernel, padding="full"), full)
    if all(n >= k for n, k in zip(plane.shape, kernel.shape, strict=True)):
        valid = signal.correlate(plane, kernel, "valid", "direct")
        np.testing.assert_array_equal(CONV[case.dims](plane, kernel), valid)


@given(st.integers(1, 90), st.integers(1, 12))
def test_numpy_correlate_agrees(n, k):
    x, kernel = digits(n, n + k), digits(k, k)
    for mode in ("valid", "full"):
        y = cconv.conv1d(x, kernel, padding=mode)
        np.testing.assert_array_equal(y, np.correlate(x, kernel, mode))


@pytest.mark.parametrize("problem", SMALL, ids=lambda problem: problem.name)
def test_float64_sums_are_exact_in_whole_numbers(problem):
    case = case_of(problem, np.float64)
    case.x, case.weight = np.rint(1e6 * case.x), np.rint(1e6 * case.weight)
    case.options.pop("activation", None)
    expected = case.reference()
    for algorithm in case.rooms():
        np.testing.assert_array_equal(case(algorithm=algorithm), expected)
