"""Filters on images against the best of OpenCV's calls that do the same, into kept results.

    taskset -c 0 python benchmarks/images.py --kind box --dtype uint8 --size 1920x1080

Prints our time over the best of theirs for each size of the kernel, and the geometric mean.  Needs
opencv-python-headless.
"""

import argparse
import statistics

import cv2
import numpy as np
from alternate import medians

import cconv

KINDS = ("dense", "gaussian", "box")


def kernel_of(kind: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The kernel, and the column that it is the square of (but for dense ones)."""
    if kind == "dense":
        kernel = np.random.default_rng(size).random((size, size))
        return kernel / kernel.sum(), np.empty(0)
    column = cv2.getGaussianKernel(size, 0)[:, 0] if kind == "gaussian" else np.full(size, 1 / size)
    return np.outer(column, column), column


def ratio(kind: str, size: int, x: np.ndarray, seconds: float) -> tuple[float, str]:
    """Our time over the best of OpenCV's, and which that was."""
    kernel, column = kernel_of(kind, size)
    wide = np.float64 if x.dtype == np.float64 else np.float32
    kernel, column = kernel.astype(wide), column.astype(wide)
    ours, theirs = np.empty_like(x), np.empty_like(x)
    options = {"padding": "same", "padding_mode": "reflect", "channels_last": x.ndim == 3}
    calls = {
        "cconv": lambda: cconv.conv2d(x, kernel, dtype=x.dtype, out=ours, **options),
        "filter2D": lambda: cv2.filter2D(x, -1, kernel, theirs),
    }
    if kind != "dense":
        calls["sepFilter2D"] = lambda: cv2.sepFilter2D(x, -1, column, column, theirs)
    if kind == "gaussian":
        calls["GaussianBlur"] = lambda: cv2.GaussianBlur(x, (size, size), 0, theirs)
    if kind == "box":
        calls["blur"] = lambda: cv2.blur(x, (size, size), theirs)
    took = medians(calls, seconds)
    own = took.pop("cconv")
    best = min(took, key=took.__getitem__)
    return own / took[best], best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=KINDS, default="dense")
    parser.add_argument("--size", default="1920x1080", help="width x height")
    parser.add_argument("--dtype", choices=("float32", "float64", "uint8"), default="float32")
    parser.add_argument("--rgb", action="store_true", help="three channels, the last axis")
    parser.add_argument("--kernels", type=int, nargs="+", default=[3, 5, 7, 9, 11, 13, 15, 21])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.5, help="for each kernel")
    args = parser.parse_args()
    cconv.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    width, height = map(int, args.size.split("x"))
    shape = (height, width, 3) if args.rgb else (height, width)
    x = (255 * np.random.default_rng(0).random(shape)).astype(args.dtype)
    ratios = []
    for size in args.kernels:
        found, best = ratio(args.kind, size, x, args.seconds)
        ratios.append(found)
        print(f"{size:3}: {found:.2f} of {best}", flush=True)
    print(f"geometric mean {statistics.geometric_mean(ratios):.2f}")


if __name__ == "__main__":
    main()
