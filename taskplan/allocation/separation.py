"""As few items as possible with whom they should not be, where everyone's count is given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.admission import admitted
from taskplan.allocation.dealing import deal
from taskplan.allocation.groups import first_alike, group_items
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
    own = None
    able = admitted(problem.needs, problem.assignees)
    if problem.need is not None:
        # Whom items should not go to may be the same for other reasons; whom they must not, is then another.
        own = first_alike(able)[problem.need]
    groups = group_items(replace(problem, need=need, needs=needs, kind=own), by_kind=True)
    nothing = np.zeros_like(plain.counts)
    weights = np.ones(len(plain.counts))
    wished = FlowProblem(groups.counts, groups.eligible, weights, nothing, plain.counts, groups.counts)
    given = fullest_flow(wished)
    left, room = groups.counts - given.sum(axis=0), plain.counts - given.sum(axis=1)
    may = np.ones_like(groups.eligible) if own is None else np.ascontiguousarray(able[groups.kind].T)
    rest = fair_flow(FlowProblem(left, may, weights, nothing, room, left))
    if isinstance(rest, Stuck):
        return None
    return replace(plain, order=deal(problem, groups.of_item, given + rest.given))
