"""The types of arguments, for annotations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

PerAxis: TypeAlias = int | Sequence[int]
Padding: TypeAlias = str | int | Sequence[int | Sequence[int]]
Activation: TypeAlias = str | tuple[str, float] | None

__all__ = ["Activation", "Padding", "PerAxis"]
