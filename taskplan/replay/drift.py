"""What has changed on a backend since a plan was made, checked before the first write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from taskplan.dql.evaluate import evaluate
from taskplan.dql.parse import parse
from taskplan.errors import NotFoundError
from taskplan.model.ids import ItemIds
from taskplan.model.table import ItemTable
from taskplan.planning.document import Operation, PackedIds, Plan, Share
from taskplan.replay.backend import Backend

Kind = Literal["item gone", "item left the selection", "item in the task already", "task gone", "no member"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: `subject` is an item's id, a task or a person; `words` says it in a line."""

    kind: Kind
    operation: str
    subject: str
    words: str

    @property
    def fatal(self) -> bool:
        """Whether leaving items out cannot mend it."""
        return self.kind == "task gone"


def check_drift(plan: Plan, operations: Sequence[Operation], backend: Backend) -> tuple[Change, ...]:
    """Return how a backend differs from what `operations` of `plan` were made on.

    What operations of the plan did themselves is no drift: their refs are left
    out of the picture.
    """
    if not operations:
        return ()
    keys = frozenset(operation.key for operation in plan.operations)
    table = backend.snapshot(plan.snapshot.dataset, without=keys)
    same = table.fingerprint(plan.snapshot.paths) == plan.snapshot.fingerprint
    members = backend.members(plan.snapshot.dataset)
    changes: list[Change] = []
    for operation in operations:
        changes += _tasks(plan, operation, backend)
        if not same:
            changes += _items(operation, table)
        if operation.action == "add_items" and not any(change.fatal for change in changes):
            changes += _present(plan, operation, backend, table, keys)
        changes += _people(plan, operation, members)
    return tuple(changes)


def narrow(operation: Operation, changes: Iterable[Change]) -> Operation:
    """Return an operation without the items that changed; its key stays."""
    gone = [
        change.subject for change in changes if change.operation == operation.id and "item" in change.kind
    ]
    if not gone:
        return operation
    dropped = ItemIds.of(dict.fromkeys(gone))
    shares, kept = [], []
    for who, ids in operation.items_by_assignee().items():
        left = ids.take(np.flatnonzero(dropped.rows_of(ids) < 0))
        shares.append(Share(who, len(left)))
        kept += left.tolist()
    allocation = msgspec.structs.replace(
        operation.allocation, shares=tuple(shares), items=PackedIds.of(ItemIds.of(kept))
    )
    return msgspec.structs.replace(operation, allocation=allocation)


def _tasks(plan: Plan, operation: Operation, backend: Backend) -> list[Change]:
    own = {other.id for other in plan.operations}
    parent = operation.task.parent if operation.task is not None else None
    changes = []
    for task in (operation.target, parent):
        if task is None or task in own:
            continue
        try:
            backend.task(plan.snapshot.dataset, task)
        except NotFoundError:
            words = f"{operation.title}: the task {task} is gone"
            changes.append(Change("task gone", operation.id, task, words))
    return changes


def _items(operation: Operation, table: ItemTable) -> list[Change]:
    ids = operation.allocation.items.unpack()
    rows = table.ids.rows_of(ids)
    changes = [
        Change("item gone", operation.id, ids[int(i)], f"{operation.title}: the item {ids[int(i)]} is gone")
        for i in np.flatnonzero(rows < 0)
    ]
    if operation.selection.query is None:
        return changes
    there = rows[rows >= 0]
    left = there[~evaluate(parse(operation.selection.query), table)[there]]
    changes += _named(operation, table, left, "item left the selection", "no longer matches the filter")
    return changes


def _present(
    plan: Plan, operation: Operation, backend: Backend, table: ItemTable, keys: frozenset[str]
) -> list[Change]:
    task = backend.task(plan.snapshot.dataset, str(operation.target))
    # What this operation added before the process died is not in the way of adding it.
    if backend.find(operation.key) is not None:
        return []
    rows = table.ids.rows_of(operation.allocation.items.unpack())
    held = [table.ids.rows_of(assignment.items) for assignment in task.assignments]
    present = np.intersect1d(rows[rows >= 0], np.concatenate(held) if held else np.zeros(0, dtype=np.int64))
    return _named(operation, table, present, "item in the task already", "is in the task already")


def _named(
    operation: Operation, table: ItemTable, rows: NDArray[np.int64], kind: Kind, words: str
) -> list[Change]:
    column = table.column("filename")
    return [
        Change(kind, operation.id, table.ids[row], f"{operation.title}: {column.reached(row)[0]} {words}")
        for row in rows.tolist()
    ]


def _people(plan: Plan, operation: Operation, members: frozenset[str] | None) -> list[Change]:
    if members is None:
        return []
    changes = []
    for share in operation.allocation.shares:
        words = f"{operation.title}: {share.assignee} is no member of {plan.snapshot.project}"
        # Said when the plan was made, and accepted then: that is no change.
        if share.assignee not in members and words not in plan.warnings:
            changes.append(Change("no member", operation.id, share.assignee, words))
    return changes
