"""One operation of a plan, done by the mock of the platform, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.errors import BackendError
from taskplan.model.ids import ItemIds
from taskplan.planning.document import Mode, Operation, TaskFields
from taskplan.replay.backend import Context, Outcome
from taskplan.replay.modes import is_quality, parts_of, system_of
from taskplan.replay.moves import moves_of
from taskplan_sqlite import moving, traces
from taskplan_sqlite.platform import items, pulling, quality, tasks
from taskplan_sqlite.platform.documents import NewTask
from taskplan_sqlite.platform.lookup import keys_of
from taskplan_sqlite.store.store import SqliteStore

Keys = NDArray[np.int64]
LISTED = 1000
"""Up to so many items a task's query lists by id; beyond, it names the task's own refs."""


@dataclass(frozen=True, slots=True)
class Performance:
    """Performs `operation` on a dataset (primary key) of a store."""

    store: SqliteStore
    dataset: int
    operation: Operation
    context: Context

    def run(self) -> Outcome:
        """Do it; BackendError where an item or what it builds on is not there."""
        operation, connection, key = self.operation, self.store.connection, self.operation.key
        if operation.action == "move_items":
            return self._move()
        if operation.task is None:
            task = self._target()
            traces.mark(connection, task, key)
        else:
            task = self._create(operation.task)
        if operation.mode is None:
            shares = {who.lower(): self._keys(ids) for who, ids in operation.items_by_assignee().items()}
            assignments, added = items.add_items(connection, task, shares, key, self.context.now)
            return Outcome(task, assignments, added)
        if is_quality(operation):
            filling = quality.Filling(connection, task, self.context.actor, self.context.now, key)
            filling.hand_out(self._handout(operation.mode))
            self.store.touch_documents(self.dataset)
        else:
            self._queue(task, operation.mode)
        return self._found()

    def _found(self) -> Outcome:
        found = traces.find(self.store.connection, self.operation.key)
        assert found is not None
        return found

    def _keys(self, ids: ItemIds) -> Keys:
        return keys_of(self.store, self.dataset, self.context.dataset, ids)

    def _target(self) -> str:
        target = str(self.operation.target)
        if target in self.context.tasks:
            return self.context.tasks[target]
        return tasks.find_task(self.store.connection, self.dataset, target)

    def _move(self) -> Outcome:
        task = self._target()
        traces.mark(self.store.connection, task, self.operation.key, traces.MOVED)
        given = [(m.giver, m.taker, self._keys(m.items)) for m in moves_of(self.operation)]
        moving.move(self.store.connection, task, given, self.operation.key, self.context.now)
        return self._found()

    def _handout(self, mode: Mode) -> quality.Handout:
        parts = parts_of(self.operation)
        single = {who.lower(): self._keys(ids) for who, ids in parts.single.items()}
        copies = {who.lower(): self._keys(ids) for who, ids in parts.copies.items()}
        hidden = None if mode.kind == "honeypot" else np.unique(np.concatenate([*copies.values()]))
        return quality.Handout(single, copies, hidden)

    def _queue(self, task: str, mode: Mode) -> None:
        assert mode.batch is not None
        assert mode.maximum is not None
        pulling.start(
            self.store.connection,
            task,
            self._keys(self.operation.allocation.items.unpack()),
            mode.people,
            (mode.batch, mode.maximum),
            now=self.context.now,
            operation=self.operation.key,
        )

    def _create(self, fields: TaskFields) -> str:
        operation, context, connection = self.operation, self.context, self.store.connection
        dataset_id, project_id, recipe = connection.execute(
            """SELECT d.id, p.id, (SELECT id FROM recipes WHERE dataset = d.pk ORDER BY rowid LIMIT 1)
               FROM datasets d JOIN projects p ON p.pk = d.project WHERE d.pk = ?""",
            (self.dataset,),
        ).fetchone()
        mark = traces.created_mark(operation.key, context.plan_digest)
        metadata: dict[str, Any] = {"user": {**fields.metadata, traces.MARK: mark}}
        if operation.mode is not None:
            metadata["system"] = system_of(operation.mode)
        new = NewTask(
            seed=operation.key,
            name=fields.name,
            type=fields.type,
            dataset_id=dataset_id,
            project_id=project_id,
            owner=fields.owner or context.actor,
            creator=context.actor,
            now=context.now,
            query=_query(operation),
            due=fields.due,
            priority=fields.priority,
            recipe=fields.recipe or recipe,
            parent=self._parent(fields),
            workload=fields.workload or {},
            actions=fields.actions,
            metadata=metadata,
        )
        return tasks.create_task(connection, self.dataset, new, operation.key)

    def _parent(self, fields: TaskFields) -> str | None:
        if fields.parent is None or fields.parent in self.context.tasks:
            return self.context.tasks[fields.parent] if fields.parent is not None else None
        if fields.parent in self.operation.depends_on:
            raise BackendError(f'{self.operation.id} needs "{fields.parent}", which is not done')
        return tasks.find_task(self.store.connection, self.dataset, fields.parent)


def _query(operation: Operation) -> Mapping[str, Any]:
    """Return the query that finds the items: the selection's, else their ids, else the task's own refs."""
    if operation.selection.query is not None:
        return operation.selection.query
    clause: dict[str, Any] = {"metadata.system.refs.id": NewTask.id_of(operation.key)}
    if operation.allocation.items.count <= LISTED:
        clause = {"id": {"$in": list(dict.fromkeys(operation.allocation.items.unpack()))}}
    return {"filter": {"$and": [clause]}}
