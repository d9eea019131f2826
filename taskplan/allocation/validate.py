"""Is an answer an allocation at all? Asked of every strategy, because anybody may install one."""

from __future__ import annotations

import numpy as np

from taskplan.allocation.problem import Allocation, Problem


def fault(problem: Problem, allocation: Allocation) -> str | None:
    """Say why an answer does not give every item to `overlap` distinct people; None where it does."""
    people = tuple(person.email.lower() for person in problem.assignees)
    if allocation.assignees != people:
        return f"it answers for {', '.join(allocation.assignees)} and was asked for {', '.join(people)}"
    counts, order = allocation.counts, allocation.order
    wanted = problem.n_items * problem.overlap
    if counts.shape != (len(people),) or counts.min(initial=0) < 0 or int(counts.sum()) != wanted:
        return f"its counts {counts.tolist()} do not add up to {wanted:,} items"
    if order.shape != (wanted,) or (
        len(order) and not 0 <= int(order.min()) <= int(order.max()) < problem.n_items
    ):
        return f"it names items that are not among the {problem.n_items:,}"
    wrong = np.flatnonzero(np.bincount(order, minlength=problem.n_items) != problem.overlap)
    if len(wrong):
        asked = "nobody or twice" if problem.overlap == 1 else f"not to {problem.overlap} people"
        return f"{len(wrong):,} items go to {asked}, item number {int(wrong[0]) + 1:,} first"
    return _repeated(problem, allocation) if problem.overlap > 1 else None


def _repeated(problem: Problem, allocation: Allocation) -> str | None:
    for index, who in enumerate(allocation.assignees):
        rows = allocation.rows_of(index)
        if len(np.unique(rows)) < len(rows):
            return f"{who} gets an item twice"
    return None
