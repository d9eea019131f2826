"""Parts of an allocation that local search can handle at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taskplan.allocation.gap.improve import Core
from taskplan.allocation.gap.instance import Counts, Floats, Instance
from taskplan.allocation.gap.relaxation import Relaxation

LARGEST = 250
"""So many people and items together are searched as a whole."""

PEOPLE, ITEMS = 40, 120
"""The size of a part where there are more."""

ALIKE = 4
"""So many items of one group that one person has are in a part; more alike would change little."""


@dataclass(frozen=True, slots=True)
class Part:
    """`core` of some `people` and of items of these `groups`, which `owner` [items] has of late."""

    core: Core
    owner: Counts
    people: Counts
    groups: Counts

    def hand_over(self, given: Counts, owner: Counts) -> None:
        """Take the items in given[people, groups] from those who had them and give them to `owner`."""
        np.subtract.at(given, (self.people[self.owner], self.groups), 1)
        np.add.at(given, (self.people[owner], self.groups), 1)


def whole(instance: Instance, relaxation: Relaxation, given: Counts) -> Part | None:
    """Return a part with everybody and all items, None where these are too many."""
    people = np.arange(len(given))
    if len(people) + int(given.sum()) > LARGEST:
        return None
    owner, groups = np.nonzero(given)
    repeats = given[owner, groups]
    return _part(
        instance,
        relaxation,
        instance.free(given),
        people,
        np.repeat(owner, repeats),
        np.repeat(groups, repeats),
    )


def sample(
    instance: Instance,
    relaxation: Relaxation,
    costs: Floats,
    given: Counts,
    free: Floats,
    rng: np.random.Generator,
) -> Part:
    """Return a random part, of items to which it matters little who gets them, people short of room first.

    `costs` [people, groups] have the price of room in them, `free` [people] is the room left.
    """
    order = np.argsort(rng.random(len(free)) - (free < 0), kind="stable")
    half = PEOPLE // 2
    people = np.sort(np.concatenate([order[:half], rng.permutation(order[half:])[:half]]))
    costs = costs[people]
    owner, groups = np.nonzero(given[people])
    own = costs[owner, groups]
    lowest = np.sort(np.concatenate([costs, np.full_like(costs[:1], np.inf)]), axis=0)[:2]
    other = np.where(own <= lowest[0, groups], lowest[1, groups], lowest[0, groups])
    movable = np.isfinite(other)
    owner, groups = owner[movable], groups[movable]
    loss = np.maximum(0, other[movable] - own[movable])
    typical = float(np.median(loss)) if len(loss) else 0.0
    key = rng.exponential(size=len(loss)) * (loss + typical / 100)
    key[free[people[owner]] < 0] /= 5
    chosen = np.argsort(key, kind="stable")[:ITEMS]
    owner, groups = owner[chosen], groups[chosen]
    repeats = np.minimum(given[people[owner], groups], ALIKE)
    owner, groups = np.repeat(owner, repeats)[:ITEMS], np.repeat(groups, repeats)[:ITEMS]
    return _part(instance, relaxation, free, people, owner, groups)


def _part(
    instance: Instance,
    relaxation: Relaxation,
    free: Floats,
    people: Counts,
    owner: Counts,
    groups: Counts,
) -> Part:
    """Return the part of these people with one movable item for each of `groups`.

    `free` [people] is the room that all items leave, these among them.
    """
    grid = np.ix_(people, groups)
    use = instance.use[grid]
    cost = np.where(instance.allowed[grid], instance.cost[grid], np.inf)
    # Finite, that prices of nought can be multiplied with it.
    used = np.bincount(owner, use[owner, np.arange(len(owner))], len(people))
    room = np.minimum(free[people] + used, use.sum(axis=1) + 1)
    return Part(Core(cost, use, room, relaxation.prices[people], groups), owner, people, groups)
