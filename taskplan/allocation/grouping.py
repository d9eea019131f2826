"""Whole groups to people: as even as groups of their sizes allow."""

from __future__ import annotations

import heapq
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]

GOOD_ENOUGH = 1.001
"""Improvement stops where the largest relative load is within 0.1 % of the bound."""


def place_groups(sizes: Counts, targets: Counts) -> Counts:
    """Return each group's person, int64[n_groups], keeping the largest load / target low.

    Largest group first to whoever then has the least load for their target (LPT:
    R. L. Graham, *Bounds on multiprocessing timing anomalies*, 1969), then moves and
    exchanges away from the most loaded while they help. People without a target get nothing.
    """
    owner = np.zeros(len(sizes), dtype=np.int64)
    goals = targets.tolist()
    people = [index for index, target in enumerate(goals) if target > 0]
    if not people:
        return owner
    loads = [0] * len(goals)
    by_size = np.argsort(-sizes, kind="stable").tolist()
    size_of = sizes.tolist()
    placed = []
    for size, run in groupby(by_size, key=size_of.__getitem__):
        # For one size, the heap holds everyone's load as it would be with one group more.
        heap = [((loads[index] + size) / goals[index], index) for index in people]
        heapq.heapify(heap)
        for _ in run:
            _, index = heap[0]
            placed.append(index)
            loads[index] += size
            heapq.heapreplace(heap, ((loads[index] + size) / goals[index], index))
    owner[by_size] = placed
    _improve(owner, sizes, loads, goals, people, GOOD_ENOUGH * load_bound(sizes, targets))
    return owner


def load_bound(sizes: Counts, targets: Counts) -> float:
    """Return a bound that no placement of whole groups can get its largest load / target below.

    The mean is 1 (or what the totals make it); of the k × m + 1 largest groups, m
    people have somebody with k + 1, who has no more than the largest target to set against them.
    """
    people = int(np.count_nonzero(targets > 0))
    if not people or not len(sizes):
        return 0.0
    descending = -np.sort(-sizes)
    bound = int(sizes.sum()) / int(targets.sum())
    largest = int(targets.max())
    for several in range(min((len(sizes) - 1) // people + 1, 8)):
        last = several * people
        bound = max(bound, int(descending[last - several : last + 1].sum()) / largest)
    return bound


def _improve(
    owner: Counts, sizes: Counts, loads: list[int], goals: list[int], people: list[int], enough: float
) -> None:
    """Lower the largest relative load by moving a group, or exchanging two, with the least loaded people."""
    for _ in range(4 * len(people)):
        ranked = sorted(people, key=lambda i: (loads[i] / goals[i], i))
        worst = ranked.pop()
        if loads[worst] / goals[worst] <= enough:
            return
        for partner in ranked[:4]:
            change = _exchange(owner, sizes, loads, goals, worst, partner)
            if change is not None:
                break
        else:
            return
        given, taken = change
        owner[given] = partner
        moved = int(sizes[given])
        if taken is not None:
            owner[taken] = worst
            moved -= int(sizes[taken])
        loads[worst] -= moved
        loads[partner] += moved


def _exchange(
    owner: Counts, sizes: Counts, loads: list[int], goals: list[int], worst: int, partner: int
) -> tuple[int, int | None] | None:
    """Return a group to give and one to take back (or None) that leave both best, if better than now."""
    given = np.flatnonzero(owner == worst)
    taken = np.flatnonzero(owner == partner)
    taken = taken[np.argsort(sizes[taken], kind="stable")]
    back = np.concatenate(([0], sizes[taken]))
    level = (loads[worst] + loads[partner]) / (goals[worst] + goals[partner])
    ideal = loads[worst] - level * goals[worst]
    place = np.searchsorted(back, sizes[given] - ideal)
    near = np.stack([np.maximum(place - 1, 0), np.minimum(place, len(back) - 1)])
    moved = sizes[given] - back[near]
    after = np.maximum((loads[worst] - moved) / goals[worst], (loads[partner] + moved) / goals[partner])
    side, index = np.unravel_index(int(np.argmin(after)), after.shape)
    if after[side, index] >= loads[worst] / goals[worst]:
        return None
    choice = int(near[side, index])
    return int(given[index]), int(taken[choice - 1]) if choice else None
