"""Padding: signature and documentation; the core does the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cconv import _core

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from cconv.typing import PadWidth


def pad(
    array: ArrayLike,
    pad_width: PadWidth,
    mode: str = "constant",
    *,
    constant_values: ArrayLike = 0,
) -> NDArray[Any]:
    """Put a border around an array: `numpy.pad`, its call and its widths.

    .. warning:: ``torch.nn.functional.pad`` means something else: its flat list of widths begins
       at the last axis. Here the first pair is that of the first axis, and a single pair counts
       for all axes. ``torch``'s ``(left, right, top, bottom)`` is ``{-1: (left, right),
       -2: (top, bottom)}``.

    Parameters
    ----------
    array : array of any shape
        Any dtype that `numpy.pad` takes, any strides.
    pad_width : int, (before, after), one pair per axis, or dict
        Elements to put before and after each axis. A dict has ``{axis: width}``, a width being an
        int or a (before, after) pair; axes that it does not name have none.
    mode : {"constant", "edge", "reflect", "symmetric", "wrap"}
        What the border holds. Widths may be larger than the array: the last three modes go on
        with their period.
    constant_values : value, (before, after) or one pair per axis
        Of a constant border, cast to the dtype of `array` as NumPy does it.

    Returns
    -------
    array of shape (before + n + after, ...)
        A new C-contiguous array of the dtype of `array`, byte order included; the bytes of its
        elements are copied unchanged.

    Raises
    ------
    ValueError
        Another mode (`numpy.pad` has more), widths that are negative or don't fit the axes, an
        empty axis that has nothing to repeat.
    TypeError
        Widths that are no ints.
    MemoryError
        The result is not to be had.

    See Also
    --------
    cconv.reference.pad : the same in plain Python, the definition of correct.

    Examples
    --------
    >>> cconv.pad([1, 2, 3], (2, 1))
    array([0, 0, 1, 2, 3, 0])
    >>> cconv.pad([[1, 2, 3]], {1: 4}, "reflect")
    array([[1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3]])
    """
    return _core.pad(array, pad_width, mode, constant_values)
