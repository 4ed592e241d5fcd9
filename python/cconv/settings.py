"""Threads and configuration."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, overload

from cconv import _core

if TYPE_CHECKING:
    from types import TracebackType

# What was set where each `with` block of this context began, the innermost last; 0: nothing.
_outer: ContextVar[tuple[int, ...]] = ContextVar("cconv_outer_num_threads", default=())


def set_num_threads(n: int) -> None:
    """Set how many threads a call may use, in the whole process.

    Parameters
    ----------
    n : int
        At least 1; more than there are cores is allowed.

    See Also
    --------
    num_threads : for the calls of a `with` block.

    Examples
    --------
    >>> cconv.set_num_threads(2)
    >>> cconv.get_num_threads()
    2
    """
    _core.set_num_threads(n)


def get_num_threads() -> int:
    """Return how many threads a call may use here.

    The first of: the enclosing `num_threads`, `set_num_threads`, the variable
    ``CCONV_NUM_THREADS``, and the smallest of ``OMP_NUM_THREADS``, the affinity and the
    container's quota.

    Returns
    -------
    int

    Examples
    --------
    >>> cconv.get_num_threads() >= 1
    True
    """
    return _core.get_num_threads()


class num_threads:  # noqa: N801 - reads as a function
    """Set how many threads calls in this context may use: ``with cconv.num_threads(n): ...``.

    Parameters
    ----------
    n : int
        At least 1.

    See Also
    --------
    set_num_threads : for the whole process.

    Examples
    --------
    >>> with cconv.num_threads(1):
    ...     cconv.get_num_threads()
    1
    """

    def __init__(self, n: int) -> None:
        self._n = _core.checked_threads(n)

    def __enter__(self) -> None:
        _outer.set((*_outer.get(), _core.threads_context.get(0)))
        _core.threads_context.set(self._n)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        *outer, before = _outer.get()
        _outer.set(tuple(outer))
        _core.threads_context.set(before)


@overload
def show_config(mode: Literal["stdout"] = "stdout") -> None: ...
@overload
def show_config(mode: Literal["dicts"]) -> dict[str, Any]: ...


def show_config(mode: str = "stdout") -> dict[str, Any] | None:
    """Print how this cconv was built and what it uses here, or return it.

    Parameters
    ----------
    mode : {"stdout", "dicts"}
        "dicts" returns the configuration instead of printing it.

    Returns
    -------
    dict, only with "dicts"
        Of each line or section that would be printed.

    Raises
    ------
    ValueError
        Another mode.

    Examples
    --------
    >>> config = cconv.show_config("dicts")
    >>> config["isa"]["in_use"] in config["isa"]["available"]
    True
    """
    if not isinstance(mode, str) or mode not in ("stdout", "dicts"):
        described = _core.describe(mode)
        raise ValueError(f'show_config: mode {described} is unknown; "stdout" or "dicts" would do')
    config = _core.config()
    if mode == "dicts":
        return config
    for name, value in config.items():
        if isinstance(value, dict):
            print(f"{name}:")
            for key, entry in value.items():
                print(f"  {key}: {', '.join(entry) if isinstance(entry, list) else entry}")
        else:
            print(f"{name}: {value}")
    return None
