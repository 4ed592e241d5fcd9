"""Calls whose every request for memory fails once, the process started with scarce.c preloaded."""

import contextlib
import ctypes
import faulthandler
import threading
import warnings

import numpy as np
from operations import OPERATIONS, takes_out
from problems import values

import cconv

DEPTHWISE = {"x": values(0, (2, 16, 9)), "weight": values(1, (16, 1, 3)), "bias": values(2, 16)}
DEPTHWISE |= {"groups": 16, "algorithm": "depthwise"}

# Changes of the arguments of an operation that make its call take memory in other places.
CONV = {
    "as they are": {},
    "converted": {"x": values(0, (2, 4, 9), ">f8")},
    "lists": {"weight": values(0, (6, 2, 3)).tolist(), "bias": [1] * 6, "stride": [1]},
    "large": {"x": values(0, (40, 4, 3000))},
    "gemm": {"algorithm": "gemm"},
    "gemm, large": {"algorithm": "gemm", "x": values(0, (40, 4, 3000))},
    "depthwise": DEPTHWISE,
    "depthwise, large": DEPTHWISE | {"x": values(0, (40, 16, 3000))},
}
CHANGES = {
    "conv1d": CONV | {"refused": {"stride": [0]}},
    "Conv1d": CONV,  # not refused: CPython 3.11 may lose the error of an __init__ without memory
    "max_pool2d": {
        "as they are": {},
        "indices": {"return_indices": True},
        "large": {"x": values(0, (4, 800, 900)), "kernel_size": 4},
        "refused": {"stride": 0},
    },
    "avg_pool2d": {"strided, halves": {"x": values(0, (2, 9, 9), np.float16)[..., ::2]}},
    "max_unpool2d": {"as they are": {}, "refused": {"indices": np.full((2, 3, 3, 4), 99)}},
    "pad": {
        "as they are": {},
        "values": {"constant_values": (1.5, 2), "pad_width": [(1, 2)]},
        "references": {"array": np.array([[1, None]]), "mode": "edge"},
        "large": {"array": values(0, (600, 700))},
        "refused": {"pad_width": {7: 1}},
    },
}


def outcome(library, function, arguments, granted):
    """Whether a request was refused; what the call returned and raised, on a thread of its own.

    A new thread keeps no workspace.  Its thread-local data, which glibc allocates when they are
    first used and without which it ends the process, are made by a call and a refusal before.
    """
    granted_now = ctypes.c_long.in_dll(library, "granted")
    refusals = ctypes.c_long.in_dll(library, "refusals")
    ended, small = [None, None], (np.ones(1), np.ones(1))

    def call():
        cconv.conv1d(*small)
        with contextlib.suppress(ValueError):
            cconv.conv1d(*small, stride=0)
        library.own()
        granted_now.value = granted
        try:
            ended[0] = function(**arguments)
        except BaseException as error:
            granted_now.value = -1
            ended[1] = error
        granted_now.value = -1

    refusals.value = 0
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    return refusals.value > 0, *ended


def complaints(library, operation, changes, with_out):
    """What was wrong where the first, the second, ... request was refused; how many there were."""
    arguments = operation.arguments() | changes
    _, expected, refusal = outcome(library, operation.function, arguments, -1)
    for granted in range(10_000):
        if with_out and expected is not None:
            arguments["out"] = out = np.full_like(expected, 7)
        refused, y, error = outcome(library, operation.function, arguments, granted)
        if error is None and not np.array_equal(y, expected):
            yield f"request {granted}: another result"
        if error is not None and not isinstance(error, MemoryError | type(refusal)):
            yield f"request {granted}: {error!r}"
        if error is not None and "out" in arguments and not (out == 7).all():
            yield f"request {granted}: {error!r}, and out has changed"
        if not refused:
            break
    yield from () if granted > 1 else ["no request was refused"]


def main(path, name):
    """Print complaints.  One thread: GCC's OpenMP runtime ends a process that has no memory."""
    faulthandler.enable()
    warnings.simplefilter("ignore")
    cconv.set_num_threads(1)
    library, operation = ctypes.CDLL(path), OPERATIONS[name]
    for label, changes in CHANGES[name].items():
        for with_out in (False, True)[: 1 + takes_out(name)]:
            for said in complaints(library, operation, changes, with_out):
                print(f"{name}, {label}, {'out' if with_out else 'no out'}: {said}")
