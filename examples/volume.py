"""Surfaces in a volume: Gaussian smoothing, size of the gradient, strongest value of every block.

The gradient is one `conv3d` to three channels; `max_pool3d` says where its maxima were.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from PIL import Image

import cconv


def smoothed(volume, sigma):
    """A Gaussian along each axis; the volume is mirrored at its faces."""
    if not sigma > 0:
        raise ValueError(f"sigma {sigma} is too small; a positive number would do")
    radius = int(4 * sigma + 0.5)
    taps = np.exp(-((np.arange(-radius, radius + 1) / sigma) ** 2) / 2).astype(np.float32)
    taps /= taps.sum()
    for shape in ((-1, 1, 1), (1, -1, 1), (1, 1, -1)):
        kernel = taps.reshape(shape)
        volume = cconv.conv3d(volume, kernel, padding="same", padding_mode="symmetric")
    return volume


def steepness(volume):
    """Size of the gradient, by central differences."""
    weight = np.zeros((3, 1, 3, 3, 3), np.float32)
    weight[0, 0, :, 1, 1] = weight[1, 0, 1, :, 1] = weight[2, 0, 1, 1, :] = -0.5, 0, 0.5
    slopes = cconv.conv3d(volume[np.newaxis], weight, padding=1, padding_mode="edge")
    return np.linalg.norm(slopes, axis=0)


def balls(size):
    """A bright ball next to a darker one, in noise."""
    z, y, x = np.ogrid[: 1 : size * 1j, : 1 : size * 1j, : 1 : size * 1j]
    bright = (z - 0.5) ** 2 + (y - 0.4) ** 2 + (x - 0.35) ** 2 < 0.25**2
    darker = (z - 0.5) ** 2 + (y - 0.7) ** 2 + (x - 0.75) ** 2 < 0.15**2
    noise = np.random.default_rng(0).normal(0, 0.1, bright.shape)
    return (bright + 0.5 * darker + noise).astype(np.float32)


def read(path):
    """The volume of a .npy file, mapped."""
    volume = open_memmap(path, "r")
    if volume.ndim != 3 or volume.dtype.kind not in "iuf":
        raise ValueError(f"{path} has not three axes of integers or floats, which would do")
    return volume


def picture(volumes):
    """The middle slices of volumes side by side, all of one size, each from black to white."""
    size = 4 * np.array(volumes[0].shape[:0:-1])  # (width, height)
    tiles = []
    for volume in volumes:
        middle = np.nan_to_num(volume[len(volume) // 2].astype(np.float32))
        grey = np.uint8(255 * (middle - middle.min()) / max(np.ptp(middle), 1e-9))
        tiles.append(Image.fromarray(grey).resize(size, Image.Resampling.NEAREST))
    return Image.fromarray(np.hstack(tiles))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", type=Path, help="picture to draw, or .npy file of the maxima")
    parser.add_argument("--volume", type=Path, help=".npy file of 3 axes (default: two balls)")
    parser.add_argument("--sigma", type=float, default=1.5, help="in voxels (default: 1.5)")
    parser.add_argument("--block", type=int, default=4, help="voxels per axis (default: 4)")
    args = parser.parse_args()
    try:
        volume = read(args.volume) if args.volume else balls(64)
        smooth = smoothed(volume, args.sigma)
        steep = steepness(smooth)
        strongest, places = cconv.max_pool3d(steep[np.newaxis], args.block, return_indices=True)
        if args.target.suffix == ".npy":
            np.save(args.target, strongest[0])
        else:
            picture([volume, smooth, steep, strongest[0]]).save(args.target)
    except (OSError, TypeError, ValueError) as error:
        sys.exit(f"volume: {error}")
    place = np.unravel_index(places.flat[strongest.argmax()], steep.shape)
    print(f"{strongest.size} blocks, steepest at {tuple(map(int, place))}: {strongest.max():.3f}")


if __name__ == "__main__":
    main()
