"""How a call is computed: `explain`."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np

from cconv import _core, conv

# The core's explanation of each operation and the operation, whose signature reads the arguments.
_EXPLAINED = {
    "conv1d": (_core.explain_conv1d, conv.conv1d),
    "conv2d": (_core.explain_conv2d, conv.conv2d),
    "conv3d": (_core.explain_conv3d, conv.conv3d),
}


@dataclass(frozen=True)
class Explanation:
    """How a call is computed.

    Attributes
    ----------
    call : str
        The operation.
    algorithm : str
        The room that computes it.
    reasons : dict of str to str
        Why each room was or was not chosen.
    tiles : str
        The blocking inside the room.
    workspace : int
        Scratch memory in bytes.
    threads : int
        Threads the call uses.
    share_of_peak : float
        How much of the estimated time the multiplications take at the machine's best rate,
        from 0 to 1.

    Examples
    --------
    >>> with cconv.num_threads(1):
    ...     print(cconv.explain("conv1d", (1, 100), (4, 1, 3)).call)
    conv1d
    """

    call: str
    algorithm: str
    reasons: dict[str, str]
    tiles: str
    workspace: int
    threads: int
    share_of_peak: float

    def __str__(self) -> str:
        lines = [
            f"{self.call}: {self.algorithm}",
            *(f"  {name}: {reason}" for name, reason in self.reasons.items()),
            f"  tiles: {self.tiles}",
            f"  workspace: {self.workspace} bytes",
            f"  threads: {self.threads}",
            f"  share of peak: {self.share_of_peak:.0%}, estimated",
        ]
        return "\n".join(lines)


def as_array(x: Any) -> Any:
    """Return an array given as a shape as a float32 array of that shape that takes no memory."""
    if not (isinstance(x, tuple) and all(type(n) is int for n in x)):
        return x
    try:
        return np.broadcast_to(np.float32(0), x)
    except (ValueError, MemoryError):
        raise ValueError(
            f"explain: shape {_core.describe(x)} is that of no array; extents from 0 on "
            "that make less than 2**63 bytes would do"
        ) from None


def explain(call: str, x: Any, weight: Any, *args: Any, **options: Any) -> Explanation:
    """Tell how a call is computed, without computing it.

    Parameters
    ----------
    call : {"conv1d", "conv2d", "conv3d"}
        The operation.
    x, weight : array, or tuple of int
        A tuple is the shape of a float32 array with unknown values.
    *args, **options
        As in the call.

    Returns
    -------
    Explanation
        Prints as a few lines.

    Raises
    ------
    ValueError
        `call` is no operation that can be explained, or the call itself would raise it.

    Examples
    --------
    >>> plan = cconv.explain("conv2d", (3, 32, 32), (8, 3, 3, 3), algorithm="gemm")
    >>> plan.algorithm, plan.reasons["direct"]
    ('gemm', 'not named')
    """
    if not isinstance(call, str) or call not in _EXPLAINED:
        known = ", ".join(f'"{name}"' for name in _EXPLAINED)
        described = _core.describe(call)
        raise ValueError(f"explain: call {described} is unknown; one of {known} would do")
    core, operation = _EXPLAINED[call]
    bound = inspect.signature(operation).bind(as_array(x), as_array(weight), *args, **options)
    bound.apply_defaults()
    if bound.arguments["bias"] is not None:
        bound.arguments["bias"] = as_array(bound.arguments["bias"])
    return Explanation(**core(*bound.arguments.values()))
