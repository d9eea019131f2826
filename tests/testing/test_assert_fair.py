"""`assert_fair` and `search`: what they take and say, and what they do with strategies that misbehave."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from taskplan.allocation.problem import Allocation, Assignee, Need, Ordering, Problem
from taskplan.allocation.strategies.equal import Equal
from taskplan.allocation.strategies.weighted import Weighted
from taskplan.errors import InfeasibleError, InputError, NotFoundError
from taskplan.testing import assert_fair, patience, search
from taskplan.testing.answers import as_strategy
from taskplan.testing.showing import literal, problem_table
from taskplan.testing.strategies import problems

ANN, BEN = Assignee("ann@example.com"), Assignee("ben@example.com")


def in_turn(problem: Problem) -> list[str]:
    return [problem.assignees[i % len(problem.assignees)].email for i in range(problem.n_items)]


def all_to_first(problem: Problem) -> list[int]:
    return [0] * problem.n_items


def test_it_takes_a_strategy_a_class_a_name_and_a_function() -> None:
    for fair in (Equal(), Equal, "equal", "taskplan.allocation.strategies.equal:Equal"):
        assert_fair(fair, properties=["balance", "coverage"], max_examples=20)
    assert_fair(in_turn, properties=["coverage", "determinism"], max_examples=20)


@pytest.mark.parametrize(
    "split",
    [
        lambda problem: np.zeros(problem.n_items, dtype=np.int64),
        lambda problem: (problem.assignees[-1].email.upper() for _ in range(problem.n_items)),
        lambda problem: {problem.assignees[0].email: problem.n_items},
        lambda problem: Equal().allocate(
            Problem(problem.n_items, tuple(Assignee(p.email) for p in problem.assignees))
        ),
    ],
    ids=["indexes", "e-mails", "counts", "allocation"],
)
def test_a_function_may_answer_in_several_ways(split: Callable[[Problem], Any]) -> None:
    assert search(split, properties=["coverage"], max_examples=20).findings[0].status == "holds"


@pytest.mark.parametrize(
    ("split", "said"),
    [
        (lambda problem: [0] * (problem.n_items + 1), "it names 1 owners for 0 items"),
        (lambda problem: None, "it returned NoneType, expected an Allocation"),
        (lambda problem: 1 // 0, "it raised ZeroDivisionError"),
        (lambda problem: ["x@y.z"] * problem.n_items, "it names x@y.z, who is not among the people"),
        (lambda problem: [9] * problem.n_items, "it names 9 as an owner, expected an e-mail or an index"),
        (lambda problem: [None] * problem.n_items, "the counts add up to 0, not to 1 item"),
        (
            lambda problem: {problem.assignees[0].email: problem.n_items + 1},
            "it names items that are not among the 0",
        ),
        (
            lambda problem: {problem.assignees[0].email: 0.5},
            "it gives ann@example.com 0.5 items, expected a whole number",
        ),
    ],
)
def test_what_is_no_allocation_fails_coverage_and_nothing_else(
    split: Callable[[Problem], Any], said: str
) -> None:
    report = search(split, properties=["coverage", "balance", "determinism"], max_examples=20)
    failed = report.findings[0]
    assert failed.status == "fails"
    assert str(failed.sentence).startswith(said)
    assert "fails" not in [finding.status for finding in report.findings[1:]] or said.startswith("the counts")


def test_a_failure_names_the_property_and_shows_the_smallest_problem_and_how_to_run_it_again() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_fair(all_to_first)
    text = str(caught.value)
    assert text.splitlines() == [
        "all_to_first fails balance: people with the same share get from 0 to 2 items "
        "(b@example.com and a@example.com)",
        "  balance: People who ask for the same share, and may have the same items, get counts at most one "
        "apart.",
        "  source: balanced (or symmetric) methods: Balinski and Young, Fair Representation (2001).",
        "  2 items, as-listed",
        "  person         items  which",
        "  a@example.com      2  0 1",
        "  b@example.com      0  none",
        '  again: assert_fair(…, properties=["balance"], problems=[Problem(2, '
        "(Assignee('a@example.com'), Assignee('b@example.com')))])",
    ]
    again = [Problem(2, (Assignee("a@example.com"), Assignee("b@example.com")))]
    with pytest.raises(AssertionError, match="all_to_first fails balance"):
        assert_fair(all_to_first, properties=["balance"], problems=again)


def test_the_search_is_the_same_each_time() -> None:
    first, second = (search(Weighted("adams"), properties=["quota"]) for _ in range(2))
    assert first.findings == second.findings
    assert first.findings[0].status == "fails"


def test_problems_may_be_a_hypothesis_strategy_or_a_list() -> None:
    assert_fair(all_to_first, properties=["balance"], problems=problems(max_assignees=1), max_examples=20)
    assert_fair(all_to_first, properties=["balance"], problems=[Problem(1, (ANN, BEN))])
    with pytest.raises(AssertionError, match="from 0 to 3 items"):
        assert_fair(all_to_first, properties=["balance"], problems=iter([Problem(3, (ANN, BEN))]))


class TakesNothing:
    name = "takes-nothing"

    def allocate(self, problem: Problem) -> Allocation:
        raise InputError("not this one")


class NeverCan:
    name = "never-can"

    def allocate(self, problem: Problem) -> Allocation:
        raise InfeasibleError("it cannot be")


def test_a_strategy_that_takes_nothing_does_not_hold() -> None:
    with pytest.raises(AssertionError, match="coverage was never applied to takes-nothing: not this one"):
        assert_fair(TakesNothing)
    with pytest.raises(AssertionError, match="never applied to never-can: it cannot be"):
        assert_fair(NeverCan, max_examples=5)
    report = search(TakesNothing)
    assert report.never_applied
    assert {finding.status for finding in report.findings} == {"not taken"}


def test_a_property_asked_for_by_name_has_to_apply() -> None:
    with pytest.raises(
        AssertionError, match="eligibility was never applied to in_turn: in_turn does not say"
    ):
        assert_fair(in_turn, properties=["eligibility"])
    with pytest.raises(NotFoundError, match=r'quta.*did you mean "quota"'):
        assert_fair(in_turn, properties=["quta"])


def test_a_function_is_given_what_it_says_that_it_takes() -> None:
    def able(problem: Problem) -> list[str | None]:
        if problem.need is None:
            return [problem.assignees[0].email] * problem.n_items
        needs = [problem.needs[code] for code in problem.need]
        return [next(p.email for p in problem.assignees if need.admits(p)) for need in needs]

    able.takes = ("needs",)  # type: ignore[attr-defined]
    assert_fair(able, properties=["eligibility", "qa-separation", "coverage"], max_examples=40)
    able.takes = ("need",)  # type: ignore[attr-defined]
    with pytest.raises(InputError, match=r'says that it takes "need".*did you mean "needs"'):
        as_strategy(able)


class Chance:
    """Who gets what depends on the system's own random numbers, which nobody can repeat."""

    name = "chance"

    def allocate(self, problem: Problem) -> Allocation:
        right = Equal().allocate(problem)
        order = np.random.default_rng().permutation(len(right.order))
        return Allocation(right.assignees, right.counts, order.astype(np.int64), right.certificate)


def test_chance_is_found_out() -> None:
    report = search(Chance, properties=["determinism", "coverage"], max_examples=50)
    assert [finding.status for finding in report.findings] == ["fails", "fails"]


def test_a_strategy_that_never_answers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("checking", "probing"):
        monkeypatch.setattr(f"taskplan.testing.{module}.SECONDS", 0.05)

    def endless(problem: Problem) -> list[int]:
        while problem.n_items:
            time.sleep(0.01)
        return []

    began = time.perf_counter()
    report = search(endless, properties=["coverage", "balance"], max_examples=50)
    assert time.perf_counter() - began < 20
    assert [finding.status for finding in report.findings] == ["fails", "not taken"]
    assert report.findings[0].sentence == "it did not answer within 0.05 s"
    assert patience.SECONDS == 5


@pytest.mark.parametrize(
    "problem",
    [
        Problem(2, (ANN, BEN)),
        Problem(3, (Assignee("a@x.io", weight=1.5), BEN), Ordering("shuffled"), seed=4),
        Problem(
            2,
            (Assignee("a@x.io", skills=frozenset({"b", "a"}), minimum=1, factors={"k": 2.0}), BEN),
            Ordering("grouped", "metadata.user.scene"),
            keys=np.array([0, 1], dtype=np.uint8),
            effort=np.array([1.0, 2.5]),
            need=np.array([0, 1], dtype=np.int64),
            needs=(Need(), Need(frozenset({"a"}), frozenset({"ben@example.com"}))),
            kind=np.array([0, 0], dtype=np.int64),
            kinds=("k",),
            overlap=2,
            held=np.array([-1, 0], dtype=np.int64),
            holders=("a@x.io",),
            started=np.array([False, True]),
        ),
    ],
)
def test_the_code_of_a_problem_makes_it_again(problem: Problem) -> None:
    names = {"np": np, "Problem": Problem, "Assignee": Assignee, "Need": Need, "Ordering": Ordering}
    again = eval(literal(problem), names)
    for field in Problem.__slots__:
        one, other = getattr(problem, field), getattr(again, field)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype
            assert one.tolist() == other.tolist()
        else:
            assert one == other
    assert literal(again) == literal(problem)


def test_the_table_of_a_problem_shows_what_its_items_need() -> None:
    problem = Problem(
        2,
        (Assignee("a@x.io", skills=frozenset({"lidar"}), minimum=1), Assignee("b@x.io", maximum=1)),
        need=np.array([1, 0]),
        needs=(Need(), Need(frozenset({"lidar"}), frozenset({"b@x.io"}))),
        held=np.array([0, -1]),
        holders=("a@x.io",),
        started=np.array([True, False]),
    )
    assert problem_table(problem, None) == [
        "2 items, as-listed",
        "person  bounds     skills",
        "a@x.io  1 or more  lidar",
        "b@x.io  0 to 1",
        "item  needs              held by",
        "   0  lidar, not b@x.io  a@x.io   started",
        "   1  nothing",
    ]
    many = Problem(0, tuple(Assignee(f"{n}@x.io") for n in range(40)))
    assert problem_table(many, None)[-1] == "and 28 more"


def test_importing_the_kit_imports_no_hypothesis() -> None:
    code = (
        "import sys, taskplan.testing as kit; kit.search('equal', problems=[]);"
        "print([n for n in ('hypothesis', 'pytest', 'click', 'networkx', 'msgspec') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
