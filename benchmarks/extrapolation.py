"""How long many partitions would take on many cores, simulated from what few take on one."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TIMES = 30
"""Replications of the simulation."""


@dataclass(frozen=True)
class Measured:
    """Seconds of each piece of both passes, and of the client for all of them."""

    survey: list[float]
    make: list[float]
    client: float


def extrapolated(measured: Measured, times: int, cores: int) -> tuple[float, float, float]:
    """Return the seconds of so many `times` as much on so many cores: the median, the 5 and the 95 % point.

    Pieces are drawn from those that were measured, and each goes to the core that is free first. The client
    takes what comes of the second pass one by one, at the pace that it had here.
    """
    rng = np.random.Generator(np.random.PCG64(0))
    survey, make = np.array(measured.survey), np.array(measured.make)
    client = measured.client / len(make)
    taken = []
    for _ in range(TIMES):
        first = _finished(rng.choice(survey, len(survey) * times), cores, 0.0)
        done = _finished(rng.choice(make, len(make) * times), cores, float(first.max()))
        taken.append(_received(done, client))
    least, likely, most = np.quantile(taken, [0.05, 0.5, 0.95]).tolist()
    return likely, least, most


def _finished(pieces: NDArray[np.float64], cores: int, start: float) -> NDArray[np.float64]:
    """Return when each piece is done, if every core takes the next as soon as it is free."""
    free = [start] * cores
    done = []
    for seconds in pieces.tolist():
        done.append(heapq.heappop(free) + seconds)
        heapq.heappush(free, done[-1])
    return np.array(done)


def _received(done: NDArray[Any], each: float) -> float:
    """Return when the client has taken all pieces, in their order."""
    # Where it never waits it takes one after the other; else it waits for the latest so far.
    latest = np.maximum.accumulate(done)
    left = np.arange(len(done), 0, -1) * each
    return float((latest + left).max())
