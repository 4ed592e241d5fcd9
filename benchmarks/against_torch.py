"""Times of the corpus' convolutions against torch, alternating in one run.

    python benchmarks/against_torch.py --family resnet50 --threads 1

Pin it where the machine has other work: taskset -c 0 python ... .  Ratios are of medians, ours over
torch's: below 1 we are faster.  Results go into kept arrays on our side; torch makes its own, from
its cache of memory.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import cconv
from cconv.cli import corpus


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", default="resnet50", help="of the corpus (default: resnet50)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7, help="alternations per problem")
    parser.add_argument("--layer", action="store_true", help="time a prepared layer, not the call")
    parser.add_argument("--channels-last", action="store_true")
    return parser.parse_args()


def seconds(call: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def ours(problem: corpus.Problem, x: Any, weight: Any, options: dict[str, Any], layer: bool) -> Any:
    function = getattr(cconv, problem.call)
    out = np.empty_like(function(x, weight, **options))
    if layer:
        prepared = getattr(cconv, problem.call.capitalize())(weight, **options)
        return lambda: prepared(x, out)
    return lambda: function(x, weight, **options, out=out)


def theirs(problem: corpus.Problem, x: Any, weight: Any, channels_last: bool) -> Any:
    function = getattr(torch.nn.functional, problem.call)
    tensors = [torch.from_numpy(x), torch.from_numpy(weight)]
    if channels_last:
        tensors = [t.to(memory_format=torch.channels_last) for t in tensors]
    names = ("stride", "padding", "dilation", "groups")
    options = {name: problem.options[name] for name in names if name in problem.options}
    return lambda: function(*tensors, **options)


def main() -> None:
    args = arguments()
    torch.set_num_threads(args.threads)
    cconv.set_num_threads(args.threads)
    rng = np.random.default_rng(0)
    ratios = []
    print(f"{'problem':32} {'GFLOP/s':>8} {'torch':>8} {'ratio':>6}")
    for problem in corpus.load():
        bare = len(problem.weight) == problem.dims
        if problem.family != args.family or bare or "channels_last" in problem.options:
            continue
        x = rng.standard_normal(problem.x, dtype=np.float32)
        weight = rng.standard_normal(problem.weight, dtype=np.float32)
        options = dict(problem.options)
        options.pop("activation", None)
        lhs_x = x
        if args.channels_last:
            lhs_x = np.ascontiguousarray(np.moveaxis(x, 1, -1))
            options["channels_last"] = True
        with torch.inference_mode():
            calls = (
                ours(problem, lhs_x, weight, options, args.layer),
                theirs(problem, x, weight, args.channels_last),
            )
            outputs = getattr(cconv, problem.call)(lhs_x, weight, **options).size
            rounds = [[seconds(call) for call in calls] for _ in range(args.rounds + 1)][1:]
        mine, other = (statistics.median(times) for times in zip(*rounds, strict=True))
        flop = 2e-9 * outputs * np.prod(problem.weight[1:])
        ratios.append(mine / other)
        print(f"{problem.name:32} {flop / mine:8.1f} {flop / other:8.1f} {mine / other:6.2f}")
    print(f"geometric mean {statistics.geometric_mean(ratios):.2f}, largest {max(ratios):.2f}")


if __name__ == "__main__":
    main()
