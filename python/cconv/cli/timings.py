"""What problems took, library by library: `bench` fills it, its plot draws it."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["OURS", "Row", "Timing"]

OURS = "cconv"


@dataclass(frozen=True)
class Timing:
    """Median seconds of a call, and its error."""

    seconds: float
    error: float


@dataclass(frozen=True)
class Row:
    """What a problem took.

    Attributes
    ----------
    name : str
    products : int
        Multiplications.
    most_error : float
        Of a result that counts.
    timings : dict
        By library; ours first.
    """

    name: str
    products: int
    most_error: float
    timings: dict[str, Timing] = field(default_factory=dict)

    def ratio(self, peer: str) -> float:
        """Our time over that of a peer."""
        return self.timings[OURS].seconds / self.timings[peer].seconds

    def counts(self, name: str) -> bool:
        """Whether the error of a library is small enough."""
        return self.timings[name].error <= self.most_error

    @property
    def best(self) -> str:
        """The fastest library whose error is small enough; ours where none is."""
        good = [name for name in self.timings if self.counts(name)] or [OURS]
        return min(good, key=lambda name: self.timings[name].seconds)

    @property
    def rival(self) -> str | None:
        """The fastest peer whose error is small enough."""
        good = [name for name in self.timings if name != OURS and self.counts(name)]
        return min(good, key=lambda name: self.timings[name].seconds, default=None)
