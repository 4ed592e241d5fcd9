"""What is taken as an array, wherever it lies, and what `out` may be."""

import array
import ctypes
import itertools
import mmap
import os
import sys

import child
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from memory import LAYOUTS, fresh, layouts
from objects import Array, Both, DLPack, Subclass, every_object, no_matrix_warning
from problems import GENERAL, TYPES, Case, cases, values

import cconv

pytestmark = pytest.mark.kernel
by_room = pytest.mark.parametrize("algorithm", GENERAL)


def image_case(dtype=np.float32, **options):
    options = {"padding": 1, "groups": 2} | options
    x, weight = values(0, (2, 4, 9, 11), dtype), values(1, (6, 2, 3, 3), dtype)
    return Case(2, x, weight, values(2, 6, dtype), options)


# ------------------------------------------------------------------------------ memory


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("name", ["x", "weight", "bias"])
@by_room
def test_layouts(name, layout, dtype, algorithm):
    case = image_case(dtype, algorithm=algorithm)
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
@by_room
def test_layouts_under_a_bare_filter(dims, layout, algorithm):
    """Leading axes that do not collapse into one."""
    x, kernel = values(0, (3, 2, 4, *[7] * dims)), values(1, (3, 2, 3)[:dims])
    case = Case(dims, x, kernel, options={"padding": 1, "algorithm": algorithm})
    expected = case()
    np.testing.assert_array_equal(case(x=layout(x)), expected)
    transposed = np.ascontiguousarray(x.swapaxes(0, 2)).swapaxes(0, 2)
    np.testing.assert_array_equal(case(x=transposed), expected)


@by_room
def test_most_axes(algorithm):
    most = 64 if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else 32
    x = values(0, (2, *[1] * (most - 4), 3, 4, 5)).swapaxes(0, 20)
    y = cconv.conv2d(x, np.ones((2, 2), np.float32), algorithm=algorithm)
    assert y.shape == (*x.shape[:-2], 3, 4)
    np.testing.assert_allclose(y[..., 0, 0], x[..., :2, :2].sum((-2, -1)), rtol=1e-5)


@by_room
def test_one_element_seen_many_times(algorithm):
    x = np.broadcast_to(np.float32(2), (2, 3, 5, 6))
    weight = np.broadcast_to(np.float32(3), (4, 3, 2, 2))
    bias = np.broadcast_to(np.float32(1), 4)
    y = cconv.conv2d(x, weight, bias, algorithm=algorithm)
    np.testing.assert_array_equal(y, np.full((2, 4, 4, 5), 2 * 3 * 12 + 1))


@by_room
def test_overlapping_windows(algorithm):
    x = np.lib.stride_tricks.sliding_window_view(values(0, 40), 16)  # rows share elements
    case = Case(2, x, values(1, (3, 3)), options={"algorithm": algorithm})
    np.testing.assert_array_equal(case(), case(x=x.copy()))


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


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_no_type_is_copied(dtype, channels_last):
    shape = (2, 2**17, 2**17, 4) if channels_last else (2, 4, 2**17, 2**17)
    x = np.broadcast_to(np.ones((), dtype), shape)
    weight = np.ones((2, 2, 3, 3), dtype)
    options = {"stride": 65000, "padding": 1, "groups": 2, "channels_last": channels_last}
    case = Case(2, x, weight, None, options)
    for options["algorithm"], layer in itertools.product(case.rooms(), (False, True)):
        y = case.layer()(x) if layer else case()
        y = np.moveaxis(y, -1, 1) if channels_last else y
        assert y[:, :, 1, 1].tolist() == [[18] * 2] * 2


@pytest.mark.parametrize("wrap", [memoryview, Array, DLPack, lambda a: a.view(Subclass)])
def test_no_object_is_copied(wrap):
    x = wrap(np.lib.stride_tricks.as_strided(np.ones(1, np.float32), (2**17, 2**17), (0, 0)))
    weight = np.ones((3, 3), np.float32)
    assert (cconv.conv2d(x, weight, stride=2**16) == 9).all()
    assert cconv.explain("conv2d", x, weight).algorithm


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
@pytest.mark.parametrize(
    ("call", "size"), [("cconv.conv2d(x, one, stride=1000)", 16), ("cconv.pad(x, 1)", 3202**2)]
)
def test_no_layout_is_copied(call, size):
    """40 MB are read where there is memory for the result and 16 MB more."""
    code = f"""
import resource, sys
sys.path.insert(0, {os.path.dirname(__file__)!r})
import numpy as np, cconv
from memory import LAYOUTS
cconv.set_num_threads(1)
one = np.ones((2, 2), np.float32)
for name, layout in LAYOUTS.items():
    if "swapped" in name:
        continue
    x = layout(np.ones((3200, 3200), np.float32))
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + {4 * size} + (16 << 20), -1))
    try:
        np.empty({4 * size} + x.nbytes, np.uint8)
    except MemoryError:
        print({call}.size)
    resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
"""
    native = [name for name in LAYOUTS if "swapped" not in name]
    assert child.run(code, CCONV_KEEP_MB="0").splitlines() == [str(size)] * len(native)


# ------------------------------------------------------------------------------ kinds of objects


@no_matrix_warning
@every_object
@by_room
def test_objects(wrap, algorithm):
    x, kernel, bias = values(0, (7, 8), np.float64), values(1, (3, 3), np.float64), np.ones(1)
    options = {"algorithm": algorithm}
    expected = cconv.conv2d(x, kernel, bias, **options)
    for arguments in ((wrap(x), kernel), (x, wrap(kernel)), (wrap(x), wrap(kernel))):
        y = cconv.conv2d(*arguments, bias, **options)
        assert type(y) is np.ndarray
        np.testing.assert_array_equal(y, expected)
    layer = cconv.Conv2d(wrap(kernel), bias, **options)
    np.testing.assert_array_equal(layer(wrap(x)), expected)
    told = cconv.explain("conv2d", wrap(x), wrap(kernel), bias, **options)
    assert layer.explain(wrap(x)).tiles == told.tiles


@pytest.mark.parametrize("kind", [">f4", "g", ">i2"])
def test_biases_of_a_subclass(kind):
    bias = np.array([1, 2], kind)
    expected = cconv.conv1d(np.ones((1, 4)), np.ones((2, 1, 3)), bias)
    for function in (cconv.conv1d, lambda x, *rest: cconv.Conv1d(*rest)(x)):
        y = function(np.ones((1, 4)), np.ones((2, 1, 3)), bias.view(Subclass))
        np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("code", "bBhHiIlLqQfd")
def test_array_array(code):
    x, kernel = array.array(code, [1, 2, 4]), array.array(code, [1, 3])
    y = cconv.conv1d(x, kernel, array.array(code, [5]))
    assert y.dtype == cconv.conv1d(np.ones(3, code), np.ones(2, code)).dtype
    assert y.tolist() == [12, 19]


@pytest.mark.parametrize("code", ["?", *"bBhHiIlLqQnNefd", "Zf", "Zd"])
def test_formats_of_memoryviews(code):
    """All that the buffer protocol has numbers for."""
    if code in ("n", "N") and np.lib.NumpyVersion(np.__version__) < "2.0.0":
        pytest.skip("NumPy 1 does not know this format")
    dtype = {"Zf": "c8", "Zd": "c16", "n": "p", "N": "P"}.get(code, code)
    data = np.array([[1, 0, 1, 1], [1, 1, 0, 1]], dtype)
    x = memoryview(data)
    if len(code) == 1 and code != "e":
        x = memoryview(data.tobytes()).cast(code, data.shape)
        assert x.format == code
    y = cconv.conv1d(x, np.ones(2, dtype))
    assert y.dtype == cconv.conv1d(data, np.ones(2, dtype)).dtype
    assert y.tolist() == [[1, 1, 2], [2, 1, 1]]


def test_formats_that_are_no_numbers():
    for x in (
        memoryview(b"abc").cast("c"),
        memoryview(np.zeros(3, "i4,f4")),
        (ctypes.c_char * 3)(),
    ):
        with pytest.raises(TypeError, match="x has dtype"):
            cconv.conv1d(x, np.ones(1))


def test_bytes_are_8_bits():
    memory = mmap.mmap(-1, 2)
    memory[:] = bytes([200, 255])
    for x in (bytes(memory), bytearray(memory), memory):
        assert cconv.conv1d(x, bytes([2])).tolist() == [400, 510]


def test_buffers_are_given_back():
    """Only an exported buffer forbids these; a layer has copied its own."""
    x, weight, memory = bytearray(9), bytearray(3), mmap.mmap(-1, 9)
    layer = cconv.Conv1d(weight, memoryview(weight)[:1], padding=1)
    cconv.conv1d(x, weight, weight[:1])
    cconv.pad(x, 1)
    layer(memory)
    x.append(1)
    weight.append(1)
    memory.close()


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


class Device(DLPack):
    """NumPy's DLPack with another device, or type, written into it."""

    def __init__(self, data, device=None, kind=None):
        self.data, self.device, self.kind = data, device, kind

    def __dlpack_device__(self):
        return self.device or 1, 0

    def __dlpack__(self, **_):
        capsule = self.data.__dlpack__()
        pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
        pointer_of.restype, pointer_of.argtypes = (
            ctypes.c_void_p,
            (ctypes.py_object, ctypes.c_char_p),
        )
        tensor = pointer_of(
            capsule, b"dltensor"
        )  # void* data, int device, id, axes, char type, bits
        if self.device is not None:
            ctypes.c_int.from_address(tensor + 8).value = self.device
        if self.kind is not None:
            ctypes.c_ubyte.from_address(tensor + 20).value = self.kind
        return capsule


def test_dlpack_elsewhere_or_of_unknown_types():
    ones = np.ones(3, np.uint16)
    assert cconv.conv1d(Device(ones, 1), ones) == 3
    assert cconv.conv1d(Device(ones, kind=4), ones).dtype == ml_dtypes.bfloat16
    cuda, metal, opaque = Device(ones, 2), Device(ones, 8, 4), Device(ones, kind=3)
    for x in (cuda, metal, opaque, Device(np.ones(3), kind=4)):
        with pytest.raises(TypeError, match=r"^conv1d: x .* is no array.*on the CPU would do"):
            cconv.conv1d(x, ones)


TENSOR_TYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"]
TENSOR_TYPES += ["float16", "float32", "float64", "complex64", "complex128"]


def assert_same_result(tensor, data, weight):
    """As an x and as a weight, in a call and in a layer."""
    y, expected = cconv.conv1d(tensor, weight), cconv.conv1d(data, weight)
    assert y.dtype == expected.dtype
    np.testing.assert_array_equal(y, expected)
    expected = cconv.conv1d(weight, data, padding="full")
    for y in (
        cconv.conv1d(weight, tensor, padding="full"),
        cconv.Conv1d(tensor, padding="full")(weight),
    ):
        np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("kind", TENSOR_TYPES)
def test_torch_types(kind):
    torch = pytest.importorskip("torch")
    data = values(0, 12).astype(kind)
    tensor = torch.from_numpy(data)
    assert tensor.dtype == getattr(torch, kind)
    for part in (slice(None), slice(3, None), slice(1, None, 3)):
        assert_same_result(tensor[part], data[part], np.ones(2, kind))
        by_dlpack = Both(None, tensor[part].numpy(), TypeError())
        assert_same_result(by_dlpack, data[part], np.ones(2, kind))


@pytest.mark.parametrize("kind", [*TENSOR_TYPES, "bfloat16"])
def test_jax_types(kind):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)
    data = values(0, 12).astype(np.dtype(kind))
    array = jax.numpy.asarray(data)
    assert array.dtype == data.dtype
    assert_same_result(array, data, np.ones(2, kind))
    if kind not in ("bool", "bfloat16"):  # NumPy's DLPack has neither
        assert_same_result(DLPack(array), data, np.ones(2, kind))


def test_torch_layouts():
    torch = pytest.importorskip("torch")
    case = image_case()
    expected = case()
    tensors = {n: torch.from_numpy(getattr(case, n)) for n in ("x", "weight", "bias")}
    np.testing.assert_array_equal(case(**tensors), expected)
    last = {n: tensors[n].contiguous(memory_format=torch.channels_last) for n in ("x", "weight")}
    np.testing.assert_array_equal(case(**last), expected)
    transposed = tensors["x"].transpose(2, 3).contiguous().transpose(2, 3)
    np.testing.assert_array_equal(case(x=transposed), expected)
    repeated = tensors["x"][:1].expand(2, -1, -1, -1)
    np.testing.assert_array_equal(case(x=repeated)[1], expected[0])


def test_torch_sizes():
    torch = pytest.importorskip("torch")
    assert cconv.conv1d(torch.ones(0, 3, 5), torch.ones(4, 3, 2)).shape == (0, 4, 4)
    assert not cconv.conv1d(torch.ones(2, 0, 5), torch.ones(4, 0, 2)).any()
    with pytest.raises(ValueError, match=r"^conv1d: x has shape \(\)"):
        cconv.conv1d(torch.tensor(1.0), torch.ones(2))


def test_torch_tensors_that_are_not_plain_data():
    """Torch says itself what would do: to detach, to resolve."""
    torch = pytest.importorskip("torch")
    learned = torch.ones(5, requires_grad=True)
    conjugate = torch.ones(5, dtype=torch.complex64).conj()
    for tensor, remedy in ((learned, "detach"), (conjugate, "resolve_conj")):
        with pytest.raises(RuntimeError, match=remedy):
            cconv.conv1d(tensor, np.ones(2))
    assert cconv.conv1d(learned.detach(), np.ones(5)) == 5
    np.testing.assert_array_equal(cconv.conv1d(conjugate.resolve_conj(), np.ones(2)), [2] * 4)


def test_torch_bfloat16():
    """Which NumPy does not know: no `__array__`, no `from_dlpack`."""
    torch = pytest.importorskip("torch")
    data = values(0, (4, 6), ml_dtypes.bfloat16)
    whole = torch.tensor(data.astype(np.float32)).to(torch.bfloat16)
    for tensor, part in ((whole, data), (whole[1:, ::2], data[1:, ::2]), (whole.T, data.T)):
        y, expected = cconv.conv1d(tensor, np.ones(2)), cconv.conv1d(part, np.ones(2))
        np.testing.assert_array_equal(y, expected)
    assert_same_result(whole[0], data[0], np.ones(2, ml_dtypes.bfloat16))
    assert cconv.pad(whole, 1).dtype == ml_dtypes.bfloat16
    assert cconv.conv1d(whole[:0], np.ones(2)).shape == (0, 5)
    with pytest.raises(ValueError, match=r"x has shape \(\)"):
        cconv.conv1d(whole[0, 0], np.ones(2))
    with pytest.raises(RuntimeError, match="detach"):
        cconv.conv1d(whole.requires_grad_(), np.ones(2))


def test_bfloat16_is_let_go():
    data = np.zeros(9, np.uint16)
    tensor = Device(data, kind=4)
    before, layer = sys.getrefcount(data), cconv.Conv1d(tensor)
    for _ in range(3):
        assert layer(tensor) == cconv.conv1d(tensor, tensor) == 0
        with pytest.raises(ValueError, match="stride"):
            cconv.conv1d(tensor, tensor, stride=0)
    assert sys.getrefcount(data) == before


def test_bfloat16_without_ml_dtypes():
    pytest.importorskip("torch")
    code = """
import sys
sys.modules["ml_dtypes"] = None
import cconv, torch
try:
    cconv.conv1d(torch.ones(5, dtype=torch.bfloat16), [1.0])
except TypeError as error:
    print(error)
"""
    assert child.run(code).startswith("conv1d: x tensor(")


@pytest.mark.parametrize("kind", ["float8_e4m3fn", "meta", "bfloat16 meta", "sparse"])
def test_torch_tensors_that_are_no_numpy_arrays(kind):
    torch = pytest.importorskip("torch")
    x = {
        "float8_e4m3fn": lambda: torch.ones(5).to(torch.float8_e4m3fn),
        "meta": lambda: torch.ones(5, device="meta"),
        "bfloat16 meta": lambda: torch.ones(5, device="meta", dtype=torch.bfloat16),
        "sparse": lambda: torch.ones(5).to_sparse(),
    }[kind]()
    with pytest.raises(TypeError, match=r"^conv1d: x "):
        cconv.conv1d(x, np.ones(2))


# ------------------------------------------------------------------------------ references


def test_no_reference_is_kept_or_lost():
    x, weight, bias = np.ones((3, 8, 9)), np.ones((4, 3, 2, 2)), np.ones(4)
    out, stride, mode = np.ones((4, 7, 8)), [1, np.int64(1)], "".join(["ed", "ge"])
    watched = [x, weight, bias, out, stride, mode, weight.dtype, x.astype(">f8").dtype]
    layer = cconv.Conv2d(weight, bias, stride, padding_mode=mode)
    prepared = cconv.Conv2d(weight, bias, stride, padding_mode=mode, algorithm="gemm")

    def every_way(x):
        cconv.conv2d(x, weight, bias, stride, padding_mode=mode)
        cconv.conv2d(x, weight.tolist(), bias.tolist(), stride, padding_mode=mode)
        cconv.conv2d(x, weight, bias, stride, padding_mode=mode, out=out)
        for each in (layer, prepared):
            each(x)
            each(x, out)
            each.explain(x)
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
        cconv.Conv2d(lists, algorithm="gemm")(x)
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
@by_room
def test_no_images(dims, channels_last, algorithm):
    conv = {1: cconv.conv1d, 2: cconv.conv2d, 3: cconv.conv3d}[dims]
    shape = (0, *[5] * dims, 3) if channels_last else (0, 3, *[5] * dims)
    options = {"channels_last": channels_last, "algorithm": algorithm}
    y = conv(np.ones(shape), np.ones((4, 3, *[2] * dims)), **options)
    assert y.shape == ((0, *[4] * dims, 4) if channels_last else (0, 4, *[4] * dims))
    bare = conv(np.ones(shape), np.ones([2] * dims), **options)
    assert bare.shape == ((0, *[4] * dims, 3) if channels_last else (0, 3, *[4] * dims))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["?", "i4", "f2", "f4", "f8", "c8", "c16"])
def test_no_input_channels_leave_the_bias(dtype, dims):
    conv = {1: cconv.conv1d, 2: cconv.conv2d, 3: cconv.conv3d}[dims]
    shape, weight = (2, 0, *[5] * dims), np.ones((4, 0, *[3] * dims), dtype)
    bias = np.array([0, 1, 1, 0], dtype)
    y = conv(np.ones(shape, dtype), weight, bias, groups=2)
    assert y.dtype == conv(np.ones([3] * dims, dtype), np.ones([3] * dims, dtype)).dtype
    expected = np.broadcast_to(bias.reshape(4, *[1] * dims), (2, 4, *[3] * dims))
    np.testing.assert_array_equal(y, expected)
    assert not conv(np.ones(shape, dtype), weight).any()
    last = conv(np.ones((2, *[5] * dims, 0), dtype), weight, bias, channels_last=True)
    np.testing.assert_array_equal(last, np.moveaxis(expected, 1, -1))


def test_no_input_channels_leave_the_activation_of_the_bias():
    x, weight, bias = np.ones((0, 5)), np.ones((3, 0, 5)), np.array([-1.0, 0, 2])
    assert cconv.conv1d(x, weight, bias, activation="relu").ravel().tolist() == [0, 0, 2]
    assert cconv.conv1d(x, weight, activation="sigmoid").ravel().tolist() == [0.5] * 3


@by_room
def test_no_output_channels(algorithm):
    x, weight, options = np.ones((2, 3, 5, 5)), np.ones((0, 3, 3, 3)), {"algorithm": algorithm}
    for bias in (None, np.ones(0)):
        assert cconv.conv2d(x, weight, bias, **options).shape == (2, 0, 3, 3)
        assert cconv.Conv2d(weight, bias, **options)(x).shape == (2, 0, 3, 3)


@by_room
def test_planes_of_nothing_under_a_bare_filter(algorithm):
    options = {"algorithm": algorithm}
    assert cconv.conv2d(np.ones((3, 0, 5, 5)), np.ones((2, 2)), **options).shape == (3, 0, 4, 4)
    last = cconv.conv2d(np.ones((5, 5, 0)), np.ones((2, 2)), channels_last=True, **options)
    assert last.shape == (4, 4, 0)


@by_room
def test_an_axis_of_nothing_but_border(algorithm):
    options = {"padding": 1, "padding_value": 5, "algorithm": algorithm}
    y = cconv.conv2d(np.ones((1, 2, 0, 3)), np.ones((2, 2, 2, 2)), **options)
    np.testing.assert_array_equal(y[0, 0], np.full((1, 4), 2 * 4 * 5))


# ------------------------------------------------------------------------------ out


@pytest.mark.parametrize("dtype", [None, np.float32, np.float16, np.uint8, np.int64])
@pytest.mark.parametrize("channels_last", [False, True])
@by_room
def test_out_is_filled_and_returned(channels_last, dtype, algorithm):
    case = image_case(np.float64, channels_last=channels_last, algorithm=algorithm)
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


def assert_written_alone(call, shape):
    """`call` fills all of an `out`, and nothing on either side of it."""
    size = int(np.prod(shape))
    block = np.full(size + 40, 7, np.float32)
    call(out=block[20 : size + 20].reshape(shape))
    assert (block[:20] == 7).all()
    assert (block[size + 20 :] == 7).all()
    assert (block[20 : size + 20] != 7).all()


@by_room
def test_only_out_is_written(algorithm):
    """Canaries on both sides of every length of row and every number of channels."""
    options = {"algorithm": algorithm}
    for n in range(1, 80):
        assert_written_alone(Case(1, values(n, n + 2), values(1, 3), None, options), n)
    for channels_last, n in itertools.product((False, True), range(1, 140)):
        options["channels_last"] = channels_last
        x = values(0, (7, 2) if channels_last else (2, 7))
        shape = (5, n) if channels_last else (n, 5)
        assert_written_alone(Case(1, x, values(n, (n, 2, 3)), None, options), shape)


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
