"""The whole way from an instance to an allocation with a bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from taskplan.allocation.gap.construct import construct
from taskplan.allocation.gap.exact import best_of_few
from taskplan.allocation.gap.improve import improve
from taskplan.allocation.gap.instance import TOLERANCE, Counts, Instance, checked
from taskplan.allocation.gap.knapsack import knapsack_bound
from taskplan.allocation.gap.parts import Part, sample, whole
from taskplan.allocation.gap.relaxation import Relaxation, priced, relax
from taskplan.errors import InfeasibleError

ROUNDS = 10
STEPS = 2000
"""Steps of local search a round."""

USUAL = 150
"""Up to so many people and items; more make a step dearer and get fewer."""

PARTS = 8
"""Where not all items can be searched at once, so many parts of them are searched in a round."""

NEAR, IDLE = 1e-4, 4
"""So near to its bound a large allocation is good enough; so many parts that gain less end the search."""

POOL = 6
"""So many of the best answers are kept to be mixed."""

Standing = tuple[float, float]
"""Use above capacity and total cost; the lower is the better."""


@dataclass(frozen=True, slots=True)
class GapSolution:
    """`given` [people, groups] items at a total cost of `value`; no allocation costs less than `bound`."""

    given: NDArray[np.int64]
    value: float
    bound: float


def solve(
    cost: ArrayLike,
    use: ArrayLike,
    capacity: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    seed: int = 0,
    rounds: int = ROUNDS,
) -> GapSolution:
    """Give all items to people at a low total cost, everyone's use within capacity.

    `cost` and `use` are [people, groups], of one item each; a cost of inf: not to this person.
    `capacity` is [people], inf: unlimited, in the unit of `use`; a use is within it up to rounding
    of floats (one in 10⁹). `counts` is [groups] of identical items, one each where it is None. The
    same input and seed give the same answer; more `rounds` give a better one. Raises InputError
    for what is not such an instance and InfeasibleError where the items have been proven not to
    fit or no way was found.

    The generalised assignment problem. The linear relaxation gives prices of capacity, a bound and
    a start; tabu search with chains of exchanges does the rest, where it can all at once from
    mixtures of good answers (P. C. Chu and J. E. Beasley, *A genetic algorithm for the generalised
    assignment problem*, 1997), else part by part.
    """
    instance = checked(cost, use, capacity, counts)
    relaxation = relax(instance)
    bound = instance.rounded_up(relaxation.bound)
    rng = np.random.Generator(np.random.PCG64(seed))
    given = construct(instance, relaxation)
    part = whole(instance, relaxation, given)
    if part is None:
        _search_parts(instance, relaxation, given, bound, rounds, rng)
    else:
        owner, bound = _search_whole(instance, part, bound, rounds, rng)
        part.hand_over(given, owner)
    above = np.maximum(0, -instance.free(given))
    if not _proven((float(above.sum()), instance.value(given)), bound):
        few = best_of_few(instance)
        if few is not None:
            return GapSolution(few, instance.value(few), instance.value(few))
    if above.any():
        raise InfeasibleError(
            "no way was found to give all items within the capacities; the nearest one is "
            f"{above.sum():g} above those of {np.count_nonzero(above)} of {len(above)} people"
        )
    value = instance.value(given)
    return GapSolution(given, value, min(bound, value))


def _proven(standing: Standing, bound: float) -> bool:
    above, value = standing
    return above == 0 and value <= bound + TOLERANCE * max(1, abs(bound))


def _search_whole(
    instance: Instance, part: Part, bound: float, rounds: int, rng: np.random.Generator
) -> tuple[Counts, float]:
    """Return the best owners found and a bound tightened where it can be.

    The first search is from the start, the others from mixtures of two of the best answers so far.
    """
    core = part.core
    size = len(part.owner) + len(part.people)
    steps = round(STEPS * min(size / USUAL, (USUAL / size) ** 2))
    pool: list[tuple[Standing, Counts]] = [(core.standing(part.owner), part.owner)]
    start, tight = part.owner, False
    for _ in range(rounds):
        if _proven(pool[0][0], bound):
            break
        owner = improve(core, start, steps, bound, rng)
        if not any((owner == other).all() for _, other in pool):
            pool.append((core.standing(owner), owner))
            pool = sorted(pool, key=lambda answer: answer[0])[:POOL]
        above, value = pool[0][0]
        if above == 0 and not tight:
            bound = max(bound, instance.rounded_up(knapsack_bound(core, value, value)))
            tight = True
        first, second = rng.choice(len(pool), 2, replace=len(pool) < 2)
        start = np.where(rng.random(len(owner)) < 0.5, pool[first][1], pool[second][1])
    return pool[0][1], bound


def _search_parts(
    instance: Instance,
    relaxation: Relaxation,
    given: Counts,
    bound: float,
    rounds: int,
    rng: np.random.Generator,
) -> None:
    """Improve `given` in random parts, one after the other."""
    costs = priced(instance, relaxation.prices)
    free, value = instance.free(given), instance.value(given)
    idle = 0
    for _ in range(rounds * PARTS):
        above = float(np.maximum(0, -free).sum())
        if above == 0 and (idle > IDLE or value - bound <= NEAR * abs(bound)):
            break
        idle += 1
        part = sample(instance, relaxation, costs, given, free, rng)
        before = part.core.standing(part.owner)
        owner = improve(part.core, part.owner, STEPS // PARTS, bound - value + before[1], rng)
        after = part.core.standing(owner)
        if after < before:
            part.hand_over(given, owner)
            if after[0] < before[0] or before[1] - after[1] > NEAR / 10 * abs(value):
                idle = 0
            free[part.people] += part.core.used(part.owner) - part.core.used(owner)
            value += after[1] - before[1]
