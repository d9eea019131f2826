"""The best allocation of a few items, by trying all that may still be better (branch and bound)."""

from __future__ import annotations

import numpy as np

from taskplan.allocation.gap.instance import Counts, Instance
from taskplan.errors import InfeasibleError

FEW = 14
NODES = 60_000
"""Up to so many items are tried, and so many part-allocations of them looked at."""


def best_of_few(instance: Instance) -> Counts | None:
    """Return given[people, groups] of least cost; None where there are too many to try all.

    InfeasibleError where all have been tried, and none is within the capacities.

    The items that fewest people may have come first; a branch is left where even the least
    costs of the rest make it no better (A. H. Land and A. G. Doig, *An automatic method of
    solving discrete programming problems*, 1960).
    """
    groups = np.repeat(np.arange(len(instance.counts)), instance.counts)
    if len(groups) > FEW:
        return None
    groups = groups[np.argsort(instance.allowed[:, groups].sum(axis=0), kind="stable")]
    cost = np.where(instance.allowed, instance.cost, np.inf)[:, groups]
    use = instance.use[:, groups]
    least = np.append(np.cumsum(cost.min(axis=0)[::-1])[::-1], 0.0)
    cheapest = [np.argsort(cost[:, item], kind="stable").tolist() for item in range(len(groups))]
    room = instance.room.tolist()
    owner = [0] * len(groups)
    best, nodes = float("inf"), 0
    kept: list[int] | None = None

    def place(item: int, spent: float) -> None:
        nonlocal best, kept, nodes
        nodes += 1
        if item == len(groups):
            best, kept = spent, list(owner)
            return
        for person in cheapest[item]:
            after = spent + cost[person, item]
            if after + least[item + 1] >= best or nodes > NODES:
                break
            if use[person, item] <= room[person]:
                room[person] -= use[person, item]
                owner[item] = person
                place(item + 1, after)
                room[person] += use[person, item]

    place(0, 0.0)
    if nodes > NODES:
        return None
    if kept is None:
        raise InfeasibleError("the items do not fit: no way to give them is within the capacities")
    given = np.zeros(instance.cost.shape, dtype=np.int64)
    np.add.at(given, (np.array(kept, dtype=np.int64), groups), 1)
    return given
