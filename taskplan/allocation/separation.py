"""As few items as possible with whom they should not be, where everyone's count is given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.admission import admitted
from taskplan.allocation.dealing import deal
from taskplan.allocation.groups import group_items
from taskplan.allocation.leximin import FlowProblem, Stuck, fair_flow, fullest_flow
from taskplan.allocation.problem import Allocation, Need, Problem


def separated(
    problem: Problem, need: NDArray[np.int64], needs: tuple[Need, ...], plain: Allocation
) -> Allocation | None:
    """Return `plain` with the same counts, but with as few items as possible against `need`.

    `need` (int64[n_items]) and `needs` ask for more than the problem's own needs. A
    maximum flow gives out what can be had as wished; the rest goes to whoever has room
    (L. R. Ford and D. R. Fulkerson, *Maximal flow through a network*, 1956). None where
    the rest does not fit anybody.
    """
    groups = group_items(replace(problem, need=need, needs=needs))
    nothing = np.zeros_like(plain.counts)
    weights = np.ones(len(plain.counts))
    wished = FlowProblem(groups.counts, groups.eligible, weights, nothing, plain.counts, groups.counts)
    given = fullest_flow(wished)
    left, room = groups.counts - given.sum(axis=0), plain.counts - given.sum(axis=1)
    able = np.ones_like(groups.eligible)
    if problem.need is not None:
        # By the items' own needs: the first item of a group stands for all of it.
        own = problem.need[np.unique(groups.of_item, return_index=True)[1]]
        able = np.ascontiguousarray(admitted(problem.needs, problem.assignees)[own].T)
    rest = fair_flow(FlowProblem(left, able, weights, nothing, room, left))
    if isinstance(rest, Stuck):
        return None
    return replace(plain, order=deal(problem, groups.of_item, given + rest.given))
