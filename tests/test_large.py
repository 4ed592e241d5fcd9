"""Arrays of more than 2**31 elements: results of 2 GB where these have to be written."""

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
