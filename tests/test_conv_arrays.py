"""What is taken as an array, wherever it lies, and what `out` may be."""

import array
import ctypes
import sys

import child
import numpy as np
import pytest
from hypothesis import given
from memory import LAYOUTS, fresh, layouts
from problems import TYPES, Case, cases, values

import cconv

pytestmark = pytest.mark.kernel


def image_case(dtype=np.float32, **options):
    options = {"padding": 1, "groups": 2} | options
    x, weight = values(0, (2, 4, 9, 11), dtype), values(1, (6, 2, 3, 3), dtype)
    return Case(2, x, weight, values(2, 6, dtype), options)


# ------------------------------------------------------------------------------ memory


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("name", ["x", "weight", "bias"])
def test_layouts(name, layout, dtype):
    case = image_case(dtype)
    expected = case()
    given_array = layout(getattr(case, name))
    before = given_array.tobytes()
    np.testing.assert_array_equal(case(**{name: given_array}), expected)
    assert given_array.tobytes() == before


@given(cases(types=TYPES), layouts(), layouts(), layouts())
def test_random_layouts(case, of_x, of_weight, of_bias):
    expected = case()
    bias = None if case.bias is None else of_bias(case.bias)
    y = case(x=of_x(case.x), weight=of_weight(case.weight), bias=bias)
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_layouts_under_a_bare_filter(dims, layout):
    """Leading axes that do not collapse into one."""
    x, kernel = values(0, (3, 2, 4, *[7] * dims)), values(1, (3, 2, 3)[:dims])
    case = Case(dims, x, kernel, options={"padding": 1})
    expected = case()
    np.testing.assert_array_equal(case(x=layout(x)), expected)
    transposed = np.ascontiguousarray(x.swapaxes(0, 2)).swapaxes(0, 2)
    np.testing.assert_array_equal(case(x=transposed), expected)


def test_most_axes():
    most = 64 if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else 32
    x = values(0, (2, *[1] * (most - 4), 3, 4, 5)).swapaxes(0, 30)
    y = cconv.conv2d(x, np.ones((2, 2), np.float32))
    assert y.shape == (*x.shape[:-2], 3, 4)
    np.testing.assert_allclose(y[..., 0, 0], x[..., :2, :2].sum((-2, -1)), rtol=1e-5)


def test_one_element_seen_many_times():
    x = np.broadcast_to(np.float32(2), (2, 3, 5, 6))
    weight = np.broadcast_to(np.float32(3), (4, 3, 2, 2))
    bias = np.broadcast_to(np.float32(1), 4)
    y = cconv.conv2d(x, weight, bias)
    np.testing.assert_array_equal(y, np.full((2, 4, 4, 5), 2 * 3 * 12 + 1))


def test_overlapping_windows():
    x = np.lib.stride_tricks.sliding_window_view(values(0, 40), 16)  # rows share elements
    kernel = values(1, (3, 3))
    np.testing.assert_array_equal(cconv.conv2d(x, kernel), cconv.conv2d(x.copy(), kernel))


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric", "wrap"])
@pytest.mark.parametrize("step", [1, -1])
def test_nothing_is_copied_that_need_not_be(mode, step):
    """64 GB of zero strides are read in place, whatever the border."""
    x = np.broadcast_to(np.float32(1), (2, 2**33))[:, ::step]
    options = {"stride": 2**31, "padding": 3, "padding_mode": mode, "padding_value": 0}
    assert cconv.conv1d(x, np.ones(3, np.float32), **options).shape == (2, 5)
    plane = np.broadcast_to(np.float32(1), (1, 2, 2**17, 2**17))
    weight = np.ones((3, 2, 5, 5), np.float32)
    y = cconv.conv2d(plane, weight, stride=65000, padding=2, padding_mode=mode)
    assert y.shape == (1, 3, 3, 3)
    assert y[0, 0, 1, 1] == 50


# ------------------------------------------------------------------------------ kinds of objects


class Subclass(np.ndarray):
    """Whatever a subclass does to indexing or arithmetic must not matter."""

    def __getitem__(self, key):
        raise AssertionError

    __add__ = __mul__ = __getitem__


class Array:
    def __init__(self, data, error=None):
        self.data, self.error = data, error

    def __array__(self, dtype=None, copy=None):
        if self.error:
            raise self.error
        return self.data


class DLPack:
    def __init__(self, data):
        self.__dlpack__, self.__dlpack_device__ = data.__dlpack__, data.__dlpack_device__


class Both(DLPack, Array):
    """`__array__` first, `__dlpack__` where that fails."""

    def __init__(self, by_array, by_dlpack, error=None):
        Array.__init__(self, by_array, error)
        DLPack.__init__(self, by_dlpack)


OBJECTS = {
    "list": lambda a: a.tolist(),
    "tuple": lambda a: tuple(map(tuple, a.tolist())),
    "list of arrays": list,
    "list of numpy scalars": lambda a: [list(row) for row in a],
    "memoryview": memoryview,
    "read-only memoryview": lambda a: memoryview(a).toreadonly(),
    "memoryview backwards": lambda a: memoryview(a[::-1].copy())[::-1],
    "__array__": Array,
    "__dlpack__": DLPack,
    "subclass": lambda a: a.view(Subclass),
    "matrix": np.asmatrix,
    "masked": lambda a: np.ma.masked_array(a, a > 0),
    "masked and swapped": lambda a: np.ma.masked_array(a.astype(">f8"), a > 0),
    "memmap": lambda a: a.view(np.memmap),
}
needs_no_matrix_warning = pytest.mark.filterwarnings("ignore:the matrix subclass")


@needs_no_matrix_warning
@pytest.mark.parametrize("wrap", OBJECTS.values(), ids=OBJECTS.keys())
def test_objects(wrap):
    x, kernel, bias = values(0, (7, 8), np.float64), values(1, (3, 3), np.float64), np.ones(1)
    direct = {"algorithm": "direct"}
    expected = cconv.conv2d(x, kernel, bias, **direct)
    for arguments in ((wrap(x), kernel), (x, wrap(kernel)), (wrap(x), wrap(kernel))):
        y = cconv.conv2d(*arguments, bias, **direct)
        assert type(y) is np.ndarray
        np.testing.assert_array_equal(y, expected)
    layer = cconv.Conv2d(wrap(kernel), bias, **direct)
    np.testing.assert_array_equal(layer(wrap(x)), expected)


@pytest.mark.parametrize("code", "bBhHiIlLqQfd")
def test_array_array(code):
    x, kernel = array.array(code, [1, 2, 4]), array.array(code, [1, 3])
    y = cconv.conv1d(x, kernel, array.array(code, [5]))
    assert y.dtype == cconv.conv1d(np.ones(3, code), np.ones(2, code)).dtype
    assert y.tolist() == [12, 19]


def test_bytes_are_8_bits():
    for make in (bytes, bytearray):
        assert cconv.conv1d(make([200, 255]), make([2])).tolist() == [400, 510]


def test_buffers_of_other_makes():
    floats = (ctypes.c_float * 3)(1, 2, 4)
    assert cconv.conv1d(floats, [1.0]).dtype == np.float32
    swapped = memoryview(np.array([1, 2, 4], ">f8"))
    y = cconv.conv1d(swapped, [1.0])
    assert y.tolist() == [1, 2, 4]
    assert y.dtype.isnative


def test_order_of_protocols():
    class Buffered(array.array):
        def __array__(self, dtype=None, copy=None):
            raise AssertionError

    one = np.ones(1)
    assert cconv.conv1d(Buffered("d", [2]), one) == 2
    by_array, by_dlpack = np.array([3.0]), np.array([4.0])
    assert cconv.conv1d(Both(by_array, by_dlpack), one) == 3


@pytest.mark.parametrize("error", [TypeError("no"), BufferError("no")])
def test_the_next_protocol_where_one_fails(error):
    x = Both(np.array([3.0]), np.array([4.0]), error)
    assert cconv.conv1d(x, np.ones(1)) == 4
    with pytest.raises(TypeError, match=r"^conv1d: x .* is no array"):
        cconv.conv1d(Array(None, error), np.ones(1))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="__buffer__ came with Python 3.12")
@pytest.mark.parametrize("error", [TypeError("no"), BufferError("no")])
def test_the_next_protocol_where_the_buffer_fails(error):
    class Buffered(Array):
        def __buffer__(self, flags):
            raise error

    assert cconv.conv1d(Buffered(np.array([3.0])), np.ones(1)) == 3


def test_other_errors_of_protocols_are_passed_on():
    error = RuntimeError("on fire")
    with pytest.raises(RuntimeError) as caught:
        cconv.conv1d(Both(None, np.ones(1), error), np.ones(1))
    assert caught.value is error


def test_torch_tensors():
    torch = pytest.importorskip("torch")
    case = image_case()
    expected = case()
    tensors = {n: torch.from_numpy(getattr(case, n)) for n in ("x", "weight", "bias")}
    np.testing.assert_array_equal(case(**tensors), expected)
    last = tensors["x"].contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal(case(x=last), expected)

    class Refusing(torch.Tensor):
        def __array__(self, dtype=None):
            raise TypeError("no")

    refusing = tensors["x"].as_subclass(Refusing)
    np.testing.assert_array_equal(case(x=refusing), expected)


@pytest.mark.parametrize("kind", ["bfloat16", "meta"])
def test_torch_tensors_that_are_no_numpy_arrays(kind):
    torch = pytest.importorskip("torch")
    x = torch.ones(5, device="meta") if kind == "meta" else torch.ones(5, dtype=torch.bfloat16)
    with pytest.raises(TypeError, match=r"^conv1d: x "):
        cconv.conv1d(x, np.ones(2))


# ------------------------------------------------------------------------------ references


def test_no_reference_is_kept_or_lost():
    x, weight, bias = np.ones((3, 8, 9)), np.ones((4, 3, 2, 2)), np.ones(4)
    out, stride, mode = np.ones((4, 7, 8)), [1, np.int64(1)], "".join(["ed", "ge"])
    watched = [x, weight, bias, out, stride, mode, weight.dtype, x.astype(">f8").dtype]
    layer = cconv.Conv2d(weight, bias, stride, padding_mode=mode)

    def every_way(x):
        cconv.conv2d(x, weight, bias, stride, padding_mode=mode)
        cconv.conv2d(x, weight.tolist(), bias.tolist(), stride, padding_mode=mode)
        cconv.conv2d(x, weight, bias, stride, padding_mode=mode, out=out)
        layer(x)
        layer(x, out)
        layer.explain(x)
        cconv.explain("conv2d", x, weight, bias, stride, padding_mode=mode)
        for wrong in ({"groups": 2}, {"padding": mode}, {"dtype": bool}, {"out": x}):
            with pytest.raises((ValueError, TypeError)):
                cconv.conv2d(x, weight, bias, stride, **wrong)

    def twice():
        for image in (x, x.astype(">f8"), memoryview(x)):
            every_way(image)
            every_way(image)

    twice()
    before = [sys.getrefcount(thing) for thing in watched]
    twice()
    assert [sys.getrefcount(thing) for thing in watched] == before


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_no_memory_is_lost():
    """In megabytes after thousands of calls of each kind, and what more thousands add."""
    code = """
import numpy as np, cconv
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20
x, weight = np.ones((3, 8, 9), ">f8"), np.ones((4, 3, 2, 2), np.float32)
lists, large = weight.tolist(), np.ones((2, 600, 600), np.float32)
def calls():
    for turn in range(1500):
        cconv.conv2d(x, weight)
        cconv.conv2d(x, lists, stride=[1, 2], padding=[(1, 2), (0, 1)], activation="gelu")
        cconv.Conv2d(lists, dilation=[1, 1])(x)
        cconv.explain("conv2d", x, lists)
        if turn % 100 == 0:
            cconv.conv2d(large, weight[0, 0])
        for wrong in ({"stride": [1, None]}, {"padding": "no"}, {"out": weight}):
            try:
                cconv.conv2d(x, lists, **wrong)
            except (ValueError, TypeError):
                pass
calls()
before = resident()
calls()
calls()
print(resident() - before)
"""
    assert float(child.run(code)) < 2


# ------------------------------------------------------------------------------ nothing at all


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_no_images(dims, channels_last):
    conv = {1: cconv.conv1d, 2: cconv.conv2d, 3: cconv.conv3d}[dims]
    shape = (0, *[5] * dims, 3) if channels_last else (0, 3, *[5] * dims)
    y = conv(np.ones(shape), np.ones((4, 3, *[2] * dims)), channels_last=channels_last)
    assert y.shape == ((0, *[4] * dims, 4) if channels_last else (0, 4, *[4] * dims))
    bare = conv(np.ones(shape), np.ones([2] * dims), channels_last=channels_last)
    assert bare.shape == ((0, *[4] * dims, 3) if channels_last else (0, 3, *[4] * dims))


def test_no_input_channels_leave_the_bias():
    x, weight, bias = np.ones((2, 0, 5, 6)), np.ones((4, 0, 3, 3)), np.arange(4.0) - 1
    y = cconv.conv2d(x, weight, bias, groups=2, activation="relu")
    expected = np.broadcast_to(np.maximum(bias, 0)[:, None, None], (2, 4, 3, 4))
    np.testing.assert_array_equal(y, expected)
    assert not cconv.conv2d(x, weight).any()
    last = cconv.conv2d(np.ones((2, 5, 6, 0)), weight, bias, channels_last=True, activation="relu")
    np.testing.assert_array_equal(last, np.moveaxis(expected, 1, -1))


def test_no_output_channels():
    assert cconv.conv2d(np.ones((2, 3, 5, 5)), np.ones((0, 3, 3, 3))).shape == (2, 0, 3, 3)
    y = cconv.conv2d(np.ones((2, 3, 5, 5)), np.ones((0, 3, 3, 3)), np.ones(0), groups=1)
    assert y.shape == (2, 0, 3, 3)


def test_planes_of_nothing_under_a_bare_filter():
    assert cconv.conv2d(np.ones((3, 0, 5, 5)), np.ones((2, 2))).shape == (3, 0, 4, 4)
    last = cconv.conv2d(np.ones((5, 5, 0)), np.ones((2, 2)), channels_last=True)
    assert last.shape == (4, 4, 0)


def test_an_axis_of_nothing_but_border():
    y = cconv.conv2d(np.ones((1, 2, 0, 3)), np.ones((2, 2, 2, 2)), padding=1, padding_value=5)
    np.testing.assert_array_equal(y[0, 0], np.full((1, 4), 2 * 4 * 5))


# ------------------------------------------------------------------------------ out


@pytest.mark.parametrize("dtype", [None, np.float32, np.float16, np.uint8, np.int64])
@pytest.mark.parametrize("channels_last", [False, True])
def test_out_is_filled_and_returned(channels_last, dtype):
    case = image_case(np.float64, channels_last=channels_last)
    case.options["dtype"] = dtype
    if channels_last:
        case.x = np.moveaxis(case.x, 1, -1)
    expected = case()
    for offset in (0, 1):
        out = fresh(expected.shape, expected.dtype, offset)
        assert case(out=out) is out
        np.testing.assert_array_equal(out, expected)
        out[...] = 1
        assert case.layer()(case.x, out) is out
        assert (out != 1).any()


def test_out_of_a_subclass_is_returned_as_it_is():
    out = np.zeros(3).view(Subclass)
    assert cconv.conv1d(np.ones(4), np.ones(2), out=out) is out
    assert out.tobytes() == np.full(3, 2.0).tobytes()


def test_only_out_is_written():
    """Canaries on both sides of every length of row."""
    for n in range(1, 80):
        block = np.full(n + 40, 7, np.float32)
        x = values(n, n + 2)
        cconv.conv1d(x, np.ones(3, np.float32), out=block[20 : n + 20])
        assert (block[:20] == 7).all()
        assert (block[n + 20 :] == 7).all()
        assert (block[20 : n + 20] != 7).all()


@pytest.mark.parametrize("first", ["x", "out"])
def test_neighbours_in_one_buffer_are_apart(first):
    buffer = np.arange(9.0)
    x, out = (buffer[:5], buffer[5:]) if first == "x" else (buffer[4:], buffer[:4])
    expected = x[:-1] + x[1:]
    cconv.conv1d(x, np.ones(2), out=out)
    np.testing.assert_array_equal(out, expected)


def overlaps():
    buffer = np.arange(40, dtype=np.float32)
    at = np.ones(3, np.float32)
    yield "x", buffer[:5], at, None, buffer[4:7]
    yield "x", buffer[2:7], at, None, buffer[:3]
    yield "x", buffer[6:1:-1], at, None, buffer[6:9]
    yield "x", buffer[:17:4], at, None, buffer[5:8]  # in a gap: bounds are what counts
    yield "x", np.broadcast_to(buffer[3:4], 5), at, None, buffer[1:4]
    yield "x", buffer[:5].view(">f4"), at, None, buffer[:3]
    yield "x", memoryview(buffer)[:5], at, None, buffer[:3]
    yield "x", Array(buffer[:5]), at, None, buffer[:3]
    yield "x", DLPack(buffer[:5]), at, None, buffer[:3]
    yield "weight", np.ones(5, np.float32), buffer[:3], None, buffer[2:5]
    yield "weight", np.ones(5, np.float32), buffer[:3].view(">f4"), None, buffer[2:5]
    yield "bias", np.ones(5, np.float32), at, buffer[4:5], buffer[2:5]
    halves = np.zeros(9, np.float16)
    yield "bias", np.ones(5, np.float32), at, halves[4:5], halves[2:8].view(np.float32)


@pytest.mark.parametrize(("name", "x", "weight", "bias", "out"), list(overlaps()))
def test_out_may_not_overlap_an_input(name, x, weight, bias, out):
    before = out.copy()
    with pytest.raises(ValueError, match=rf"^conv1d: out shares memory with {name}"):
        cconv.conv1d(x, weight, bias, out=out)
    np.testing.assert_array_equal(out, before)


def test_empty_arrays_overlap_nothing():
    buffer = np.ones((4, 3, 5))
    y = cconv.conv1d(buffer[:0], np.ones((2, 3, 2)), out=buffer[:0, :2, :4])
    assert y.shape == (0, 2, 4)
