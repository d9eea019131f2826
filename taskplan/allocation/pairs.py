"""Overlap: every item to several distinct people, so that each two of them share about as many items.

Whole rounds of all combinations of people are taken as far as the counts allow;
they share evenly by construction (the complete block design: R. C. Bose, *On the
construction of balanced incomplete block designs*, 1939). The rest is chosen item
by item: whoever must take all that is left, then whoever has met the others least.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
MOST_COMBINATIONS = 200_000


def spread_pairs(given: Counts, overlap: int) -> Counts:
    """Return int64[items, overlap], distinct people of every item, group by group.

    `given` (int64[people, groups]) says how many of each group everyone gets: at
    most the group's size, which is the sum over `overlap`.
    """
    met = np.zeros((len(given), len(given)))
    parts = [np.zeros((0, overlap), dtype=np.int64)]
    for group in range(given.shape[1]):
        parts += _of_group(given[:, group].copy(), overlap, met)
    return np.concatenate(parts)


def pair_counts(chosen: Counts, people: int) -> Counts:
    """Return int64[people, people]: how many items each two share, 0 on the diagonal."""
    table = np.zeros((people, people), dtype=np.int64)
    for first, second in combinations(range(chosen.shape[1]), 2):
        np.add.at(table, (chosen[:, first], chosen[:, second]), 1)
    return table + table.T


def _of_group(left: Counts, overlap: int, met: NDArray[np.float64]) -> list[Counts]:
    size = int(left.sum()) // overlap
    able = np.flatnonzero(left)
    parts = []
    rounds = _whole_rounds(left[able], size, overlap)
    if rounds:
        every = np.array(list(combinations(able.tolist(), overlap)), dtype=np.int64)
        parts.append(np.tile(every, (rounds, 1)))
        met += rounds * pair_counts(every, len(met))
        left[able] -= rounds * comb(len(able) - 1, overlap - 1)
        size -= rounds * len(every)
    parts.append(_one_by_one(left, size, overlap, met))
    return parts


def _whole_rounds(left: Counts, size: int, overlap: int) -> int:
    every = comb(len(left), overlap)
    if not len(left) or every > min(size, MOST_COMBINATIONS):
        return 0
    mine = comb(len(left) - 1, overlap - 1)
    rounds = int(left.min()) // mine
    return min(rounds, int((size - left).min()) // (every - mine)) if every > mine else rounds


def _one_by_one(left: Counts, size: int, overlap: int, met: NDArray[np.float64]) -> Counts:
    chosen = np.empty((size, overlap), dtype=np.int64)
    # Whoever gets more items meets others more often: what counts is how often for that.
    wanted = np.maximum(left, 1).astype(np.float64)
    for place in range(size):
        remaining = size - place
        group = np.flatnonzero(left == remaining).tolist()
        debt = met[group].sum(axis=0) / wanted if group else np.zeros(len(left))
        while len(group) < overlap:
            # Behind in their items, by whole items only, so that who meets whom decides the rest.
            behind = np.floor(left / wanted * size) - remaining
            score = np.where(left > 0, debt - behind / size, np.inf)
            score[group] = np.inf
            best = np.flatnonzero(score <= score.min() + 1e-12)
            person = int(best[np.argmax(left[best])])
            group.append(person)
            debt = debt + met[person] / wanted
        left[group] -= 1
        for person in group:
            met[person, group] += 1
            met[person, person] = 0
        chosen[place] = group
    return chosen
