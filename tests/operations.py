"""Every operation as an entry of one table, for tests that treat them all alike."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from problems import CONV, LAYER, values

import cconv
from cconv import shapes


@dataclass(frozen=True)
class Operation:
    """A function of keyword arguments, and arguments it takes, made anew for each call."""

    function: Callable[..., Any]
    arguments: Callable[[], dict[str, Any]]

    def __call__(self, **changes):
        return self.function(**self.arguments() | changes)


def of_conv(dims):
    """Arguments of a convolution, every option among them."""

    def arguments():
        return {
            "x": values(0, (2, 4, *(7, 6, 5)[-dims:])),
            "weight": values(1, (6, 2, *(3, 2, 3)[-dims:])),
            "bias": values(2, 6),
            "stride": 1,
            "padding": 0,
            "dilation": 1,
            "groups": 2,
            "padding_mode": "constant",
            "padding_value": 0,
            "activation": None,
            "channels_last": False,
            "algorithm": "auto",
            "dtype": None,
        }

    return arguments


def of_pool(dims, **options):
    """Arguments of a pool, its own options among them."""

    def arguments():
        return {"x": values(0, (2, 3, *(7, 6, 5)[-dims:])), "channels_last": False} | options

    return arguments


def pools(dims):
    """Each pool of so many axes with its arguments."""
    windows = {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": 1, "ceil_mode": False}
    average = {"count_include_pad": True, "divisor_override": None}
    options = {
        "max_pool": windows | {"return_indices": False},
        "avg_pool": windows | average,
        "lp_pool": windows | {"norm_type": 2},
        "adaptive_max_pool": {"output_size": 2, "return_indices": False},
        "adaptive_avg_pool": {"output_size": (3,)},
    }
    names = {name: f"{name}{dims}d" for name in options}
    return {
        names[name]: Operation(getattr(cconv, names[name]), of_pool(dims, **options[name]))
        for name in options
    }


def of_unpool():
    """Arguments of max_unpool2d."""
    y, indices = cconv.max_pool2d(values(0, (2, 3, 6, 8)), 2, return_indices=True)
    more = {"kernel_size": 2, "stride": None, "padding": 0, "output_size": None}
    return {"x": y, "indices": indices, "channels_last": False} | more


def call_of_layer(dims):
    return lambda x, out=None, **options: LAYER[dims](**options)(x, out)


def explain_layer(x, **options):
    return cconv.Conv2d(**options).explain(x)


def num_threads(n):
    with cconv.num_threads(n):
        return cconv.get_num_threads()


def set_num_threads(n):
    before = cconv.get_num_threads()
    try:
        cconv.set_num_threads(n)
        return cconv.get_num_threads()
    finally:
        cconv.set_num_threads(before)


AXIS = {"n": 9, "kernel": 3, "stride": 2, "dilation": 1}

OPERATIONS = {
    **{f"conv{dims}d": Operation(CONV[dims], of_conv(dims)) for dims in (1, 2, 3)},
    **{f"Conv{dims}d": Operation(call_of_layer(dims), of_conv(dims)) for dims in (1, 2, 3)},
    "pad": Operation(
        cconv.pad,
        lambda: {
            "array": values(0, (3, 4, 5)),
            "pad_width": 1,
            "mode": "constant",
            "constant_values": 0,
        },
    ),
    **{name: pool for dims in (1, 2, 3) for name, pool in pools(dims).items()},
    "max_unpool2d": Operation(cconv.max_unpool2d, of_unpool),
    "explain": Operation(cconv.explain, lambda: {"call": "conv2d"} | of_conv(2)()),
    "Conv2d.explain": Operation(explain_layer, of_conv(2)),
    "output_size": Operation(
        shapes.output_size, lambda: AXIS | {"padding": (1, 2), "ceil_mode": True}
    ),
    "transposed_output_size": Operation(
        shapes.transposed_output_size, lambda: AXIS | {"padding": 1, "output_padding": 1}
    ),
    "same_padding": Operation(shapes.same_padding, lambda: AXIS | {"lower": True}),
    "resolve_padding": Operation(
        shapes.resolve_padding,
        lambda: {"padding": "same", "sizes": (9, 8), "kernel": 3, "stride": 2, "dilation": (1, 2)},
    ),
    "receptive_field": Operation(
        shapes.receptive_field, lambda: {"layers": [(3, 2, 1), [5, 1, 2]]}
    ),
    "num_threads": Operation(num_threads, lambda: {"n": 2}),
    "set_num_threads": Operation(set_num_threads, lambda: {"n": 2}),
    "show_config": Operation(cconv.show_config, lambda: {"mode": "dicts"}),
}


def takes_out(name):
    """Whether the operation has an argument `out`."""
    without = "pad", "max_unpool2d"
    return isinstance(OPERATIONS[name](), np.ndarray) and name not in without
