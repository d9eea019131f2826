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
_TIE = 1e-12
_GRAINS = 2**20
"""What is wanted is in steps so coarse that sums of it are exact, in whatever order a machine adds."""
MOST_EXCHANGED, EXCHANGES = 5_000, 300
"""So many exchanges are tried to even out pairs, and none among more items than this."""


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
    chosen = _one_by_one(left, size, overlap, met)
    _even_out(chosen, met)
    parts.append(chosen)
    return parts


def _even_out(chosen: Counts, met: NDArray[np.float64]) -> None:
    """Exchange people between items while that brings pairs nearer to how often they should meet."""
    if not 1 < len(chosen) <= MOST_EXCHANGED:
        return
    has = np.zeros((len(chosen), len(met)), dtype=np.bool_)
    has[np.arange(len(chosen))[:, None], chosen] = True
    wanted = np.rint(_expected(met) * _GRAINS) / _GRAINS
    for _ in range(EXCHANGES):
        excess = met - wanted
        first, second = np.unravel_index(int(np.argmax(np.triu(excess, 1))), excess.shape)
        pairs = ((int(second), int(first)), (int(first), int(second)))
        if not any(_exchanged(has, met, wanted, leaver, stayer) for leaver, stayer in pairs):
            break
    chosen[:] = np.nonzero(has)[1].reshape(chosen.shape)


def _expected(met: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how often each two should meet, in proportion to how often both meet anybody."""
    often = met.sum(axis=1)
    table = np.outer(often, often)
    np.fill_diagonal(table, 0)
    total = table.sum()
    return table * (met.sum() / total) if total else table


def _exchanged(
    has: NDArray[np.bool_],
    met: NDArray[np.float64],
    wanted: NDArray[np.float64],
    leaver: int,
    stayer: int,
) -> bool:
    """Let `leaver` leave an item of `stayer` for the item where that helps most; tell whether any helps."""
    item = int(np.argmax(has[:, leaver] & has[:, stayer]))
    if not has[item, [leaver, stayer]].all():
        return False
    rest = has[item].copy()
    rest[leaver] = False
    excess = met - wanted
    met_there = has @ excess
    # By newcomer: half the change of the sum of squares here, and in every other item.
    here = excess[:, rest].sum(axis=1) - excess[leaver, rest].sum()
    there = met_there[:, leaver][:, None] - met_there - excess[leaver][None, :]
    change = np.where(has & ~has[:, leaver][:, None], here[None, :] + there, np.inf)
    change[:, has[item]] = np.inf
    other, newcomer = np.unravel_index(int(np.argmin(change)), change.shape)
    if not np.isfinite(change[other, newcomer]):
        return False
    before = float((excess**2).sum())
    _swap(has, met, item, int(other), leaver, int(newcomer))
    if float(((met - wanted) ** 2).sum()) < before - 1e-9:
        return True
    _swap(has, met, item, int(other), int(newcomer), leaver)
    return False


def _swap(
    has: NDArray[np.bool_], met: NDArray[np.float64], item: int, other: int, leaver: int, newcomer: int
) -> None:
    """Put `newcomer` in the place of `leaver` in an item, and the other way round in another."""
    for row, out, into in ((item, leaver, newcomer), (other, newcomer, leaver)):
        has[row, out] = False
        for person in np.flatnonzero(has[row]).tolist():
            met[out, person] -= 1
            met[person, out] -= 1
            met[into, person] += 1
            met[person, into] += 1
        has[row, into] = True


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
        # By whole items only, so that who meets whom decides; of equals, whoever has more left.
        claim = (remaining - np.floor(left * (size / wanted))) / size - _TIE * left
        claim[left == 0] = np.inf
        claim[group] = np.inf
        if group:
            claim = claim + met[group].sum(axis=0) / wanted
        while len(group) < overlap:
            person = int(claim.argmin())
            group.append(person)
            claim = claim + met[person] / wanted
            claim[person] = np.inf
        left[group] -= 1
        for person in group:
            met[person, group] += 1
            met[person, person] = 0
        chosen[place] = group
    return chosen
