"""The named problems of `corpus.txt`, which says how its lines are written."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

__all__ = ["Problem", "load", "parse", "value"]


@dataclass(frozen=True)
class Problem:
    """A convolution without its data.

    Attributes
    ----------
    name : str
        "family/name".
    call : str
        The function: "conv1d", "conv2d" or "conv3d".
    x, weight : tuple of int
        Shapes.
    bias : bool
        Whether there is one, of shape (weight[0],), or (1,) for a bare filter.
    options : dict
        Further arguments of the function by name.
    """

    name: str
    call: str
    x: tuple[int, ...]
    weight: tuple[int, ...]
    bias: bool
    options: dict[str, Any]

    @property
    def family(self) -> str:
        """What stands before the slash of the name."""
        return self.name.partition("/")[0]

    @property
    def dims(self) -> int:
        """How many spatial axes there are."""
        return int(self.call[4])


def load() -> list[Problem]:
    """Return all problems, in the order of the file.

    Examples
    --------
    >>> from cconv.cli import corpus
    >>> [problem.weight for problem in corpus.load() if problem.name == "vgg16/k3-3-64-224"]
    [(64, 3, 3, 3)]
    """
    text = files("cconv").joinpath("corpus.txt").read_text(encoding="utf-8")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [parse(line) for line in lines if line]


def parse(line: str) -> Problem:
    """Return the problem that a line without comment describes."""
    name, *words = line.split()
    fields = dict(word.split("=", 1) for word in words)
    x, weight = _shape(fields.pop("x")), _shape(fields.pop("weight"))
    axes = len(weight)
    dims = int(fields.pop("dims", axes - 2 if axes > 2 else axes))
    bias, channels_last = (fields.pop(flag, "0") == "1" for flag in ("bias", "channels_last"))
    options = {key: value(text) for key, text in fields.items()}
    if channels_last:
        options["channels_last"] = True
    return Problem(name, f"conv{dims}d", x, weight, bias, options)


def _shape(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split("x")))


def value(text: str) -> Any:
    """Return what an option of a problem says: a number, a word, or an entry for each axis."""
    if "," in text or ":" in text:
        return tuple(_entry(part) for part in text.split(","))
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            pass
    return text


def _entry(text: str) -> int | tuple[int, ...]:
    return tuple(map(int, text.split(":"))) if ":" in text else int(text)
