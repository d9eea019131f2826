"""What one plan does that another does not, by tasks, people and items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from taskplan.model.ids import ItemIds
from taskplan.model.times import moment
from taskplan.planning.document import PRIORITY_NAMES, QUEUE, Operation, Plan

Fields = tuple[tuple[str, Any, Any], ...]
_FIELDS = ("type", "due", "priority", "owner", "recipe", "parent", "workload", "actions", "metadata")


@dataclass(frozen=True, slots=True)
class PersonChange:
    """Someone's number of items in a task, before and after; 0 where they take no part."""

    assignee: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Move:
    """How many items go from one person to another."""

    giver: str
    taker: str
    items: int


@dataclass(frozen=True, slots=True)
class TaskChange:
    """How one task differs: `fields` as (name, before, after), item counts, people and moves."""

    title: str
    kind: str  # "added", "removed" or "changed"
    fields: tuple[tuple[str, Any, Any], ...] = ()
    added: int = 0
    removed: int = 0
    people: tuple[PersonChange, ...] = ()
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """The tasks that differ, in the order of the new plan, removed ones last."""

    tasks: tuple[TaskChange, ...]

    @property
    def is_empty(self) -> bool:
        return not self.tasks

    def to_json(self) -> dict[str, Any]:
        """Return the difference as plain data."""
        return {"tasks": [msgspec.to_builtins(task) for task in self.tasks]}

    def lines(self) -> list[str]:
        """Return the difference for people: ``+`` added, ``-`` removed, ``~`` changed."""
        return [line for task in self.tasks for line in _lines(task)]


def diff(old: Plan, new: Plan) -> PlanDiff:
    """Compare two plans; operations are the same task where their ids are."""
    before = {operation.id: operation for operation in old.operations}
    after = {operation.id: operation for operation in new.operations}
    changes = []
    for name, operation in after.items():
        change = _compare(before[name], operation) if name in before else _whole(operation, "added")
        if change is not None:
            changes.append(change)
    changes += [_whole(operation, "removed") for name, operation in before.items() if name not in after]
    return PlanDiff(tuple(changes))


def _whole(operation: Operation, kind: str) -> TaskChange:
    count = operation.allocation.items.count
    added, removed = (count, 0) if kind == "added" else (0, count)
    people = tuple(
        PersonChange(share.assignee, 0, share.items)
        if added
        else PersonChange(share.assignee, share.items, 0)
        for share in operation.allocation.shares
        if share.assignee != QUEUE
    )
    title = operation.title
    if operation.task is None:
        title = f"{'moves within' if operation.moves else 'additions to'} {title}"
    return TaskChange(title, kind, (), added, removed, people)


def _compare(old: Operation, new: Operation) -> TaskChange | None:
    fields = _changed_fields(old, new)
    if (
        not fields
        and old.allocation.items == new.allocation.items
        and old.allocation.shares == new.allocation.shares
    ):
        return None
    if old.mode is not None or new.mode is not None:
        return _compare_handed(old, new, fields)
    old_people, old_owner = _owners(old)
    new_people, new_owner = _owners(new)
    old_ids, new_ids = old.allocation.items.unpack(), new.allocation.items.unpack()
    rows = _rows(new_ids, old_ids)
    stayed = rows >= 0
    moves = _moves(old_people, old_owner[stayed], new_people, new_owner[rows[stayed]])
    removed = int((~stayed).sum())
    added = len(new_ids) - int(stayed.sum())
    people = _people(old, new)
    if not (fields or moves or removed or added or people):
        return None
    return TaskChange(new.title, "changed", fields, added, removed, people, moves)


def _compare_handed(old: Operation, new: Operation, fields: Fields) -> TaskChange:
    """Compare tasks that the platform hands out: what is in them, and how many everyone gets, no moves."""
    before, after = (set(operation.allocation.items.unpack()) for operation in (old, new))
    return TaskChange(
        new.title, "changed", fields, len(after - before), len(before - after), _people(old, new)
    )


def _people(old: Operation, new: Operation) -> tuple[PersonChange, ...]:
    counts = {share.assignee: share.items for share in old.allocation.shares}
    after = {share.assignee: share.items for share in new.allocation.shares}
    return tuple(
        PersonChange(who, counts.get(who, 0), after.get(who, 0))
        for who in dict.fromkeys([*after, *counts])
        if counts.get(who) != after.get(who) and who != QUEUE
    )


def _rows(have: ItemIds, wanted: ItemIds) -> NDArray[np.int64]:
    return have.rows_of(wanted) if len(have) else np.full(len(wanted), -1, dtype=np.int64)


def _changed_fields(old: Operation, new: Operation) -> Fields:
    changed = []
    if old.task is not None and new.task is not None:
        pairs = [(name, getattr(old.task, name), getattr(new.task, name)) for name in _FIELDS]
        changed += [pair for pair in pairs if pair[1] != pair[2]]
    if old.target != new.target:
        changed.append(("target", old.target, new.target))
    if old.mode != new.mode:
        changed.append(("handed out", *(msgspec.to_builtins(o.mode) for o in (old, new))))
    return tuple(changed)


def _owners(operation: Operation) -> tuple[list[str], NDArray[np.int64]]:
    shares = operation.allocation.shares
    counts = np.array([share.items for share in shares], dtype=np.int64)
    return [share.assignee for share in shares], np.repeat(np.arange(len(shares)), counts)


def _moves(
    givers: list[str], given: NDArray[np.int64], takers: list[str], taken: NDArray[np.int64]
) -> tuple[Move, ...]:
    table = np.zeros((len(givers), len(takers)), dtype=np.int64)
    np.add.at(table, (given, taken), 1)
    return tuple(
        Move(giver, taker, int(table[i, j]))
        for i, giver in enumerate(givers)
        for j, taker in enumerate(takers)
        if giver != taker and table[i, j]
    )


def _lines(task: TaskChange) -> list[str]:
    mark = {"added": "+", "removed": "-", "changed": "~"}[task.kind]
    moved = sum(move.items for move in task.moves)
    counts = [
        f"{_items(count)} {verb}"
        for count, verb in ((task.added, "added"), (task.removed, "removed"), (moved, "moved"))
        if count
    ]
    result = [f"{mark} {task.title}: {', '.join(counts)}" if counts else f"{mark} {task.title}"]
    result += [
        f"    {name}: {_show(name, before)} → {_show(name, after)}" for name, before, after in task.fields
    ]
    result += [f"    {person.assignee}: {person.before:,} → {person.after:,}" for person in task.people]
    result += [f"    {move.giver} → {move.taker}: {_items(move.items)}" for move in task.moves]
    return result


def _items(count: int) -> str:
    return f"{count:,} {'item' if count == 1 else 'items'}"


def _show(name: str, value: Any) -> str:
    if name == "due":
        return moment(value)
    if name == "priority":
        return PRIORITY_NAMES[value]
    return msgspec.json.encode(value).decode()
