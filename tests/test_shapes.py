"""cconv.shapes: the arithmetic of windows, against counting, NumPy, torch and the reference."""

import itertools
import math

import numpy as np
import pytest
from enumeration import windows_along
from hypothesis import given
from hypothesis import strategies as st

import cconv
from cconv import reference, shapes

small = st.integers(1, 6)
pads = st.tuples(st.integers(0, 8), st.integers(0, 8))


def starts(n, kernel, stride, padding, dilation):
    """Where windows start in the padded axis, one after the other."""
    padded, span = n + sum(padding), dilation * (kernel - 1) + 1
    return [start for start in range(0, padded, stride) if start + span <= padded]


@given(st.integers(0, 30), small, small, pads, small)
def test_output_size_counts_windows(n, kernel, stride, padding, dilation):
    expected = len(starts(n, kernel, stride, padding, dilation))
    assert shapes.output_size(n, kernel, stride, padding, dilation) == expected
    assert reference.output_size(n, kernel, stride, padding, dilation) == expected
    if padding[0] == padding[1]:
        assert shapes.output_size(n, kernel, stride, padding[0], dilation) == expected


@given(st.integers(1, 30), small, small, pads, small)
def test_output_size_is_that_of_conv1d(n, kernel, stride, padding, dilation):
    size = shapes.output_size(n, kernel, stride, padding, dilation)
    x, weight = np.ones(n), np.ones(kernel)
    if size:
        assert cconv.conv1d(x, weight, None, stride, [padding], dilation).shape == (size,)
    else:
        with pytest.raises(ValueError, match="output would be empty"):
            cconv.conv1d(x, weight, None, stride, [padding], dilation)


@given(st.integers(0, 30), small, small, pads, small)
def test_ceil_mode_lets_the_last_window_hang_over(n, kernel, stride, padding, dilation):
    """One that starts inside the axis or its padding before."""
    before, after = padding[0], min(padding[1], dilation * (kernel - 1))  # as pools have it
    size = shapes.output_size(n, kernel, stride, (before, after), dilation, ceil_mode=True)
    windows = windows_along(n, kernel, stride, before, after, dilation, ceil_mode=True)
    assert size == len(windows)


@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_output_size_is_that_of_torch(ceil_mode, dilation):
    torch = pytest.importorskip("torch")
    for n, kernel, stride in itertools.product(range(1, 12), range(1, 5), range(1, 5)):
        for padding in range(kernel // 2 + 1):
            size = shapes.output_size(n, kernel, stride, padding, dilation, ceil_mode)
            x = torch.zeros(1, 1, n)
            options = {"stride": stride, "padding": padding, "dilation": dilation}
            pool = torch.nn.functional.max_pool1d
            if size:
                assert pool(x, kernel, ceil_mode=ceil_mode, **options).shape[-1] == size
            elif not ceil_mode:
                with pytest.raises(RuntimeError):
                    pool(x, kernel, **options)


@given(st.integers(1, 12), small, small, st.integers(0, 4), st.integers(0, 3), small)
def test_transposed_output_size_is_that_of_torch(n, kernel, stride, padding, extra, dilation):
    torch = pytest.importorskip("torch")
    extra = min(extra, max(stride, dilation) - 1)
    size = shapes.transposed_output_size(n, kernel, stride, padding, extra, dilation)
    reach = (n - 1) * stride + dilation * (kernel - 1) + 1 + extra
    assert size == max(0, reach - 2 * padding)
    assert size == shapes.transposed_output_size(n, kernel, stride, (padding,) * 2, extra, dilation)
    if size:
        x, weight = torch.zeros(1, 1, n), torch.zeros(1, 1, kernel)
        y = torch.nn.functional.conv_transpose1d(
            x, weight, None, stride, padding, extra, 1, dilation
        )
        assert y.shape[-1] == size


@given(st.integers(1, 30), small, small, pads, small)
def test_transposed_undoes_the_size(n, kernel, stride, padding, dilation):
    size = shapes.output_size(n, kernel, stride, padding, dilation)
    if size:
        back = shapes.transposed_output_size(size, kernel, stride, padding, 0, dilation)
        assert max(0, n - stride + 1) <= back <= n


@given(st.integers(0, 40), small, small, small)
def test_same_padding_is_the_least_for_ceil(n, kernel, stride, dilation):
    wanted = math.ceil(n / stride)
    before, after = shapes.same_padding(n, kernel, stride, dilation)
    assert after - before in (0, 1)
    assert shapes.same_padding(n, kernel, stride, dilation, lower=True) == (after, before)
    assert (before, after) == reference.same_padding(n, kernel, stride, dilation)
    if n:
        assert shapes.output_size(n, kernel, stride, (before, after), dilation) == wanted
        if before + after:
            less = shapes.output_size(n, kernel, stride, (before, after - 1), dilation)
            assert less < wanted


@given(st.lists(st.integers(1, 12), min_size=1, max_size=3), small, small, small)
def test_resolve_padding_words(sizes, kernel, stride, dilation):
    dims = len(sizes)
    for word in ("valid", "same", "same_lower", "full"):
        forms = [
            (kernel, stride, dilation),
            ([kernel], (stride,), np.array([dilation])),
            ((kernel,) * dims, [stride] * dims, (dilation,) * dims),
        ]
        for form in forms:
            pairs = shapes.resolve_padding(word, sizes, *form)
            assert pairs == reference.resolve_padding(word, sizes, *form)


@pytest.mark.parametrize(
    ("padding", "dims", "pairs"),
    [
        (2, 3, [(2, 2)] * 3),
        (np.int64(2), 1, [(2, 2)]),
        ([2], 2, [(2, 2)] * 2),
        ((1, 2), 2, [(1, 1), (2, 2)]),
        (np.array([1, 2]), 2, [(1, 1), (2, 2)]),
        ([(1, 2)], 1, [(1, 2)]),
        ([(1, 2)], 3, [(1, 2)] * 3),
        ((3, (1, 2)), 2, [(3, 3), (1, 2)]),
        ([[1, 2], [3, 4], [5, 6]], 3, [(1, 2), (3, 4), (5, 6)]),
        (np.array([[1, 2], [3, 4]]), 2, [(1, 2), (3, 4)]),
    ],
)
def test_resolve_padding_forms(padding, dims, pairs):
    resolved = shapes.resolve_padding(padding, [9] * dims, 3)
    assert resolved == pairs
    assert all(type(side) is int for pair in resolved for side in pair)


@given(st.lists(st.tuples(small, small, small), max_size=4))
def test_receptive_field_is_what_an_output_sees(layers):
    """Counted backwards from one output: which inputs have a way to it."""
    seen = {0}
    for kernel, stride, dilation in reversed(layers):
        seen = {i * stride + t * dilation for i in seen for t in range(kernel)}
    assert shapes.receptive_field(layers) == max(seen) - min(seen) + 1
    assert shapes.receptive_field(iter(layers)) == shapes.receptive_field(map(list, layers))


def test_receptive_field_of_a_stack():
    """Through the operation itself: an impulse at the first place that no output sees."""
    layers = [(3, 2, 1), (2, 1, 3), (5, 2, 1)]
    field = shapes.receptive_field(layers)

    def stack(x):
        for kernel, stride, dilation in layers:
            x = cconv.conv1d(x, np.ones(kernel), None, stride, 0, dilation)
        return x

    assert stack(np.ones(field)).shape == (1,)
    with pytest.raises(ValueError, match="output would be empty"):
        stack(np.ones(field - 1))
    assert stack(np.eye(field)[-1:]) == 1


# ------------------------------------------------------------------------ refusals


CALLS = {
    "output_size": {"n": 5, "kernel": 3, "stride": 1, "padding": 0, "dilation": 1},
    "transposed_output_size": {"n": 5, "kernel": 3, "stride": 1, "padding": 0, "dilation": 1},
    "same_padding": {"n": 5, "kernel": 3, "stride": 1, "dilation": 1},
    "resolve_padding": {"padding": 0, "sizes": (5,), "kernel": 3, "stride": 1, "dilation": 1},
}
LEAST = {"n": 0, "padding": 0, "sizes": 0}


def refusal(error, call, **arguments):
    with pytest.raises(error) as caught:
        getattr(shapes, call)(**arguments)
    message = str(caught.value)
    assert message.startswith(f"{call}: ")
    assert "would do" in message
    assert len(message.splitlines()) == 1
    return message


@pytest.mark.parametrize("call", CALLS)
def test_arguments_that_are_no_sizes(call):
    good = CALLS[call]
    getattr(shapes, call)(**good)
    for name in good:
        for junk in (True, 1.0, None, np.float32(2), object(), 1j):
            changed = (junk,) if name == "sizes" else junk
            assert name in refusal(TypeError, call, **good | {name: changed})
        least = LEAST.get(name, 1)
        for number in (least - 1, -(2**63), 2**63, 10**30):
            changed = (number,) if name == "sizes" else number
            assert name in refusal(ValueError, call, **good | {name: changed})


def test_other_refusals():
    for call in ("output_size", "transposed_output_size"):
        for padding in ((1, 2, 3), (1,), ()):
            refusal(ValueError, call, **CALLS[call] | {"padding": padding})
        refusal(TypeError, call, **CALLS[call] | {"padding": "same"})
    refusal(TypeError, "output_size", **CALLS["output_size"], ceil_mode=1)
    refusal(TypeError, "same_padding", **CALLS["same_padding"], lower="yes")
    refusal(ValueError, "transposed_output_size", **CALLS["output_size"], output_padding=-1)
    refusal(TypeError, "transposed_output_size", **CALLS["output_size"], output_padding=1.5)
    good = CALLS["resolve_padding"]
    for sizes in ((), (1, 2, 3, 4), 5, "ab", None):
        message = refusal(ValueError, "resolve_padding", **good | {"sizes": sizes})
        assert message.endswith("is no sequence of extents; 1 to 3 of them would do")
    with pytest.raises(ValueError, match=r"write \[\(before, after\)\]"):
        shapes.resolve_padding(**good | {"padding": (1, 2)})
    refusal(ValueError, "resolve_padding", **good | {"padding": "SAME"})
    refusal(ValueError, "resolve_padding", **good | {"kernel": (3, 3)})


@pytest.mark.parametrize("call", ["receptive_field", "halo"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_stacks_that_are_refused(call, place):
    function = getattr(shapes, call)
    for junk, error in ((0, ValueError), (1.5, TypeError), (True, TypeError), (None, TypeError)):
        layer = [3, 1, 1]
        layer[place] = junk
        with pytest.raises(error, match=rf"^{call}: .* would do"):
            function([(3, 1, 1), layer])
    for layers in ([(3, 1)], [3], [()], [(1, 1, 1, 1)], [None]):
        with pytest.raises(ValueError, match=rf"^{call}: layers has .* would do"):
            function(layers)
    with pytest.raises(TypeError, match=rf"^{call}: layers 5 is no iterable; .* would do"):
        function(5)


def test_receptive_fields_do_not_wrap():
    layers = [(3, 100, 1)] * 5
    narrow = [tuple(map(np.int8, layer)) for layer in layers]
    assert shapes.receptive_field(narrow) == shapes.receptive_field(layers) > 2**27


@pytest.mark.parametrize("n", [2**40, 2**62])
def test_large_extents_do_not_wrap(n):
    assert shapes.output_size(n, 3) == n - 2
    assert shapes.output_size(3, 3, 1, 0, n) == 0
    assert shapes.output_size(5, 1, n) == 1
    assert shapes.transposed_output_size(n, 1) == n
    assert shapes.same_padding(n, 3) == (1, 1)
    assert shapes.same_padding(3, 3, dilation=n // 4) == (n // 4, n // 4)
