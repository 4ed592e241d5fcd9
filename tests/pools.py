"""Pools to test: random ones for hypothesis, and the judge of their results."""

import math
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
from enumeration import shares_along
from hypothesis import strategies as st
from problems import INTEGERS, TYPES, WORDS, forms, padding_forms, values

import cconv
from cconv import reference

WINDOWED = ("max_pool", "avg_pool", "lp_pool")
ADAPTIVE = ("adaptive_max_pool", "adaptive_avg_pool")
POOLS = (*WINDOWED, *ADAPTIVE)
MAXIMA = ("max_pool", "adaptive_max_pool")
REAL = tuple(dtype for dtype in TYPES if dtype.kind != "c")
FLOATS = tuple(dtype for dtype in REAL if dtype not in INTEGERS)

# What a pool cannot be called without.
NEEDS = {
    "max_pool": {"kernel_size": 2},
    "avg_pool": {"kernel_size": 2},
    "lp_pool": {"norm_type": 2, "kernel_size": 2},
    "adaptive_max_pool": {"output_size": 2},
    "adaptive_avg_pool": {"output_size": 2},
}


def types_of(name):
    return REAL if name in MAXIMA else TYPES


@dataclass
class Pool:
    """Arguments of one call of a pool."""

    name: str
    dims: int
    x: np.ndarray
    options: dict[str, Any] = field(default_factory=dict)

    def __call__(self, **changes):
        call = getattr(cconv, f"{self.name}{self.dims}d")
        return call(**{"x": self.x} | self.options | changes)

    def reference(self, **changes):
        call = getattr(reference, f"{self.name}{self.dims}d")
        return call(**{"x": self.x} | self.options | changes)

    @property
    def channels_last(self):
        return self.options.get("channels_last", False)

    def sizes(self):
        """Spatial shape of x."""
        shape = self.x.shape[:-1] if self.channels_last else self.x.shape
        return shape[-self.dims :]

    def terms(self):
        """Elements that each window holds, in a shape that broadcasts with the result."""
        sizes = self.sizes()
        if self.name in WINDOWED:
            names = ("kernel_size", "stride", "padding", "ceil_mode", "dilation")
            windows = {name: self.options[name] for name in names if name in self.options}
            average = getattr(reference, f"avg_pool{self.dims}d")
            counts = average(np.ones(sizes), **windows, divisor_override=1)
        else:
            asked = self.options["output_size"]
            entries = np.broadcast_to(np.array(asked, object), self.dims)
            shares = [
                [len(share) for share in shares_along(n, n if m is None else m)]
                for n, m in zip(sizes, entries, strict=True)
            ]
            counts = reduce(np.multiply.outer, (np.array(along, float) for along in shares))
        return counts[..., None] if self.channels_last else counts


def assert_pooled(y, pool):
    """`y` is what the contract promises of `pool()`.

    Maxima are exact.  Of the terms t of a window, K of them, a mean is off by at most
    `eps * min(K, 1024 + K/256) * sum |t| / |divisor|`; and a norm, whose powers are off by an ulp
    or two, relatively by `eps * (min(K, 1024 + K/256) + 2)/p`, and the root's own error.  Half an
    ulp is added where the result is narrower than the sum, and all that once more where the
    reference sums in the same type.
    """
    expected = pool.reference()
    assert y.dtype == expected.dtype
    assert y.dtype.isnative
    assert y.shape == expected.shape
    if pool.name in MAXIMA:
        assert_equal(y, expected)
        return
    complex_sum = y.dtype.kind == "c"
    wide = np.dtype(np.complex128 if complex_sum else np.float64)
    exact_pool = Pool(pool.name, pool.dims, as_wide(pool.x), pool.options)
    exact = exact_pool.reference()
    summed = sum_type(pool.name, y.dtype)
    eps, tiny = float(np.finfo(summed).eps), float(np.finfo(summed).smallest_subnormal)
    terms = pool.terms()
    chain = np.minimum(terms, 1024 + terms / 256)
    with np.errstate(all="ignore"):
        if pool.name == "lp_pool":
            p = float(pool.options["norm_type"])
            logarithm = np.abs(np.log(np.where(exact > 0, exact, 1)))
            error = eps * exact * ((chain + 2) / p + logarithm + 2)
        else:
            error = eps * chain * magnitude(pool)
        error = error + terms * tiny
        if summed == np.float64:
            error = 2 * error
        part = np.empty(0, y.dtype).real.dtype
        ulp = np.spacing((np.abs(exact) + error).astype(part)).astype(np.float64)
        error = error + np.where(np.isnan(ulp), np.inf, ulp) / 2
        finite = np.isfinite(exact)
        off = np.abs(y.astype(wide) - exact)[finite] - (2 if complex_sum else 1) * error[finite]
    np.testing.assert_array_equal(y.astype(wide)[~finite], exact[~finite])
    assert (off <= 0).all(), f"{(off > 0).sum()} of {off.size} are off, by up to {off.max()}"


def assert_equal(y, expected):
    """Equal, NaN to NaN; NumPy alone does not know which bfloat16 are NaN."""
    halves = y.dtype.itemsize == 2 and y.dtype not in INTEGERS
    y, expected = (a.astype(np.float32) if halves else a for a in (y, expected))
    np.testing.assert_array_equal(y, expected)


def sum_type(name, result):
    """What sums are taken in, of their real and imaginary parts."""
    if name == "lp_pool" or result in (np.float64, np.complex128):
        return np.dtype(np.float64)
    return np.dtype(np.float32)


def as_wide(x):
    if x.dtype.kind == "c":
        return x.astype(np.complex128)
    return x if x.dtype in INTEGERS else x.astype(np.float64)


def magnitude(pool):
    """Sums of absolute terms over the absolute divisor."""
    override = pool.options.get("divisor_override")
    options = pool.options | ({} if override is None else {"divisor_override": abs(override)})
    x = as_wide(pool.x)
    absolute = np.abs(x.astype(np.float64) if x.dtype.kind in "biu" else x)
    return Pool(pool.name, pool.dims, absolute, options).reference()


# ------------------------------------------------------------------------------ random pools


def few_values(seed, shape, dtype):
    """Numbers of which many are equal, both zeros among those of floats."""
    x = values(seed, shape, dtype)
    if x.dtype.kind in "biuc":
        return x
    return np.where(np.random.default_rng(seed).random(shape) < 0.5, x, np.trunc(x)).astype(x.dtype)


@st.composite
def pools(draw, names=POOLS, types=None, words=True, valid=False, dilation=3):
    """A call with everything that has an influence on the result.

    Its windows may hold border alone, or not fit at all, which is an error; not those of a `valid`
    one.  `dilation` is the largest.
    """
    name = draw(st.sampled_from(names))
    dims = draw(st.integers(1, 3))

    def per_axis(low, high):
        return draw(st.lists(st.integers(low, high), min_size=dims, max_size=dims))

    sizes = per_axis(1, {1: 70, 2: 13, 3: 5}[dims])
    options: dict[str, Any] = {}
    if name in WINDOWED:
        kernel = per_axis(1, {1: 9, 2: 5, 3: 3}[dims])
        strides, dilations = per_axis(1, 4), per_axis(1, dilation)
        spans = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
        word = draw(st.sampled_from((None, None, *WORDS))) if words else None
        pairs = [(draw(st.integers(0, s - 1)), draw(st.integers(0, s - 1))) for s in spans]
        if draw(st.booleans()):
            pairs = [(before, before) for before, _ in pairs]
        if valid:
            sizes = [max(n, s) for n, s in zip(sizes, spans, strict=True)]
        options["kernel_size"] = forms(draw, kernel)
        options["dilation"] = forms(draw, dilations)
        options["stride"] = draw(st.sampled_from((None, (), [])))
        if draw(st.integers(0, 3)):
            options["stride"] = forms(draw, strides)
        options["padding"] = word or padding_forms(draw, pairs)
        options["ceil_mode"] = word is None and draw(st.booleans())
    else:
        outputs = [draw(st.sampled_from((None, 1, 2, 3, 4, 7, 11))) for _ in range(dims)]
        kinds = [tuple, list]
        if None not in outputs:
            kinds += [np.array]
        if len(set(outputs)) == 1:
            kinds += [lambda entries: entries[0], lambda entries: (entries[0],)]
        options["output_size"] = draw(st.sampled_from(kinds))(outputs)
    if name == "avg_pool":
        options["count_include_pad"] = draw(st.booleans())
        options["divisor_override"] = draw(st.sampled_from((None, None, None, 1, -3, 7, 2**40)))
    if name == "lp_pool":
        norms = (1, 2, 0.5, 3, 2.5, np.float32(1.25), np.int8(4), 7.0)
        options["norm_type"] = draw(st.sampled_from(norms))

    channels_last = draw(st.booleans())
    options["channels_last"] = channels_last
    batch = draw(st.sampled_from(((), (1,), (2,), (3,))))
    channels = draw(st.sampled_from((1, 2, 3, 5, 8, 17, 33)))
    if channels_last:
        shape = (*batch, *sizes, channels)
    else:
        bare = not batch and draw(st.booleans())
        shape = tuple(sizes) if bare else (*batch, channels, *sizes)
    dtype = draw(st.sampled_from(types_of(name) if types is None else types))
    return Pool(name, dims, few_values(draw(st.integers(0, 2**20)), shape, dtype), options)


def flat_places(pool, indices):
    """The elements of x at the places in its planes that `indices`, shaped as a result, name."""
    x, dims = pool.x, pool.dims
    if pool.channels_last:
        x, indices = np.moveaxis(x, -1, -1 - dims), np.moveaxis(indices, -1, -1 - dims)
    lead = x.shape[:-dims]
    planes = x.reshape(*lead, math.prod(x.shape[-dims:]))
    taken = np.take_along_axis(planes, indices.reshape(*lead, math.prod(indices.shape[-dims:])), -1)
    taken = taken.reshape(indices.shape)
    return np.moveaxis(taken, -1 - dims, -1) if pool.channels_last else taken
