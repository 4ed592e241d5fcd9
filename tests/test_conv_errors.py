"""Every refusal: its type, its one line, and that nothing has happened."""

import decimal
import fractions
import math
import pathlib
import re

import numpy as np
import pytest
from problems import ACTIVATIONS, CONV, GENERAL, LAYER, MODES, ROOMS, TYPES, Case, values
from refusals import BEYOND, NO_INTS, Index, TwoLines, Unprintable, by_type, itself, refusal

import cconv
from cconv import _core

X, WEIGHT = values(0, (2, 4, 6, 7)), values(1, (6, 2, 3, 3))


def call(**changes):
    arguments = {"x": X, "weight": WEIGHT, "groups": 2} | changes
    return cconv.conv2d(**arguments)


def refused(error, *words, **changes):
    """A refusal of conv2d that leaves `out` alone; explain and the layer refuse as well."""
    out = np.full((2, 6, 4, 5), 7, np.float32)
    message = refusal(error, call, **{"out": out} | changes)
    assert (out == 7).all()
    assert message.startswith("conv2d: ")
    for word in words:
        assert word in message

    arguments = {"x": X, "weight": WEIGHT, "groups": 2} | changes
    refusal(error, cconv.explain, "conv2d", **arguments)
    if "out" not in changes:
        x = arguments.pop("x")
        message = refusal(error, lambda: cconv.Conv2d(**arguments)(x))
        assert message.startswith("conv2d: ")
    return message


def test_the_arguments_without_changes_are_good():
    assert call().shape == (2, 6, 4, 5)
    assert cconv.Conv2d(WEIGHT, groups=2)(X).shape == (2, 6, 4, 5)


# ------------------------------------------------------------------------ empty outputs


def test_the_message_of_the_contract():
    message = refusal(ValueError, cconv.conv2d, np.ones((1, 1, 3, 8)), np.ones((1, 1, 5, 1)))
    assert message == (
        "conv2d: output would be empty: x height 3 with padding (0, 0), weight height 5, "
        "dilation 1 gives 3 - 5 + 1 = -1 rows"
    )


@pytest.mark.parametrize(
    ("dims", "axis", "name", "unit"),
    [
        (1, 0, "length", "positions"),
        (2, 0, "height", "rows"),
        (2, 1, "width", "columns"),
        (3, 0, "depth", "slices"),
        (3, 1, "height", "rows"),
        (3, 2, "width", "columns"),
    ],
)
def test_the_arithmetic_of_an_empty_output(dims, axis, name, unit):
    sizes, padding = [9] * dims, [(9, 9)] * dims
    sizes[axis], padding[axis] = 4, (1, 0)
    arrays = np.ones(sizes), np.ones([4] * dims)
    message = refusal(ValueError, CONV[dims], *arrays, padding=padding, dilation=2)
    assert message == (
        f"conv{dims}d: output would be empty: x {name} 4 with padding (1, 0), weight {name} 4, "
        f"dilation 2 gives 4 + 1 + 0 - 7 + 1 = -1 {unit}"
    )


def test_empty_outputs_of_nothing():
    refused(ValueError, "height 0", x=np.ones((2, 4, 0, 7)))
    refused(ValueError, "width 2", x=np.ones((0, 4, 6, 2)))


# ------------------------------------------------------------------------ sizes and steps


@pytest.mark.parametrize("value", NO_INTS, **by_type)
@pytest.mark.parametrize("name", ["stride", "dilation", "groups", "padding"])
def test_what_is_no_int(name, value):
    if name == "padding" and isinstance(value, str):
        return  # a word
    refused(TypeError, name, "would do", **{name: value})
    if name != "groups":
        refused(TypeError, name, "would do", **{name: (1, value)})
        refused(TypeError, name, "would do", **{name: [value]})
    if name == "padding":
        refused(TypeError, name, "would do", padding=[(0, value)])
        refused(TypeError, name, "would do", padding=(1, [value, 0]))


SMALL = [0, -1, -(2**31), -(2**63), np.int8(-1), np.array(-1), Index(-7)]


@pytest.mark.parametrize("value", SMALL, **by_type)
@pytest.mark.parametrize(
    ("name", "least"), [("stride", 1), ("dilation", 1), ("groups", 1), ("padding", 0)]
)
def test_too_small(name, least, value):
    number = value.__index__()
    if number >= least:
        return
    words = f"{name} {number} is too small", f"at least {least} would do"
    refused(ValueError, *words, **{name: value})
    if name != "groups":
        refused(ValueError, *words, **{name: (1, value)})
    if name == "padding":
        refused(ValueError, *words, padding=[(0, value)])


@pytest.mark.parametrize("value", BEYOND, **by_type)
@pytest.mark.parametrize("name", ["stride", "dilation", "groups", "padding"])
def test_beyond_64_bits(name, value):
    refused(ValueError, f"{name} ", "2**63 - 1", **{name: value})
    if name != "groups":
        refused(ValueError, f"{name} ", "2**63 - 1", **{name: [1, value]})


@pytest.mark.parametrize("value", [2**31, 2**62, 2**63 - 1])
def test_large_steps_are_no_error(value):
    for algorithm in GENERAL:
        one = call(algorithm=algorithm)[:, :, :1, :1]
        np.testing.assert_array_equal(call(stride=value, algorithm=algorithm), one)
        point = {"weight": WEIGHT[:, :, 1:2, 1:2], "algorithm": algorithm}
        np.testing.assert_array_equal(call(dilation=value, **point), call(**point))


@pytest.mark.parametrize("value", [2**62, 2**63 - 1])
def test_large_dilation_makes_an_empty_output(value):
    refused(ValueError, "output would be empty", f"dilation {value}", dilation=value)


@pytest.mark.parametrize("value", [2**40, 2**58, 2**61, 2**62, 2**63 - 1])
def test_memory_that_is_not_to_be_had(value):
    assert "shape" in refusal(MemoryError, call, padding=value)
    assert "shape" in refusal(MemoryError, cconv.Conv2d(WEIGHT, None, 1, value, groups=2), X)


def test_no_images_of_a_size_beyond_memory():
    refusal((ValueError, MemoryError), cconv.conv1d, np.ones((0, 5)), np.ones(3), padding=2**61)


def test_weights_too_large_to_convert():
    weight = np.broadcast_to(np.float32(1), (2**20, 4, 2**15, 2**14))
    x = np.broadcast_to(np.float64(1), (4, 2**15, 2**14))
    message = refusal(MemoryError, cconv.conv2d, x, weight)
    assert message.startswith("conv2d: not enough memory for the work; ")
    kernel, signal = np.broadcast_to(np.float32(1), 2**60), np.broadcast_to(np.float64(1), 2**59)
    message = refusal(MemoryError, cconv.conv1d, signal, kernel, stride=2**60, padding=2**59)
    assert message.startswith("conv1d: not enough memory for the work; ")


MISCOUNTS = [
    (),
    [],
    (1, 1, 1),
    [1] * 100,
    range(10**9),
    range(2**70),
    np.ones(3, int),
    ((), (), ()),
]


@pytest.mark.parametrize("value", MISCOUNTS, **by_type)
@pytest.mark.parametrize("name", ["stride", "dilation", "padding"])
def test_wrong_number_of_entries(name, value):
    refused(ValueError, name, "entries", "would do", **{name: value})


def test_wrong_number_of_sides():
    for pair in ((1,), (1, 2, 3), (), list(range(50))):
        refused(ValueError, "padding", "(before, after)", padding=[pair])
        refused(ValueError, "padding", "(before, after)", padding=(1, pair))


def test_sequences_of_sequences():
    many = [(1, 1, 1)] * 3
    message = refusal(ValueError, call, stride=many, padding=many, dilation=many)
    assert message.startswith("conv2d: ")


def test_sequences_that_never_end():
    class Endless:
        def __getitem__(self, index):
            return 1

    class Liar(Endless):
        def __len__(self):
            return 2

    refused(TypeError, "stride", stride=Endless())
    np.testing.assert_array_equal(call(stride=Liar()), call())


def test_sequences_shorter_than_they_say():
    class Short(list):
        def __len__(self):
            return 2

    refused(ValueError, "2 entries has 1", "would do", stride=Short([1]))


@pytest.mark.parametrize("name", ["stride", "dilation", "padding", "groups", "activation"])
def test_lists_that_contain_themselves(name):
    message = refusal((ValueError, TypeError), call, **{name: itself()})
    assert message.startswith(f"conv2d: {name} ")


def test_a_pair_in_one_dimension_says_how_to_write_it():
    message = refusal(ValueError, cconv.conv1d, np.ones(5), np.ones(3), padding=(1, 2))
    assert "padding (1, 2)" in message
    assert "[(before, after)]" in message
    assert cconv.conv1d(np.ones(5), np.ones(3), padding=[(1, 2)]).tolist() == [2, 3, 3, 3, 2, 1]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError, ZeroDivisionError])
def test_what_an_argument_raises_is_passed_on(error):
    raised = error("mine")
    for name in ("stride", "padding", "groups", "dilation"):
        with pytest.raises(error) as caught:
            call(**{name: Index(raised)})
        assert caught.value is raised


def test_ints_of_every_make():
    for one in (1, np.int8(1), np.uint64(1), np.array(1), Index(1), type("Int", (int,), {})(1)):
        y = call(stride=one, dilation=[one], padding=(0, one))
        np.testing.assert_array_equal(y, call(padding=(0, 1)))


def test_every_option_as_a_list():
    y = cconv.conv3d(
        np.ones((9, 9, 9)),
        np.ones((2, 2, 2)),
        stride=np.array([1, 2, 1]),
        padding=[(Index(1), np.int64(0))] * 3,
        dilation=[Index(1)] * 3,
        groups=np.int16(1),
        activation=["leaky_relu", np.float32(0.5)],
    )
    assert y.shape == (9, 5, 9)


# ------------------------------------------------------------------------ words and values


NO_WORDS = [None, 1, 1.5, (), [], object(), b"auto", 10**30, Unprintable(), TwoLines(), itself()]


@pytest.mark.parametrize("value", NO_WORDS, **by_type)
@pytest.mark.parametrize("name", ["padding_mode", "algorithm", "channels_last"])
def test_what_is_no_word_or_flag(name, value):
    refused(TypeError, name, "would do", **{name: value})


@pytest.mark.parametrize("name", ["padding_mode", "algorithm", "channels_last", "padding"])
def test_text_that_is_no_unicode(name):
    refused(TypeError, name, "would do", **{name: "\ud800"})


def test_flags_are_bools_of_python_and_numpy():
    assert call(channels_last=np.False_).shape == (2, 6, 4, 5)
    refused(TypeError, "channels_last 'True'", channels_last="True")


def test_unknown_words_are_answered_with_the_known_ones():
    message = refused(ValueError, "padding_mode 'mirror'", padding_mode="mirror")
    assert '"constant", "edge", "reflect", "symmetric", "wrap"' in message
    message = refused(ValueError, "activation 'softplus'", activation="softplus")
    assert all(f'"{name}"' in message for name in ACTIVATIONS)
    message = refused(ValueError, "padding 'SAME'", padding="SAME")
    assert '"valid", "same", "same_lower", "full"' in message
    for word in ("", "same\0", "same\n", "Same", " same"):
        refused(ValueError, "padding ", padding=word)


PLANNED = {"winograd", "filter2d", "separable", "fft"}


@pytest.mark.parametrize("name", [*sorted(PLANNED.difference(ROOMS)), "", "Direct", "any"])
def test_rooms_that_are_not_built_are_unknown(name):
    message = refused(ValueError, f"algorithm {name!r} is unknown", algorithm=name)
    assert ", ".join(f'"{word}"' for word in ("auto", *ROOMS)) in message


@pytest.mark.parametrize("kernel", TYPES, ids=str)
@pytest.mark.parametrize("image", TYPES, ids=str)
def test_gemm_multiplies_real_numbers(image, kernel):
    arguments = {"x": X.astype(image), "weight": WEIGHT.astype(kernel)}
    case = Case(2, **arguments, options={"groups": 2})
    if "c" not in (image.kind, kernel.kind):
        assert case.rooms() == list(GENERAL)
        return
    words = 'algorithm "gemm" multiplies real numbers only; "auto" would do'
    refused(ValueError, words, **arguments, out=None, algorithm="gemm")
    assert case.rooms() == ["direct"]


def test_gemm_takes_channels():
    arguments = {"x": X[:, :0], "weight": WEIGHT[:, :0], "out": None, "algorithm": "gemm"}
    refused(ValueError, 'algorithm "gemm" needs at least one channel; "auto" would do', **arguments)
    assert Case(2, X[:, :0], WEIGHT[:, :0], options={"groups": 2}).rooms() == ["direct"]


@pytest.mark.parametrize(
    ("x", "weight", "groups", "words"),
    [
        ((32, 6, 7), (64, 1, 3, 3), 32, "needs as many groups as channels on both sides"),
        ((32, 6, 7), (32, 2, 3, 3), 16, "needs as many groups as channels on both sides"),
        ((4, 6, 7), (6, 2, 3, 3), 2, "needs as many groups as channels on both sides"),
        ((32, 1, 257), (32, 1, 1, 257), 32, "takes windows of at most 256 taps"),
        ((0, 6, 7), (0, 0, 3, 3), 1, "needs as many groups as channels on both sides"),
    ],
)
def test_depthwise_takes_a_filter_for_each_channel(x, weight, groups, words):
    arguments = {"x": values(0, x), "weight": values(1, weight), "groups": groups, "out": None}
    words = f'algorithm "depthwise" {words}; "auto" would do'
    refused(ValueError, words, **arguments, algorithm="depthwise")


def test_depthwise_multiplies_real_numbers():
    x, weight = values(0, (32, 6, 7), "c8"), values(1, (32, 1, 3, 3))
    words = 'algorithm "depthwise" multiplies real numbers only; "auto" would do'
    refused(ValueError, words, x=x, weight=weight, groups=32, out=None, algorithm="depthwise")


@pytest.mark.parametrize("mode", ["zeros", *MODES[1:], "replicate", "circular"])
@pytest.mark.parametrize("value", [1, -0.5, math.nan, math.inf, True, np.float32(2), 10**30])
def test_padding_value_goes_with_constant_alone(mode, value):
    words = "padding_value", f'"{mode}"', '"constant"'
    refused(ValueError, *words, padding_mode=mode, padding_value=value)


NO_VALUES = [None, "0", b"0", (), [0], 1j, np.complex64(1), np.complex128(0), np.zeros(1)]
NO_VALUES += [np.array("1"), np.array(1j), object(), itself(), Unprintable()]
NO_VALUES += [fractions.Fraction(10**400)]


@pytest.mark.parametrize("value", NO_VALUES, **by_type)
def test_what_is_no_padding_value(value):
    refused(TypeError, "padding_value", "would do", padding_value=value)


def test_padding_values_of_every_make():
    expected = call(padding=1, padding_value=2)
    exact = fractions.Fraction(2), decimal.Decimal(2)
    for two in (2.0, np.float16(2), np.int8(2), np.array(2), np.array(2.0), *exact):
        np.testing.assert_array_equal(call(padding=1, padding_value=two), expected)


class Number:
    """Counts as a float, or raises."""

    def __init__(self, value):
        self.value = value

    def __float__(self):
        if isinstance(self.value, BaseException):
            raise self.value
        return self.value


def test_objects_that_count_as_floats():
    np.testing.assert_array_equal(
        call(padding=1, padding_value=Number(2.5)), call(padding=1, padding_value=2.5)
    )
    refused(TypeError, "padding_value", "would do", padding_value=Number(TypeError("no")))
    error = ZeroDivisionError("mine")
    with pytest.raises(ZeroDivisionError) as caught:
        call(padding_value=Number(error))
    assert caught.value is error


@pytest.mark.parametrize("mode", MODES[1:])
def test_a_border_of_nothing(mode):
    x = np.ones((1, 4, 0, 7))
    words = "x height 0", f'"{mode}"', '"constant" would do'
    refused(ValueError, *words, x=x, padding=3, padding_mode=mode)


@pytest.mark.parametrize(
    ("activation", "error"),
    [
        ("", ValueError),
        ("none", ValueError),
        ("RELU", ValueError),
        (("relu", 0.1), ValueError),
        (("sigmoid", 1), ValueError),
        (("nothing", 1), ValueError),
        (("leaky_relu", "0.1"), TypeError),
        (("leaky_relu", None), TypeError),
        (("leaky_relu", True), TypeError),
        (("leaky_relu", 1j), TypeError),
        (("leaky_relu", [0.1]), TypeError),
        (("leaky_relu",), TypeError),
        (("leaky_relu", 0.1, 0.2), TypeError),
        ((0.1, "leaky_relu"), TypeError),
        ((), TypeError),
        (1, TypeError),
        (False, TypeError),
        (b"relu", TypeError),
        (np.maximum, TypeError),
    ],
)
def test_what_is_no_activation(activation, error):
    refused(error, "activation", activation=activation)


NO_DTYPES = [bool, "?", object, "longdouble", "S4", "m8[s]", ">f4", "f4,f4", "nonsense"]
NO_DTYPES += [3, 1.5, (), itself(), Unprintable()]


@pytest.mark.parametrize("dtype", NO_DTYPES, **by_type)
def test_types_that_are_not_to_be_had(dtype):
    refused(TypeError, "dtype ", "float32", "would do", dtype=dtype)


# ------------------------------------------------------------------------ shapes and types


BARE = {"weight": np.ones((3, 3)), "groups": 1}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"x": np.ones(())}, ["x has shape ()", "4 axes"]),
        ({"x": np.ones((6, 7))}, ["x has shape (6, 7)", "4 axes", "3 (no batch)"]),
        ({"x": np.ones((1, 2, 4, 6, 7))}, ["x has shape (1, 2, 4, 6, 7)"]),
        ({"x": np.ones((2, 5, 6, 7))}, ["x (2, 5, 6, 7) has 5 channels", "2 * 2 = 4"]),
        ({"x": np.ones((2, 6, 7, 4))}, ["has 6 channels"]),
        ({"channels_last": True}, ["has 7 channels"]),
        ({"weight": np.ones(())}, ["weight has shape ()"]),
        ({"weight": np.ones(3)}, ["weight has shape (3,)", "4 axes", "2 (a bare filter)"]),
        ({"weight": np.ones((6, 3, 3))}, ["weight has shape (6, 3, 3)"]),
        ({"weight": np.ones((6, 2, 3, 3, 1))}, ["weight has shape (6, 2, 3, 3, 1)"]),
        ({"weight": np.ones((6, 2, 0, 3))}, ["weight has shape (6, 2, 0, 3)", "height"]),
        ({"weight": np.ones((6, 2, 3, 0))}, ["weight has shape (6, 2, 3, 0)", "width"]),
        ({"weight": np.ones((5, 2, 3, 3))}, ["groups 2", "5", "weight (5, 2, 3, 3)"]),
        ({"weight": np.ones((6, 4, 3, 3))}, ["4 * 2 = 8"]),
        ({"groups": 3}, ["2 * 3 = 6"]),
        ({"groups": 4}, ["groups 4 does not divide the 6"]),
        ({"groups": 2**62}, [f"groups {2**62}"]),
        (BARE | {"groups": 2}, ["groups 2", "bare", "groups 1 would do"]),
        (BARE | {"x": np.ones(5)}, ["x has shape (5,)", "2 axes"]),
        (BARE | {"x": np.ones((5, 5)), "channels_last": True}, ["shape (5, 5)", "3 axes"]),
        (BARE | {"bias": np.ones(2)}, ["bias has shape (2,)", "(1,)"]),
        (BARE | {"bias": np.ones(())}, ["bias has shape ()", "(1,)"]),
        ({"bias": np.ones(5)}, ["bias has shape (5,)", "(6,)"]),
        ({"bias": np.ones(1)}, ["bias has shape (1,)", "(6,)"]),
        ({"bias": np.ones((6, 1))}, ["bias has shape (6, 1)"]),
        ({"bias": np.ones((1, 6))}, ["bias has shape (1, 6)"]),
    ],
)
def test_shapes_that_do_not_fit(changes, words):
    refused(ValueError, *words, **changes)


@pytest.mark.parametrize("name", ["x", "weight", "bias"])
@pytest.mark.parametrize("dtype", ["O", "S1", "U1", "m8[s]", "M8[s]", "G", "f4,f4", "V3", "g"])
def test_types_beyond_the_table(name, dtype):
    if (name, dtype) == ("bias", "g"):
        return  # of the same kind
    shape = {"x": X, "weight": WEIGHT, "bias": np.ones(6)}[name].shape
    refused(TypeError, f"{name} has dtype", "would do", **{name: np.zeros(shape, dtype)})


IMAGE = {"x": np.ones((9, 8, 3)), "groups": 1}  # channels last
PLANES = {"x": np.ones((3, 9, 8)), "groups": 1}
LAST, FIRST, ORDER = (
    "channels_last=True would do",
    "channels_last=False would do",
    "a weight with the axes in the order (O, C/groups, taps) would do",
)


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        (IMAGE | {"weight": np.ones((6, 3, 3, 3))}, LAST),
        (IMAGE | {"weight": np.ones((6, 1, 3, 3)), "groups": 3}, LAST),
        (IMAGE | {"x": np.ones((2, 9, 8, 3)), "weight": np.ones((6, 3, 3, 3))}, LAST),
        (PLANES | {"weight": np.ones((6, 3, 3, 3)), "channels_last": True}, FIRST),
        (PLANES | {"weight": np.ones((5, 5, 3, 6))}, ORDER),
        (PLANES | {"weight": np.ones((6, 5, 5, 3))}, ORDER),
        (IMAGE | {"weight": np.ones((5, 5, 3, 6)), "channels_last": True}, ORDER),
        (PLANES | {"weight": np.ones((6, 1, 3, 3))}, "takes 1 * 1 = 1"),
        (PLANES | {"weight": np.ones((6, 2, 3, 3))}, "takes 2 * 1 = 2"),
    ],
)
def test_hints_where_channels_do_not_fit(changes, hint):
    assert refused(ValueError, "channels, weight", **changes).endswith(hint)
    if hint in (LAST, FIRST):
        call(**changes | {"channels_last": hint == LAST})


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_a_hint_where_a_bare_filter_does_not_fit(dims):
    hint = f"; if the last axis holds channels, {LAST}"
    x, weight = np.ones([8] * dims + [3]), np.ones([5] * dims)
    assert refusal(ValueError, CONV[dims], x, weight).endswith(hint)
    assert CONV[dims](x, weight, channels_last=True).shape == (4,) * dims + (3,)
    for smaller in (x[:4], x[0]):  # nor would it fit then
        assert hint not in refusal(ValueError, CONV[dims], smaller, weight)


def test_hints_for_what_is_no_array():
    file = "what numpy.load or numpy.asarray(PIL.Image.open(...)) reads from a file would do"
    for changes, hint in (
        ({"x": "photo.jpg"}, file),
        ({"x": pathlib.PurePosixPath("photo.jpg")}, file),
        ({"weight": "kernel.npy"}, file),
        ({"weight": 3}, "the weights themselves, of axes (O, C/groups, taps), would do"),
        ({"bias": 1}, "one of shape (O,), or None before stride and padding, would do"),
        ({"bias": "same"}, "one of shape (O,), or None before stride and padding, would do"),
    ):
        assert refused(TypeError, "is no array; ", **changes).endswith(f"; {hint}")


def released():
    view = memoryview(bytearray(8))
    view.release()
    return view


NO_ARRAYS = ["abc", object(), 3, 2.5, 1j, {1: 2}, {1.0}, range(3), (i for i in (1, 2)), len]
NO_ARRAYS += [Unprintable(), TwoLines(), 10**30, released()]


@pytest.mark.parametrize("name", ["x", "weight", "bias"])
@pytest.mark.parametrize("value", NO_ARRAYS, **by_type)
def test_what_is_no_array(name, value):
    refused(TypeError, f"{name} ", "is no array", "would do", **{name: value})


@pytest.mark.parametrize("name", ["x", "weight"])
def test_none_is_no_array(name):
    refused(TypeError, f"{name} None", **{name: None})


NO_NUMBERS = [[[1.0, 2.0], [3.0]], [1.0, "2"], ["1.5", "2"], [None, 1.0], [1j, 2], [...]]
NO_NUMBERS += [[[[]], 1.0], [2**64, 1], itself()]


@pytest.mark.parametrize("name", ["x", "weight", "bias"])
@pytest.mark.parametrize("value", NO_NUMBERS, ids=str)
def test_lists_that_are_no_numbers(name, value):
    message = refusal((ValueError, TypeError), call, **{name: value})
    assert message.startswith(f"conv2d: {name} ")
    if name != "x":
        arguments = {"weight": WEIGHT, "groups": 2} | {name: value}
        message = refusal((ValueError, TypeError), cconv.Conv2d, **arguments)
        assert message.startswith(f"conv2d: {name} ")


# ------------------------------------------------------------------------ out


def read_only(array):
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("out", "error", "words"),
    [
        (np.zeros((2, 6, 4, 6), "f4"), ValueError, ["shape (2, 6, 4, 6)", "(2, 6, 4, 5) would do"]),
        (np.zeros((6, 4, 5), "f4"), ValueError, ["shape (6, 4, 5)"]),
        (np.zeros((1, 2, 6, 4, 5), "f4"), ValueError, ["shape (1, 2, 6, 4, 5)"]),
        (np.zeros(240, "f4"), ValueError, ["shape (240,)"]),
        (np.zeros((2, 6, 4, 5)), TypeError, ["dtype float64", "float32 would do"]),
        (np.zeros((2, 6, 4, 5), ">f4"), TypeError, ["dtype >f4", "float32 would do"]),
        (np.zeros((2, 6, 4, 5), "i4"), TypeError, ["dtype int32", "float32 would do"]),
        (np.zeros((2, 6, 4, 5), object), TypeError, ["dtype object", "float32 would do"]),
        (read_only(np.zeros((2, 6, 4, 5), "f4")), ValueError, ["read-only"]),
        (np.zeros((2, 6, 4, 10), "f4")[..., ::2], ValueError, ["not C-contiguous"]),
        (np.zeros((5, 4, 6, 2), "f4").T, ValueError, ["not C-contiguous"]),
        (np.zeros((2, 6, 4, 5), "f4")[::-1], ValueError, ["not C-contiguous"]),
        ([[0.0] * 5] * 4, TypeError, ["no array"]),
        (memoryview(np.zeros((2, 6, 4, 5), "f4")), TypeError, ["no array"]),
        (True, TypeError, ["out True"]),
        ("out", TypeError, ["out 'out'"]),
    ],
)
def test_out_that_does_not_fit(out, error, words):
    before = out.copy() if isinstance(out, np.ndarray) else None
    refused(error, "out ", *words, out=out)
    message = refusal(error, cconv.Conv2d(WEIGHT, groups=2), X, out)
    assert all(word in message for word in words)
    if before is not None:
        np.testing.assert_array_equal(out, before)


def test_out_has_the_asked_type():
    out = np.zeros((2, 6, 4, 5), np.float32)
    assert "uint8 would do" in refusal(TypeError, call, dtype=np.uint8, out=out)


# ------------------------------------------------------------------------ layers, signatures


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_calls_name_themselves(dims):
    x, weight = np.ones((1, 1, *[3] * dims)), np.ones((1, 1, *[2] * dims))
    for function, args in ((CONV[dims], (x, weight)), (LAYER[dims], (weight,))):
        message = refusal(ValueError, function, *args, stride=0)
        assert message.startswith(f"conv{dims}d: stride 0 ")


@pytest.mark.parametrize(
    "options",
    [
        {"stride": 0},
        {"stride": (1, 1, 1)},
        {"padding": "nothing"},
        {"padding": -1},
        {"dilation": 1.5},
        {"groups": 4},
        {"groups": "2"},
        {"padding_mode": "mirror"},
        {"padding_value": "0"},
        {"padding_mode": "edge", "padding_value": 1},
        {"activation": "softplus"},
        {"channels_last": 1},
        {"algorithm": "magic"},
        {"dtype": bool},
        {"bias": np.ones(5)},
        {"bias": np.ones(6, "S1")},
        {"weight": np.ones((6, 2, 0, 3))},
        {"weight": np.ones((6, 2, 3))},
        {"weight": np.ones((6, 2, 3, 3), "S1")},
        {"weight": [[["a"]]]},
    ],
    ids=str,
)
def test_layers_refuse_at_once(options):
    """Before there is any x."""
    arguments = {"weight": WEIGHT, "groups": 2} | options
    message = refusal((ValueError, TypeError), cconv.Conv2d, **arguments)
    assert re.match(rf"conv2d: {list(options)[-1]}\b", message)


LISTS = [[1] * 3] * 3
MESSAGES = [
    ({"stride": LISTS, "dilation": LISTS, "padding": LISTS}, "the arguments hold too many seq"),
    ({"padding": [(1, 2, 3)]}, "padding of one axis has 3 entries; an int or a (before, after)"),
    (
        {"padding": (1, 2, 3)},
        "padding (1, 2, 3) has 3 entries; an int, one int or (before, after) ",
    ),
    ({"stride": (1, 1, 1)}, "stride (1, 1, 1) has 3 entries; an int or one per axis (2) would do"),
    ({"stride": True}, "stride True is a bool; an int or one per axis (2) would do"),
    ({"groups": True}, "groups True is a bool; an int would do"),
    ({"groups": 1.0}, "groups 1.0 is not an int; an int would do"),
    ({"groups": 2**70}, f"groups {2**70} does not fit; integers from 1 to 2**63 - 1 would do"),
    ({"padding_mode": 1}, 'padding_mode 1 is not a word; one of "constant", "edge", "reflect"'),
    ({"channels_last": 1}, "channels_last 1 is not a bool; True or False would do"),
    ({"padding_value": "1"}, "padding_value '1' is not a number; a real one would do"),
    ({"x": X.astype("c8"), "padding_value": "1"}, "padding_value '1' is not a number; a complex"),
    (
        {"x": X.astype("u1"), "padding_value": 256},
        "padding_value 256 is no uint8; one that x can h",
    ),
    ({"activation": ("relu", 1)}, "activation ('relu', 1) takes no parameter; only \"leaky_relu\""),
    ({"activation": ("leaky_relu", "1")}, "activation slope '1' is not a number; a real one would"),
    (
        {"x": X.astype("c8"), "activation": "relu"},
        "activation 'relu' with complex sums; None would",
    ),
    ({"dtype": bool}, "dtype <class 'bool'> is not to be had from float32 sums; an integer, float"),
    (
        {"x": X.astype("c8"), "dtype": "f4"},
        "dtype 'f4' is not to be had from complex64 sums; a com",
    ),
    ({"x": [[1, 2], [3]]}, "x is no array of numbers: "),
    (
        {"x": X[:, :, :0], "padding": 3, "padding_mode": "edge"},
        'x height 0 has nothing that padding_mode "edge" could repeat; "constant" would do',
    ),
]


@pytest.mark.parametrize(("changes", "message"), MESSAGES, ids=lambda v: str(v)[:40])
def test_messages(changes, message):
    assert refusal((ValueError, TypeError), call, **changes).startswith(f"conv2d: {message}")


def test_messages_of_calls_that_are_none():
    layer, unmade = cconv.Conv2d(WEIGHT, groups=2), cconv.Conv2d.__new__(cconv.Conv2d)
    for call, message in (
        (lambda: layer(), "a layer takes x and out, got no x"),
        (lambda: layer(X, None, 1), "a layer takes x and out, got more arguments"),
        (lambda: layer(X, x=X), "a layer takes x and out, got 'x' twice"),
        (lambda: layer(X, **{"a\nb": 1}), "a layer takes x and out, got 'a\\nb'"),
        (lambda: unmade(X), "a layer is made by Conv1d, Conv2d or Conv3d"),
        (lambda: layer._prepare(1), "prepare: called with other arguments than Conv2d has"),
        (lambda: layer.__init__(WEIGHT), "a layer is prepared once"),
        (lambda: _core.conv2d(X, WEIGHT), "conv2d: the core takes 14 arguments"),
        (lambda: _core.explain_conv2d(X), "conv2d: the core takes 14 arguments"),
        (lambda: _core.pad(X), "pad: the core takes 4 arguments"),
    ):
        assert refusal(TypeError, call) == message


def test_arguments_that_are_missing_or_too_many():
    for function in (cconv.conv2d, cconv.Conv2d, cconv.explain):
        with pytest.raises(TypeError):
            function()
    with pytest.raises(TypeError):
        cconv.conv2d(X, WEIGHT, None, 1, 0, 1, 2, "constant")
    with pytest.raises(TypeError):
        call(strides=1)
    layer = cconv.Conv2d(WEIGHT, groups=2)
    for args in ((), (X, None, 1)):
        with pytest.raises(TypeError):
            layer(*args)
    for options in ({"strides": 1}, {"x": X}):
        with pytest.raises(TypeError):
            layer(X, **options)


def test_after_errors_all_is_as_before():
    expected = call()
    for _ in range(50):
        refused(ValueError, stride=0)
    np.testing.assert_array_equal(call(), expected)
