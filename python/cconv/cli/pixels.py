"""Image files in and out as they are: grey or RGB of 8 or 16 bits, with or without alpha.

Pillow has no 16-bit colours: those of a PNG are read as the high bytes, then as the low ones, and
written here.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps

from cconv.cli import CommandError
from cconv.cli.images import opened

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Pixels", "check_format", "encode", "read_pixels"]


@dataclass(frozen=True)
class Pixels:
    """An image.

    Attributes
    ----------
    colours : uint8 or uint16 array of shape (H, W, C)
        C is 1 for grey, 3 for RGB.
    alpha : array of shape (H, W), optional
        Of the same type.
    """

    colours: NDArray[Any]
    alpha: NDArray[Any] | None = None

    def __str__(self) -> str:
        H, W, C = self.colours.shape
        name = ("grey" if C == 1 else "RGB") + (" and alpha" if self.alpha is not None else "")
        return f"{W} x {H} pixels, {name}, {8 * self.colours.itemsize} bits"

    @property
    def together(self) -> NDArray[Any]:
        """Colours and alpha as an array of shape (H, W, 1 to 4)."""
        if self.alpha is None:
            return self.colours
        return np.concatenate([self.colours, self.alpha[:, :, np.newaxis]], axis=2)


def read_pixels(path: Path) -> Pixels:
    """Read an image file, upright; a palette becomes RGB, a transparent colour alpha.

    Raises
    ------
    CommandError
        The file cannot be read, is no image, or has pixels of another kind.
    """
    with opened(path) as image:
        planes = _decoded(image)
    channels = planes.shape[2]
    if channels % 2:
        return Pixels(planes)
    return Pixels(np.ascontiguousarray(planes[:, :, :-1]), planes[:, :, -1].copy())


def _decoded(image: Image.Image) -> NDArray[Any]:
    if _is_deep(image):
        return _deep_colours(image)
    upright = ImageOps.exif_transpose(image)
    mode = upright.mode
    if mode.startswith("I"):
        grey = np.asarray(upright)
        if grey.min() < 0 or grey.max() > 65535:
            raise CommandError("pixels of 32 bits; 8 or 16 would do")
        return grey.astype(np.uint16)[:, :, np.newaxis]
    if mode == "F":
        raise CommandError("pixels are floats; integers of 8 or 16 bits would do")
    if mode in ("1", "L", "LA"):
        wanted = "LA" if upright.has_transparency_data else "L"
    else:
        wanted = "RGBA" if upright.has_transparency_data else "RGB"
    return np.atleast_3d(np.asarray(upright.convert(wanted)))


def _is_deep(image: Any) -> bool:
    """Whether Pillow would drop half of each colour."""
    if image.mode not in ("RGB", "RGBA") or not getattr(image, "tile", None):
        return False
    way = image.tile[0][3]
    words = way if isinstance(way, tuple) else (way,)
    deep = any(";16" in word for word in words if isinstance(word, str))
    return deep or (image.format == "PPM" and any(w > 255 for w in words if isinstance(w, int)))


def _deep_colours(image: Any) -> NDArray[Any]:
    if image.format != "PNG":
        raise CommandError("colours of 16 bits are read from PNG files only")
    if str(image.tile[0][3]).startswith("LA"):
        four = _unpacked(image.fp, "RGBA").astype(np.uint16)  # two bytes of grey, two of alpha
        return four[:, :, ::2] << 8 | four[:, :, 1::2]
    high, low = (_unpacked(image.fp, f"{image.mode};16{end}") for end in "BL")
    return high.astype(np.uint16) << 8 | low


def _unpacked(file: Any, way: str) -> NDArray[np.uint8]:
    """Decode a PNG by one of Pillow's raw modes, of as many bits as the file's."""
    file.seek(0)
    image: Any = Image.open(file)
    image.tile = [(*image.tile[0][:3], way)]
    return np.asarray(ImageOps.exif_transpose(image))


def check_format(path: Path, pixels: Pixels) -> None:
    """Refuse before any work a kind of file that does not hold such pixels."""
    few = pixels.colours[:1, :1], None if pixels.alpha is None else pixels.alpha[:1, :1]
    encode(path, Pixels(*few))


def encode(path: Path, pixels: Pixels) -> memoryview:
    """Return the file that holds an image; the ending of its path says which kind.

    Raises
    ------
    CommandError
        Pillow writes no such files, or not with such pixels.
    """
    planes = pixels.together
    suffix = path.suffix.lower()
    format_ = Image.registered_extensions().get(suffix)
    if format_ not in Image.SAVE:
        ending = suffix or "no ending"
        raise CommandError(f"cannot write {path}: {ending} is no image; .png would do")
    if planes.dtype == np.uint16 and planes.shape[2] > 1:
        if format_ != "PNG":
            raise CommandError(f"cannot write {path}: 16-bit colours or alpha go into .png only")
        return memoryview(_deep_png(planes))
    file = io.BytesIO()
    picture = planes[:, :, 0] if planes.shape[2] == 1 else planes
    try:
        Image.fromarray(picture).save(file, format_)
    except (OSError, ValueError, KeyError) as error:
        raise CommandError(f"cannot write {path}: {error}; .png would do") from None
    return file.getbuffer()


def _deep_png(planes: NDArray[np.uint16]) -> bytes:
    H, W, C = planes.shape
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[C]
    rows = planes.astype(">u2").view(np.uint8).reshape(H, -1)
    lines = np.empty((H, 1 + rows.shape[1]), np.uint8)
    lines[:, 0] = 2  # each row as its difference from the one above
    lines[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=lines[1:, 1:])

    def chunk(name: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", W, H, 16, colour_type, 0, 0, 0)
    data = zlib.compress(lines.data, 4)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", data), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
