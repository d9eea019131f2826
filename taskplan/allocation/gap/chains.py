"""Cyclic exchanges of three and more items."""

from __future__ import annotations

import numpy as np

from taskplan.allocation.gap.instance import Counts, Floats

Cycle = tuple[int, ...]

LONGEST = 5
FIRST, KEPT = 500, 200
"""So many of the most promising chains of two, and of more items, are continued."""


def best_cycle(exchange: Floats, owner: Counts, cycle: Cycle, change: float) -> tuple[Cycle, float]:
    """Return the best cycle found with what it changes, `cycle` with `change` where none is better.

    ``exchange[p, q]`` is what it changes when q is put in the place of p. Every cycle that gains
    can be started where all its beginnings gain, too (S. Lin and B. W. Kernighan, *An effective
    heuristic algorithm for the traveling-salesman problem*, 1973), so only such chains are
    continued; each person takes part once.
    """
    size = len(owner)
    begun = np.flatnonzero(exchange.ravel() < 0)
    gains = exchange.ravel()[begun]
    begun, gains = _lowest(begun, gains, FIRST)
    chains = np.stack(np.divmod(begun, size))
    for length in range(3, LONGEST + 1):
        longer = gains[:, None] + exchange[chains[-1]]
        ends = np.flatnonzero(longer.ravel() < 0)
        chain, item = np.divmod(ends, size)
        apart = (owner[chains[:-1]][:, chain] != owner[item]).all(axis=0)
        chain, item, gains = chain[apart], item[apart], longer.ravel()[ends[apart]]
        if not len(gains):
            break
        closed = gains + exchange[item, chains[0, chain]]
        best = int(closed.argmin())
        if closed[best] < change:
            change = float(closed[best])
            cycle = (*chains[:, chain[best]].tolist(), int(item[best]))
        if length < LONGEST:
            kept, gains = _lowest(np.arange(len(gains)), gains, KEPT)
            chains = np.concatenate([chains[:, chain[kept]], item[None, kept]])
    return cycle, change


def _lowest(places: Counts, values: Floats, most: int) -> tuple[Counts, Floats]:
    """Return the `most` lowest of `values` with their `places`."""
    if len(values) <= most:
        return places, values
    kept = np.argpartition(values, most)[:most]
    return places[kept], values[kept]
