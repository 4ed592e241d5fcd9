"""`windows`: text against counting, stacks against the operations, drawings that are files."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from enumeration import windows_along
from hypothesis import assume, given
from hypothesis import strategies as st

import cconv
from cconv.cli import main, stages, windows

pytest.importorskip("PIL")
from PIL import Image

small = st.integers(1, 4)


def told(capsys, *arguments):
    assert main(["windows", *map(str, arguments)]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out.splitlines()


# ---------------------------------------------------------------------------- one layer


@given(st.integers(1, 12), small, small, small, st.integers(0, 5), st.integers(0, 5))
def test_windows_of_an_axis_are_those_that_are_counted(n, kernel, stride, dilation, before, after):
    axis = stages.Axis("width", n, kernel, stride, dilation, before, after)
    counted = [
        [tap * dilation + start - before for tap in range(kernel)]
        for start in range(0, axis.padded, stride)
        if start + dilation * (kernel - 1) + 1 <= axis.padded
    ]
    assert [list(axis.taps(i)) for i in range(axis.outputs)] == counted
    assume(counted)
    times = [sum(e in taps for taps in counted) for e in range(-before, n + after)]
    assert stages.used(axis).tolist() == times
    lines = list(windows._axis_lines(axis))
    numbers = {line.split()[0]: line for line in lines[:3]}
    for name, value in (("padded", axis.padded), ("span", axis.span), ("output", len(counted))):
        formula, result = re.fullmatch(rf"{name} +(.*?) += +(\d+)  .*", numbers[name]).groups()
        assert int(result) == value
        assert eval(formula.replace("floor", "").replace("/", "//")) == value
    *_, last = lines[-1].split(maxsplit=1)
    if axis.padded <= 26:
        assert last.split() == list(map(str, times))
        drawn = [line[10:] for line in lines if line.startswith("window ")]
        cell = (len(lines[-1]) - 10) // axis.padded
        for taps, row in zip(counted, drawn, strict=False):
            marked = [i // cell - before for i, sign in enumerate(row) if sign == "#"]
            assert marked == taps


@given(st.tuples(st.integers(1, 9), st.integers(1, 9)), st.data())
def test_the_grid_tells_how_often_each_pixel_is_used(sizes, data):
    """What conv_transpose of ones would be: by scattering the windows."""
    pairs = [data.draw(st.tuples(st.integers(0, 3), st.integers(0, 3))) for _ in sizes]
    options = [data.draw(st.tuples(small, small, small)) for _ in sizes]
    kernel, stride, dilation = zip(*options, strict=True)
    fits = [
        cconv.shapes.output_size(n, k, s, p, d)
        for n, k, s, p, d in zip(sizes, kernel, stride, pairs, dilation, strict=True)
    ]
    assume(all(fits))
    axes = stages.axes_of(sizes, kernel, stride, pairs, dilation)
    times = np.zeros([axis.padded for axis in axes], int)
    for i in range(fits[0]):
        for j in range(fits[1]):
            rows, columns = (
                np.array(axis.taps(at)) + axis.before for axis, at in zip(axes, (i, j), strict=True)
            )
            times[np.ix_(rows, columns)] += 1
    lines = list(windows._grid_lines(axes))[1:]
    cells = [re.findall(r"\d+", line) for line in lines if "+" not in line]
    assert [list(map(int, row)) for row in cells] == times.tolist()
    rims = [i for i, line in enumerate(lines) if "+" in line]
    assert rims == [pairs[0][0], pairs[0][0] + sizes[0] + 1]
    framed = [line for line in lines[rims[0] + 1 : rims[1]]]
    for line in framed:
        inside = re.findall(r"\|([^|]*)\|", line + ("|" if line.count("|") == 1 else ""))
        assert len(inside[0].split()) == sizes[1]


def test_a_small_layer(capsys):
    lines = told(capsys, "4x5", 3, "--stride", 2, "--padding", "1,0:1", "--channels", "3,8")
    assert (
        lines
        == """\
height
  padded     4 + 1 + 1              = 6  elements with padding
  span       1*(3 - 1) + 1          = 3  from first to last tap
  output     floor((6 - 3) / 2) + 1 = 2  windows
  left over  6 - (2 + 3)            = 1  elements after the last window

  element    -1  0  1  2  3  4
  window 0    #  #  #
  window 1          #  #  #
  used        1  1  2  1  1  0

width
  padded     5 + 0 + 1              = 6  elements with padding
  span       1*(3 - 1) + 1          = 3  from first to last tap
  output     floor((6 - 3) / 2) + 1 = 2  windows
  left over  6 - (2 + 3)            = 1  elements after the last window

  element     0  1  2  3  4  5
  window 0    #  #  #
  window 1          #  #  #
  used        1  1  2  1  1  0

output 2 x 2: 4 windows of 9 taps, 36 products for each pair of channels
3 to 8 channels: 216 weights and 8 biases, 864 products

how often each pixel is used; the frame is the input, padding lies outside
     1  1  2  1  1     0
  +-----------------+
  |  1  1  2  1  1  |  0
  |  2  2  4  2  2  |  0
  |  1  1  2  1  1  |  0
  |  1  1  2  1  1  |  0
  +-----------------+
     0  0  0  0  0     0""".splitlines()
    )


def test_a_layer_too_large_to_draw(capsys):
    lines = told(capsys, 224, 7, "--stride", 2, "--padding", 3)
    text = "\n".join(lines)
    assert lines[0] == "height and width"
    assert "window 111 reads elements 219 to 225" in text
    assert "output 112 x 112: 12544 windows" in text
    (counts,) = (line for line in lines if "windows that read them" in line)
    numbers = re.findall(r"([\d,]+) by (\d+)", counts)
    reads = windows_along(224, 7, 2, 3, 3, 1, ceil_mode=False)
    times = np.bincount([e for taps in reads for e in taps if 0 <= e < 224])
    assert {int(by): int(n) for n, by in numbers} == dict(
        zip(*np.unique(times, return_counts=True), strict=True)
    )


def test_a_huge_layer(capsys):
    lines = told(capsys, 2**31 - 1, 2**31 - 1)
    assert any(line.startswith("output 1 x 1: 1 windows") for line in lines)
    lines = told(capsys, 2**31 - 1, 3, "--dilation", 5)
    assert any(f"reads elements {2**31 - 12} to {2**31 - 2}, every 5" in line for line in lines)


# --------------------------------------------------------------------------------- stacks


def test_a_stack(capsys):
    lines = told(
        capsys,
        "30x40",
        "--layer",
        "3",
        "--layer",
        "5,2",
        "--layer",
        "3,1,2,1",
        "--channels=3,8,4,6",
    )
    layers = [(3, 1, 1, "same"), (5, 2, 1, "same"), (3, 1, 2, 1)]
    x = np.ones((3, 30, 40), np.float32)
    weights = 0
    for i, (line, (k, s, d, padding), outer) in enumerate(
        zip(lines[1:4], layers, (8, 4, 6), strict=True)
    ):
        weight = np.ones((outer, len(x), k, k), np.float32)
        weights += weight.size
        x = cconv.conv2d(x, weight, None, s, padding, d)
        sees = cconv.shapes.receptive_field([layer[:3] for layer in layers[: i + 1]])
        assert re.split("  +", line.strip()) == [
            f"{i + 1}",
            f"{k} x {k}",
            f"{s}",
            f"{d}",
            f"{padding}",
            f"{x.shape[1]} x {x.shape[2]}",
            f"{sees} x {sees}",
            f"{[1, 2, 2][i]}",
            f"{weight.size:,}",
            f"{outer}",
        ]
    assert lines[5] == "an output sees 15 x 15 pixels of the input; neighbours look 2 apart"
    before, after = cconv.shapes.halo([layer[:3] for layer in layers])
    assert lines[6].startswith(f"halo: {before} pixels before a chunk and {after} after it")
    assert lines[7] == f"weights: {weights:,}; one layer of 15 x 15 would have {3 * 6 * 225:,}"


def test_a_stack_without_channels(capsys):
    lines = told(capsys, 16, "--layer", "2,2,1,valid", "--layer", "3,1,1,0:2")
    assert "weights" not in "\n".join(lines)
    assert re.split("  +", lines[2].strip())[4:6] == ["0:2", "8 x 8"]


# ------------------------------------------------------------------------------- drawings


CALLS = {
    "layer": ["6x9", "3x2", "--stride", "2,1", "--dilation", "1,3", "--padding", "1:0,2"],
    "one window": ["3", "3"],
    "one row": ["1x5", "1x3"],
    "many cells": ["70x90", "5", "--stride", "4"],
    "stack": ["32", "--layer", "3", "--layer", "2,2", "--layer", "3,1,4", "--channels", "1,2,3,4"],
    "wide stack": ["400", "--layer", "64", "--layer", "5,1,40"],
}


@pytest.mark.parametrize("name", CALLS)
def test_drawings(tmp_path, capsys, name):
    told(capsys, *CALLS[name], "-o", tmp_path / "drawing.PNG")
    with Image.open(tmp_path / "drawing.PNG") as image:
        assert image.format == "PNG"
        pixels = np.asarray(image.convert("RGB"))
    assert 500 < pixels.shape[1] < 2500
    assert pixels.std() > 10
    rim = [pixels[:10], pixels[-10:], pixels[:, :10], pixels[:, -10:]]
    assert all(part.min() == 255 for part in rim)

    told(capsys, *CALLS[name], "-o", tmp_path / "drawing.svg")
    tree = ElementTree.parse(tmp_path / "drawing.svg")
    assert tree.getroot().tag.endswith("svg")
    first = (tmp_path / "drawing.svg").read_bytes()
    told(capsys, *CALLS[name], "-o", tmp_path / "drawing.svg")
    assert (tmp_path / "drawing.svg").read_bytes() == first


# --------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("5 7", "no window fits: height 5 with padding (0, 0) has 5 elements, a window spans 7"),
        ("9x5 3 --dilation 4", "no window fits: width 5 with padding (0, 0) has 5 elements"),
        ("5", "no kernel; a size such as 3, or layers by --layer would do"),
        ("5 3 --layer 3", "--layer stands for kernel, --stride"),
        ("5 --layer 3 --padding 1", "--layer stands for kernel, --stride"),
        ("5 3 --channels 1,2,3", "--channels has 3 numbers; in,out would do"),
        ("5 --layer 3 --channels 3", "--channels has 1 numbers for 1 layers; 2 would do"),
        ("5 --layer 3 --layer 7,1,1,0", "layer 2: no window fits: height 5"),
        ("200 3 -o out.png", "200 x 200 elements with padding are too many to draw; up to 100"),
        ("999 --layer 301 -o out.png", "a field of 301 is too wide to draw; up to 300 would do"),
        ("5 3 -o no/out.png", "cannot write no/out.png: there is no folder no"),
    ],
)
def test_errors(tmp_path, monkeypatch, capsys, arguments, reason):
    monkeypatch.chdir(tmp_path)
    assert main(["windows", *arguments.split()]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"cconv windows: {reason}")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("0 3", "'0' is no number from 1 on"),
        ("5x6x7 3", "'5x6x7' has 3 numbers; one or two would do"),
        ("5 3 --layer 3,0", "'0' is no number from 1 on"),
        ("5 3 --layer 3,1,1,1,1:2,4", "'1,1:2,4' is no padding"),
        ("5 3 --padding 1:2:3", "'1:2:3' is no padding; valid, same"),
        ("5 3 --channels 3,,4", "'' is no number from 1 on"),
        ("5 3 -o out.jpg", "'out.jpg' does not end in .png or .svg"),
    ],
)
def test_calls_that_make_no_sense(capsys, arguments, reason):
    with pytest.raises(SystemExit) as ended:
        main(["windows", *arguments.split()])
    assert ended.value.code == 2
    assert reason in capsys.readouterr().err
