"""`matched`: least total cost where what an item takes differs by person, within everyone's capacity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.certificate import assignment_certificate
from taskplan.allocation.dealing import deal
from taskplan.allocation.gap import solve
from taskplan.allocation.groups import Groups, group_items
from taskplan.allocation.impossible import check_possible
from taskplan.allocation.people import check_people, refuse_beyond
from taskplan.allocation.problem import Allocation, Assignee, Problem
from taskplan.errors import InputError

LARGEST = 1e30


class Matched:
    """Each item where it costs least, within capacities (generalised assignment, with a proven bound)."""

    name = "matched"

    def __init__(self, rounds: int | None = None) -> None:
        """Take how many rounds of improvement to spend; more find better assignments, slowly."""
        if rounds is not None and (isinstance(rounds, bool) or not isinstance(rounds, int) or rounds < 0):
            raise InputError(f"expected a number of rounds ≥ 0, got {rounds!r}")
        self.rounds = rounds

    def allocate(self, problem: Problem) -> Allocation:
        """Assign by cost: an item takes effort × factor of a person's capacity, and costs rate a unit of it.

        The method is that of `taskplan.allocation.gap`. InfeasibleError where no
        assignment within the capacities exists, or none was found.
        """
        people = check_people(problem)
        refuse_beyond(problem, self.name)
        _check(problem)
        check_possible(problem)
        groups = group_items(problem, by_effort=True, by_kind=True)
        with np.errstate(over="ignore", invalid="ignore"):
            use = uses(problem, groups)
        if not (use * groups.counts).max(initial=0.0) * max(p.rate for p in problem.assignees) < LARGEST:
            raise InputError("efforts, factors and rates multiply to numbers too large to add up")
        rates = np.array([person.rate for person in problem.assignees])
        cost = np.where(groups.eligible, use * rates[:, None], np.inf)
        capacity = np.array([np.inf if p.capacity is None else p.capacity for p in problem.assignees])
        options = {} if self.rounds is None else {"rounds": self.rounds}
        found = solve(cost, use, capacity, groups.counts, seed=problem.seed, **options)
        counts = found.given.sum(axis=1)
        order = deal(problem, groups.of_item, found.given)
        effort = tuple((found.given * use).sum(axis=1).tolist())
        return Allocation(
            people, counts, order, assignment_certificate(counts, found.value, found.bound), effort
        )


def uses(problem: Problem, groups: Groups) -> NDArray[np.float64]:
    """Return what one item of each group takes of each person's capacity, float64[people, groups]."""
    names = [problem.kinds[kind] if kind >= 0 else "*" for kind in groups.kind.tolist()]
    factors = np.array([[_factor(person, name) for name in names] for person in problem.assignees])
    return factors.reshape(len(problem.assignees), len(groups)) * groups.effort[None, :]


def _factor(person: Assignee, kind: str) -> float:
    return person.factors.get(kind, person.factors.get("*", 1.0))


def _check(problem: Problem) -> None:
    for person in problem.assignees:
        for kind, factor in person.factors.items():
            if not 0 < factor < np.inf:
                raise InputError(f"expected a factor > 0 for {person.email} and {kind}, got {factor:g}")
        if not 0 <= person.rate < np.inf:
            raise InputError(f"expected a rate ≥ 0 for {person.email}, got {person.rate:g}")
        if person.capacity is not None and not 0 <= person.capacity < np.inf:
            raise InputError(f"expected a capacity ≥ 0 for {person.email}, got {person.capacity:g}")
