"""cconv.explain: how a call is computed, without computing it."""

import itertools

import numpy as np
import pytest
from problems import CHANNELWISE, CONV, GENERAL, LARGE, ROOMS, SMALL, Case, case_of, values

import cconv

by_dims = pytest.mark.parametrize("dims", [1, 2, 3])


@by_dims
def test_what_it_tells(dims):
    told = cconv.explain(f"conv{dims}d", (2, 3, *[9] * dims), (4, 3, *[3] * dims), padding=1)
    assert told.call == f"conv{dims}d"
    assert told.algorithm in told.reasons
    assert told.reasons[told.algorithm].startswith("chosen")
    assert all(isinstance(reason, str) and reason for reason in told.reasons.values())
    assert isinstance(told.tiles, str)
    assert isinstance(told.workspace, int)
    assert told.workspace >= 0
    assert told.threads >= 1


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "i2"])
@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("algorithm", ["auto", "direct", "gemm", "filter2d"])
def test_images_without_channels(algorithm, kernel, dtype):
    """Of which there is nothing to compute."""
    x, weight = np.zeros((5, 6, 0), dtype), np.ones((kernel, kernel), dtype)
    options = {"padding": "same", "channels_last": True, "algorithm": algorithm}
    told = cconv.explain("conv2d", x, weight, **options)
    assert told.threads == 1
    assert told.workspace >= 0
    assert cconv.conv2d(x, weight, **options).shape == x.shape


def test_it_prints_as_a_few_lines():
    text = str(cconv.explain("conv2d", (1, 64, 56, 56), (64, 64, 3, 3), padding=1))
    assert 4 <= len(text.splitlines()) <= 12
    for word in ("conv2d", *ROOMS, "tiles", "workspace", "threads"):
        assert word in text


@pytest.mark.parametrize("problem", SMALL + LARGE, ids=lambda problem: problem.name)
def test_shapes_stand_for_float32_arrays(problem):
    bias = None
    if problem.bias:
        bias = (1 if len(problem.weight) == problem.dims else problem.weight[0],)
    told = cconv.explain(problem.call, problem.x, problem.weight, bias, **problem.options)
    if problem in SMALL:
        case = case_of(problem)
        arrays = case.x, case.weight, case.bias
        assert cconv.explain(problem.call, *arrays, **problem.options) == told


def test_shapes_and_arrays_mix():
    x, weight, bias = values(0, (3, 9, 9)), values(1, (4, 3, 3, 3)), values(2, 4)
    expected = cconv.explain("conv2d", x, weight, bias)
    assert cconv.explain("conv2d", x.shape, weight, bias) == expected
    assert cconv.explain("conv2d", x, weight.shape, bias) == expected
    assert cconv.explain("conv2d", x, weight, bias.shape) == expected
    layer = cconv.Conv2d(weight, bias)
    assert layer.explain(x) == layer.explain(x.shape)


def test_shapes_take_no_memory():
    """Petabytes of input, planned for whatever is named."""
    shapes = (1, 2**10, 2**20, 2**20), (2**10, 2**10, 3, 3)
    for algorithm in ("auto", *GENERAL):
        huge = cconv.explain("conv2d", *shapes, algorithm=algorithm)
        assert 0 < huge.workspace < 2**32
    shapes = shapes[0], (2**10, 1, 3, 3)
    for algorithm in ("auto", *CHANNELWISE):
        huge = cconv.explain("conv2d", *shapes, groups=2**10, algorithm=algorithm)
        assert 0 < huge.workspace < 2**32


@pytest.mark.parametrize(
    ("x", "weight", "options"),
    [
        ((4, 1, 2**59), (1, 1, 3), {"stride": 2**58}),
        ((4, 2, 2**57), (2, 1, 3), {"dilation": 2**55, "groups": 2, "dtype": np.int8}),
        ((1, 2**59, 1), (1, 2**59, 1), {}),
        ((1, 2**30, 2**29), (1, 2**30, 2**29), {}),
        ((1, 1, 1), (2**59, 1, 1), {"dtype": np.int8}),
        ((1, 1, 2**59), (1, 1, 1), {"dtype": np.int8}),
        ((4, 16, 2**55), (16, 1, 3), {"dilation": 2**54 - 1, "groups": 16, "dtype": np.int8}),
    ],
)
def test_what_no_memory_holds(x, weight, options):
    """The bytes don't wrap; the call itself ends at them."""
    arrays = [np.broadcast_to(np.int8(0), x), np.broadcast_to(np.float64(0), weight)]
    case = Case(1, *arrays, None, options)
    for algorithm in case.rooms():
        with cconv.num_threads(8):
            told = cconv.explain("conv1d", *arrays, **options, algorithm=algorithm)
            assert told.workspace >= 0
            if told.workspace > 2**50:
                with pytest.raises(MemoryError):
                    case(algorithm=algorithm)


@pytest.mark.parametrize("algorithm", ["auto", *GENERAL])
def test_taps_are_not_counted_for_ever(algorithm):
    shapes = (1, 300, 2**41), (4, 300, 2**40)
    told = cconv.explain("conv1d", *shapes, padding=1, algorithm=algorithm)
    assert algorithm in ("auto", told.algorithm)
    assert 0 < told.share_of_peak < 1


def test_nothing_is_computed():
    out = np.full((3, 3), 7.0)
    cconv.explain("conv2d", np.ones((5, 5)), np.ones((3, 3)), out=out)
    assert (out == 7).all()


@pytest.mark.parametrize("algorithm", CHANNELWISE)
def test_a_named_algorithm_is_chosen(algorithm):
    told = cconv.explain("conv2d", (16, 9, 9), (16, 1, 3, 3), groups=16, algorithm=algorithm)
    assert told.algorithm == algorithm
    assert told.reasons.pop(algorithm) == "chosen: named by algorithm="
    assert {told.reasons[name] for name in CHANNELWISE if name != algorithm} == {"not named"}
    refused = {name: told.reasons[name] for name in ROOMS if name not in CHANNELWISE}
    assert refused == {"separable": "takes one filter for all planes"}


def test_the_choice_is_the_cheapest_of_those_that_can():
    told = cconv.explain("conv2d", (1, 64, 56, 56), (64, 1, 3, 3), padding=1, groups=64)
    assert told.reasons.pop(told.algorithm) == "chosen: the cheapest that applies"
    others = [told.reasons[name] for name in CHANNELWISE if name != told.algorithm]
    assert set(others) == {"estimated to take longer"}
    told = cconv.explain("conv2d", np.ones((64, 56, 56)), np.ones((64, 64, 3, 3), complex))
    assert told.algorithm == "direct"
    assert told.reasons["gemm"] == "multiplies real numbers only"
    told = cconv.explain("conv2d", (0, 9, 9), (4, 0, 3, 3))
    assert told.algorithm == "direct"
    assert told.reasons["gemm"] == "needs at least one channel"


def test_what_a_function_packs_a_layer_has_packed():
    """Its calls cost less with "gemm", the more so the fewer the pixels."""
    chosen = []
    for pixels, channels in itertools.product((1, 2, 8, 32), (1, 8, 64, 512)):
        shapes = (channels, pixels, pixels), (channels, channels, 1, 1)
        layer = cconv.Conv2d(np.ones(shapes[1], np.float32))
        of_function = cconv.explain("conv2d", *shapes).algorithm
        chosen.append((of_function, layer.explain(shapes[0]).algorithm))
    assert ("gemm", "direct") not in chosen
    if cconv.show_config("dicts")["isa"]["in_use"] != "scalar":  # whose vectors are single numbers
        assert ("direct", "gemm") in chosen


def test_the_workspace_of_a_layer_has_no_weights():
    """Which it keeps itself."""
    shapes, options = ((1, 16, 80, 80), (64, 16, 3, 3)), {"algorithm": "gemm"}
    weight = np.ones(shapes[1], np.float32)
    function = cconv.explain("conv2d", *shapes, **options)
    layer = cconv.Conv2d(weight, **options).explain(shapes[0])
    assert function.workspace > layer.workspace
    assert (layer.algorithm, layer.tiles) == (function.algorithm, function.tiles)


def test_arguments_are_positional_as_in_the_call():
    arguments = (None, 2, "same", (1, 2), 1)
    told = cconv.explain("conv2d", (9, 9), (3, 3), *arguments)
    keywords = {"stride": 2, "padding": "same", "dilation": (1, 2), "groups": 1}
    assert told == cconv.explain("conv2d", (9, 9), (3, 3), **keywords)
    with pytest.raises(ValueError, match="output would be empty"):
        cconv.explain("conv2d", (9, 9), (3, 3), None, 1, 0, 5)
    with pytest.raises(TypeError):
        cconv.explain("conv2d", (9, 9), (3, 3), None, 1, 0, 1, 1, "constant")
    with pytest.raises(TypeError):
        cconv.explain("conv2d", (9, 9), (3, 3), strides=1)


def test_threads_are_those_of_the_context():
    shapes = (8, 64, 56, 56), (64, 64, 3, 3)
    layer = cconv.Conv2d(np.ones(shapes[1], np.float32))
    for threads in (1, 3):
        with cconv.num_threads(threads):
            assert cconv.explain("conv2d", *shapes).threads == threads
            assert layer.explain(shapes[0]).threads == threads
    with cconv.num_threads(8):
        assert cconv.explain("conv2d", (5, 5), (3, 3)).threads == 1  # not worth more


@by_dims
def test_layers_explain_themselves(dims):
    x, weight = values(0, (3, *[9] * dims)), values(1, (4, 3, *[3] * dims))
    layer = getattr(cconv, f"Conv{dims}d")(weight, padding=1, algorithm="direct")
    told = layer.explain(x)
    assert (told.call, told.algorithm) == (f"conv{dims}d", "direct")
    assert str(told).startswith(f"conv{dims}d: direct")


@pytest.mark.parametrize("call", ["", "conv", "conv4d", "Conv2d", 2, None, [], "a\nb"])
def test_calls_that_cannot_be_explained(call):
    with pytest.raises(ValueError, match=r"^explain: call .* would do"):
        cconv.explain(call, (9, 9), (3, 3))


@pytest.mark.parametrize("shape", [(-1, 5), (2**40, 2**40), (5,) * 70, (2**70,)])
def test_shapes_that_no_array_has(shape):
    for arguments in ((shape, (3, 3)), ((9, 9), shape)):
        with pytest.raises(ValueError, match=r"^explain: ") as caught:
            cconv.explain("conv2d", *arguments)
        assert len(str(caught.value).splitlines()) == 1
        assert str(shape)[:20] in str(caught.value)
        assert "would do" in str(caught.value)
    with pytest.raises(ValueError, match=r"^explain: shape of type tuple is that of no array"):
        cconv.explain("conv2d", (10**5000, 5), (3, 3))


def test_explanations_agree_with_the_call():
    """What the call refuses, explain refuses with the same words."""
    for changes in ({"stride": 0}, {"weight": np.ones(1)}, {"dtype": bool}, {"padding": -1}):
        arguments = {"x": np.ones((1, 2, 5, 5)), "weight": np.ones((3, 2, 3, 3))} | changes
        with pytest.raises((ValueError, TypeError)) as by_call:
            CONV[2](**arguments)
        with pytest.raises(by_call.type) as by_explain:
            cconv.explain("conv2d", **arguments)
        assert str(by_explain.value) == str(by_call.value)
