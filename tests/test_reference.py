"""The reference as a whole: it stands alone, and its signatures are the contract."""

import ast
import importlib
import inspect
import pkgutil

import pytest

from cconv import reference


def test_reference_stands_alone():
    rooms = [m.name for m in pkgutil.iter_modules(reference.__path__, "cconv.reference.")]
    imported = set()
    for name in ["cconv.reference", *rooms]:
        for node in ast.walk(ast.parse(inspect.getsource(importlib.import_module(name)))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                imported.add(node.module)
    assert "numpy" in imported
    ours = {name for name in imported if name.partition(".")[0] == "cconv"}
    assert ours == set(rooms)


WINDOWS = "kernel_size, stride=None, padding=0"
LAYOUT = "channels_last=False, out=None"
CONTRACT = {
    "conv": "x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, *, "
    "padding_mode='constant', padding_value=0, activation=None, channels_last=False, "
    "algorithm='auto', dtype=None, out=None",
    "max_pool": f"x, {WINDOWS}, dilation=1, ceil_mode=False, return_indices=False, *, {LAYOUT}",
    "avg_pool": f"x, {WINDOWS}, ceil_mode=False, count_include_pad=True, divisor_override=None, "
    f"*, dilation=1, {LAYOUT}",
    "lp_pool": "x, norm_type, kernel_size, stride=None, ceil_mode=False, *, padding=0, "
    f"dilation=1, {LAYOUT}",
    "adaptive_max_pool": f"x, output_size, return_indices=False, *, {LAYOUT}",
    "adaptive_avg_pool": f"x, output_size, *, {LAYOUT}",
    "max_unpool": f"x, indices, {WINDOWS}, output_size=None, *, channels_last=False",
}


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("name", CONTRACT)
def test_signature_is_the_contract(name, dims):
    parameters = inspect.signature(getattr(reference, f"{name}{dims}d")).parameters.values()
    contract = inspect.signature(eval(f"lambda {CONTRACT[name]}: 0")).parameters.values()
    ours = [(p.name, p.kind, p.default) for p in parameters]
    assert ours == [(p.name, p.kind, p.default) for p in contract]
