"""How far from the exact sum a convolution may be: "Accuracy" in section 4 of the contract.

`promised_error` runs the reference on absolute values, so that every output has a bound of its own.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray


def promised_error(
    conv: Callable[..., NDArray[Any]],
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *sizes: Any,
    padding_mode: str = "constant",
    padding_value: complex = 0,
    activation: object = None,
    algorithm: object = None,
    dtype: DTypeLike | None = None,
    out: object = None,
    **options: Any,
) -> NDArray[np.float64]:
    """Bound of every output of `conv(x, weight, bias, ...)`, a function of `cconv.reference`.

    Of the finished sum, before activation: compare with the reference's `dtype=np.float64`
    (`np.complex128`), which isn't rounded to the type of the result.  With T terms in the sum, the
    bias one of them::

        eps(sum) * min(T, 1024 + T/256) * sum |terms|  +  T * smallest subnormal(sum)
        +  ulp(result) / 2  where the result is a narrower float than the sum

    all doubled for complex numbers; 0 for integers; not finite where the terms are not, or where
    the result overflows.  Rounding to an integer `dtype` isn't in it: that is monotonic, so cast
    the ends of the interval.
    """
    operands = np.asarray(x), np.asarray(weight), None if bias is None else np.asarray(bias)

    def run(*arrays: NDArray[Any] | None, value: complex, mode: str, **more: Any) -> NDArray[Any]:
        return conv(*arrays, *sizes, padding_mode=mode, padding_value=value, **options, **more)

    table_type = run(*operands, value=padding_value, mode=padding_mode).dtype
    parts = 2 if table_type.kind == "c" else 1
    wide = np.dtype(np.complex128 if parts == 2 else np.float64)
    sums = run(*operands, value=padding_value, mode=padding_mode, dtype=wide)
    if table_type.kind == "i":
        return np.zeros(sums.shape)

    with np.errstate(all="ignore"):
        border = float(np.abs(np.full((), padding_value, operands[0].dtype).astype(wide)))
        absolute = [None if a is None else np.abs(a.astype(wide)) for a in operands]
        ones = [None if a is None else np.ones(a.shape) for a in operands]
        magnitude = run(*absolute, value=border, mode=padding_mode)
        terms = run(*ones, value=1, mode="constant")

        sum_type = np.finfo(np.float64 if table_type.itemsize == 8 * parts else np.float32)
        eps, subnormal = float(sum_type.eps), float(sum_type.tiny) * float(sum_type.eps)
        bound: NDArray[np.float64]
        bound = eps * np.minimum(terms, 1024 + terms / 256) * magnitude + terms * subnormal
        result = table_type if dtype is None else np.dtype(dtype)
        if result.kind not in "iu" and result.itemsize < sum_type.bits // 8 * parts:
            part = np.empty(0, result).real.dtype
            ulp = np.spacing((np.abs(sums) + bound).astype(part)).astype(np.float64)
            bound += np.where(np.isnan(ulp), np.inf, ulp) / 2
        bound *= parts
    return bound
