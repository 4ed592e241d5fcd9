"""Arrays of more than 2**31 elements: results of 2 GB where these have to be written."""

import shutil
import sys

import child
import numpy as np
import pytest

import cconv

PAST = 2**31 + 12_345  # no multiple of any tile


def free_memory():
    """Bytes that may be had without swapping, as the kernel estimates them."""
    try:
        with open("/proc/meminfo") as file:
            lines = dict(line.split(":") for line in file)
        return int(lines["MemAvailable"].split()[0]) * 1024
    except OSError:
        return 0


needs_memory = pytest.mark.skipif(free_memory() < 8 << 30, reason="needs 8 GB of free memory")


@pytest.mark.parametrize("stride", [2**26, 2**30 - 1])
def test_inputs_in_memory(stride):
    """Pages of zeros that nobody writes are the system's, not ours."""
    x = np.zeros(PAST, np.uint8)
    places = np.arange(0, PAST - 2, stride)
    x[places + 2] = 1 + places % 200
    y = cconv.conv1d(x, np.array([0, 0, 3], np.uint8), stride=stride)
    np.testing.assert_array_equal(y, 3 * (1 + places % 200))


@pytest.mark.parametrize("channels_last", [False, True])
def test_offsets_of_batches_and_channels(channels_last):
    shape = (3, 2**15, 2**15, 2) if channels_last else (3, 2, 2**15, 2**15)
    x = np.zeros(shape, np.uint8)
    planes = x if channels_last else np.moveaxis(x, 1, -1)
    planes[:, -1, -1] = [[1, 2], [3, 4], [5, 6]]
    weight = np.array([[1, 10], [100, 7]], np.uint8).reshape(2, 2, 1, 1)
    y = cconv.conv2d(x, weight, stride=2**15 - 1, channels_last=channels_last)
    last = y[:, -1, -1] if channels_last else y[:, :, -1, -1]
    np.testing.assert_array_equal(last, [[21, 114], [43, 328], [65, 542]])
    assert y.sum() == last.sum()


CALLS = {
    "conv1d": "cconv.conv1d(x, np.array([3], np.uint8), dtype=np.uint8)",
    "max_pool1d": "cconv.max_pool1d(x, 1)",
    "pad": "cconv.pad(x[:-5], (2, 3), constant_values=3)",
}


@needs_memory
@pytest.mark.parametrize("call", CALLS)
def test_results(call):
    """Every element of a result of 2 GB, from an input that takes none."""
    code = f"""
import numpy as np, cconv
x = np.broadcast_to(np.uint8({1 if call == "conv1d" else 3}), {PAST})
y = {CALLS[call]}
print(y.dtype, y.shape, y.min(), y.max())
"""
    assert child.run(code, timeout=200) == f"uint8 ({PAST},) 3 3"


@pytest.mark.skipif(sys.platform != "linux", reason="limits private memory as Linux counts it")
def test_a_file_streams_through(tmp_path):
    """An image of 4 GB in a file, filtered into another one, takes little memory of its own."""
    if shutil.disk_usage(tmp_path).free < 12 << 30:
        pytest.skip("needs 12 GB of disk")
    code = f"""
import resource
import numpy as np, cconv
n = 2**15
x, y = (np.memmap(f"{tmp_path}/{{name}}", np.float32, "w+", shape=(n, n)) for name in "xy")
x[::n - 1, ::n - 1] = [[1, 2], [3, 4]]
kernel = np.arange(9, dtype=np.float32).reshape(3, 3)
cconv.conv2d(x[:9, :9], kernel)
with open("/proc/self/status") as file:
    status = dict(line.split(":") for line in file)
data = int(status["VmData"].split()[0]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (data + (300 << 20),) * 2)
cconv.conv2d(x, kernel, padding="same", out=y)
print(*y[:2, :2].ravel(), *y[-2:, -2:].ravel(), y[::97].sum())
"""
    for name in "xy":
        (tmp_path / name).touch()
    try:
        printed = child.run(code, timeout=200)
    finally:
        for name in "xy":
            (tmp_path / name).unlink()
    assert printed == "4.0 3.0 1.0 0.0 32.0 28.0 20.0 16.0 25.0"
