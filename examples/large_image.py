"""A picture of 8K blurred by a Gaussian, and the time it takes, beside OpenCV's and SciPy's.

The kernel is a column times a row, which `conv2d` sees for itself.  A result that is kept costs no
new memory from call to call.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

import cconv


def gaussian(size):
    """The column that a Gaussian kernel is the square of, as `cv2.getGaussianKernel` has it."""
    sigma = 0.3 * ((size - 1) / 2 - 1) + 0.8
    column = np.exp(-(((np.arange(size) - (size - 1) / 2) / sigma) ** 2) / 2)
    return (column / column.sum()).astype(np.float32)


def rings(height, width):
    """Rings that grow finer outwards."""
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return (0.5 + 0.5 * np.cos(60 * (x * x + y * y))).astype(np.float32)


def others(image, column):
    """Calls of the libraries that are installed, each of which gives the blurred image."""
    calls = {}
    try:
        import cv2

        calls["OpenCV"] = lambda: cv2.sepFilter2D(image, -1, column, column)
    except ImportError:
        pass
    try:
        from scipy import ndimage

        calls["SciPy"] = lambda: ndimage.convolve1d(
            ndimage.convolve1d(image, column, 0, mode="mirror"), column, 1, mode="mirror"
        )
    except ImportError:
        pass
    return calls


def milliseconds(call, times=3):
    """The result of a call, and the median of a few calls."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        result = call()
        taken.append(1e3 * (time.perf_counter() - begin))
    return result, statistics.median(taken)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", type=Path, help="picture to write")
    parser.add_argument("--image", type=Path, help="picture to blur (default: rings)")
    parser.add_argument("--size", type=int, nargs=2, default=(4320, 7680), metavar=("H", "W"))
    parser.add_argument("--kernel", type=int, default=13, help="pixels per axis (default: 13)")
    args = parser.parse_args()
    try:
        if args.image:
            image = np.asarray(Image.open(args.image).convert("L"), np.float32) / 255
        else:
            image = rings(*args.size)
        column = gaussian(args.kernel)
        kernel, blurred = np.outer(column, column), np.empty_like(image)
        options = {"padding": "same", "padding_mode": "reflect", "out": blurred}
        _, own = milliseconds(lambda: cconv.conv2d(image, kernel, **options))
        Image.fromarray(np.uint8(255 * blurred.clip(0, 1))).save(args.target)
    except (OSError, ValueError) as error:
        sys.exit(f"large_image: {error}")
    height, width = image.shape
    print(f"{width} x {height} by {args.kernel} x {args.kernel}: {own:.0f} ms")
    for name, call in others(image, column).items():
        theirs, taken = milliseconds(call)
        if not np.allclose(theirs, blurred, rtol=0, atol=1e-5):
            sys.exit(f"large_image: {name} has another result")
        print(f"{name} {taken:.0f} ms")


if __name__ == "__main__":
    main()
