"""Convolutions to test: random ones for hypothesis, those of the corpus, and the judge of both."""

import math
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np
from accuracy import promised_error
from hypothesis import strategies as st

import cconv
from cconv import reference
from cconv.cli import corpus

CONV = {1: cconv.conv1d, 2: cconv.conv2d, 3: cconv.conv3d}
LAYER = {1: cconv.Conv1d, 2: cconv.Conv2d, 3: cconv.Conv3d}
REFERENCE = {1: reference.conv1d, 2: reference.conv2d, 3: reference.conv3d}

# Every algorithm there is, by name.
ROOMS = tuple(cconv.explain("conv2d", (9, 9), (3, 3)).reasons)

MODES = ("constant", "edge", "reflect", "symmetric", "wrap")
ALIASES = {"zeros": "constant", "replicate": "edge", "circular": "wrap"}
WORDS = ("valid", "same", "same_lower", "full")
ACTIVATIONS = ("relu", "relu6", "leaky_relu", "sigmoid", "tanh", "silu", "hardswish", "gelu")

# How far a function's value moves, at most, when its argument moves by 1.
STEEPEST = {None: 1, "relu": 1, "relu6": 1, "sigmoid": 0.25, "tanh": 1}
STEEPEST |= {"silu": 1.1, "hardswish": 1.5, "gelu": 1.13}

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
INTEGERS = tuple(map(np.dtype, ("?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")))
HALVES = (np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))
TYPES = (*INTEGERS, *HALVES, *FLOATS, np.dtype(np.complex64), np.dtype(np.complex128))

SMALL = [problem for problem in corpus.load() if problem.family == "small"]
LARGE = [problem for problem in corpus.load() if problem.family != "small"]


@dataclass
class Case:
    """Arguments of one call."""

    dims: int
    x: np.ndarray
    weight: np.ndarray
    bias: np.ndarray | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def __call__(self, **changes):
        arguments = {"x": self.x, "weight": self.weight, "bias": self.bias}
        return CONV[self.dims](**arguments | self.options | changes)

    def layer(self, **changes):
        arguments = {"weight": self.weight, "bias": self.bias}
        return LAYER[self.dims](**arguments | self.options | changes)

    def reference(self, **changes):
        arguments = {"x": self.x, "weight": self.weight, "bias": self.bias}
        return REFERENCE[self.dims](**arguments | self.options | changes)

    def rooms(self):
        """The algorithms that can do the call; of the others `explain` has the reason."""
        options = self.options | {"algorithm": "auto"}
        told = cconv.explain(f"conv{self.dims}d", self.x, self.weight, self.bias, **options)
        could = ("chosen: the cheapest that applies", "estimated to take longer")
        return [name for name, reason in told.reasons.items() if reason in could]


# Those that do every call whose sums are real and have terms.
GENERAL = tuple(Case(2, np.ones((2, 9, 9)), np.ones((3, 2, 3, 3))).rooms())

# Those that do a filter for each of many channels.
CHANNELWISE = tuple(
    Case(2, np.ones((16, 9, 9)), np.ones((16, 1, 3, 3)), None, {"groups": 16}).rooms()
)


def values(seed, shape, dtype=np.float32):
    """Reproducible numbers around 0; sums of floats have to be rounded."""
    rng, dtype = np.random.default_rng(seed), np.dtype(dtype)
    real = rng.standard_normal(shape)
    if dtype.kind == "c":
        return (real + 1j * rng.standard_normal(shape)).astype(dtype)
    if dtype.kind in "ui":
        real = np.rint(20 * real) if dtype.kind == "i" else np.rint(np.abs(20 * real))
    return real > 0 if dtype.kind == "b" else real.astype(dtype)


def case_of(problem, dtype=np.float32, seed=0):
    """Random data for a problem of the corpus."""
    bare = len(problem.weight) == problem.dims
    bias = values(seed + 2, 1 if bare else problem.weight[0], dtype) if problem.bias else None
    x, weight = values(seed, problem.x, dtype), values(seed + 1, problem.weight, dtype)
    return Case(problem.dims, x, weight, bias, dict(problem.options))


def channels_swapped(case):
    """The same call with the channels at the other end of `x`: the result has them there too."""
    first, last = -1 - case.dims, -1
    if case.options.get("channels_last", False):
        first, last = last, first
    x = np.ascontiguousarray(np.moveaxis(case.x, first, last))
    options = case.options | {"channels_last": not case.options.get("channels_last", False)}
    return Case(case.dims, x, case.weight, case.bias, options), (last, first)


def assert_promised(y, case, **changes):
    """`y` is as near to the exact result as section 4 of the contract promises."""
    options = case.options | changes
    activation, dtype = options.pop("activation", None), options.pop("dtype", None)
    options.pop("out", None)
    plain = Case(case.dims, case.x, case.weight, case.bias, options)
    table = plain.reference().dtype
    assert y.dtype == (table if dtype is None else np.dtype(dtype))
    summed = np.dtype(np.float32) if table.itemsize == 2 else table
    if summed.kind == "i":
        np.testing.assert_array_equal(y, plain.reference(activation=activation, dtype=dtype))
        return

    arrays = case.x, case.weight, case.bias
    error = promised_error(REFERENCE[case.dims], *arrays, **options, dtype=summed)
    if summed.itemsize == (16 if summed.kind == "c" else 8):
        error = 2 * error  # the reference sums in this type too and is off by as much
    if summed.kind == "c":
        exact = plain.reference(dtype=np.complex128)
        narrow = 2 * np.spacing(np.abs(exact).astype(y.real.dtype)).astype(float)
        error += narrow if y.itemsize < summed.itemsize else 0
        assert (np.abs(y - exact) <= error).all()
        return

    expected = plain.reference(dtype=np.float64, activation=activation)
    error = error * steepness(activation)
    if activation not in (None, "relu", "relu6"):
        error = error + 4 * np.spacing(np.abs(expected).astype(summed)).astype(np.float64)
    if activation == "gelu":
        tail = plain.reference(dtype=np.float64) < -3
        error = np.where(tail, error + 4 * np.finfo(summed).eps, error)
    assert_between(y, expected - error, expected + error, expected, summed)


def steepness(activation):
    name, slope = activation if isinstance(activation, tuple) else (activation, 0.01)
    return max(1, abs(slope)) if name == "leaky_relu" else STEEPEST[name]


def assert_between(y, low, high, expected, summed):
    """`low <= y <= high`, cast as `y` was from its sum; what is not finite is as expected."""
    assert y.shape == expected.shape
    if y.dtype.kind in "fV":  # ml_dtypes' bfloat16 is a V
        with np.errstate(over="ignore"):
            finite = np.isfinite(expected)
            np.testing.assert_array_equal(y[~finite], expected[~finite].astype(y.dtype))
            low, high, y = (a[finite] for a in (low, high, y))
            if y.itemsize < summed.itemsize:
                low, high = low.astype(y.dtype), high.astype(y.dtype)
    else:
        low, high = rounded(low, y.dtype), rounded(high, y.dtype)
    wrong = ~((low <= y) & (y <= high))
    assert not wrong.any(), (
        f"{wrong.sum()} of {wrong.size} outputs are off, the first: {y[wrong][0]!r} is not in "
        f"[{low[wrong][0]!r}, {high[wrong][0]!r}]"
    )


def rounded(y, dtype):
    """To an integer type: half to even, saturating, NaN as 0; as Python integers do it."""
    limits = np.iinfo(dtype)

    def one(v):
        if math.isnan(v):
            return 0
        if math.isinf(v):
            return limits.max if v > 0 else limits.min
        return min(max(round(v), limits.min), limits.max)

    return np.array([one(v) for v in np.ravel(y).tolist()], dtype).reshape(np.shape(y))


# ------------------------------------------------------------------------------ random problems


def forms(draw, entries):
    """One of the ways to write numbers, one per axis."""
    kinds = [tuple, list, np.array, lambda e: tuple(map(np.int64, e))]
    if len(set(entries)) == 1:
        kinds += [lambda e: e[0], lambda e: np.int32(e[0]), lambda e: [e[0]], lambda e: (e[0],)]
    return draw(st.sampled_from(kinds))(list(entries))


def padding_forms(draw, pairs):
    """One of the ways to write a padding."""
    kinds = [list, tuple, np.array, lambda p: [list(pair) for pair in p]]
    if all(before == after for before, after in pairs):
        sides = [before for before, _ in pairs]
        kinds += [lambda _: tuple(sides)] if len(sides) > 1 else [lambda _: sides[0]]
    if len(set(pairs)) == 1:
        kinds += [lambda p: [p[0]]]
    return draw(st.sampled_from(kinds))(pairs)


@st.composite
def cases(draw, bare=None, words=True, types=FLOATS, auto=True, depthwise=None):
    """A call with everything that has an influence on the sums; the output is not empty.

    Without `auto` it names its algorithm, which then is the same for every other extent of `x`.
    """
    dims = draw(st.integers(1, 3))

    def per_axis(low, high):
        return draw(st.lists(st.integers(low, high), min_size=dims, max_size=dims))

    limit = {1: 80, 2: 20, 3: 7}[dims]
    kernel = per_axis(1, {1: 9, 2: 5, 3: 3}[dims])
    strides, dilations = per_axis(1, 4), per_axis(1, 3)
    spans = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
    word = draw(st.sampled_from((None, None, *WORDS))) if words else None
    pairs = [(0, 0)] * dims
    if word is None:
        sides = zip(per_axis(0, 7), per_axis(0, 7), strict=True)
        pairs = [tuple(pair) for pair in sides] if draw(st.booleans()) else pairs
    free = [before + after for before, after in pairs]
    if word in ("same", "same_lower", "full"):
        free = spans
    least = [max(1, span - pad) for span, pad in zip(spans, free, strict=True)]
    sizes = [max(low, n) for low, n in zip(least, per_axis(1, limit), strict=True)]

    is_bare = draw(st.booleans()) if bare is None else bare
    channels_last = draw(st.booleans())
    groups = 1 if is_bare else draw(st.sampled_from((1, 1, 1, 2, 3)))
    depth, filters = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    if depthwise is None:
        depthwise = not is_bare and draw(st.sampled_from((False, False, False, True)))
    if depthwise:
        groups, depth, filters = draw(st.integers(16, 40)), 1, 1  # a vector at every level
    if is_bare:
        lead = draw(st.lists(st.integers(1, 3), max_size=2))
        shape = (*lead, *sizes, draw(st.integers(1, 4))) if channels_last else (*lead, *sizes)
        weight_shape, outputs = tuple(kernel), 1
    else:
        batch = draw(st.sampled_from(((), (1,), (2,), (5,))))
        channels = groups * depth
        shape = (*batch, *sizes, channels) if channels_last else (*batch, channels, *sizes)
        weight_shape, outputs = (groups * filters, depth, *kernel), groups * filters

    seed = draw(st.integers(0, 2**20))
    x_type, weight_type = draw(st.sampled_from(types)), draw(st.sampled_from(types))
    options = {
        "stride": forms(draw, strides),
        "dilation": forms(draw, dilations),
        "padding": word or padding_forms(draw, pairs),
        "groups": draw(st.sampled_from((groups, np.int64(groups)))),
        "padding_mode": draw(st.sampled_from((*MODES, *ALIASES))),
        "channels_last": channels_last,
    }
    if options["padding_mode"] == "constant":
        fills = (0, 1, True) if x_type.kind in "iub" else (0, 1, -2.5, 0.1, np.float32(3))
        options["padding_value"] = draw(st.sampled_from(fills))
    bias_types = [None, "i1", "u8", "?"]
    bias_types += [] if x_type.kind in "iub" and weight_type.kind in "iub" else ["f2", "f4", "f8"]
    bias_type = draw(st.sampled_from(bias_types))
    bias = None if bias_type is None else values(seed + 2, outputs, bias_type)
    x, weight = values(seed, shape, x_type), values(seed + 1, weight_shape, weight_type)
    case = Case(dims, x, weight, bias, options)
    options["algorithm"] = draw(st.sampled_from(["auto"] * auto + case.rooms()))
    return case
