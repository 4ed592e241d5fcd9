"""Pools and padded copies against torch, onnxruntime, XNNPACK, OpenCV and NumPy, in turns.

    taskset -c 0 python benchmarks/pools.py

Prints our time over the best of theirs in the same layout; our results are kept, as XNNPACK's and
OpenCV's are.  Needs torch, onnxruntime, LiteRT
(ai-edge-litert and flatbuffers) and opencv-python-headless.
"""

import argparse
import statistics
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F  # noqa: N812
from ai_edge_litert.interpreter import Interpreter
from alternate import medians

import cconv
from cconv.cli import onnx_model, tflite_model

# Channels, height and width, kernel, stride, padding.
POOLS = (
    (64, 112, 3, 2, 1),
    (64, 112, 2, 2, 0),
    (128, 56, 2, 2, 0),
    (512, 14, 2, 2, 0),
    (256, 28, 3, 1, 1),
    (64, 56, 3, 1, 1),
    (192, 28, 2, 1, 0),
    (480, 28, 3, 2, 1),
    (2048, 7, 7, 1, 0),
)
LARGE = (3, 7, 15, 31)  # windows on an image of 1920 x 1080
PADS = ((64, 224, 1), (64, 56, 1), (64, 56, 3), (512, 7, 1))

Calls = dict[str, Callable[[], object]]


Pool = tuple[int, int, int, int, int]


def others(kind: str, pool: Pool, x: np.ndarray, channels_last: bool, threads: int) -> Calls:
    """onnxruntime knows planes, XNNPACK channels last; neither the one's indices as ours are."""
    kernel, stride, padding = pool[2:]
    if kind == "max with indices":
        return {}
    if not channels_last:
        model = onnx_model.pool(
            {"max": "Max", "avg": "Average"}[kind], x.shape, kernel, stride, padding
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return {"onnxruntime": lambda: session.run(None, {"x": x})}
    # Where "same" has a pixel of border after the last one only, that is as much work.
    model = tflite_model.pool(
        {"max": "MAX", "avg": "AVERAGE"}[kind], x.shape, kernel, stride, padding > 0
    )
    interpreter = Interpreter(model_content=model, num_threads=threads)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    return {"XNNPACK": interpreter.invoke}


def cnn_pools(kind: str, channels_last: bool, threads: int) -> Iterator[tuple[str, Calls]]:
    ours = cconv.avg_pool2d if kind == "avg" else cconv.max_pool2d
    theirs = F.avg_pool2d if kind == "avg" else F.max_pool2d
    options = {"return_indices": True} if kind == "max with indices" else {}
    for pool in POOLS:
        channels, size, kernel, stride, padding = pool
        x = np.random.default_rng(0).standard_normal((1, channels, size, size), np.float32)
        y = torch.from_numpy(x)
        if channels_last:
            x = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
            y = y.to(memory_format=torch.channels_last)
        out = None if options else ours(x, kernel, stride, padding, channels_last=channels_last)
        yield (
            f"{channels} x {size} x {size}, {kernel} x {kernel} by {stride}",
            {
                "cconv": lambda x=x, k=kernel, s=stride, p=padding, o=out: ours(
                    x, k, s, p, channels_last=channels_last, out=o, **options
                ),
                "torch": lambda y=y, k=kernel, s=stride, p=padding: theirs(y, k, s, p, **options),
                **others(kind, pool, x, channels_last, threads),
            },
        )


def image_pools(kind: str) -> Iterator[tuple[str, Calls]]:
    x = np.random.default_rng(0).random((1080, 1920), np.float32)
    ours, theirs = np.empty_like(x), np.empty_like(x)
    for size in LARGE:
        calls: Calls
        if kind == "max":
            element = np.ones((size, size), np.uint8)
            calls = {
                "cconv": lambda k=size: cconv.max_pool2d(x, k, 1, k // 2, out=ours),
                "OpenCV": lambda e=element: cv2.dilate(x, e, theirs),
            }
        else:
            calls = {
                "cconv": lambda k=size: cconv.avg_pool2d(x, k, 1, k // 2, out=ours),
                "OpenCV": lambda k=size: cv2.blur(x, (k, k), theirs),
            }
        yield f"1920 x 1080, {size} x {size} by 1", calls


def pads() -> Iterator[tuple[str, Calls]]:
    for channels, size, width in PADS:
        x = np.random.default_rng(0).standard_normal((channels, size, size), np.float32)
        y = torch.from_numpy(x)
        for mode, torch_mode in (
            ("constant", "constant"),
            ("reflect", "reflect"),
            ("edge", "replicate"),
        ):
            widths = [(0, 0), (width, width), (width, width)]
            yield (
                f"{mode} {width}, {channels} x {size} x {size}",
                {
                    "cconv": lambda x=x, w=widths, m=mode: cconv.pad(x, w, m),
                    "NumPy": lambda x=x, w=widths, m=mode: np.pad(x, w, m),
                    "torch": lambda y=y, w=width, m=torch_mode: F.pad(y[None], (w, w, w, w), m),
                },
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.3, help="for each workload")
    args = parser.parse_args()
    cconv.set_num_threads(args.threads)
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    groups = {
        f"{kind}, {layout}": cnn_pools(kind, layout == "channels last", args.threads)
        for kind in ("max", "max with indices", "avg")
        for layout in ("NCHW", "channels last")
    }
    groups |= {f"{kind} on an image": image_pools(kind) for kind in ("max", "avg")}
    groups["pad"] = pads()
    for group, workloads in groups.items():
        print(group)
        ratios = []
        for name, calls in workloads:
            took = medians(calls, args.seconds)
            own = took.pop("cconv")
            best = min(took, key=took.__getitem__)
            ratios.append(own / took[best])
            print(f"  {name}: {own:.3f} ms, {ratios[-1]:.2f} of {best}", flush=True)
        print(f"  geometric mean {statistics.geometric_mean(ratios):.2f}")


if __name__ == "__main__":
    main()
