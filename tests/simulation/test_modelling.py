"""From plans to models: everybody has the jobs that the plan gives them, and what waits for what does."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pytest

from taskplan.errors import InputError, NotFoundError
from taskplan.model.ids import ItemIds
from taskplan.model.memory import MemoryTable
from taskplan.planning.document import PackedIds
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from taskplan.simulation.engine import simulate
from taskplan.simulation.jobs import POOL
from taskplan.simulation.modelling import mode_of
from tests.simulation.planned import (
    ANN,
    BEGIN,
    BEN,
    CAT,
    DAN,
    ids_of,
    items,
    outcome_of,
    owners,
    plan_of,
    review,
    staged,
    task,
    team,
)


def test_everyone_has_the_items_of_their_share_in_its_order() -> None:
    plan = plan_of(10, task(people=[{"email": BEN, "weight": 3}, {"email": ANN, "weight": 2}]))
    model = staged(plan).model
    assert [person.email for person in model.people] == [BEN, ANN]
    assert owners(model) == ["ben"] * 6 + ["ann"] * 4
    assert model.tasks[0].people == (0, 1)
    assert (model.tasks[0].type, model.tasks[0].priority, model.seed) == ("annotation", 2, 3)
    assert (model.tasks[0].batch, model.tasks[0].maximum) == (1, 1)


def test_one_person_is_one_however_they_are_written() -> None:
    plan = plan_of(
        6,
        task(people=["Ann@Example.com", BEN]),
        task("exam", ["ANN@example.com", "Cat@Example.com"], quality={"kind": "qualification"}),
        task("queue", ["aNN@example.com"], pulling={"batch": 3, "maximum": 5}),
    )
    model = staged(plan).model
    assert [person.email for person in model.people] == [ANN, BEN, CAT]
    assert [t.people for t in model.tasks] == [(0, 1), (0, 2), (0,)]


def test_who_gets_nothing_is_there_to_help() -> None:
    model = staged(plan_of(2, task(people=[ANN, BEN, CAT]))).model
    assert owners(model) == ["ann", "ben"]
    assert model.tasks[0].people == (0, 1, 2)


def test_of_a_queue_nobody_has_anything() -> None:
    staging = staged(plan_of(7, task(pulling={"batch": 3, "maximum": 5})))
    queue = staging.model.tasks[0]
    assert (queue.owner == POOL).all()
    assert (queue.jobs, queue.people, queue.batch, queue.maximum) == (7, (0, 1), 3, 5)
    assert mode_of(staging.operations[0]) == "pulling"


def test_minutes_are_of_an_average_item_of_the_task() -> None:
    # Items take 1, 2, 3, 4, 1, 2 … as formula: of twelve the mean is 2.5.
    plan = plan_of(12, task(people=[ANN, BEN], effort="1 + annotations", strategy="balanced"))
    model = staged(plan).model
    effort = model.tasks[0].effort
    assert effort is not None
    assert effort.sum() == pytest.approx(12)
    for number, share in enumerate(plan.operations[0].allocation.shares):
        assert effort[model.tasks[0].owner == number].sum() == pytest.approx((share.effort or 0) / 2.5)
    assert outcome_of(plan, team(shape="fixed")).busy.sum() == pytest.approx(12)


def test_without_effort_all_items_take_as_long() -> None:
    assert staged(plan_of(4, task())).model.tasks[0].effort is None
    zero = plan_of(4, task(effort=0, strategy="balanced"))
    assert staged(zero).model.tasks[0].effort is None


class TestKinds:
    WORKFORCE = team([{"email": ANN, "minutes": {"*": 1, "night": 5}}], file={"kind": "metadata.user.scene"})

    def test_minutes_by_kind_are_of_each_item(self) -> None:
        plan = plan_of(9, task(order="shuffled"), review())
        staging = staged(plan, self.WORKFORCE, table=items(9))
        model = staging.model
        assert model.kinds == ("*", "night")
        expected = [int(int(item, 16) % 3 == 1) for item in ids_of(plan)]
        assert model.tasks[0].kind is not None
        assert model.tasks[0].kind.tolist() == expected
        assert model.mean_minutes().tolist() == [[1, 5], [1, 1], [1, 1]]
        assert staging.warnings == ()

    def test_they_are_spent(self) -> None:
        plan = plan_of(9, task(people=[ANN]))
        workforce = team(
            [{"email": ANN, "minutes": {"*": 1, "night": 5}}],
            file={"kind": "metadata.user.scene"},
            shape="fixed",
        )
        model = staged(plan, workforce, table=items(9)).model
        assert simulate(model, 1).busy.tolist() == [[6 * 1 + 3 * 5]]

    def test_without_items_all_are_of_the_other_kind_and_that_is_said(self) -> None:
        staging = staged(plan_of(9, task()), self.WORKFORCE)
        assert staging.model.tasks[0].kind is None
        assert staging.warnings == (
            "workforce: minutes differ by metadata.user.scene, which is in the items: without --store all "
            "take the minutes of other kinds",
        )

    def test_a_kind_that_no_item_is_of_is_told(self) -> None:
        workforce = team(
            [{"email": ANN, "minutes": {"*": 1, "fog": 5}}], file={"kind": "metadata.user.scene"}
        )
        staging = staged(plan_of(9, task()), workforce, table=items(9))
        assert staging.warnings == ('workforce: no planned item is of the kind "fog"',)
        assert set(staging.model.tasks[0].kind.tolist()) == {0}  # type: ignore[union-attr]

    def test_items_that_the_store_does_not_have_are_of_the_other_kind(self) -> None:
        table = MemoryTable.from_documents(
            [{"id": f"{1:024x}", "filename": "/1.jpg", "metadata": {"user": {"scene": "night"}}}]
        )
        plan = plan_of(9, task(people=[ANN]))
        kind = staged(plan, self.WORKFORCE, table=table).model.tasks[0].kind
        assert kind is not None
        assert kind.tolist() == [0, 1] + [0] * 7


def test_a_review_in_the_plan_is_linked_item_by_item() -> None:
    plan = plan_of(
        10, task(order="shuffled"), review(people=[CAT, DAN], order="interleaved"), task("other", [CAT])
    )
    label, check, other = staged(plan).model.tasks
    assert (label.reviews, check.reviews, other.reviews) == (None, 0, None)
    assert (label.type, check.type) == ("annotation", "qa")
    sources = dict(zip(label.item.tolist(), ids_of(plan, 0), strict=True))
    assert [sources[item] for item in check.item.tolist()] == ids_of(plan, 1)
    assert ids_of(plan, 0) != ids_of(plan, 1)


def test_a_review_of_a_consensus_waits_for_all_copies() -> None:
    plan = plan_of(
        6,
        task(people=[ANN, BEN, CAT], quality={"kind": "consensus", "percent": 50, "assignees": 2}),
        review(people=[DAN]),
    )
    label, check = staged(plan).model.tasks
    copies = Counter(label.item.tolist())
    assert sorted(copies.values()) == [1, 1, 1, 2, 2, 2]
    assert sorted(check.item.tolist()) == sorted(copies)
    # A minute each: dan begins with an item when its last copy is there, and they are all there by 3.
    found = outcome_of(plan, team(shape="fixed", review=1))
    assert found.finish[0].tolist() == [3]
    assert found.finish[1, 0] >= 7


def test_a_review_of_what_exists_already_can_begin_at_once() -> None:
    table_size = 6
    finished = {"type": "qa", "of": "label-train", "items": {"filenames": ["/0.jpg", "/1.jpg"]}}
    plan = plan_of(table_size, task(), {**task("check", [CAT]), **finished})
    model = staged(plan).model
    assert model.tasks[1].type == "qa"
    assert model.tasks[1].reviews is None
    assert outcome_of(plan, team(shape="fixed", review=1)).finish[:, 0].tolist() == [3, 2]


def test_a_review_of_a_review_is_linked_too() -> None:
    model = staged(plan_of(4, task(), review(), review("check", [DAN], "again"))).model
    assert [t.reviews for t in model.tasks] == [None, 0, 1]


def test_what_several_do_are_tasks_of_their_own_with_a_review_each() -> None:
    plan = plan_of(6, task(people=[ANN, BEN, CAT], overlap=2), review(people=[DAN]))
    staging = staged(plan)
    assert [task.name for task in staging.model.tasks] == [
        "label (copy 1/2)",
        "label (copy 2/2)",
        "check (1/2)",
        "check (2/2)",
    ]
    assert [task.reviews for task in staging.model.tasks] == [None, None, 0, 1]
    assert {task.jobs for task in staging.model.tasks} == {6}


def test_parts_of_a_large_task_and_their_reviews() -> None:
    staging = staged(plan_of(10, task(split_above=4), review()))
    tasks = staging.model.tasks
    assert [t.name for t in tasks] == [f"{n} ({i}/3)" for n in ("label", "check") for i in (1, 2, 3)]
    assert [t.reviews for t in tasks] == [None, None, None, 0, 1, 2]
    assert [t.jobs for t in tasks] == [4, 3, 3, 4, 3, 3]


def test_all_modes_give_the_plan_all_its_items() -> None:
    # Of the honeypot the truth is in the folder /honeypot, which is made here.
    documents: list[dict[str, Any]] = [{"id": f"{n:024x}", "filename": f"/{n}.jpg"} for n in range(8)]
    documents += [{"id": f"{n:024x}", "filename": f"/honeypot/{n}.jpg"} for n in range(8, 12)]
    spec = spec_from(
        {
            "tasks": [
                task("exam", quality={"kind": "qualification"}, filter={"dir": "/"}),
                task("mixed", quality={"kind": "honeypot", "percent": 20}, filter={"dir": "/"}),
            ]
        }
    )
    staging = staged(make_plan(spec, MemoryTable.from_documents(documents)))
    assert [mode_of(operation) for operation in staging.operations] == ["qualification", "honeypot"]
    exam, mixed = staging.model.tasks
    assert Counter(exam.owner.tolist()) == {0: 8, 1: 8}
    assert Counter(mixed.owner.tolist()) == {0: 5, 1: 5}


def test_items_that_are_added_or_move_are_work_and_nothing_else_is() -> None:
    plan = plan_of(8, {"add_to": "label-train", "assignees": [BEN], "filter": {}}, held=3)
    model = staged(plan).model
    assert (model.tasks[0].name, owners(model)) == ("label-train", ["ben"] * 5)
    moving = plan_of(8, {"redistribute": "label-train", "assignees": [ANN, CAT]}, held=4)
    staging = staged(moving)
    assert owners(staging.model) == ["cat"] * 2
    assert staging.warnings == (
        "label-train: only the items that change hands are simulated, not what people hold already",
    )
    assert [person.email for person in staging.model.people] == [CAT]


class TestAfter:
    TASKS = (task("first"), task("second"), review("first"))

    def after(self, said: dict[str, Any], *tasks: dict[str, Any], **file: Any) -> list[tuple[int, ...]]:
        plan = plan_of(8, *(tasks or self.TASKS))
        return [t.after for t in staged(plan, team(file={"after": said, **file})).model.tasks]

    def test_nothing_waits_where_nothing_is_said(self) -> None:
        assert self.after({}) == [(), (), ()]

    def test_one_or_several(self) -> None:
        assert self.after({"second": "first"}) == [(), (0,), ()]
        assert self.after({"second": ["check", "first"]}) == [(), (0, 2), ()]

    def test_a_name_stands_for_all_parts(self) -> None:
        tasks = task("first", split_above=3), task("second", overlap=2), task("first (old)")
        assert self.after({"second": "first"}, *tasks) == [(), (), (), (0, 1, 2), (0, 1, 2), ()]
        assert self.after({"second (copy 2/2)": "first (3/3)"}, *tasks) == [(), (), (), (), (2,), ()]

    def test_a_review_after_the_whole_task(self) -> None:
        assert self.after({"second": "check"}, review_after="task") == [(), (2,), (0,)]

    def test_what_waits_begins_when_all_is_done(self) -> None:
        plan = plan_of(8, *self.TASKS)
        workforce = team(shape="fixed", review=1, file={"after": {"second": "check"}, "review_after": "task"})
        assert outcome_of(plan, workforce).finish[:, 0].tolist() == [4, 16, 12]

    @pytest.mark.parametrize(
        ("said", "told"),
        [
            ({"secund": "first"}, 'the plan has no task "secund"; did you mean "second"?'),
            ({"second": ["first", "frist"]}, 'the plan has no task "frist"; did you mean "first"?'),
            ({"second": "zzz"}, 'the plan has no task "zzz"'),
            ({"first": "second", "second": "first"}, "tasks wait for each other in a circle: second, first"),
            ({"first": "check"}, "tasks wait for each other in a circle: check, first"),
            ({"first": "first"}, "tasks wait for each other in a circle: first"),
        ],
    )
    def test_mistakes(self, said: dict[str, Any], told: str) -> None:
        with pytest.raises(InputError) as caught:
            self.after(said)
        assert str(caught.value) == f"workforce after: {told}"


def test_priorities_are_those_of_the_plan() -> None:
    plan = plan_of(4, task("a", priority="low"), task("b", priority="high"), task("c"))
    assert [t.priority for t in staged(plan).model.tasks] == [1, 3, 2]
    # Everybody does the most urgent first.
    assert outcome_of(plan, team(shape="fixed")).finish[:, 0].tolist() == [6, 2, 4]


def test_due_dates_are_minutes_since_the_start() -> None:
    plan = plan_of(4, task("a", due="2028-01-03T11:00"), task("b"), task("c", due="2028-01-03T10:00+02:00"))
    assert staged(plan).due.tolist() == [120, np.inf, -60]
    given = datetime.fromisoformat("2028-01-04T09:00+00:00").timestamp() * 1000
    assert given == BEGIN + 86_400_000
    assert staged(plan, due=given).due.tolist() == [1440] * 3


def test_of_everybody_at_work_something_must_be_known() -> None:
    plan = plan_of(4, task(people=[ANN, "bem@example.com"]))
    with pytest.raises(NotFoundError) as caught:
        staged(plan)
    assert str(caught.value) == (
        "workforce people: nothing is said of bem@example.com, who has work in the plan; "
        'did you mean "ben@example.com"? Else add - bem@example.com under people, or leave people out'
    )


def test_a_plan_without_items_is_nothing_to_simulate() -> None:
    plan = plan_of(4, task(filter={"dir": "/none"}))
    with pytest.raises(InputError, match=r"^the plan has no items, and nothing to simulate$"):
        staged(plan)


def test_ids_of_any_form_are_linked() -> None:
    """Not all ids are 24 digits; and those that are may be in one task and not in another."""
    plan = plan_of(4, task(), review())

    def renamed(index: int, change: int) -> Any:
        operation = plan.operations[index]
        ids = [f"item {int(i, 16)}" if int(i, 16) >= change else i for i in ids_of(plan, index)]
        return msgspec.structs.replace(
            operation,
            allocation=msgspec.structs.replace(operation.allocation, items=PackedIds.of(ItemIds.of(ids))),
        )

    whole = staged(plan).model
    for change in (0, 2, 9):
        other = msgspec.structs.replace(plan, operations=(renamed(0, change), renamed(1, change)))
        found = staged(other).model
        for mine, theirs in zip(found.tasks, whole.tasks, strict=True):
            np.testing.assert_array_equal(mine.item, theirs.item)
