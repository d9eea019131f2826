"""Reading back what a plan made, and comparing it with the plan, item by item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taskplan.errors import InputError
from taskplan.model.entities import TaskState
from taskplan.model.ids import ItemIds
from taskplan.planning.document import QUEUE, Operation, Plan, TaskFields
from taskplan.replay.backend import Backend, Outcome
from taskplan.replay.modes import is_quality, parts_of
from taskplan.replay.moves import moves_of
from taskplan.replay.order import in_order

SHOWN = 20
"""So many items of one person are named in differences of one kind; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of a comparison: `differences` has one line each; `ok` where there is none.

    `gone` holds the ids of operations of which nothing is there.
    """

    ok: bool
    differences: tuple[str, ...]
    gone: frozenset[str] = frozenset()


def verify_plan(
    plan: Plan, backend: Backend, *, operations: Sequence[Operation] | None = None
) -> Verification:
    """Compare the backend with the plan, or with `operations` where drift has narrowed them.

    Of quality tasks everyone's number of items and the items of all together are
    compared, because which items the platform picks is its own affair; of pulling
    tasks, that all items wait or are with the people of the task.
    """
    listed = in_order(plan) if operations is None else operations
    outcomes = {operation.id: backend.find(operation.key) for operation in listed}
    tasks = {name: outcome.task_id for name, outcome in outcomes.items() if outcome is not None}
    differences: list[str] = []
    gone: set[str] = set()
    for place, operation in enumerate(listed):
        outcome = outcomes[operation.id]
        if outcome is None:
            if backend.begun(operation.key):
                differences.append(f"{operation.id}: begun, and not all of it is there: `apply` continues")
            else:
                differences.append(f"{operation.id}: not performed, or undone: nothing of it is there")
                gone.add(operation.id)
            continue
        later = [o for o in listed[place + 1 :] if tasks.get(o.id) == outcome.task_id]
        words = [
            *_task_differences(plan, backend, operation, outcome, tasks),
            *_work_differences(plan, backend, operation, outcome, later),
        ]
        differences += (f"{operation.id}: {line}" for line in words)
    return Verification(not differences, tuple(differences), frozenset(gone))


def _task_differences(
    plan: Plan, backend: Backend, operation: Operation, outcome: Outcome, tasks: Mapping[str, str]
) -> Iterator[str]:
    try:
        task = backend.task(plan.snapshot.dataset, outcome.task_id, with_items=False)
    except InputError:
        yield f"the task {outcome.task_id} is gone"
        return
    if operation.task is not None:
        yield from _field_differences(operation.task, task, tasks)
    elif operation.target not in (task.id, task.name) and tasks.get(str(operation.target)) != task.id:
        yield f'the items are in the task "{task.name}", planned was "{operation.target}"'


def _field_differences(fields: TaskFields, task: TaskState, tasks: Mapping[str, str]) -> Iterator[str]:
    document = task.document
    spec = document.get("spec", {})
    metadata = document.get("metadata", {}).get("user", {})
    compared: list[tuple[str, Any, Any]] = [
        ("name", fields.name, task.name),
        ("type", fields.type, task.type),
        ("due", fields.due, task.due),
        ("priority", fields.priority, task.priority),
    ]
    if fields.owner is not None:
        compared.append(("owner", fields.owner.lower(), task.owner))
    if fields.recipe is not None:
        compared.append(("recipe", fields.recipe, document.get("recipeId")))
    if fields.parent is not None and fields.parent in tasks:
        compared.append(("parent", tasks[fields.parent], spec.get("parentTaskId")))
    elif fields.parent is None:
        compared.append(("parent", None, spec.get("parentTaskId")))
    if fields.actions:
        compared.append(("statuses", [*fields.actions], document.get("availableActions")))
    for name, value in fields.metadata.items():
        compared.append((f"metadata.{name}", value, metadata.get(name)))
    for name, planned, found in compared:
        if planned != found:
            yield f"{name} is {_show(found)}, planned was {_show(planned)}"


def _show(value: Any) -> str:
    return "nothing" if value is None else f'"{value}"' if isinstance(value, str) else str(value)


def _work_differences(
    plan: Plan, backend: Backend, operation: Operation, outcome: Outcome, later: Sequence[Operation]
) -> Iterator[str]:
    """Compare who has what; `later` are the operations on the same task that come after this one."""
    held = backend.items_of(operation)
    moved = {item: move.taker for o in later for move in moves_of(o) for item in move.items}
    if operation.action == "move_items":
        yield from _move_differences(operation, held, moved)
    elif operation.mode is None:
        yield from _item_differences(_after(operation.items_by_assignee(), moved), held)
    elif is_quality(operation):
        yield from _quality_differences(operation, held)
    else:
        yield from _queue_differences(operation, held)
        yield from _batch_differences(plan, backend, operation, outcome)


def _after(planned: Mapping[str, ItemIds], moved: Mapping[str, str]) -> dict[str, ItemIds]:
    """Return what everyone has once items have moved."""
    if not moved:
        return dict(planned)
    shares: dict[str, list[str]] = {who.lower(): [] for who in planned}
    for who, ids in planned.items():
        for item in ids:
            shares.setdefault(moved.get(item, who.lower()), []).append(item)
    return {who: ItemIds.of(items) for who, items in shares.items()}


def _item_differences(planned: Mapping[str, ItemIds], held: Mapping[str, ItemIds]) -> Iterator[str]:
    nothing = ItemIds.of(())
    for assignee, ids in planned.items():
        found = held.get(assignee, nothing)
        if found == ids:
            continue
        yield from _named(f"{assignee} lacks", ids, found)
        yield from _named(f"{assignee} has unplanned", found, ids)
        if len(set(found)) != len(found):
            yield f"{assignee} has an item twice"
    for assignee, found in held.items():
        if assignee not in planned and len(found):
            yield f"{assignee or 'nobody'} has {len(found):,} items and is not in the plan"


def _move_differences(
    operation: Operation, held: Mapping[str, ItemIds], moved: Mapping[str, str]
) -> Iterator[str]:
    holders = {item: who or "nobody" for who, ids in held.items() for item in ids}
    lines = []
    for move in moves_of(operation):
        for item in move.items:
            taker = moved.get(item, move.taker)
            if item not in holders:
                lines.append(f"item {item} is not in the task, planned was {taker}")
            elif holders[item] != taker:
                lines.append(f"item {item} is with {holders[item]}, planned was {taker}")
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield f"{len(lines) - SHOWN:,} more items are not where they were to go"


def _quality_differences(operation: Operation, held: Mapping[str, ItemIds]) -> Iterator[str]:
    planned = {who.lower(): ids for who, ids in operation.items_by_assignee().items()}
    for who, ids in planned.items():
        found = len(held.get(who, ()))
        if found != len(ids):
            yield f"{who} has {found:,} items, planned were {len(ids):,}"
    for who, ids in held.items():
        if who not in planned and len(ids):
            yield f"{who or 'nobody'} has {len(ids):,} items and is not in the plan"
    wanted, found_ids = parts_of(operation).items, _all_of(held)
    yield from _named("the task lacks", wanted, found_ids)
    if operation.mode is not None and operation.mode.kind != "honeypot":
        # Which ground truth a honeypot task takes is the platform's affair.
        yield from _named("the task has unplanned", found_ids, wanted)


def _queue_differences(operation: Operation, held: Mapping[str, ItemIds]) -> Iterator[str]:
    planned, found = operation.allocation.items.unpack(), _all_of(held)
    yield from _named("the task lacks", planned, found)
    yield from _named("the task has unplanned", found, planned)
    people = {who.lower() for who in operation.people}
    for who, ids in held.items():
        if who not in people and who != QUEUE and len(ids):
            yield f"{who} has {len(ids):,} items and is not in the plan"


def _batch_differences(plan: Plan, backend: Backend, operation: Operation, outcome: Outcome) -> Iterator[str]:
    most = operation.mode.maximum if operation.mode is not None else None
    if most is None:
        return
    try:
        task = backend.task(plan.snapshot.dataset, outcome.task_id)
    except InputError:
        # That it is gone is said already.
        return
    for assignment in task.assignments:
        open_items = len(assignment.items) - sum(assignment.statuses.values())
        if open_items > most:
            yield f"{assignment.assignee} has {open_items:,} open items, the most planned were {most:,}"


def _all_of(held: Mapping[str, ItemIds]) -> ItemIds:
    return ItemIds.of(dict.fromkeys(item for ids in held.values() for item in ids))


def _named(words: str, ids: ItemIds, others: ItemIds) -> Iterator[str]:
    """Say which of `ids` are not among `others`."""
    missing = np.flatnonzero(others.rows_of(ids) < 0).astype(np.int64)
    for item in ids.take(missing[:SHOWN]):
        yield f"{words} item {item}"
    if len(missing) > SHOWN:
        yield f"{words} {len(missing) - SHOWN:,} more items"
