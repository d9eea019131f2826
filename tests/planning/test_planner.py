"""What a plan must hold whatever is asked: everything selected, once, the same bytes again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.allocation.problem import Allocation, Problem
from taskplan.allocation.strategies.equal import Equal
from taskplan.dql.match import match
from taskplan.dql.short import query_from
from taskplan.errors import InfeasibleError, SpecError
from taskplan.model.ids import ItemIds
from taskplan.model.memory import MemoryTable
from taskplan.planning.codec import dump
from taskplan.planning.document import Plan
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from tests.planning import support

TABLE = support.generated(120, finished=20)
FILTERS: list[dict[str, Any]] = [
    {},
    {"dir": "/train"},
    {"annotated": False},
    {"metadata.system.refs": []},
    {"metadata.user.scene": ["a", "b"], "metadata.system.width": {"gt": 1000}},
    {"filename": "/test", "sort": {"name": "descending"}},
]
ORDERS: list[Any] = [
    "as-listed",
    "interleaved",
    "shuffled",
    {"stratified": "metadata.user.scene"},
    {"grouped": "metadata.user.scene"},
    {"stratified": "metadata.system.width"},
    {"grouped": "metadata.system.width"},
]
shares = st.one_of(
    st.just([{"email": f"p{i}@x.y"} for i in range(3)]),
    st.lists(st.floats(0.1, 9, allow_nan=False), min_size=1, max_size=5).map(
        lambda weights: [{"email": f"p{i}@x.y", "weight": w} for i, w in enumerate(weights)]
    ),
    st.just([{"email": "a@x.y", "percent": 33.3}, {"email": "b@x.y", "percent": 66.7}]),
    st.just([{"email": "a@x.y", "count": 5}, {"email": "b@x.y"}]),
)


@settings(max_examples=60)
@given(
    asked=st.sampled_from(FILTERS),
    order=st.sampled_from(ORDERS),
    people=shares,
    limit=st.one_of(st.none(), st.integers(10, 60)),
    split=st.one_of(st.none(), st.integers(7, 50)),
    seed=st.integers(0, 3),
)
def test_a_plan_covers_its_selection_exactly_once(
    asked: dict[str, Any], order: Any, people: list[Any], limit: int | None, split: int | None, seed: int
) -> None:
    fields = {"filter": asked, "order": order, "assignees": people, "limit": limit, "split_above": split}
    spec = spec_from(support.one_task(**{k: v for k, v in fields.items() if v is not None}))
    try:
        plan = make_plan(spec, TABLE, seed=seed)
    except InfeasibleError:
        assert any("count" in person for person in people)
        return
    planned = [item for op in plan.operations for ids in op.items_by_assignee().values() for item in ids]
    query = query_from(asked)
    selected = [doc["id"] for doc in TABLE.documents() if match(query, doc)]
    wanted = len(selected) if limit is None else min(limit, len(selected))
    assert len(planned) == len(set(planned)) == wanted
    assert set(planned) <= set(selected)
    assert all(split is None or op.allocation.items.count <= split for op in plan.operations)
    assert dump(make_plan(spec, TABLE, seed=seed)) == dump(plan)


def people_of(plan: Plan, operation: int = 0) -> dict[str, int]:
    return {share.assignee: share.items for share in plan.operations[operation].allocation.shares}


def test_shares_are_what_the_spec_says() -> None:
    table = support.generated(95)  # with the five named ones: 100 items
    weights = [{"email": "a@x.y", "weight": 3}, {"email": "B@x.y", "weight": 1}]
    assert people_of(make_plan(spec_from(support.one_task(assignees=weights)), table)) == {
        "a@x.y": 75,
        "b@x.y": 25,
    }
    percents = [{"email": "a@x.y", "percent": 10}, {"email": "b@x.y", "percent": 90}]
    plan = make_plan(spec_from(support.one_task(assignees=percents)), table)
    assert people_of(plan) == {"a@x.y": 10, "b@x.y": 90}
    assert plan.operations[0].task is not None
    assert plan.operations[0].task.workload == {"a@x.y": 10.0, "b@x.y": 90.0}


def test_the_platform_fields_are_worded_as_it_has_them() -> None:
    spec = spec_from(
        support.one_task(
            due="2029-01-01T01:00+01:00",
            priority="high",
            owner="Lead@Example.com",
            recipe="r1",
            statuses=["completed", {"action": "help", "label": "Help me", "color": "#ff0000"}],
            metadata={"ticket": "LAB-7"},
        )
    )
    task = make_plan(spec, TABLE).operations[0].task
    assert task is not None
    assert (task.due, task.priority, task.owner, task.recipe) == (
        1861920000000.0,
        3,
        "lead@example.com",
        "r1",
    )
    assert task.metadata == {"ticket": "LAB-7"}
    assert task.actions == (
        {"action": "completed", "displayName": "completed", "color": "#3452ff"},
        {"action": "help", "displayName": "Help me", "color": "#ff0000"},
    )


def test_a_review_takes_the_planned_items_of_each_part() -> None:
    spec = spec_from(
        {
            "tasks": [
                {"name": "check", "type": "qa", "of": "label", "assignees": ["q@x.y"]},
                {"name": "label", "assignees": ["a@x.y"], "split_above": 50},
            ]
        }
    )
    plan = make_plan(spec, TABLE)
    assert [op.id for op in plan.operations] == [
        "create:check (1/3)",
        "create:check (2/3)",
        "create:check (3/3)",
        "create:label (1/3)",
        "create:label (2/3)",
        "create:label (3/3)",
    ]
    for review, label in zip(plan.operations[:3], plan.operations[3:], strict=True):
        assert review.depends_on == (label.id,)
        assert review.task is not None
        assert review.task.parent == label.id
        assert set(review.items_by_assignee()["q@x.y"]) == set(label.items_by_assignee()["a@x.y"])
    assert plan.warnings == ("check: reviews the planned items of label; none of them is finished yet",)


def test_items_that_the_task_has_are_not_added_again() -> None:
    held = TABLE.ids[:10]
    spec = spec_from({"tasks": [{"add_to": "label-train", "assignees": ["a@x.y"]}]})
    plan = make_plan(spec, TABLE, resolver=support.Existing(ItemIds.of(held)))
    assert plan.operations[0].allocation.items.count == len(TABLE) - 10
    assert plan.operations[0].target == support.EXISTING
    assert plan.warnings == ("label-train: 10 items are in the task already, left out",)


WARNINGS: list[tuple[dict[str, Any], str]] = [
    ({"filter": {"dir": "/none"}}, "t: the selection matches nothing; no task is planned"),
    (
        {"filter": {"metadata.user.scne": {"ne": "a"}}},
        't: no item has "metadata.user.scne"; did you mean "metadata.user.scene"?',
    ),
    ({"limit": 7}, "t: the limit keeps 7 of 125 items"),
    ({"limit": 1}, "t: only 1 item for 2 people"),
    ({"filter": {"page_size": 7}}, "t: the page of the filter plays no part in a task; limit does"),
    (
        {"order": {"grouped": "metadata.user.scen"}},
        't: no item of it has "metadata.user.scen", by which it is ordered; '
        'did you mean "metadata.user.scene"?',
    ),
    (
        {"filter": {"name": {"ne": "o'neil"}}},
        "t: the filter holds an apostrophe, which the platform's SDK turns into a quotation mark; "
        "only a replay by item ids keeps its meaning",
    ),
    ({"assignees": ["zoe@x.y"]}, "t: zoe@x.y is no member of local"),
    ({"owner": "zoe@x.y"}, "t: the owner zoe@x.y is no member of local"),
]


@pytest.mark.parametrize(("fields", "warning"), WARNINGS)
def test_what_is_likely_a_mistake_is_said(fields: dict[str, Any], warning: str) -> None:
    members = frozenset({"ann@example.com", "ben@example.com"})
    plan = make_plan(spec_from(support.one_task(**fields)), TABLE, resolver=support.Existing(members=members))
    assert warning in plan.warnings


def test_an_item_in_two_tasks_is_said() -> None:
    spec = spec_from(
        {
            "tasks": [
                {"name": "train", "filter": {"dir": "/train"}, "assignees": ["a@x.y"]},
                {"name": "all", "assignees": ["b@x.y"]},
            ]
        }
    )
    assert make_plan(spec, TABLE).warnings == ("all: 99 items are in train as well",)


def test_additions_to_one_task_are_told_apart_and_add_an_item_once() -> None:
    spec = spec_from(
        {
            "tasks": [
                {"add_to": "label-train", "filter": {"dir": "/train"}, "assignees": ["a@x.y"]},
                {"add_to": "label-train", "assignees": ["a@x.y"]},
                {"add_to": "label-train", "filter": {"dir": "/train"}, "assignees": ["a@x.y"]},
            ]
        }
    )
    plan = make_plan(spec, TABLE, resolver=support.Existing())
    keys = [operation.key for operation in plan.operations]
    assert len(set(keys)) == 2
    assert [operation.id for operation in plan.operations] == ["add:label-train", "add:label-train #2"]
    assert sum(operation.allocation.items.count for operation in plan.operations) == len(TABLE)
    assert [operation.title for operation in plan.operations] == ["label-train", "label-train"]
    first = plan.operations[0].allocation.items.count
    assert plan.warnings == (
        f"label-train: {first} items are in the task already, left out",
        "label-train: the selection matches nothing; no items are added",
    )
    again = make_plan(spec, TABLE, resolver=support.Existing())
    assert [operation.key for operation in again.operations] == keys


def test_counts_that_cannot_be_met_are_named() -> None:
    spec = spec_from(support.one_task(assignees=[{"email": "a@x.y", "count": 9999}]))
    with pytest.raises(InfeasibleError) as caught:
        make_plan(spec, TABLE)
    assert str(caught.value) == "spec tasks[0].assignees: fixed counts ask for 9,999 items, but there are 125"


def test_a_spec_in_python_takes_dates_and_filters_of_the_sdk(dl: Any) -> None:
    filters = dl.Filters(field="dir", values="/train")
    due = datetime(2029, 1, 1, tzinfo=UTC)
    made = make_plan(spec_from(support.one_task(filter=filters, due=due)), TABLE)
    said = make_plan(spec_from(support.one_task(filter={"dir": "/train"}, due="2029-01-01")), TABLE)
    assert made.operations[0].task == said.operations[0].task
    assert made.operations[0].allocation == said.operations[0].allocation


class Broken:
    """A strategy of a third party that answers with `change` made to a right answer."""

    name = "broken"

    def __init__(self, change: Any) -> None:
        self.change = change

    def allocate(self, problem: Problem) -> Allocation:
        return self.change(Equal().allocate(problem))


FAULTS = {
    "it answers for x@y.z and was asked for ann@example.com, ben@example.com": lambda right: replace(
        right, assignees=("x@y.z",)
    ),
    "its counts [62, 62] do not add up to 125 items": lambda right: replace(right, counts=np.array([62, 62])),
    "it names items that are not among the 125": lambda right: replace(right, order=right.order + 1),
    "2 items go to nobody or twice, item number 1 first": lambda right: replace(
        right, order=np.maximum(right.order, 1)
    ),
}


@pytest.mark.parametrize(("words", "change"), FAULTS.items())
def test_an_answer_that_is_no_allocation_is_refused(
    words: str, change: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskplan.planning.splitting.load_strategy", lambda name, options: Broken(change))
    with pytest.raises(SpecError) as caught:
        make_plan(spec_from(support.one_task(strategy="broken")), TABLE)
    assert str(caught.value) == f'spec tasks[0].strategy: strategy "broken" is at fault: {words}'


def review(**fields: Any) -> dict[str, Any]:
    return {
        "tasks": [
            {"name": "t", "filter": {"dir": "/train"}, "assignees": ["a@x.y"], "split_above": 50},
            {"name": "q", "type": "qa", "of": "t", "assignees": ["b@x.y"], **fields},
        ]
    }


def test_a_review_may_list_its_items() -> None:
    plan = make_plan(
        spec_from(review(items={"filenames": ["/train/apple_11.jpg", "/train/apple_1.jpg"]})), TABLE
    )
    qa = [operation for operation in plan.operations if operation.depends_on]
    assert [o.allocation.items.unpack().tolist() for o in qa] == [
        [f"f{2:023x}", f"f{0:023x}"],
    ]
    with pytest.raises(SpecError) as caught:
        make_plan(spec_from(review(items={"filenames": ["/train/apple_1.jpg", "/test/apple_77.jpg"]})), TABLE)
    assert str(caught.value) == (
        "spec tasks[1].items.filenames[1]: /test/apple_77.jpg is not among the items of t"
    )


def test_a_review_of_an_existing_task_with_a_list_keeps_its_parent() -> None:
    listed = {"filenames": ["/train/apple_1.jpg"]}
    spec = spec_from(support.one_task(type="qa", of="label-train", items=listed))
    operation = make_plan(spec, TABLE, resolver=support.Existing()).operations[0]
    assert operation.task is not None
    assert (operation.task.parent, operation.about) == (support.EXISTING, "label-train")


def test_a_filename_that_two_items_have_needs_an_id() -> None:
    documents = [{"id": f"{n:024x}", "filename": "/same.jpg"} for n in range(2)]
    spec = spec_from(support.one_task(items={"filenames": ["/same.jpg"]}))
    with pytest.raises(SpecError) as caught:
        make_plan(spec, MemoryTable.from_documents(documents))
    assert str(caught.value) == (
        "spec tasks[0].items.filenames[0]: 2 items have the filename /same.jpg; list ids instead"
    )


def test_a_task_of_the_name_that_exists_already_is_said() -> None:
    held = TABLE.ids[:5]
    spec = spec_from(support.one_task(name="label-train"))
    plan = make_plan(spec, TABLE, resolver=support.Existing(held))
    assert plan.warnings == (
        f"label-train: a task of this name exists already ({support.EXISTING}), with 5 of these items",
    )


def test_a_name_like_that_of_a_split_task_is_told_apart() -> None:
    tasks = [
        {"name": "a", "filter": {"dir": "/train"}, "assignees": ["a@x.y"], "split_above": 60},
        {"name": "a (1/2)", "filter": {"dir": "/test"}, "assignees": ["a@x.y"]},
    ]
    plan = make_plan(spec_from({"tasks": tasks}), TABLE)
    assert [operation.id for operation in plan.operations] == [
        "create:a (1/2)",
        "create:a (2/2)",
        "create:a (1/2) #2",
    ]


def test_a_review_of_other_work_is_another_operation() -> None:
    def keys(person: str) -> list[str]:
        tasks = [
            {"name": "t", "filter": {"dir": "/train"}, "assignees": [person]},
            {"name": "q", "type": "qa", "of": "t", "assignees": ["b@x.y"]},
        ]
        return [operation.key for operation in make_plan(spec_from({"tasks": tasks}), TABLE).operations]

    assert not set(keys("a@x.y")) & set(keys("c@x.y"))


def test_a_limit_on_a_review_is_said() -> None:
    plan = make_plan(spec_from(review(limit=3)), TABLE)
    assert sum(o.allocation.items.count for o in plan.operations if o.depends_on) == 3
    assert "q: the limit keeps 3 of 99 items" in plan.warnings


def test_ids_of_operations_never_coincide() -> None:
    tasks = [
        {"name": "a", "filter": {"dir": "/train"}, "assignees": ["a@x.y"], "split_above": 60},
        {"name": "a (1/2)", "filter": {"dir": "/test"}, "assignees": ["a@x.y"]},
        {"name": "a (1/2) #2", "filter": {"dir": "/test"}, "assignees": ["b@x.y"]},
    ]
    plan = make_plan(spec_from({"tasks": tasks}), TABLE)
    assert [operation.id for operation in plan.operations][2:] == [
        "create:a (1/2) #2",
        "create:a (1/2) #2 #2",
    ]


def test_a_review_of_nothing_says_one_thing() -> None:
    plan = make_plan(spec_from(review(filter={"dir": "/nowhere"})), TABLE)
    assert "q: there is nothing to review; no task is planned" in plan.warnings
    assert not any("none of them is finished" in words for words in plan.warnings)


def test_a_selection_of_nothing_says_why() -> None:
    plan = make_plan(spec_from(support.one_task(filter={"dir": "train"})), TABLE)
    assert plan.warnings == (
        "t: the selection matches nothing; no task is planned",
        't: no item satisfies {"dir":"train"}; did you mean "/train"?',
    )
