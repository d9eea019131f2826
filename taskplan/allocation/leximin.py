"""Fair integral flows: whole items from groups to people, the most loaded relieved as far as possible.

Among all ways to give out the items, one is found in which no item can go from a
higher load per weight to a lower one and leave the higher of the two lower. The sum
of n (n + 1) / (2 × weight) is least there; with equal weights the largest load is
least, then the second largest, and so on (leximin; for whole items "decreasingly
minimal"). It is reached from any start by exchanges: an item of the most loaded goes
to someone less loaded, perhaps through others in between, as long as that helps.

Sources: N. J. A. Harvey, R. E. Ladner, L. Lovász, T. Tamir, *Semi-matchings for
bipartite graphs and load balancing* (2006), for the exchanges and their end; A. Frank
and K. Murota, *Decreasing minimization on M-convex sets* (2022), for limits and weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.waterfill import poured

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]
_MARGIN = 1e-12


@dataclass(frozen=True, slots=True)
class FlowProblem:
    """`supply` int64[groups] items for people with `weights` float64[people] > 0.

    `eligible` bool[people, groups]; one person has at most `most` (int64[groups]) of a
    group, and between `lower` and `upper` (int64[people]) in all.
    """

    supply: Counts
    eligible: Mask
    weights: NDArray[np.float64]
    lower: Counts
    upper: Counts
    most: Counts


@dataclass(frozen=True, slots=True)
class Stuck:
    """Why no flow exists: these `people` cannot take (or get) what the limits ask.

    `kind` "too much": the items of the groups reached can only go to `people`, who
    have no room; "too little": `people` ask for more than they may have.
    """

    kind: str
    people: Counts
    groups: Counts


@dataclass(frozen=True, slots=True)
class FairFlow:
    """`given` int64[people, groups]. `confined`: the people whose items nobody else may have.

    The items that can only go to those, over their weight, bound the largest load.
    """

    given: Counts
    confined: Counts


def fair_flow(problem: FlowProblem) -> FairFlow | Stuck:
    """Return the leximin flow, or what stands against any."""
    start = poured(problem.supply, problem.eligible, problem.weights, problem.upper, problem.most)
    search = _Search(problem, start)
    return search.place_rest() or search.meet_minima() or search.level()


def fullest_flow(problem: FlowProblem) -> Counts:
    """Return int64[people, groups]: as many items as `upper` and `eligible` let be given (a maximum flow)."""
    start = poured(problem.supply, problem.eligible, problem.weights, problem.upper, problem.most)
    search = _Search(problem, start)
    for group in range(len(problem.supply)):
        search.place_group(group)
    return search.given


def least_peak(items: int, weights: NDArray[np.float64], lower: Counts, upper: Counts) -> float:
    """Return the least possible largest load / weight when people within limits share `items` freely."""

    def counts(level: float) -> Counts:
        return np.maximum(lower, np.minimum(upper, np.floor(level * weights * (1 + _MARGIN)))).astype(
            np.int64
        )

    low, high = 0.0, float(max((items + 1) / weights.min(), 1.0)) if len(weights) else 0.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if counts(middle).sum() >= items else (middle, high)
    return float((counts(high) / weights).max(initial=0.0))


class _Search:
    """A flow under way; `given`, `load` and `room` always fit together.

    `room` bool[groups, people] tells who could take one more of each group.
    """

    def __init__(self, problem: FlowProblem, given: Counts) -> None:
        self.problem = problem
        self.given = given
        self.load = given.sum(axis=1)
        self.room = np.ascontiguousarray((problem.eligible & (given < problem.most)).T)
        self.people, self.groups = given.shape
        self.active = np.ones(self.people, dtype=np.bool_)
        self.open_groups = np.ones(self.groups, dtype=np.bool_)
        self._came_from = np.zeros(self.people, dtype=np.int64)
        self._through = np.zeros(self.people, dtype=np.int64)
        self._looked_at: dict[int, Counts] = {}

    def place_rest(self) -> Stuck | None:
        """Give out what the start left over, by making room where there is none."""
        for group in range(self.groups):
            stuck = self.place_group(group)
            if stuck is not None:
                return stuck
        return None

    def place_group(self, group: int) -> Stuck | None:
        """Give out what is left of one group, as far as room can be made."""
        left = int(self.problem.supply[group] - self.given[:, group].sum())
        while left:
            found = self._reach_from_group(group, self.load < self.problem.upper)
            if isinstance(found, Stuck):
                return found
            left -= self._shift(found, left, first=group)
        return None

    def meet_minima(self) -> Stuck | None:
        """Bring everyone up to their lower limit, from those who are above theirs."""
        lower = self.problem.lower
        for person in np.flatnonzero(self.load < lower).tolist():
            while self.load[person] < lower[person]:
                giver = self._giver_for(person)
                if isinstance(giver, Stuck):
                    return giver
                need = int(lower[person] - self.load[person])
                spare = int(self.load[giver[0]] - lower[giver[0]])
                self._shift(giver, min(need, spare))
        return None

    def level(self) -> FairFlow:
        """Exchange until nobody's load can be lowered without raising someone's as high."""
        weights, lower, upper = self.problem.weights, self.problem.lower, self.problem.upper
        confined: Counts | None = None
        while True:
            movable = self.active & (self.load > lower) & (self.load > 0)
            if not movable.any():
                break
            height = np.where(movable, self.load / weights, -np.inf)
            giver = int(np.argmax(height))
            after = (self.load + 1) / weights
            better = (after < height[giver] * (1 - _MARGIN)) & (self.load < upper)
            path = self._reach(giver, better)
            if path is None:
                reached = self._reached
                if confined is None:
                    confined = np.flatnonzero(reached)
                self.active &= ~reached
                self.room[:, reached] = False
                self.open_groups &= ~self._seen_groups
                continue
            self._shift(path, self._worth(path[0], path[-1]))
        return FairFlow(self.given, confined if confined is not None else np.zeros(0, dtype=np.int64))

    def _worth(self, giver: int, taker: int) -> int:
        """Return how many items may go over until the two are level."""
        weights, load = self.problem.weights, self.load
        level = (load[giver] + load[taker]) / (weights[giver] + weights[taker])
        amount = int(load[giver] - level * weights[giver])
        amount = min(amount, int(load[giver] - self.problem.lower[giver]))
        return max(1, min(amount, int(self.problem.upper[taker] - load[taker])))

    def _reach(self, giver: int, wanted: Mask) -> list[int] | None:
        """Return people from `giver` to a wanted one, each able to pass an item on; None without one."""
        self._begin()
        self._reached[giver] = True
        return self._spread([giver], wanted)

    def _reach_from_group(self, group: int, wanted: Mask) -> list[int] | Stuck:
        self._begin()
        self._seen_groups[group] = True
        first = np.flatnonzero(self.room[group])
        self._reached[first] = True
        self._came_from[first] = -1
        self._through[first] = group
        hit = first[wanted[first]]
        path = [int(hit[np.argmin(self._after(hit))])] if len(hit) else self._spread(first.tolist(), wanted)
        if path is None:
            return Stuck("too much", np.flatnonzero(self._reached), np.flatnonzero(self._seen_groups))
        return path

    def _giver_for(self, person: int) -> list[int] | Stuck:
        """Return a path from someone above their lower limit to `person`, who is below theirs."""
        rich = np.flatnonzero(self.load > self.problem.lower)
        wanted = np.zeros(self.people, dtype=np.bool_)
        wanted[person] = True
        self._begin()
        # From all givers at once; the path tells which of them it starts from.
        self._reached[rich] = True
        self._came_from[rich] = -1
        path = self._spread(rich.tolist(), wanted)
        if path is None:
            poor = np.flatnonzero(~self._reached)
            return Stuck("too little", poor, np.flatnonzero(self.problem.eligible[poor].any(axis=0)))
        return path

    def _begin(self) -> None:
        self._reached = np.zeros(self.people, dtype=np.bool_)
        self._seen_groups = ~self.open_groups
        self._came_from[:] = -1
        self._looked_at.clear()

    def _after(self, people: Counts) -> NDArray[np.float64]:
        height: NDArray[np.float64] = (self.load[people] + 1) / self.problem.weights[people]
        return height

    def _spread(self, frontier: list[int], wanted: Mask) -> list[int] | None:
        while frontier:
            following: list[int] = []
            best: tuple[float, int] | None = None
            for giver in frontier:
                # A mask is what is greater than another: held, and not seen before.
                (groups,) = ((self.given[giver] > 0) > self._seen_groups).nonzero()
                if not len(groups):
                    continue
                self._seen_groups[groups] = True
                self._looked_at[giver] = groups
                (fresh,) = (self.room.take(groups, axis=0).any(axis=0) > self._reached).nonzero()
                if not len(fresh):
                    continue
                self._reached[fresh] = True
                self._came_from[fresh] = giver
                hit = fresh[wanted[fresh]]
                if len(hit):
                    after = self._after(hit)
                    place = int(np.argmin(after))
                    if best is None or after[place] < best[0]:
                        best = (float(after[place]), int(hit[place]))
                following += fresh.tolist()
            if best is not None:
                return self._path_to(best[1])
            frontier = following
        return None

    def _path_to(self, person: int) -> list[int]:
        path = [person]
        while (giver := int(self._came_from[path[-1]])) >= 0:
            groups = self._looked_at[giver]
            self._through[path[-1]] = groups[np.argmax(self.room[groups, path[-1]])]
            path.append(giver)
        return path[::-1]

    def _shift(self, path: list[int], amount: int, first: int | None = None) -> int:
        """Pass up to `amount` items along the path (the first person gets of `first`); return how many."""
        given, most = self.given, self.problem.most
        steps = [(a, b, int(self._through[b])) for a, b in pairwise(path)]
        for giver, taker, group in steps:
            amount = min(amount, int(given[giver, group]), int(most[group] - given[taker, group]))
        if first is not None:
            amount = min(amount, int(most[first] - given[path[0], first]))
            amount = min(amount, int(self.problem.upper[path[-1]] - self.load[path[-1]]))
            self._give(path[0], first, amount)
            self.load[path[0]] += amount
        for giver, taker, group in steps:
            self._give(giver, group, -amount)
            self._give(taker, group, amount)
        self.load[path[0]] -= amount if steps else 0
        self.load[path[-1]] += amount if steps else 0
        return amount

    def _give(self, person: int, group: int, amount: int) -> None:
        self.given[person, group] += amount
        below = self.given[person, group] < self.problem.most[group]
        self.room[group, person] = self.problem.eligible[person, group] and below
