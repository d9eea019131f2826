"""The properties for users find what they are for: each is shown an answer that breaks it."""

from __future__ import annotations

import builtins
import importlib
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import find

from taskplan.allocation.problem import Allocation, Assignee, Problem
from taskplan.allocation.strategies.equal import Equal
from taskplan.errors import MissingExtraError
from taskplan.testing import (
    check_balance,
    check_coverage,
    check_determinism,
    check_quota,
    check_renaming,
)
from taskplan.testing.strategies import problems

PROBLEM = Problem(5, (Assignee("a@x.io"), Assignee("b@x.io")))


def answer(counts: list[int], order: list[int]) -> Allocation:
    right = Equal().allocate(PROBLEM)
    return replace(right, counts=np.array(counts, dtype=np.int64), order=np.array(order, dtype=np.int64))


@pytest.mark.parametrize(
    ("counts", "order", "message"),
    [
        ([3, 1], [0, 1, 2, 3, 4], "the counts add up to 4, not to 5 items"),
        ([6, -1], [0, 1, 2, 3, 4], "b@x.io gets -1 items"),
        ([5], [0, 1, 2, 3, 4], "2 people, but 1 counts"),
        ([3, 2], [0, 1, 2, 3], "5 items, but 4 positions"),
        ([3, 2], [0, 1, 2, 3, 7], "position [7] is outside 0..4"),
        ([3, 2], [0, 1, 2, 2, 3], "item [2] is given to [2] people"),
        ([3, 2], [1, 0, 2, 3, 4], "the items of a@x.io are not ascending"),
    ],
)
def test_coverage_finds(counts: list[int], order: list[int], message: str) -> None:
    with pytest.raises(AssertionError) as caught:
        check_coverage(PROBLEM, answer(counts, order))
    assert str(caught.value).partition("\n")[0] == message


def test_coverage_finds_other_people_and_types() -> None:
    right = Equal().allocate(PROBLEM)
    check_coverage(PROBLEM, right)
    with pytest.raises(AssertionError, match=r"the assignees changed from a@x.io, b@x.io to b@x.io, a@x.io"):
        check_coverage(PROBLEM, replace(right, assignees=("b@x.io", "a@x.io")))
    with pytest.raises(AssertionError, match="the order is int32, not int64"):
        check_coverage(PROBLEM, replace(right, order=right.order.astype(np.int32)))  # type: ignore[arg-type]


def test_balance_and_quota_find() -> None:
    lopsided = answer([4, 1], [0, 1, 2, 3, 4])
    with pytest.raises(AssertionError, match="get from 1 to 4 items"):
        check_balance(PROBLEM, lopsided)
    with pytest.raises(AssertionError, match=r"a@x.io gets 4 items for a share of 2.5"):
        check_quota(PROBLEM, lopsided)


class ByName:
    """A strategy that gives everything to the first by name: blind to the place in the list."""

    name = "by-name"

    def allocate(self, problem: Problem) -> Allocation:
        counts = np.zeros(len(problem.assignees), dtype=np.int64)
        emails = tuple(person.email for person in problem.assignees)
        counts[emails.index(min(emails))] = problem.n_items
        right = Equal().allocate(problem)
        return replace(right, counts=counts)


class Moody:
    """A strategy with a memory."""

    name = "moody"

    def __init__(self) -> None:
        self.calls = 0

    def allocate(self, problem: Problem) -> Allocation:
        self.calls += 1
        right = Equal().allocate(problem)
        return replace(right, counts=np.roll(right.counts, self.calls))


def test_renaming_and_determinism_find() -> None:
    with pytest.raises(AssertionError, match=r"other names change the counts from \[5, 0\] to \[0, 5\]"):
        check_renaming(ByName(), PROBLEM)
    with pytest.raises(AssertionError, match=r"the counts were \[2, 3\] and then \[3, 2\]"):
        check_determinism(Moody(), PROBLEM)


def test_problems_shrink_to_the_smallest() -> None:
    smallest: Any = find(problems(), lambda problem: problem.n_items >= 3 and len(problem.assignees) >= 2)
    assert smallest == Problem(3, (Assignee("a@example.com"), Assignee("b@example.com")))


def test_without_hypothesis_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "hypothesis":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, "taskplan.testing.strategies")
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError) as caught:
        importlib.import_module("taskplan.testing.strategies")
    assert str(caught.value) == (
        'taskplan.testing.strategies needs the extra "testing": pip install "taskplan[testing]"'
    )
