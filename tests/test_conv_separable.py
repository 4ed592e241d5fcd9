"""Weights that are a column times a row, or a few of those: what algorithm "separable" does."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from memory import fresh, layouts
from problems import (
    FLOATS,
    HALVES,
    INTEGERS,
    MODES,
    REFERENCE,
    Case,
    assert_between,
    values,
)

import cconv
from cconv import reference

pytestmark = pytest.mark.kernel

REAL = (*INTEGERS, *HALVES, *FLOATS)
SOBEL = np.outer([1, 2, 1], [-1, 0, 1])


def gaussian(size, sigma=None):
    at = np.arange(size) - (size - 1) / 2
    return np.exp(-((at / (sigma or 0.3 * size)) ** 2) / 2)


def laplacian(size):
    """Of a Gaussian: the sum of two products."""
    square = (np.arange(size) - (size - 1) / 2) ** 2
    far = np.add.outer(square, square) / (size / 6) ** 2
    return (far - 2) * np.exp(-far / 2)


@st.composite
def separable(draw, types=REAL):
    dims = draw(st.integers(1, 3))
    limit = {1: 400, 2: 60, 3: 12}[dims]
    sizes = draw(st.lists(st.integers(1, limit), min_size=dims, max_size=dims))
    kernel = draw(
        st.lists(st.integers(1, {1: 70, 2: 20, 3: 4}[dims]), min_size=dims, max_size=dims)
    )
    strides = [draw(st.sampled_from((1, 1, 2, 3))) for _ in range(dims - 1)] + [1]
    dilations = [draw(st.sampled_from((1, 1, 2))) for _ in range(dims)]
    pairs = [(draw(st.integers(0, 9)), draw(st.integers(0, 9))) for _ in range(dims)]
    spans = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
    sizes = [max(n, span) for n, span in zip(sizes, spans, strict=True)]
    channels_last = draw(st.booleans())
    lead = draw(st.lists(st.integers(1, 3), max_size=2))
    shape = (*lead, *sizes, draw(st.integers(1, 4))) if channels_last else (*lead, *sizes)

    seed = draw(st.integers(0, 2**20))
    x_type, weight_type = draw(st.sampled_from(types)), draw(st.sampled_from(types))
    if weight_type in HALVES or weight_type.kind == "b" or draw(st.booleans()):
        number = values(seed, 1)[0] if weight_type.kind in "fV" else draw(st.integers(1, 9))
        weight = np.full(kernel, number).astype(weight_type)
    else:
        parts = [values(seed + i, n, weight_type) for i, n in enumerate(kernel)]
        for part in parts:
            part[:] = np.clip(part, 0 if weight_type.kind == "u" else -4, 4)
            part[len(part) // 2] = 2
        weight = parts[0]
        for part in parts[1:]:
            weight = np.multiply.outer(weight, part)
    options = {
        "stride": strides,
        "dilation": dilations,
        "padding": pairs,
        "padding_mode": draw(st.sampled_from(MODES)),
        "channels_last": channels_last,
        "algorithm": "separable",
    }
    bias = values(seed + 9, 1, weight_type if weight_type.kind in "iub" else "i1")
    return Case(
        dims, values(seed + 5, shape, x_type), weight, draw(st.sampled_from((None, bias))), options
    )


def taken(case):
    """Whether the weights are a product in the type of the sum too."""
    options = case.options | {"algorithm": "direct"}
    summed = Case(case.dims, case.x, case.weight, None, options)().dtype
    exact = case.weight.dtype.kind in "iub" or case.weight.itemsize >= summed.itemsize
    told = []
    try:
        case()
    except ValueError as error:
        told.append(str(error))
    assert not told or ("column times a row" in told[0] and not exact)
    return not told


def assert_near(y, case):
    """Each of the two sums is rounded as direct summation would be, each product a few times."""
    exact = case.reference(dtype=np.float64)
    if y.dtype.kind in "iu":
        np.testing.assert_array_equal(y, case.reference())
        return
    summed = np.dtype(np.float32) if y.itemsize < 8 else y.dtype
    eps, terms = np.finfo(summed).eps, case.weight[..., 0].size + case.weight.shape[-1]
    roundings = 4  # of a weight, within which a product is one
    weight = np.abs(case.weight.astype(np.float64))
    some = Case(case.dims, np.abs(case.x.astype(np.float64)), weight, None, case.options)
    if case.bias is not None:
        some.bias = np.abs(case.bias.astype(np.float64))
    share = some.reference(weight=np.full_like(weight, weight.max() / weight.size), bias=None)
    error = eps * ((terms + 2 * roundings) * some.reference() + roundings * share)
    assert_between(y, exact - error, exact + error, exact, summed)


# ------------------------------------------------------------------------------ values


@given(separable())
def test_random_calls(case):
    if taken(case):
        assert_near(case(), case)


@given(separable(FLOATS), st.sampled_from(("relu", "sigmoid")), st.sampled_from(("u1", "i4", "f2")))
def test_activations_and_casts_are_of_the_finished_sum(case, activation, dtype):
    if not taken(case):
        return
    sums = case()
    one = np.ones([1] * case.dims, sums.dtype)
    options = {"channels_last": case.options["channels_last"], "algorithm": "direct"}
    finish = Case(case.dims, sums, one, None, options)
    for changes in ({"activation": activation}, {"dtype": dtype}):
        np.testing.assert_array_equal(case(**changes), finish(**changes))


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "i2"])
def test_every_size_of_box(dtype):
    """Sums of equal terms; of small integers they are exact."""
    x = values(0, (80, 90), "u1" if dtype == "u1" else "i1").astype(dtype)
    for height, width in itertools.product((1, 2, 6, 7, 8, 31, 33), range(1, 70, 3)):
        case = Case(2, x, np.ones((height, width), dtype), None, {"algorithm": "separable"})
        np.testing.assert_array_equal(case(), case.reference())


@pytest.mark.parametrize("mode", MODES)
def test_rgb_images_and_volumes(mode):
    options = {"padding": "same", "padding_mode": mode, "algorithm": "separable"}
    kernel = np.outer(gaussian(9), gaussian(7))
    case = Case(
        2, values(0, (40, 50, 3)), kernel.astype("f4"), None, options | {"channels_last": True}
    )
    assert_near(case(), case)
    cube = np.multiply.outer(gaussian(5), kernel)
    case = Case(3, values(0, (2, 9, 10, 11)), cube, None, options)
    assert_near(case(), case)


def test_bytes_in_and_out():
    x = values(0, (50, 70), "u1")
    kernel = np.outer(gaussian(11), gaussian(11)).astype("f4")
    kernel /= kernel.sum()
    y = cconv.conv2d(
        x, kernel, padding="same", padding_mode="reflect", dtype="u1", algorithm="separable"
    )
    exact = reference.conv2d(x, kernel, padding="same", padding_mode="reflect", dtype="f8")
    assert np.abs(y - exact).max() <= 0.5001


@st.composite
def small(draw):
    """Whole weights and their scale; sums of bytes fit 16 bits, or their parts do, or neither."""
    parts = []
    for _ in range(2):
        size = draw(st.sampled_from((1, 2, 3, 3, 4, 5, 5, 6, 7, 9, 15, 17, 31)))
        equal = draw(st.booleans())
        most = draw(st.sampled_from((1, 2, 6)))
        part = (
            [1] * size
            if equal
            else draw(st.lists(st.integers(0, most), min_size=size, max_size=size))
        )
        part[size // 2] = max(part[size // 2], 1)
        parts.append(part)
    whole = np.outer(*parts)
    scale = draw(st.sampled_from((1.0, 0.5, 2**-8, 1 / whole.sum(), 1 / 7, 3.0)))
    return whole, np.float32(scale)


@given(
    small(),
    st.sampled_from(MODES),
    st.integers(1, 3),
    st.integers(1, 2),
    st.booleans(),
    st.integers(0, 2**20),
)
@example((np.outer([1] * 31, [0] * 7 + [1] + [2] * 7), 2**-8), "constant", 1, 1, False, 0)
def test_small_weights_of_bytes(weights, mode, stride, dilation, rgb, seed):
    """Exact but for one rounding; half to even.  The example's mean is 1."""
    whole, scale = weights
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 60)), int(rng.integers(1, 200)), *([3] if rgb else []))
    x = rng.integers(0, 256, shape, np.uint8)
    options = {
        "stride": (stride, 1),
        "dilation": dilation,
        "padding": dilation * (np.array(whole.shape) - 1),
        "padding_mode": mode,
        "padding_value": int(rng.integers(256)) if mode == "constant" else 0,
        "channels_last": rgb,
    }
    kernel = whole.astype("f4") * scale
    y = cconv.conv2d(x, kernel, dtype="u1", algorithm="separable", **options)
    sums = cconv.conv2d(x, whole, dtype="i8", algorithm="direct", **options)
    exact = np.clip(sums * np.float64(scale), 0, 255)
    if np.frexp(scale)[0] == 0.5:
        np.testing.assert_array_equal(y, np.rint(exact))
    assert np.abs(y - exact).max() <= 0.5 + 1e-3


def test_sums_of_bytes_are_as_narrow_as_they_can_be():
    x = np.zeros((64, 640), np.uint8)

    def tiles(kernel, x=x, **options):
        options = {"dtype": "u1", "algorithm": "separable"} | options
        return cconv.explain("conv2d", x, kernel, **options).tiles

    binomial = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])
    for kernel in (
        binomial,
        binomial / np.float32(256),
        np.full((3, 3), 1 / 9, "f4"),
        np.ones((15, 17)),
        np.ones((31, 21)) / 651,
    ):
        assert "16 bits" in tiles(kernel.astype("f4"))
    wide = tiles(binomial.astype("f4"), dtype="f4"), tiles(np.ones((64, 64), "f4"))
    wide += (
        tiles(np.outer([1] * 15 + [3], [1] * 17)),
        tiles(-binomial),
        tiles(binomial, activation="relu"),
        tiles(binomial / np.float64(257)),
    )
    wide += (tiles(binomial, x=x.astype("i2"), dtype="i2"),)
    assert not any("16 bits" in tiles for tiles in wide)


def test_integers_wrap_past_their_width_alone():
    x = np.full((20, 20), 2**62, "i8")
    kernel = np.outer([3, -6, 9], [2, 4, -8])
    y = cconv.conv2d(x, kernel, algorithm="separable")
    assert (y == cconv.conv2d(x, kernel, algorithm="direct")).all()


@given(
    st.integers(2, 4),
    st.tuples(st.integers(7, 12), st.integers(7, 12)),
    st.sampled_from(FLOATS),
    st.sampled_from(MODES),
    st.integers(1, 3),
    st.integers(1, 2),
    st.booleans(),
    st.integers(0, 2**20),
)
def test_few_products(rank, size, dtype, mode, stride, dilation, rgb, seed):
    columns, rows = values(seed, (size[0], rank), "f8"), values(seed + 1, (rank, size[1]), "f8")
    weight = (columns @ rows).astype(dtype)
    x = values(seed + 2, (30, 33, 3) if rgb else (2, 30, 33), dtype)
    options = {
        "stride": (stride, 1),
        "dilation": dilation,
        "padding": 3,
        "padding_mode": mode,
        "channels_last": rgb,
    }
    case = Case(2, x, weight, values(seed + 3, 1, dtype), options)
    told = []
    try:
        y = case(algorithm="separable")
    except ValueError as error:  # of weights that are much smaller than the products
        told.append(str(error))
    if told:
        assert "column times a row" in told[0]
        return
    some = Case(2, np.abs(x), np.abs(columns) @ np.abs(rows), np.abs(case.bias), options)
    off = np.finfo(dtype).eps * (sum(size) + 16) * 4 * some.reference(dtype=np.float64)
    assert (np.abs(y - case.reference(dtype=np.float64)) <= off).all()
    assert case.layer(algorithm="separable")(x).tobytes() == y.tobytes()


# ------------------------------------------------------------------------------ accuracy


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("kernel", ["box", "gaussian", "sobel", "laplacian"])
@pytest.mark.parametrize("bright", [False, True])
def test_errors_are_within_ten_times_those_of_direct_summation(kernel, dtype, bright):
    """Where a few pixels are much brighter, over the windows that hold none of them too."""
    weight = {
        "box": np.ones((15, 15)),
        "gaussian": np.outer(gaussian(15), gaussian(15)),
        "sobel": SOBEL,
        "laplacian": laplacian(15),
    }[kernel].astype(dtype)
    x = values(3, (120, 130), dtype)
    spots = np.zeros(x.shape, bool)
    if bright:
        spots[[20, 70], [100, 40]] = True
        x[spots] = 1e6
    wide = x.astype(np.longdouble)
    height, width = (n - k + 1 for n, k in zip(x.shape, weight.shape, strict=True))
    exact = sum(
        weight[i, j].astype(np.longdouble) * wide[i : i + height, j : j + width]
        for i, j in np.ndindex(weight.shape)
    )
    dark = reference.conv2d(spots.astype("u1"), np.ones(weight.shape, "u1")) == 0
    for where in (np.ones_like(dark), dark):
        norm = {}
        for algorithm in ("direct", "separable"):
            y = cconv.conv2d(x, weight, algorithm=algorithm)
            norm[algorithm] = np.linalg.norm((y - exact)[where].astype("f8"))
        assert norm["separable"] <= 10 * norm["direct"]


# ------------------------------------------------------------------------------ what is not finite


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kernel", ["box", "signs", "sobel", "laplacian"])
def test_not_finite_at_every_position(kernel, mode, value):
    """An image for each position: as by direct summation, zero times infinity included."""
    weight = {
        "box": np.ones((8, 7)),
        "signs": np.outer([1, -2, 0.5], [3, -1, 2, 1]),
        "sobel": SOBEL.astype("f8"),
        "laplacian": laplacian(7),
    }[kernel]
    image = values(0, (9, 10), "f8")
    images = np.repeat(image[None], image.size, 0)
    images.reshape(image.size, -1)[np.diag_indices(image.size)] = value
    images = np.concatenate([images, images])
    images[image.size :, 4, 5] = np.inf  # beside another
    case = Case(2, images, weight, None, {"padding": [(2, 1), (1, 3)], "padding_mode": mode})
    y, expected = case(algorithm="separable"), case.reference()
    hit = ~np.isfinite(expected)
    np.testing.assert_array_equal(y[hit], expected[hit])
    assert np.isfinite(y[~hit]).all()
    if kernel == "laplacian":  # what windows without it give keeps its bits
        clean = case(x=np.where(np.isfinite(images), images, 0), algorithm="separable")
        seen = case(x=(~np.isfinite(images)).astype("f8"), weight=np.ones_like(weight))
        assert mode != "constant" or (y[seen == 0] == clean[seen == 0]).all()


@pytest.mark.parametrize("activation", ["relu", "relu6", "tanh"])
def test_nan_stays_nan(activation):
    x, options = values(0, (20, 90)), {"activation": activation, "algorithm": "separable"}
    x[7, 41] = np.nan
    y = cconv.conv2d(x, np.outer(gaussian(3), gaussian(3)), padding=1, **options)
    expected = np.zeros(y.shape, bool)
    expected[6:9, 40:43] = True
    np.testing.assert_array_equal(np.isnan(y), expected)


def test_nothing_overflows_that_direct_summation_holds():
    x = np.full((30, 30), np.finfo("f4").max / 2, "f4")
    for kernel in (np.full((21, 21), 1 / 441), np.outer(gaussian(21), gaussian(21))):
        kernel = (kernel / kernel.sum()).astype("f4")
        y = cconv.conv2d(x, kernel, algorithm="separable")
        np.testing.assert_allclose(y, x[:10, :10], rtol=1e-5)


# ------------------------------------------------------------------------------ bits


@given(separable(FLOATS), layouts(), st.integers(1, 4))
def test_layouts_threads_out_and_layers_have_the_same_bits(case, of_x, threads):
    if not taken(case):
        return
    expected = case()
    out = np.empty_like(expected)
    with cconv.num_threads(threads):
        assert case(x=of_x(case.x), out=out) is out
        assert case.layer()(case.x).tobytes() == expected.tobytes()
    assert out.tobytes() == expected.tobytes()


def test_large_images_have_the_same_bits_on_any_threads():
    """Several bands and chunks; a result that is written past the caches."""
    x = values(0, (2200, 2000))
    for kernel in (SOBEL.astype("f4"), np.ones((9, 9), "f4"), laplacian(9).astype("f4")):
        case = Case(2, x, kernel, None, {"padding": "same", "algorithm": "separable"})
        with cconv.num_threads(1):
            one = case()
        with cconv.num_threads(3):
            assert case().tobytes() == one.tobytes()
        np.testing.assert_allclose(one[::7], case(algorithm="direct")[::7], rtol=0, atol=1e-4)


def test_only_out_is_written():
    for columns, offset in itertools.product(range(9, 60, 5), (0, 4, 36)):
        x = values(0, (12, columns))
        kernel = np.outer(gaussian(9), gaussian(9)).astype("f4")
        expected = cconv.conv2d(x, kernel, algorithm="separable")
        block = fresh(expected.size + 40, np.float32, offset)
        block[:] = 7
        cconv.conv2d(x, kernel, algorithm="separable", out=block[20:-20].reshape(expected.shape))
        assert block[20:-20].tobytes() == expected.tobytes()
        assert (block[:20] == 7).all()
        assert (block[-20:] == 7).all()


# ------------------------------------------------------------------------------ choice and refusals


IMAGE = values(0, (300, 300))
PRODUCT = np.outer(gaussian(15), gaussian(15)).astype("f4")


def test_auto_looks_at_the_values():
    assert cconv.explain("conv2d", IMAGE, PRODUCT).algorithm == "separable"
    assert cconv.explain("conv2d", IMAGE, np.ones((15, 15), "f4")).algorithm == "separable"
    assert cconv.Conv2d(PRODUCT[None, None]).explain(IMAGE[None]).algorithm == "separable"
    few = laplacian(15).astype("f4")
    assert cconv.explain("conv2d", values(0, (600, 600)), few).algorithm == "separable"
    assert cconv.explain("conv2d", IMAGE, few).algorithm == "filter2d"  # too small to look for it
    other = PRODUCT * np.linspace(1, 1.001, PRODUCT.size).reshape(PRODUCT.shape) ** 9
    other[np.diag_indices(15)] *= values(0, 15)
    told = cconv.explain("conv2d", IMAGE, other)
    assert told.algorithm == "filter2d"
    assert "column times a row" in told.reasons["separable"]
    assert cconv.explain("conv2d", IMAGE, PRODUCT.shape).algorithm == "filter2d"  # values unknown
    y = cconv.conv2d(IMAGE, PRODUCT)
    assert y.tobytes() == cconv.conv2d(IMAGE, PRODUCT, algorithm="separable").tobytes()
    assert y.tobytes() == cconv.Conv2d(PRODUCT)(IMAGE).tobytes()


@pytest.mark.parametrize("value", [0, np.nan, np.inf])
def test_weights_that_say_nothing(value):
    weight = np.full((15, 15), value, "f4")
    assert cconv.explain("conv2d", IMAGE, weight).algorithm == "filter2d"
    with pytest.raises(ValueError, match="column times a row"):
        cconv.conv2d(IMAGE, weight, algorithm="separable")


def test_a_product_has_the_signs_and_zeros_of_the_weights():
    """An infinity times what is next to nothing, but not zero."""
    for corner in (0, -1e-60):
        row = np.full(15, 1e-30)
        row[7] = 1
        weight = np.outer(row, row)
        assert cconv.explain("conv2d", IMAGE.astype("f8"), weight).algorithm == "separable"
        weight[0, 0] = corner
        assert cconv.explain("conv2d", IMAGE.astype("f8"), weight).algorithm == "filter2d"


def test_weights_of_another_type_than_the_sum():
    """A product in float32 is none in float64, whose sums would show the difference."""
    assert cconv.explain("conv2d", IMAGE.astype("f8"), PRODUCT).algorithm == "filter2d"
    wide = np.outer(gaussian(15), gaussian(15))
    assert cconv.explain("conv2d", IMAGE.astype("f8"), wide).algorithm == "separable"


@pytest.mark.parametrize(
    ("x", "weight", "options", "words"),
    [
        (IMAGE, np.eye(3), {}, "takes weights that are a column times a row, or a few of those"),
        (IMAGE, np.eye(9), {}, "takes weights that are a column times a row, or a few of those"),
        (IMAGE, np.ones((3, 3)), {"stride": (1, 2)}, "takes no steps along rows"),
        (IMAGE, np.ones((3, 3), "c8"), {}, "multiplies real numbers only"),
        (IMAGE[None], np.ones((2, 1, 3, 3)), {}, "takes one filter for all planes"),
        (np.ones((2, 9, 9)), np.ones((1, 2, 3, 3)), {}, "takes one filter for all planes"),
    ],
)
def test_refusals(x, weight, options, words):
    for call in (cconv.conv2d, lambda x, weight, **options: cconv.Conv2d(weight, **options)(x)):
        with pytest.raises(ValueError, match=f'algorithm "separable" {words}; "auto" would do'):
            call(x, weight, algorithm="separable", **options)


def test_one_layer_takes_images_of_any_size_and_type():
    kernel = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])
    layer = cconv.Conv2d(kernel, padding=2, algorithm="separable")
    for n, dtype in itertools.product((1, 5, 40), ("f4", "u1", "i4", "f8", "f2")):
        x = values(n, (n, n), dtype)
        case = Case(2, x, kernel, None, {"padding": 2, "algorithm": "separable"})
        y = layer(x)
        assert y.tobytes() == case().tobytes()
        assert_near(y, case)


def test_no_images():
    assert cconv.conv2d(IMAGE[None][:0], PRODUCT, algorithm="separable").shape == (0, 286, 286)


def test_the_reference_takes_the_word():
    y = REFERENCE[2](IMAGE[:20, :20], PRODUCT, algorithm="separable")
    np.testing.assert_array_equal(y, REFERENCE[2](IMAGE[:20, :20], PRODUCT))
