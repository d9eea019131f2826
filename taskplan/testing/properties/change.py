"""Properties of change: one item more, one person who can do more, items added to those that are held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.problem import Problem, Strategy
from taskplan.testing.properties.base import ask, fail, fairness, is_plain, items, owners

STEPS = 3
"""How many items are added, one by one."""
FACTORS = (1.1, 2.0, 10.0)
"""By how much a weight is raised to see what happens."""


@fairness(
    "house-monotonicity",
    applies=lambda problem: is_plain(problem, "bounds"),
)
def house_monotonicity(strategy: Strategy, problem: Problem) -> None:
    """One item more takes none from anybody.

    Source: the Alabama paradox: Balinski and Young, Fair Representation (2001).
    """
    before = ask(strategy, problem).counts.tolist()
    for _ in range(STEPS):
        problem = one_more(problem)
        after = ask(strategy, problem).counts.tolist()
        for person, fewer, more in zip(problem.assignees, before, after, strict=True):
            if more < fewer:
                fail(
                    f"{person.email} gets {items(fewer)} of {problem.n_items - 1}, "
                    f"but {more} of {problem.n_items} (counts {before} and {after})"
                )
        before = after


def one_more(problem: Problem) -> Problem:
    """Return the problem with one more item at its end, which is as the last one is."""

    def longer(array: NDArray[Any] | None) -> Any:
        return None if array is None else np.append(array, array[-1:] if len(array) else array.dtype.type(0))

    return replace(
        problem,
        n_items=problem.n_items + 1,
        keys=longer(problem.keys),
        effort=longer(problem.effort),
        need=longer(problem.need),
        kind=longer(problem.kind),
        held=longer(problem.held),
        started=longer(problem.started),
    )


@fairness(
    "capacity-monotonicity",
    applies=lambda problem: (
        is_plain(problem, "bounds") and any(person.weight is not None for person in problem.assignees)
    ),
)
def capacity_monotonicity(strategy: Strategy, problem: Problem) -> None:
    """Whoever has their weight raised, all others keeping theirs, gets no fewer items than before.

    Source: population monotonicity in one's own share: Balinski and Young, Fair Representation (2001).
    """
    before = ask(strategy, problem).counts.tolist()
    for index, person in enumerate(problem.assignees):
        if person.weight is None:
            continue
        for factor in FACTORS:
            # Rounded, so that the weight is one that people would write.
            raised = max(round(person.weight * factor, 6), person.weight)
            people = list(problem.assignees)
            people[index] = replace(person, weight=raised)
            after = ask(strategy, replace(problem, assignees=tuple(people))).counts.tolist()
            if after[index] < before[index]:
                fail(
                    f"{person.email} gets {items(before[index])} with weight {person.weight:g}, "
                    f"but {after[index]} with weight {raised:g} (counts {before} and {after})"
                )


@fairness(
    "stability",
    applies=lambda problem: (
        problem.held is not None
        and problem.overlap == 1
        and problem.need is None
        and problem.ordering.kind != "grouped"
    ),
    features=("held",),
)
def stability(strategy: Strategy, problem: Problem) -> None:
    """Where items are held already, nobody both gives items away and gets others; what is started stays.

    Source: monotonicity of consistent hashing: D. Karger et al. (1997).
    """
    answer = ask(strategy, problem)
    assert problem.held is not None
    places = {person.email.lower(): index for index, person in enumerate(problem.assignees)}
    by_holder = np.array([places.get(who.lower(), -1) for who in problem.holders] + [-1], dtype=np.int64)
    before = by_holder[problem.held]
    after = np.full(problem.n_items, -1, dtype=np.int64)
    after[answer.order] = owners(answer)
    if problem.started is not None:
        moved = np.flatnonzero(problem.started & (before >= 0) & (after != before))
        if len(moved):
            fail(f"item {moved[0]} is started, but leaves {problem.assignees[before[moved[0]]].email}")
    for index, person in enumerate(problem.assignees):
        given = np.flatnonzero((before == index) & (after != index))
        taken = np.flatnonzero((before != index) & (after == index))
        if len(given) and len(taken):
            fail(f"{person.email} gives item {given[0]} away, but gets item {taken[0]}")
