"""Does the backend still match the snapshot of a plan? Asked before the first write."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from taskplan.dql.evaluate import evaluate
from taskplan.dql.explain import clauses
from taskplan.dql.parse import parse
from taskplan.dql.query import item_paths
from taskplan.errors import InputError
from taskplan.model.ids import ItemIds
from taskplan.model.table import ANNOTATIONS, ItemTable
from taskplan.planning.document import Operation, Plan
from taskplan.replay.backend import Backend
from taskplan.replay.modes import is_quality, parts_of
from taskplan.replay.moves import moves_of
from taskplan.replay.order import in_order, without_items

_SHOWN = 60
"""Longer values are cut in messages."""
ChangeKind = Literal[
    "item-gone",
    "item-left",
    "item-present",
    "item-moved",
    "item-done",
    "task-gone",
    "task-kind",
    "parent-gone",
    "stranger",
    "empty",
]


@dataclass(frozen=True, slots=True)
class Change:
    """One way in which an operation no longer holds; `words` says it in one line.

    `item` is an id, `person` an e-mail; neither is set where the whole operation fails.
    """

    kind: ChangeKind
    operation: str
    words: str
    item: str | None = None
    person: str | None = None


def check_drift(
    plan: Plan, backend: Backend, done_keys: Collection[str], *, before: ItemTable | None = None
) -> tuple[Change, ...]:
    """Return how the operations not yet done no longer hold; nothing is written.

    `before` are the items as the plan was made from them, to say what they were.

    Effects of the plan's own operations do not count as changes. The selection
    is only asked again where the fingerprint of the columns it reads has changed.
    BackendError for an operation that the backend cannot perform.
    """
    pending = [operation for operation in in_order(plan) if operation.key not in done_keys]
    if not pending:
        return ()
    can = backend.describe()
    for operation in pending:
        can.check(operation)
    own = frozenset(operation.key for operation in plan.operations)
    only = ItemIds.of(dict.fromkeys(item for o in pending for item in o.allocation.items.unpack()))
    table = backend.snapshot(plan.snapshot.dataset, without=own, only=only)
    same = table.fingerprint(plan.snapshot.paths) == plan.snapshot.fingerprint
    members = backend.members(plan.snapshot.dataset)
    changes: list[Change] = []
    # Task → item → who will have it by then, by moves that come before.
    moved: dict[str, dict[str, str | None]] = {}
    for operation in pending:
        if operation.action == "move_items":
            changes += _moves(plan, backend, operation, moved.setdefault(str(operation.target), {}))
        else:
            changes += _tasks(plan, backend, operation, table)
        if not same:
            changes += _items(operation, table, before)
        if members is not None:
            changes += _people(operation, members)
    return tuple(changes)


def narrowed(plan: Plan, changes: Iterable[Change]) -> tuple[dict[str, Operation], tuple[Change, ...]]:
    """Return the operations, by id, less what no longer holds; and one more change for each left empty.

    What falls out of an operation falls out of the reviews of it as well.
    """
    items: dict[str, set[str]] = {operation.id: set() for operation in plan.operations}
    people: dict[str, set[str]] = {operation.id: set() for operation in plan.operations}
    fallen: set[str] = set()
    for change in changes:
        if change.item is not None:
            items[change.operation].add(change.item)
        elif change.person is not None:
            people[change.operation].add(change.person)
        else:
            fallen.add(change.operation)
    kept: dict[str, Operation] = {}
    more: list[Change] = []
    for operation in in_order(plan):
        for needed in operation.depends_on:
            items[operation.id] |= items[needed]
        if operation.id not in fallen and fallen.isdisjoint(operation.depends_on):
            less = without_items(operation, items[operation.id], people[operation.id])
            if less.allocation.items.count or not operation.allocation.items.count:
                kept[operation.id] = less
                items[operation.id] |= _lost(operation, less)
                continue
        if operation.id not in fallen:
            words = f"{operation.id}: nothing is left of it"
            more.append(Change("empty", operation.id, words))
            fallen.add(operation.id)
    return kept, tuple(more)


def _lost(operation: Operation, less: Operation) -> set[str]:
    if less is operation:
        return set()
    return set(operation.allocation.items.unpack()) - set(less.allocation.items.unpack())


def _tasks(plan: Plan, backend: Backend, operation: Operation, table: ItemTable) -> list[Change]:
    dataset = plan.snapshot.dataset
    if operation.task is not None:
        parent = operation.task.parent
        if parent is None or any(parent == other.id for other in plan.operations):
            return []
        try:
            backend.task(dataset, parent)
        except InputError as error:
            words = f"{operation.id}: the task that it reviews: {error.message}"
            return [Change("parent-gone", operation.id, words)]
        return []
    try:
        target = backend.task(dataset, str(operation.target))
    except InputError as error:
        return [Change("task-gone", operation.id, f"{operation.id}: {error.message}")]
    if backend.begun(operation.key):
        # What is in the task may be what this operation has put there.
        return []
    wanted = operation.allocation.items.unpack()
    present = np.zeros(len(wanted), dtype=bool)
    for assignment in target.assignments:
        present |= assignment.items.rows_of(wanted) >= 0
    names = _filenames(table, wanted, np.flatnonzero(present))
    return [
        Change(
            "item-present",
            operation.id,
            f'{operation.id}: {name} is in the task "{target.name}" already',
            item=item,
        )
        for item, name in names
    ]


def _moves(plan: Plan, backend: Backend, operation: Operation, moved: dict[str, str | None]) -> list[Change]:
    """Say what is not, or no longer, to be had from whom the plan takes it; note in `moved` who gets it."""
    before = dict(moved)
    moved.update((item, move.taker) for move in moves_of(operation) for item in move.items)
    if any(operation.target == other.id for other in plan.operations):
        return []
    dataset = plan.snapshot.dataset
    try:
        target = backend.task(dataset, str(operation.target))
    except InputError as error:
        return [Change("task-gone", operation.id, f"{operation.id}: {error.message}")]
    system = (target.document.get("metadata") or {}).get("system") or {}
    if any(system.get(name) is not None for name in ("batchSize", "consensusTaskType")):
        words = f'{operation.id}: the task "{target.name}" hands its items out itself, none can be moved'
        return [Change("task-kind", operation.id, words)]
    if backend.begun(operation.key):
        return []
    wanted = operation.allocation.items.unpack()
    # Also what operations of this plan have done, which other checks leave out.
    table = backend.snapshot(dataset, only=wanted)
    rows = table.ids.rows_of(wanted)
    inside, done = (
        np.append(evaluate(parse({"filter": {"metadata.system.refs": {"$match": ref}}}), table), False)[rows]
        for ref in ({"id": target.id}, {"id": target.id, "metadata": {"status": {"$exists": True}}})
    )
    holders: dict[str, str | None] = {}
    for assignment in target.assignments:
        places = np.flatnonzero(assignment.items.rows_of(wanted) >= 0).astype(np.int64)
        holders.update(dict.fromkeys(wanted.take(places), assignment.assignee.lower()))
    holders.update(before)
    givers = {item: move.giver for move in moves_of(operation) for item in move.items}
    names = dict(_filenames(table, wanted, np.arange(len(wanted))))
    changes = []
    for place, item in enumerate(wanted):
        if rows[place] < 0:
            continue
        kind: ChangeKind = "item-moved"
        if not inside[place]:
            words = f'is no longer in the task "{target.name}"'
        elif holders.get(item) != givers[item]:
            words = f"is with {holders.get(item) or 'nobody'}, not with {givers[item] or 'nobody'}"
        elif done[place]:
            kind, words = "item-done", f'has a status in the task "{target.name}"'
        else:
            continue
        changes.append(Change(kind, operation.id, f"{operation.id}: {names[item]} {words}", item=item))
    return changes


def _items(operation: Operation, table: ItemTable, before: ItemTable | None) -> list[Change]:
    wanted = ItemIds.of(dict.fromkeys(operation.allocation.items.unpack()))
    rows = table.ids.rows_of(wanted)
    changes = [
        Change("item-gone", operation.id, f"{operation.id}: item {item} is gone", item=item)
        for item in wanted.take(np.flatnonzero(rows < 0))
    ]
    # Ground truth of a filter's own is among the items, and the query is not about it.
    mixed = operation.mode is None and operation.allocation.strategy == "honeypot"
    if operation.selection.query is not None and not mixed:
        there = rows >= 0
        if is_quality(operation):
            # Ground truth is in nobody's selection: the platform takes it from its own folder.
            there &= parts_of(operation).items.rows_of(wanted) >= 0
        finished = operation.selection.source == "finished"
        for text, part in clauses(parse(operation.selection.query)):
            mask = np.append(evaluate(part, table), True)[rows]
            left = np.flatnonzero(there & ~mask)
            there &= mask
            # Nobody has written the clause that asks for finished items.
            why = "left the selection" if finished else f"no longer satisfies {text}"
            paths = () if finished else item_paths(part)
            for item, name in _filenames(table, wanted, left):
                told = f"{operation.id}: {name} {why}{_difference(item, paths, before, table)}"
                changes.append(Change("item-left", operation.id, told, item=item))
    return changes


def _difference(item: str, paths: Sequence[str], before: ItemTable | None, now: ItemTable) -> str:
    """Say what the fields of a clause were and are, as far as it is known."""
    told = []
    for path in paths:
        if path.startswith(ANNOTATIONS):
            continue
        is_now = _value(now, item, path)
        was = _value(before, item, path) if before is not None else None
        told.append(f"{path} is {is_now}" if was in (None, is_now) else f"{path} was {was}, is {is_now}")
    return f" ({'; '.join(told)})" if told and before is not None else ""


def _value(table: ItemTable, item: str, path: str) -> str | None:
    (row,) = table.ids.rows_of(ItemIds.of((item,))).tolist()
    if row < 0:
        return None
    reached = table.column(path).reached(row)
    text = msgspec.json.encode(reached[0] if len(reached) == 1 else reached).decode() if reached else "absent"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _people(operation: Operation, members: frozenset[str]) -> list[Change]:
    # A quality task is made for all its people or not at all.
    whole = is_quality(operation)
    return [
        Change(
            "stranger",
            operation.id,
            f"{operation.id}: {who} is no member of the project",
            person=None if whole else who,
        )
        for who in operation.people
        if who.lower() not in members
    ]


def _filenames(table: ItemTable, wanted: ItemIds, places: NDArray[np.intp]) -> list[tuple[str, str]]:
    """Return (id, filename) of the wanted ids at `places`; the id again where there is no filename."""
    if len(places) == 0:
        return []
    ids = wanted.take(places.astype(np.int64))
    column = table.column("filename")
    result = []
    for item, row in zip(ids, table.ids.rows_of(ids).tolist(), strict=True):
        reached = column.reached(row) if row >= 0 else ()
        result.append((item, str(reached[0]) if reached else item))
    return result
