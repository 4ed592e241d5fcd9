"""What pools take as an array, nothing at all, `out`, and how they run."""

import array
import concurrent.futures
import os
import textwrap

import child
import numpy as np
import pytest
from memory import fresh
from objects import Array, DLPack, Subclass, every_object, no_matrix_warning
from pools import MAXIMA, NEEDS, POOLS, Pool
from problems import values

import cconv

pytestmark = pytest.mark.kernel
every = pytest.mark.parametrize("name", POOLS)


# ------------------------------------------------------------------------------ kinds of objects


@no_matrix_warning
@every
@every_object
def test_objects(name, wrap):
    pool = Pool(name, 2, values(0, (7, 8), np.float64), NEEDS[name])
    y = pool(x=wrap(pool.x))
    assert type(y) is np.ndarray
    assert y.dtype.isnative
    np.testing.assert_array_equal(y, pool())


@every
def test_buffers(name):
    pool = Pool(name, 1, array.array("h", [1, 5, 2, 0]), NEEDS[name])
    np.testing.assert_array_equal(pool(), pool(x=np.array([1, 5, 2, 0], "i2")))
    assert pool(x=[1, 5, 2, 0]).dtype == pool(x=np.array([1, 5, 2, 0])).dtype


@every
def test_torch_tensors(name):
    torch = pytest.importorskip("torch")
    pool = Pool(name, 2, values(0, (2, 3, 7, 8)), NEEDS[name])
    last = torch.from_numpy(pool.x).contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal(pool(x=last), pool())


# ------------------------------------------------------------------------------ nothing at all


@every
@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("lead", [(0, 3), (2, 0), (0, 0), (0,)])
def test_no_images_or_channels(name, dims, lead):
    pool = Pool(name, dims, np.ones((*lead, *[6] * dims), np.float32), NEEDS[name])
    expected = (*lead, *[2 if name.startswith("adaptive") else 3] * dims)
    assert pool().shape == expected
    last = np.moveaxis(pool.x, len(lead) - 1, -1)
    y = pool(x=last, channels_last=True)
    assert np.moveaxis(y, -1, len(lead) - 1).shape == expected
    if name in MAXIMA:
        y, indices = pool(return_indices=True)
        assert y.shape == indices.shape == expected
    assert pool(out=np.empty(expected, np.float32)).shape == expected


def test_an_axis_of_nothing_but_border():
    """A mean of zeros and a norm of none; a maximum of nothing there is not."""
    x = np.ones((2, 3, 0, 5))
    around = {"kernel_size": 2, "padding": 1, "stride": 1}
    np.testing.assert_array_equal(cconv.avg_pool2d(x, **around), np.zeros((2, 3, 1, 6)))
    np.testing.assert_array_equal(cconv.lp_pool2d(x, 2, **around), np.zeros((2, 3, 1, 6)))
    with pytest.raises(ValueError, match="window 0 along the height would hold border alone"):
        cconv.max_pool2d(x, **around)
    with pytest.raises(ValueError, match="window 0 along the height would hold border alone"):
        cconv.avg_pool2d(x, **around, count_include_pad=False)
    y = cconv.avg_pool2d(x, **around, count_include_pad=False, divisor_override=2)
    assert not y.any()


# ------------------------------------------------------------------------------ out


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8])
def test_out_is_filled_and_returned(name, dtype):
    pool = Pool(name, 2, values(0, (2, 3, 8, 10), dtype), NEEDS[name])
    expected = pool()
    for offset in (0, 1):
        out = fresh(expected.shape, expected.dtype, offset)
        assert pool(out=out) is out
        np.testing.assert_array_equal(out, expected)
    if name in MAXIMA:
        out = np.zeros_like(expected)
        y, indices = pool(out=out, return_indices=True)
        assert y is out
        np.testing.assert_array_equal(out, expected)
        assert indices.dtype == np.int64
    plain = np.zeros_like(expected)
    subclass = plain.view(Subclass)
    assert pool(out=subclass) is subclass
    assert plain.tobytes() == expected.tobytes()


@every
def test_only_out_is_written(name):
    """Canaries on both sides of every length of row."""
    for n in range(1, 80):
        block = np.full(n + 40, 77, np.float32)
        options = {"output_size": n} if name.startswith("adaptive") else {"kernel_size": 1}
        Pool(name, 1, abs(values(n, n)), NEEDS[name] | options)(out=block[20 : n + 20])
        assert (block[:20] == 77).all()
        assert (block[n + 20 :] == 77).all()
        assert (block[20 : n + 20] != 77).all()


@every
def test_neighbours_in_one_buffer_are_apart(name):
    buffer = np.arange(6.0)
    pool = Pool(name, 1, buffer[:4], NEEDS[name])
    expected = pool()
    np.testing.assert_array_equal(pool(out=buffer[4:]), expected)
    mixed = np.zeros(8, np.int32)
    assert Pool("max_pool", 1, mixed[:4], NEEDS["max_pool"])(out=mixed[4:6]).size == 2


def overlaps():
    buffer = np.arange(40, dtype=np.float32)
    yield buffer[:6], buffer[5:8]
    yield buffer[3:9], buffer[:3] + 0, False
    yield buffer[2:8], buffer[:3]
    yield buffer[8:2:-1], buffer[8:11]
    yield buffer[:24:4], buffer[5:8]  # in a gap: bounds are what counts
    yield np.broadcast_to(buffer[3:4], 6), buffer[1:4]
    yield buffer[:6].view(">f4"), buffer[:3]
    yield memoryview(buffer)[:6], buffer[:3]
    yield Array(buffer[:6]), buffer[:3]
    yield DLPack(buffer[:6]), buffer[:3]


@every
@pytest.mark.parametrize("case", list(overlaps()))
def test_out_may_not_overlap_x(name, case):
    x, out, *apart = case
    options = {"output_size": 3} if name.startswith("adaptive") else {"kernel_size": 2}
    pool, before = Pool(name, 1, x, NEEDS[name] | options), out.copy()
    if apart:
        assert pool(out=out) is out
        return
    with pytest.raises(ValueError, match=rf"^{name}1d: out shares memory with x; an array of its"):
        pool(out=out)
    np.testing.assert_array_equal(out, before)


# ------------------------------------------------------------------------------ running


@every
def test_threads_at_once(name):
    """Each with a number of threads of its own."""
    inputs = [values(n, (1 + n % 3, 5, 40 + n, 31)) for n in range(8)]
    expected = [Pool(name, 2, x, NEEDS[name])() for x in inputs]

    def work(n):
        with cconv.num_threads(1 + n % 4):
            for turn in range(10):
                i = (n + turn) % 8
                y = Pool(name, 2, inputs[i], NEEDS[name])()
                np.testing.assert_array_equal(y, expected[i])
        return True

    with concurrent.futures.ThreadPoolExecutor(8) as executor:
        assert list(executor.map(work, range(8))) == [True] * 8


# What takes a while: a call for each way of running.
LONG = {
    "huge windows": "cconv.max_pool2d(X, 4001, 200)",
    "one huge window": "cconv.avg_pool2d(ONE, 2**19)",
    "a norm": "cconv.lp_pool2d(X, 2.5, 401, 20)",
    "indices": "cconv.max_pool2d(X, 4001, 200, return_indices=True)",
    "gaps": "cconv.avg_pool1d(ROW, 2**22, 10**6, dilation=5000)",
    "global": "cconv.adaptive_avg_pool2d(ONE, 1)",
    "global, indices": "cconv.adaptive_max_pool1d(ROW, 1, True)",
    "in the border": "cconv.max_pool1d(np.ones(3), 2**24, 5, dilation=5, padding='full')",
}
SETUP = """
import signal, sys, threading, time, warnings
import numpy as np, cconv
signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background ignore it
X = np.broadcast_to(np.float32(1), (64, 16000, 16000))
ONE = np.broadcast_to(np.float32(1), (64, 2**19, 2**19))
ROW = np.broadcast_to(np.float32(1), 2**40)
SMALL = np.ones((3, 32, 60, 60), np.float32)
def is_well():
    return (cconv.avg_pool2d(SMALL, 3) == 1).all()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX signals")
@pytest.mark.parametrize("call", LONG.values(), ids=LONG.keys())
def test_ctrl_c_ends_a_long_pool_soon(call):
    process = child.start(
        SETUP
        + textwrap.dedent(f"""
        cconv.set_num_threads(2)
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        begin = time.perf_counter()
        try:
            {call}
        except KeyboardInterrupt:
            print(time.perf_counter() - begin, is_well())
    """)
    )
    status, output, errors = child.end(process, 30)
    assert status == 0, errors
    seconds, well = output.split()
    assert well == "True"
    assert 0.2 < float(seconds) < 4  # of a machine that others use as well


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork_while_another_thread_pools():
    child.run(
        SETUP
        + textwrap.dedent("""
        import os
        warnings.simplefilter("ignore", DeprecationWarning)
        cconv.set_num_threads(2)
        stop = False
        def compute():
            while not stop:
                assert is_well()
        worker = threading.Thread(target=compute)
        worker.start()
        for _ in range(5):
            time.sleep(0.01)
            pid = os.fork()
            if pid == 0:
                os._exit(0 if is_well() else 3)
            for _ in range(2000):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    break
                time.sleep(0.01)
            else:
                os.kill(pid, signal.SIGKILL)
                stop = True
                sys.exit("a child hangs")
            assert status == 0, status
        stop = True
        worker.join()
        assert is_well()
    """)
    )


WORK = {
    "max_pool": "cconv.max_pool2d(image, 3, 1)",
    "avg_pool": "cconv.avg_pool2d(image, 3, 1)",
    "indices": "cconv.max_pool2d(image, 3, 1, return_indices=True)",
    "a norm": "cconv.lp_pool2d(image[:40], 2.5, 2)",
    "adaptive_avg_pool": "cconv.adaptive_avg_pool2d(np.broadcast_to(image, (9, 500, 500)), 1)",
    "max_unpool": "cconv.max_unpool2d(*found, 2)",
}


@pytest.mark.parametrize("call", WORK.values(), ids=WORK.keys())
def test_the_interpreter_lock_is_released(call):
    """Nothing else makes a thread give the lock away here, so the counter shows the calls."""
    y = child.run(
        SETUP
        + textwrap.dedent(f"""
        image = np.ones((500, 500), np.float32)
        found = cconv.max_pool2d(image, 2, return_indices=True)
        counted, done = 0, False
        def count():
            global counted
            while not done:
                counted += 1
                time.sleep(0)
        thread = threading.Thread(target=count)
        with cconv.num_threads(1):
            sys.setswitchinterval(1000)
            thread.start()
            before = counted
            for _ in range(60):
                {call}
            counted_meanwhile = counted - before
        done = True
        thread.join()
        print(counted_meanwhile)
    """)
    )
    assert int(y) > 0
