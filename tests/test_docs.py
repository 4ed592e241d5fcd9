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
OPERATIONS = sorted(set(cconv.reference.__all__) & set(cconv.__all__))


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
    wanted = {"Conv2d", "explain", "num_threads", *OPERATIONS, *cconv.shapes.__all__}
    assert wanted <= with_examples


@pytest.mark.parametrize(("module", "name"), PUBLIC)
def test_every_public_object_tells_what_it_is(module, name):
    thing = getattr(importlib.import_module(module), name)
    first = inspect.getdoc(thing).splitlines()[0]
    assert first.endswith((".", ":", "-"))
    assert len(first) < 100


@pytest.mark.parametrize("call", [*OPERATIONS, "explain"])
def test_every_parameter_is_told(call):
    call = getattr(cconv, call)
    text = " ".join(inspect.getdoc(call).split())
    for name in inspect.signature(call).parameters:
        assert name in text, name


@pytest.mark.parametrize("name", OPERATIONS)
def test_signatures_are_those_of_the_reference(name):
    ours, theirs = (
        [(p.name, p.kind, p.default) for p in inspect.signature(call).parameters.values()]
        for call in (getattr(cconv, name), getattr(cconv.reference, name))
    )
    assert ours == theirs


def test_all_names_are_there():
    for module in MODULES:
        imported = importlib.import_module(module)
        for name in getattr(imported, "__all__", ()):
            assert hasattr(imported, name), f"{module}.{name}"
