"""A progress bar for long work, where somebody watches."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

__all__ = ["progress"]


def progress(total: float, unit: str, what: str = "") -> Any:
    """Return a bar of `tqdm`, which is gone when done; none where stderr is no terminal.

    Parameters
    ----------
    total : float
    unit : str
    what : str
        Stands before the bar.

    Examples
    --------
    >>> from cconv.cli.progress import progress
    >>> with progress(3, "pixel") as bar:
    ...     for _ in range(3):
    ...         _ = bar.update(1)
    """
    return tqdm(
        total=total,
        desc=what,
        unit=unit,
        unit_scale=True,
        leave=False,
        file=sys.stderr,
        disable=None,
    )
