"""What was done to a store: tasks, assignments and items, before and after; and a plan that does it again."""

from __future__ import annotations

import sys
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
    Operation,
    PackedIds,
    Plan,
    Selection,
    Share,
    SnapshotRecord,
    TaskFields,
)
from taskplan.planning.keys import free_id, operation_key
from taskplan_sqlite.backend import SqliteBackend

STRATEGY = "recorded"
"""The name that stands where a plan names its strategy: a script has decided."""


@dataclass(frozen=True, slots=True)
class State:
    """A store at one moment: its tasks, and each dataset's number of items."""

    tasks: Mapping[str, TaskState]
    items: Mapping[str, int]

    @classmethod
    def of(cls, backend: SqliteBackend) -> State:
        return cls(
            {task.id: task for task in backend.tasks()},
            {dataset.name: dataset.items for dataset in backend.datasets()},
        )


@dataclass(frozen=True, slots=True)
class TaskWork:
    """What happened to one task.

    `items` maps assignee to the ids that are new with them, `added` to those that
    are new in the task as well; `moved` counts the others, and `left` what is in
    the task no more. `old_name` is set where it has another name now.
    """

    task: TaskState
    kind: str  # "created", "changed" or "deleted"
    items: Mapping[str, ItemIds] = field(default_factory=dict)
    added: Mapping[str, ItemIds] = field(default_factory=dict)
    statuses: int = 0
    left: int = 0
    old_name: str | None = None

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
        work = _task_work(old, task)
        if old is None or work.items or work.left or work.statuses or work.old_name is not None:
            works.append(work)
    works += [TaskWork(task, "deleted") for name, task in before.tasks.items() if name not in after.tasks]
    names = dict.fromkeys([*before.items, *after.items])
    changes = {name: after.items.get(name, 0) - before.items.get(name, 0) for name in names}
    kept = {name: more for name, more in changes.items() if more or name not in before.items}
    return Record(tuple(works), kept)


def _task_work(old: TaskState | None, task: TaskState) -> TaskWork:
    held = _holders(old)
    items, added = {}, {}
    for a in task.assignments:
        before = [held.get(item) for item in a.items]
        items[a.assignee] = _taken(a.items, [who != a.assignee for who in before])
        added[a.assignee] = _taken(a.items, [who is None for who in before])
    now = _holders(task)
    return TaskWork(
        task,
        "created" if old is None else "changed",
        {who: ids for who, ids in items.items() if len(ids)},
        {who: ids for who, ids in added.items() if len(ids)},
        _done(task) - (_done(old) if old else 0),
        sum(item not in now for item in held),
        old.name if old is not None and old.name != task.name else None,
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

    Items that the store did not have before, copies that quality tasks make, and
    everything but making tasks and adding items are left out, and said.
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
        if work.moved:
            warnings.append(
                f"{task.name}: {_items(work.moved)} moved between people; a plan does not do that"
            )
        if work.left:
            warnings.append(f"{task.name}: {_items(work.left)} left it; a plan does not do that")
        if work.old_name is not None:
            warnings.append(f'{task.name}: was named "{work.old_name}" before; a plan does not do that')
        shares, gone = _known(work.added, table)
        if gone:
            warnings.append(
                f"{task.name}: {gone:,} of its items were not in the store before; they are left out"
            )
        if not shares:
            if work.kind == "created":
                warnings.append(f"{task.name}: nobody got items by it; it is left out")
            continue
        operation = _operation(work, shares, made, operations, table, defaults)
        made[task.id] = operation.id
        operations.append(operation)
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
    return seal(plan)[0], warnings


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
    task = work.task
    document = task.document
    fields = None
    depends: tuple[str, ...] = ()
    if work.kind == "created":
        parent = str((document.get("spec") or {}).get("parentTaskId") or "") or None
        depends = (made[parent],) if parent is not None and parent in made else ()
        user = (document.get("metadata") or {}).get("user") or {}
        recipe = document.get("recipeId")
        fields = TaskFields(
            name=task.name,
            type=task.type,
            due=task.due,
            priority=task.priority,
            owner=task.owner,
            recipe=None if recipe in defaults else recipe,
            parent=made.get(parent, parent) if parent is not None else None,
            actions=tuple(document.get("availableActions") or ()),
            metadata=dict(user),
        )
    allocation = _allocation(shares)
    draft = Operation(
        id=free_id(f"{'create' if fields else 'add'}:{task.name}", {o.id for o in before}),
        key="",
        action="create_task" if fields else "add_items",
        depends_on=depends,
        task=fields,
        target=None if fields else task.id,
        about=None if fields else work.old_name or task.name,
        selection=Selection("items", None, allocation.items.count),
        allocation=allocation,
    )
    after = [o.key for o in before if o.id in depends]
    key = operation_key(draft, project=table.project, dataset=table.dataset, after=after)
    if any(o.key == key for o in before):
        key = operation_key(
            draft, project=table.project, dataset=table.dataset, after=after, again=len(before) + 1
        )
    return msgspec.structs.replace(draft, key=key)


def _allocation(shares: Mapping[str, ItemIds]) -> AllocationRecord:
    counts = np.array([len(ids) for ids in shares.values()], dtype=np.int64)
    certificate = equal_certificate(counts.tolist(), tuple(shares))
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
