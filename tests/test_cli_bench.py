"""`bench`: what peers compute, what is timed, and what the table makes of it."""

import dataclasses
import math
import re
import time
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import cconv
from cconv.cli import bench, corpus, main, peers
from cconv.cli.timings import Row, Timing

pytest.importorskip("PIL")
from PIL import Image

ALGORITHMS = [*cconv.explain("conv2d", (9, 9), (3, 3)).reasons]
PROBLEMS = [
    problem
    for problem in corpus.load()
    if 0 not in (*problem.x, *problem.weight)
    and math.prod(problem.x) * math.prod(problem.weight)
    < (1e8 if len(problem.weight) == problem.dims else 1e7)
]


@pytest.fixture(scope="module")
def cases():
    """The small problems with their data and results."""
    made = [(problem, bench._case(problem)) for problem in PROBLEMS]
    return [(problem, case, bench._exact(case)) for problem, case in made]


# ---------------------------------------------------------------------------------- peers


@pytest.mark.parametrize(
    ("name", "module", "least"),
    [
        ("scipy", "scipy", 15),
        ("torch", "torch", 70),
        ("opencv", "cv2", 10),
        ("onnxruntime", "onnxruntime", 60),
        ("openvino", "openvino", 60),
        ("litert", "ai_edge_litert", 8),
    ],
)
def test_what_a_peer_does_it_does_right(cases, name, module, least):
    """Every small problem of the corpus, held against our result."""
    pytest.importorskip(module)
    answer, done, refused = peers.PEERS[name](1), 0, []
    for problem, case, exact in cases:
        call = answer(case)
        if call is None:
            continue
        try:
            y = call.run()
        except RuntimeError:
            refused.append(problem.name)
            continue
        result = call.result(y, exact.shape)
        assert result.dtype == np.float32
        terms = math.prod(case.weight.shape if case.bare else case.weight.shape[1:])
        assert bench._error(result, exact) <= bench.most_error(terms), problem.name
        done += 1
    assert done >= least
    assert all(name.endswith("-often") for name in refused)


def test_cases_are_the_problems_of_the_corpus(cases):
    for problem, case, exact in cases:
        assert (case.x.shape, case.weight.shape) == (problem.x, problem.weight)
        assert case.dims == problem.dims
        x, weight, groups = case.batched()
        assert x.base is case.x or x is case.x or np.shares_memory(x, case.x)
        options = {k: v for k, v in case.options.items() if k not in ("channels_last", "groups")}
        bias = case.bias
        if bias is not None:
            bias = np.repeat(bias, len(weight) // len(bias))
        y = getattr(cconv, case.call)(x, weight, bias, groups=groups, **options)
        np.testing.assert_allclose(case.restored(y, exact.shape), exact, rtol=1e-4, atol=1e-4)


def test_a_peer_that_is_not_installed_is_left_out():
    def missing(threads):
        raise ImportError("no")

    def there(threads):
        return threads

    assert peers.installed({"a": missing, "b": there}, 3) == {"b": 3}


# -------------------------------------------------------------------------------- timings


def fake(seconds, factor=1.0, only=None):
    """A peer of known speed whose results are off by a factor."""

    def answer(case):
        if only is not None and case.call != only:
            return None

        def run():
            time.sleep(seconds)
            function = getattr(cconv, case.call)
            return factor * function(case.x, case.weight, case.bias, **case.options)

        return peers.Call(run, lambda y, shape: y)

    return answer


TINY = corpus.parse("made/up x=1x2x9x9 weight=3x2x3x3 padding=1 bias=1 activation=relu")


def test_a_row():
    made = {"slow": fake(0.02), "wrong": fake(0.001, 1.001), "other": fake(0, only="conv1d")}
    row = bench.timed(TINY, made, repeat=3)
    assert list(row.timings) == ["cconv", "slow", "wrong"]
    assert row.products == 3 * 9 * 9 * 18
    assert 0.02 <= row.timings["slow"].seconds < 0.5
    assert row.timings["wrong"].error == pytest.approx(1e-3, rel=0.01)
    assert row.timings["cconv"].error < 1e-6
    assert [row.counts(name) for name in row.timings] == [True, True, False]
    assert row.rival == "slow"
    assert row.ratio("slow") == row.timings["cconv"].seconds / row.timings["slow"].seconds


def test_who_is_best():
    def row(**timings):
        return Row("a/b", 1, 1e-5, {k: Timing(*v) for k, v in timings.items()})

    assert row(cconv=(2, 0), a=(1, 0), b=(0.5, 1e-4)).best == "a"
    assert row(cconv=(2, 0), a=(3, 0)).best == "cconv"
    assert row(cconv=(2, 0), a=(1, 1)).best == "cconv"
    assert row(cconv=(2, 0), a=(1, 1)).rival is None
    assert row(cconv=(2, 0), a=(1, math.nan)).best == "cconv"


def test_a_peer_that_refuses_is_left_out():
    def answer(case):
        raise RuntimeError("not this one")

    assert list(bench.timed(TINY, {"never": answer}, 1).timings) == ["cconv"]


def test_a_prepared_layer_is_timed_too():
    row = bench.timed(TINY, {}, repeat=2, layer=True)
    assert row.timings["cconv"].seconds > 0
    assert row.timings["cconv"].error < 1e-6


def test_channels_may_come_last():
    pytest.importorskip("torch")
    problem = corpus.parse("test/last x=2x5x9x8 weight=7x5x3x3 padding=1 bias=1")
    made = peers.installed({"torch": peers.PEERS["torch"]}, 1)
    first, last = (
        bench.timed(problem, made, repeat=2, channels_last=flag) for flag in (False, True)
    )
    assert first.products == last.products
    assert all(row.timings[name].error < 1e-6 for row in (first, last) for name in row.timings)
    case = bench._with_channels_last(bench._case(problem))
    assert case.x.shape == (2, 9, 8, 5)
    assert case.x.flags.c_contiguous
    assert bench._with_channels_last(case) is case


@pytest.mark.parametrize("layer", [[], ["--layer"]])
def test_our_own_algorithms_are_peers_too(layer, capsys):
    names = ["direct", "gemm"]
    problem = "small/bias-gelu"
    main(["bench", "--filter", problem, "--peers", ",".join(names), "--repeat", "1", *layer])
    printed = capsys.readouterr().out
    (line,) = (line for line in printed.splitlines() if line.startswith(problem))
    assert len(line.split()) == 5 + 3 * len(names)
    assert all(f"over {name}: " in printed for name in names)


def test_all_take_turns(monkeypatch):
    order = []

    def called(name):
        def call():
            order.append(name)
            time.sleep(0.002)

        return call

    medians = bench._medians({"a": called("a"), "b": called("b")}, repeat=3)
    assert order == ["a", "b"] * 4
    assert all(0.002 <= seconds < 0.1 for seconds in medians.values())
    order.clear()
    monkeypatch.setattr(bench, "_ENOUGH", 0.004)
    bench._medians({"a": called("a"), "b": called("b")}, repeat=100)
    assert len(order) <= 6


# ---------------------------------------------------------------------------- the command


@pytest.fixture
def two_peers(monkeypatch):
    """SciPy, and one that is fast and wrong."""
    pytest.importorskip("scipy")
    known = {"scipy": peers.PEERS["scipy"], "fake": lambda threads: fake(0, 2)}
    monkeypatch.setattr(peers, "PEERS", known)


def table(text):
    """Fields of each problem's line."""
    return {
        words[0]: words[1:]
        for line in text.splitlines()
        if (words := line.split()) and "/" in words[0]
    }


def test_the_table(two_peers, capsys):
    assert main(["bench", "--filter", "small/bare*", "--repeat", "1", "--threads", "1"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.startswith(f"cconv {cconv.__version__}, ")
    assert "threads: 1; against scipy, fake\n" in captured.out
    rows = table(captured.out)
    wanted = [problem.name for problem in corpus.load() if problem.name.startswith("small/bare")]
    assert list(rows) == wanted
    for name, (ms, rate, error, *theirs, best) in rows.items():
        assert float(ms) > 0, name
        assert float(rate) >= 0
        assert float(error) < 1e-6
        their_ms, ratio, their_error = theirs[:3]
        if their_ms != "-":
            assert float(ratio) == pytest.approx(float(ms) / float(their_ms), abs=0.2, rel=0.5)
            assert float(their_error) < 1e-5
        assert theirs[3:][2] == "1e+00!"
        assert best in ("cconv", "scipy")
    assert rows["small/bare-planes"][3] != "-"
    assert re.search(r"^over scipy: \d+\.\d\d \(geometric mean\), faster in \d+ of \d+$",
                     captured.out, re.MULTILINE)  # fmt: skip
    assert re.search(r"^over the best of them: ", captured.out, re.MULTILINE)


def test_threads_are_those_asked_for(monkeypatch, capsys):
    seen = []

    def make(threads):
        seen.append(threads)

        def answer(case):
            seen.append(cconv.get_num_threads())

        return answer

    monkeypatch.setattr(peers, "PEERS", {"spy": make})
    assert main(["bench", "--filter", "small/edge", "--threads", "3", "--repeat", "1"]) == 0
    assert set(seen) == {3}
    assert "threads: 3" in capsys.readouterr().out


def test_problems_without_terms_are_left_out(capsys):
    assert main(["bench", "--filter", "small/no-*", "--peers", "none", "--repeat", "1"]) == 0
    rows = table(capsys.readouterr().out)
    assert list(rows) == ["small/no-batch"]


@pytest.mark.parametrize("count", [1, 25])
def test_plots(tmp_path, count):
    from cconv.cli import ratios

    rng = np.random.default_rng(2)
    first = Row("one/problem", 1, 1e-5, {"cconv": Timing(1, 0)})
    rows = [first] + [
        dataclasses.replace(
            first,
            name=f"family{i // 10}/problem-{i}",
            timings={
                "cconv": Timing(rng.random() + 0.1, 0),
                "a": Timing(rng.random() + 0.1, 0),
                "b": Timing(9 * rng.random() + 0.1, 1e-4 * (i % 3 == 0)),
            },
        )
        for i in range(count)
    ]
    png = ratios.draw_ratios(rows, ["a", "b"], "remark", ".png")
    (tmp_path / "plot.png").write_bytes(png)
    with Image.open(tmp_path / "plot.png") as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape[0] > 150 + 20 * count
    rim = [pixels[:10], pixels[-10:], pixels[:, :10], pixels[:, -10:]]
    assert all(part.min() == 255 for part in rim)
    svg = ratios.draw_ratios(rows, ["a", "b"], "remark", ".svg")
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert ratios.draw_ratios(rows, ["a", "b"], "remark", ".svg") == svg


def test_the_plot_is_written(two_peers, tmp_path, capsys):
    output = tmp_path / "plot.svg"
    assert main(["bench", "--filter=small/bare-planes", "--repeat=1", "-o", str(output)]) == 0
    assert capsys.readouterr().out.endswith(f"wrote {output}\n")
    assert ElementTree.parse(output).getroot().tag.endswith("svg")


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        ("--filter nothing", 1, "no problem fits 'nothing'; there are the families audio, "),
        ("--peers absent", 1, "absent: not installed"),
        ("--filter tiny -o no/out.png", 1, "cannot write no/out.png: there is no folder no"),
        (
            "--peers jax",
            2,
            f"'jax' is unknown; of scipy, absent, {', '.join(ALGORITHMS)} some would do",
        ),
        ("--repeat 0", 2, "'0' is no number from 1 on"),
        ("-o plot.pdf", 2, "'plot.pdf' does not end in .png or .svg"),
    ],
)
def test_errors(monkeypatch, tmp_path, capsys, arguments, status, reason):
    def absent(threads):
        raise ImportError("absent")

    monkeypatch.setattr(peers, "PEERS", {"scipy": peers.PEERS["scipy"], "absent": absent})
    monkeypatch.chdir(tmp_path)
    try:
        got = main(["bench", *arguments.split()])
    except SystemExit as ended:
        got = ended.code
    assert got == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert reason in captured.err
