"""The pictures of README.md: `python docs/readme.py [FOLDER]` draws them in docs/readme."""

import io
import sys
from dataclasses import replace
from pathlib import Path

from PIL import Image

from cconv.cli import demo, main
from cconv.cli.demo.steps import Steps
from cconv.cli.images import read_image
from cconv.cli.sheet import Row, draw_sheet

WINDOWS = "windows 5x7 3 --stride 2 --padding 1"
ROWS = [
    (
        "Convolution",
        "How much brighter it gets downwards, and in any direction; light from one side.",
        ("the photograph", "Sobel y", "Sobel magnitude", "emboss"),
    ),
    (
        "Stride, pooling, padding, layers",
        "Every 19th window; the largest of four; the framed detail and its border; 8 filters.",
        ("stride 19", "max pool 2", "reflect", "conv 3"),
    ),
]
WIDTH = 1280  # pixels


def draw(folder):
    """Draw both pictures.

    Parameters
    ----------
    folder : Path
    """
    folder.mkdir(exist_ok=True)
    main([*WINDOWS.split(), "-o", str(folder / "windows.svg")])
    picture = Image.open(io.BytesIO(sheet()))
    size = WIDTH, round(picture.height * WIDTH / picture.width)
    small = picture.resize(size, Image.Resampling.LANCZOS)
    small.save(folder / "demo.jpg", quality=85, optimize=True)


def sheet():
    """Some panels of the demo's sheet, as a sheet of their own."""
    photo, _ = read_image(demo.sample(), 10**6)
    made = [panel for row in demo.rows(photo, Steps()) for panel in row.panels]

    def named(start):
        panel = next(panel for panel in made if panel.title.startswith(start))
        return replace(panel, outline=None) if "pool" in start else panel

    _, height, width = photo.shape
    return draw_sheet(
        "One photograph, convolved, pooled and padded",
        "Of the sheet that cconv demo draws.  Beside a caption its kernel: red is positive, white "
        "zero, blue negative.",
        [Row(heading, remark, [*map(named, starts)]) for heading, remark, starts in ROWS],
        "python docs/readme.py",
        aspect=height / width,
    )


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent / "readme")
