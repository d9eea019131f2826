"""The whole way from an instance to an allocation with a bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from taskplan.allocation.gap.construct import construct
from taskplan.allocation.gap.improve import improve
from taskplan.allocation.gap.instance import TOLERANCE, Counts, Instance, checked
from taskplan.allocation.gap.knapsack import knapsack_bound
from taskplan.allocation.gap.parts import Part, sample, whole
from taskplan.allocation.gap.relaxation import Relaxation, relax
from taskplan.errors import InfeasibleError

ROUNDS = 10
STEPS = 2000
"""Steps of local search a round."""

USUAL = 150
"""Up to so many people and items; more make a step dearer and get fewer."""

PARTS = 8
"""Where not all items can be searched at once, so many parts of them are searched in a round."""

POOL = 6
"""So many of the best answers are kept to be mixed."""


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

    The generalised assignment problem: a linear relaxation gives prices, a bound and a start
    (M. L. Fisher, R. Jaikumar and L. N. Van Wassenhove, *A multiplier adjustment method for the
    generalized assignment problem*, 1986, on the bound); local search with mixing of good answers
    does the rest (P. C. Chu and J. E. Beasley, *A genetic algorithm for the generalised assignment
    problem*, 1997).
    """
    instance = checked(cost, use, capacity, counts)
    relaxation = relax(instance)
    bound = instance.rounded_up(relaxation.bound)
    rng = np.random.Generator(np.random.PCG64(seed))
    given = construct(instance, relaxation)
    part = whole(instance, relaxation, given)
    if part is None:
        given = _search_parts(instance, relaxation, given, bound, rounds, rng)
    else:
        given, bound = _search_whole(instance, part, bound, rounds, rng)
    above = instance.excess(given)
    if above.any():
        raise InfeasibleError(
            "no way was found to give all items within the capacities; the nearest one is "
            f"{above.sum():g} above those of {np.count_nonzero(above)} of {len(above)} people"
        )
    value = instance.value(given)
    return GapSolution(given, value, min(bound, value))


def _standing(instance: Instance, given: Counts) -> tuple[float, float]:
    return float(instance.excess(given).sum()), instance.value(given)


def _proven(instance: Instance, given: Counts, bound: float) -> bool:
    above, value = _standing(instance, given)
    return above == 0 and value <= bound + TOLERANCE * max(1, abs(bound))


def _search_whole(
    instance: Instance, part: Part, bound: float, rounds: int, rng: np.random.Generator
) -> tuple[Counts, float]:
    """Search from the start, then from mixtures of two of the best answers so far; tighten the bound, too."""
    size = len(part.owner) + len(part.people)
    steps = round(STEPS * min(size / USUAL, (USUAL / size) ** 2, 1))
    pool: list[tuple[tuple[float, float], Counts]] = []
    start, tight = part.owner, False
    for _ in range(rounds):
        owner = improve(part.core, start, steps, bound, rng)
        if not any((owner == other).all() for _, other in pool):
            pool.append((_standing(instance, part.given(owner)), owner))
            pool = sorted(pool, key=lambda answer: answer[0])[:POOL]
        (above, value), best = pool[0]
        if above == 0 and not tight and value > bound:
            bound = max(bound, instance.rounded_up(knapsack_bound(part.core, value, value)))
            tight = True
        if _proven(instance, part.given(best), bound):
            break
        first, second = rng.choice(len(pool), 2, replace=len(pool) < 2)
        start = np.where(rng.random(len(owner)) < 0.5, pool[first][1], pool[second][1])
    return part.given(pool[0][1] if pool else part.owner), bound


def _search_parts(
    instance: Instance,
    relaxation: Relaxation,
    given: Counts,
    bound: float,
    rounds: int,
    rng: np.random.Generator,
) -> Counts:
    """Search random parts, one after the other, and keep what is better."""
    best = _standing(instance, given)
    for _ in range(rounds * PARTS):
        part = sample(instance, relaxation, given, rng)
        fixed = instance.value(part.fixed)
        owner = improve(part.core, part.owner, STEPS // PARTS, bound - fixed, rng)
        other = part.given(owner)
        here = _standing(instance, other)
        if here < best:
            best, given = here, other
            if _proven(instance, given, bound):
                break
    return given
