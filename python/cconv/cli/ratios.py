"""The plot of `bench`: ratios of times on a logarithmic axis, a line for every problem."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matplotlib.ticker import FixedLocator, NullLocator

from cconv.cli.figures import GREY, INK, PALE, Page, look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cconv.cli.timings import Row

__all__ = ["draw_ratios"]

_MARGIN, _NAMES, _WIDE, _LINE, _HEAD = 0.4, 2.6, 5.6, 0.19, 1.15
_COLOURS = ("#d9822b", "#2f6fb5", "#3d9a5f", "#8e5bb5")
_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


def draw_ratios(rows: Sequence[Row], names: Sequence[str], remark: str, suffix: str) -> bytes:
    """Draw our time over that of each peer.

    Parameters
    ----------
    rows : sequence of Row
    names : sequence of str
        The peers.
    remark : str
    suffix : {".png", ".svg"}

    Returns
    -------
    bytes
        A file of that kind.
    """
    found = [row.ratio(name) for row in rows for name in names if name in row.timings]
    least, most = min([0.5, *found]) / 1.25, max([2.0, *found]) * 1.25
    with look():
        high = max(len(rows), 2) * _LINE
        page = Page(2 * _MARGIN + _NAMES + _WIDE, _HEAD + high + 0.65)
        page.text(_MARGIN, 0.38, "Times of cconv over times of others", size=13, weight="bold")
        page.text(_MARGIN, 0.66, remark, color=GREY)
        plane = page.axes(_MARGIN + _NAMES, _HEAD, _WIDE, high)
        plane.set_axis_on()
        plane.set_xscale("log")
        plane.set_xlim(least, most)
        plane.set_ylim(len(rows) - 0.5, -0.5)
        plane.axvspan(least, 1, color="#eef5ee", zorder=0)
        plane.axvline(1, color=INK, linewidth=1)
        family = ""
        for y, row in enumerate(rows):
            if y and row.name.partition("/")[0] != family:
                plane.axhline(y - 0.5, color="#c9ced4", linewidth=0.8)
            family = row.name.partition("/")[0]
            ratios = [row.ratio(name) for name in names if name in row.timings]
            if ratios:
                plane.plot([min(ratios), max(ratios)], [y, y], color=PALE, linewidth=2, zorder=1)
            for name, colour in zip(names, _COLOURS, strict=False):
                if name in row.timings:
                    face = colour if row.counts(name) else "white"
                    plane.plot(
                        row.ratio(name), y, "o", ms=5.5, mfc=face, mec=colour, mew=1.2, zorder=3
                    )
        plane.set_yticks(range(len(rows)), [row.name for row in rows], fontsize=8)
        ticks = [tick for tick in _TICKS if least <= tick <= most]
        plane.xaxis.set_major_locator(FixedLocator(ticks))
        plane.xaxis.set_minor_locator(NullLocator())
        plane.set_xticks(ticks, [f"{tick:g}" for tick in ticks], fontsize=8.5)
        plane.grid(axis="x", color="#e3e6e9", linewidth=0.7)
        plane.set_axisbelow(True)
        plane.tick_params(length=0, colors=GREY)
        for side in plane.spines.values():
            side.set_visible(False)
        _legend(page, rows, names)
        middle = _MARGIN + _NAMES + _WIDE * math.log(1 / least) / math.log(most / least)
        foot = _HEAD + high + 0.42
        page.text(
            middle - 0.12, foot, "cconv is faster \N{LEFTWARDS ARROW}", color=GREY, ha="right"
        )
        page.text(middle + 0.12, foot, "\N{RIGHTWARDS ARROW} slower", color=GREY)
        return page.encoded(suffix)


def _legend(page: Page, rows: Sequence[Row], names: Sequence[str]) -> None:
    left = _MARGIN + _NAMES
    for name, colour in zip(names, _COLOURS, strict=False):
        if not any(name in row.timings for row in rows):
            continue
        page.text(left, 0.95, "\N{BLACK CIRCLE}", size=10, color=colour)
        page.text(left + 0.17, 0.95, name, color=INK)
        left += 0.35 + 0.085 * len(name)
    if any(name in row.timings and not row.counts(name) for row in rows for name in names):
        page.text(left, 0.95, "\N{WHITE CIRCLE} error too large", color=GREY)
