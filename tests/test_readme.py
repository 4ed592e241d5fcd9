"""Every Python block of README.md runs, top to bottom as one session, and prints what it says."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from pages import fences, run

import cconv
from cconv.cli import bench

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
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
            ['pip install --upgrade "pip>=25.1"', "pip install --group test", "pytest -n auto"],
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


def test_links_lead_somewhere():
    links = re.findall(r"\]\((.*?)\)", TEXT)
    assert len(links) >= 6
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_figures_are_of_problems_that_there_are():
    filters = re.findall(r"^\| `'(.*?)'` \|", TEXT, re.MULTILINE)
    assert len(filters) == 8 + 4  # of functions, of layers
    for pattern in filters:
        assert len(bench._problems(pattern)) >= 8, pattern


def test_pictures_are_drawn_by_the_commands_told(tmp_path):
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("matplotlib")
    script = ROOT / "docs" / "readme.py"
    command = [sys.executable, script, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    kept = script.with_suffix("")
    assert sorted(path.name for path in kept.iterdir()) == ["demo.jpg", "windows.svg"]
    with image.open(tmp_path / "demo.jpg") as drawn, image.open(kept / "demo.jpg") as shown:
        assert drawn.size == shown.size
        difference = np.subtract(drawn.convert("L"), shown.convert("L"), dtype=float)
    assert np.abs(difference).mean() < 5
    for folder in (tmp_path, kept):
        assert ElementTree.parse(folder / "windows.svg").getroot().tag.endswith("svg")
        assert (folder / "demo.jpg").stat().st_size < 300_000
    (windows,) = re.findall(r'^WINDOWS = "(.*)"$', script.read_text(encoding="utf-8"), re.M)
    assert f"`cconv {windows} -o windows.svg`" in TEXT
