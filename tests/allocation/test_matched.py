"""`matched` beside every possible assignment of a few items."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.allocation.problem import Assignee, Need, Problem
from taskplan.allocation.strategies.matched import Matched
from taskplan.errors import InfeasibleError, InputError
from taskplan.testing import check_coverage

KINDS = ("day", "night")


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    items, size = draw(st.integers(0, 5)), draw(st.integers(1, 3))
    number = st.integers(1, 4).map(float)
    team = tuple(
        Assignee(
            f"{index}@x.io",
            capacity=draw(st.none() | st.integers(0, 14).map(float)),
            factors=draw(st.dictionaries(st.sampled_from([*KINDS, "*"]), number, max_size=2)),
            rate=draw(number),
            skills=frozenset({"a"}) if index == 0 else frozenset(),
        )
        for index in range(size)
    )
    codes = st.lists(st.integers(0, 1), min_size=items, max_size=items)
    return Problem(
        items,
        team,
        effort=np.array(draw(st.lists(number, min_size=items, max_size=items)), dtype=np.float64),
        kind=np.array(draw(codes), dtype=np.int64),
        kinds=KINDS,
        need=np.array(draw(codes), dtype=np.int64),
        needs=(Need(), Need(frozenset({"a"}))),
    )


def use(problem: Problem, item: int, person: int) -> float:
    assert problem.effort is not None
    assert problem.kind is not None
    factors = problem.assignees[person].factors
    kind = KINDS[int(problem.kind[item])]
    return float(problem.effort[item]) * factors.get(kind, factors.get("*", 1.0))


def cost(problem: Problem, owners: tuple[int, ...]) -> float:
    assert problem.need is not None
    loads = [0.0] * len(problem.assignees)
    for item, who in enumerate(owners):
        if not problem.needs[int(problem.need[item])].admits(problem.assignees[who]):
            return math.inf
        loads[who] += use(problem, item, who)
    people = list(zip(loads, problem.assignees, strict=True))
    if any(person.capacity is not None and load > person.capacity + 1e-9 for load, person in people):
        return math.inf
    return sum(load * person.rate for load, person in people)


@settings(deadline=None, max_examples=80)
@given(problems())
def test_the_cost_lies_between_the_bound_and_what_is_best(problem: Problem) -> None:
    every = itertools.product(range(len(problem.assignees)), repeat=problem.n_items)
    best = min(cost(problem, owners) for owners in every)
    try:
        found = Matched().allocate(problem)
    except InfeasibleError:
        assert best == math.inf
        return
    check_coverage(problem, found)
    owner = np.empty(problem.n_items, dtype=np.int64)
    owner[found.order] = np.repeat(np.arange(len(found.counts)), found.counts)
    assert found.certificate.value == pytest.approx(cost(problem, tuple(owner.tolist())))
    assert found.certificate.bound <= best + 1e-9
    assert found.certificate.value == pytest.approx(best)


def test_too_little_capacity_is_said_in_numbers() -> None:
    problem = Problem(10, (Assignee("a@x.io", capacity=4), Assignee("b@x.io", capacity=5)))
    with pytest.raises(InfeasibleError, match=r"the items take at least 10, but .* have room for 9"):
        Matched().allocate(problem)


@pytest.mark.parametrize(
    ("person", "message"),
    [
        (Assignee("a@x.io", factors={"night": 0.0}), "expected a factor > 0 for a@x.io and night, got 0"),
        (Assignee("a@x.io", rate=-1), "expected a rate ≥ 0 for a@x.io, got -1"),
        (Assignee("a@x.io", capacity=-1), "expected a capacity ≥ 0 for a@x.io, got -1"),
        (Assignee("a@x.io", weight=2), 'strategy "matched" takes no shares, but a@x.io has weight 2'),
    ],
)
def test_numbers_that_make_no_sense(person: Assignee, message: str) -> None:
    with pytest.raises(InputError) as caught:
        Matched().allocate(Problem(1, (person,)))
    assert caught.value.message == message


def test_an_odd_number_of_rounds_is_refused() -> None:
    with pytest.raises(InputError, match="expected a number of rounds ≥ 0, got -1"):
        Matched(rounds=-1)
