"""Hostile objects as arguments: no crash, no hang, one line of an error, `out` as it was."""

import threading

import child
import numpy as np
import pytest
from operations import OPERATIONS
from problems import values

import cconv

SEED = 20_000


def complaints(code):
    """What a process of its own prints that has hostile.py."""
    code = f"import hostile\nhostile.main({code})"
    return child.run(code, timeout=120, **child.with_tests())


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_hostile_object_as_every_argument(name):
    assert complaints(f"hostile.every({name!r})") == ""


def test_random_calls():
    print(f"hostile.fuzz({SEED}, 20_000)")
    assert complaints(f"hostile.fuzz({SEED}, 20_000)") == ""


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")
def test_arrays_that_another_thread_gives_other_forms():
    """The form they have when a call begins is the one that counts."""
    forms = {"x": [(60, 1, 40, 40), (30, 1, 80, 40), (60, 1, 20, 80)], "weight": [(1, 1, 3, 3)]}
    forms["weight"].append((3, 3))
    x, weight = values(0, forms["x"][0]), values(1, (3, 3))
    layer, done, wrong = cconv.Conv2d(weight), threading.Event(), []
    calls = {
        "conv2d": lambda x: cconv.conv2d(x, weight),
        "Conv2d": layer,
        "pad": lambda x: cconv.pad(x, 1, "edge"),
    }
    expected = {
        name: {y.shape: y for y in (call(x.reshape(form)) for form in forms["x"])}
        for name, call in calls.items()
    }

    def change():
        while not done.is_set():
            for array, name in ((x, "x"), (weight, "weight"), (layer.weight, "weight")):
                for form in forms[name]:
                    array.shape = form
                try:
                    array.resize(3)
                    wrong.append("an array in use was resized")
                except ValueError:
                    pass

    thread = threading.Thread(target=change)
    thread.start()
    try:
        with cconv.num_threads(2):
            for _ in range(12):
                for name, call in calls.items():
                    y = call(x)
                    np.testing.assert_array_equal(y, expected[name][y.shape])
    finally:
        done.set()
        thread.join()
    assert wrong == []
