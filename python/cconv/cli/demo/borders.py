"""What lies outside an image: padding modes, and how much of the border a result keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cconv.cli import kernels
from cconv.cli.demo.tiles import coarse, crop, detail, pixels
from cconv.cli.sheet import Box, Panel, Row

if TYPE_CHECKING:
    from cconv.cli.demo.steps import Array, Steps

MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


def modes(photo: Array, steps: Steps) -> Row:
    """A detail of the photograph, of few pixels, in a border half as wide as itself."""
    few = coarse(crop(photo, detail(*photo.shape[1:])), 24)
    _, h, w = few.shape
    rows, columns = (h + 1) // 2, (w + 1) // 2
    place = Box(-columns, -rows, w + columns, h + rows)

    def panel(mode: str) -> Panel:
        step = steps.pad(mode, few, rows, columns)
        picture = pixels(step.result)
        frame = Box(0, 0, w, h)
        return Panel(mode, step.caption, picture, "photo", place=place, outline=frame)

    return Row(
        "Padding modes",
        "What pad puts around the framed detail, which was reduced until its pixels can be "
        "counted.  Reflect leaves the outermost pixel out, symmetric repeats it.",
        [panel(mode) for mode in MODES],
    )


def words(grey: Array, steps: Steps) -> Row:
    """A blur with every word for a padding, then with other borders than zeros."""
    small = coarse(grey, 112, least=16)
    h, w = small.shape
    inside = Box(0, 0, w, h)
    blur = kernels.box(min(15, min(h, w) // 14 * 2 + 1))
    margin = len(blur) * 5 // 6
    view = Box(-margin, -margin, w + margin, h + margin)

    def panel(word: str, **options: Any) -> Panel:
        title = ", ".join([f'"{word}"', *options.values()])
        step = steps.conv(title, small, blur, padding=word, **options)
        out_h, out_w = step.result.shape
        left, top = (w - out_w) / 2, (h - out_h) / 2
        place = Box(left, top, left + out_w, top + out_h)
        return Panel(
            title,
            step.caption,
            step.result,
            "photo",
            blur,
            place=place,
            view=view,
            outline=inside,
        )

    return Row(
        "Blurred borders",
        "A small copy of the photograph, framed; each result lies where its windows have their "
        "centres.  Outside there are zeros, which darken the rim, or what a padding mode says.",
        [
            *map(panel, ("valid", "same", "full")),
            *(panel("same", padding_mode=mode) for mode in ("edge", "wrap")),
        ],
    )
