"""Work under way: redistributing a task, and additions that make up for what people have."""

from __future__ import annotations

from typing import Any

import pytest

from taskplan.errors import SpecError
from taskplan.model.entities import AssignmentState, TaskState
from taskplan.model.ids import ItemIds
from taskplan.planning.document import MoveRecord, Plan
from taskplan.planning.explain import explain_assignee
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from tests.planning.support import EXISTING, Existing, generated

ANN, BEN, DAN = (f"{name}@example.com" for name in ("ann", "ben", "dan"))


class Shared(Existing):
    """The existing task with items of several people."""

    def __init__(self, **held: ItemIds) -> None:
        super().__init__()
        self.held = held

    def task(self, dataset: str, name_or_id: str) -> TaskState:
        found = super().task(dataset, name_or_id)
        assignments = tuple(
            AssignmentState(f"5f0000000000000000000b{n:02d}", f"{who}@example.com", ids)
            for n, (who, ids) in enumerate(self.held.items())
        )
        return TaskState(
            **{name: getattr(found, name) for name in found.__slots__ if name != "assignments"},
            assignments=assignments,
        )


def redistribution(finished: int = 0, people: tuple[str, ...] = (ANN, DAN), **fields: Any) -> Plan:
    table = generated(40, finished=finished)
    resolver = Shared(ann=table.ids[0:20], ben=table.ids[20:40])
    task = {"redistribute": "label-train", "assignees": list(people), **fields}
    return make_plan(spec_from({"tasks": [task]}), table, resolver=resolver)


def test_who_leaves_gives_everything_and_nobody_else_moves() -> None:
    (operation,) = redistribution().operations
    assert operation.action == "move_items"
    assert operation.target == EXISTING
    assert operation.moves == (MoveRecord(BEN, DAN, 20),)
    assert operation.allocation.fairness.optimal


def test_who_joins_gets_as_few_as_are_needed() -> None:
    (operation,) = redistribution(people=(ANN, BEN, DAN)).operations
    assert operation.moves == (MoveRecord(ANN, DAN, 6), MoveRecord(BEN, DAN, 7))


def test_started_items_stay_also_with_who_leaves() -> None:
    plan = redistribution(finished=25, people=(ANN, DAN))
    (operation,) = plan.operations
    moved = set(operation.allocation.items.unpack())
    table = generated(40, finished=25)
    assert not moved & set(table.ids[0:25])
    assert "5 started items stay with ben@example.com" in plan.warnings[0]


def test_only_some_people_give() -> None:
    (operation,) = redistribution(people=(DAN,), take_from=[ANN]).operations
    assert operation.moves == (MoveRecord(ANN, DAN, 20),)


def test_nothing_to_move_is_said() -> None:
    plan = redistribution(people=(ANN, BEN))
    assert plan.operations == ()
    assert plan.warnings == ("label-train: everyone has what is asked for; nothing moves",)


def test_additions_make_up_for_what_people_have() -> None:
    table = generated(60)
    resolver = Shared(ann=table.ids[0:20], ben=table.ids[20:25])
    task = {"add_to": "label-train", "strategy": "sticky", "assignees": [ANN, BEN]}
    plan = make_plan(spec_from({"tasks": [task]}), table, resolver=resolver)
    counts = {share.assignee: share.items for share in plan.operations[0].allocation.shares}
    assert counts == {ANN: 13, BEN: 27}


def test_a_task_is_redistributed_once() -> None:
    table = generated(40)
    resolver = Shared(ann=table.ids[0:20], ben=table.ids[20:40])
    task = {"redistribute": "label-train", "assignees": [ANN, DAN]}
    with pytest.raises(SpecError, match="is redistributed already"):
        make_plan(spec_from({"tasks": [task, task]}), table, resolver=resolver)


def test_who_gives_is_explained() -> None:
    assert explain_assignee(redistribution(), BEN).tasks[0].why == "gives 20 to dan@example.com"
