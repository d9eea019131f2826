"""Reading back what a plan made and comparing it with the plan, item by item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from taskplan.model.entities import TaskState
from taskplan.model.ids import ItemIds
from taskplan.planning.document import Operation, Plan, TaskFields
from taskplan.replay.backend import Backend

SHOWN = 3
"""So many ids are named in a difference; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a backend holds what a plan says; `differences` has a line each."""

    differences: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.differences


def verify_plan(plan: Plan, backend: Backend, operations: Iterable[Operation] | None = None) -> Verification:
    """Compare a backend with a plan (or with `operations` of it): tasks, their fields, people and items."""
    tasks: dict[str, str] = {}
    differences: list[str] = []
    for operation in plan.operations if operations is None else operations:
        outcome = backend.find(operation.key)
        if outcome is None:
            differences.append(f"{operation.title}: is not there")
            continue
        tasks[operation.id] = outcome.task_id
        if operation.task is not None:
            state = backend.task(plan.snapshot.dataset, outcome.task_id)
            differences += _compare_fields(operation.task, state, tasks)
        differences += _compare_items(operation, backend.items_of(operation.key))
    return Verification(tuple(differences))


def _compare_fields(planned: TaskFields, state: TaskState, tasks: Mapping[str, str]) -> list[str]:
    document = state.document
    parent = tasks.get(planned.parent, planned.parent) if planned.parent else None
    pairs: list[tuple[str, Any, Any]] = [
        ("name", planned.name, state.name),
        ("type", planned.type, state.type),
        ("due", planned.due, state.due),
        ("priority", planned.priority, state.priority),
        ("reviews", parent, document.get("spec", {}).get("parentTaskId")),
    ]
    if planned.owner is not None:
        pairs.append(("owner", planned.owner, state.owner))
    if planned.recipe is not None:
        pairs.append(("recipe", planned.recipe, document.get("recipeId")))
    if planned.actions:
        found = [action.get("action") for action in document.get("availableActions", [])]
        pairs.append(("statuses", [action["action"] for action in planned.actions], found))
    metadata = document.get("metadata", {})
    pairs += [(f"metadata.{name}", value, metadata.get(name)) for name, value in planned.metadata.items()]
    return [
        f"{planned.name}: {name} is {found!r}, planned {wanted!r}"
        for name, wanted, found in pairs
        if wanted != found
    ]


def _compare_items(operation: Operation, held: Mapping[str, Any]) -> list[str]:
    differences = []
    planned = operation.items_by_assignee()
    for who in [*planned, *(other for other in held if other not in planned)]:
        wanted, found = planned.get(who, ItemIds.of(())), held.get(who, ItemIds.of(()))
        lacking = _missing(wanted, found)
        extra = _missing(found, wanted)
        if lacking:
            differences.append(f"{operation.title}: {who} lacks {_listed(lacking)}")
        if extra:
            differences.append(f"{operation.title}: {who} has {_listed(extra)}, not planned")
    return differences


def _missing(wanted: ItemIds, found: ItemIds) -> list[str]:
    rows = found.rows_of(wanted)
    return [wanted[int(row)] for row in (rows < 0).nonzero()[0]]


def _listed(ids: list[str]) -> str:
    more = f" and {len(ids) - SHOWN:,} more" if len(ids) > SHOWN else ""
    return f"{len(ids):,} {'item' if len(ids) == 1 else 'items'} ({', '.join(ids[:SHOWN])}{more})"
