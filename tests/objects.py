"""Ways of being an array: each makes an object with the values of a 2-D float64 array.

Whatever an operation reads as an array it reads from all of them, with the same result.
"""

import ctypes
import mmap
from tempfile import TemporaryFile

import numpy as np
import pytest


class Subclass(np.ndarray):
    """Whatever a subclass does must not matter."""

    def __array_finalize__(self, parent):
        assert not isinstance(parent, Subclass)

    def __getitem__(self, *_, **__):
        raise AssertionError

    __add__ = __mul__ = __array_wrap__ = __array_function__ = __array_ufunc__ = __getitem__
    astype = copy = view = tolist = reshape = ravel = setflags = __getitem__
    dtype = shape = strides = flags = property(__getitem__)


class Array:
    def __init__(self, data, error=None):
        self.data, self.error = data, error

    def __array__(self, dtype=None, copy=None):
        if self.error:
            raise self.error
        return self.data


class Interface:
    """As Pillow's images have it."""

    def __init__(self, data):
        self.data, self.__array_interface__ = data, data.__array_interface__


class DLPack:
    def __init__(self, data):
        self._exporter = data

    def __dlpack__(self, **options):
        return self._exporter.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._exporter.__dlpack_device__()


class Both(DLPack, Array):
    """`__array__` first, `__dlpack__` where that fails."""

    def __init__(self, by_array, by_dlpack, error=None):
        Array.__init__(self, by_array, error)
        DLPack.__init__(self, by_dlpack)


def nested(array):
    """A list, or a list of lists."""
    return array.tolist()


def mapped(array):
    memory = mmap.mmap(-1, array.nbytes)
    memory[:] = array.tobytes()
    return memoryview(memory).cast("d", array.shape)


def mapped_file(array):
    with TemporaryFile() as file:
        file.write(array.tobytes())
        return np.memmap(file, array.dtype, "r", shape=array.shape)


def field_of_records(array):
    records = np.zeros(array.shape, [("before", "i4"), ("value", array.dtype)])
    records["value"] = array
    return records.view(np.recarray).value


def torch_tensor(array):
    torch = pytest.importorskip("torch")
    return torch.tensor(array)


def torch_view(array):
    """Transposed in memory, and only every other element."""
    torch = pytest.importorskip("torch")
    return torch.tensor(np.repeat(array.T, 2, 0))[::2].T


def torch_by_dlpack_alone(array):
    torch = pytest.importorskip("torch")

    class Refusing(torch.Tensor):
        def __array__(self, dtype=None):
            raise TypeError

    return torch.tensor(array).as_subclass(Refusing)


def jax_array(array):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)
    return jax.numpy.asarray(array)


OBJECTS = {
    "list": nested,
    "tuple": lambda a: tuple(map(tuple, a.tolist())),
    "list of arrays": list,
    "list of numpy scalars": lambda a: [list(row) for row in a],
    "list of buffers": lambda a: [memoryview(row) for row in a],
    "memoryview": memoryview,
    "read-only memoryview": lambda a: memoryview(a).toreadonly(),
    "memoryview backwards": lambda a: memoryview(a[::-1].copy())[::-1],
    "memoryview in Fortran's order": lambda a: memoryview(np.asfortranarray(a)),
    "memoryview of bytes": lambda a: memoryview(a.tobytes()).cast("d", a.shape),
    "swapped memoryview": lambda a: memoryview(a.astype(">f8")),
    "ctypes": np.ctypeslib.as_ctypes,
    "swapped ctypes": lambda a: (ctypes.c_double.__ctype_be__ * a.shape[1] * a.shape[0])(
        *map(tuple, a.tolist())
    ),
    "mmap": mapped,
    "memmap": mapped_file,
    "__array__": Array,
    "__array_interface__": Interface,
    "__array__ of a subclass": lambda a: Array(a.view(Subclass)),
    "__dlpack__": DLPack,
    "__dlpack__ of a view": lambda a: DLPack(np.repeat(a, 2, 1)[:, ::2]),
    "subclass": lambda a: a.view(Subclass),
    "swapped subclass": lambda a: a.astype(">f8").view(Subclass),
    "matrix": np.asmatrix,
    "masked": lambda a: np.ma.masked_array(a, a > 0),
    "masked and swapped": lambda a: np.ma.masked_array(a.astype(">f8"), a > 0),
    "record array's field": field_of_records,
    "torch": torch_tensor,
    "torch view": torch_view,
    "torch by DLPack alone": torch_by_dlpack_alone,
    "jax": jax_array,
}

every_object = pytest.mark.parametrize("wrap", OBJECTS.values(), ids=OBJECTS.keys())
no_matrix_warning = pytest.mark.filterwarnings("ignore:the matrix subclass")
