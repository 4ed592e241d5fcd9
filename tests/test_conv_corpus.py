"""The named problems: all outputs of the small ones, some of every other one."""

import dataclasses
import math
import re

import numpy as np
import pytest
from problems import (
    LARGE,
    SMALL,
    assert_promised,
    case_of,
    channels_swapped,
    steepness,
)

from cconv import reference
from cconv.cli import corpus

names = {"ids": lambda problem: problem.name}


@pytest.mark.kernel
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("problem", SMALL, **names)
def test_small(problem, dtype):
    case = case_of(problem, dtype)
    for algorithm in case.rooms():
        case.options["algorithm"] = algorithm
        assert_promised(case(), case)
        assert_promised(case.layer()(case.x), case)
        if case.weight.ndim > case.dims or case.options.get("channels_last"):
            swapped, (to, back) = channels_swapped(case)
            assert_promised(np.moveaxis(swapped(), to, back), case)


MOST = 3e8  # products in one test


def within_reach(problem):
    """The problem, its first spatial axis cut until it is done in a moment."""
    bare = len(problem.weight) == problem.dims
    channels_last = problem.options.get("channels_last", False)
    steps = np.broadcast_to(problem.options.get("stride", 1), problem.dims)
    spread = np.broadcast_to(problem.options.get("dilation", 1), problem.dims)
    filters = 1 if bare else problem.weight[0] / problem.options.get("groups", 1)
    products = math.prod(problem.x) * math.prod(problem.weight[-problem.dims :])
    products *= filters / math.prod(steps.tolist())
    shape = list(problem.x)
    first = len(shape) - problem.dims - channels_last
    least = 2 * int(spread[0]) * problem.weight[-problem.dims]
    shape[first] = min(shape[first], max(int(shape[first] * MOST / products), least))
    return dataclasses.replace(problem, x=tuple(shape))


@pytest.mark.parametrize("problem", LARGE, **names)
def test_some_outputs(problem):
    case = case_of(within_reach(problem))
    x, results = case.x, {algorithm: case(algorithm=algorithm) for algorithm in case.rooms()}
    if case.options.get("channels_last"):
        x, *last = (np.moveaxis(a, -1, -1 - case.dims) for a in (x, *results.values()))
        results = dict(zip(results, last, strict=True))
    shape = results["direct"].shape
    rng = np.random.default_rng(3)
    corners = [(0,) * len(shape), tuple(n - 1 for n in shape)]
    for place in corners + [tuple(rng.integers(shape).tolist()) for _ in range(20)]:
        terms = terms_at(case, x, place)
        expected = math.fsum(terms)
        error = np.finfo(np.float32).eps * min(terms.size, 1024 + terms.size / 256)
        error *= np.abs(terms).sum()
        if activation := case.options.get("activation"):
            error *= steepness(activation)
            expected = reference.conv1d([expected], [1.0], activation=activation).item()
            error += 4 * float(np.spacing(np.float32(abs(expected))))
            error += 4 * np.finfo(np.float32).eps if activation == "gelu" else 0
        for algorithm, y in results.items():
            assert abs(float(y[place]) - expected) <= error, (algorithm, place)


def terms_at(case, x, place):
    """The terms of one output, in float64: indices by the formula, borders by numpy.pad."""
    options, dims, weight = case.options, case.dims, case.weight
    lead, position = place[:-dims], place[-dims:]
    if weight.ndim == dims:
        planes, weight, o = x[lead][None], weight[None], 0
    else:
        *batch, o = lead
        depth = weight.shape[1]
        channel = o // (weight.shape[0] // options.get("groups", 1)) * depth
        planes, weight = x[tuple(batch)][channel : channel + depth], weight[o]
    kernel, sizes = weight.shape[1:], planes.shape[1:]
    steps, spread = (options.get(name, 1) for name in ("stride", "dilation"))
    pairs = reference.resolve_padding(options.get("padding", 0), sizes, kernel, steps, spread)
    mode = options.get("padding_mode", "constant")
    constant = {"constant_values": -1} if mode == "constant" else {}
    taps = weight.astype(np.float64)
    for axis, (i, s, d, k, n, pair) in enumerate(
        zip(
            position,
            np.broadcast_to(steps, dims),
            np.broadcast_to(spread, dims),
            kernel,
            sizes,
            pairs,
            strict=True,
        ),
        start=1,
    ):
        seen = np.pad(np.arange(n), pair, mode, **constant)[i * s + d * np.arange(k)]
        planes = planes.take(seen, axis)
        taps = taps * np.where(seen < 0, 0, 1).reshape(-1, *[1] * (dims - axis))
    terms = (planes * taps).ravel()
    return terms if case.bias is None else np.append(terms, case.bias[o])


# ------------------------------------------------------------------------------ the file


def test_families_are_in_order_and_names_are_unique():
    problems = corpus.load()
    families = [problem.family for problem in problems]
    assert families == sorted(families)
    assert len({problem.name for problem in problems}) == len(problems)


def test_networks_are_whole():
    """Layers of the networks, counted from their papers."""
    families = [problem.family for problem in corpus.load()]
    assert families.count("resnet50") == 23
    assert families.count("vgg16") == 9
    assert families.count("mobilenet_v2") == 30


def test_spatial_extents_of_networks_fit_together():
    """A layer's name tells kernel, channels and extent; its output is one some layer takes."""
    for problem in corpus.load():
        if problem.family in ("resnet50", "vgg16", "mobilenet_v2"):
            kernel, channels, filters, extent = re.match(
                r".*/k(\d)\D*\d?-(\d+)-(\d+)-(\d+)$", problem.name
            ).groups()
            assert problem.x == (1, int(channels), int(extent), int(extent))
            assert problem.weight[0] == int(filters)
            assert problem.weight[2:] == (int(kernel),) * 2
            assert case_of(problem).layer().explain(problem.x).algorithm


def test_lines_are_read():
    problem = corpus.parse(
        "f/n x=2x3x4x5 weight=6x3x2x2 stride=2,1 padding=0:2,1 bias=1 activation=relu"
    )
    assert problem == corpus.Problem(
        "f/n",
        "conv2d",
        (2, 3, 4, 5),
        (6, 3, 2, 2),
        True,
        {"stride": (2, 1), "padding": ((0, 2), 1), "activation": "relu"},
    )
    assert problem.family == "f"
    bare = corpus.parse("f/n x=9x9x9 weight=3x3x3 dims=3 padding=1:0 padding_value=1.5")
    assert (bare.call, bare.dims, bare.bias) == ("conv3d", 3, False)
    assert bare.options == {"padding": ((1, 0),), "padding_value": 1.5}
    last = corpus.parse("f/n x=99 weight=3 channels_last=1 stride=2")
    assert (last.call, last.options) == ("conv1d", {"channels_last": True, "stride": 2})
