"""Timing subjects against each other on a machine that others use too."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np


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


def keep_freed_memory() -> None:
    """Let glibc keep what is freed, for everyone: else who gets fresh pages, and pays for them, is luck.

    Freeing one block of just under 32 MB raises its thresholds for the rest of the process (mallopt(3)).
    """
    block = np.ones(31 << 20, dtype=np.uint8)
    del block
