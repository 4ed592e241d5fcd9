"""Ways of lying in memory: each returns an array with the values of the one it is given."""

import numpy as np
from hypothesis import strategies as st


def fresh(shape, dtype, offset=0):
    """An array on memory of its own that begins `offset` bytes past a cache line."""
    dtype = np.dtype(dtype)
    size = int(np.prod(shape)) * dtype.itemsize
    block = np.full(size + offset + 64, 0xFF, np.uint8)
    start = -block.ctypes.data % 64 + offset
    return block[start : start + size].view(dtype).reshape(shape)


def filled(place, array):
    place[...] = array
    return place


def backwards(array):
    return np.ascontiguousarray(array[(slice(None, None, -1),) * array.ndim])[
        (slice(None, None, -1),) * array.ndim
    ]


def in_gaps(array):
    """Between elements that are NaN."""
    wide = np.full([3 * n + 2 for n in array.shape], np.nan, array.dtype)
    return filled(wide[tuple(slice(1, 3 * n + 1, 3) for n in array.shape)], array)


def in_records(array):
    """A field of packed records: no element is aligned."""
    records = np.zeros(array.shape, [("before", "u1"), ("value", array.dtype), ("after", "u2")])
    return filled(records["value"], array)


def middle_of_more(array):
    wide = np.full([n + 5 for n in array.shape], np.nan, array.dtype)
    return filled(wide[tuple(slice(2, n + 2) for n in array.shape)], array)


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


LAYOUTS = {
    "backwards": backwards,
    "fortran": np.asfortranarray,
    "in gaps": in_gaps,
    "in records": in_records,
    "middle of more": middle_of_more,
    "offset 1": lambda array: filled(fresh(array.shape, array.dtype, 1), array),
    "offset 4": lambda array: filled(fresh(array.shape, array.dtype, 4), array),
    "read-only": read_only,
    "swapped": lambda array: array.astype(array.dtype.newbyteorder()),
    "swapped, backwards": lambda array: backwards(array.astype(array.dtype.newbyteorder())),
}


@st.composite
def layouts(draw):
    """A function that puts any array of up to 6 axes into some such place."""
    order = draw(st.permutations(range(6)))
    flips = draw(st.lists(st.sampled_from((1, -1)), min_size=6, max_size=6))
    steps = draw(st.lists(st.sampled_from((1, 1, 2, 3)), min_size=6, max_size=6))
    offset = draw(st.integers(0, 70))
    swapped = draw(st.integers(0, 3)) == 0

    def place(array):
        axes = [axis for axis in order if axis < array.ndim]
        dtype = array.dtype.newbyteorder() if swapped else array.dtype
        block = fresh([array.shape[a] * steps[a] for a in axes], dtype, offset)
        view = block.transpose(np.argsort(axes))
        return filled(
            view[tuple(slice(None, None, flips[a] * steps[a]) for a in range(array.ndim))], array
        )

    return place
