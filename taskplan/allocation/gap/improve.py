"""Tabu search over shifts, swaps and longer cyclic exchanges of single items."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from taskplan.allocation.gap.chains import Cycle, best_cycle
from taskplan.allocation.gap.instance import Counts, Floats
from taskplan.allocation.gap.ordered import dot

TENURES = (1, 5)
"""So many steps, from and below, a person may not get back an item that was taken away."""

FEE = 2.0
"""The fee for use above capacity at the start, as a multiple of its price."""

RISE, FALL = 0.005, 0.01
"""How fast fees for too much use grow, for each person in play, and shrink."""


@dataclass(frozen=True, slots=True)
class Core:
    """Single items that may move among people.

    `cost` (inf where not allowed) and `use` are [people, items], `room` and `prices` of a
    unit of it [people], `kinds` [items]: items of one kind are the same.
    """

    cost: Floats
    use: Floats
    room: Floats
    prices: Floats
    kinds: Counts

    def used(self, owner: Counts) -> Floats:
        """Return each person's use, [people], when the items are given to `owner`."""
        used = np.bincount(owner, self.use[owner, np.arange(len(owner))], len(self.room))
        return used.astype(np.float64)

    def standing(self, owner: Counts) -> tuple[float, float]:
        """Return the use above room and the total cost, when the items are given to `owner`."""
        above = np.maximum(0, self.used(owner) - self.room).sum()
        return float(above), float(self.cost[owner, np.arange(len(owner))].sum())


def improve(core: Core, owner: Counts, steps: int, target: float, rng: np.random.Generator) -> Counts:
    """Return the best owners[items] met in `steps`: least use above room, then least cost.

    Each step makes the best exchange. Where none helps, longer cycles are tried (R. K. Ahuja
    et al., *A survey of very large-scale neighborhood search techniques*, 2002); where these do
    not help either, the fees for too much use are adapted, as M. Yagiura, T. Ibaraki and
    F. Glover do (*A path relinking approach with ejection chains for the generalized
    assignment problem*, 2006). Stops when all fits at a cost of at most `target`.
    """
    search = _Search(core, owner)
    best = search.standing()
    found = search.owner.copy()
    for tenure in rng.integers(*TENURES, steps).tolist():
        exchange = search.exchanges()
        cycle, change = _best_pair(exchange)
        if change >= -search.trifle:
            cycle, change = best_cycle(exchange, search.owner, cycle, change)
        if not np.isfinite(change):
            # All that could move was moved just now.
            search.perform((), tenure)
            continue
        search.perform(cycle, tenure)
        here = search.standing()
        if here[0] < best[0] or (here[0] == best[0] and here[1] < best[1] - search.trifle):
            best, found = here, search.owner.copy()
            if best[0] == 0 and best[1] <= target + search.trifle:
                break
        if change >= -search.trifle:
            search.adapt_fees()
    return found[: len(owner)]


def _best_pair(exchange: Floats) -> tuple[Cycle, float]:
    both = exchange + exchange.T
    first, second = divmod(int(both.argmin()), len(both))
    return (first, second), float(both[first, second])


class _Search:
    """Who has what and what each exchange would change.

    Behind the items there is a void for each person: an item of no use and no cost that is
    never moved. To shift an item is to swap it with a void.
    """

    def __init__(self, core: Core, owner: Counts) -> None:
        people, self.items = core.cost.shape
        nothing = np.zeros((people, people))
        self.use = np.concatenate([core.use, nothing], axis=1)
        # With the price of capacity in the cost, few single moves seem to gain, and chains are soon found.
        self.cost = np.concatenate([core.cost + core.prices[:, None] * core.use, nothing], axis=1)
        self.room, self.prices = core.room, core.prices
        self.owner = np.concatenate([owner, np.arange(people)])
        every = np.arange(self.items + people)
        self.own_use = self.use[self.owner, every]
        self.own_cost = self.cost[self.owner, every]
        self.load = np.bincount(self.owner, self.own_use, people)
        finite = core.cost[np.isfinite(core.cost)]
        spread = float(np.ptp(finite)) if finite.size else 0.0
        self.trifle = 1e-9 * max(float(np.abs(finite).max(initial=0)), spread)
        self.least_fee = (spread or 1.0) / max(float(core.use.max(initial=0)), 1e-300) / 1000
        self.fees = np.maximum(FEE * core.prices, 100 * self.least_fee)
        kinds = np.concatenate([core.kinds, np.full(people, -1)])
        self.barred = np.where(kinds[:, None] == kinds, np.inf, 0)
        self.change = self.cost - self.own_cost
        self.change[self.owner, every] = np.inf
        self.step = 0
        self.tabu_until = np.zeros(self.use.shape, dtype=np.int64)
        self.tabus: deque[tuple[int, int, int]] = deque()

    def standing(self) -> tuple[float, float]:
        """Return the use above room and the total cost."""
        above = np.maximum(0, self.load - self.room).sum()
        return float(above), float(self.own_cost.sum()) - dot(self.prices, self.load.astype(np.float64))

    def exchanges(self) -> Floats:
        """Return what it changes, [items, items], when in the place of the first the second is put.

        Fees and prices are in it: the sum along a cycle is what the whole cycle changes.
        """
        beyond = self.load - self.room
        worth = self.fees * np.maximum(0, beyond) - self.prices * beyond
        after = self.use[self.owner]
        after += (beyond[self.owner] - self.own_use)[:, None]
        exchange: Floats = self.change[self.owner]
        exchange -= self.prices[self.owner][:, None] * after
        exchange += self.barred
        exchange -= worth[self.owner][:, None]
        np.maximum(after, 0, out=after)
        after *= self.fees[self.owner][:, None]
        exchange += after
        return exchange

    def perform(self, cycle: Cycle, tenure: int) -> None:
        """Put each item of `cycle` in the place of the one before; none goes back for `tenure` steps."""
        self.step += 1
        places = [int(self.owner[item]) for item in cycle]
        for item, place in zip(cycle[1:] + cycle[:1], places, strict=True):
            if item < self.items:
                self._move(item, place, self.step + tenure)
        while self.tabus and self.tabus[0][0] <= self.step:
            _, person, item = self.tabus.popleft()
            if self.tabu_until[person, item] <= self.step and self.owner[item] != person:
                self.change[person, item] = self.cost[person, item] - self.own_cost[item]

    def _move(self, item: int, person: int, until: int) -> None:
        before = int(self.owner[item])
        self.load[before] -= self.use[before, item]
        self.load[person] += self.use[person, item]
        self.owner[item] = person
        self.own_use[item] = self.use[person, item]
        self.own_cost[item] = self.cost[person, item]
        self.tabu_until[before, item] = until
        self.tabus.append((until, before, item))
        change = self.cost[:, item] - self.own_cost[item]
        change[self.tabu_until[:, item] > self.step] = np.inf
        change[person] = np.inf
        self.change[:, item] = change

    def adapt_fees(self) -> None:
        """Raise the fees of people above their capacity, lower those of all others."""
        self.fees *= np.where(self.load > self.room, 1 + RISE * len(self.room), 1 - FALL)
        np.maximum(self.fees, self.least_fee, out=self.fees)
