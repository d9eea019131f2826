"""Fewest moves, beside every possible redistribution of a few items."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from taskplan.allocation.problem import Assignee, Problem
from taskplan.allocation.strategies.sticky import Sticky
from taskplan.errors import InfeasibleError, InputError
from taskplan.testing import check_coverage, check_determinism


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    size, items = draw(st.integers(1, 3)), draw(st.integers(0, 6))
    team = tuple(
        Assignee(f"{index}@x.io", weight=draw(st.none() | st.integers(1, 3).map(float)))
        for index in range(size)
    )
    if draw(st.booleans()):
        # Somebody's count is fixed, the others share the rest.
        team = (Assignee("0@x.io", count=draw(st.integers(0, items))), *team[1:])
    leavers = draw(st.integers(0, 1))
    held = np.array(
        draw(st.lists(st.integers(-1, size + leavers - 1), min_size=items, max_size=items)), dtype=np.int64
    )
    begun = np.array(draw(st.lists(st.booleans(), min_size=items, max_size=items)), dtype=np.bool_)
    return Problem(
        items,
        team,
        held=held,
        holders=tuple(f"{index}@x.io" for index in range(size + leavers)),
        started=begun & (held >= 0) & (held < size),
    )


@settings(deadline=None, max_examples=150)
@given(problems())
def test_the_most_even_split_is_reached_with_the_fewest_moves(problem: Problem) -> None:
    try:
        found = Sticky().allocate(problem)
    except InfeasibleError:
        count = problem.assignees[0].count
        assert count is not None
        assert len(problem.assignees) == 1 or not _fits(problem, count)
        return
    check_coverage(problem, found)
    owner = np.empty(problem.n_items, dtype=np.int64)
    owner[found.order] = np.repeat(np.arange(len(found.counts)), found.counts)
    assert _score(problem, owner) == min(
        _score(problem, np.array(owners, dtype=np.int64))
        for owners in itertools.product(range(len(problem.assignees)), repeat=problem.n_items)
        if _stay(problem, np.array(owners, dtype=np.int64))
    )
    assert _stay(problem, owner)
    assert found.certificate.value == _score(problem, owner)[1]
    assert found.certificate.optimal


def _fits(problem: Problem, count: int) -> bool:
    assert problem.held is not None
    assert problem.started is not None
    return (
        int((problem.started & (problem.held == 0)).sum())
        <= count
        <= problem.n_items - int((problem.started & (problem.held > 0)).sum())
    )


def _stay(problem: Problem, owner: np.ndarray) -> bool:
    assert problem.held is not None
    assert problem.started is not None
    count = problem.assignees[0].count
    fixed = count is None or int((owner == 0).sum()) == count
    return fixed and bool((owner == problem.held)[problem.started].all())


def _score(problem: Problem, owner: np.ndarray) -> tuple[float, int]:
    assert problem.held is not None
    weights = np.array([person.weight or 1.0 for person in problem.assignees])
    counts = np.bincount(owner, minlength=len(weights))
    moved = int(((owner != problem.held) & (problem.held >= 0)).sum())
    return round(float((counts * (counts + 1) / (2 * weights)).sum()), 9), moved


@settings(deadline=None, max_examples=40)
@given(problems())
def test_the_same_problem_has_the_same_answer(problem: Problem) -> None:
    assume(problem.assignees[0].count is None)
    check_determinism(Sticky(), problem)


def test_somebody_joins() -> None:
    problem = Problem(9, _team("a", "b", "c"), held=np.array([0] * 5 + [1] * 4), holders=("a@x.io", "b@x.io"))
    found = Sticky().allocate(problem)
    assert found.counts.tolist() == [3, 3, 3]
    assert found.certificate.value == 3
    assert found.rows_of(0).tolist() == [0, 1, 2]


def test_started_items_stay_even_where_that_is_uneven() -> None:
    started = np.array([True] * 5 + [False] * 4)
    problem = Problem(
        9, _team("a", "b", "c"), held=np.zeros(9, dtype=np.int64), holders=("a@x.io",), started=started
    )
    assert Sticky().allocate(problem).counts.tolist() == [5, 2, 2]


def test_a_started_item_of_somebody_who_left_is_refused() -> None:
    problem = Problem(1, _team("a"), held=np.array([0]), holders=("z@x.io",), started=np.array([True]))
    with pytest.raises(InputError, match="a started item stays with whoever has it"):
        Sticky().allocate(problem)


def test_started_items_above_a_maximum_are_refused() -> None:
    team = (Assignee("a@x.io", maximum=1), Assignee("b@x.io"))
    problem = Problem(
        3, team, held=np.array([0, 0, 1]), holders=("a@x.io", "b@x.io"), started=np.array([True, True, False])
    )
    with pytest.raises(InfeasibleError, match=r"a@x\.io has started 2 items, above the 1 asked for"):
        Sticky().allocate(problem)


def test_maxima_without_room_for_all_are_refused() -> None:
    team = (Assignee("a@x.io", maximum=1), Assignee("b@x.io", maximum=1))
    with pytest.raises(InfeasibleError, match="maxima add up to 2, but there are 3 items to give"):
        Sticky().allocate(Problem(3, team))


def _team(*names: str) -> tuple[Assignee, ...]:
    return tuple(Assignee(f"{name}@x.io") for name in names)
