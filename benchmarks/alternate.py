"""Calls timed in turns, so that the moods of a machine are everybody's."""

import statistics
import time
from collections.abc import Callable


def medians(calls: dict[str, Callable[[], object]], seconds: float) -> dict[str, float]:
    """Time each of the calls, one after the other and again, for about so many seconds.

    Returns
    -------
    dict of str to float
        The median of each, in milliseconds.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(times.values()))) < 3:
        for name, call in calls.items():
            begin = time.perf_counter()
            call()
            times[name].append(1e3 * (time.perf_counter() - begin))
    return {name: statistics.median(taken) for name, taken in times.items()}
