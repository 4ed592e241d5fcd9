"""Conv1d, Conv2d, Conv3d: prepared once, called often."""

import concurrent.futures
import copy
import gc
import inspect
import itertools
import pickle
import sys
import threading
import weakref

import child
import numpy as np
import pytest
from hypothesis import given
from problems import ACTIVATIONS, CONV, GENERAL, HALVES, LAYER, SMALL, case_of, cases, values

import cconv

by_dims = pytest.mark.parametrize("dims", [1, 2, 3])
by_room = pytest.mark.parametrize("algorithm", GENERAL)


@given(cases(auto=False))
def test_a_layer_does_what_the_function_does(case):
    layer = case.layer(activation="silu", dtype="f2")
    expected = case(activation="silu", dtype="f2")
    y = layer(case.x)
    assert y.dtype == np.float16
    np.testing.assert_array_equal(y, expected)
    out = np.zeros_like(expected)
    assert layer(case.x, out) is out
    np.testing.assert_array_equal(out, expected)
    assert layer(x=case.x, out=out) is out
    np.testing.assert_array_equal(layer(case.x, out=None), expected)


@pytest.mark.parametrize("problem", SMALL, ids=lambda problem: problem.name)
def test_named_algorithms_have_the_same_bits(problem):
    case = case_of(problem)
    for algorithm in case.rooms():
        case.options["algorithm"] = algorithm
        layer, expected = case.layer(), case().tobytes()
        for _ in range(3):
            assert layer(case.x).tobytes() == expected


@by_dims
def test_options_are_those_of_the_function(dims):
    function = list(inspect.signature(CONV[dims]).parameters.values())[1:-1]  # no x, no out
    layer = inspect.signature(LAYER[dims]).parameters.values()
    assert [(p.name, p.kind, p.default) for p in layer] == [
        (p.name, p.kind, p.default) for p in function
    ]


@by_room
def test_options_are_positional_as_in_the_function(algorithm):
    x, weight, bias = values(0, (4, 11, 12)), values(1, (6, 2, 3, 3)), values(2, 6)
    options = (bias, (2, 1), [(1, 0), (2, 2)], 2, 2)
    expected = cconv.conv2d(x, weight, *options, algorithm=algorithm)
    layer = cconv.Conv2d(weight, *options, algorithm=algorithm)
    np.testing.assert_array_equal(layer(x), expected)


@by_room
@pytest.mark.parametrize("kind", ["f4", "f8", "f2", "i1", "i4"])
def test_one_layer_takes_inputs_of_any_size_and_type(kind, algorithm):
    """In turn, and each type again: what is prepared for one serves no other."""
    options = {"padding": "same", "algorithm": algorithm}
    weight, bias = values(0, (4, 3, 3, 3), kind), values(1, 4, "i1")
    layer = cconv.Conv2d(weight, bias, **options)
    shapes = (3, 5, 5), (2, 3, 9, 1), (7, 3, 1, 40), (0, 3, 4, 4), (3, 5, 5)
    types = np.float32, np.float64, *HALVES, np.int8, np.int32, ">f8"
    for shape, dtype in itertools.product(shapes, types):
        x = values(2, shape, dtype)
        y, expected = layer(x), cconv.conv2d(x, weight, bias, **options)
        assert y.dtype == expected.dtype
        np.testing.assert_array_equal(y, expected)


def test_one_layer_takes_complex_inputs_between_real_ones():
    """Which another algorithm computes."""
    weight, x = values(0, (8, 40, 3, 3)), values(1, (40, 30, 30))
    layer = cconv.Conv2d(weight)
    chosen = {y.dtype: layer.explain(y).algorithm for y in (x, x.astype(complex))}
    assert set(chosen.values()) == {"gemm", "direct"}
    expected = {
        t: cconv.conv2d(x.astype(t), weight, algorithm=algorithm) for t, algorithm in chosen.items()
    }
    for dtype in (*expected, *expected):
        np.testing.assert_array_equal(layer(x.astype(dtype)), expected[dtype])


# ------------------------------------------------------------------------ weights


def test_weights_and_options_are_copied():
    weight, bias, padding = values(0, (2, 1, 3)), values(1, 2), [[1, 1]]
    layer = cconv.Conv1d(weight, bias, padding=padding)
    x = values(2, (1, 20))
    expected = layer(x)
    weight[...], bias[...] = 7, 7
    padding[0][0] = 5
    padding.append(3)
    gc.collect()
    for same in (layer, copy.copy(layer), copy.deepcopy(layer)):
        np.testing.assert_array_equal(same(x), expected)


def test_the_copies_cannot_be_written():
    layer = cconv.Conv1d(values(0, (2, 1, 3)), values(1, 2))
    for array in (layer.weight, layer.bias):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "weight",
    [
        [0.1, 0.2, -0.3],
        (0.1, 0.2, -0.3),
        [1, 0, -1],
        [True, False, True],
        [2**40 + 1, 1, 0],
        [np.float64(0.1), 2, True],
    ],
    ids=str,
)
@by_room
def test_a_list_of_weights_takes_the_type_of_each_x(weight, dtype, algorithm):
    layer = cconv.Conv1d(weight, algorithm=algorithm)
    for _ in range(2):
        x = values(0, 30, dtype)
        y = layer(x)
        assert y.dtype == dtype
        np.testing.assert_array_equal(y, cconv.conv1d(x, weight, algorithm=algorithm))
        again = pickle.loads(pickle.dumps(layer))
        np.testing.assert_array_equal(again(x), y)
        dtype = np.float64 if dtype == np.float32 else np.float32


def test_an_array_of_weights_keeps_its_type():
    layer = cconv.Conv1d(np.array([0.1, 0.2]))
    assert layer(values(0, 9)).dtype == np.float64


# ------------------------------------------------------------------------ pickle and copy


def copies(layer):
    yield copy.copy(layer)
    yield copy.deepcopy(layer)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield pickle.loads(pickle.dumps(layer, protocol))


@by_room
@by_dims
def test_copies_do_the_same(dims, algorithm):
    x = values(0, (2, 4, *[9] * dims))
    layer = LAYER[dims](
        values(1, (6, 2, *[3] * dims)),
        values(2, 6),
        2,
        [(1, 2)],
        [1] * dims,
        np.int64(2),
        padding_mode="wrap",
        activation=("leaky_relu", 0.2),
        algorithm=algorithm,
        dtype=np.float16,
    )
    expected = layer(x)
    for same in copies(layer):
        assert type(same) is type(layer)
        np.testing.assert_array_equal(same.weight, layer.weight)
        np.testing.assert_array_equal(same.bias, layer.bias)
        y = same(x)
        assert y.dtype == expected.dtype
        np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("activation", [None, *ACTIVATIONS])
def test_copies_keep_every_option(activation):
    layer = cconv.Conv2d(
        values(0, (3, 3)), padding=2, padding_value=-1.5, activation=activation, channels_last=True
    )
    x = values(1, (8, 9, 2))
    for same in copies(layer):
        np.testing.assert_array_equal(same(x), layer(x))


@by_room
def test_pickles_carry_the_original_weights(algorithm):
    weight = values(0, (64, 64, 3, 3))
    layer = cconv.Conv2d(weight, padding=1, algorithm=algorithm)
    before = len(pickle.dumps(layer))
    for dtype in (np.float32, np.float64):
        layer(values(1, (64, 20, 20), dtype))
    for same in (layer, *copies(layer)):
        assert len(pickle.dumps(same)) == before
        np.testing.assert_array_equal(same.weight, weight)
    assert weight.nbytes < before < weight.nbytes + 2000


class Named(cconv.Conv2d):
    """A subclass with state of its own."""


def test_subclasses():
    layer = Named(values(0, (3, 3)))
    x = values(1, (8, 9))
    for same in (layer, *copies(layer)):
        assert type(same) is Named
        np.testing.assert_array_equal(same(x), cconv.conv2d(x, layer.weight))


# ------------------------------------------------------------------------ prepared weights


@by_room
def test_the_first_calls_of_many_threads(algorithm):
    """Each finds nothing prepared, or what another has just made, of its type or not."""
    weight, bias = values(0, (37, 20, 3, 3)), values(1, 37)
    inputs = [values(2, (20, 9, 11), dtype) for dtype in ("f4", "f8", "i1", "i4")]
    options = {"padding": 1, "algorithm": algorithm}
    expected = [cconv.conv2d(x, weight, bias, **options) for x in inputs]
    threads, start = 8, threading.Barrier(8)

    def work(number, layer):
        start.wait()
        for turn in range(8):
            kind = (number + turn) % len(inputs)
            np.testing.assert_array_equal(layer(inputs[kind]), expected[kind])

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for _ in range(50):
            layer = cconv.Conv2d(weight, bias, **options)
            list(pool.map(work, range(threads), [layer] * threads))


@by_room
def test_bias_is_prepared_with_the_weights(algorithm):
    """For each type of the sum: past 2**24 a float32 shows."""
    bias = np.array([2.0**24 + 1, -1])
    layer = cconv.Conv1d([[[1.0]], [[1.0]]], bias, algorithm=algorithm)
    for dtype in (np.float64, np.float32, np.float64):
        y = layer(np.zeros((1, 1), dtype))
        np.testing.assert_array_equal(y[:, 0], bias.astype(dtype))


@by_room
def test_prepared_weights_do_not_depend_on_the_first_input(algorithm):
    weight = values(0, (40, 9, 3, 3))
    inputs = [values(1, (9, *shape)) for shape in ((3, 3), (40, 41), (3, 900))]
    inputs.append(np.asfortranarray(inputs[1]))
    options = {"algorithm": algorithm}
    expected = [cconv.conv2d(x, weight, **options).tobytes() for x in inputs]
    for order in itertools.permutations(range(len(inputs))):
        layer = cconv.Conv2d(weight, **options)
        assert [layer(inputs[i]).tobytes() for i in order] == [expected[i] for i in order]


def test_threads_share_what_is_prepared():
    """The number of threads of the first call is not that of the next."""
    weight, x = values(0, (70, 20, 3, 3)), values(1, (4, 20, 40, 41))
    layer = cconv.Conv2d(weight, algorithm="gemm")
    with cconv.num_threads(1):
        expected = cconv.conv2d(x, weight, algorithm="gemm").tobytes()
    for threads in (3, 1, 5):
        with cconv.num_threads(threads):
            assert layer(x).tobytes() == expected


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
@by_room
def test_prepared_weights_are_freed_with_their_layer(algorithm):
    """Fifty layers that come to hold 24 MB and more, one after the other, in 256 MB."""
    code = f"""
import resource
import numpy as np, cconv
weight, x = np.ones((1024, 2048, 1), np.float32), np.ones((2048, 1), np.float32)
cconv.conv1d(x, weight, algorithm={algorithm!r})
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (256 << 20), -1))
for _ in range(50):
    layer = cconv.Conv1d(weight, algorithm={algorithm!r})
    for dtype in (np.float32, np.float64):
        assert (layer(x.astype(dtype)) == 2048).all()
print("well")
"""
    assert child.run(code) == "well"


# ------------------------------------------------------------------------ objects


def test_layers_are_freed():
    weight = values(0, (3, 3))

    class Step(int):
        """An option that can be watched."""

    options = [Step(1), Step(1)]
    gone = [weakref.ref(weight), weakref.ref(Step)]
    for _ in range(100):
        cconv.Conv2d(weight, None, options)(values(1, (5, 5)))
    del weight, options, Step
    gc.collect()
    assert [reference() for reference in gone] == [None, None]


def test_layers_that_were_never_prepared():
    layer = cconv.Conv2d.__new__(cconv.Conv2d)
    with pytest.raises(TypeError):
        layer(values(0, (5, 5)))
    with pytest.raises(ValueError, match="stride"):
        layer.__init__(values(0, (3, 3)), stride=0)
    with pytest.raises(TypeError):
        layer(values(0, (5, 5)))


def test_a_layer_is_prepared_once():
    layer = cconv.Conv2d(values(0, (3, 3)))
    x = values(1, (5, 5))
    expected = layer(x)
    with pytest.raises(TypeError):
        layer.__init__(values(2, (3, 3)))
    np.testing.assert_array_equal(layer(x), expected)


def test_a_layer_that_an_argument_prepares():
    class Prepares:
        def __index__(self):
            layer.__init__(weight)
            return 1

    weight = values(0, (3, 3))
    layer = cconv.Conv2d.__new__(cconv.Conv2d)
    with pytest.raises(TypeError, match="prepared once"):
        layer.__init__(weight, None, Prepares())
    assert layer(values(1, (5, 5))).shape == (3, 3)


def test_what_is_done_to_the_weights_does_not_reach_the_layer():
    layer, x = cconv.Conv1d(values(0, (2, 3, 3)), values(1, 2)), values(2, (3, 9))
    expected = layer(x)
    for array in (layer.weight, layer.bias):
        with pytest.raises(ValueError, match="does not own its data"):
            array.resize((1,), refcheck=False)
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True
        array.dtype = np.uint8
    np.testing.assert_array_equal(layer(x), expected)


def test_repr_names_the_layer():
    assert repr(cconv.Conv3d(np.ones((2, 1, 3, 3, 3)))).startswith("Conv3d(")
