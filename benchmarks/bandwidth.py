"""The limit of the machine: how many bytes a second one core moves between memory and itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from time import perf_counter

import numpy as np

from benchmarks.rows import Row, row

WORDS = 32 << 20
"""Of eight bytes: far more than any cache holds."""
TIMES = 7


@cache
def bandwidth() -> float:
    """Return bytes a second, read and written together: the better of copying and of reading, at best."""
    return max(_figures().values())


def at_best(read: int, written: int = 0) -> float:
    """Return the seconds in which so many bytes can be read and written, and nothing be done with them."""
    return (read + written) / bandwidth()


def rows() -> list[Row]:
    """Return rows that show what was measured."""
    question, size = "memory bandwidth, one core", 8 * WORDS / 1e6
    return [
        row(question, name, 8 * WORDS * moved / speed, note=f"{size:.0f} MB, {speed / 1e9:.1f} GB/s, at best")
        for (name, speed), moved in zip(_figures().items(), (1, 2), strict=True)
    ]


@cache
def _figures() -> dict[str, float]:
    source = np.ones(WORDS)
    target = np.zeros(WORDS)
    return {
        "numpy: read an array": source.nbytes / _least(source.sum),
        "numpy: copy an array": 2 * source.nbytes / _least(lambda: np.copyto(target, source)),
    }


def _least(action: Callable[[], object]) -> float:
    taken = []
    for _ in range(TIMES):
        start = perf_counter()
        action()
        taken.append(perf_counter() - start)
    return min(taken)
