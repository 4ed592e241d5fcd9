"""Threads, environment, configuration."""

import asyncio
import json
import os
import platform
import threading

import child
import numpy as np
import pytest
from problems import values

import cconv

PRINT_THREADS = "import cconv; print(cconv.get_num_threads())"
linux = pytest.mark.skipif(platform.system() != "Linux", reason="asks Linux")


def refusal(error, function, *args):
    with pytest.raises(error) as caught:
        function(*args)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


# ------------------------------------------------------------------------ how many threads


def quota():
    """Processors that control groups allow, as the kernel's files tell."""
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            most, period = file.read().split()
        return 10**6 if most == "max" else -(-int(most) // int(period))
    except OSError:
        return 10**6


@linux
def test_first_of_context_call_variable_and_machine():
    cores = min(len(os.sched_getaffinity(0)), quota())
    assert child.run(PRINT_THREADS) == str(cores)
    assert child.run(PRINT_THREADS, OMP_NUM_THREADS="1") == "1"
    assert child.run(PRINT_THREADS, OMP_NUM_THREADS="1,2") == "1"
    assert child.run(PRINT_THREADS, OMP_NUM_THREADS="1000") == str(cores)
    assert child.run(PRINT_THREADS, OMP_NUM_THREADS="1", CCONV_NUM_THREADS="7") == "7"
    code = """
import cconv
seen = [cconv.get_num_threads()]
with cconv.num_threads(3):
    seen.append(cconv.get_num_threads())
    cconv.set_num_threads(5)
    seen.append(cconv.get_num_threads())
seen.append(cconv.get_num_threads())
print(seen)
"""
    assert child.run(code, CCONV_NUM_THREADS="7") == "[7, 3, 3, 5]"


def test_the_environment_is_read_once():
    code = """
import os, cconv
before = cconv.get_num_threads(), cconv.show_config("dicts")["isa"]
os.environ.update(CCONV_NUM_THREADS="9", CCONV_ISA="nothing", CCONV_KEEP_MB="x")
import importlib
importlib.reload(cconv)
print(before == (cconv.get_num_threads(), cconv.show_config("dicts")["isa"]))
"""
    assert child.run(code, CCONV_NUM_THREADS="3") == "True"


@linux
def test_the_affinity_counts():
    code = """
import os
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
import cconv
print(cconv.get_num_threads())
"""
    assert child.run(code) == "1"


def test_set_num_threads_is_for_the_whole_process():
    code = """
import threading, cconv
cconv.set_num_threads(6)
seen = []
thread = threading.Thread(target=lambda: seen.append(cconv.get_num_threads()))
thread.start()
thread.join()
print(cconv.get_num_threads(), *seen)
"""
    assert child.run(code) == "6 6"


def test_more_threads_than_cores_are_allowed():
    code = """
import numpy as np, cconv
x, weight = np.ones((8, 32, 40, 40), np.float32), np.ones((32, 32, 3, 3), np.float32)
expected = cconv.conv2d(x, weight)
cconv.set_num_threads(64)
print((cconv.conv2d(x, weight) == expected).all(), cconv.get_num_threads())
"""
    assert child.run(code) == "True 64"


def test_contexts_nest_and_end():
    before = cconv.get_num_threads()
    with cconv.num_threads(2):
        assert cconv.get_num_threads() == 2
        with cconv.num_threads(np.int64(4)):
            assert cconv.get_num_threads() == 4
        assert cconv.get_num_threads() == 2
        with pytest.raises(ZeroDivisionError), cconv.num_threads(3):
            raise ZeroDivisionError
        assert cconv.get_num_threads() == 2
    assert cconv.get_num_threads() == before


def test_a_context_can_be_entered_again():
    before, three = cconv.get_num_threads(), cconv.num_threads(3)
    for _ in range(2):
        with three, cconv.num_threads(2), three:
            assert cconv.get_num_threads() == 3
        assert cconv.get_num_threads() == before


def test_contexts_belong_to_their_thread():
    shared = cconv.num_threads(9)
    entered, leave = threading.Barrier(3), [threading.Event() for _ in range(2)]
    seen = {}

    def work(index, context, number):
        with context:
            with shared:
                entered.wait()
                leave[index].wait()
            seen[index] = cconv.get_num_threads() == number

    threads = [
        threading.Thread(target=work, args=(index, cconv.num_threads(index + 2), index + 2))
        for index in range(2)
    ]
    for thread in threads:
        thread.start()
    with cconv.num_threads(7):
        entered.wait()
        for index, thread in enumerate(threads):  # the first to enter is the first to leave
            leave[index].set()
            thread.join()
        assert cconv.get_num_threads() == 7
    assert seen == {0: True, 1: True}


def test_contexts_belong_to_their_task():
    shared = cconv.num_threads(9)

    async def work(number):
        with cconv.num_threads(number):
            for _ in range(3):
                with shared:
                    await asyncio.sleep(0)
                    assert cconv.get_num_threads() == 9
                await asyncio.sleep(0)
                assert cconv.get_num_threads() == number
        return cconv.get_num_threads()

    async def all_of_them():
        with cconv.num_threads(6):
            return await asyncio.gather(*(work(number) for number in range(1, 6)))

    before = cconv.get_num_threads()
    assert asyncio.run(all_of_them()) == [6] * 5
    assert cconv.get_num_threads() == before


@pytest.mark.parametrize("function", [cconv.set_num_threads, cconv.num_threads])
def test_numbers_of_threads_that_are_none(function):
    before = cconv.get_num_threads()
    for junk in (0, -1, 2**31, 2**63, 10**30):
        message = refusal(ValueError, function, junk)
        assert message.startswith(f"{function.__name__}: n {junk} ")
        assert "would do" in message
    for junk in (True, 1.0, None, "2", [2], object()):
        assert refusal(TypeError, function, junk).startswith(f"{function.__name__}: n ")
    assert refusal(ValueError, function, 2**31).endswith("too large; at most 2**31 - 1 would do")
    assert cconv.get_num_threads() == before


# ------------------------------------------------------------------------ environment


@pytest.mark.parametrize(("variable", "least"), [("CCONV_NUM_THREADS", 1), ("CCONV_KEEP_MB", 0)])
@pytest.mark.parametrize("text", ["", " ", "x", "2x", "1.5", "0x2", "-1", "99999999999", "1e2"])
def test_numbers_that_do_not_parse_fail_the_import(variable, least, text):
    status, _, errors = child.outcome("import cconv", **{variable: text})
    assert status == 1
    assert errors.splitlines()[-1] == (
        f"ImportError: cconv: {variable}={text} is not a number; "
        f"an integer of at least {least} would do"
    )


def test_least_numbers():
    status, _, errors = child.outcome("import cconv", CCONV_NUM_THREADS="0")
    assert status == 1
    assert "CCONV_NUM_THREADS=0" in errors.splitlines()[-1]
    assert child.run(PRINT_THREADS, CCONV_NUM_THREADS="1", CCONV_KEEP_MB="0") == "1"


@pytest.mark.parametrize("name", ["", "avx", "AVX2", "fastest", "sse2 ", "auto"])
def test_unknown_levels_fail_the_import(name):
    status, _, errors = child.outcome("import cconv", CCONV_ISA=name)
    assert status == 1
    last = errors.splitlines()[-1]
    assert last.startswith(f"ImportError: cconv: CCONV_ISA={name} is no level to be had here")
    levels = cconv.show_config("dicts")["isa"]["available"]
    assert last.endswith(f"one of {', '.join(levels)} would do")


def test_levels_not_to_be_had_fail_the_import():
    levels = {"scalar", "sse2", "avx2", "avx512", "neon"}
    missing = levels - set(cconv.show_config("dicts")["isa"]["available"])
    assert missing
    for name in missing:
        status, _, errors = child.outcome("import cconv", CCONV_ISA=name)
        assert status == 1
        assert f"CCONV_ISA={name} is no level" in errors.splitlines()[-1]


STEPS = {"scalar": None, "sse2": 4, "avx2": 4, "avx512": 8, "neon": 4}


@pytest.mark.parametrize("level", cconv.show_config("dicts")["isa"]["available"])
def test_a_forced_level_runs(level):
    """Its vectors, or halves, show in the tiles of one output, fused multiply-adds in all bits."""
    code = """
import numpy as np, cconv
print(cconv.show_config("dicts")["isa"]["in_use"])
print(cconv.explain("conv2d", (3, 3), (3, 3), algorithm="direct").tiles.split()[0])
x = np.tile(np.array([1, 1 + 2**-12], np.float32), (16, 1))
weight = np.tile(np.array([-1, 1 + 2**-12], np.float32), (16, 1, 1))
for algorithm in cconv.explain("conv1d", x, weight, groups=16).reasons:
    if algorithm == "separable":
        continue  # one filter only
    y = cconv.conv1d(x, weight, groups=16, algorithm=algorithm)
    print(*{value.hex() for value in y.ravel().tolist()})
"""
    in_use, positions, *sums = child.run(code, CCONV_ISA=level).splitlines()
    assert in_use == level
    if STEPS[level]:
        assert int(positions) == STEPS[level]
    fused = level in ("avx2", "avx512", "neon")
    expected = 2**-11 + 2**-24 if fused else 2**-11  # (1 + 2**-12)**2 - 1
    assert list(map(float.fromhex, sums)) == [expected] * len(sums)


def test_the_highest_level_is_used():
    code = "import cconv; print(cconv.show_config('dicts')['isa']['in_use'])"
    highest = cconv.show_config("dicts")["isa"]["available"][-1]
    assert child.run(code, CCONV_ISA=None) == highest


@linux
@pytest.mark.parametrize(
    ("megabytes", "least", "most"), [("0", 0, 20), (None, 190, 230), ("64", 40, 90)]
)
def test_memory_of_freed_results_is_kept(megabytes, least, most):
    """In MB beyond what the process has: 200 of results freed in pieces of 20."""
    code = """
import numpy as np, cconv
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20
one = np.ones(1, np.float32)
x = np.broadcast_to(one, 5 * 2**20 - 1000)
cconv.conv1d(x[:5000], one)
before = resident()
results = [cconv.conv1d(x, one) for _ in range(10)]
during = resident()
del results
print(during - before, resident() - before)
"""
    during, after = map(float, child.run(code, CCONV_KEEP_MB=megabytes).split())
    assert 190 < during < 240
    assert least <= after <= most


def test_kept_memory_is_used_again():
    """In a process of its own: here other tests may have left blocks as good."""
    code = """
import numpy as np, cconv
x, one = np.arange(1e6, dtype=np.float32), np.ones(1, np.float32)
first = cconv.conv1d(x, one)
place = first.ctypes.data
del first
again = cconv.conv1d(x, one)
print(place % 64, again.ctypes.data == place, (again == x).all())
"""
    assert child.run(code) == "0 True True"


def test_large_results_are_arrays_like_others():
    x, one = values(0, 10**6), np.ones(1, np.float32)
    y = cconv.conv1d(x, one)
    assert y.flags.owndata
    for size in (2 * 10**6, 10**6, 300):
        y.resize(size, refcheck=False)
        np.testing.assert_array_equal(y[:300], x[:300])


# ------------------------------------------------------------------------ configuration


def test_show_config_prints(capsys):
    assert cconv.show_config() is None
    printed = capsys.readouterr().out
    assert cconv.show_config("stdout") is None
    assert capsys.readouterr().out == printed
    config = cconv.show_config("dicts")
    for text in (cconv.__version__, config["compiler"], config["isa"]["in_use"], "threads"):
        assert text in printed
    for word in ("version", "compiler", "isa", "built", "in_use", "openmp", "cuda"):
        assert word in printed


def test_show_config_returns_dicts():
    config = cconv.show_config(mode="dicts")
    assert json.loads(json.dumps(config)) == config
    assert config["version"] == cconv.__version__
    assert set(config["isa"]["available"]) <= set(config["isa"]["built"])
    assert config["isa"]["in_use"] in config["isa"]["available"]
    with cconv.num_threads(3):
        assert cconv.show_config("dicts")["threads"]["in_use"] == 3
    assert isinstance(config["openmp"], bool)
    assert isinstance(config["cuda"], bool)


@pytest.mark.parametrize("mode", ["", "dict", None, 1, [], "a\nb"])
def test_other_modes_of_show_config(mode):
    assert f"mode {mode!r}" in refusal(ValueError, cconv.show_config, mode)
