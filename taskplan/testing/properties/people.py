"""Properties of who may have what: bounds of people, what items need, and that names do not matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from taskplan.allocation.problem import Assignee, Need, Problem, Strategy
from taskplan.testing.properties.base import ask, fail, fairness, items, owners


def _has_caps(problem: Problem) -> bool:
    # Whole groups rarely fit a fixed count, and nobody promises that they do.
    counted = problem.ordering.kind != "grouped" and any(p.count is not None for p in problem.assignees)
    return counted or any(p.minimum is not None or p.maximum is not None for p in problem.assignees)


@fairness(
    "caps",
    applies=_has_caps,
    features=("bounds",),
)
def caps(strategy: Strategy, problem: Problem) -> None:
    """Nobody gets fewer items than their minimum or more than their maximum, and fixed counts are kept.

    Source: apportionment with minimum requirements and upper bounds: Balinski and Young (2001).
    """
    counts = ask(strategy, problem).counts.tolist()
    for person, count in zip(problem.assignees, counts, strict=True):
        if person.minimum is not None and count < person.minimum:
            fail(f"{person.email} gets {items(count)}, fewer than their minimum of {person.minimum}")
        if person.maximum is not None and count > person.maximum:
            fail(f"{person.email} gets {items(count)}, more than their maximum of {person.maximum}")
        fixed = person.count if problem.ordering.kind != "grouped" else None
        if fixed is not None and count != fixed:
            fail(f"{person.email} gets {items(count)} for a fixed count of {fixed}")


@fairness(
    "eligibility",
    applies=lambda problem: problem.need is not None,
    features=("needs",),
)
def eligibility(strategy: Strategy, problem: Problem) -> None:
    """Whoever gets an item has every skill that it needs.

    Source: processing set restrictions: J. Y.-T. Leung and C.-L. Li (2008).
    """
    for item, person, need in _pairs(strategy, problem):
        missing = sorted(need.skills - person.skills)
        if missing:
            fail(f"item {item} needs {', '.join(missing)}, which {person.email} lacks")


@fairness(
    "qa-separation",
    applies=lambda problem: problem.need is not None,
    features=("needs",),
)
def qa_separation(strategy: Strategy, problem: Problem) -> None:
    """Nobody gets an item that excludes them: a reviewer never reviews their own work.

    Source: separation of duty: D. D. Clark and D. R. Wilson (1987).
    """
    for item, person, need in _pairs(strategy, problem):
        if person.email.lower() in {email.lower() for email in need.excluded}:
            fail(f"item {item} excludes {person.email}, who gets it")


def _pairs(strategy: Strategy, problem: Problem) -> list[tuple[int, Assignee, Need]]:
    answer = ask(strategy, problem)
    assert problem.need is not None
    return [
        (item, problem.assignees[person], problem.needs[int(problem.need[item])])
        for item, person in zip(answer.order.tolist(), owners(answer).tolist(), strict=True)
    ]


@fairness(
    "renaming",
    applies=lambda problem: len(problem.assignees) > 0,
    any_features=True,
)
def renaming(strategy: Strategy, problem: Problem) -> None:
    """Who gets what depends on the place in the list, never on the name.

    The new names sort the other way round, so that sorting by name is found out.

    Source: anonymity: K. O. May (1952).
    """
    before = ask(strategy, problem)
    after = ask(strategy, renamed(problem))
    if after.assignees != tuple(person.email for person in renamed(problem).assignees):
        fail("the new names are lost")
    if not np.array_equal(before.counts, after.counts):
        fail(f"other names change the counts from {before.counts.tolist()} to {after.counts.tolist()}")
    if not np.array_equal(before.order, after.order):
        fail("other names change who gets which item")


def renamed(problem: Problem) -> Problem:
    """Return the problem with everyone renamed, wherever they are named; strangers keep their names."""
    size = len(problem.assignees)
    names = {
        person.email.lower(): f"person-{size - index:09d}@example.org"
        for index, person in enumerate(problem.assignees)
    }
    return replace(
        problem,
        assignees=tuple(replace(p, email=names[p.email.lower()]) for p in problem.assignees),
        needs=tuple(
            replace(need, excluded=frozenset(names.get(who.lower(), who) for who in need.excluded))
            for need in problem.needs
        ),
        holders=tuple(names.get(who.lower(), who) for who in problem.holders),
    )


def check_renaming(strategy: Strategy, problem: Problem) -> None:
    """Check that who gets what depends on the place in the list, never on the name."""
    renaming.check(strategy, problem)
