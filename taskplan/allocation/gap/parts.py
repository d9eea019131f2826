"""Parts of an allocation that local search can handle at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taskplan.allocation.gap.improve import Core
from taskplan.allocation.gap.instance import Counts, Instance
from taskplan.allocation.gap.relaxation import Relaxation, priced

LARGEST = 250
"""So many people and items together are searched as a whole."""

PEOPLE, ITEMS = 40, 120
"""The size of a part where there are more."""

ALIKE = 4
"""So many items of one group that one person has are in a part; more alike would change little."""


@dataclass(frozen=True, slots=True)
class Part:
    """`core` of some `people` and of items of these `groups`; `fixed` [people, groups] is the rest."""

    core: Core
    owner: Counts
    people: Counts
    groups: Counts
    fixed: Counts

    def given(self, owner: Counts) -> Counts:
        """Return given[people, groups] of the whole allocation when the items are given to `owner`."""
        given = self.fixed.copy()
        np.add.at(given, (self.people[owner], self.groups), 1)
        return given


def whole(instance: Instance, relaxation: Relaxation, given: Counts) -> Part | None:
    """Return a part with everybody and all items, None where these are too many."""
    people = np.arange(len(given))
    if len(people) + int(given.sum()) > LARGEST:
        return None
    holders, groups = np.nonzero(given)
    return _part(
        instance, relaxation, given, people, np.repeat(np.stack([holders, groups]), given[holders, groups], 1)
    )


def sample(instance: Instance, relaxation: Relaxation, given: Counts, rng: np.random.Generator) -> Part:
    """Return a random part: people above capacity first, items to which it matters least who gets them."""
    above = instance.excess(given) > 0
    order = np.argsort(rng.random(len(above)) - above, kind="stable")
    people = np.sort(
        np.concatenate([order[: PEOPLE // 2], rng.permutation(order[PEOPLE // 2 :])[: PEOPLE // 2]])
    )
    costs = priced(instance, relaxation.prices)[people]
    holders, groups = np.nonzero(given[people])
    own = costs[holders, groups]
    lowest = np.sort(np.concatenate([costs, np.full_like(costs[:1], np.inf)]), axis=0)[:2]
    other = np.where(own <= lowest[0, groups], lowest[1, groups], lowest[0, groups])
    loss = np.maximum(0, other - own)
    movable = np.isfinite(loss)
    holders, groups, loss = holders[movable], groups[movable], loss[movable]
    typical = float(np.median(loss)) if len(loss) else 0.0
    key = rng.exponential(size=len(loss)) * (loss + 0.01 * typical)
    key[above[people[holders]]] *= 0.2
    chosen = np.argsort(key, kind="stable")[:ITEMS]
    holders, groups = holders[chosen], groups[chosen]
    repeats = np.minimum(given[people[holders], groups], ALIKE)
    cells = np.repeat(np.stack([holders, groups]), repeats, 1)[:, :ITEMS]
    return _part(instance, relaxation, given, people, cells)


def _part(instance: Instance, relaxation: Relaxation, given: Counts, people: Counts, cells: Counts) -> Part:
    """Return the part of these people with one movable item for each column (holder, group) of `cells`."""
    owner, groups = cells
    fixed = given.copy()
    np.subtract.at(fixed, (people[owner], groups), 1)
    grid = np.ix_(people, groups)
    use = instance.use[grid]
    taken = (instance.use[people] * fixed[people]).sum(axis=1)
    # Finite, that prices of nought can be multiplied with it.
    room = np.minimum(instance.room[people] - taken, use.sum(axis=1) + 1)
    cost = np.where(instance.allowed[grid], instance.cost[grid], np.inf)
    core = Core(cost, use, room, relaxation.prices[people], groups)
    return Part(core, owner, people, groups, fixed)
