"""Filters on images against the best of OpenCV's calls that do the same, into kept results.

    taskset -c 0 python benchmarks/images.py --kind box --dtype uint8 --size 1920x1080

Prints our time over the best of theirs for each size of the kernel, and the geometric mean; with
`--against scipy` over that of SciPy's.  Needs opencv-python-headless, or SciPy.
"""

import argparse
import statistics
from collections.abc import Callable

import cv2
import numpy as np
from alternate import medians
from scipy import ndimage

import cconv

KINDS = ("dense", "gaussian", "box")


def kernel_of(kind: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The kernel, and the column that it is the square of (but for dense ones)."""
    if kind == "dense":
        kernel = np.random.default_rng(size).random((size, size))
        return kernel / kernel.sum(), np.empty(0)
    column = cv2.getGaussianKernel(size, 0)[:, 0] if kind == "gaussian" else np.full(size, 1 / size)
    return np.outer(column, column), column


Calls = dict[str, Callable[[], object]]


def of_opencv(kind: str, kernel: np.ndarray, column: np.ndarray, x: np.ndarray) -> Calls:
    out, size = np.empty_like(x), len(kernel)
    calls: Calls = {"filter2D": lambda: cv2.filter2D(x, -1, kernel, out)}
    if kind != "dense":
        calls["sepFilter2D"] = lambda: cv2.sepFilter2D(x, -1, column, column, out)
    if kind == "gaussian":
        calls["GaussianBlur"] = lambda: cv2.GaussianBlur(x, (size, size), 0, out)
    if kind == "box":
        calls["blur"] = lambda: cv2.blur(x, (size, size), out)
    return calls


def of_scipy(kind: str, kernel: np.ndarray, column: np.ndarray, x: np.ndarray) -> Calls:
    out, between, size = np.empty_like(x), np.empty_like(x), len(kernel)

    def along_both(filter1d: Callable[..., object], what: object) -> object:
        filter1d(x, what, 0, between, "mirror")
        return filter1d(between, what, 1, out, "mirror")

    if kind == "dense":
        weights = kernel[..., None] if x.ndim == 3 else kernel
        return {"correlate": lambda: ndimage.correlate(x, weights, out, "mirror")}
    if kind == "gaussian":
        return {"correlate1d": lambda: along_both(ndimage.correlate1d, column)}
    return {"uniform_filter1d": lambda: along_both(ndimage.uniform_filter1d, size)}


def ratio(kind: str, size: int, x: np.ndarray, against: str, seconds: float) -> tuple[float, str]:
    """Our time over the best of theirs, and which that was."""
    kernel, column = kernel_of(kind, size)
    wide = np.float64 if x.dtype == np.float64 else np.float32
    kernel, column = kernel.astype(wide), column.astype(wide)
    ours = np.empty_like(x)
    options = {"padding": "same", "padding_mode": "reflect", "channels_last": x.ndim == 3}
    calls = {"cconv": lambda: cconv.conv2d(x, kernel, dtype=x.dtype, out=ours, **options)}
    calls |= {"opencv": of_opencv, "scipy": of_scipy}[against](kind, kernel, column, x)
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
    parser.add_argument("--against", choices=("opencv", "scipy"), default="opencv")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each kernel")
    args = parser.parse_args()
    cconv.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    width, height = map(int, args.size.split("x"))
    shape = (height, width, 3) if args.rgb else (height, width)
    x = (255 * np.random.default_rng(0).random(shape)).astype(args.dtype)
    ratios = []
    for size in args.kernels:
        found, best = ratio(args.kind, size, x, args.against, args.seconds)
        ratios.append(found)
        print(f"{size:3}: {found:.2f} of {best}", flush=True)
    print(f"geometric mean {statistics.geometric_mean(ratios):.2f}")


if __name__ == "__main__":
    main()
