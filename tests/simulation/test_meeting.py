"""`plan --meet-due`: never less probably on time than what the spec asks for, and mostly more."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.errors import InputError
from taskplan.planning.document import Plan
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import Spec, spec_from
from taskplan.simulation.meeting import AS_GIVEN, Met, meet_due, with_weights
from taskplan.simulation.workforce_file import workforce_from
from tests.planning.support import generated

ITEMS = generated(60)
START = "2028-01-03T09:00"
SLOW_BEN: dict[str, Any] = {
    "start": START,
    "team": {"minutes": 10, "hours": "always"},
    "people": ["ann@example.com", {"email": "ben@example.com", "minutes": 30}, "cat@example.com"],
}


def met(tasks: list[dict[str, Any]], workforce: dict[str, Any], replications: int = 256) -> Met:
    spec = spec_from({"tasks": tasks})

    def replan(changed: Spec) -> Plan:
        return make_plan(changed, ITEMS)

    return meet_due(
        spec, workforce_from(workforce).resolve(["ann@example.com"]), replan, replications=replications
    )


def task(**fields: Any) -> dict[str, Any]:
    return {"name": "t", "assignees": ["ann@example.com", "ben@example.com"], "due": START, **fields}


def counts(plan: Plan, index: int = 0) -> dict[str, int]:
    return {share.assignee: share.items for share in plan.operations[index].allocation.shares}


def test_the_slow_get_less_so_that_all_are_done_in_time() -> None:
    # 65 items, 10 and 30 minutes each: 49 and 16 take about 8.2 hours, equal parts 16.
    found = met([task(due="2028-01-03T18:30")], SLOW_BEN)
    assert found.tried[AS_GIVEN] == 0
    assert found.on_time == max(found.tried.values()) > 0.75
    assert counts(found.plan)["ann@example.com"] == pytest.approx(49, abs=3)
    assert found.plan.spec["tasks"][0]["assignees"][0]["weight"] == counts(found.plan)["ann@example.com"]


def test_what_is_in_time_anyway_stays_as_it_was_asked_for() -> None:
    found = met([task(due="2029-01-01")], SLOW_BEN)
    assert found.taken == AS_GIVEN
    assert found.on_time == 1
    assert found.plan == make_plan(spec_from({"tasks": [task(due="2029-01-01")]}), ITEMS)


def test_work_of_an_earlier_task_is_taken_into_account() -> None:
    tasks = [
        task(name="first", assignees=["ann@example.com"], filter={"dir": "/test"}, due="2028-01-03T19:00"),
        task(name="second", filter={"dir": "/train"}, assignees=["ann@example.com", "cat@example.com"]),
    ]
    tasks[0]["priority"], tasks[1]["due"] = "high", "2028-01-03T15:00"
    found = met(tasks, SLOW_BEN)
    second = counts(found.plan, 1)
    assert second["ann@example.com"] < second["cat@example.com"]
    assert found.on_time > found.tried[AS_GIVEN]


def test_a_reviewed_task_counts_what_comes_back() -> None:
    careless = {
        **SLOW_BEN,
        "people": ["ann@example.com", {"email": "ben@example.com", "errors": 0.5}, "cat@example.com"],
    }
    tasks = [
        task(due="2028-01-03T16:40"),
        {"name": "q", "type": "qa", "of": "t", "assignees": ["cat@example.com"]},
    ]
    found = met(tasks, careless)
    assert counts(found.plan)["ben@example.com"] < counts(found.plan)["ann@example.com"]


def test_without_a_due_date_there_is_nothing_to_meet() -> None:
    with pytest.raises(InputError, match=r"^spec tasks: no task has a due date; give one: due: 2029-01-31$"):
        met([{"name": "t", "assignees": ["ann@example.com"]}], SLOW_BEN)


def test_tasks_that_are_not_split_by_shares_stay_as_they_are() -> None:
    tasks = [task(due="2028-01-03T18:30", pulling={"batch": 3, "maximum": 5})]
    found = met(tasks, SLOW_BEN)
    assert found.taken == AS_GIVEN
    assert list(found.tried) == [AS_GIVEN]


def test_weights_take_the_place_of_shares_and_leave_the_rest() -> None:
    people = [
        {"email": "Ann@example.com", "percent": 50, "skills": ["x"]},
        {"email": "ben@example.com", "percent": 50},
    ]
    spec = spec_from({"tasks": [{"name": "t", "assignees": people, "strategy": "equal"}]})
    changed = with_weights(spec, {0: {"ann@example.com": 3.0, "ben@example.com": 0.0}})
    assert changed.document["tasks"][0] == {
        "name": "t",
        "assignees": [{"email": "Ann@example.com", "skills": ["x"], "weight": 3.0}],
    }
    assert spec.document["tasks"][0]["assignees"] == people


@settings(max_examples=15)
@given(
    st.lists(st.floats(2, 40), min_size=2, max_size=3),
    st.integers(1, 30),
    st.sampled_from(["lognormal", "exponential", "fixed"]),
)
def test_no_split_that_was_tried_is_better_and_the_same_comes_out_twice(
    minutes: list[float], hours: int, shape: str
) -> None:
    emails = ["ann@example.com", "ben@example.com", "cat@example.com"][: len(minutes)]
    people = [{"email": email, "minutes": value} for email, value in zip(emails, minutes, strict=True)]
    workforce = {"start": START, "team": {"hours": "always", "shape": shape}, "people": people}
    due = f"2028-01-{3 + (9 + hours) // 24:02d}T{(9 + hours) % 24:02d}:00"
    tasks = [task(assignees=emails, due=due)]
    found = met(tasks, workforce, 128)
    assert found.on_time == max(found.tried.values()) == found.tried[found.taken]
    assert found.on_time >= found.tried[AS_GIVEN]
    assert sum(counts(found.plan).values()) == len(ITEMS)
    assert met(tasks, workforce, 128) == found
