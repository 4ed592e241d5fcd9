"""Previews of a folder of images: each averaged to a smaller size, then sharpened.

A pool of processes shares the files, so each process computes in one thread.  Pixels stay
(H, W, C), as Pillow has them; `dtype` rounds and saturates the sharpened image to 8 bits again.
A file that is no image is reported and left out.
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

import cconv

SHARPEN = np.array([[0, -1, 0], [-1, 8, -1], [0, -1, 0]], np.float32) / 4


def preview(pixels, factor):
    """Reduce (H, W, C) pixels by a factor, blocks that hang over the rim included, and sharpen."""
    means = cconv.avg_pool2d(pixels, factor, ceil_mode=True, channels_last=True)
    return cconv.conv2d(
        means, SHARPEN, padding="same", padding_mode="edge", channels_last=True, dtype=np.uint8
    )


def convert(path, target, factor):
    """Write the preview of one file; return what went wrong, or None."""
    try:
        with Image.open(path) as image:
            pixels = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
        Image.fromarray(preview(pixels, factor)).save(target / path.name)
    except Exception as error:  # a decoder meets anything in broken files; the others go on
        return f"{path.name}: {error}"
    return None


def run(source, target, factor, processes):
    """Convert all files of a folder; return how many there are and what went wrong."""
    if min(factor, processes) < 1:
        raise ValueError(f"factor {factor}, processes {processes}; at least 1 of each would do")
    files = sorted(path for path in source.iterdir() if path.is_file())
    if not files:
        raise ValueError(f"{source} has no files; a folder of images would do")
    target.mkdir(parents=True, exist_ok=True)
    if target.samefile(source):
        raise ValueError(f"{target} holds the images themselves; another folder would do")
    work = partial(convert, target=target, factor=factor)
    with ProcessPoolExecutor(
        processes,
        mp_context=get_context("spawn"),  # forking is unsafe beside the threads of others
        initializer=cconv.set_num_threads,
        initargs=(1,),
    ) as pool:
        results = list(tqdm(pool.map(work, files), total=len(files), unit="image"))
    return len(files), [result for result in results if result]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="folder of images")
    parser.add_argument("target", type=Path, help="folder for the previews, of the same names")
    parser.add_argument("--factor", type=int, default=4, help="of the reduction (default: 4)")
    cores = os.cpu_count() or 1
    parser.add_argument("--processes", type=int, default=cores, help="default: one per core")
    args = parser.parse_args()
    try:
        count, errors = run(args.source, args.target, args.factor, args.processes)
    except (OSError, ValueError) as error:
        sys.exit(f"image_folder: {error}")
    print(f"{count - len(errors)} of {count} files became previews in {args.target}")
    if errors:
        sys.exit("\n".join(errors))


if __name__ == "__main__":
    main()
