"""Figures: one look, PNG or SVG out."""

from __future__ import annotations

import io
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib import style
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

__all__ = ["GREY", "INK", "PALE", "Page", "look"]

INK, GREY, PALE = "#1b1f24", "#626a73", "#e9ebee"
_DPI = 160


@contextmanager
def look() -> Iterator[None]:
    """Draw as we do, whatever the settings of the user; the same file every time."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        style.use("default")
        matplotlib.rcParams["svg.hashsalt"] = "cconv"
        warnings.filterwarnings("ignore", "Glyph")  # a name may be in any script
        yield


class Page:
    """A figure measured in inches from its upper left corner."""

    def __init__(self, width: float, height: float) -> None:
        self._width, self._height = width, height
        self.figure = Figure((width, height), facecolor="white")

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return bare axes."""
        w, h = self._width, self._height
        axes = self.figure.add_axes((left / w, 1 - (top + height) / h, width / w, height / h))
        axes.set_axis_off()
        return axes

    def text(self, left: float, top: float, line: str, size: float = 9, **looks: Any) -> None:
        """Write a line; its middle is at `top`."""
        looks = {"va": "center_baseline", "color": INK, "parse_math": False, **looks}
        self.figure.text(left / self._width, 1 - top / self._height, line, size=size, **looks)

    def encoded(self, suffix: str) -> bytes:
        """Return the file that a suffix asks for."""
        file = io.BytesIO()
        kind = suffix.lower().removeprefix(".")
        undated = {"Date": None} if kind == "svg" else {}
        self.figure.savefig(file, format=kind, dpi=_DPI, metadata=undated)
        return file.getvalue()
