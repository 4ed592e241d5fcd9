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
    threads = cconv.get_num_threads()
    try:
        for test in examples(module):
            runner.run(test, out=report.append)
    finally:
        cconv.set_num_threads(threads)
    assert runner.failures == 0, "".join(report)


@pytest.mark.parametrize(("module", "name"), PUBLIC)
def test_every_public_object_has_an_example(module, name):
    text = inspect.getdoc(getattr(importlib.import_module(module), name))
    assert "\nExamples\n--------\n" in text
    assert doctest.DocTestParser().get_examples(text)


@pytest.mark.parametrize(("module", "name"), PUBLIC)
def test_every_public_object_tells_what_it_is(module, name):
    thing = getattr(importlib.import_module(module), name)
    first = inspect.getdoc(thing).splitlines()[0]
    assert first.endswith((".", ":", "-"))
    assert len(first) < 100


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, name in PUBLIC if module != "cconv.reference"]
)
def test_every_parameter_is_told(module, name):
    call = getattr(importlib.import_module(module), name)
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
