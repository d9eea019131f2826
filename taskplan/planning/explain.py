"""Why an item went to someone, or to nobody; and what someone gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from taskplan.allocation.impossible import need_words
from taskplan.allocation.problem import Need
from taskplan.dql.explain import explain_document
from taskplan.dql.parse import parse
from taskplan.errors import NotFoundError, did_you_mean
from taskplan.model.ids import ItemIds
from taskplan.model.subtable import Subtable
from taskplan.model.table import ItemTable
from taskplan.planning.document import QUEUE, Operation, Plan, Share
from taskplan.planning.effort import efforts
from taskplan.planning.needs import needs_of
from taskplan.planning.posing import assignee_of
from taskplan.planning.spec import spec_from

_ORDERINGS = {
    "as-listed": "dealt in blocks, as listed",
    "interleaved": "dealt in turn",
    "shuffled": "dealt at random, by the seed",
    "stratified": "dealt so that everyone has the same mix",
    "grouped": "dealt in whole groups",
}
_MODES = {
    "pulling": "pulling, from a queue in batches of {mode.batch} by {people}",
    "consensus": "consensus, {mode.percent:g} % of the items to {mode.each} people each",
    "honeypot": "honeypot, {mode.percent:g} % of what everyone gets is ground truth",
    "qualification": "qualification, everyone gets all items",
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
        holders = _holders(operation, item)
        if holders:
            planned = True
            why = "; ".join([*_why(operation, holders), *_personal(plan, operation, table, row)])
            names = [who or "the queue" for who, _ in holders]
            answers.append(TaskAnswer(operation.title, ", ".join(names), why))
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
            _asked(plan, operation, who)
            + _closed(operation, who)
            + _effort(operation, share)
            + _basis(operation),
        )
        for operation in plan.operations
        for share in operation.allocation.shares
        if share.assignee == who
    ]
    tasks += [
        PersonTask(operation.title, 0, operation.allocation.items.count, _basis(operation))
        for operation in plan.operations
        if operation.allocation.shares[:1] == (Share(QUEUE, operation.allocation.items.count),)
        and who in operation.people
    ]
    tasks += [
        PersonTask(
            operation.title, 0, operation.allocation.items.count, f"gives {move.items:,} to {move.taker}"
        )
        for operation in plan.operations
        for move in operation.moves
        if move.giver == who
    ]
    if not tasks:
        people = sorted({person for operation in plan.operations for person in operation.people})
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


def _holders(operation: Operation, item: str) -> list[tuple[str, int]]:
    """Return who gets the item, and as their number in their list; several people where it is copied."""
    return [
        (who, ids.tolist().index(item) + 1)
        for who, ids in operation.items_by_assignee().items()
        if item in ids
    ]


def _asked(plan: Plan, operation: Operation, who: str) -> str:
    """Return what the spec asks for this person (``weight 2 of 5, ``), empty where it asks for nothing."""
    task = _spec_task(plan, operation)[0]
    people = [person if isinstance(person, dict) else {} for person in (task or {}).get("assignees", ())]
    mine = next((person for person in people if str(person.get("email")).lower() == who), {})
    said = []
    if "count" in mine:
        said.append(f"a fixed count of {mine['count']:,}")
    if "percent" in mine:
        said.append(f"{mine['percent']:g} %")
    if "weight" in mine:
        others = [person for person in people if "count" not in person and "percent" not in person]
        said.append(f"weight {mine['weight']:g} of {sum(person.get('weight', 1) for person in others):g}")
    said += [f"{name} {mine[name]:,}" for name in ("minimum", "maximum", "capacity", "rate") if name in mine]
    said += [f"factor {factor:g} for {kind}" for kind, factor in (mine.get("factors") or {}).items()]
    said += [f"skills {', '.join(mine['skills'])}"] if mine.get("skills") else []
    return "".join(f"{part}, " for part in said)


def _closed(operation: Operation, who: str) -> str:
    """Return how many items this person may not have, by their needs."""
    count = sum(need.items for need in operation.allocation.needs if who not in need.people)
    return f"{count:,} {'is' if count == 1 else 'are'} not for them, " if count else ""


def _effort(operation: Operation, share: Share) -> str:
    total = sum(other.effort or 0.0 for other in operation.allocation.shares)
    return "" if share.effort is None else f"effort {share.effort:,.6g} of {total:,.6g}, "


def _spec_task(plan: Plan, operation: Operation) -> tuple[Mapping[str, Any] | None, int]:
    """Return what the spec says of an operation's task, and its place in the spec."""
    for index, task in enumerate(plan.spec.get("tasks", ())):
        if _is_of(task, operation):
            return task, index
    return None, -1


def _personal(plan: Plan, operation: Operation, table: ItemTable | None, row: int | None) -> list[str]:
    """Say what the item takes and what it asks of people, where the items are at hand."""
    task, index = _spec_task(plan, operation)
    if table is None or row is None or task is None:
        return []
    item, said = Subtable(table, np.array([row], dtype=np.int64)), []
    if task.get("effort") is not None:
        said.append(f"effort {float(efforts(task['effort'], item)[0]):,.6g}")
    if task.get("needs"):
        spec = spec_from(plan.spec)
        found = needs_of(spec, spec.tasks[index], f"tasks[{index}]", item)
        need = found.needs[int(found.codes[0])] if found is not None else Need()
        if need.skills or need.excluded:
            people = [assignee_of(person) for person in spec.tasks[index].assignees]
            able = [person.email for person in people if need.admits(person)]
            said.append(f"it {need_words(need).replace('need ', 'needs ', 1)}: {', '.join(able)} may have it")
    return said


def _is_of(task: Mapping[str, Any], operation: Operation) -> bool:
    if operation.task is None:
        named = task.get("redistribute") if operation.moves else task.get("add_to")
        return named is not None and named in (operation.about, operation.target)
    # A split task is several, named "train (1/3)" and so on.
    return operation.title == task.get("name") or operation.title.startswith(f"{task.get('name')} (")


def _basis(operation: Operation) -> str:
    allocation, mode = operation.allocation, operation.mode
    if operation.moves:
        return "sticky, the fewest moves to what is asked"
    if mode is not None:
        return _MODES[mode.kind].format(mode=mode, people=", ".join(mode.people))
    method = allocation.options.get("method")
    named = f"{allocation.strategy} ({method})" if method else allocation.strategy
    path = f" of {allocation.ordering_path}" if allocation.ordering_path else ""
    return f"{named}, {_ORDERINGS[allocation.ordering]}{path}"


def _why(operation: Operation, holders: list[tuple[str, int]]) -> list[str]:
    if operation.mode is not None or operation.moves:
        return [_basis(operation)]
    who, place = holders[0]
    count = next(share.items for share in operation.allocation.shares if share.assignee == who)
    return [f"number {place:,} of their {count:,}", _basis(operation)]


def _why_not(plan: Plan, operation: Operation, table: ItemTable | None, row: int | None) -> str:
    selection = operation.selection
    if selection.source == "held":
        return "it stays with whoever has it, or is not in the task"
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
