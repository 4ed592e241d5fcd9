"""Smooth a microscopy stack of any size, .npy file to .npy file, a few planes at a time.

A chunk is computed from its planes and their halo, the neighbours that the kernel reaches, so that
no seams show; `out` puts the result straight into the mapped file, rounded to the type of the
stack.  The files are mapped anew for each chunk, which gives back the memory of the one before.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

import cconv


def gaussian(sigma, axis):
    """Taps of a Gaussian along one of three axes, which sum to 1."""
    if not sigma > 0:
        raise ValueError(f"sigma {sigma} is too small; a positive number would do")
    radius = int(4 * sigma + 0.5)
    taps = np.exp(-((np.arange(-radius, radius + 1) / sigma) ** 2) / 2)
    shape = [1, 1, 1]
    shape[axis] = -1
    return (taps / taps.sum()).astype(np.float32).reshape(shape)


def smooth_planes(stack, i, j, kernels, out):
    """Smooth planes i to j of a stack; its first and last plane go on past the ends."""
    along_z, along_y, along_x = kernels
    before, after = cconv.shapes.halo([(len(along_z), 1, 1)])
    lo, hi = max(0, i - before), min(len(stack), j + after)
    padding = [(lo - (i - before), j + after - hi), 0, 0]
    planes = cconv.conv3d(stack[lo:hi], along_x, padding="same", padding_mode="edge")
    planes = cconv.conv3d(planes, along_y, padding="same", padding_mode="edge")
    cconv.conv3d(planes, along_z, padding=padding, padding_mode="edge", dtype=out.dtype, out=out)


def smooth(source, target, sigmas, planes):
    """Smooth a file into another of the same shape and type."""
    kernels = [gaussian(sigma, axis) for axis, sigma in enumerate(sigmas)]
    stack = open_memmap(source, "r")
    if planes < 1:
        raise ValueError(f"{planes} planes a chunk; at least 1 would do")
    if stack.ndim != 3:
        raise ValueError(f"{source} has shape {stack.shape}; (planes, rows, columns) would do")
    if target.exists() and target.samefile(source):
        raise ValueError(f"{target} is the stack itself; another file would do")
    open_memmap(target, "w+", stack.dtype.newbyteorder("="), stack.shape)
    for i in range(0, len(stack), planes):
        j = min(i + planes, len(stack))
        out = open_memmap(target, "r+")
        smooth_planes(open_memmap(source, "r"), i, j, kernels, out[i:j])
    return stack


def make(path, shape):
    """Write a stack of bright spots in noise, plane by plane."""
    rng = np.random.default_rng(0)
    for plane in open_memmap(path, "w+", np.uint16, tuple(shape)):
        plane[:] = rng.poisson(100 + 20_000 * (rng.random(plane.shape) < 1e-4))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help=".npy file of shape (planes, rows, columns)")
    parser.add_argument("target", type=Path, help=".npy file to write")
    parser.add_argument("--make", type=int, nargs=3, help="first write a source of this shape")
    parser.add_argument("--sigma", type=float, nargs=3, default=(1, 1.5, 1.5), help="of z, y and x")
    parser.add_argument("--planes", type=int, default=8, help="of a chunk (default: 8)")
    args = parser.parse_args()
    try:
        if args.make:
            make(args.source, args.make)
        stack = smooth(args.source, args.target, args.sigma, args.planes)
    except (OSError, TypeError, ValueError) as error:
        sys.exit(f"microscopy_stack: {error}")
    chunk = args.planes * stack[:1].nbytes / 1e6
    size = f"{stack.nbytes / 1e6:.0f} MB in chunks of {chunk:.1f} MB"
    print(f"smoothed {stack.shape} {stack.dtype}, {size}")


if __name__ == "__main__":
    main()
