"""max_unpool of the reference, against placing element by element, and torch."""

import numpy as np
import pytest
from enumeration import digits, inside, taps_of, type_named, windows_along
from hypothesis import given
from hypothesis import strategies as st

from cconv import reference

MAX = {1: reference.max_pool1d, 2: reference.max_pool2d, 3: reference.max_pool3d}
UNPOOL = {1: reference.max_unpool1d, 2: reference.max_unpool2d, 3: reference.max_unpool3d}


@st.composite
def unpools(draw):
    """A small `x` (N, C, ...), random indices, and options whose result has so many elements."""
    dims = draw(st.integers(1, 3))

    def per_axis(low, high):
        return draw(st.lists(st.integers(low, high), min_size=dims, max_size=dims))

    sizes, kernel, stride = per_axis(1, 3), per_axis(1, 3), per_axis(1, 3)
    padding, usual = [], []
    for n, k, s in zip(sizes, kernel, stride, strict=True):
        before, after = draw(st.integers(0, k - 1)), draw(st.integers(0, k - 1))
        if (n - 1) * s + k - before - after < 1:
            before = after = 0
        padding.append((before, after))
        usual.append((n - 1) * s + k - before - after)
    given_size = None
    extents = usual
    if draw(st.booleans()):
        extents = given_size = [
            draw(st.integers(max(1, size - s + 1), size + s - 1))
            for size, s in zip(usual, stride, strict=True)
        ]
    seed = draw(st.integers(0, 2**20))
    x = digits(seed, draw(st.integers(1, 2)), draw(st.integers(1, 2)), *sizes)
    places = np.random.default_rng(seed).integers(0, np.prod(extents), x.shape)
    options = {
        "kernel_size": kernel,
        "stride": stride,
        "padding": padding,
        "output_size": given_size,
    }
    return x, places, options, extents


def naive_unpool(x, places, extents):
    """Zeros, and the elements of every plane put into them one after the other."""
    y = np.zeros((*x.shape[:2], *extents), x.dtype)
    for where in np.ndindex(x.shape):
        y[where[:2] + np.unravel_index(places[where], extents)] = x[where]
    return y


@given(unpools())
def test_elements_go_where_the_indices_say(unpool):
    x, places, options, extents = unpool
    call = UNPOOL[x.ndim - 2]
    y = call(x, places, **options)
    np.testing.assert_array_equal(y, naive_unpool(x, places, extents))
    np.testing.assert_array_equal(call(x[0], places[0], **options), y[0])
    np.testing.assert_array_equal(call(x[0, 0], places[0, 0], **options), y[0, 0])
    moved = np.moveaxis(x, 1, -1), np.moveaxis(places, 1, -1)
    if options["output_size"]:
        whole = options | {"output_size": y.shape}
        np.testing.assert_array_equal(call(x, places, **whole), y)
        whole = options | {"output_size": (*y.shape[:1], *y.shape[2:], y.shape[1])}
        np.testing.assert_array_equal(
            np.moveaxis(call(*moved, **whole, channels_last=True), -1, 1), y
        )
        whole = options | {"output_size": y.shape[1:]}
        np.testing.assert_array_equal(call(x[0], places[0], **whole), y[0])
    last = call(*moved, **options, channels_last=True)
    np.testing.assert_array_equal(np.moveaxis(last, -1, 1), y)
    assert y.flags.c_contiguous
    assert last.flags.c_contiguous


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.data())
def test_unpooling_puts_maxima_back(dims, kernel, stride, data):
    sizes = data.draw(st.lists(st.integers(3, 5), min_size=dims, max_size=dims))
    x = digits(data.draw(st.integers(0, 2**20)), 1, 2, *sizes)
    pads = data.draw(st.integers(0, kernel // 2))
    y, indices = MAX[dims](x, kernel, stride, pads, return_indices=True)
    back = UNPOOL[dims](y, indices, kernel, stride, pads, sizes)
    windows = [windows_along(n, kernel, stride, pads, pads, 1, False) for n in sizes]
    for plane, place in ((x[0, c], back[0, c]) for c in range(2)):
        wanted = np.zeros(sizes)
        for _, taps in taps_of(windows):
            best = max((t for t in taps if inside(t, sizes)), key=lambda t: plane[t])
            wanted[best] = plane[best]
        np.testing.assert_array_equal(place, wanted)

    torch = pytest.importorskip("torch")
    theirs = getattr(torch.nn.functional, f"max_unpool{dims}d")(
        torch.from_numpy(y), torch.from_numpy(indices), kernel, stride, pads, sizes
    )
    np.testing.assert_array_equal(back, theirs.numpy())


def test_the_last_of_several_for_one_place_stays():
    assert reference.max_unpool1d([1, 2, 3], [4, 0, 4], 2).tolist() == [2, 0, 0, 0, 3, 0]
    x, same = [[1, 2], [3, 4]], np.zeros((2, 2), np.uint8)
    assert reference.max_unpool2d(x, same, 2)[0, 0] == 4


TYPES = ["bool", "int8", "uint64", "float16", "bfloat16", ">f4", "float64", "complex64", ">c16"]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("index", ["int8", "uint16", ">i4", "int64", "uint64"])
def test_types(dtype, index):
    x = np.array([1, 1]).astype(type_named(dtype))
    y = reference.max_unpool1d(x, np.array([3, 0], index), 2)
    assert y.dtype == x.dtype.newbyteorder("=")
    assert y.dtype.isnative
    assert y.tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize("shape", [(0, 3, 2, 2), (2, 0, 2, 2), (0, 2, 2)])
def test_nothing_is_not_an_error(shape):
    y = reference.max_unpool2d(np.ones(shape), np.ones(shape, int), 2)
    assert y.shape == (*shape[:-2], 4, 4)
    whole = reference.max_unpool2d(np.ones(shape), np.ones(shape, int), 2, output_size=y.shape)
    assert whole.shape == y.shape


X = np.ones((1, 2, 3, 3))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"indices": X.astype(bool)}, TypeError),
        ({"indices": X}, TypeError),
        ({"indices": X[0].astype(int)}, ValueError),
        ({"indices": np.full(X.shape, 36)}, ValueError),
        ({"indices": np.full(X.shape, -1)}, ValueError),
        ({"indices": np.full(X.shape, 2**64 - 1, np.uint64)}, ValueError),
        ({"x": X.astype("S1")}, TypeError),
        ({"x": np.ones(3), "indices": np.ones(3, int)}, ValueError),
        ({"x": X[0, 0], "indices": np.ones((3, 3), int), "channels_last": True}, ValueError),
        ({"x": X[:, :, :0], "indices": np.ones((1, 2, 0, 3), int)}, ValueError),
        ({"kernel_size": 0}, ValueError),
        ({"kernel_size": (1, 2, 3)}, ValueError),
        ({"kernel_size": 1.0}, TypeError),
        ({"stride": 0}, ValueError),
        ({"stride": True}, TypeError),
        ({"padding": -1}, ValueError),
        ({"padding": 3}, ValueError),  # nothing would be left
        ({"padding": "valid"}, ValueError),
        ({"padding": "same"}, ValueError),
        ({"padding": None}, TypeError),
        ({"output_size": (4, 6)}, ValueError),
        ({"output_size": (6, 8)}, ValueError),
        ({"output_size": (2, 2, 6, 6)}, ValueError),
        ({"output_size": (1, 1, 6, 6)}, ValueError),
        ({"output_size": (2, 6, 6)}, ValueError),
        ({"output_size": (6, 6.0)}, TypeError),
        ({"output_size": (True, 6)}, TypeError),
    ],
)
def test_errors(changes, error):
    good = {"x": X, "indices": np.full(X.shape, 34), "kernel_size": 2}
    assert reference.max_unpool2d(**good | {"output_size": (5, 7)}, stride=2).shape[2:] == (5, 7)
    reference.max_unpool2d(**good)
    with pytest.raises(error):
        reference.max_unpool2d(**good | changes)


def test_an_index_beyond_is_named():
    with pytest.raises(ValueError, match="37"):
        reference.max_unpool2d(X, np.full(X.shape, 37), 2)
