"""Which items go to whom, once it is known how many each gets.

Every function returns ``order`` as `Allocation` has it: positions person by
person, ascending within a person.
"""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Order = NDArray[np.int64]


def as_listed(counts: Counts) -> Order:
    """Give the first block to the first person, the next to the second, and so on."""
    return np.arange(int(counts.sum()), dtype=np.int64)


def interleaved(counts: Counts) -> Order:
    """Deal in turn, in proportion to the counts: each person's items lie evenly spread.

    The k-th of a person's c items has its ideal place at (2k + 1) / 2c of the
    whole; all places are sorted, ties to the first listed.
    """
    total = int(counts.sum())
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    turn = np.arange(total, dtype=np.int64) - starts
    ideal = (2 * turn + 1) * total // np.repeat(counts, counts)
    order = np.empty(total, dtype=np.int64)
    order[np.argsort(ideal, kind="stable")] = np.arange(total, dtype=np.int64)
    return order


def shuffled(counts: Counts, seed: int) -> Order:
    """Deal at random, by `numpy.random.Generator(PCG64(seed))`."""
    owners = _owners(counts)
    np.random.Generator(np.random.PCG64(seed)).shuffle(owners)
    return by_owner(owners)


def stratified(counts: Counts, keys: NDArray[np.integer[Any]]) -> Order:
    """Give everyone the same mix of keys: `keys` names each position's stratum.

    Each person's share of each stratum is its exact proportion rounded down or
    up; the last units go where most is owed from the strata before.
    """
    sizes, strata = _strata(keys)
    table = _mixed(sizes, counts)
    small = _smallest(len(counts))
    people = np.tile(np.arange(len(counts), dtype=small), len(sizes))
    owners = np.empty(len(keys), dtype=small)
    owners[np.argsort(strata, kind="stable")] = np.repeat(people, table.ravel())
    return by_owner(owners)


def grouped(targets: Counts, keys: NDArray[np.integer[Any]]) -> tuple[Counts, Order]:
    """Keep all positions of one key with one person; returns the counts that result, and the order.

    Largest group first to whoever is then least loaded for their target (LPT:
    R. L. Graham, *Bounds on multiprocessing timing anomalies*, 1969), then single
    moves away from the most loaded while they lower the largest relative load.
    """
    sizes, groups = _strata(keys)
    owner_of_group = _place_groups(sizes, targets)
    owners = owner_of_group.astype(_smallest(len(targets)))[groups]
    counts = np.bincount(owner_of_group, weights=sizes, minlength=len(targets)).astype(np.int64)
    return counts, by_owner(owners)


def by_owner(owners: NDArray[np.unsignedinteger[Any]]) -> Order:
    """Return positions person by person, given each position's person."""
    return np.argsort(owners, kind="stable").astype(np.int64, copy=False)


def _smallest(people: int) -> type[np.uint8] | type[np.uint16] | type[np.uint32]:
    # numpy sorts 8 and 16 bits by radix, many times faster than wider integers.
    return np.uint8 if people <= 1 << 8 else np.uint16 if people <= 1 << 16 else np.uint32


def _owners(counts: Counts) -> NDArray[np.unsignedinteger[Any]]:
    return np.repeat(np.arange(len(counts), dtype=_smallest(len(counts))), counts)


def _strata(keys: NDArray[np.integer[Any]]) -> tuple[Counts, NDArray[Any]]:
    """Return sizes by stratum, without empty ones, and each position's stratum in the smallest type."""
    if len(keys) == 0:
        return np.zeros(0, dtype=np.int64), keys
    sizes = np.bincount(keys) if int(keys.min()) >= 0 and int(keys.max()) < 4 * len(keys) + 256 else None
    if sizes is None:
        _, inverse, sizes = np.unique(keys, return_inverse=True, return_counts=True)
        keys = inverse.ravel()
    present = np.flatnonzero(sizes)
    if len(present) < len(sizes):
        place = np.zeros(len(sizes), dtype=np.int64)
        place[present] = np.arange(len(present))
        keys = place[keys]
    return sizes[present].astype(np.int64), keys.astype(_smallest(len(present)), copy=False)


def _mixed(sizes: Counts, counts: Counts) -> NDArray[np.int64]:
    """Return int64[strata, people] with the given row and column sums, near the exact proportions."""
    total = int(counts.sum())
    table = np.zeros((len(sizes), len(counts)), dtype=np.int64)
    owed = np.zeros(len(counts), dtype=np.int64)  # in units of 1/total items
    for row, size in enumerate(sizes.tolist()):
        exact = size * counts
        table[row] = exact // total
        owed += exact - table[row] * total
        extra = size - int(table[row].sum())
        if extra:
            fractional = exact % total > 0
            first = np.lexsort((np.arange(len(counts)), -owed, ~fractional))[:extra]
            table[row, first] += 1
            owed[first] -= total
    _settle(table, counts)
    return table


def _settle(table: NDArray[np.int64], counts: Counts) -> None:
    """Move single items between people within a stratum until every person's total is exact."""
    off = table.sum(axis=0) - counts
    while off.any():
        above, below = int(np.argmax(off)), int(np.argmin(off))
        # The stratum in which the move leaves the mix best: where the one has most over the other.
        row = int(
            np.argmax(
                np.where(table[:, above] > 0, table[:, above] - table[:, below], np.iinfo(np.int64).min)
            )
        )
        table[row, above] -= 1
        table[row, below] += 1
        off[above] -= 1
        off[below] += 1


def _place_groups(sizes: Counts, targets: Counts) -> Counts:
    owner = np.zeros(len(sizes), dtype=np.int64)
    people = [index for index, target in enumerate(targets.tolist()) if target > 0]
    if not people:
        return owner
    goal = targets.tolist()
    loads = [0] * len(goal)
    uniform = len({goal[index] for index in people}) == 1
    heap = [(0, index) for index in people]
    for group in np.argsort(-sizes, kind="stable").tolist():
        size = int(sizes[group])
        if uniform:
            load, index = heapq.heappop(heap)
            heapq.heappush(heap, (load + size, index))
        else:
            index = min(people, key=lambda i: ((loads[i] + size) / goal[i], i))
        loads[index] += size
        owner[group] = index
    _improve(owner, sizes.tolist(), loads, goal, people)
    return owner


def _improve(owner: Counts, sizes: list[int], loads: list[int], goal: list[int], people: list[int]) -> None:
    """Move one group at a time away from the most loaded person while the largest relative load falls."""
    for _ in range(4 * len(people)):
        worst = max(people, key=lambda i: (loads[i] / goal[i], -i))
        best = min(people, key=lambda i: (loads[i] / goal[i], i))
        top = loads[worst] / goal[worst]
        fitting = [
            (sizes[group], -group)
            for group in np.flatnonzero(owner == worst).tolist()
            if (loads[best] + sizes[group]) / goal[best] < top
        ]
        if worst == best or not fitting:
            return
        size, negative = max(fitting)
        owner[-negative] = best
        loads[worst] -= size
        loads[best] += size
