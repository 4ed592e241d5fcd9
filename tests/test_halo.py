"""cconv.shapes.halo: chunks with their halo give what the whole gives, bit for bit."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import cconv
from cconv import reference, shapes

RNG = np.random.default_rng(8)
MODES = ["constant", "edge", "reflect", "symmetric", "wrap"]
TAPS = RNG.uniform(0.5, 1.5, 9)

layer = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 3))
stacks = st.lists(layer, min_size=1, max_size=3)


def apply(x, layers, mode, paddings=None):
    """Stacked layers along the last axis, by one of the algorithms that sum all outputs alike."""
    algorithm = "direct" if len(layers) % 2 else "filter2d"
    for (kernel, stride, dilation), padding in zip(
        layers, paddings or ["same"] * len(layers), strict=True
    ):
        x = cconv.conv1d(
            x,
            TAPS[:kernel],
            None,
            stride,
            padding if padding == "same" else [padding],
            dilation,
            padding_mode=mode,
            algorithm=algorithm,
        )
    return x


def in_chunks(x, cuts, sides, step, mode, stack):
    """The recipe of the docstring: outputs from cut to cut, each chunk with its halo."""
    before, after = (max(0, side) for side in sides)
    chunks = []
    for i, j in itertools.pairwise(cuts):
        lo, hi = i - -(-before // step), j - (-after // step)
        if mode == "wrap":
            part = x.take(range(lo * step, hi * step), axis=-1, mode="wrap")
        else:
            lo = max(0, lo)
            part = x[..., lo * step : hi * step]
        chunks.append(stack(part)[..., i - lo : j - lo])
    return np.concatenate(chunks, axis=-1)


@st.composite
def cuts_of(draw, outputs, least_last=1):
    """Uneven chunks of so many outputs."""
    inner = st.integers(1, max(1, outputs - least_last))
    cuts = draw(st.sets(inner, max_size=6)) if outputs > least_last else set()
    return sorted({0, *cuts, outputs})


@given(st.data(), stacks, st.integers(1, 25), st.sampled_from(MODES))
def test_chunks_of_same(data, layers, outputs, mode):
    step = math.prod(stride for _, stride, _ in layers)
    x = RNG.standard_normal(outputs * step)
    cuts = data.draw(cuts_of(outputs, least_last=2 if mode == "reflect" else 1))
    whole = apply(x, layers, mode)
    assert whole.size == outputs
    got = in_chunks(x, cuts, shapes.halo(layers), step, mode, lambda x: apply(x, layers, mode))
    np.testing.assert_array_equal(got, whole)


@given(st.data(), stacks, st.integers(4, 80), st.sampled_from(MODES[:4]))
def test_chunks_with_other_padding(data, layers, n, mode):
    windows = [dilation * (kernel - 1) + 1 for kernel, _, dilation in layers]
    most = [(window - 1) // (2 if mode in ("reflect", "symmetric") else 1) for window in windows]
    sides = [st.tuples(st.integers(0, m), st.integers(0, m)) for m in most]
    paddings = [data.draw(side) for side in sides]
    steps = [math.prod(stride for _, stride, _ in layers[:i]) for i in range(len(layers) + 1)]
    sizes = [n]
    for (kernel, stride, dilation), padding in zip(layers, paddings, strict=True):
        sizes.append(shapes.output_size(sizes[-1], kernel, stride, padding, dilation))
    assume(all(sizes))
    before = sum(pad * step for (pad, _), step in zip(paddings, steps, strict=False))
    after = sum(shapes.halo(layers)) - before
    x = RNG.standard_normal(n)
    cuts = data.draw(cuts_of(sizes[-1], least_last=2))
    got = in_chunks(
        x, cuts, (before, after), steps[-1], mode, lambda x: apply(x, layers, mode, paddings)
    )
    np.testing.assert_array_equal(got, apply(x, layers, mode, paddings))


@given(st.data(), layer, st.integers(1, 40), st.sampled_from(MODES))
def test_chunks_of_an_image_padded_once(data, layer, n, mode):
    """Whatever the padding: more than a window, more than the image."""
    kernel, stride, dilation = layer
    padding = data.draw(st.tuples(st.integers(0, 20), st.integers(0, 20)))
    outputs = shapes.output_size(n, kernel, stride, padding, dilation)
    assume(outputs)
    x = RNG.standard_normal(n)
    padded = cconv.pad(x, padding, mode)
    chunks = [
        apply(padded[i * stride : j * stride + sum(shapes.halo([layer]))], [layer], mode, [(0, 0)])
        for i, j in itertools.pairwise(data.draw(cuts_of(outputs)))
    ]
    np.testing.assert_array_equal(np.concatenate(chunks), apply(x, [layer], mode, [padding]))


@pytest.mark.kernel
@pytest.mark.parametrize("algorithm", ["direct", "gemm"])
@pytest.mark.parametrize("mode", MODES[:4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_tiles_of_a_stack_of_maps(mode, dtype, algorithm):
    """Both axes, channels, prepared layers: in tiles of uneven sides."""
    layers = [(3, 1, 2), (4, 2, 1), (5, 1, 1)]
    channels = [2, 6, 4, 5]
    prepared = [
        cconv.Conv2d(
            (4 * RNG.random((outer, inner, k, k))).astype(dtype),
            stride=s,
            padding="same",
            dilation=d,
            padding_mode=mode,
            algorithm=algorithm,
        )
        for (k, s, d), inner, outer in zip(layers, channels[:-1], channels[1:], strict=True)
    ]

    def stack(x):
        for layer in prepared:
            x = layer(x)
        return x

    x = (255 * RNG.random((2, 2, 60, 74))).astype(dtype)
    before, after = shapes.halo(layers)
    whole = stack(x)
    tiled = np.empty_like(whole)
    lead, tail = -(-before // 2), -(-after // 2)
    for top, bottom in itertools.pairwise([0, 1, 13, 30]):
        for left, right in itertools.pairwise([0, 20, 23, 37]):
            up, west = max(0, top - lead), max(0, left - lead)
            tile = x[..., 2 * up : 2 * (bottom + tail), 2 * west : 2 * (right + tail)]
            inner = stack(tile)[..., top - up : bottom - up, left - west : right - west]
            tiled[..., top:bottom, left:right] = inner
    np.testing.assert_array_equal(tiled, whole)


@given(stacks)
def test_it_is_the_least_and_that_of_the_reference(layers):
    before, after = shapes.halo(layers)
    assert (before, after) == reference.halo(layers)
    step = math.prod(stride for _, stride, _ in layers)
    if any(dilation * (kernel - 1) + 1 < stride for kernel, stride, dilation in layers):
        return  # windows leave gaps: what lies in one is no output's
    assert before + after == shapes.receptive_field(layers) - step
    assert after - before >= 0
    i = before // step + 3
    outputs = i + after // step + 4
    seen = {
        n
        for n in range(outputs * step)
        if apply(np.eye(1, outputs * step, n)[0], layers, "constant")[i]
    }
    assert min(seen) == i * step - before
    assert max(seen) + 1 == (i + 1) * step + after


@given(layer)
def test_one_layer_is_padded_alike(layer):
    kernel, stride, dilation = layer
    (pair,) = shapes.resolve_padding("same", (7 * stride,), kernel, stride, dilation)
    assert shapes.halo([layer]) == pair


def test_no_layers():
    assert shapes.halo([]) == (0, 0) == reference.halo([])


def test_large_strides_do_not_wrap():
    layers = [(3, 100, 1)] * 5
    narrow = [tuple(map(np.int8, layer)) for layer in [*layers, (3, 1, 1)]]
    assert shapes.halo(narrow) == (100**5, 100**5)


@pytest.mark.parametrize("layer", [(0, 1, 1), (3, 1.5, 1), (3, 1, True), (3, None, 1), (3, 1), 3])
def test_the_reference_refuses(layer):
    with pytest.raises((TypeError, ValueError)):
        reference.halo([(3, 1, 1), layer])
