"""The smallest set of constraints that clash, in words, once a flow has shown that there is one.

The sets are those of Hall's theorem (P. Hall, *On representatives of subsets*,
1935): items for which there is too little room, or people for whom there are too
few items. One constraint alone is tried first, then two, then all of them less
every one that is not needed: what is left is irreducible (J. W. Chinneck, *Feasibility
and infeasibility in optimization*, 2008, the deletion filter).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from taskplan.allocation.groups import Groups
from taskplan.allocation.impossible import items, names, need_words
from taskplan.allocation.leximin import FlowProblem, Stuck
from taskplan.allocation.problem import Problem

PAIRS_AMONG = 120
"""Up to so many constraints all pairs of them are tried."""


def clash_words(problem: Problem, groups: Groups, flow: FlowProblem, stuck: Stuck) -> str:
    """Say which constraints clash."""
    if stuck.kind == "too much":
        return _too_much(problem, groups, flow, stuck)
    return _too_little(problem, flow, stuck)


def _too_much(problem: Problem, groups: Groups, flow: FlowProblem, stuck: Stuck) -> str:
    def clashes(chosen: Sequence[int]) -> bool:
        return int(flow.supply[list(chosen)].sum()) > _room(flow, chosen)

    chosen = list(smallest(stuck.groups.tolist(), clashes))
    people = np.flatnonzero(flow.eligible[:, chosen].any(axis=1)).tolist()
    able = [problem.assignees[index].email for index in people]
    count = int(groups.counts[chosen].sum())
    each = f", each {problem.overlap} times" if problem.overlap > 1 else ""
    asks = sorted({need_words(problem.needs[groups.need[g]]) for g in chosen if groups.need[g] >= 0})
    why = f" ({'; '.join(asks)})" if asks else ""
    return (
        f"{items(count)}{why} can only go to {names(able)}{each}, "
        f"who take{'s' if len(able) == 1 else ''} {_room(flow, chosen):,} at most"
    )


def _room(flow: FlowProblem, chosen: Sequence[int]) -> int:
    able = flow.eligible[:, list(chosen)]
    reach = (able * flow.most[list(chosen)]).sum(axis=1)
    return int(np.minimum(reach, flow.upper)[able.any(axis=1)].sum())


def _too_little(problem: Problem, flow: FlowProblem, stuck: Stuck) -> str:
    def there(chosen: Sequence[int]) -> int:
        able = flow.eligible[list(chosen)].sum(axis=0)
        return int(np.minimum(flow.supply, able * flow.most).sum())

    def clashes(chosen: Sequence[int]) -> bool:
        return int(flow.lower[list(chosen)].sum()) > there(chosen)

    chosen = list(smallest(stuck.people.tolist(), clashes))
    who = [problem.assignees[index].email for index in chosen]
    least = int(flow.lower[chosen].sum())
    verb = "is" if there(chosen) == 1 else "are"
    together = "" if len(who) == 1 else " together"
    return (
        f"{names(who)} should get at least {items(least)}{together}, "
        f"but there {verb} only {there(chosen):,} that {'they' if len(who) > 1 else 'this person'} may have"
    )


def smallest(candidates: Sequence[int], clashes: Callable[[Sequence[int]], bool]) -> Sequence[int]:
    """Return one or two candidates that clash, or an irreducible set of them; all where none does."""
    for size in (1, 2):
        if size == 2 and len(candidates) > PAIRS_AMONG:
            break
        for chosen in combinations(candidates, size):
            if clashes(chosen):
                return chosen
    kept = list(candidates)
    for candidate in candidates:
        fewer = [other for other in kept if other != candidate]
        if fewer and clashes(fewer):
            kept = fewer
    return kept
