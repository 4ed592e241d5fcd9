"""The pictures of the tutorial, drawn of what its code blocks compute."""

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from pages import run

from cconv.cli.demo.tiles import around, enlarged, mosaic

INK, LINE, WINDOW, RESULT = "#1b1f24", "#c9cfd6", "#2563eb", "#d97706"
LOOKS = {
    "font.size": 9,
    "text.color": INK,
    "savefig.dpi": 150,
    "svg.hashsalt": "cconv",
    "savefig.bbox": "tight",
    "savefig.pad_inches": 0.05,
}
WIDTH = 8.0  # inches


def draw(docs):
    """Run the tutorial in the folder `docs` and draw its pictures in `docs`/pictures.

    Parameters
    ----------
    docs : Path
    """
    folder = docs / "pictures"
    folder.mkdir(exist_ok=True)
    names = run(docs / "tutorial.md")
    with rc_context(LOOKS):
        window(names).savefig(folder / "window.svg")
        steps().savefig(folder / "steps.svg")
        for picture in (filters, borders, pools, network):
            picture(names).savefig(folder / f"{picture.__name__}.png")


# ---------------------------------------------------------------------------------- grids


def window(names):
    """One window of the image, the kernel, and where their sum of products goes."""
    image, kernel = names["image"], names["kernel"]
    maps = names["conv2d"](image, kernel)
    figure = Figure((5.6, 2.5))
    figure.subplots_adjust(left=0, right=1, bottom=0, top=0.92, wspace=0)
    parts = figure.subplots(1, 5, width_ratios=(5, 0.8, 3, 0.8, 3))
    row, column = 2, 0
    numbers(parts[0], image, "image, 5 \N{MULTIPLICATION SIGN} 5")
    box(parts[0], row, column, 3, WINDOW)
    numbers(parts[2], kernel, "kernel, 3 \N{MULTIPLICATION SIGN} 3")
    numbers(parts[4], maps, "feature map, 3 \N{MULTIPLICATION SIGN} 3")
    box(parts[4], row, column, 1, RESULT)
    for part, sign in ((parts[1], "\N{MULTIPLICATION SIGN}"), (parts[3], "=")):
        part.set_axis_off()
        part.text(0.5, 0.5, sign, size=15, ha="center", va="center")
    return figure


def steps():
    """The taps of a window and of the next one."""
    figure = Figure((WIDTH, 2.0))
    figure.subplots_adjust(left=0, right=1, bottom=0, top=0.9, wspace=0.1)
    for part, (title, stride, dilation) in zip(
        figure.subplots(1, 3),
        (("stride 1", 1, 1), ("stride 2", 2, 1), ("dilation 2", 1, 2)),
        strict=True,
    ):
        grid(part, 5, 7, title)
        for y, x in np.ndindex(3, 3):
            corner = (dilation * x - 0.5, dilation * y - 0.5)
            part.add_patch(Rectangle(corner, 1, 1, fc=WINDOW, alpha=0.3))
            corner = (stride + dilation * x - 0.34, dilation * y - 0.34)
            part.add_patch(Rectangle(corner, 0.68, 0.68, fill=False, ec=RESULT, lw=1.8))
    return figure


def grid(part, rows, columns, title):
    """Empty cells under a title, the first at (0, 0), y downwards."""
    part.set_xlim(-0.6, columns - 0.4)
    part.set_ylim(rows - 0.4, -0.6)
    part.set_aspect("equal")
    part.set_axis_off()
    part.set_title(title, size=9, pad=4)
    for y, x in np.ndindex(rows, columns):
        part.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fc="white", ec=LINE, lw=0.7))


def numbers(part, array, title):
    """Cells with numbers, on red where positive and on blue where negative."""
    grid(part, *array.shape, title)
    limit = 3.2 * np.abs(array).max()
    part.imshow(array, "RdBu_r", vmin=-limit, vmax=limit, zorder=1.5, alpha=0.8)
    for (y, x), value in np.ndenumerate(array):
        text = f"{value}".replace("-", "\N{MINUS SIGN}")
        part.text(x, y, text, ha="center", va="center_baseline")


def box(part, row, column, size, colour):
    """Frame `size` by `size` cells."""
    corner = (column - 0.5, row - 0.5)
    part.add_patch(Rectangle(corner, size, size, fill=False, ec=colour, lw=2.4, zorder=3))


# ---------------------------------------------------------------------------- photographs


def filters(names):
    """The photograph and three filters of it."""
    limit = float(np.percentile(np.abs(names["edges"]), 99))
    return side_by_side(
        ("grey", names["grey"], "photo", 1),
        ("mean of 9 \N{MULTIPLICATION SIGN} 9", names["blurred"], "photo", 1),
        ("edges", names["edges"], "signed", limit),
        ("sharpened", names["sharpened"], "photo", 1),
    )


def borders(names):
    """The photograph in five borders, framed."""
    figure = side_by_side(*((mode, names["framed"][mode], "photo", 1) for mode in names["modes"]))
    height, width = names["grey"].shape
    for part in figure.axes:
        corner = (150 - 0.5, 150 - 0.5)
        part.add_patch(Rectangle(corner, width, height, fill=False, ec=RESULT, lw=1.2))
    return figure


def pools(names):
    """The edges, their maxima, the maxima put back, and means."""
    limit = float(np.percentile(names["peaks"], 98))
    cut = (slice(150, 350), slice(180, 350))
    magnified = tuple(slice(s.start // 8, s.stop // 8) for s in cut)
    return side_by_side(
        ("size of the edges, a part", np.abs(names["edges"])[cut], "features", limit),
        ("maxima of 8 \N{MULTIPLICATION SIGN} 8", names["peaks"][magnified], "features", limit),
        ("put back by max_unpool2d", names["restored"][cut], "features", limit),
        ("means of the photograph", names["means"][magnified], "photo", 1),
    )


def network(names):
    """The input, the first layer's maps around it, and the second layer's."""
    slopes, found = names["slopes"], names["found"]
    ring, sheet = around(slopes), mosaic(enlarged(found), 4)
    figure = side_by_side(
        ("slopes in 8 directions around the input", ring, "features", bright(slopes)),
        ("16 maps of pairs, pooled: lines and corners", sheet, "features", bright(found)),
    )
    h, w = slopes.shape[1:]
    top, side = (ring.shape[0] - h) / 2 - 0.5, (ring.shape[1] - w) / 2 - 0.5
    left, _ = figure.axes
    limits = left.axis()
    place = (side, side + w, top + h, top)
    left.imshow(names["small"][0], "gray", vmin=0, vmax=1, extent=place)
    left.axis(limits)
    return figure


def bright(maps):
    """What is drawn as the brightest."""
    return float(np.percentile(maps, 98.5))


def side_by_side(*panels):
    """Draw (title, array, kind, limit), equally high."""
    widths = [array.shape[1] / array.shape[0] for _, array, _, _ in panels]
    gaps = 0.03 * (len(panels) - 1)
    figure = Figure((WIDTH, WIDTH / sum(widths) * (1 - gaps) + 0.25))
    parts = figure.subplots(1, len(panels), width_ratios=widths)
    figure.subplots_adjust(left=0, right=1, bottom=0, top=0.9, wspace=0.06)
    for part, panel in zip(parts, panels, strict=True):
        show(part, panel[1], panel[0], *panel[2:])
    return figure


def show(part, array, title, kind, limit):
    """Draw an array: a "photo", "signed" around white, or "features", bright on dark."""
    low = -limit if kind == "signed" else 0
    colours = {"photo": "gray", "signed": "RdBu_r", "features": "magma"}[kind]
    part.imshow(array, colours, vmin=low, vmax=limit, interpolation="antialiased")
    part.set_axis_off()
    part.set_title(title, size=8.5, pad=4)
