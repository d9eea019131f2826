"""The same mix for everyone: a table of strata by people, rounded so that rows and columns stay exact."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.int64]


def mixed(sizes: NDArray[np.int64], counts: NDArray[np.int64]) -> Table:
    """Return int64[strata, people] with row sums `sizes` and column sums `counts` (of equal total).

    Each cell is size × count / total, rounded down or up; such a table always
    exists (controlled rounding: M. Bacharach, *Matrix rounding problems*, 1966).
    Row by row the units left over go where most is owed, then single units are
    moved along shortest chains of people until the columns are exact.
    """
    total = int(counts.sum())
    exact = sizes[:, None] * counts[None, :]
    table, remainder = np.divmod(exact, max(1, total))
    fractional = remainder > 0
    up = np.zeros(table.shape, dtype=np.bool_)
    owed = np.zeros(len(counts), dtype=np.int64)  # in units of 1 / total items
    spare = sizes - table.sum(axis=1)
    whole = ~fractional
    any_whole: list[bool] = np.any(whole, axis=1).tolist()
    for row in np.flatnonzero(spare).tolist():
        owed += remainder[row]
        rank = -owed
        if any_whole[row]:
            # Whole shares come last: they are not rounded.
            rank[whole[row]] = np.iinfo(np.int64).max
        first = rank.argsort(kind="stable")[: spare[row]]
        up[row, first] = True
        owed[first] -= total
    _settle(up, fractional, table.sum(axis=0) + up.sum(axis=0) - counts)
    return table + up


def _settle(up: NDArray[np.bool_], fractional: NDArray[np.bool_], off: NDArray[np.int64]) -> None:
    """Turn cells of `up` until no column is `off`; row sums stay as they are."""
    while off.any():
        start = int(np.argmax(off))
        path = _chain(up, fractional, start, off)
        for giver, taker in pairwise(path):
            row = int(np.argmax(up[:, giver] & fractional[:, taker] & ~up[:, taker]))
            up[row, giver], up[row, taker] = False, True
        off[path[0]] -= 1
        off[path[-1]] += 1


def _chain(
    up: NDArray[np.bool_], fractional: NDArray[np.bool_], start: int, off: NDArray[np.int64]
) -> list[int]:
    """Return the shortest chain of people from `start` to one who lacks an item, each able to pass one on."""
    came_from: dict[int, int] = {start: start}
    frontier = [start]
    while frontier:
        following: list[int] = []
        for giver in frontier:
            rows = up[:, giver]
            takers: NDArray[Any] = np.flatnonzero((fractional[rows] & ~up[rows]).any(axis=0))
            for taker in takers.tolist():
                if taker in came_from:
                    continue
                came_from[taker] = giver
                if off[taker] < 0:
                    path = [taker]
                    while path[-1] != start:
                        path.append(came_from[path[-1]])
                    return path[::-1]
                following.append(taker)
        frontier = following
    raise AssertionError("the exact proportions are a feasible rounding, so a chain exists")
