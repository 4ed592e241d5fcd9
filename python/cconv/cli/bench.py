"""`bench`: the corpus against other libraries, alternating in one run.

problem -> every call once, its error -> rounds of all calls, medians -> a line of the table and
points of the plot.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import statistics
import time
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np

import cconv
from cconv.cli import CommandError, corpus, peers
from cconv.cli.output import check_output, path_ending, write_output
from cconv.cli.timings import OURS, Row, Timing
from cconv.cli.values import count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["add_parser", "most_error", "timed"]

_SAMPLE = 1e-3  # seconds; shorter calls are timed many at a time
_ENOUGH = 4.0  # seconds for one call of one problem


def add_parser(commands: Any) -> None:
    """Add the command to argparse's subparsers."""
    parser = commands.add_parser(
        "bench",
        help="time the corpus against the other libraries that are installed",
        description="Time the convolutions of the corpus, in float32 and without activations, "
        f"against whichever of {', '.join(peers.PEERS)} are installed and can do them.  All take "
        "turns in one run; times are medians.  All but torch and onnxruntime write their results "
        "to where the last one was.  A ratio is our time over theirs: below 1 we are faster.  An "
        "error is the norm of what differs from a result in float64 over the norm of that result; "
        "one marked with ! is over ten times that of plain summation, and its library does not "
        "count as the best.",
        epilog="examples:\n"
        "  cconv bench --filter 'resnet50/*' --threads 1\n"
        "  cconv bench --filter image --peers opencv,scipy -o image.png\n"
        "  cconv bench --layer --peers direct,gemm",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--filter",
        default="*",
        metavar="PATTERN",
        help="problems whose family/name has this in it or, with * or ?, fits it",
    )
    parser.add_argument(
        "--peers",
        type=_names,
        metavar="NAME,...",
        help=f"of {', '.join(peers.PEERS)}, or of our own algorithms {', '.join(_algorithms())}; "
        "none: time cconv alone (default: all libraries that are installed)",
    )
    parser.add_argument("--threads", type=count, help="default: as many as a call would use")
    parser.add_argument("--repeat", type=count, default=7, help="rounds (default: %(default)s)")
    parser.add_argument(
        "--layer", action="store_true", help="prepared layers on our side, not functions"
    )
    parser.add_argument(
        "--channels-last", action="store_true", help="arrays of shape (N, H, W, C) on all sides"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=path_ending(".png", ".svg"),
        metavar="FILE",
        help="where a plot of the ratios goes, a PNG or SVG",
    )
    parser.set_defaults(run=_run)


def _algorithms() -> list[str]:
    return list(cconv.explain("conv1d", (1,), (1,)).reasons)


def _names(text: str) -> list[str]:
    names = [] if text == "none" else text.split(",")
    known_names = [*peers.PEERS, *_algorithms()]
    for name in names:
        if name not in known_names:
            known = ", ".join(known_names)
            raise argparse.ArgumentTypeError(f"{name!r} is unknown; of {known} some would do")
    return names


# -------------------------------------------------------------------------------- timings


def most_error(terms: int) -> float:
    """Return ten times what plain float32 sums of so many random terms are off by."""
    return 10 * float(np.finfo(np.float32).eps) * math.sqrt(max(terms, 1))


def timed(
    problem: corpus.Problem,
    made: Mapping[str, peers.Peer],
    repeat: int,
    layer: bool = False,
    channels_last: bool = False,
) -> Row:
    """Time a problem with cconv and with every peer that can do it, taking turns.

    Parameters
    ----------
    problem : corpus.Problem
    made : mapping of str to Peer
    repeat : int
        Rounds; fewer for a call that takes long.
    layer : bool
        Whether ours is a prepared layer.
    channels_last : bool
        Whether the channels come last where the problem has them first.
    """
    case = _case(problem)
    if channels_last:
        case = _with_channels_last(case)
    exact = _exact(case)
    terms = math.prod(case.weight.shape if case.bare else case.weight.shape[1:])
    row = Row(problem.name, exact.size * terms, most_error(terms))
    calls: dict[str, Callable[[], Any]] = {}
    errors: dict[str, float] = {}
    for name, peer in {OURS: _ours(layer), **made}.items():
        # Some cases a library has no call for, others it refuses when called.
        refused = () if name == OURS else (RuntimeError, ValueError, TypeError)
        with contextlib.suppress(*refused):
            call = peer(case)
            if call is not None:
                errors[name] = _error(call.result(call.run(), exact.shape), exact)
                calls[name] = call.run
    for name, seconds in _medians(calls, repeat).items():
        row.timings[name] = Timing(seconds, errors[name])
    return row


def _case(problem: corpus.Problem) -> peers.Case:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(problem.x, dtype=np.float32)
    weight = rng.standard_normal(problem.weight, dtype=np.float32)
    bias = None
    if problem.bias:
        bare = len(problem.weight) == problem.dims
        bias = rng.standard_normal(1 if bare else problem.weight[0], dtype=np.float32)
    options = {name: value for name, value in problem.options.items() if name != "activation"}
    return peers.Case(problem.call, x, weight, bias, options)


def _with_channels_last(case: peers.Case) -> peers.Case:
    if case.bare or case.channels_last:
        return case
    x = np.ascontiguousarray(np.moveaxis(case.x, -case.dims - 1, -1))
    return replace(case, x=x, options={**case.options, "channels_last": True})


def _exact(case: peers.Case) -> NDArray[np.float64]:
    x, weight = case.x.astype(np.float64), case.weight.astype(np.float64)
    bias = None if case.bias is None else case.bias.astype(np.float64)
    options = {**case.options, "algorithm": "direct"}
    y: NDArray[np.float64] = getattr(cconv, case.call)(x, weight, bias, **options)
    return y


def _ours(layer: bool, algorithm: str = "auto") -> peers.Peer:
    def answer(case: peers.Case) -> peers.Call:
        options = {**case.options, "algorithm": algorithm}

        def result(y: NDArray[Any], _: tuple[int, ...]) -> NDArray[Any]:
            return y

        if layer:
            prepared = getattr(cconv, case.call.capitalize())(case.weight, case.bias, **options)
            kept = prepared(case.x)
            return peers.Call(lambda: prepared(case.x, out=kept), result)
        function = getattr(cconv, case.call)
        options["out"] = function(case.x, case.weight, case.bias, **options)
        return peers.Call(lambda: function(case.x, case.weight, case.bias, **options), result)

    return answer


def _error(y: NDArray[Any], exact: NDArray[np.float64]) -> float:
    norm = float(np.linalg.norm(exact))
    return float(np.linalg.norm(y - exact)) / (norm or 1.0)


def _medians(calls: Mapping[str, Callable[[], Any]], repeat: int) -> dict[str, float]:
    """Take turns; a sample of a short call is many, a long call sits out the later rounds."""
    alone = {name: _seconds(call, 1) for name, call in calls.items()}
    many = {name: max(1, math.ceil(_SAMPLE / max(t, 1e-7))) for name, t in alone.items()}
    rounds = {name: min(repeat, max(1, int(_ENOUGH / t))) for name, t in alone.items()}
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for r in range(repeat):
        for name, call in calls.items():
            if r < rounds[name]:
                if many[name] > 1:
                    call()  # while threads of the one before still spin
                samples[name].append(_seconds(call, many[name]))
    return {name: statistics.median(times) for name, times in samples.items()}


def _seconds(call: Callable[[], Any], times: int) -> float:
    begin = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - begin) / times


# -------------------------------------------------------------------------------- the run


def _run(arguments: argparse.Namespace) -> None:
    from cconv.cli.progress import progress

    output: Path | None = arguments.output
    if output:
        from cconv.cli import ratios

        check_output(output)
    problems = _problems(arguments.filter)
    threads = arguments.threads or cconv.get_num_threads()
    wanted = list(peers.PEERS) if arguments.peers is None else arguments.peers
    libraries = {name: peers.PEERS[name] for name in wanted if name in peers.PEERS}
    made = peers.installed(libraries, threads)
    made |= {name: _ours(arguments.layer, name) for name in wanted if name not in peers.PEERS}
    if arguments.peers and (missing := [name for name in wanted if name not in made]):
        raise CommandError(f"{', '.join(missing)}: not installed")

    config = cconv.show_config("dicts")
    remark = f"cconv {config['version']}, {config['isa']['in_use']}, threads: {threads}"
    print(f"{remark}; against {', '.join(made) or 'nobody'}\n")
    wide = max(len(problem.name) for problem in problems)
    _print_heads(wide, made)
    rows: list[Row] = []
    with cconv.num_threads(threads), progress(len(problems), "problem") as bar:
        for problem in problems:
            bar.set_description_str(problem.name)
            rows.append(
                timed(problem, made, arguments.repeat, arguments.layer, arguments.channels_last)
            )
            with bar.external_write_mode():
                print(_line(rows[-1], wide, made), flush=True)
            bar.update()
    _print_summary(rows, wide, made)
    if output:
        write_output(output, ratios.draw_ratios(rows, [*made], remark, output.suffix))


def _problems(pattern: str) -> list[corpus.Problem]:
    glob = pattern if any(sign in pattern for sign in "*?[") else f"*{pattern}*"
    found = [
        problem
        for problem in corpus.load()
        if fnmatchcase(problem.name, glob) and 0 not in (*problem.x, *problem.weight)
    ]
    if not found:
        families = ", ".join(dict.fromkeys(problem.family for problem in corpus.load()))
        raise CommandError(f"no problem fits {pattern!r}; there are the families {families}")
    return found


def _print_heads(wide: int, names: Mapping[str, Any]) -> None:
    above = f"{'':{wide}}  {OURS:^26}"
    below = f"{'problem':{wide}}  {'ms':>9} {'GFLOP/s':>8} {'error':>7} "
    for name in names:
        above += f"  {name:^25}"
        below += f"  {'ms':>9} {'ratio':>6} {'error':>7} "
    print(above.rstrip())
    print(below + "  best")


def _line(row: Row, wide: int, names: Mapping[str, Any]) -> str:
    ours = row.timings[OURS]
    rate = 2e-9 * row.products / ours.seconds
    line = f"{row.name:{wide}}  {ours.seconds * 1e3:9.3f} {rate:8.1f} {_error_text(row, OURS)}"
    for name in names:
        if name in row.timings:
            ms, ratio = row.timings[name].seconds * 1e3, row.ratio(name)
            line += f"  {ms:9.3f} {ratio:6.2f} {_error_text(row, name)}"
        else:
            line += f"  {'-':>9} {'-':>6} {'-':>7} "
    return f"{line}  {row.best}"


def _error_text(row: Row, name: str) -> str:
    return f"{row.timings[name].error:7.0e}{' ' if row.counts(name) else '!'}"


def _print_summary(rows: Sequence[Row], wide: int, names: Mapping[str, Any]) -> None:
    print()
    for name in names:
        ratios = [row.ratio(name) for row in rows if name in row.timings]
        if ratios:
            print(_summary(f"over {name}", ratios))
    best = [row.ratio(rival) for row in rows if (rival := row.rival)]
    if best and len(names) > 1:
        print(_summary("over the best of them", best))


def _summary(what: str, ratios: Sequence[float]) -> str:
    mean = statistics.geometric_mean(ratios)
    faster = sum(ratio < 1 for ratio in ratios)
    return f"{what}: {mean:.2f} (geometric mean), faster in {faster} of {len(ratios)}"
