"""Effort: balanced and balanced-eligible beside brute force, and their bounds."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.allocation.problem import Allocation, Assignee, Need, Ordering, Problem
from taskplan.allocation.sizes import whole_sizes
from taskplan.allocation.strategies.balanced import Balanced
from taskplan.allocation.strategies.balanced_eligible import BalancedEligible
from taskplan.allocation.validate import fault
from taskplan.errors import InfeasibleError, InputError
from taskplan.testing import check_coverage

NEEDS = (Need(), Need(frozenset({"a"})), Need(excluded=frozenset({"0@x.io"})))
effort_lists = st.lists(st.integers(0, 9).map(float) | st.floats(1e-6, 50), min_size=0, max_size=7)


@st.composite
def problems(draw: st.DrawFn, needs: bool = False) -> Problem:
    efforts = np.array(draw(effort_lists), dtype=np.float64)
    size = draw(st.integers(1, 3))
    team = [
        Assignee(
            f"{index}@x.io",
            weight=draw(st.none() | st.integers(1, 4).map(float)),
            skills=frozenset({"a"}) if index == size - 1 else frozenset(),
        )
        for index in range(size)
    ]
    if not needs:
        return Problem(len(efforts), tuple(team), effort=efforts)
    largest = 2 if size > 1 else 1
    codes = draw(st.lists(st.integers(0, largest), min_size=len(efforts), max_size=len(efforts)))
    return Problem(
        len(efforts), tuple(team), effort=efforts, need=np.array(codes, dtype=np.int64), needs=NEEDS
    )


def brute(problem: Problem) -> float:
    """Return the least possible largest effort relative to the share."""
    weights = [person.weight or 1.0 for person in problem.assignees]
    assert problem.effort is not None
    total, best = float(problem.effort.sum()), math.inf
    for owners in itertools.product(range(len(weights)), repeat=problem.n_items):
        if problem.need is not None and not all(
            problem.needs[need].admits(problem.assignees[who])
            for need, who in zip(problem.need.tolist(), owners, strict=True)
        ):
            continue
        loads = np.bincount(np.array(owners, dtype=np.int64), problem.effort, len(weights))
        ratios = [load / (total * w / sum(weights)) for load, w in zip(loads, weights, strict=True)]
        best = min(best, max(ratios))
    return best


def recomputed(problem: Problem, found: Allocation) -> float:
    weights = np.array([person.weight or 1.0 for person in problem.assignees])
    assert problem.effort is not None
    loads = [float(problem.effort[found.rows_of(i)].sum()) for i in range(len(weights))]
    assert found.effort == pytest.approx(loads, abs=1e-6)
    total = float(problem.effort.sum())
    return max(load / (total * w / weights.sum()) for load, w in zip(loads, weights, strict=True))


@settings(deadline=None, max_examples=120)
@given(problems())
def test_balanced_lies_between_its_bound_and_twice_the_best(problem: Problem) -> None:
    found = Balanced().allocate(problem)
    check_coverage(problem, found)
    assert problem.effort is not None
    if problem.effort.sum() > 1e-6:
        best, value = brute(problem), recomputed(problem, found)
        assert found.certificate.value == pytest.approx(value, rel=1e-6)
        assert found.certificate.bound <= best * (1 + 1e-6)
        assert best * (1 - 1e-6) <= value <= 2 * best
        if found.certificate.optimal:
            assert value == pytest.approx(best, rel=1e-6)


@settings(deadline=None, max_examples=120)
@given(problems(needs=True))
def test_balanced_within_skills_lies_between_its_bound_and_twice_the_best(problem: Problem) -> None:
    found = BalancedEligible().allocate(problem)
    check_coverage(problem, found)
    assert problem.effort is not None
    assert problem.need is not None
    for index, person in enumerate(problem.assignees):
        assert all(problem.needs[need].admits(person) for need in problem.need[found.rows_of(index)])
    if problem.effort.sum() > 1e-6:
        best, value = brute(problem), recomputed(problem, found)
        assert found.certificate.value == pytest.approx(value, rel=1e-6)
        assert found.certificate.bound <= best * (1 + 1e-6)
        assert best * (1 - 1e-6) <= value <= 2 * best + 1e-9


@settings(deadline=None, max_examples=60)
@given(problems(needs=True), st.data())
def test_limits_are_kept_or_nothing_fits_them(problem: Problem, data: st.DataObject) -> None:
    bounds = [
        (low, low + data.draw(st.integers(0, 4)))
        for low in [data.draw(st.integers(0, 2)) for _ in problem.assignees]
    ]
    team = tuple(
        Assignee(p.email, weight=p.weight, skills=p.skills, minimum=low, maximum=high)
        for p, (low, high) in zip(problem.assignees, bounds, strict=True)
    )
    limited = Problem(problem.n_items, team, effort=problem.effort, need=problem.need, needs=problem.needs)
    fits = any(
        all(low <= owners.count(i) <= high for i, (low, high) in enumerate(bounds))
        for owners in itertools.product(range(len(team)), repeat=problem.n_items)
        if problem.need is not None
        and all(NEEDS[n].admits(team[w]) for n, w in zip(problem.need.tolist(), owners, strict=True))
    )
    try:
        found = BalancedEligible().allocate(limited)
    except InfeasibleError:
        assert not fits
        return
    assert fits
    assert fault(limited, found) is None
    assert all(low <= n <= high for n, (low, high) in zip(found.counts.tolist(), bounds, strict=True))


def test_items_without_effort_are_dealt_in_turn() -> None:
    found = Balanced().allocate(Problem(9, _team(3), effort=np.zeros(9)))
    assert found.counts.tolist() == [3, 3, 3]
    assert found.certificate.value == 0


def test_whole_groups_stay_together() -> None:
    keys = np.array([0, 0, 1, 1, 2, 2])
    problem = Problem(6, _team(2), Ordering("grouped", "scene"), keys, effort=np.array([1, 1, 2, 2, 3, 3.0]))
    found = Balanced().allocate(problem)
    assert found.effort == (6.0, 6.0)
    assert [set(keys[found.rows_of(index)].tolist()) for index in range(2)] == [{2}, {0, 1}]


def test_items_of_one_effort_are_dealt_as_asked() -> None:
    problem = Problem(8, _team(2), Ordering("interleaved"), effort=np.ones(8))
    assert Balanced().allocate(problem).rows_of(0).tolist() == [0, 2, 4, 6]


def test_fixed_counts_are_no_share_of_an_effort() -> None:
    with pytest.raises(InputError, match=r"a@x\.io has a fixed count of items, but the split is by effort"):
        Balanced().allocate(Problem(3, (Assignee("a@x.io", count=1), Assignee("b@x.io"))))


def test_a_large_lognormal_split_is_close_to_its_bound() -> None:
    efforts = np.random.Generator(np.random.PCG64(1)).lognormal(0, 1, 20_000)
    found = Balanced().allocate(Problem(20_000, _team(100), effort=efforts))
    assert found.certificate.ratio < 1.001


@given(st.lists(st.just(0.0) | st.floats(1e-9, 1e9), max_size=8))
def test_sizes_keep_proportions(values: list[float]) -> None:
    efforts = np.array(values, dtype=np.float64)
    whole, scale = whole_sizes(efforts)
    assert whole.dtype == np.int64
    assert np.abs(whole / scale - efforts).max(initial=0.0) <= max(1e-9 * efforts.max(initial=0.0), 1e-12)


def _team(size: int) -> tuple[Assignee, ...]:
    return tuple(Assignee(f"p{index:03d}@x.io") for index in range(size))
