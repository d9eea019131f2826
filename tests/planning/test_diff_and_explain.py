"""Comparing plans by people and items, against sets; and the answers of explain."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.errors import NotFoundError
from taskplan.planning.diff import diff
from taskplan.planning.document import Plan
from taskplan.planning.explain import explain_assignee, explain_item
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from tests.planning import support

TABLE = support.generated(60)
PEOPLE = ["ann@x.y", "ben@x.y", "cat@x.y", "dan@x.y"]
plans = st.builds(
    lambda people, folder, order, seed: make_plan(
        spec_from(support.one_task(assignees=people, filter={"dir": folder}, order=order)), TABLE, seed=seed
    ),
    st.lists(st.sampled_from(PEOPLE), min_size=1, unique=True),
    st.sampled_from(["/train", "/test", "/t*"]),
    st.sampled_from(["as-listed", "shuffled"]),
    st.integers(0, 2),
)


def holders(plan: Plan) -> dict[str, str]:
    return {
        item: who for op in plan.operations for who, ids in op.items_by_assignee().items() for item in ids
    }


@settings(max_examples=60)
@given(old=plans, new=plans)
def test_a_diff_counts_what_sets_count(old: Plan, new: Plan) -> None:
    before, after = holders(old), holders(new)
    result = diff(old, new)
    added, removed = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    moved = sum(before[item] != after[item] for item in before.keys() & after.keys())
    if result.is_empty:
        assert before == after
        return
    (task,) = result.tasks
    assert (task.added, task.removed, sum(move.items for move in task.moves)) == (added, removed, moved)
    for person in task.people:
        assert person.before == sum(who == person.assignee for who in before.values())
        assert person.after == sum(who == person.assignee for who in after.values())


def test_a_plan_does_not_differ_from_itself() -> None:
    plan = make_plan(spec_from(support.one_task()), TABLE)
    assert diff(plan, plan).is_empty
    assert diff(plan, plan).lines() == []


def test_a_diff_reads_well() -> None:
    old = make_plan(spec_from(support.one_task(limit=10)), TABLE)
    new = make_plan(spec_from(support.one_task(limit=12, priority="high", name="t")), TABLE)
    assert diff(old, new).lines() == [
        "~ t: 2 items added, 1 item moved",
        "    priority: medium → high",
        "    ann@example.com: 5 → 6",
        "    ben@example.com: 5 → 6",
        "    ben@example.com → ann@example.com: 1 item",
    ]
    other = make_plan(spec_from(support.one_task(limit=3, name="u")), TABLE)
    assert diff(old, other).lines() == [
        "+ u: 3 items added",
        "    ann@example.com: 0 → 2",
        "    ben@example.com: 0 → 1",
        "- t: 10 items removed",
        "    ann@example.com: 5 → 0",
        "    ben@example.com: 5 → 0",
    ]


def test_an_item_is_explained() -> None:
    plan = make_plan(spec_from(support.one_task(filter={"dir": "/train"})), TABLE)
    assert explain_item(plan, TABLE, "/train/apple_3.jpg").lines() == [
        "/train/apple_3.jpg (000000000000000000000003)",
        "  t: ann@example.com; number 4 of their 26; equal, dealt in blocks, as listed",
    ]
    assert explain_item(plan, TABLE, "/test/banana_4.jpg").lines() == [
        "/test/banana_4.jpg (000000000000000000000004)",
        '  t: nobody; dropped by {"dir":"/train"}',
    ]
    assert explain_item(plan, None, "000000000000000000000003").tasks[0].assignee == "ann@example.com"


def test_what_is_not_there_is_named() -> None:
    plan = make_plan(spec_from(support.one_task()), TABLE)
    with pytest.raises(NotFoundError) as caught:
        explain_item(plan, TABLE, "/train/apple_3.jp")
    assert str(caught.value) == 'fruit has no item "/train/apple_3.jp"; did you mean "/train/apple_3.jpg"?'
    with pytest.raises(NotFoundError) as caught:
        explain_assignee(plan, "anne@example.com")
    assert str(caught.value) == (
        'anne@example.com gets nothing in this plan; did you mean "ann@example.com"?'
    )


def test_a_person_is_explained() -> None:
    plan = make_plan(spec_from(support.one_task()), TABLE)
    assert explain_assignee(plan, "Ann@example.com").lines() == [
        "ann@example.com: 33 items in 1 task",
        "  t: 33 of 65; equal, dealt in blocks, as listed",
    ]


def test_dates_and_additions_in_a_diff_are_said_in_words() -> None:
    old = make_plan(spec_from(support.one_task(due="2029-01-01")), TABLE)
    new = make_plan(spec_from(support.one_task(due="2029-02-01T12:00")), TABLE)
    assert diff(old, new).lines() == ["~ t", "    due: 2029-01-01 → 2029-02-01 12:00 UTC"]
    spec = spec_from(support.one_task(name=None, add_to="label-train", filter={"dir": "/test"}, limit=3))
    addition = make_plan(spec, TABLE, resolver=support.Existing())
    assert "- additions to label-train: 3 items removed" in diff(addition, new).lines()


@pytest.mark.parametrize(
    ("share", "words"),
    [
        ({"count": 10}, "a fixed count of 10, weighted, "),
        ({"weight": 3}, "weight 3 of 4, weighted, "),
        ({}, "weighted, "),
    ],
)
def test_what_someone_gets_is_explained_by_what_was_asked(share: dict[str, Any], words: str) -> None:
    people = [{"email": "A@x.y", **share}, {"email": "b@x.y", "weight": 1}]
    plan = make_plan(spec_from(support.one_task(assignees=people)), TABLE)
    (task,) = explain_assignee(plan, "a@x.y").tasks
    assert task.why.startswith(words)
