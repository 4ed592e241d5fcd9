"""Every refusal of the pools: its type, its one line, and that nothing has happened."""

import numpy as np
import pytest
from pools import MAXIMA, NEEDS, POOLS, WINDOWED, Pool
from problems import INTEGERS, values
from refusals import BEYOND, NO_INTS, Index, by_type, refusal

import cconv

X = values(0, (2, 3, 6, 7))
every = pytest.mark.parametrize("name", POOLS)
windowed = pytest.mark.parametrize("name", WINDOWED)
adaptive = pytest.mark.parametrize("name", [name for name in POOLS if name not in WINDOWED])


def refused(name, error, message=None, *, dims=2, **changes):
    """A refusal that leaves `out` alone; its message after the name of the call."""
    shape = (2, 3, *([2, 2] if name.startswith("adaptive") else [3, 3]))
    out = np.full(shape, 7, np.float32)
    given_out = {} if "out" in changes or dims != 2 else {"out": out}
    told = refusal(error, Pool(name, dims, X, NEEDS[name] | given_out | changes))
    assert (out == 7).all()
    call = f"{name}{dims}d: "
    assert told.startswith(call)
    if message is not None:
        assert told == call + message
    return told


@every
def test_the_arguments_without_changes_are_good(name):
    assert Pool(name, 2, X, NEEDS[name])().shape[:2] == (2, 3)


# ------------------------------------------------------------------------ shapes and types


@every
def test_axes(name):
    for dims in (1, 2, 3):
        for count in (dims - 1, dims + 3):
            shape = ", ".join(["6"] * count) + ("," if count == 1 else "")
            refused(
                name,
                ValueError,
                f"x has shape ({shape}); {dims + 2} axes (batch, channels, positions), {dims + 1} "
                f"(no batch) or {dims} (positions) would do",
                dims=dims,
                x=np.ones([6] * count),
            )
        refused(
            name,
            ValueError,
            f"x has shape ({', '.join(['6'] * dims) + (',' if dims == 1 else '')}); {dims + 2} "
            f"axes (batch, positions, channels), {dims + 1} (no batch) would do",
            dims=dims,
            x=np.ones([6] * dims),
            channels_last=True,
        )


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_a_hint_where_windows_do_not_fit(dims):
    x, hint = np.ones([8] * dims + [3]), "; if the last axis holds channels, channels_last=True "
    pool = getattr(cconv, f"max_pool{dims}d")
    assert refusal(ValueError, pool, x, 4).endswith(f"{hint}would do")
    assert pool(x, 4, channels_last=True).shape == (2,) * dims + (3,)
    assert hint not in refusal(ValueError, pool, x[:3], 4)


@every
@pytest.mark.parametrize("dtype", ["M8[s]", "m8[s]", "O", "S1", "V4", "longdouble", "clongdouble"])
def test_types(name, dtype):
    x = np.zeros((6, 7), dtype)
    kinds = "or float" if name in MAXIMA else ", float or complex"
    space = " " if name in MAXIMA else ""
    refused(name, TypeError, f"x has dtype {x.dtype}; an integer{space}{kinds} dtype would do", x=x)


@pytest.mark.parametrize("name", MAXIMA)
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_has_no_maximum(name, dtype):
    message = f"x has dtype {dtype}, which has no maximum; an integer or float dtype would do"
    refused(name, TypeError, message, x=X.astype(dtype))
    refused(name, TypeError, message, x=X.astype(dtype), return_indices=True)


@every
@pytest.mark.parametrize("x", ["text", 3, None, [["a"]], [[1, 2], [3]], object()], **by_type)
def test_what_is_no_array(name, x):
    assert "x " in refused(name, (TypeError, ValueError), x=x)


# ------------------------------------------------------------------------ windows


AXES = [(1, 0, "length", "positions"), (2, 0, "height", "rows"), (2, 1, "width", "columns")]
AXES += [(3, 0, "depth", "slices"), (3, 1, "height", "rows"), (3, 2, "width", "columns")]


@windowed
@pytest.mark.parametrize(("dims", "axis", "along", "unit"), AXES)
def test_messages_that_name_an_axis(name, dims, axis, along, unit):
    sizes, padding = [9] * dims, [(2, 2)] * dims
    sizes[axis], padding[axis] = 2, (1, 0)
    windows = {"kernel_size": 3, "dilation": 2, "padding": padding, "dims": dims}
    refused(
        name,
        ValueError,
        f"output would be empty: x {along} 2 with padding (1, 0), kernel_size {along} 3, "
        f"dilation 2 gives 2 + 1 + 0 - 5 + 1 = -1 {unit}",
        x=np.ones(sizes),
        **windows,
    )
    padding[axis] = (4, 5)
    refused(
        name,
        ValueError,
        f"padding (4, 5) of the {along} is not smaller than the window of 5 {unit}; at most 4 "
        "would do",
        x=np.ones(sizes),
        **windows,
    )
    # Taps of -4, 0, 4 of the first windows, of -2, 2, 6 of the third: of two elements none.
    padding, dilation = [(0, 0)] * dims, [1] * dims
    padding[axis], dilation[axis] = (4, 8), 4
    alone = {"kernel_size": 3, "stride": 1, "dilation": dilation, "padding": padding, "dims": dims}
    message = (
        f"window 2 along the {along} would hold border alone; less padding or dilation would do"
    )
    if name == "max_pool":
        refused(name, ValueError, message, x=np.ones(sizes), **alone)
    if name == "avg_pool":
        refused(name, ValueError, message, x=np.ones(sizes), count_include_pad=False, **alone)
        alone |= {"count_include_pad": False, "divisor_override": 3}
    if name != "max_pool":
        alone.pop("dims")
        assert not Pool(name, dims, np.ones(sizes), NEEDS[name] | alone)().all()


@windowed
def test_words_go_without_ceil_mode(name):
    for word in ("valid", "same", "same_lower", "full"):
        message = f"padding '{word}' with ceil_mode; numbers, or ceil_mode=False, would do"
        refused(name, ValueError, message, padding=word, ceil_mode=True)


@windowed
@pytest.mark.parametrize("value", NO_INTS, **by_type)
@pytest.mark.parametrize("argument", ["kernel_size", "stride", "dilation", "padding"])
def test_what_is_no_int(name, argument, value):
    if isinstance(value, str) if argument == "padding" else argument == "stride" and value is None:
        return  # a word, the kernel
    told = refused(name, TypeError, **{argument: value})
    assert f"{argument} " in told
    assert "would do" in told
    refused(name, TypeError, **{argument: (1, value)})


@windowed
@pytest.mark.parametrize("argument", ["kernel_size", "stride", "dilation", "padding"])
def test_too_small_or_too_large(name, argument):
    least = 0 if argument == "padding" else 1
    for value in (least - 1, -(2**63), np.int8(-1), Index(-7)):
        number = value.__index__()
        message = f"{argument} {number} is too small; at least {least} would do"
        refused(name, ValueError, message, **{argument: value})
        refused(name, ValueError, message, **{argument: (1, value)})
    for value in BEYOND:
        told = refused(name, ValueError, **{argument: value})
        assert f"does not fit; integers from {least} to 2**63 - 1 would do" in told


@windowed
@pytest.mark.parametrize("argument", ["kernel_size", "stride", "dilation", "padding"])
def test_wrong_number_of_entries(name, argument):
    for value in ([1, 1, 1], range(10**9), np.ones(5, int)):
        told = refused(name, ValueError, **{argument: value})
        assert f"{argument} " in told
        assert f"has {len(value)} entries" in told
    if argument != "stride":
        assert "0 entries" in refused(name, ValueError, **{argument: ()})


@windowed
def test_padding(name):
    refused(
        name,
        ValueError,
        'padding \'SAME\' is unknown; one of "valid", "same", "same_lower", "full" would do',
        padding="SAME",
    )
    refused(
        name,
        ValueError,
        "padding (1, 0) has 2 entries for one axis; for a (before, after) pair write "
        "[(before, after)]",
        dims=1,
        x=np.ones(6),
        padding=(1, 0),
    )
    message = "padding of one axis has 3 entries; an int or a (before, after) pair would do"
    refused(name, ValueError, message, padding=[(1, 1, 1)])


FLAGS = [("channels_last", name) for name in POOLS]
FLAGS += [("ceil_mode", name) for name in WINDOWED]
FLAGS += [("return_indices", name) for name in MAXIMA] + [("count_include_pad", "avg_pool")]


@pytest.mark.parametrize(("flag", "name"), FLAGS)
@pytest.mark.parametrize("value", [0, 1, None, "yes", 1.0, (), [True]], ids=str)
def test_flags(flag, name, value):
    message = f"{flag} {value!r} is not a bool; True or False would do"
    refused(name, TypeError, message, **{flag: value})
    assert Pool(name, 2, X, NEEDS[name])(**{flag: np.False_}) is not None


# ------------------------------------------------------------------------ options of one pool


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, ValueError, "0 divides nothing; another int, or None, would do"),
        (2.0, TypeError, "2.0 is not an int; an int would do"),
        (True, TypeError, "True is a bool; an int would do"),
        ("2", TypeError, "'2' is not an int; an int would do"),
        ((2,), TypeError, "(2,) is not an int; an int would do"),
        (
            10**30,
            ValueError,
            f"{10**30} does not fit; integers from {-(2**63)} to 2**63 - 1 would do",
        ),
    ],
    ids=str,
)
def test_divisors(value, error, message):
    refused("avg_pool", error, f"divisor_override {message}", divisor_override=value)


def test_large_divisors():
    for value in (2**62, 2**63 - 1, -(2**63), np.int64(-3), Index(5)):
        y = cconv.avg_pool1d([1.0, 2], 2, divisor_override=value)
        assert y == 3 / value.__index__()


@pytest.mark.parametrize("value", [0, -1, -0.5, np.inf, np.nan, -np.inf, 10**400, -(10**30)])
def test_norms_that_are_no_exponents(value):
    told = refused("lp_pool", ValueError, norm_type=value)
    assert told.startswith("lp_pool2d: norm_type ")
    assert told.endswith(" is no exponent; a finite number above 0 would do")


@pytest.mark.parametrize("value", [True, np.True_, None, "2", b"2", 2j, (2,), [], ...], ids=str)
def test_norms_that_are_no_numbers(value):
    message = f"norm_type {value!r} is not a number; a positive one would do"
    refused("lp_pool", TypeError, message, norm_type=value)


def test_every_make_of_a_norm():
    expected = cconv.lp_pool2d(X, 2, 2)
    for norm in (2.0, np.int8(2), np.float16(2), np.array(2), np.array(2.0), Index(2)):
        np.testing.assert_array_equal(cconv.lp_pool2d(X, norm, 2), expected)
    assert cconv.lp_pool1d([3.0, 4], 1e300, 2) in (0, 1, np.inf)
    assert cconv.lp_pool1d([1.0, 0], 10**30, 2) == 1
    assert cconv.lp_pool1d([1.0, 0], 5e-324, 2) == 1


@adaptive
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, ValueError, "0 is too small; at least 1 would do"),
        ((1, -1), ValueError, "-1 is too small; at least 1 would do"),
        ((1, 1, 1), ValueError, "(1, 1, 1) has 3 entries; an int or one per axis (2) would do"),
        ((), ValueError, "() has 0 entries; an int or one per axis (2) would do"),
        (1.0, TypeError, "1.0 is not an int; an int would do"),
        ("a", TypeError, "'a' is not an int; an int would do"),
        ((True, 1), TypeError, "True is a bool; an int would do"),
        ((None, (1,)), TypeError, "(1,) is not an int; an int would do"),
        (2**31 + 1, ValueError, f"{2**31 + 1} is too large; at most {2**31} would do"),
        (2**62, ValueError, f"{2**62} is too large; at most {2**31} would do"),
        (2**63, ValueError, f"{2**63} does not fit; integers from 1 to 2**63 - 1 would do"),
    ],
    ids=str,
)
def test_output_sizes(name, value, error, message):
    refused(name, error, f"output_size {message}", output_size=value)


@adaptive
def test_nothing_to_share(name):
    message = "x height 0 has nothing to pool; at least 1 would do"
    refused(name, ValueError, message, x=np.ones((2, 3, 0, 7)))
    refused(name, ValueError, message, x=np.ones((0, 7)), output_size=None)


# ------------------------------------------------------------------------ out


@every
def test_out(name):
    expected = Pool(name, 2, X, NEEDS[name])()
    shape = expected.shape
    locked = expected.copy()
    locked.flags.writeable = False
    wide = np.zeros((*shape[:-1], 2 * shape[-1]), np.float32)
    for out, error, message in (
        (np.zeros(shape[1:], "f4"), ValueError, f"out has shape {shape[1:]}; {shape} would do"),
        (np.zeros(shape), TypeError, "out has dtype float64; float32 would do"),
        (np.zeros(shape, ">f4"), TypeError, "out has dtype >f4; float32 would do"),
        (locked, ValueError, "out is read-only; a writable array would do"),
        (
            wide[..., ::2],
            ValueError,
            "out is not C-contiguous; a C-contiguous array would do",
        ),
        (
            np.zeros(shape[::-1], "f4").T,
            ValueError,
            "out is not C-contiguous; a C-contiguous array would do",
        ),
        ([0.0], TypeError, "out [0.0] is no array; an ndarray would do"),
    ):
        refused(name, error, message, out=out)
    for dtype in INTEGERS:
        wanted = dtype if name in MAXIMA else np.dtype("f8")
        out = np.zeros(shape, "c16")
        message = f"out has dtype complex128; {wanted} would do"
        refused(name, TypeError, message, x=X.astype(dtype), out=out)


# ------------------------------------------------------------------------ absurd numbers


ABSURD = [2**31, 2**40, 2**62, 2**63 - 1]


@windowed
@pytest.mark.parametrize("value", ABSURD)
def test_absurd_windows(name, value):
    """A step that is never taken may have any size; what is too large says so at once."""
    plain = Pool(name, 2, X, NEEDS[name])
    one = plain(kernel_size=(6, 7))
    np.testing.assert_array_equal(plain(kernel_size=(6, 7), stride=value), one)
    point = plain(kernel_size=1, stride=1)
    np.testing.assert_array_equal(plain(kernel_size=1, stride=1, dilation=value), point)
    over = plain(kernel_size=6, stride=value, ceil_mode=True, padding=5)
    assert over.shape == (2, 3, 1, 1)
    refused(name, ValueError, kernel_size=value)
    refused(name, ValueError, dilation=value)
    refused(name, ValueError, padding=value)
    half = value // 2
    refused(name, (ValueError, MemoryError), kernel_size=value, padding=half - 9, stride=1)
    refused(name, (ValueError, MemoryError), kernel_size=2, padding=value - 1, dilation=value - 1)


@windowed
@pytest.mark.parametrize("value", [2**40, 2**61])
def test_results_beyond_memory(name, value):
    if name == "max_pool":  # 2**40 windows, each with one element
        gaps = {"kernel_size": value // 8, "stride": 5, "dilation": 5, "padding": "full"}
        refusal(MemoryError, Pool(name, 1, np.ones(3), gaps))
    everything = {"kernel_size": value, "stride": 1, "padding": "full"}
    told = refusal(MemoryError, Pool(name, 1, np.ones(5), NEEDS[name] | everything))
    assert f"{value + 4}" in told or "beyond any memory" in told
    no_images = Pool(name, 1, np.ones((0, 5)), NEEDS[name] | everything)
    try:
        assert no_images().shape == (0, value + 4)
    except ValueError as error:
        assert "too big" in str(error)  # noqa: PT017


@adaptive
def test_results_beyond_memory_of_shares(name):
    refused(name, MemoryError, output_size=2**31)
    refusal(MemoryError, getattr(cconv, f"{name}3d"), np.ones((3, 3, 3)), 2**31)


def test_a_window_of_border_alone_among_many():
    """Whichever it is, it is found at once."""
    x = np.ones((0, 3))
    gaps = {"kernel_size": 2**30, "stride": 5, "dilation": 5, "padding": "full"}
    assert cconv.max_pool1d(x, **gaps).shape == (0, 2**30)
    with pytest.raises(ValueError, match="window 1 along the length would hold border alone"):
        cconv.max_pool1d(x, **gaps | {"dilation": 7})
    with pytest.raises(ValueError, match="window 3 along the length would hold border alone"):
        cconv.max_pool1d(x, **gaps | {"stride": 1})


def test_after_errors_all_is_as_before():
    expected = cconv.max_pool2d(X, 2)
    for _ in range(50):
        refused("max_pool", ValueError, stride=0)
    np.testing.assert_array_equal(cconv.max_pool2d(X, 2), expected)


@every
def test_arguments_that_are_missing_or_too_many(name):
    call = getattr(cconv, f"{name}2d")
    for args in ((), (X,), (X, 2, 2, 0, 1, False, False, None, None)):
        with pytest.raises(TypeError):
            call(*args)
    with pytest.raises(TypeError):
        call(X, **NEEDS[name], strides=1)
