"""Why an item went to someone, or to nobody; and what someone gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from taskplan.dql.explain import explain_document
from taskplan.dql.parse import parse
from taskplan.errors import NotFoundError, did_you_mean
from taskplan.model.ids import ItemIds
from taskplan.model.table import ItemTable
from taskplan.planning.document import AllocationRecord, Operation, Plan

_ORDERINGS = {
    "as-listed": "dealt in blocks, as listed",
    "interleaved": "dealt in turn",
    "shuffled": "dealt at random, by the seed",
    "stratified": "dealt so that everyone has the same mix",
    "grouped": "dealt in whole groups",
}


@dataclass(frozen=True, slots=True)
class TaskAnswer:
    """One task's part of an answer: who has the item (None: nobody), and why."""

    task: str
    assignee: str | None
    why: str


@dataclass(frozen=True, slots=True)
class ItemAnswer:
    """Where an item goes in each task of a plan; `filename` where a store was at hand."""

    item: str
    filename: str | None
    tasks: tuple[TaskAnswer, ...]

    def to_json(self) -> dict[str, Any]:
        data = msgspec.to_builtins(self)
        assert isinstance(data, dict)
        return data

    def lines(self) -> list[str]:
        name = f"{self.filename} ({self.item})" if self.filename else self.item
        return [
            name,
            *(f"  {answer.task}: {answer.assignee or 'nobody'}; {answer.why}" for answer in self.tasks),
        ]


@dataclass(frozen=True, slots=True)
class PersonTask:
    """Someone's share of one task: number of items, and what it rests on."""

    task: str
    items: int
    of: int
    why: str


@dataclass(frozen=True, slots=True)
class PersonAnswer:
    """What someone gets in a plan."""

    assignee: str
    items: int
    tasks: tuple[PersonTask, ...]

    def to_json(self) -> dict[str, Any]:
        data = msgspec.to_builtins(self)
        assert isinstance(data, dict)
        return data

    def lines(self) -> list[str]:
        noun = "task" if len(self.tasks) == 1 else "tasks"
        items = "1 item" if self.items == 1 else f"{self.items:,} items"
        head = f"{self.assignee}: {items} in {len(self.tasks)} {noun}"
        return [head, *(f"  {t.task}: {t.items:,} of {t.of:,}; {t.why}" for t in self.tasks)]


def explain_item(plan: Plan, table: ItemTable | None, id_or_filename: str) -> ItemAnswer:
    """Return where an item goes, task by task; NotFoundError with the nearest filename.

    Without a table only ids of planned items are known, and not why others were dropped.
    """
    row, item, filename = _find(table, id_or_filename)
    answers = []
    planned = False
    for operation in plan.operations:
        who, place = _holder(operation, item)
        if who is not None:
            planned = True
            answers.append(TaskAnswer(operation.title, who, _why(operation.allocation, who, place)))
        else:
            answers.append(TaskAnswer(operation.title, None, _why_not(plan, operation, table, row)))
    if table is None and not planned:
        raise NotFoundError(f'no task of the plan holds the item "{item}"', hint="give --store to look it up")
    return ItemAnswer(item, filename, tuple(answers))


def explain_assignee(plan: Plan, email: str) -> PersonAnswer:
    """Return what someone gets; NotFoundError with the nearest person of the plan."""
    who = email.lower()
    tasks = [
        PersonTask(
            operation.title,
            share.items,
            operation.allocation.items.count,
            _asked(plan, operation, who) + _basis(operation.allocation),
        )
        for operation in plan.operations
        for share in operation.allocation.shares
        if share.assignee == who
    ]
    if not tasks:
        people = sorted({share.assignee for op in plan.operations for share in op.allocation.shares})
        raise NotFoundError(f"{who} gets nothing in this plan", hint=did_you_mean(who, people))
    return PersonAnswer(who, sum(task.items for task in tasks), tuple(tasks))


def _find(table: ItemTable | None, name: str) -> tuple[int | None, str, str | None]:
    if table is None:
        return None, name, None
    row = int(table.ids.rows_of(ItemIds.of([name]))[0])
    column = table.column("filename")
    if row < 0:
        row = next((r for r in range(len(table)) if column.reached(r) == (name,)), -1)
    if row < 0:
        names = [str(reached[0]) for reached in column.values if reached]
        raise NotFoundError(f'{table.dataset} has no item "{name}"', hint=did_you_mean(name, names))
    return row, table.ids[row], str(column.reached(row)[0])


def _holder(operation: Operation, item: str) -> tuple[str | None, int]:
    for who, ids in operation.items_by_assignee().items():
        if item in ids:
            return who, list(ids).index(item) + 1
    return None, 0


def _asked(plan: Plan, operation: Operation, who: str) -> str:
    """Return what the spec asks for this person (``weight 2 of 5, ``), empty where it asks for nothing."""
    task = next((task for task in plan.spec.get("tasks", ()) if _is_of(task, operation)), None)
    people = [person if isinstance(person, dict) else {} for person in (task or {}).get("assignees", ())]
    mine = next((person for person in people if str(person.get("email")).lower() == who), {})
    if "count" in mine:
        return f"a fixed count of {mine['count']:,}, "
    if "percent" in mine:
        return f"{mine['percent']:g} %, "
    if "weight" in mine:
        total = sum(person.get("weight", 1) for person in people if "count" not in person)
        return f"weight {mine['weight']:g} of {total:g}, "
    return ""


def _is_of(task: Mapping[str, Any], operation: Operation) -> bool:
    if operation.task is None:
        return task.get("add_to") in (operation.about, operation.target)
    # A split task is several, named "train (1/3)" and so on.
    return operation.title == task.get("name") or operation.title.startswith(f"{task.get('name')} (")


def _basis(allocation: AllocationRecord) -> str:
    method = allocation.options.get("method")
    named = f"{allocation.strategy} ({method})" if method else allocation.strategy
    path = f" of {allocation.ordering_path}" if allocation.ordering_path else ""
    return f"{named}, {_ORDERINGS[allocation.ordering]}{path}"


def _why(allocation: AllocationRecord, who: str, place: int) -> str:
    count = next(share.items for share in allocation.shares if share.assignee == who)
    return f"number {place:,} of their {count:,}; {_basis(allocation)}"


def _why_not(plan: Plan, operation: Operation, table: ItemTable | None, row: int | None) -> str:
    selection = operation.selection
    if selection.source == "items":
        return "not in the list of items"
    if table is None or row is None:
        return "not selected"
    if selection.query is not None:
        document = next(table.documents([row]))
        annotations = _annotations(table, row)
        clause = explain_document(parse(selection.query), document, annotations)
        if clause is not None:
            return f"dropped by {clause}"
    if selection.source == "planned":
        return "its task does not hold it"
    if selection.limit is not None:
        return f"beyond the limit of {selection.limit:,}"
    if any(other.title != operation.title and other.selection == selection for other in plan.operations):
        return "in another part of the split task"
    return "in the task already, or the items have changed since the plan was made"


def _annotations(table: ItemTable, row: int) -> list[dict[str, Any]]:
    annotations = table.annotations()
    rows = (annotations.item_rows == row).nonzero()[0]
    return list(annotations.documents(rows.tolist()))
