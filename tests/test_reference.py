"""The reference as a whole: it stands alone."""

import ast
import importlib
import inspect
import pkgutil

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
