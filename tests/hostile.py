"""Objects that lie, raise, or change what is being read, and what a call may answer to them.

Run in a process of its own by test_hostile.py: a crash must not take the tests along.
"""

import array
import collections
import contextlib
import ctypes
import decimal
import faulthandler
import fractions
import math
import mmap
import random
import time
import warnings

import numpy as np
from operations import OPERATIONS, takes_out
from problems import ACTIVATIONS, ALIASES, MODES, ROOMS, TYPES, WORDS, values

import cconv

try:
    import resource
except ImportError:
    resource = None


class MineError(Exception):
    """What these objects raise: it has to come out as it is."""


def fail(*_, **__):
    raise MineError("mine")


# ------------------------------------------------------------------------------ numbers, words


class Index:
    """An int by what it answers, after it did something."""

    def __init__(self, answer, act=lambda: None):
        self.answer, self.act = answer, act

    def __index__(self):
        self.act()
        return self.answer() if callable(self.answer) else self.answer


def restless():
    """1, then 2**40, then -1, and so on."""
    answers = iter([1, 2**40, -1] * 50)
    return Index(lambda: next(answers))


def made(name, bases=(), **methods):
    """An object of a new class with these methods."""
    return type(name, bases, methods)


def reshaping(arguments):
    """Gives the arrays of the call other forms, all of them as legal as any assignment."""

    def act():
        for value in arguments.values():
            if type(value) is np.ndarray and value.flags.writeable and value.ndim:
                with contextlib.suppress(AttributeError):  # no form without a copy
                    value.shape = (-1, 1) if value.ndim < 2 else (value.size,)

    return Index(1, act)


def shrinking(arguments):
    """Frees the memory of the arrays of the call, as `refcheck=False` lets it."""

    def act():
        for value in arguments.values():
            if type(value) is np.ndarray and value.flags.owndata and value.flags.writeable:
                value.resize((1,) * value.ndim, refcheck=False)

    return Index(1, act)


def filling(arguments):
    """A value for a border that frees the memory of the arrays of the call when it is read."""
    free = shrinking(arguments)
    return made("Filling", __float__=lambda self: float(free.__index__()))()


def clearing(_):
    entries = [1, 1]
    entries[0] = Index(1, entries.clear)
    return entries


def growing(_):
    entries = [1, 1]
    entries[0] = Index(1, lambda: entries.extend([1] * 1000))
    return entries


def growing_when_read(_):
    def get(self, place):
        list.append(self, 1)
        return list.__getitem__(self, place)

    return made("Growing", (list,), __getitem__=get)([1, 1])


def long_sequence(size):
    """One of that many entries, by what it says."""
    return made("Long", (list,), __len__=lambda self: size)([1, 1])


def sequence(size, get=lambda self, place: 1):
    return made("Sequence", __len__=lambda self: size, __getitem__=get)()


def nested(_):
    entries = [1]
    for _ in range(100):
        entries = [entries]
    return entries


def itself(_):
    entries = [1]
    entries.append(entries)
    return entries


class Word(str):
    """A word that does not want to be one."""

    __slots__ = ()
    __eq__ = __hash__ = __str__ = __repr__ = __len__ = __getitem__ = encode = fail


NUMBERS = [
    *(0, -1, 5, 2**31, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1, -(2**63), -(2**64)),
    *(10**30, 10**400, -(10**5000), True, False, np.True_, np.int8(-1), np.uint64(2**64 - 1)),
    *(0.0, -0.0, 0.5, 1e300, math.inf, math.nan, 1j, np.float16(2), np.longdouble(3), 3 + 0j),
    *(decimal.Decimal("1e999"), fractions.Fraction(10**400), np.complex64(1j), None, ...),
    *(np.array(1), np.array(1.5), np.array(True), np.datetime64("2020"), np.timedelta64(1, "s")),
]
TEXTS = ["", "x", "same", "same\0", "same\n", "\ud800", "a" * 10**6, b"same", "1", "constant"]
SEQUENCES = [
    lambda _: range(2**70),
    lambda _: range(10**9),
    lambda _: (n for n in (1, 2)),
    lambda _: {1: 2, "0": 3},
    lambda _: {0: (1, 2), -1: 3},
    lambda _: {1, 2},
    lambda _: collections.deque([1, 2]),
    lambda _: collections.UserList([1, 2]),
    lambda _: array.array("i", [1, 2]),
    lambda _: bytearray(b"\1\2"),
    lambda _: np.ones((2, 2), int),
    lambda _: np.ones((2, 2)),
    lambda _: [],
    lambda _: [[], []],
    lambda _: [[1, 2], [3]],
    lambda _: [10**400, 1.5],
    lambda _: [None, object()],
    lambda _: list(range(1000)),
    *(lambda _, n=n: long_sequence(n) for n in (0, 1, 2, 3, 10**18, -1, 2**63, 1.0, None)),
    *(lambda _, n=n: sequence(n) for n in (0, 2, 3, 10**18, -1, 2**63)),
    lambda _: sequence(2, fail),
    lambda _: made("Lengthless", __len__=fail, __getitem__=fail)(),
    lambda _: made("Lengthless", (list,), __len__=fail, __iter__=fail, __getitem__=fail)([1]),
    lambda _: made("Tuple", (tuple,), __len__=lambda s: 2, __getitem__=lambda s, i: 1)((1,) * 9),
    lambda _: made("Endless", __getitem__=lambda self, place: 1)(),
    clearing,
    growing,
    growing_when_read,
    nested,
    itself,
]
OBJECTS = [
    lambda _: object(),
    lambda _: len,
    lambda _: int,
    lambda _: Word("same"),
    lambda _: Word("constant"),
    lambda _: Index(1),
    lambda _: Index(lambda: fail()),
    lambda _: Index("text"),
    lambda _: Index(2**70),
    lambda _: Index(made("Int", (int,), __int__=fail, __index__=fail)(1)),
    lambda _: restless(),
    lambda _: (restless(), restless()),
    lambda _: made("Int", (int,), __index__=fail, __int__=fail, __eq__=fail, __hash__=fail)(1),
    lambda _: made("Float", (float,), __float__=fail, __eq__=fail, __hash__=fail)(1),
    lambda _: made("Float", __float__=lambda self: "text")(),
    lambda _: made("Float", __float__=fail)(),
    lambda _: made("Complex", __complex__=fail)(),
    lambda _: made("Classless", __class__=property(fail))(),
    lambda _: made("Attributeless", __getattr__=fail)(),
    lambda _: made("Unprintable", __repr__=fail, __str__=fail)(),
    lambda _: made("Two\nlines", __repr__=fail)(),
    lambda _: made("Unprintable", __repr__=lambda self: 3)(),
    lambda _: made("Lines", __repr__=lambda self: "one\ntwo\r\nthree\x85four\u2028five")(),
    reshaping,
    shrinking,
    filling,
    lambda arguments: [reshaping(arguments), 1],
    lambda arguments: (shrinking(arguments), 1),
    lambda arguments: {0: shrinking(arguments)},
]


# ------------------------------------------------------------------------------ arrays


def numbers():
    return np.arange(48.0).reshape(2, 4, 6)


class Overridden(np.ndarray):
    """A subclass whose every method is its own."""

    __array__ = __getitem__ = __len__ = __iter__ = astype = copy = view = fail
    reshape = ravel = tolist = take = resize = tobytes = __reduce__ = __array_ufunc__ = fail
    __array_function__ = fail


def from_array(answer):
    return made("Array", __array__=lambda self, *args, **kwargs: answer(self))()


def from_dlpack(answer, device=(1, 0)):
    return made(
        "DLPack",
        __dlpack__=lambda self, **kwargs: answer(),
        __dlpack_device__=lambda self: device,
    )()


def released():
    view = memoryview(bytearray(8))
    view.release()
    return view


def closed():
    pages = mmap.mmap(-1, 4096)
    pages.close()
    return pages


def raises(error):
    def raise_it(*_):
        raise error

    return raise_it


ARRAYS = [
    numbers,
    *(lambda t=t: np.zeros((2, 4, 6), t) for t in (*TYPES, "g", "G", "O", "S3", "U2", "M8[s]")),
    *(lambda t=t: np.zeros((2, 4, 6), t) for t in (">f4", ">i8", "V5", "f4,>i2", "m8[D]")),
    *(lambda n=n: np.ones((2,) * n) for n in (0, 1, 2, 4, 5, 6, 9)),
    lambda: np.ones((1,) * 32),
    lambda: np.ones((2, 4, 0)),
    lambda: np.ones((0, 4, 6)),
    lambda: np.ones((2, 0, 6, 6)),
    lambda: np.broadcast_to(np.float32(1), (2, 4, 2**40)),
    lambda: np.broadcast_to(np.uint8(1), (2**61,)),
    lambda: np.broadcast_to(np.uint8(1), (2**20, 2**20, 2**20)),
    lambda: numbers()[::-1, ::2, ::-3],
    lambda: numbers().T,
    lambda: np.frombuffer(bytes(8 * 13 + 1), "f8", 13, 1),
    lambda: np.full((2, 4, 6), np.nan),
    lambda: np.full((2, 4, 6), np.inf, np.float16),
    lambda: numbers().view(Overridden),
    lambda: np.ones((2, 4, 6), ">f8").view(Overridden),
    lambda: np.ma.masked_array(numbers(), numbers() > 5),
    lambda: np.ones((2, 2)).view(np.memmap),
    lambda: numbers().tolist(),
    lambda: memoryview(numbers()),
    lambda: memoryview(b"abcdef").cast("c"),
    lambda: (ctypes.c_float * 3)(1, 2, 3),
    lambda: (ctypes.c_char_p * 2)(),
    lambda: b"",
    lambda: b"bytes",
    released,
    closed,
    lambda: from_array(lambda self: self),
    lambda: from_array(lambda self: [1.0, 2.0]),
    lambda: from_array(lambda self: None),
    lambda: from_array(lambda self: numbers()),
    lambda: from_array(lambda self: numbers().view(Overridden)),
    lambda: from_array(lambda self: np.array([object()])),
    lambda: from_array(fail),
    *(lambda e=e: from_array(raises(e)) for e in (TypeError("no"), BufferError("no"))),
    lambda: from_dlpack(lambda: 3),
    lambda: from_dlpack(fail),
    lambda: from_dlpack(raises(BufferError("no"))),
    lambda: from_dlpack(raises(RuntimeError("no"))),
    lambda: from_dlpack(lambda: numbers().__dlpack__()),
    lambda: from_dlpack(lambda: numbers().__dlpack__(), (2, 0)),
    lambda: from_dlpack(lambda: numbers().__dlpack__(), "gpu"),
    lambda: [from_array(fail), 1.0],
    lambda: [[1.0, 2.0], made("Row", __len__=lambda self: 2, __getitem__=fail)()],
]

HOSTILE = [
    *(lambda _, n=n: n for n in NUMBERS),
    *(lambda _, t=t: t for t in TEXTS),
    *SEQUENCES,
    *OBJECTS,
    *(lambda _, make=make: make() for make in ARRAYS),
]


# Objects that are the same in every call.
LASTING = [*(lambda _, n=n: n for n in [*NUMBERS, *TEXTS]), *SEQUENCES[:20]]


# ------------------------------------------------------------------------------ what is allowed


# What objects of ours raise, and memoryviews of several axes when they are iterated.
OWN = MineError, NotImplementedError


def complaint(function, arguments):
    """What is wrong with the answer of a call, or None."""
    out = arguments.get("out")
    watched = type(out) is np.ndarray and out.nbytes < 10**6
    before = out.tobytes() if watched else None
    try:
        function(**arguments)
    except OWN:
        pass
    except (ValueError, TypeError, MemoryError) as error:
        message = str(error)
        if len(message.splitlines()) > 1:
            return f"a message of several lines: {message!r}"
        if len(message) > 1000:
            return f"a message of {len(message)} characters"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    else:
        return None
    if watched and out.nbytes == len(before) and out.tobytes() != before:
        return "the call raised, and out has changed"
    return None


def out_for(operation):
    """An array that takes the result of the call without changes."""
    result = operation()
    return np.full_like(result, 7) if isinstance(result, np.ndarray) else None


def endless(name, arguments):
    """Whether the call would read, as asked, more than it could in years."""
    x = arguments.get("x")
    return name.startswith("adaptive") and type(x) is np.ndarray and x.size > 2**32


def every(name):
    """Complaints about every hostile object in the place of every argument."""
    operation = OPERATIONS[name]
    well = repr(operation())
    for place in [*operation.arguments(), *(["out"] if takes_out(name) else [])]:
        for number, make in enumerate(HOSTILE):
            arguments = operation.arguments()
            if takes_out(name):
                arguments["out"] = out_for(operation)
            arguments[place] = make(arguments)
            if endless(name, arguments):
                continue
            if said := complaint(operation.function, arguments):
                yield f"{name}: HOSTILE[{number}] as {place}: {said}"
    if repr(operation()) != well:
        yield f"{name}: its result is another one afterwards"


# ------------------------------------------------------------------------------ random calls

SMALL = [0, 1, 1, 1, 2, 2, 3, 4]
LIKELY = {
    "padding": [*WORDS, *SMALL, (1, 0), [(1, 2)], [(0, 1), (2, 0)], [(0, 1), 2, (2, 0)]],
    "padding_mode": [*MODES, *ALIASES],
    "mode": [*MODES],
    "padding_value": [0, 0, 1, -2.5, True],
    "constant_values": [0, 0, 1, (1, 2), [(1, 2)]],
    "activation": [None, *ACTIVATIONS, ("leaky_relu", 0.2)],
    "channels_last": [False, True],
    "algorithm": ["auto", *ROOMS],
    "dtype": [None, *TYPES],
    "call": ["conv1d", "conv2d", "conv3d"],
    "layers": [[(3, 1, 1)] * 4, []],
    "pad_width": [*SMALL, (1, 2), [(1, 2)], [(1, 2), (0, 3), (2, 2)], {0: 2, -1: (0, 1)}],
}


def likely(rng, name, value):
    """Something that the argument may well be."""
    if isinstance(value, np.ndarray):
        shape = list(value.shape)
        if rng.random() < 0.5:
            shape[rng.randrange(len(shape))] = rng.randrange(9)
        return values(rng.randrange(9), shape, rng.choice(TYPES))
    if name in LIKELY:
        return rng.choice(LIKELY[name])
    if rng.random() < 0.3:
        return [rng.choice(SMALL) for _ in range(rng.randrange(4))]
    return rng.choice(SMALL)


def random_call(rng, objects=HOSTILE):
    """The name of an operation and arguments, none to four of them changed."""
    name = rng.choice(list(OPERATIONS))
    operation = OPERATIONS[name]
    arguments, good = operation.arguments(), operation.arguments()
    if takes_out(name) and rng.random() < 0.5:
        arguments["out"] = out_for(operation)
    for _ in range(rng.randrange(5)):
        place = rng.choice(list(arguments))
        if rng.random() < 0.6 and place != "out":
            arguments[place] = likely(rng, place, good[place])
        else:
            arguments[place] = rng.choice(objects)(arguments)
    if endless(name, arguments):
        arguments["x"] = good["x"]
    return name, arguments


def fuzz(seed, calls):
    """Complaints about random calls; then how many were answered, refused, by operation."""
    answered, refused = collections.Counter(), collections.Counter()
    for turn in range(calls):
        rng = random.Random(f"{seed}:{turn}")
        name, arguments = random_call(rng)
        ended = []

        def function(ended=ended, name=name, **arguments):
            OPERATIONS[name].function(**arguments)
            ended.append(True)

        begin = time.perf_counter()
        if said := complaint(function, arguments):
            yield f"fuzz({seed}), call {turn}, {name}: {said}"
        if (seconds := time.perf_counter() - begin) > 5:
            yield f"fuzz({seed}), call {turn}, {name}: took {seconds:.0f} s"
        (answered if ended else refused)[name] += 1
    for name in OPERATIONS:
        if not (answered[name] and refused[name]):
            yield f"{name}: {answered[name]} answered, {refused[name]} refused"


def main(complaints):
    """Print complaints; a call that hangs or ends the process shows where."""
    faulthandler.enable()
    faulthandler.dump_traceback_later(100, exit=True)
    if resource is not None:  # so that nothing here can take the machine's memory
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, -1))
    warnings.simplefilter("ignore")  # NumPy's, of casts
    cconv.set_num_threads(2)
    for line in complaints:
        print(line.encode("ascii", "backslashreplace").decode()[:500], flush=True)
