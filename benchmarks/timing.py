"""Timing subjects against each other on a machine that others use too."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter, process_time
from typing import Any


def in_turn(subjects: Sequence[Callable[[], Any]], repeat: int) -> list[float]:
    """Return median seconds a subject, in turn, so that a noisy spell of the machine meets all of them.

    Each is called once more, before, which does not count. Without garbage collection, as
    `timeit` has it: whose garbage it meets is a matter of luck.
    """
    times: list[list[float]] = [[] for _ in subjects]
    gc.collect()
    gc.disable()
    try:
        for round_number in range(repeat + 1):
            for taken, subject in zip(times, subjects, strict=True):
                start = perf_counter()
                subject()
                if round_number or repeat == 1:
                    taken.append(perf_counter() - start)
    finally:
        gc.enable()
    return [median(taken) for taken in times]


class Clock:
    """Counts from when it is made: seconds on the wall, and of CPU, which others disturb less."""

    def __init__(self) -> None:
        self._wall, self._cpu = perf_counter(), process_time()

    def read(self) -> dict[str, float]:
        """Return `seconds` and `cpu`, of all threads of this process."""
        return {"seconds": perf_counter() - self._wall, "cpu": process_time() - self._cpu}


def keep_freed_memory() -> None:
    """Let glibc keep what is freed, for everyone: else who gets fresh pages, and pays for them, is luck.

    Freeing one block of just under 32 MB raises its thresholds for the rest of the process (mallopt(3)).
    """
    block = bytearray(31 << 20)
    del block
