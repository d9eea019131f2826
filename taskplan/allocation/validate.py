"""Is an answer an allocation at all? Asked of every strategy, because anybody may install one."""

from __future__ import annotations

import numpy as np

from taskplan.allocation.problem import Allocation, Problem


def fault(problem: Problem, allocation: Allocation) -> str | None:
    """Say why an answer does not give every item to exactly one of the people; None where it does."""
    people = tuple(person.email.lower() for person in problem.assignees)
    if allocation.assignees != people:
        return f"it answers for {', '.join(allocation.assignees)} and was asked for {', '.join(people)}"
    counts, order = allocation.counts, allocation.order
    if counts.shape != (len(people),) or counts.min(initial=0) < 0 or int(counts.sum()) != problem.n_items:
        return f"its counts {counts.tolist()} do not add up to {problem.n_items:,} items"
    if order.shape != (problem.n_items,) or (
        len(order) and not 0 <= int(order.min()) <= int(order.max()) < problem.n_items
    ):
        return f"it names items that are not among the {problem.n_items:,}"
    wrong = np.flatnonzero(np.bincount(order, minlength=problem.n_items) != 1)
    if len(wrong):
        return f"{len(wrong):,} items go to nobody or twice, item number {int(wrong[0]) + 1:,} first"
    return None
