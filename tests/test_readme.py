"""Every Python block of README.md runs, top to bottom as one session, and prints what it says."""

import re
from pathlib import Path

import numpy as np
import pytest
from pages import fences, run

import cconv

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8")


def test_python_blocks():
    assert len(fences(TEXT, "python")) >= 3
    session = run(README)
    assert session["edges"].shape == (480, 640)
    assert session["edges"].dtype == np.float32


def test_the_example_comes_first():
    line, _ = fences(TEXT, "python")[0]
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
