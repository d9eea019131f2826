"""Allocation problems, plain or with all that a problem may have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from taskplan.allocation.problem import Assignee, Need, OrderingKind, Problem
from taskplan.testing.strategies.people import ORDERINGS, SHARES, ShareKind, assignees, orderings

SKILLS = ("lidar", "night", "french")
KINDS = ("city", "forest", "tunnel")
DTYPES: dict[str, Any] = {
    "keys": np.int64,
    "need": np.int64,
    "effort": np.float64,
    "kind": np.int64,
    "held": np.int64,
    "started": np.bool_,
}
LEFT = "left@example.com"
"""Somebody who holds items and is not among the people any more."""


@st.composite
def problems(
    draw: st.DrawFn,
    *,
    kinds: Sequence[OrderingKind] = ORDERINGS,
    shares: Sequence[ShareKind] = SHARES,
    max_items: int = 60,
    max_assignees: int = 8,
    max_keys: int = 6,
    needs: bool = False,
    bounds: bool = False,
    effort: bool = False,
    item_kinds: bool = False,
    overlap: bool = False,
    held: bool = False,
) -> Problem:
    """Draw a problem that a strategy should solve; it shrinks to no items and one person.

    `kinds` are the orderings and `shares` the kinds of share to draw from. The
    switches add what a problem may have, and shrink to its absence: `needs` (skills
    and exclusions; somebody may have each item), `bounds` (minima and maxima that fit
    the number of items), `effort` (0.25 to 16 an item), `item_kinds` (with factors,
    rates and capacities of people), `overlap` (up to 3 people an item), `held` (who
    has which items now, some of them started, some with somebody who has left). Each
    alone can be met; together they may clash.
    """
    ordering = draw(orderings(kinds))
    columns: dict[str, st.SearchStrategy[Any]] = {"keys": st.integers(0, max_keys - 1)}
    # All of one item is one draw of a list, so that shrinking can leave an item out, and its key
    # is drawn whether it is needed or not, so that shrinking can leave the ordering out.
    if needs or effort or item_kinds or held:
        columns |= _columns(needs=needs, effort=effort, item_kinds=item_kinds, held=held)
        rows = draw(st.lists(st.tuples(*columns.values()), max_size=max_items))
        n_items = len(rows)
    else:
        n_items = draw(st.integers(0, max_items))
        keyed = n_items if ordering.path is not None else 0
        rows = draw(st.lists(st.tuples(*columns.values()), min_size=keyed, max_size=keyed))
    people = draw(
        assignees(
            n_items,
            shares,
            max_assignees,
            bounds=bounds,
            skills=SKILLS if needs else (),
            kinds=KINDS if item_kinds else (),
        )
    )
    copies = draw(st.integers(1, min(3, len(people)))) if overlap else 1
    asked = draw(_needs(people, copies)) if needs else ()
    holders = (*(person.email for person in people), LEFT) if held else ()
    values = zip(*rows, strict=True) if rows else [()] * len(columns)
    arrays = {
        name: np.array(column, dtype=DTYPES[name]) for name, column in zip(columns, values, strict=True)
    }
    keys = arrays.pop("keys")
    if ordering.path is not None:
        arrays["keys"] = keys.astype(draw(st.sampled_from([np.int64, np.int32, np.uint8])))
    if "need" in arrays:
        arrays["need"] %= len(asked)
    if "held" in arrays:
        arrays["held"] = np.where(arrays["held"] < 0, -1, arrays["held"] % len(holders))
    problem = Problem(
        n_items,
        people,
        ordering,
        seed=draw(st.integers(0, 2**32)) if ordering.kind == "shuffled" else 0,
        needs=asked,
        kinds=KINDS if item_kinds else (),
        overlap=copies,
        holders=holders,
        **arrays,
    )
    return _without_empty(problem)


def _columns(*, needs: bool, effort: bool, item_kinds: bool, held: bool) -> dict[str, st.SearchStrategy[Any]]:
    """Return what is drawn for each item; numbers of needs and holders are yet to be cut to size."""
    columns: dict[str, st.SearchStrategy[Any]] = {}
    if needs:
        columns["need"] = st.integers(0, 3)
    if effort:
        # Quarters are exact as floats, so that sums do not depend on their sequence.
        quarters = st.integers(1, 64).map(lambda number: number / 4)
        columns["effort"] = st.integers(1, 16).map(float) | quarters
    if item_kinds:
        columns["kind"] = st.integers(0, len(KINDS) - 1)
    if held:
        columns["held"] = st.just(-1) | st.integers(0, 99)
        columns["started"] = st.booleans()
    return columns


@st.composite
def _needs(draw: st.DrawFn, people: tuple[Assignee, ...], copies: int) -> tuple[Need, ...]:
    """Draw needs, each of which as many people as there are copies of an item can meet."""
    names = st.frozensets(st.sampled_from([person.email for person in people]))
    one = st.tuples(st.integers(0, len(people) - 1), st.frozensets(st.sampled_from(SKILLS)), names)
    needs = []
    for first, skills, excluded in draw(st.lists(one, min_size=1, max_size=4)):
        able = [people[(first + step) % len(people)] for step in range(copies)]
        met = skills.intersection(*(person.skills for person in able))
        needs.append(Need(met, excluded - {person.email for person in able}))
    return tuple(needs)


def _without_empty(problem: Problem) -> Problem:
    """Return the problem without what says nothing in it, and with only that started which may stay."""
    people, started = problem.assignees, problem.started
    if all(need == Need() for need in problem.needs) or not problem.n_items:
        people = tuple(replace(person, skills=frozenset()) for person in people)
        problem = replace(problem, assignees=people, need=None, needs=())
    if problem.effort is not None and len(set(problem.effort.tolist())) < 2:
        problem = replace(problem, effort=None)
    if problem.kinds:
        # The last has no limit, so that the work can be done.
        people = (*people[:-1], replace(people[-1], capacity=None))
        problem = replace(problem, assignees=people)
        if not any(p.factors or p.rate != 1 or p.capacity is not None for p in people):
            problem = replace(problem, kind=None, kinds=())
    if problem.held is not None and started is not None:
        if (problem.held < 0).all():
            return replace(problem, held=None, holders=(), started=None)
        places = enumerate(problem.held.tolist())
        may = np.array([_may_stay(problem, item, place) for item, place in places], dtype=np.bool_)
        problem = replace(problem, started=started & may if (started & may).any() else None)
    return problem


def _may_stay(problem: Problem, item: int, place: int) -> bool:
    """Tell whether the holder at `place` may have an item; what is started stays, so they must."""
    if not 0 <= place < len(problem.assignees):
        return False
    return problem.need is None or problem.needs[problem.need[item]].admits(problem.assignees[place])
