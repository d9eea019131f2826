"""The order of a plan's operations, and operations with fewer items."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec
import numpy as np

from taskplan.errors import NotFoundError, PlanError, did_you_mean
from taskplan.model.ids import ItemIds
from taskplan.planning.document import Operation, PackedIds, Plan, Share
from taskplan.replay.journal import Entry
from taskplan.replay.modes import dealt_anew, is_quality
from taskplan.replay.moves import moved_less


def in_order(plan: Plan) -> tuple[Operation, ...]:
    """Return the operations so that each comes after those it depends on, else as the plan lists them.

    PlanError for a circle, or for an operation that is not in the plan.
    """
    waiting = {operation.id: operation for operation in plan.operations}
    if len(waiting) < len(plan.operations):
        raise PlanError("holds two operations of one id")
    for operation in plan.operations:
        for needed in operation.depends_on:
            if needed not in waiting:
                raise PlanError(f'depends on "{needed}", which is not in the plan', path=operation.id)
    result: list[Operation] = []
    done: set[str] = set()
    while waiting:
        ready = next((o for o in waiting.values() if done.issuperset(o.depends_on)), None)
        if ready is None:
            raise PlanError(f"operations depend on each other in a circle: {', '.join(waiting)}")
        result.append(ready)
        done.add(ready.id)
        del waiting[ready.id]
    return tuple(result)


def with_dependencies(plan: Plan, tasks: Collection[str]) -> frozenset[str]:
    """Return the ids of the operations on some tasks (by name or operation id) and of all that they build on.

    NotFoundError with the nearest name.
    """
    by_id = {operation.id: operation for operation in plan.operations}
    waiting: list[str] = []
    for task in tasks:
        found = [o.id for o in plan.operations if task in (o.id, o.title)]
        if not found:
            titles = [operation.title for operation in plan.operations]
            raise NotFoundError(f'the plan has no task "{task}"', hint=did_you_mean(task, titles))
        waiting += found
    chosen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in chosen:
            chosen.add(name)
            waiting += by_id[name].depends_on
    return frozenset(chosen)


def as_performed(plan: Plan, entries: Mapping[str, Entry]) -> tuple[Operation, ...]:
    """Return the operations in order, less what drift had taken out when they were performed."""
    performed = []
    for operation in in_order(plan):
        entry = entries.get(operation.key)
        if entry is None or (entry.state == "dropped" and entry.plan != plan.digest):
            performed.append(operation)
        elif entry.state != "dropped":
            performed.append(without_items(operation, entry.dropped))
    return tuple(performed)


def without_items(
    operation: Operation, dropped: Collection[str], strangers: Collection[str] = ()
) -> Operation:
    """Return an operation less the items `dropped` and the people `strangers` with theirs.

    A quality task is dealt out anew, as the platform will do with what is left; it is
    made for all its people or not at all. A queue waits for whoever is left.
    InputError where too little ground truth is left for a honeypot task.
    """
    if not dropped and not strangers:
        return operation
    if operation.action == "move_items":
        return moved_less(operation, dropped, strangers)
    if is_quality(operation):
        return dealt_anew(operation, dropped) if dropped else operation
    if operation.mode is not None and strangers:
        people = tuple(who for who in operation.mode.people if who not in strangers)
        if not people:
            strangers = (*strangers, *(share.assignee for share in operation.allocation.shares))
        mode = msgspec.structs.replace(operation.mode, people=people)
        operation = msgspec.structs.replace(operation, mode=mode)
    unwanted = ItemIds.of(dropped)
    shares, kept = [], []
    for assignee, ids in operation.items_by_assignee().items():
        if assignee in strangers:
            continue
        rows = np.flatnonzero(unwanted.rows_of(ids) < 0) if dropped else np.arange(len(ids))
        shares.append(Share(assignee, len(rows)))
        kept += ids.take(rows.astype(np.int64)).tolist()
    allocation = msgspec.structs.replace(
        operation.allocation, shares=tuple(shares), items=PackedIds.of(ItemIds.of(kept))
    )
    return msgspec.structs.replace(operation, allocation=allocation)
