"""The types of arguments, for annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

PerAxis: TypeAlias = int | Sequence[int]
AdaptiveSize: TypeAlias = int | Sequence[int | None] | None
Padding: TypeAlias = str | int | Sequence[int | Sequence[int]]
Activation: TypeAlias = str | tuple[str, float] | None
PadWidth: TypeAlias = (
    int | Sequence[int] | Sequence[Sequence[int]] | Mapping[int, int | Sequence[int]]
)

__all__ = ["Activation", "AdaptiveSize", "PadWidth", "Padding", "PerAxis"]
