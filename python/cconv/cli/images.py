"""Image files in: any file that Pillow reads becomes a float32 array."""

from __future__ import annotations

import math
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

import cconv
from cconv.cli import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_MOST_PIXELS = 2**30  # of a file: what claims to hold more is no photograph
_DEEP = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")  # Pillow's grey modes past 8 bits


def read_image(path: Path, most_pixels: int) -> tuple[NDArray[np.float32], int]:
    """Read an image file.

    Parameters
    ----------
    path : Path
    most_pixels : int
        A larger image is reduced by a whole factor, by averaging.

    Returns
    -------
    image : float32 array of shape (C, H, W)
        From 0, black, to 1; C is 1 for a grey image, else 3.  What is transparent lies on white;
        a grey image of more than 8 bits is scaled to its own brightest pixel.
    factor : int
        It was reduced by.

    Raises
    ------
    CommandError
        The file cannot be read, or is no image.
    """
    with opened(path) as image:
        return _as_array(image, most_pixels)


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """Open an image file; what is wrong with it, found by now or in decoding, is a CommandError."""
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about oddities of the file
            Image.MAX_IMAGE_PIXELS = None  # judged here
            with Image.open(file) as image:
                if image.width * image.height > _MOST_PIXELS:
                    raise CommandError(
                        f"{image.width} x {image.height} pixels are too many; "
                        f"up to {_MOST_PIXELS} would do"
                    )
                yield image
    except (CommandError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise CommandError(f"{path}: not an image that Pillow can read") from None
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from None
    except Exception as error:  # of a broken file; Pillow's decoders raise nearly anything
        raise CommandError(f"{path}: broken image: {error}") from None


def _as_array(image: Image.Image, most_pixels: int) -> tuple[NDArray[np.float32], int]:
    pixels = image.width * image.height
    factor = math.isqrt(max(0, math.ceil(pixels / most_pixels) - 1)) + 1
    upright = ImageOps.exif_transpose(image)
    if upright.mode in _DEEP:
        deep = np.nan_to_num(np.asarray(upright, np.float32), posinf=0, neginf=0)
        deep /= max(float(deep.max()), 1e-30)
        return reduced(deep[np.newaxis], factor), factor

    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
    upright = upright.convert("L" if upright.mode in ("1", "L", "LA") else "RGB")
    channels_last = np.atleast_3d(np.asarray(upright.reduce(factor)))
    array = np.ascontiguousarray(np.moveaxis(channels_last, -1, 0), np.float32)
    array /= 255
    return array, factor


def reduced(image: NDArray[Any], factor: int) -> NDArray[np.float32]:
    """Average blocks of `factor` x `factor` pixels: a strided convolution.

    Parameters
    ----------
    image : float32 array of shape (..., H, W)
    factor : int
        At most the smaller of H and W.

    Returns
    -------
    float32 array of shape (..., H // factor, W // factor)
    """
    if factor == 1:
        return image
    block = np.full((factor, factor), 1 / factor**2, np.float32)
    return cconv.conv2d(image, block, stride=factor)
