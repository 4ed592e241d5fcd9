"""Types, casts and activations of the reference."""

import numpy as np
import pytest
from enumeration import type_named

from cconv import reference

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


# ------------------------------------------------------------------------------------------ types


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
