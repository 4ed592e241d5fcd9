"""max_unpool against the reference and torch, indices of every kind, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory import LAYOUTS, layouts
from pools import REAL, Pool, assert_equal, pools
from problems import INTEGERS, TYPES, padding_forms, values
from refusals import refusal

import cconv
from cconv import reference

pytestmark = pytest.mark.kernel

UNPOOL = {1: cconv.max_unpool1d, 2: cconv.max_unpool2d, 3: cconv.max_unpool3d}
REFERENCE = {d: getattr(reference, f"max_unpool{d}d") for d in (1, 2, 3)}
NUMBERS = [dtype for dtype in REAL if dtype.kind != "b"]
INDICES = [dtype for dtype in INTEGERS if dtype.kind != "b"]


@st.composite
def unpools(draw):
    """x, indices of any type that the plane allows, and options; many indices are the same."""
    dims = draw(st.integers(1, 3))

    def per_axis(low, high):
        return draw(st.lists(st.integers(low, high), min_size=dims, max_size=dims))

    sizes, kernel, stride = per_axis(1, {1: 40, 2: 8, 3: 4}[dims]), per_axis(1, 4), per_axis(1, 3)
    pairs, usual = [], []
    for n, k, s in zip(sizes, kernel, stride, strict=True):
        pair = draw(st.integers(0, k - 1)), draw(st.integers(0, k - 1))
        pair = pair if (n - 1) * s + k - sum(pair) >= 1 else (0, 0)
        pairs.append(pair)
        usual.append((n - 1) * s + k - sum(pair))
    extents, asked = usual, None
    if draw(st.booleans()):
        extents = [
            draw(st.integers(max(1, size - s + 1), size + s - 1))
            for size, s in zip(usual, stride, strict=True)
        ]
        asked = draw(st.sampled_from((tuple, list, np.array)))(extents)
    channels_last = draw(st.booleans())
    batch, channels = draw(st.sampled_from(((), (1,), (3,)))), draw(st.sampled_from((1, 2, 7, 65)))
    whole = asked is not None and draw(st.booleans())
    if channels_last:
        shape, result = (*batch, *sizes, channels), (*batch, *extents, channels)
    elif not batch and draw(st.booleans()):
        shape, result = tuple(sizes), tuple(extents)
    else:
        shape, result = (*batch, channels, *sizes), (*batch, channels, *extents)
    places, seed = int(np.prod(extents)), draw(st.integers(0, 2**20))
    fits = [dtype for dtype in INDICES if np.iinfo(dtype).max >= places]
    dtype = draw(st.sampled_from(fits))
    most = draw(st.sampled_from((places, min(places, 3))))
    indices = np.random.default_rng(seed).integers(0, most, shape).astype(dtype)
    x = values(seed, shape, draw(st.sampled_from(TYPES)))
    options = {
        "kernel_size": kernel,
        "stride": stride,
        "padding": padding_forms(draw, pairs),
        "output_size": result if whole else asked,
        "channels_last": channels_last,
    }
    return dims, x, indices, options, result


@given(unpools(), layouts(), layouts())
def test_random_unpools(case, of_x, of_indices):
    """The last of several for one place wins, wherever x and the indices lie."""
    dims, x, indices, options, shape = case
    y = UNPOOL[dims](x, indices, **options)
    assert y.shape == shape
    assert y.dtype == x.dtype
    assert y.flags.c_contiguous
    assert y.flags.writeable
    assert_equal(y, REFERENCE[dims](x, indices, **options))
    with cconv.num_threads(3):
        placed = UNPOOL[dims](of_x(x), of_indices(indices), **options)
    assert placed.tobytes() == y.tobytes()


@given(pools(names=["max_pool"], types=NUMBERS, words=False, valid=True, dilation=1))
def test_there_and_back(pool):
    """What is not 0 after a pool and its unpool is where it was, and the pool of it the same."""
    y, indices = pool(return_indices=True)
    names = ("kernel_size", "stride", "padding", "channels_last")
    options = {name: pool.options[name] for name in names}
    sizes = pool.sizes()
    try:
        back = UNPOOL[pool.dims](y, indices, **options, output_size=sizes)
    except ValueError as error:  # of a pool that skipped the end, or hung over it
        assert "output_size" in str(error)  # noqa: PT017
        return
    assert back.shape == pool.x.shape
    held = back != 0
    assert_equal(back[held], pool.x[held])
    lifted = pool.x - pool.x.min() if pool.x.dtype.kind in "iu" else np.abs(pool.x)
    y, indices = pool(x=lifted, return_indices=True)
    again = UNPOOL[pool.dims](y, indices, **options, output_size=sizes)
    assert_equal(pool(x=again), y)


@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
    st.lists(st.integers(3, 9), min_size=3, max_size=3),
)
def test_torch_agrees(dims, kernel, stride, sizes):
    torch = pytest.importorskip("torch")
    x = values(0, (2, 3, *sizes[:dims]))
    y, indices = Pool("max_pool", dims, x, {"kernel_size": kernel, "stride": stride})(
        return_indices=True
    )
    ours = UNPOOL[dims](y, indices, kernel, stride, 0, x.shape)
    call = getattr(torch.nn.functional, f"max_unpool{dims}d")
    theirs = call(torch.from_numpy(y), torch.from_numpy(indices), kernel, stride, 0, x.shape)
    np.testing.assert_array_equal(ours, theirs.numpy())


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("index", INDICES, ids=str)
def test_types(dtype, index):
    x = np.array([1, 0, 1]).astype(dtype)
    for order in "<>":
        places = np.array([5, 1, 0], index.newbyteorder(order))
        y = cconv.max_unpool1d(x.astype(dtype.newbyteorder(order)), places, 2)
        assert y.dtype == dtype
        assert y.dtype.isnative
        assert y.tolist() == [1, 0, 0, 0, 0, 1]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("channels_last", [False, True])
def test_layouts(layout, channels_last):
    x = values(0, (2, 5, 7, 3))
    sizes = (10, 14) if channels_last else (14, 6)
    indices = np.random.default_rng(0).integers(0, sizes[0] * sizes[1], x.shape).astype(np.float64)
    arguments = {"kernel_size": 2, "channels_last": channels_last}
    expected = cconv.max_unpool2d(x, indices.astype(int), **arguments)
    placed = layout(x), layout(indices).astype(int)
    np.testing.assert_array_equal(cconv.max_unpool2d(*placed, **arguments), expected)
    strided = np.zeros((4, 10, 7, 6), np.int16)[::2, ::-2, :, 1::2]
    strided[...] = indices
    np.testing.assert_array_equal(cconv.max_unpool2d(x, strided, **arguments), expected)


def test_the_last_of_several_wins():
    x = np.arange(5000.0)
    for threads in (1, 5):
        with cconv.num_threads(threads):
            y = cconv.max_unpool1d(x, np.zeros(5000, int), 1)
            assert y[0] == 4999
            assert not y[1:].any()
            last = np.stack([x, x + 1, x + 2], -1)
            y = cconv.max_unpool1d(last, np.zeros(last.shape, int), 1, channels_last=True)
            assert y[0].tolist() == [4999, 5000, 5001]


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("lead", [(0, 3), (2, 0), (0,)])
def test_no_images_or_channels(dims, lead):
    x = np.ones((*lead, *[3] * dims))
    y = UNPOOL[dims](x, x.astype(int), 2)
    assert y.shape == (*lead, *[6] * dims)
    assert UNPOOL[dims](x, x.astype(int), 2, output_size=y.shape).shape == y.shape


# ------------------------------------------------------------------------------ refusals


X = np.ones((1, 2, 3, 3))


def refused(error, message, **changes):
    arguments = {"x": X, "indices": np.zeros(X.shape, int), "kernel_size": 2} | changes
    assert refusal(error, cconv.max_unpool2d, **arguments) == f"max_unpool2d: {message}"


@pytest.mark.parametrize(
    ("index", "dtype"),
    [(36, "i1"), (-1, "i8"), (2**63 - 1, "i8"), (2**64 - 1, "u8"), (-(2**63), "i8"), (255, "u1")],
)
@pytest.mark.parametrize("channels_last", [False, True])
def test_indices_that_are_no_places(index, dtype, channels_last):
    """The first is named, however many threads meet others."""
    x = np.ones((4, 3, 3, 30)) if channels_last else np.ones((4, 30, 3, 3))
    indices = np.zeros(x.shape, dtype)
    indices[1, 2, 1, 2] = indices[3] = index
    arguments = {"x": x, "indices": indices, "kernel_size": 2, "channels_last": channels_last}
    for threads in (1, 5):
        with cconv.num_threads(threads):
            refused(
                ValueError,
                f"indices hold {index}, which is no place of a plane of 36; 0 to 35 would do",
                **arguments,
            )


AT = np.zeros(X.shape, int)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"indices": X},
            TypeError,
            "indices have dtype float64; an integer dtype would do",
        ),
        (
            {"indices": X > 0},
            TypeError,
            "indices have dtype bool; an integer dtype would do",
        ),
        (
            {"x": X.astype("S1")},
            TypeError,
            "x has dtype |S1; an integer, float or complex dtype would do",
        ),
        (
            {"indices": AT[0]},
            ValueError,
            "indices have shape (2, 3, 3); that of x, (1, 2, 3, 3), would do",
        ),
        (
            {"x": np.ones(3), "indices": np.zeros(3, int)},
            ValueError,
            "x has shape (3,); 4 axes (batch, channels, positions), 3 (no batch) or 2 (positions) "
            "would do",
        ),
        (
            {"x": X[0, 0], "indices": AT[0, 0], "channels_last": True},
            ValueError,
            "x has shape (3, 3); 4 axes (batch, positions, channels), 3 (no batch) would do",
        ),
        (
            {"x": X[:, :, :0], "indices": AT[:, :, :0]},
            ValueError,
            "x height 0 has nothing to unpool; at least 1 would do",
        ),
        (
            {"padding": "same"},
            ValueError,
            "padding 'same' is a word; the numbers of the pool would do",
        ),
        (
            {"padding": 3},
            ValueError,
            "output would be empty: x height 3 with stride 2, padding (3, 3), kernel_size 2 gives "
            "0 rows",
        ),
        (
            {"output_size": (6, 8)},
            ValueError,
            "output_size 8 along the width is not within less than one stride of 6; from 5 to 7 "
            "would do",
        ),
        (
            {"output_size": (4, 6)},
            ValueError,
            "output_size 4 along the height is not within less than one stride of 6; from 5 to 7 "
            "would do",
        ),
        (
            {"output_size": (1, 3, 6, 6)},
            ValueError,
            "output_size (1, 3, 6, 6) does not begin or end as x (1, 2, 3, 3) does; the batch and "
            "the channels of x would do",
        ),
        (
            {"output_size": (2, 6, 6)},
            ValueError,
            "output_size (2, 6, 6) has 3 entries; an int or one per axis (2) would do",
        ),
        (
            {"output_size": (6, 6.0)},
            TypeError,
            "output_size 6.0 is not an int; an int would do",
        ),
        (
            {"output_size": (1, 2, True, 6)},
            TypeError,
            "output_size True is a bool; an int would do",
        ),
    ],
)
def test_messages(changes, error, message):
    refused(error, message, **changes)


def test_good_sizes():
    for size in (5, 6, 7, (5, 7), [7, 5], (1, 2, 5, 6), np.array([1, 2, 7, 7])):
        y = cconv.max_unpool2d(X, AT, 2, output_size=size)
        expected = (size, size) if isinstance(size, int) else tuple(size)[-2:]
        assert y.shape == (1, 2, *expected)
    assert cconv.max_unpool1d(np.ones(1), [2], 2, 3, output_size=[4]).tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize("value", [2**40, 2**62, 2**63 - 1])
def test_absurd_numbers(value):
    """A result of one element has one place; larger ones are beyond memory."""
    one, zero = np.ones((1, 1)), np.zeros((1, 1), int)
    np.testing.assert_array_equal(cconv.max_unpool2d(one, zero, 1, value), one)
    refusal((MemoryError, ValueError), cconv.max_unpool2d, one, zero, value)
    refusal((MemoryError, ValueError), cconv.max_unpool2d, np.ones((2, 2)), AT[0, 0, :2, :2], value)
    refusal(ValueError, cconv.max_unpool2d, one, zero, 2, 1, value)
    y = cconv.max_unpool1d(np.ones(1), [3], value, 1, [(value - 5, 0)])
    assert y.tolist() == [0, 0, 0, 1, 0]


def test_arrays_that_change_while_they_are_read():
    x = np.ones((2, 3))

    class Evil:
        def __array__(self, dtype=None, copy=None):
            x.resize((1,), refcheck=False)
            return np.zeros((2, 3), int)

    with pytest.raises(ValueError, match="max_unpool1d: "):
        cconv.max_unpool1d(x, Evil(), 2)
