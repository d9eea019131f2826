"""What was done to a store: tasks, assignments and items, before and after; and a plan that does it again."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from taskplan import __version__
from taskplan.allocation.certificate import equal_certificate
from taskplan.model.entities import TaskState
from taskplan.model.ids import ItemIds
from taskplan.model.table import ItemTable
from taskplan.planning.codec import seal
from taskplan.planning.document import (
    AllocationRecord,
    Fairness,
    MoveRecord,
    Operation,
    PackedIds,
    Plan,
    Selection,
    Share,
    SnapshotRecord,
    TaskFields,
)
from taskplan.planning.keys import free_id, operation_key
from taskplan.replay.order import without_items
from taskplan_sqlite.backend import SqliteBackend
from taskplan_sqlite.handed import Handed, handed_in
from taskplan_sqlite.platform.quality import copies_of

STRATEGY = "recorded"
"""The name that stands where a plan names its strategy: a script has decided."""


@dataclass(frozen=True, slots=True)
class State:
    """A store at one moment: its tasks, and each dataset's number of items, copies left out.

    `handed` tells of the tasks that the platform hands out itself.
    """

    tasks: Mapping[str, TaskState]
    items: Mapping[str, int]
    handed: Mapping[str, Handed] = field(default_factory=dict)

    @classmethod
    def of(cls, backend: SqliteBackend) -> State:
        tasks = backend.tasks()
        found = {task.id: handed_in(backend.store.connection, task) for task in tasks}
        handed = {name: entry for name, entry in found.items() if entry is not None}
        copies = Counter[str]()
        for task in tasks:
            copies[task.dataset] += len(copies_of(backend.store.connection, task.id))
        return cls(
            {task.id: task for task in tasks},
            {dataset.name: dataset.items - copies[dataset.name] for dataset in backend.datasets()},
            handed,
        )


@dataclass(frozen=True, slots=True)
class TaskWork:
    """What happened to one task.

    `items` maps assignee to the ids that are new with them, `added` to those that
    are new in the task as well; `moved` counts the others, and `left` what is in
    the task no more. `old_name` is set where it has another name now; `handed`
    where the platform hands out the task's items itself.
    """

    task: TaskState
    kind: str  # "created", "changed" or "deleted"
    items: Mapping[str, ItemIds] = field(default_factory=dict)
    added: Mapping[str, ItemIds] = field(default_factory=dict)
    statuses: int = 0
    left: int = 0
    old_name: str | None = None
    handed: Handed | None = None
    givers: Mapping[str, str] = field(default_factory=dict)
    """Item → whom it was with before, of those that have moved."""

    @property
    def moved(self) -> int:
        return self.count - sum(map(len, self.added.values()))

    @property
    def count(self) -> int:
        return sum(map(len, self.items.values()))


@dataclass(frozen=True, slots=True)
class Record:
    """All that happened, oldest task first; `datasets` maps name to more (or fewer) items."""

    tasks: tuple[TaskWork, ...]
    datasets: Mapping[str, int]


def compare(before: State, after: State) -> Record:
    """Return what happened between two states."""
    works = []
    for name, task in after.tasks.items():
        old = before.tasks.get(name)
        work = _task_work(old, task, after.handed.get(name))
        if old is None or work.items or work.left or work.statuses or work.old_name is not None:
            works.append(work)
    works += [TaskWork(task, "deleted") for name, task in before.tasks.items() if name not in after.tasks]
    names = dict.fromkeys([*before.items, *after.items])
    changes = {name: after.items.get(name, 0) - before.items.get(name, 0) for name in names}
    kept = {name: more for name, more in changes.items() if more or name not in before.items}
    return Record(tuple(works), kept)


def _task_work(old: TaskState | None, task: TaskState, handed: Handed | None) -> TaskWork:
    held = _holders(old)
    items, added = {}, {}
    givers: dict[str, str] = {}
    for a in task.assignments:
        before = [held.get(item) for item in a.items]
        items[a.assignee] = _taken(a.items, [who != a.assignee for who in before])
        added[a.assignee] = _taken(a.items, [who is None for who in before])
        pairs = zip(a.items, before, strict=True)
        givers.update((item, who) for item, who in pairs if who not in (None, a.assignee))
    now = _holders(task)
    return TaskWork(
        task,
        "created" if old is None else "changed",
        {who: ids for who, ids in items.items() if len(ids)},
        {who: ids for who, ids in added.items() if len(ids)},
        _done(task) - (_done(old) if old else 0),
        sum(item not in now for item in held),
        old.name if old is not None and old.name != task.name else None,
        handed,
        givers,
    )


def _taken(ids: ItemIds, wanted: Sequence[bool]) -> ItemIds:
    return ids.take(np.flatnonzero(wanted).astype(np.int64))


def _holders(task: TaskState | None) -> dict[str, str]:
    if task is None:
        return {}
    return {item: a.assignee for a in task.assignments for item in a.items}


def _done(task: TaskState) -> int:
    return sum(sum(a.statuses.values()) for a in task.assignments)


def as_plan(
    record: Record, table: ItemTable, *, script: str, defaults: Collection[str] = ()
) -> tuple[Plan, list[str]]:
    """Return a plan that makes the recorded tasks and additions in a dataset, and what it cannot hold.

    Recipes among `defaults` are those that a task gets where none is named.

    Items that the store did not have before, and everything but making tasks, adding
    items and moving them between people are left out, and said.
    """
    warnings: list[str] = []
    operations: list[Operation] = []
    made: dict[str, str] = {}
    for work in record.tasks:
        task = work.task
        if task.dataset != table.dataset:
            warnings.append(f"{task.name}: is in {task.dataset}, which this plan is not for")
            continue
        if work.kind == "deleted":
            warnings.append(f"{task.name}: was deleted; a plan does not do that")
            continue
        if work.statuses:
            warnings.append(f"{task.name}: statuses of items are no part of a plan")
        if work.handed is not None and work.kind == "changed":
            if work.items:
                warnings.append(
                    f"{task.name}: hands its items out itself; what changed hands in it is left out"
                )
            continue
        if work.left:
            warnings.append(f"{task.name}: {_items(work.left)} left it; a plan does not do that")
        if work.old_name is not None:
            warnings.append(f'{task.name}: was named "{work.old_name}" before; a plan does not do that')
        if work.handed is not None:
            operation, gone = _handed_operation(work, work.handed, made, operations, table, defaults)
            if gone:
                warnings.append(
                    f"{task.name}: {gone:,} of its items were not in the store before; they are left out"
                )
            if operation is None:
                warnings.append(f"{task.name}: nobody got items by it; it is left out")
            else:
                made[task.id] = operation.id
                operations.append(operation)
            continue
        shares, gone = _known(work.added, table)
        if gone:
            warnings.append(
                f"{task.name}: {gone:,} of its items were not in the store before; they are left out"
            )
        if shares:
            operation = _operation(work, shares, made, operations, table, defaults)
            made[task.id] = operation.id
            operations.append(operation)
        elif work.kind == "created":
            warnings.append(f"{task.name}: nobody got items by it; it is left out")
        moved = _moved(work)
        if moved.moves:
            operations.append(_keyed(moved, operations, table))
    for name, more in record.datasets.items():
        if more:
            words = "items were added" if more > 0 else "items were removed"
            warnings.append(f"{name}: {words}; a plan does not do that")
    plan = Plan(
        digest="",
        taskplan=__version__,
        seed=0,
        spec={"script": script},
        snapshot=SnapshotRecord(
            project=table.project,
            dataset=table.dataset,
            items=len(table),
            fingerprint=table.fingerprint(()),
            paths=(),
        ),
        warnings=tuple(warnings),
        operations=tuple(operations),
    )
    return seal(plan), warnings


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count:,} items"


def _known(items: Mapping[str, ItemIds], table: ItemTable) -> tuple[dict[str, ItemIds], int]:
    shares: dict[str, ItemIds] = {}
    gone = 0
    for who, ids in items.items():
        there = np.flatnonzero(table.ids.rows_of(ids) >= 0)
        gone += len(ids) - len(there)
        if len(there):
            shares[who] = ids.take(there.astype(np.int64))
    return shares, gone


def _operation(
    work: TaskWork,
    shares: Mapping[str, ItemIds],
    made: Mapping[str, str],
    before: Sequence[Operation],
    table: ItemTable,
    defaults: Collection[str],
) -> Operation:
    fields = _fields(work, made, defaults) if work.kind == "created" else None
    allocation = _allocation(shares)
    draft = Operation(
        id=f"{'create' if fields else 'add'}:{work.task.name}",
        key="",
        action="create_task" if fields else "add_items",
        depends_on=_builds_on(work, made) if fields else (),
        task=fields,
        target=None if fields else work.task.id,
        about=None if fields else work.old_name or work.task.name,
        selection=Selection("items", None, allocation.items.count),
        allocation=allocation,
    )
    return _keyed(draft, before, table)


def _handed_operation(
    work: TaskWork,
    handed: Handed,
    made: Mapping[str, str],
    before: Sequence[Operation],
    table: ItemTable,
    defaults: Collection[str],
) -> tuple[Operation | None, int]:
    """Return what makes a quality or pulling task, and how many of its items are no plan's."""
    allocation = _allocation(handed.shares)
    ids = ItemIds.of(dict.fromkeys(allocation.items.unpack()))
    gone = ids.take(np.flatnonzero(table.ids.rows_of(ids) < 0).astype(np.int64))
    draft = Operation(
        id=f"create:{work.task.name}",
        key="",
        action="create_task",
        depends_on=_builds_on(work, made),
        task=_fields(work, made, defaults),
        selection=Selection("items", None, len(ids) - len(gone)),
        allocation=allocation,
        mode=handed.mode,
    )
    draft = without_items(draft, gone.tolist())
    return (_keyed(draft, before, table) if draft.allocation.items.count else None), len(gone)


def _moved(work: TaskWork) -> Operation:
    """Return what moves the items that have moved; it has no moves where none has."""
    moves, shares = [], {}
    for who, ids in work.items.items():
        groups: dict[str, list[str]] = {}
        for item in ids:
            if item in work.givers:
                groups.setdefault(work.givers[item], []).append(item)
        moves += [MoveRecord(giver, who, len(items)) for giver, items in groups.items()]
        if groups:
            shares[who] = ItemIds.of(item for items in groups.values() for item in items)
    allocation = _allocation(shares)
    return Operation(
        id=f"move:{work.task.name}",
        key="",
        action="move_items",
        target=work.task.id,
        about=work.old_name or work.task.name,
        selection=Selection("held", None, allocation.items.count),
        allocation=allocation,
        moves=tuple(moves),
    )


def _builds_on(work: TaskWork, made: Mapping[str, str]) -> tuple[str, ...]:
    parent = _parent(work)
    return (made[parent],) if parent is not None and parent in made else ()


def _parent(work: TaskWork) -> str | None:
    return str((work.task.document.get("spec") or {}).get("parentTaskId") or "") or None


def _fields(work: TaskWork, made: Mapping[str, str], defaults: Collection[str]) -> TaskFields:
    task, document, parent = work.task, work.task.document, _parent(work)
    recipe = document.get("recipeId")
    return TaskFields(
        name=task.name,
        type=task.type,
        due=task.due,
        priority=task.priority,
        owner=task.owner,
        recipe=None if recipe in defaults else recipe,
        parent=made.get(parent, parent) if parent is not None else None,
        actions=tuple(document.get("availableActions") or ()),
        metadata=dict((document.get("metadata") or {}).get("user") or {}),
    )


def _keyed(draft: Operation, before: Sequence[Operation], table: ItemTable) -> Operation:
    """Return an operation with an id and a key of its own."""
    after = [o.key for o in before if o.id in draft.depends_on]
    key = operation_key(draft, project=table.project, dataset=table.dataset, after=after)
    if any(o.key == key for o in before):
        again = len(before) + 1
        key = operation_key(draft, project=table.project, dataset=table.dataset, after=after, again=again)
    return msgspec.structs.replace(draft, id=free_id(draft.id, {o.id for o in before}), key=key)


def _allocation(shares: Mapping[str, ItemIds]) -> AllocationRecord:
    counts = np.array([len(ids) for ids in shares.values()], dtype=np.int64)
    # Of nobody's work nothing can be said that could be wrong.
    certificate = equal_certificate(counts.tolist() or [0], tuple(shares) or ("",))
    return AllocationRecord(
        strategy=STRATEGY,
        options={},
        ordering="as-listed",
        ordering_path=None,
        shares=tuple(Share(who, len(ids)) for who, ids in shares.items()),
        items=PackedIds.of(ItemIds.of(item for ids in shares.values() for item in ids)),
        fairness=Fairness(
            measures=dict(certificate.measures),
            objective=certificate.objective,
            value=certificate.value,
            bound=certificate.bound,
            # Nobody has promised that a script splits well; JSON knows no infinity.
            ratio=min(certificate.ratio, sys.float_info.max),
            optimal=certificate.optimal,
        ),
    )
