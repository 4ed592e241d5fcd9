"""Docstrings: their examples run, every public object has one, parameters are all told."""

import doctest
import importlib
import inspect
import operator
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


def parameters(function):
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize("name", OPERATIONS)
def test_signatures_are_those_of_the_reference(name):
    assert parameters(getattr(cconv, name)) == parameters(getattr(cconv.reference, name))


SIGNATURES = {
    "pad": "array, pad_width, mode='constant', *, constant_values=0",
    "explain": "call, x, weight, *args, **options",
    "set_num_threads": "n",
    "get_num_threads": "",
    "num_threads": "n",
    "show_config": "mode='stdout'",
    "shapes.output_size": "n, kernel, stride=1, padding=0, dilation=1, ceil_mode=False",
    "shapes.transposed_output_size": "n, kernel, stride=1, padding=0, output_padding=0, dilation=1",
    "shapes.same_padding": "n, kernel, stride=1, dilation=1, lower=False",
    "shapes.resolve_padding": "padding, sizes, kernel, stride=1, dilation=1",
    "shapes.receptive_field": "layers",
    "Conv2d.explain": "self, x",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_are_the_contract(name):
    promised = eval(f"lambda {SIGNATURES[name]}: 0")
    assert parameters(operator.attrgetter(name)(cconv)) == parameters(promised)


def test_all_names_are_there():
    for module in MODULES:
        imported = importlib.import_module(module)
        for name in getattr(imported, "__all__", ()):
            assert hasattr(imported, name), f"{module}.{name}"
