"""Properties of what is given: every item, to as many distinct people as asked, the same each time."""

from __future__ import annotations

import numpy as np

from taskplan.allocation.problem import Allocation, Problem, Strategy
from taskplan.testing.properties.base import MalformedAnswerError, ask, fail, fairness, items, listed, owners


def check_coverage(problem: Problem, allocation: Allocation) -> None:
    """Check that every position goes to `overlap` people, ascending within each, and that counts add up."""
    expected = tuple(assignee.email.lower() for assignee in problem.assignees)
    found = tuple(email.lower() for email in allocation.assignees)
    places = problem.n_items * problem.overlap
    if found != expected:
        fail(f"the assignees changed from {listed(expected)} to {listed(found)}")
    counts, order = allocation.counts, allocation.order
    if counts.dtype != np.int64:
        fail(f"counts are {counts.dtype}, not int64")
    if counts.shape != (len(expected),):
        fail(f"{len(expected)} people, but {counts.size} counts")
    if (counts < 0).any():
        fail(f"{expected[int(counts.argmin())]} gets {counts.min()} items")
    if int(counts.sum()) != places:
        times = f" × {problem.overlap}" if problem.overlap > 1 else ""
        fail(f"the counts add up to {counts.sum()}, not to {items(problem.n_items)}{times}")
    if order.dtype != np.int64:
        fail(f"the order is {order.dtype}, not int64")
    if order.shape != (places,):
        fail(f"{items(places)}, but {order.size} positions")
    inside = (order >= 0) & (order < problem.n_items)
    if not inside.all():
        fail(f"position {order[~inside][:1]} is outside 0..{problem.n_items - 1}")
    given = np.bincount(order, minlength=problem.n_items)
    wrong = np.flatnonzero(given != problem.overlap)
    if wrong.size:
        fail(f"item {wrong[:1]} is given to {given[wrong[:1]]} people")
    for index, email in enumerate(expected):
        rows = allocation.rows_of(index)
        if (np.diff(rows) < (1 if problem.overlap == 1 else 0)).any():
            fail(f"the items of {email} are not ascending")


@fairness(
    "coverage",
    any_features=True,
)
def coverage(strategy: Strategy, problem: Problem) -> None:
    """Every item is given out as often as it is asked for, nothing else is, and the counts say so.

    Source: what an allocation is: Y. Chevaleyre et al., Issues in Multiagent Resource Allocation (2006).
    """
    try:
        answer = ask(strategy, problem)
    except MalformedAnswerError as error:
        fail(str(error))
    check_coverage(problem, answer)


@fairness(
    "distinct-overlap",
    applies=lambda problem: problem.overlap > 1,
    features=("overlap",),
)
def distinct_overlap(strategy: Strategy, problem: Problem) -> None:
    """With an overlap of k, every item goes to k different people.

    Source: independent judgements of one item: A. P. Dawid and A. M. Skene (1979).
    """
    answer = ask(strategy, problem)
    size = len(problem.assignees)
    pairs = np.bincount(answer.order * size + owners(answer), minlength=problem.n_items * size)
    table = pairs.reshape(problem.n_items, size)
    twice = np.argwhere(table > 1)
    if len(twice):
        item, person = twice[0].tolist()
        fail(f"{problem.assignees[person].email} gets item {item} {table[item, person]} times")
    people = (table > 0).sum(axis=1)
    wrong = np.flatnonzero(people != problem.overlap)
    if len(wrong):
        fail(f"item {wrong[0]} goes to {people[wrong[0]]} people, not to {problem.overlap}")


@fairness(
    "determinism",
    any_features=True,
)
def determinism(strategy: Strategy, problem: Problem) -> None:
    """The same problem has the same answer, byte for byte, and is left as it was.

    Source: a plan is the same wherever it is made, byte for byte (its digest depends on it).
    """
    copied = {
        name: None if (array := getattr(problem, name)) is None else array.copy()
        for name in ("keys", "effort", "need", "kind", "held", "started")
    }
    first = ask(strategy, problem)
    for name, before in copied.items():
        now = getattr(problem, name)
        if before is not None and not np.array_equal(before, now):
            fail(f"the {name} were changed" if name == "keys" else f"the problem's {name} was changed")
    second = ask(strategy, problem)
    if first.counts.tobytes() != second.counts.tobytes():
        fail(f"the counts were {first.counts.tolist()} and then {second.counts.tolist()}")
    if first.order.tobytes() != second.order.tobytes():
        fail("the same counts, but other items")
    if first.certificate != second.certificate:
        fail("the same items, but another certificate")


def check_determinism(strategy: Strategy, problem: Problem) -> None:
    """Check that the same problem has the same answer, byte for byte, and is left as it was."""
    determinism.check(strategy, problem)
