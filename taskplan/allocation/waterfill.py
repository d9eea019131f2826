"""A start for fair flows: each group in turn is poured over those who may have it, lowest load first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Weights = NDArray[np.float64]


def poured(
    supply: Counts, eligible: NDArray[np.bool_], weights: Weights, upper: Counts, most: Counts
) -> Counts:
    """Return int64[people, groups]: how many of each group everyone gets, loads per weight kept level.

    `supply` and `most` (int64[groups]) are a group's items and how many of them one
    person may have; `eligible` is bool[people, groups], `upper` int64[people]. Where
    the upper limits leave no room, items stay with nobody.
    """
    given = np.zeros(eligible.shape, dtype=np.int64, order="F")
    load = np.zeros(len(weights), dtype=np.int64)
    takers = [np.flatnonzero(eligible[:, group]) for group in range(len(supply))]
    # Whom only few can help goes first, so that the rest can make up for it.
    by_choice = sorted(range(len(supply)), key=lambda group: len(takers[group]))
    sizes, limits = supply.tolist(), most.tolist()
    for group in by_choice:
        who = takers[group]
        room = np.minimum(upper[who] - load[who], limits[group])
        now = pour(sizes[group], load[who], weights[who], room)
        given[who, group] = now
        load[who] += now
    return np.ascontiguousarray(given)


def pour(amount: int, held: Counts, weights: Weights, room: Counts) -> Counts:
    """Return int64[people]: `amount` poured over loads `held` so that load / weight becomes level.

    Nobody gets more than their `room`; what does not fit is left over.
    """
    given = np.zeros(len(held), dtype=np.int64)
    who = np.flatnonzero(room > 0)
    left = amount
    while left > 0 and len(who):
        exact, space = _level(left, held[who], weights[who]), room[who]
        full = exact >= space
        if full.any():
            # Without them the level only rises, so that they stay full.
            given[who[full]] = space[full]
            left -= int(space[full].sum())
            who = who[~full]
            continue
        whole = np.floor(exact).astype(np.int64)
        short = left - int(whole.sum())
        whole[np.argsort(whole - exact, kind="stable")[:short]] += 1
        given[who] = whole
        break
    return given


def _level(amount: int, held: Counts, weights: Weights) -> Weights:
    """Return what each gets, in fractions, when `amount` is poured over `held`."""
    height = held / weights
    order = np.argsort(height, kind="stable")
    level = (np.cumsum(held[order]) + amount) / np.cumsum(weights[order])
    above = np.full(len(order), np.inf)
    above[:-1] = height[order[1:]]
    place = int(np.argmax(level <= above))
    gets: Weights = np.maximum(level[place] * weights - held, 0.0)
    return gets
