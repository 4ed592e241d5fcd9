"""Values of options, as argparse reads them."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from cconv.cli import corpus

if TYPE_CHECKING:
    from cconv.typing import Padding

__all__ = ["PADDINGS", "count", "padding", "per_axis"]

PADDINGS = ("valid", "same", "same_lower", "full")


def count(text: str) -> int:
    """Read a number from 1 on."""
    if not text.isdecimal() or not 0 < int(text) < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def per_axis(text: str) -> tuple[int, int]:
    """Read a number for both axes, or one for each: `3`, `3x5` or `3,5`."""
    numbers = [count(part) for part in re.split("[x,]", text)]
    if len(numbers) > 2:
        raise argparse.ArgumentTypeError(
            f"{text!r} has {len(numbers)} numbers; one or two would do"
        )
    return numbers[0], numbers[-1]


def padding(text: str) -> Padding:
    """Read a word, a number, or for each axis a number or before:after."""
    if text in PADDINGS:
        return text
    if not re.fullmatch(r"\d{1,9}(:\d{1,9})?(,\d{1,9}(:\d{1,9})?)?", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no padding; {', '.join(PADDINGS)}, a number such as 1, "
            "or one for each axis such as 1,0:2 would do"
        )
    value: Padding = corpus.value(text)
    return value
