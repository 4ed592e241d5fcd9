"""`pad` against numpy.pad, byte for byte, and against borders counted out by hand."""

import itertools
import threading

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory import LAYOUTS, layouts
from objects import every_object, no_matrix_warning
from problems import MODES

import cconv
from cconv import reference

by_type = {"ids": lambda value: type(value).__name__}

DTYPES = ["?", "i1", "u1", "i2", "u2", "f2", "i4", "u4", "f4", "i8", "u8", "f8", "c8", "c16", "g"]
DTYPES += ["G", "S1", "S3", "U2", "V5", "M8[s]", "m8[ms]", ">i2", ">f4", ">c16", ">M8[D]"]
DTYPES += [[("a", "u1"), ("b", ">f4")], [("r", "u1"), ("g", "u1"), ("b", "u1")]]
NUMPY_2 = np.lib.NumpyVersion(np.__version__) >= "2.0.0"


def filled(shape, dtype, seed=0):
    """Random bytes as elements of any dtype: NaN payloads, text, whatever."""
    dtype = np.dtype(dtype)
    rng = np.random.default_rng(seed)
    if dtype.hasobject:
        return rng.integers(0, 1000, shape).astype(object)
    if dtype.kind == "U":
        return rng.integers(0, 99, shape).astype(dtype)
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    size = int(np.prod(shape))
    if dtype.char in "gG":
        return rng.standard_normal(shape).astype(dtype)
    return rng.integers(0, 256, size * dtype.itemsize, np.uint8).view(dtype).reshape(shape)


def assert_same(y, expected):
    """Same shape, dtype, bytes; a new C-contiguous array."""
    assert type(y) is np.ndarray
    assert y.dtype == expected.dtype
    assert y.dtype.byteorder == expected.dtype.byteorder
    assert y.shape == expected.shape
    assert y.flags.c_contiguous
    assert y.flags.writeable
    assert y.flags.aligned
    if y.dtype.hasobject or y.dtype.char in "gG":  # references, or bytes that mean nothing
        assert y.tolist() == expected.tolist()
    else:
        assert y.tobytes() == expected.tobytes()


def counted(x, widths, mode):
    """The definition of the repeating modes: a walk along the axis, step by step."""
    for axis, (before, after) in enumerate(widths):
        n = x.shape[axis]
        walk = list(range(n))
        if mode == "symmetric":
            walk += walk[::-1]
        if mode == "reflect" and n > 1:
            walk += walk[-2:0:-1]
        turns = itertools.cycle(walk)
        right = [next(turns) for _ in range(n + after)]
        back = itertools.cycle(walk[::-1])
        left = [next(back) for _ in range(before)][::-1]
        if mode == "edge":
            right, left = [min(i, n - 1) for i in range(n + after)], [0] * before
        x = np.take(x, left + right, axis)
    return x


# ------------------------------------------------------------------------------ random calls


def width_forms(draw, pairs):
    """One of the ways to write the widths."""
    axes = len(pairs)
    kinds = [list, tuple, np.array, lambda p: np.array(p, np.int8), lambda p: dict(enumerate(p))]
    kinds += [lambda p: {i - axes: list(pair) for i, pair in enumerate(p)}]
    if axes == 0:
        kinds = [lambda _: 3, lambda _: (1, 2), lambda _: {}, lambda _: [(1, 2)]]
    elif all(before == after for before, after in pairs):
        kinds += [lambda p: [(b,) for b, _ in p], lambda p: {i: b for i, (b, _) in enumerate(p)}]
    if axes and len(set(pairs)) == 1:
        kinds += [lambda p: p[0], lambda p: [p[0]], lambda p: np.array(p[0])]
        if pairs[0][0] == pairs[0][1]:
            kinds += [lambda p: p[0][0], lambda p: np.int16(p[0][0]), lambda p: [p[0][0]]]
            kinds += [lambda p: [[p[0][0]]], lambda p: np.array(p[0][0])]
    return draw(st.sampled_from(kinds))(pairs)


@st.composite
def calls(draw):
    axes = draw(st.integers(0, 5))
    mode = draw(st.sampled_from(MODES))
    largest = {0: 0, 1: 40, 2: 12}.get(axes, 5)
    least = draw(st.sampled_from((0, 1, 1)))
    shape = [draw(st.integers(least, largest)) for _ in range(axes)]
    side = st.integers(0, draw(st.sampled_from((0, 1, 3, 3 * largest))))
    pairs = [(draw(side), draw(side)) for _ in range(axes)]
    if mode != "constant":
        pairs = [pair if n else (0, 0) for pair, n in zip(pairs, shape, strict=True)]
    if np.prod([n + b + a for n, (b, a) in zip(shape, pairs, strict=True)]) > 100_000:
        pairs = [(b % 4, a % 3) for b, a in pairs]
    x = filled(shape, draw(st.sampled_from(DTYPES)), draw(st.integers(0, 99)))
    values = {}
    if mode == "constant" and x.dtype.kind != "V" and draw(st.booleans()):  # NumPy casts few to V
        number = st.integers(0, 100)
        pair = st.tuples(number, number)
        per_axis = st.lists(pair, min_size=axes, max_size=axes)
        form = draw(st.sampled_from((number, pair, per_axis, pair.map(lambda p: [p]))))
        values["constant_values"] = draw(form)
        if form is per_axis and axes == 0:
            values = {}
    return x, pairs, width_forms(draw, pairs), mode, values


@given(calls(), layouts())
def test_random_calls_as_numpy_pads(call, layout):
    x, pairs, widths, mode, values = call
    if pairs and x.dtype.names is None:
        x = layout(x)
    before = x.tobytes()
    y = cconv.pad(x, widths, mode, **values)
    assert x.tobytes() == before
    assert not np.shares_memory(x, y)
    if mode == "constant" or NUMPY_2:
        assert_same(y, np.pad(x, pairs or 0, mode, **values).copy(order="C"))
    if mode != "constant":
        assert_same(y, np.array(counted(x, pairs, mode), x.dtype, order="C"))


@given(calls())
def test_random_calls_as_the_reference(call):
    x, _, widths, mode, values = call
    assert_same(cconv.pad(x, widths, mode, **values), reference.pad(x, widths, mode, **values))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_type(dtype, mode):
    for shape in ((), (1,), (7,), (3, 4), (2, 3, 4)):
        x = filled(shape, dtype)
        assert_same(cconv.pad(x, (2, 1), mode), np.pad(x, (2, 1), mode))


@pytest.mark.parametrize("mode", MODES)
def test_bfloat16(mode):
    bfloat16 = ml_dtypes.bfloat16
    x = filled((5, 6), "u2").view(bfloat16)
    y = cconv.pad(x, [(3, 0), (1, 2)], mode)
    assert y.dtype == bfloat16
    assert y.tobytes() == np.pad(x, [(3, 0), (1, 2)], mode).tobytes()
    assert cconv.pad(x, 1, constant_values=0.1)[0, 0] == bfloat16(0.1)


@pytest.mark.parametrize("mode", MODES)
def test_objects_are_numpys(mode):
    x = np.array([[object(), None, 3], ["text", [], {}]], object)
    for widths in (0, 3, [(9, 8), (7, 6)]):
        expected = counted(x, np.broadcast_to(widths, (2, 2)).tolist(), mode)
        if mode == "constant":
            expected = np.pad(x, widths)
        for array in (x, np.asfortranarray(x), x.T.copy().T):
            y = cconv.pad(array, widths, mode)
            assert y.flags.c_contiguous
            assert y.shape == expected.shape
            assert all(a is b or a == b == 0 for a, b in zip(y.flat, expected.flat, strict=True))
    mixed = np.array([(1, None)], [("a", "i4"), ("b", "O")])
    assert cconv.pad(mixed, 1, "edge").tolist() == [(1, None)] * 3
    zero = cconv.pad(np.array(None), 1, mode)
    assert zero.shape == ()
    assert zero[()] is None


# ------------------------------------------------------------------------------ borders


@pytest.mark.parametrize("mode", MODES)
def test_every_pair_of_widths(mode):
    for n, before, after in itertools.product(range(1, 7), range(22), range(22)):
        x = np.arange(1, n + 1, dtype=np.uint8)
        expected = counted(x, [(before, after)], mode)
        if mode == "constant":
            expected = np.array([0] * before + x.tolist() + [0] * after, np.uint8)
        assert cconv.pad(x, (before, after), mode).tolist() == expected.tolist()


@pytest.mark.parametrize("mode", MODES[1:])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "c8", "c16", "S3", "S40"])
def test_both_axes_and_layouts(mode, dtype):
    x = filled((3, 2, 5), dtype)
    for widths in ([(4, 9), (0, 7), (13, 2)], [(1, 1), (5, 3), (0, 0)], [(2, 3), (0, 0), (0, 0)]):
        expected = counted(x, widths, mode)
        for order in itertools.permutations(range(3)):
            stored = np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))
            assert cconv.pad(stored, widths, mode).tobytes() == expected.tobytes()


@pytest.mark.parametrize("mode", MODES)
def test_long_rows_and_many_rows(mode):
    """Rows that are cut into several items, items of several rows, results past the caches."""
    for shape, widths in (
        ((300_001,), [(100_003, 200_000)]),
        ((3,), [(300_000, 500_001)]),
        ((70_001, 3), [(5, 7), (2, 1)]),
        ((2, 1000, 700), [(1, 0), (1, 1), (3, 4)]),
        ((3, 150_000), [(1, 2), (0, 0)]),
        ((2, 2, 80_000), [(0, 0), (3, 1), (0, 0)]),
        ((2, 4100, 1025), [(0, 0), (1, 2), (1, 1)]),
    ):
        x = filled(shape, "u2")
        expected = np.pad(x, widths) if mode == "constant" else counted(x, widths, mode)
        for threads in (1, 2, 5):
            with cconv.num_threads(threads):
                y = cconv.pad(x, widths, mode)
            assert y.shape == expected.shape
            assert y.tobytes() == expected.tobytes()


def test_the_last_axis_wins_the_corners():
    values = [(1, 2), (3, 4), (5, 6)]
    x = np.zeros((2, 2, 2))
    y = cconv.pad(x, 2, constant_values=values)
    np.testing.assert_array_equal(y, np.pad(x, 2, constant_values=values))
    assert y[0, 0, 0] == 5
    assert y[0, 0, 2] == 3
    assert y[0, 2, 2] == 1


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("mode", MODES)
def test_layouts(layout, mode):
    x = layout(filled((4, 5, 6), "f4"))
    widths = [(1, 2), (0, 3), (7, 1)]
    assert_same(cconv.pad(x, widths, mode), np.pad(x, widths, mode).copy(order="C"))


@pytest.mark.parametrize("mode", MODES)
def test_broadcast_arrays_and_records(mode):
    x = np.broadcast_to(filled(5, "f8"), (3, 4, 5))
    assert_same(cconv.pad(x, 2, mode), np.pad(x, 2, mode))
    x = np.broadcast_to(np.float32(3), (3, 4))
    assert_same(cconv.pad(x, 2, mode), np.pad(x, 2, mode))
    image = filled((4, 5, 3), "u1")
    assert_same(
        cconv.pad(image[..., ::-1], [(1, 1), (2, 2), (0, 0)], mode),
        np.pad(image[..., ::-1], [(1, 1), (2, 2), (0, 0)], mode).copy(order="C"),
    )


def test_every_payload_of_a_nan_is_kept():
    bits = np.array([0x7F800001, 0x7FC00000, 0xFFFFFFFF, 0xFF812345, 0x80000000], np.uint32)
    for x in (bits.view(np.float32), bits.byteswap().view(">f4")):
        for mode in MODES[1:]:
            y = cconv.pad(x, 7, mode)
            assert y.tobytes() == cconv.pad(x.view(np.uint32), 7, mode).tobytes()
            assert y[7:-7].tobytes() == x.tobytes()


@pytest.mark.parametrize("mode", MODES)
def test_many_axes(mode):
    x = filled((1, 2, 1, 2, 1, 2, 1, 2, 1, 3), "i2")
    assert_same(cconv.pad(x, (0, 1), mode), np.pad(x, (0, 1), mode))
    most = 64 if NUMPY_2 else 32
    x = filled((1,) * (most - 2) + (3, 2), "i2")
    widths = {0: 1, most // 2: (2, 0), -1: 3}
    pairs = [(0, 0)] * most
    pairs[0], pairs[most // 2], pairs[-1] = (1, 1), (2, 0), (3, 3)
    for form in (widths, pairs, np.array(pairs)):
        assert_same(cconv.pad(x, form, mode), np.pad(x, pairs, mode))


def test_no_axes():
    for x in (np.array(3.5), np.float32(3.5), np.array("text")):
        for mode in MODES:
            y = cconv.pad(x, 5, mode)
            assert y.shape == ()
            assert y.dtype == x.dtype
            assert y == x


def test_nothing_to_pad():
    x = np.zeros((0, 3))
    assert_same(cconv.pad(x, 1, constant_values=7), np.full((2, 5), 7.0))
    assert_same(cconv.pad(x, [(0, 0), (1, 1)], "wrap"), np.zeros((0, 5)))
    y = cconv.pad(np.ones(3), 0)
    assert_same(y, np.ones(3))


# ------------------------------------------------------------------------------ values


@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "f2", "f4", "c8", "S2", "U3", "M8[s]", "i4,f4"])
@pytest.mark.parametrize(
    "value", [0, 1, True, 7.0, np.int8(5), np.array([3]), [2], [[1, 2]]], ids=str
)
def test_values_are_cast_as_numpy_casts_them(dtype, value):
    x = np.zeros((2, 3), dtype)
    assert_same(
        cconv.pad(x, 2, constant_values=value), np.pad(x, 2, constant_values=value).copy(order="C")
    )


def test_values_that_numpy_wraps_or_rounds():
    for x, value in (
        (np.zeros(2, "u1"), np.int64(300)),
        (np.zeros(2, "i4"), 2.75),
        (np.zeros(2, "f4"), 0.1),
        (np.zeros(2, "S3"), b"long text"),
        (np.zeros(2, "M8[D]"), np.datetime64("2020-02-29")),
        (np.zeros(2, "f8"), None),
        (np.zeros((2, 2), "f8"), [[1], [2]]),
    ):
        y = cconv.pad(x, 1, constant_values=value)
        assert y.tobytes() == np.pad(x, 1, constant_values=value).tobytes()


def test_values_of_sides_without_width_do_not_matter():
    x = np.zeros(3, int)
    np.testing.assert_array_equal(cconv.pad(x, (1, 0), constant_values=(4, np.nan)), [4, 0, 0, 0])


# ------------------------------------------------------------------------------ arrays in, threads


@no_matrix_warning
@every_object
@pytest.mark.parametrize("mode", ["constant", "edge"])
def test_objects(wrap, mode):
    x = filled((4, 5), "f8").view("i8").astype("f8")
    y = cconv.pad(wrap(x), [(2, 1), (0, 7)], mode)
    assert type(y) is np.ndarray
    assert y.flags.c_contiguous
    np.testing.assert_array_equal(y, np.pad(x, [(2, 1), (0, 7)], mode))


def test_bytes():
    assert_same(cconv.pad(b"abc", 1, "wrap"), np.frombuffer(b"cabca", np.uint8))
    with pytest.raises(TypeError):
        memoryview(ml_dtypes.bfloat16(1))
    assert cconv.pad(ml_dtypes.bfloat16(1), 0) == 1  # by __array__


def test_threads_of_python():
    x = filled((200, 300), "f4")
    expected = [np.pad(x, 30, mode).tobytes() for mode in MODES]
    wrong = []

    def work():
        for _ in range(10):
            wrong.extend(
                mode
                for mode, y in zip(MODES, expected, strict=True)
                if cconv.pad(x, 30, mode).tobytes() != y
            )

    team = [threading.Thread(target=work) for _ in range(6)]
    for thread in team:
        thread.start()
    for thread in team:
        thread.join()
    assert not wrong


# ------------------------------------------------------------------------------ refusals


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        if isinstance(self.value, BaseException):
            raise self.value
        return self.value


class Real:
    def __init__(self, error):
        self.error = error

    def __float__(self):
        raise self.error


class TwoLines:
    def __repr__(self):
        return "one\ntwo"


def refused(error, *words, array=((1, 2, 3), (4, 5, 6)), pad_width=1, **options):
    with pytest.raises((ValueError, TypeError, MemoryError)) as caught:
        cconv.pad(array, pad_width, **options)
    assert type(caught.value) is error
    message = str(caught.value)
    assert message.startswith("pad: ")
    assert len(message.splitlines()) == 1
    assert 20 < len(message) < 400
    for word in words:
        assert word in message
    return message


MODES_OF_NUMPY = ["empty", "linear_ramp", "maximum", "mean", "median", "minimum"]


@pytest.mark.parametrize("mode", [*MODES_OF_NUMPY, "zeros", "Edge", "", None, 3, len, "\ud800"])
def test_other_modes_are_numpys(mode):
    refused(ValueError, "mode ", '"constant", "edge", "reflect"', "numpy.pad would do", mode=mode)


NO_INTS = [True, np.True_, 1.0, 2.5, np.float64(1), np.array(1.0), 1j, None, "1", b"1", object()]
NO_INTS += [TwoLines(), Index(TypeError("no")), {1}]


@pytest.mark.parametrize("value", NO_INTS, **by_type)
def test_what_is_no_width(value):
    refused(TypeError, "pad_width ", "an int would do", pad_width=value)
    for form in (
        (1, value),
        [value],
        [(1, value)],
        [(1, 2), (value, 1)],
        {0: value},
        {1: (1, value)},
    ):
        refused(TypeError, "pad_width ", pad_width=form)


@pytest.mark.parametrize("value", [-1, np.int8(-1), -(2**63), -(2**64), 2**63, 10**30])
def test_widths_out_of_range(value):
    for form in (value, (1, value), [(1, value)], {0: value}, {-1: (value, 0)}):
        refused(ValueError, "pad_width ", "would do", pad_width=form)
    for array in (np.array(1), np.zeros((0, 2)), np.array([None])):
        refused(ValueError, "pad_width ", array=array, pad_width=value)


MISFITS = [(), [], (1, 2, 3), [(1, 2)] * 3, [(1, 2, 3)] * 2, [(1,)] * 3, [1, (2, 3)], [(1, 2), 3]]
MISFITS += [
    [(1,), (2, 3)],
    [()],
    np.zeros((2, 0), int),
    np.ones((1, 2, 2), int),
    np.array([[[1]]]),
    list(range(200)),
]


@pytest.mark.parametrize(
    "value",
    MISFITS,
    ids=lambda value: str(np.shape(value) if isinstance(value, np.ndarray) else value)[:20],
)
def test_widths_that_do_not_fit(value):
    with pytest.raises((ValueError, TypeError)) as caught:
        cconv.pad(np.ones((2, 3)), value)
    message = str(caught.value)
    assert message.startswith("pad: pad_width ")
    assert message.endswith("would do")
    assert "\n" not in message


def test_pairs_that_do_not_fit_one_axis():
    refused(ValueError, "1 axes", array=[1, 2], pad_width=[(1,), (2,)])
    refused(ValueError, "0 axes", array=np.array(1), pad_width=[(1, 2), (3, 4)])


@pytest.mark.parametrize("axis", [2, -3, 2**63, -(2**70)])
def test_axes_that_are_not_there(axis):
    refused(ValueError, "pad_width ", "axis", pad_width={axis: 1})


def test_three_widths_for_three_axes():
    """One per axis, as an int, is no form of numpy.pad."""
    cube = np.zeros((1, 1, 1))
    refused(ValueError, "pad_width (1, 2, 3)", "one pair per axis", array=cube, pad_width=(1, 2, 3))
    refused(TypeError, "pad_width ", "an int", array=cube, pad_width=(1, 2, "3"))


def test_dicts_that_do_not_fit():
    for axis in ("0", None, 1.0, True, (0,)):
        refused(TypeError, "pad_width axis", pad_width={axis: 1})
    for width in ((), (1,), (1, 2, 3)):
        refused(ValueError, "pad_width of axis 1", "(before, after)", pad_width={1: width})
    refused(ValueError, "more axes", pad_width=dict.fromkeys(range(100), 1))
    assert cconv.pad(np.ones((1, 2)), {0: 5, -2: (1, 0)}).shape == (2, 2)  # the last one counts
    assert cconv.pad(np.ones((1, 2)), {np.int64(-1): Index(2)}).shape == (1, 6)


def test_a_border_of_nothing():
    for mode in MODES[1:]:
        words = "shape (2, 0)", "axis 1", f'"{mode}"', '"constant" would do'
        refused(ValueError, *words, array=np.zeros((2, 0)), pad_width=(0, 1), mode=mode)


def test_results_beyond_any_memory():
    for width in (2**62, 2**63 - 1):
        refused(MemoryError, "beyond any memory", pad_width=width)
        refused(
            MemoryError,
            "beyond any memory",
            array=np.zeros((0, 2)),
            pad_width=[(0, 0), (width, width)],
        )
    with pytest.raises(MemoryError):
        cconv.pad(np.zeros(3), 2**57)


def test_values_that_do_not_fit():
    for mode in MODES[1:]:
        for value in (1, 0.5, "0", (0, 0), np.nan, None):
            refused(ValueError, "constant_values ", f'"{mode}"', mode=mode, constant_values=value)
        for zero in (0, 0.0, 0j, False, np.int8(0), np.float32(0)):
            assert cconv.pad([1, 2], 1, mode, constant_values=zero).size == 4
    for value in ((1, 2, 3), [(1, 2)] * 3, [(1, 2, 3)], [], [1, (2, 3)], np.ones((1, 1, 1, 1))):
        refused(ValueError, "constant_values ", "pair per axis", constant_values=value)
    error = ZeroDivisionError("mine")
    with pytest.raises(ZeroDivisionError) as caught:
        cconv.pad([1.0], 1, constant_values=Real(error))
    assert caught.value is error
    refused(ValueError, "constant_values 'text'", "int64", constant_values="text")
    refused(TypeError, "constant_values ", "int64", constant_values=object())
    for value in (range(2**70), range(10**9), [1] * 100, [[[1, 2]]]):
        refused(ValueError, "constant_values ", "too many entries", constant_values=value)
    refused(ValueError, "constant_values ", "is no array", constant_values=[[1, 2], [3]])
    if NUMPY_2:
        many = [(1, 300)] * 2
        refused(ValueError, "constant_values ", array=np.zeros((2, 3), "u1"), constant_values=many)


def test_what_is_no_array():
    for value in (3, "text", None, object(), {1: 2}, TwoLines(), range(3)):
        refused(TypeError, "array ", "is no array", array=value)
    refused(ValueError, "array ", array=[[1, 2], [3]])


def test_what_an_argument_raises_is_passed_on():
    for error in (KeyboardInterrupt, ValueError, ZeroDivisionError):
        raised = error("mine")
        for form in (Index(raised), (1, Index(raised)), {0: Index(raised)}, {Index(raised): 1}):
            with pytest.raises(error) as caught:
                cconv.pad([1, 2], form)
            assert caught.value is raised


def test_an_array_that_changes_while_its_widths_are_read():
    class Changes:
        def __index__(self):
            x.resize((1,), refcheck=False)
            return 1

    x = np.ones((300, 300))
    y = cconv.pad(x, ((0, Changes()),))
    assert y.tolist() == [1, 0]


def test_values_that_never_end():
    class Endless:
        def __len__(self):
            return 2

        def __getitem__(self, place):
            return 5 + place

    assert cconv.pad([1], 1, constant_values=Endless()).tolist() == [5, 1, 6]
    assert cconv.pad([1], 1, constant_values=[Endless()]).tolist() == [5, 1, 6]


def test_an_array_that_changes_while_its_values_are_read():
    class Frees:
        def __float__(self):
            x.resize((1,), refcheck=False)
            return 1.0

    x = np.ones((300, 300))
    refused(ValueError, "array changed", "would do", array=x, constant_values=Frees())


def test_arguments_that_are_missing_or_too_many():
    for args in ((), ([1],), ([1], 1, "constant", 0)):
        with pytest.raises(TypeError):
            cconv.pad(*args)
