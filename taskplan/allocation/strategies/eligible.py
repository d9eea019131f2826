"""`eligible`: counts as even as skills, exclusions, minima and maxima allow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.certificate import eligible_certificate
from taskplan.allocation.clash import clash_words
from taskplan.allocation.dealing import deal
from taskplan.allocation.engines import engine_of
from taskplan.allocation.groups import Groups, group_items
from taskplan.allocation.impossible import check_possible
from taskplan.allocation.leximin import FlowProblem, Stuck
from taskplan.allocation.people import check_people, refuse_beyond
from taskplan.allocation.problem import Allocation, Problem
from taskplan.allocation.shares import asked
from taskplan.errors import InfeasibleError


class Eligible:
    """Counts by share among those who may have each item, the most loaded relieved first (leximin)."""

    name = "eligible"

    def __init__(self, engine: str = "exchange") -> None:
        """Take who solves the flow: exchange (ours), networkx or ortools, with the same optimum."""
        self.solve = engine_of(engine)

    def allocate(self, problem: Problem) -> Allocation:
        """Split within skills and limits; InfeasibleError names the smallest set that clashes."""
        people = check_people(problem)
        refuse_beyond(problem, self.name)
        check_possible(problem)
        groups = group_items(problem)
        flow = flow_problem(problem, groups)
        found = self.solve(flow)
        if isinstance(found, Stuck):
            raise InfeasibleError(clash_words(problem, groups, flow, found))
        order = deal(problem, groups.of_item, found.given)
        return Allocation(
            people, found.given.sum(axis=1), order, eligible_certificate(problem, flow, found, order, people)
        )


def flow_problem(problem: Problem, groups: Groups) -> FlowProblem:
    """Return the flow that gives every group to `overlap` people each, weights being the exact shares."""
    persons = problem.assignees
    wanted = asked(persons, problem.n_items * problem.overlap)
    # Nobody with a share of nothing gets anything, whatever their weight says here.
    shares = np.array([part / wanted.shares.unit for part in wanted.shares.parts])
    lower = np.array([p.minimum or p.count or 0 for p in persons], dtype=np.int64)
    upper = np.array([_most(problem, index, shares) for index in range(len(persons))], dtype=np.int64)
    return FlowProblem(
        groups.counts * problem.overlap,
        groups.eligible,
        np.where(shares > 0, shares, 1.0),
        lower,
        upper,
        groups.counts,
    )


def _most(problem: Problem, index: int, shares: NDArray[np.float64]) -> int:
    person = problem.assignees[index]
    if person.count is not None:
        return person.count
    if not shares[index]:
        return person.minimum or 0
    return problem.n_items if person.maximum is None else min(person.maximum, problem.n_items)
