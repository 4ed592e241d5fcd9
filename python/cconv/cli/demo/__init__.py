"""`demo`: a photograph through many convolutions, onto one sheet.

In comes a photograph; each step is computed and timed; out go a table and a row of pictures from
each function of `rows`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.cbook

import cconv
from cconv.cli import CommandError
from cconv.cli.demo import borders, filters, network, pools
from cconv.cli.demo.steps import Steps
from cconv.cli.images import read_image
from cconv.cli.output import check_output, write_output
from cconv.cli.sheet import Row, draw_sheet

if TYPE_CHECKING:
    from cconv.cli.demo.steps import Array

_SAMPLE = "grace_hopper.jpg"
_MOST_PIXELS = 40_000_000  # 8K in full; beyond, the pictures would look the same
_LEAST_EXTENT = 16  # of which the network's pools leave 4


def run(image: Path | None, output: Path) -> None:
    """Filter a photograph, print a timing table and write the sheet.

    Parameters
    ----------
    image : Path, optional
        The sample that matplotlib ships by default.
    output : Path
        A PNG file, replaced where it exists.

    Raises
    ------
    CommandError
        The image cannot be read or the sheet not written.
    """
    source = image or sample()
    check_output(output, source)
    photo, factor = read_image(source, _MOST_PIXELS)
    _, H, W = photo.shape
    if min(H, W) < _LEAST_EXTENT:
        least = _LEAST_EXTENT
        raise CommandError(f"{source}: {W} x {H} pixels; at least {least} x {least} would do")
    size = f"{W} x {H} pixels" + (f", means of {factor} x {factor}" if factor > 1 else "")
    name = source.name if len(source.name) <= 60 else f"{source.name[:57]}..."
    print(f"{name}: {size}, float32\n")

    steps = Steps()
    made = rows(photo, steps)
    config = cconv.show_config("dicts")
    threads = config["threads"]["in_use"]
    here = f"cconv {config['version']}, {config['isa']['in_use']}, threads: {threads}"
    print(f"\n{steps.count} steps, pixels those of the input; {here}")

    sheet = draw_sheet(
        "One photograph, convolved, pooled and padded",
        f"{name}, {size}.  Every picture is computed by cconv in float32.  Beside each "
        "caption its kernel; in kernels and signed results red is positive, white zero, blue "
        "negative.",
        made,
        f"python -m cconv demo   \N{MIDDLE DOT}   {here}",
        aspect=min(max(H / W, 0.2), 1.2),
    )
    write_output(output, sheet)


def rows(photo: Array, steps: Steps) -> list[Row]:
    """Return the rows of the sheet, from a photograph of shape (3, H, W)."""
    grey = filters.grey(photo, steps)
    plane = grey.result[0]
    return [
        filters.blur(photo, grey, steps),
        filters.edges(plane, steps),
        filters.strides(plane, steps),
        pools.pools(plane, steps),
        borders.modes(photo, steps),
        borders.words(plane, steps),
        network.stack(photo, steps),
    ]


def sample() -> Path:
    """Return where the photograph that matplotlib ships lies."""
    try:
        return Path(matplotlib.cbook.get_sample_data(_SAMPLE, asfileobj=False))
    except OSError:
        raise CommandError(
            "this matplotlib ships no sample photograph; name an image: python -m cconv demo IMAGE"
        ) from None
