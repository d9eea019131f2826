"""Reading back what a plan made, and comparing it with the plan, item by item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taskplan.errors import InputError
from taskplan.model.entities import TaskState
from taskplan.model.ids import ItemIds
from taskplan.planning.document import Operation, Plan, TaskFields
from taskplan.replay.backend import Backend, Outcome
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
    """Compare the backend with the plan, or with `operations` where drift has narrowed them."""
    tasks: dict[str, str] = {}
    differences: list[str] = []
    gone: set[str] = set()
    for operation in in_order(plan) if operations is None else operations:
        outcome = backend.find(operation.key)
        if outcome is None:
            if backend.begun(operation.key):
                differences.append(f"{operation.id}: begun, and not all of it is there: `apply` continues")
            else:
                differences.append(f"{operation.id}: not performed, or undone: nothing of it is there")
                gone.add(operation.id)
            continue
        tasks[operation.id] = outcome.task_id
        words = [
            *_task_differences(plan, backend, operation, outcome, tasks),
            *_item_differences(operation, backend.items_of(operation)),
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
    elif task.id != operation.target and task.name != operation.target:
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


def _item_differences(operation: Operation, held: Mapping[str, ItemIds]) -> Iterator[str]:
    nothing = ItemIds.of(())
    planned = operation.items_by_assignee()
    for assignee, ids in planned.items():
        found = held.get(assignee, nothing)
        if found == ids:
            continue
        yield from _named(f"{assignee} lacks", ids, found)
        yield from _named(f"{assignee} has unplanned", found, ids)
        if len(np.unique(ids.rows_of(found))) != len(found):
            yield f"{assignee} has an item twice"
    for assignee, found in held.items():
        if assignee not in planned:
            yield f"{assignee} has {len(found):,} items and is not in the plan"


def _named(words: str, ids: ItemIds, others: ItemIds) -> Iterator[str]:
    """Say which of `ids` are not among `others`."""
    missing = np.flatnonzero(others.rows_of(ids) < 0).astype(np.int64)
    for item in ids.take(missing[:SHOWN]):
        yield f"{words} item {item}"
    if len(missing) > SHOWN:
        yield f"{words} {len(missing) - SHOWN:,} more items"
