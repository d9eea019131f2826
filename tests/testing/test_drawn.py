"""What the hypothesis strategies draw is valid, varied, and shrinks to the smallest that shows something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from taskplan.allocation.exact import decimals
from taskplan.allocation.problem import Need, Problem
from taskplan.allocation.strategies.eligible import Eligible
from taskplan.allocation.validate import fault
from taskplan.dql.evaluate import evaluate
from taskplan.dql.parse import parse
from taskplan.model.memory import MemoryTable
from taskplan.planning.checks import check_plan
from taskplan.planning.codec import dump, load
from taskplan.planning.document import Plan
from taskplan.testing.showing import literal
from taskplan.testing.strategies import items, plans, problems, queries, snapshots, workloads

ALL: dict[str, Any] = dict.fromkeys(("needs", "bounds", "effort", "item_kinds", "held"), True)
A = "Assignee('a@example.com')"


@pytest.mark.parametrize(
    ("switches", "wanted", "smallest"),
    [
        ({}, lambda p: p.n_items > 2, f"Problem(3, ({A},))"),
        (
            {"bounds": True},
            lambda p: any(a.minimum for a in p.assignees),
            "Problem(1, (Assignee('a@example.com', minimum=1),))",
        ),
        (
            {"needs": True},
            lambda p: any(need.skills for need in p.needs),
            "Problem(1, (Assignee('a@example.com', skills=frozenset(['lidar'])),), "
            "need=np.array([0], dtype='int64'), needs=(Need(frozenset(['lidar'])),))",
        ),
        (
            {"effort": True},
            lambda p: p.effort is not None,
            f"Problem(2, ({A},), effort=np.array([1.0, 2.0], dtype='float64'))",
        ),
        (
            {"overlap": True},
            lambda p: p.overlap == 2 and p.n_items > 0,
            f"Problem(1, ({A}, Assignee('b@example.com')), overlap=2)",
        ),
        (
            {"held": True},
            lambda p: p.started is not None,
            f"Problem(1, ({A},), held=np.array([0], dtype='int64'), "
            "holders=('a@example.com', 'left@example.com'), started=np.array([True], dtype='bool'))",
        ),
        (
            {"effort": True, "bounds": True},
            lambda p: p.effort is not None,
            f"Problem(2, ({A},), effort=np.array([1.0, 2.0], dtype='float64'))",
        ),
    ],
)
def test_problems_shrink(switches: dict[str, Any], wanted: Callable[[Problem], bool], smallest: str) -> None:
    assert literal(find(problems(**switches), wanted)) == smallest


@given(problems(**ALL, overlap=True, max_items=10))
@settings(max_examples=60)
def test_problems_fit_together(problem: Problem) -> None:
    size = problem.n_items
    arrays = (problem.keys, problem.effort, problem.need, problem.kind, problem.held, problem.started)
    assert all(array is None or len(array) == size for array in arrays)
    people = problem.assignees
    assert sum(person.minimum or 0 for person in people) <= size
    for need in problem.needs:
        assert sum(need.admits(person) for person in people) >= problem.overlap
    if problem.started is not None:
        assert problem.held is not None
        for item in np.flatnonzero(problem.started):
            holder = people[int(problem.held[item])]
            need = Need() if problem.need is None else problem.needs[int(problem.need[item])]
            assert need.admits(holder)


@pytest.mark.parametrize("switch", ["needs", "bounds"])
def test_problems_with_one_switch_can_be_met(switch: str) -> None:
    switches: dict[str, Any] = {switch: True}

    @given(problems(kinds=["as-listed"], shares=["none", "weight"], max_items=12, **switches))
    @settings(max_examples=40)
    def solved(problem: Problem) -> None:
        assert fault(problem, Eligible().allocate(problem)) is None

    solved()


def test_items_are_export_documents_and_shrink_to_a_bare_file() -> None:
    assert find(items(), lambda item: True) == {
        "_id": "0" * 24,
        "filename": "/a0.jpg",
        "dir": "/",
        "name": "a0.jpg",
        "hidden": False,
        "itemMetadata": {"user": {}, "system": {"refs": [], "mimetype": "image/jpg"}},
        "annotations": [],
    }
    scene = find(items(), lambda item: "scene" in item["itemMetadata"]["user"])
    assert scene["itemMetadata"]["user"] == {"scene": "city"}
    boxed = find(items(), lambda item: item["annotations"])
    assert [box["label"] for box in boxed["annotations"]] == ["car"]


def test_snapshots_shrink_to_few_items() -> None:
    table = find(snapshots(), lambda table: len(table) == 2)
    assert [document["filename"] for document in table.documents()] == ["/a0.jpg", "/a1.jpg"]
    held = find(snapshots(), lambda table: any(d["metadata"]["system"]["refs"] for d in table.documents()))
    assert len(held) == 1


def test_queries_shrink_to_one_clause() -> None:
    assert find(queries(), lambda query: True) == {
        "resource": "items",
        "filter": {"$and": [{"dir": "/"}]},
    }
    bare = queries(joins=False, sorts=False)
    assert set(find(bare, lambda query: True)) == {"resource", "filter"}


@given(st.data())
@settings(max_examples=60)
def test_queries_can_be_asked_of_snapshots(data: st.DataObject) -> None:
    table: MemoryTable = data.draw(snapshots())
    assert len(evaluate(parse(data.draw(queries())), table)) == len(table)


def test_queries_match_some_items_and_not_others() -> None:
    pairs = st.tuples(queries(), snapshots(min_items=2))
    query, table = find(pairs, lambda pair: 0 < evaluate(parse(pair[0]), pair[1]).sum() < len(pair[1]))
    assert len(table) == 2
    assert query["filter"]["$and"]


@given(workloads(min_size=1))
def test_workloads_add_up_to_a_hundred(workload: dict[str, float]) -> None:
    parts, scale = decimals([*workload.values()])
    assert sum(parts) == 100 * scale
    assert min(parts) >= 0


def test_workloads_shrink() -> None:
    assert find(workloads(), lambda workload: True) == {"a@example.com": 100.0}
    assert find(workloads(), lambda workload: min(workload.values()) > 9 and len(workload) == 2) == {
        "a@example.com": 10.0,
        "b@example.com": 90.0,
    }


@given(plans())
@settings(max_examples=60)
def test_plans_are_plans_and_keep_what_they_say(plan: Plan) -> None:
    assert load(dump(plan), "drawn") == plan
    assert [finding.faults for finding in check_plan(plan) if finding.status == "fails"] == []


def test_plans_shrink() -> None:
    plan = find(plans(reviews=False, max_items=3), lambda plan: len(plan.operations) == 1)
    assert plan.snapshot.items == 1
    assert plan.spec == {"seed": 0, "tasks": [{"name": "label", "assignees": ["ann@example.com"]}]}
