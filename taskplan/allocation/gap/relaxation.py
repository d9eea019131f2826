"""The linear relaxation: what the best allocation would be if items could be cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taskplan.allocation.gap.instance import TOLERANCE, Flags, Floats, Instance
from taskplan.allocation.gap.ordered import Factors, dot, times_vector, weighted_gram
from taskplan.errors import InfeasibleError

STEPS = 80
PRECISION = 1e-8
DIVERGED = 1e10


@dataclass(frozen=True, slots=True)
class Relaxation:
    """`shares` [people, groups] of items, `prices` [people] of a unit of capacity, `bound` below the cost."""

    shares: Floats
    prices: Floats
    bound: float


def relax(instance: Instance) -> Relaxation:
    """Solve the linear relaxation and return it with the Lagrangian bound of its prices.

    A primal-dual interior-point method with predictor and corrector (S. Mehrotra, *On the
    implementation of a primal-dual interior point method*, 1992); the normal equations are
    reduced to one row a person. The bound holds for any prices ≥ 0, however exact they are.
    Raises InfeasibleError where prices prove that the items do not fit.
    """
    limited = np.isfinite(instance.capacity)
    weight = np.where(limited[:, None], instance.use, 0) * instance.counts
    room = np.where(limited, instance.room, 1)
    row = np.maximum(np.maximum(room, weight.max(axis=1, initial=0)), TOLERANCE)
    money = max(float(np.abs(instance.cost * instance.counts).max(initial=0)), TOLERANCE)
    shares, prices = _interior_point(
        instance.cost * (instance.counts / money), weight / row[:, None], room / row, instance.allowed
    )
    prices = np.where(limited, np.maximum(prices, 0) / row, 0)
    _refuse_dear(instance, prices)
    return Relaxation(shares * instance.counts, prices * money, lagrangian_bound(instance, prices * money))


def priced(instance: Instance, prices: Floats) -> Floats:
    """Return the cost of an item with the price of what it uses, [people, groups]; inf where not allowed."""
    return np.where(instance.allowed, instance.cost + prices[:, None] * instance.use, np.inf)


def lagrangian_bound(instance: Instance, prices: Floats) -> float:
    """Return what all items cost at the least if capacity is sold at `prices`: never above the optimum."""
    held = instance.counts > 0
    cheapest = priced(instance, prices)[:, held].min(axis=0, initial=np.inf)
    sold = dot(np.where(prices > 0, instance.room, 0), prices)
    return dot(cheapest, instance.counts[held].astype(np.float64)) - sold


def _refuse_dear(instance: Instance, prices: Floats) -> None:
    """Raise if the room that all items need at the least is worth more at `prices` than all room (Farkas)."""
    held = instance.counts > 0
    dear = np.where(instance.allowed, prices[:, None] * instance.use, np.inf)[:, held]
    sold = dot(np.where(prices > 0, instance.room, 0), prices)
    needed = dot(dear.min(axis=0, initial=np.inf), instance.counts[held].astype(np.float64))
    if needed > sold * (1 + 1e-7):
        raise InfeasibleError(
            "the items do not fit: even if they could be cut in pieces, "
            "the people who may have them have too little room"
        )


def _interior_point(cost: Floats, weight: Floats, room: Floats, allowed: Flags) -> tuple[Floats, Floats]:
    """Minimise ``cost · y`` where columns of y sum to 1 and ``weight · y ≤ room``; return y and prices."""
    people = len(cost)
    y = np.where(allowed, 1 / np.maximum(allowed.sum(axis=0), 1), 0)
    prices = np.ones(people)
    level = np.where(allowed, cost + weight, np.inf).min(axis=0, initial=1) - 1
    z = np.where(allowed, cost + weight - level, 1)
    slack = np.maximum(room - (weight * y).sum(axis=1), 0.1 * room + 0.01)
    size = np.count_nonzero(allowed) + people
    for _ in range(STEPS):
        lack = room - (weight * y).sum(axis=1) - slack
        product = float((y * z).sum()) + dot(slack, prices)
        exact = product < PRECISION * (1 + abs(float((cost * y).sum())))
        if (exact and np.abs(lack).max(initial=0) < 100 * PRECISION) or prices.max(initial=0) > DIVERGED:
            break
        system = _System.of(y, z, slack, prices, weight, lack)
        d_y, d_z, d_slack, d_prices, _ = system.solved(-y * z, -slack * prices)
        forth = min(_reach(y, d_y), _reach(slack, d_slack))
        back = min(_reach(z, d_z), _reach(prices, d_prices))
        after = float(((y + forth * d_y) * (z + back * d_z)).sum())
        after += dot(slack + forth * d_slack, prices + back * d_prices)
        gained = after / product
        centre = product / size * (gained * gained * gained)
        d_y, d_z, d_slack, d_prices, d_level = system.solved(
            np.where(allowed, centre - y * z - d_y * d_z, 0), centre - slack * prices - d_slack * d_prices
        )
        forth = 0.995 * min(_reach(y, d_y), _reach(slack, d_slack))
        back = 0.995 * min(_reach(z, d_z), _reach(prices, d_prices))
        y += forth * d_y
        slack += forth * d_slack
        prices += back * d_prices
        level += back * d_level
        z = np.maximum(np.where(allowed, cost + weight * prices[:, None] - level, 1), 1e-14)
    return y, prices


@dataclass(frozen=True, slots=True)
class _System:
    """The linear equations of one Newton step, reduced to a matrix [people, people] and factorised."""

    z: Floats
    slack: Floats
    prices: Floats
    weight: Floats
    ratio: Floats
    bent: Floats
    total: Floats
    short: Floats
    lack: Floats
    factors: Factors

    @classmethod
    def of(cls, y: Floats, z: Floats, slack: Floats, prices: Floats, weight: Floats, lack: Floats) -> _System:
        ratio = y / z
        bent = weight * ratio
        total = np.maximum(ratio.sum(axis=0), 1e-300)
        diagonal = (weight * bent).sum(axis=1) + slack / prices
        # A trace more on the diagonal, that rounding errors never make the matrix singular.
        matrix = np.diag(diagonal * (1 + 1e-12)) - weighted_gram(bent, 1 / total)
        factors = Factors.of(matrix)
        return cls(z, slack, prices, weight, ratio, bent, total, 1 - y.sum(axis=0), lack, factors)

    def solved(self, target: Floats, goal: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """Return the step of y, z, slack, prices and level that changes ``y z`` and ``slack prices`` so."""
        pull = target / self.z
        first = self.short - pull.sum(axis=0)
        second = self.lack - (self.weight * pull).sum(axis=1) - goal / self.prices
        d_prices = self.factors.solve(times_vector(self.bent, first / self.total) - second)
        d_level = (first + (self.bent * d_prices[:, None]).sum(axis=0)) / self.total
        d_z = self.weight * d_prices[:, None] - d_level
        d_slack = (goal - self.slack * d_prices) / self.prices
        return pull - self.ratio * d_z, np.where(self.ratio > 0, d_z, 0), d_slack, d_prices, d_level


def _reach(values: Floats, step: Floats) -> float:
    """Return how far along `step`, at most 1, `values` stay ≥ 0."""
    falling = step < 0
    return min(1.0, float((-values[falling] / step[falling]).min(initial=np.inf)))
