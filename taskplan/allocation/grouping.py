"""Whole groups to people: as even as groups of their sizes allow."""

from __future__ import annotations

import heapq
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Owners = NDArray[np.unsignedinteger[Any]]

GOOD_ENOUGH = 1.001
"""Improvement stops where the largest relative load is within 0.1 % of the bound."""

PARTNERS = 4
"""So many of the least loaded people are asked to exchange."""


def place_groups(sizes: Counts, targets: Counts, bound: float, enough: float = GOOD_ENOUGH) -> Owners:
    """Return each group's person, an unsigned integer[n_groups], keeping the largest load / target low.

    Largest group first to whoever then has the least load for their target (LPT:
    R. L. Graham, *Bounds on multiprocessing timing anomalies*, 1969); where there are
    many, those of middle size are dealt at once. Then moves and exchanges away from
    the most loaded while they help and are needed, which `bound` (of `load_bound`) ×
    `enough` tells. People without a target get nothing.
    """
    # Narrow, because improvement compares all of it again and again.
    owner = np.zeros(len(sizes), dtype=np.min_scalar_type(len(targets)))
    goals = targets.tolist()
    people = np.flatnonzero(targets > 0)
    if not len(people):
        return owner
    loads = [0] * len(goals)
    by_size = np.argsort(-sizes, kind="stable")
    head, tail = _middle(sizes[by_size], targets[people])
    owner[by_size[:head]] = _largest_first(sizes[by_size[:head]], loads, goals, people.tolist())
    if head < tail:
        room = np.maximum(targets - loads, 0)
        owner[by_size[head:tail]] = _dealt(tail - head, room)
        added = np.bincount(owner[by_size[head:tail]], sizes[by_size[head:tail]], len(goals))
        loads = (np.array(loads) + added.astype(np.int64)).tolist()
    owner[by_size[tail:]] = _largest_first(sizes[by_size[tail:]], loads, goals, people.tolist())
    _improve(owner, sizes, loads, goals, people.tolist(), enough * bound)
    return owner


def _middle(descending: Counts, goals: Counts) -> tuple[int, int]:
    """Return the range of groups that are small to every goal and have many still smaller ones behind them.

    Those may be dealt all at once: what that leaves uneven, the small ones make up for.
    """
    tail = max(0, len(descending) - 10 * len(goals))
    head = int(np.count_nonzero(descending * 10 > int(goals.min())))
    return (head, tail) if tail - head > 10 * len(goals) else (0, 0)


def _dealt(groups: int, room: Counts) -> Counts:
    """Deal groups in turn, in proportion to the room that each person has left."""
    share = groups * (room / int(room.sum()))
    hands = np.floor(share).astype(np.int64)
    hands[np.argsort(hands - share, kind="stable")[: groups - int(hands.sum())]] += 1
    turns = [(np.arange(hand) + 0.5) / hand for hand in hands.tolist()]
    people = np.repeat(np.arange(len(room)), hands)
    return people[np.argsort(np.concatenate(turns), kind="stable")]


def _largest_first(descending: Counts, loads: list[int], goals: list[int], people: list[int]) -> list[int]:
    """Give each group to whoever then has the least load / goal; adds to `loads`, returns the people."""
    placed = []
    for size, run in groupby(descending.tolist()):
        # For one size, the heap holds everyone's load as it would be with one group more.
        heap = [((loads[index] + size) / goals[index], index) for index in people]
        heapq.heapify(heap)
        for _ in run:
            _, index = heap[0]
            placed.append(index)
            loads[index] += size
            heapq.heapreplace(heap, ((loads[index] + size) / goals[index], index))
    return placed


def load_bound(sizes: Counts, targets: Counts) -> float:
    """Return a bound that no placement of whole groups can get its largest load / target below.

    Three bounds, of which the largest counts: the mean; of the k × m + 1 largest
    groups, one of m people has k + 1; the j largest groups lie with j people, so at
    best the largest with the largest target and so on, or two of them lie together.
    """
    goals = -np.sort(-targets[targets > 0])
    if not len(goals) or not len(sizes):
        return 0.0
    descending = -np.sort(-sizes)
    bound = int(sizes.sum()) / int(targets.sum())
    people, largest = len(goals), int(goals[0])
    for several in range(min((len(sizes) - 1) // people + 1, 8)):
        last = several * people
        bound = max(bound, int(descending[last - several : last + 1].sum()) / largest)
    first = descending[:people]
    apart = np.maximum.accumulate(first / goals[: len(first)])
    together = np.append(np.inf, (first[1:] + first[:-1]) / largest)
    return max(bound, float(np.minimum(apart, together).max()))


def _improve(
    owner: Owners, sizes: Counts, loads: list[int], goals: list[int], people: list[int], enough: float
) -> None:
    """Lower the largest relative load by moving a group, or exchanging two, with the least loaded people."""
    relative = np.full(len(goals), -np.inf)
    relative[people] = [loads[index] / goals[index] for index in people]
    absent = len(goals) - len(people)
    for _ in range(4 * len(people)):
        worst = int(np.argmax(relative))
        if relative[worst] <= enough:
            return
        for partner in np.argsort(relative, kind="stable")[absent : absent + PARTNERS].tolist():
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
        for index in (worst, partner):
            relative[index] = loads[index] / goals[index]


def _exchange(
    owner: Owners, sizes: Counts, loads: list[int], goals: list[int], worst: int, partner: int
) -> tuple[int, int | None] | None:
    """Return a group to give and one to take back (or None) that leave both better than now, if there are.

    Both would be level if `ideal` items went over; of the exchanges just below
    and just above that, the better one is taken.
    """
    load, their_load, goal, their_goal = loads[worst], loads[partner], goals[worst], goals[partner]
    ideal = load - (load + their_load) / (goal + their_goal) * goal
    given, taken = (owner == worst).nonzero()[0], (owner == partner).nonzero()[0]
    taken = taken[sizes[taken].argsort(kind="stable")]
    back = np.zeros(len(taken) + 1, dtype=np.int64)
    back[1:] = sizes[taken]
    mine = sizes[given]
    place = back.searchsorted(mine - ideal)
    best, choice = load / goal, None
    for near in (np.maximum(place - 1, 0), np.minimum(place, len(taken))):
        moved = mine - back[near]
        index = int(np.abs(moved - ideal).argmin())
        after = max((load - int(moved[index])) / goal, (their_load + int(moved[index])) / their_goal)
        if after < best:
            best, choice = after, (index, int(near[index]))
    if choice is None:
        return None
    index, other = choice
    return int(given[index]), int(taken[other - 1]) if other else None
