"""Refusals: one line each, and objects that are no numbers."""

import decimal
import fractions
import math

import numpy as np
import pytest

by_type = {"ids": lambda value: type(value).__name__}


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
        return "one\ntwo\r\nthree\x0bfour\x0cfive\x1csix\x85seven\u2028eight\u2029nine"


class Long:
    def __repr__(self):
        return "\N{GREEK SMALL LETTER ALPHA}" * 10_000


def itself():
    contains = []
    contains.append(contains)
    return contains


NO_INTS = [True, False, np.True_, np.array(True), 1.0, 2.5, math.nan, math.inf, np.float32(1)]
NO_INTS += [np.array(1.0), 1j, None, "1", "same", b"1", {1: 1}, {1}, object(), int]
NO_INTS += [fractions.Fraction(1), decimal.Decimal(1), (i for i in (1, 1))]
NO_INTS += [Index(TypeError("no")), Unprintable(), TwoLines(), Long()]
NO_INTS += [memoryview(np.ones((2, 2))), type("Two\nlines", (), {"__repr__": len})()]

BEYOND = [2**63, 10**30, -(2**64), 10**5000, Index(2**63), np.uint64(2**63)]
