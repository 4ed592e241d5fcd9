"""Refusals: one line each, and values that no argument takes."""

import decimal
import fractions
import math

import numpy as np
import pytest


def refusal(error, function, *args, **arguments):
    """The message of a refusal: one line of reasonable length."""
    with pytest.raises((ValueError, TypeError, MemoryError)) as caught:
        function(*args, **arguments)
    assert isinstance(caught.value, error)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert 20 < len(message) < 400
    return message


class Index:
    """Counts as an int, or raises."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        if isinstance(self.value, BaseException):
            raise self.value
        return self.value


class Unprintable:
    def __repr__(self):
        raise RuntimeError


class TwoLines:
    def __repr__(self):
        return "one\ntwo\r\nthree\u2028four"


class Long:
    def __repr__(self):
        return "\N{GREEK SMALL LETTER ALPHA}" * 10_000


NO_INTS = [True, False, np.True_, np.array(True), 1.0, math.nan, np.float32(1), np.array(1.0)]
NO_INTS += [1j, "1", b"1", {1: 1}, {1}, object(), int, fractions.Fraction(1), decimal.Decimal(1)]
NO_INTS += [(i for i in (1, 1)), Index(TypeError("no")), Unprintable(), TwoLines(), Long()]

BEYOND = [2**63, 10**30, -(2**64), 10**5000, Index(2**63), np.uint64(2**63)]

by_type = {"ids": lambda value: type(value).__name__}
