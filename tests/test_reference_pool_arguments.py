"""What pools of the reference take: layouts, types, words, `out`, and what they refuse."""

import numpy as np
import pytest
from enumeration import digits, type_named

from cconv import reference

EACH = {
    "max_pool": {"kernel_size": 2, "return_indices": True},
    "avg_pool": {"kernel_size": 2},
    "lp_pool": {"norm_type": 2, "kernel_size": 2},
    "adaptive_max_pool": {"output_size": 2, "return_indices": True},
    "adaptive_avg_pool": {"output_size": 2},
}


def each(dims):
    """Every pool of so many axes, as a function of `x` that gives a tuple of arrays."""

    def pool(name, options):
        def call(x, **changes):
            y = getattr(reference, f"{name}{dims}d")(x, **options | changes)
            return y if isinstance(y, tuple) else (y,)

        return call

    return {name: pool(name, options) for name, options in EACH.items()}


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("name", EACH)
def test_layouts_agree(name, dims):
    pool, x = each(dims)[name], digits(dims, 2, 3, *(5, 4, 3)[:dims])
    results = pool(x)
    for y, last, flat in zip(
        results, pool(np.moveaxis(x, 1, -1), channels_last=True), pool(x[0, 0]), strict=True
    ):
        np.testing.assert_array_equal(np.moveaxis(last, -1, 1), y)
        np.testing.assert_array_equal(flat, y[0, 0])
        assert y.flags.c_contiguous
        assert last.flags.c_contiguous
    unbatched = pool(x[0]), pool(np.moveaxis(x[0], 0, -1), channels_last=True)
    for y, image, last in zip(results, *unbatched, strict=True):
        np.testing.assert_array_equal(image, y[0])
        np.testing.assert_array_equal(np.moveaxis(last, -1, 0), y[0])


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("shape", [(0, 3, 4, 4), (2, 0, 4, 4), (0, 4, 4)])
def test_nothing_is_not_an_error(name, shape):
    for y in each(2)[name](np.ones(shape)):
        assert y.shape == (*shape[:-2], 2, 2)


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("shape", [(2, 3, 0, 4), (0, 4), (4, 0)])
def test_an_empty_axis_is(name, shape):
    with pytest.raises(ValueError, match=r"empty|no elements"):
        each(2)[name](np.ones(shape))


TYPES = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
TYPES += ["float16", "bfloat16", "float32", "float64", ">f4", ">i2", "complex64", "complex128"]


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("dtype", TYPES)
def test_type_of_the_result(name, dtype):
    dtype = type_named(dtype)
    pool, x = each(1)[name], np.array([1, 0, 0, 1]).astype(dtype)
    if dtype.kind == "c" and "max" in name:
        with pytest.raises(TypeError):
            pool(x)
        return
    y, native = pool(x)[0], dtype.newbyteorder("=")
    if "max" in name:
        assert y.dtype == native
        assert y.tolist() == [1, 1]
        return
    assert y.tolist() == ([0.5, 0.5] if "avg" in name else [1, 1])
    if dtype.kind in "biu":
        assert y.dtype == np.float64
    elif dtype.kind == "c" and name == "lp_pool":
        assert y.dtype == x.real.dtype
    else:
        assert y.dtype == native


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("dtype", ["longdouble", "clongdouble", "S1", "m8[s]", "object"])
def test_types_beyond_the_table(name, dtype):
    with pytest.raises(TypeError):
        each(1)[name](np.zeros(4, dtype))


def test_means_and_norms_do_not_overflow_on_the_way():
    largest = np.full(2, 65504, np.float16)
    assert reference.avg_pool1d(largest, 2) == 65504
    assert reference.lp_pool1d(np.full(2, 300, np.float16), 2, 2) == np.float16(300 * 2**0.5)
    assert reference.avg_pool1d(np.full(2, 255, np.uint8), 2) == 255
    assert reference.lp_pool1d(np.full(2, -128, np.int8), 1, 2) == 256


# ------------------------------------------------------------------------- words and errors


@pytest.mark.parametrize("word", ["valid", "same", "same_lower", "full"])
@pytest.mark.parametrize("n", [5, 6])
def test_words_of_padding(word, n):
    windows = {"kernel_size": (3, 2), "stride": (2, 1), "dilation": (1, 2)}
    pairs = reference.resolve_padding(word, (n, n), (3, 2), (2, 1), (1, 2))
    x = digits(n, n, n)
    for pool in (reference.max_pool2d, reference.avg_pool2d):
        y = pool(x, **windows, padding=word)
        np.testing.assert_array_equal(y, pool(x, **windows, padding=pairs))
        with pytest.raises(ValueError, match="ceil_mode"):
            pool(x, **windows, padding=word, ceil_mode=True)


@pytest.mark.parametrize("stride", [None, (), [], (2, 3)])
def test_stride_is_the_kernel_where_none_is_given(stride):
    x = digits(0, 7, 7)
    y = reference.max_pool2d(x, (2, 3), stride)
    np.testing.assert_array_equal(y, reference.max_pool2d(x, (2, 3)))
    assert y.shape == (3, 2)


def test_out_is_filled_and_returned():
    x = digits(0, 2, 5, 5)
    for name, pool in each(2).items():
        expected = pool(x)[0]
        out = np.empty_like(expected)
        assert pool(x, out=out)[0] is out, name
        np.testing.assert_array_equal(out, expected)
        for bad, error in (
            (np.empty(3), ValueError),
            (np.empty((2, 2, 4))[..., ::2], ValueError),
            (x[:, :2, :2], ValueError),
            (np.empty((2, 2, 2), np.float32), TypeError),
            ([0], TypeError),
        ):
            with pytest.raises(error, match="out"):
                pool(x, out=bad)
    neighbours = np.arange(12.0)
    y = reference.avg_pool1d(neighbours[:8], 2, out=neighbours[8:])
    assert y.tolist() == [0.5, 2.5, 4.5, 6.5]
    with pytest.raises(ValueError, match="overlaps"):
        reference.avg_pool1d(neighbours[:8], 2, out=neighbours[7:11])


WINDOWED = [
    ({"x": np.ones(6)}, ValueError),
    ({"x": np.ones((1, 1, 1, 6, 6))}, ValueError),
    ({"x": np.ones((6, 6)), "channels_last": True}, ValueError),
    ({"kernel_size": 0}, ValueError),
    ({"kernel_size": 11}, ValueError),
    ({"kernel_size": (3, 11)}, ValueError),
    ({"kernel_size": (1, 2, 3)}, ValueError),
    ({"kernel_size": ()}, ValueError),
    ({"kernel_size": 2.0}, TypeError),
    ({"kernel_size": True}, TypeError),
    ({"kernel_size": None}, TypeError),
    ({"stride": 0}, ValueError),
    ({"stride": (1, -1)}, ValueError),
    ({"stride": (1, 1, 1)}, ValueError),
    ({"stride": 1.5}, TypeError),
    ({"stride": False}, TypeError),
    ({"dilation": 0}, ValueError),
    ({"dilation": 5}, ValueError),  # output would be empty
    ({"dilation": "1"}, TypeError),
    ({"dilation": None}, TypeError),
    ({"padding": -1}, ValueError),
    ({"padding": 3}, ValueError),
    ({"padding": [(0, 3)]}, ValueError),
    ({"padding": [(3, 0)]}, ValueError),
    ({"padding": (1, 1, 1)}, ValueError),
    ({"padding": "SAME"}, ValueError),
    ({"padding": None}, TypeError),
    ({"padding": 0.5}, TypeError),
]


@pytest.mark.parametrize("name", ["max_pool", "avg_pool", "lp_pool"])
@pytest.mark.parametrize(("changes", "error"), WINDOWED)
def test_errors_of_windows(name, changes, error):
    good = {"x": np.ones((2, 6, 6)), "kernel_size": 3, "padding": 2}
    pool = each(2)[name]
    pool(**good)
    with pytest.raises(error):
        pool(**good | changes)


@pytest.mark.parametrize(
    ("name", "changes", "error"),
    [
        ("avg_pool", {"divisor_override": 0}, ValueError),
        ("avg_pool", {"divisor_override": 2.0}, TypeError),
        ("avg_pool", {"divisor_override": True}, TypeError),
        ("lp_pool", {"norm_type": 0}, ValueError),
        ("lp_pool", {"norm_type": -1.0}, ValueError),
        ("lp_pool", {"norm_type": np.inf}, ValueError),
        ("lp_pool", {"norm_type": np.nan}, ValueError),
        ("lp_pool", {"norm_type": 10**400}, ValueError),
        ("lp_pool", {"norm_type": "2"}, TypeError),
        ("lp_pool", {"norm_type": None}, TypeError),
        ("lp_pool", {"norm_type": True}, TypeError),
        ("lp_pool", {"norm_type": np.True_}, TypeError),
        ("lp_pool", {"norm_type": 2j}, TypeError),
        *[
            (name, changes, error)
            for name in ("adaptive_max_pool", "adaptive_avg_pool")
            for changes, error in [
                ({"output_size": 0}, ValueError),
                ({"output_size": (1, -1)}, ValueError),
                ({"output_size": (1, 1, 1)}, ValueError),
                ({"output_size": ()}, ValueError),
                ({"output_size": 1.0}, TypeError),
                ({"output_size": (True, 1)}, TypeError),
                ({"output_size": "a"}, TypeError),
                ({"x": np.ones(6)}, ValueError),
                ({"x": np.ones((6, 6)), "channels_last": True}, ValueError),
            ]
        ],
    ],
)
def test_errors_of_one_pool(name, changes, error):
    good = {"x": np.ones((2, 6, 6))}
    pool = each(2)[name]
    pool(**good)
    with pytest.raises(error):
        pool(**good | changes)
