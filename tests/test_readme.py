"""Every Python block of README.md runs, top to bottom as one session, and prints what it says."""

import doctest
import re
from pathlib import Path

import numpy as np
import pytest

import cconv

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8")


def fences(language):
    """Return (line number, text) of each fenced block of a language."""
    found = re.finditer(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return [(TEXT[: m.start(1)].count("\n"), m[1]) for m in found]


def test_python_blocks():
    session = {}
    blocks = fences("python")
    assert len(blocks) >= 3
    for line, text in blocks:
        if ">>>" not in text:
            exec(compile("\n" * line + text, str(README), "exec"), session)
            continue
        test = doctest.DocTestParser().get_doctest(text, session, "README", str(README), line)
        report = []
        runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
        runner.run(test, out=report.append, clear_globs=False)
        assert runner.failures == 0, "".join(report)
        session = test.globs
    assert session["edges"].shape == (480, 640)
    assert session["edges"].dtype == np.float32


def test_the_example_comes_first():
    line, _ = fences("python")[0]
    assert line < 10
    assert "edges = conv2d" in "\n".join(TEXT.splitlines()[:10])


@pytest.mark.parametrize(
    ("name", "commands"),
    [
        ("install", ['pip install ".[cli]"', "python -m cconv demo"]),
        (
            "test",
            ['pip install --upgrade "pip>=25.1"', "pip install --group test", "pytest"],
        ),
    ],
)
def test_marked_commands(name, commands):
    (block,) = re.findall(rf"^<!-- ci: {name} -->\n```sh\n(.*?)^```$", TEXT, re.M | re.S)
    assert block.splitlines() == commands


def test_border_table():
    rows = re.findall(r"^\| (`\"\w+\"`.*?) \| `([\d ]+)\[1 2 3 4\]([\d ]+)`", TEXT, re.MULTILINE)
    assert len(rows) == 5
    for names, before, after in rows:
        border = [float(n) for n in f"{before} 1 2 3 4 {after}".split()]
        for mode in re.findall(r'"(\w+)"', names):
            got = cconv.conv1d(np.arange(1.0, 5), np.ones(1), padding=3, padding_mode=mode)
            np.testing.assert_array_equal(got, border)
