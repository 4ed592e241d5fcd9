"""A sheet of captioned pictures: rows of panels in, one PNG file out."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from PIL import Image

from cconv.cli.figures import GREY, INK, PALE, look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

DPI = 130
PANEL = 2.7  # width of a panel; all lengths in inches
PANEL_PIXELS = round(PANEL * DPI)
_MARGIN, _GAP = 0.5, 0.26
_TOP, _HEADING, _CAPTION, _FOOTER = 1.0, 0.5, 0.78, 0.5
_ICON = 0.5

_SIGNED, _FEATURES = "RdBu_r", "magma"


class Box(NamedTuple):
    """A rectangle; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Panel:
    """One picture and what is said about it.

    Attributes
    ----------
    title : str
    caption : sequence of str
        Up to three lines; empty ones are left out.
    picture : array of shape (h, w) or (h, w, 3)
        NaN is left blank.
    shown : {"photo", "signed", "features"}
        A photo from 0, black, to 1, white; signed values from blue through white, zero, to red;
        features from black, zero, to bright.
    kernel : array of shape (kh, kw), optional
        Drawn small beside the caption, signed.
    centre : array of shape (kh, kw), optional
        Drawn signed in the middle of the picture, a third as wide.
    place : Box, optional
        Where the picture lies, in pixels of the image it was made from.
    view : Box, optional
        What the panel shows of that plane.
    outline : Box, optional
        A frame drawn on it.
    limit : float, optional
        The value with the strongest colour, where panels share a scale; by default one that few
        pixels of the picture exceed.
    """

    title: str
    caption: Sequence[str]
    picture: NDArray[Any]
    shown: Literal["photo", "signed", "features"]
    kernel: NDArray[Any] | None = None
    centre: NDArray[Any] | None = None
    place: Box | None = None
    view: Box | None = None
    outline: Box | None = None
    limit: float | None = None


@dataclass(frozen=True)
class Row:
    """Panels with a heading and a sentence about them."""

    heading: str
    remark: str
    panels: Sequence[Panel]


def draw_sheet(title: str, remark: str, rows: Sequence[Row], footer: str, aspect: float) -> bytes:
    """Draw rows of panels.

    Parameters
    ----------
    title, remark : str
        Head of the sheet.
    rows : sequence of Row
        All with the same number of panels.
    footer : str
    aspect : float
        Height of a panel over its width.

    Returns
    -------
    bytes
        A PNG file.
    """
    with look():
        return _Sheet(title, remark, rows, footer, aspect).png()


class _Sheet:
    def __init__(
        self, title: str, remark: str, rows: Sequence[Row], footer: str, aspect: float
    ) -> None:
        self._panel_height = PANEL * aspect
        columns = max(len(row.panels) for row in rows)
        row_height = _HEADING + self._panel_height + _CAPTION
        self._width = 2 * _MARGIN + columns * PANEL + (columns - 1) * _GAP
        self._height = _TOP + len(rows) * row_height + _FOOTER
        self._figure = Figure((self._width, self._height), dpi=DPI, facecolor="white")
        self._canvas: Any = FigureCanvasAgg(self._figure)

        wide = self._width - 2 * _MARGIN
        self._text(_MARGIN, 0.36, title, wide, size=19, weight="bold")
        self._text(_MARGIN, 0.78, remark, wide, size=9.5, color=GREY)
        for r, row in enumerate(rows):
            self._row(row, _TOP + r * row_height)
        self._text(_MARGIN, self._height - 0.32, footer, wide, size=8.5, color=GREY)

    def png(self) -> bytes:
        self._canvas.draw()
        pixels = np.asarray(self._canvas.buffer_rgba())[:, :, :3]
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG", dpi=(DPI, DPI), compress_level=4)
        return file.getvalue()

    def _row(self, row: Row, top: float) -> None:
        wide = self._width - 2 * _MARGIN
        y = top + 0.25
        line = np.array([_MARGIN, self._width - _MARGIN]) / self._width
        self._figure.add_artist(
            Line2D(line, [1 - (top + 0.03) / self._height] * 2, color=PALE, linewidth=1)
        )
        heading = self._text(_MARGIN, y, row.heading, wide, size=12, weight="bold")
        used = heading.get_window_extent(self._canvas.get_renderer()).width / DPI + 0.2
        self._text(_MARGIN + used, y, row.remark, wide - used, size=9.5, color=GREY)
        for p, panel in enumerate(row.panels):
            left = _MARGIN + p * (PANEL + _GAP)
            self._picture(panel, left, top + _HEADING)
            self._caption(panel, left, top + _HEADING + self._panel_height)

    def _picture(self, panel: Panel, left: float, top: float) -> None:
        axes = self._axes(left, top, PANEL, self._panel_height)
        h, w = panel.picture.shape[:2]
        place = panel.place or Box(0, 0, w, h)
        view = panel.view or place
        scale = min(PANEL / (view.right - view.left), self._panel_height / (view.bottom - view.top))
        # Upper left, so that picture and caption share an edge.
        axes.set_xlim(view.left, view.left + PANEL / scale)
        axes.set_ylim(view.top + self._panel_height / scale, view.top)
        if panel.view:
            axes.add_patch(_rectangle(view, facecolor=PALE, zorder=-1))
        magnified = w <= (place.right - place.left) * scale * DPI
        axes.imshow(
            np.clip(panel.picture, 0, 1) if panel.shown == "photo" else panel.picture,
            **_colours(panel),
            extent=(place.left, place.right, place.bottom, place.top),
            interpolation="nearest" if magnified else "hanning",
            aspect="auto",
        )
        if panel.centre is not None:
            wide, high = (place.right - place.left) * scale, (place.bottom - place.top) * scale
            side = min(wide, high) * 0.26
            self._kernel(panel.centre, left + (wide - side) / 2, top + (high - side) / 2, side)
        if panel.outline:
            for color, width in (("white", 2.6), (INK, 1.1)):
                axes.add_patch(
                    _rectangle(panel.outline, fill=False, edgecolor=color, linewidth=width)
                )

    def _caption(self, panel: Panel, left: float, bottom: float) -> None:
        y, indent = bottom + 0.08, 0.0
        if panel.kernel is not None:
            indent = _ICON + 0.1
            self._kernel(panel.kernel, left, y, _ICON)
        wide = PANEL - indent
        self._text(left + indent, y + 0.07, panel.title, wide, size=9.5, weight="bold")
        for i, line in enumerate(filter(None, panel.caption)):
            self._text(left + indent, y + 0.24 + 0.15 * i, line, wide, size=8, color=GREY)

    def _kernel(self, kernel: NDArray[Any], left: float, top: float, side: float) -> None:
        kh, kw = kernel.shape
        cell = side / max(kh, kw)
        axes = self._axes(left, top, kw * cell, kh * cell)
        limit = 1.4 * float(np.nanmax(np.abs(kernel)))  # light enough for the numbers
        axes.imshow(kernel, _SIGNED, vmin=-limit, vmax=limit, aspect="auto")
        if cell >= 0.05:
            for i, j in zip(*np.nonzero(~np.isnan(kernel)), strict=True):
                axes.add_patch(
                    Rectangle(
                        (j - 0.5, i - 0.5),
                        1,
                        1,
                        fill=False,
                        edgecolor=GREY,
                        linewidth=0.5,
                        clip_on=False,
                    )
                )
        else:
            axes.add_patch(
                Rectangle(
                    (-0.5, -0.5), kw, kh, fill=False, edgecolor=GREY, linewidth=0.5, clip_on=False
                )
            )
        if max(kh, kw) <= 3 and np.all(kernel == np.round(kernel)):
            for i, j in np.ndindex(kh, kw):
                axes.text(
                    j,
                    i,
                    f"{kernel[i, j]:.0f}".replace("-", "\N{MINUS SIGN}"),
                    size=6,
                    color=INK,
                    ha="center",
                    va="center_baseline",
                )

    def _axes(self, left: float, top: float, width: float, height: float) -> Axes:
        w, h = self._width, self._height
        axes = self._figure.add_axes((left / w, 1 - (top + height) / h, width / w, height / h))
        axes.set_axis_off()
        return axes

    def _text(self, x: float, y: float, line: str, wide: float, size: float, **looks: Any) -> Any:
        """Write a line, smaller where it would be wider than `wide`."""
        looks = {"color": INK, "va": "center", "parse_math": False, **looks}
        printable = "".join(c if c.isprintable() else "?" for c in line)
        text: Any = self._figure.text(
            x / self._width, 1 - y / self._height, printable, size=size, **looks
        )
        width = text.get_window_extent(self._canvas.get_renderer()).width / DPI
        if width > wide:
            text.set_size(size * wide / width)
        return text


def _rectangle(box: Box, **looks: Any) -> Rectangle:
    return Rectangle((box.left, box.top), box.right - box.left, box.bottom - box.top, **looks)


def _colours(panel: Panel) -> dict[str, Any]:
    if panel.shown == "photo":
        return {"cmap": "gray", "vmin": 0, "vmax": 1}
    # Neither a few extreme pixels set the scale nor, where all is zero, rounding.
    limit = panel.limit
    if limit is None:
        limit = float(np.nanpercentile(np.abs(panel.picture), 98.5))
    limit = max(limit, 1e-3)
    if panel.shown == "signed":
        return {"cmap": _SIGNED, "vmin": -limit, "vmax": limit}
    return {"cmap": _FEATURES, "vmin": 0, "vmax": limit}
