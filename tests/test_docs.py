"""Docstrings: their examples run, every public object has one, parameters are all told."""

import doctest
import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import cconv

MODULES = ["cconv"] + [
    module.name
    for module in pkgutil.walk_packages(cconv.__path__, "cconv.")
    if not module.name.rpartition(".")[2].startswith("_")
]
PUBLIC = [
    (module, name)
    for module in ("cconv", "cconv.shapes", "cconv.reference")
    for name, thing in vars(importlib.import_module(module)).items()
    if name in importlib.import_module(module).__all__ and callable(thing)
]


def examples(module):
    names = {"np": np, "cconv": cconv}
    imported = importlib.import_module(module)
    return doctest.DocTestFinder().find(imported, module, extraglobs=names)


@pytest.mark.parametrize("module", MODULES)
def test_examples_run(module):
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    report = []
    for test in examples(module):
        runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)


def test_every_operation_has_an_example():
    with_examples = {
        test.name.rpartition(".")[2]
        for module in MODULES
        for test in examples(module)
        if test.examples
    }
    wanted = {"conv1d", "conv2d", "conv3d", "Conv2d", "explain", "num_threads"}
    assert wanted | set(cconv.shapes.__all__) <= with_examples


@pytest.mark.parametrize(("module", "name"), PUBLIC)
def test_every_public_object_tells_what_it_is(module, name):
    thing = getattr(importlib.import_module(module), name)
    first = inspect.getdoc(thing).splitlines()[0]
    assert first.endswith((".", ":", "-"))
    assert len(first) < 100


@pytest.mark.parametrize("call", [cconv.conv2d, cconv.conv1d, cconv.conv3d, cconv.explain])
def test_every_parameter_is_told(call):
    text = " ".join(inspect.getdoc(call).split())
    for name in inspect.signature(call).parameters:
        assert name in text, name


def test_all_names_are_there():
    for module in MODULES:
        imported = importlib.import_module(module)
        for name in getattr(imported, "__all__", ()):
            assert hasattr(imported, name), f"{module}.{name}"
