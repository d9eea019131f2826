"""A tighter bound: everyone picks the best items for themselves within their capacity."""

from __future__ import annotations

import numpy as np

from taskplan.allocation.gap.improve import Core
from taskplan.allocation.gap.instance import Counts, Floats
from taskplan.allocation.gap.ordered import dot

STEPS = 200
PATIENCE = 8
"""After so many steps without a better bound the steps become half as long."""

MEMORY = 0.7
"""So much of the last direction is kept, that steps do not go to and fro."""

GRID = 1000
"""Capacities are cut into at most so many units, and uses rounded down to them."""


def knapsack_bound(core: Core, value: float, enough: float) -> float:
    """Return a lower bound on the total cost; stop at `enough`. `value` is the cost of an allocation.

    Not each item's being given once is required, but paid for; what is left are knapsacks, one a
    person, solved exactly (G. T. Ross and R. M. Soland, *A branch and bound algorithm for the
    generalized assignment problem*, 1975). The payments are found by subgradient steps (M. Held,
    P. Wolfe and H. P. Crowder, *Validation of subgradient optimization*, 1974), deflected by those
    before (P. M. Camerini, L. Fratta and F. Maffioli, *On improving relaxation methods by modified
    gradient techniques*, 1975).
    """
    weights, sizes = _on_grid(core)
    pay = (core.cost + core.prices[:, None] * core.use).min(axis=0)
    slope = np.zeros(len(pay))
    best, pace, idle = -np.inf, 1.0, 0
    for _ in range(STEPS):
        bound = float(pay.sum())
        taken = np.zeros(len(pay))
        for person, size in enumerate(sizes.tolist()):
            gain = pay - core.cost[person]
            items = np.flatnonzero(gain > 0)
            most, chosen = _knapsack(gain[items], weights[person, items], size)
            bound -= most
            taken[items[chosen]] += 1
        idle += 1
        if bound > best:
            best, idle = bound, 0
        slope = 1 - taken + MEMORY * slope
        length = dot(slope, slope)
        if best >= enough or length == 0:
            break
        if idle >= PATIENCE:
            pace, idle = pace / 2, 0
        pay = pay + pace * max(value - bound, 0) / length * slope
    return best


def _on_grid(core: Core) -> tuple[Counts, Counts]:
    """Return whole weights [people, items] and sizes [people] within which all that fits the room fits."""
    whole = (core.use == np.rint(core.use)).all(axis=1) & (core.room < GRID + 1)
    unit = np.where(whole, 1, np.maximum(core.room, 1e-300) / GRID)
    # What is divided may come out a trace too large.
    weights = np.floor(np.where(whole[:, None], core.use, core.use / unit[:, None] * (1 - 1e-12)))
    sizes = np.where(whole, np.floor(core.room), GRID)
    return np.minimum(weights, GRID + 1).astype(np.int64), sizes.astype(np.int64)


def _knapsack(gain: Floats, weights: Counts, size: int) -> tuple[float, Counts]:
    """Return the most gain of items within `size` and which these are, by dynamic programming."""
    table = np.zeros((len(gain) + 1, size + 1))
    for row, (weight, more) in enumerate(zip(weights.tolist(), gain.tolist(), strict=True)):
        table[row + 1] = table[row]
        if weight <= size:
            np.maximum(
                table[row, weight:], table[row, : size + 1 - weight] + more, out=table[row + 1, weight:]
            )
    chosen = []
    left = size
    for row in range(len(gain) - 1, -1, -1):
        if table[row + 1, left] != table[row, left]:
            chosen.append(row)
            left -= int(weights[row])
    return float(table[-1, size]), np.array(chosen, dtype=np.int64)
