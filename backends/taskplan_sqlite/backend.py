"""The SQLite store as a backend: plans are performed by the local mock of the platform.

An operation and its key are one transaction, so that `find` sees either all of
an operation or nothing of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.errors import BackendError, NotFoundError
from taskplan.model.entities import DatasetInfo, TaskState
from taskplan.model.ids import ItemIds
from taskplan.model.table import ItemTable
from taskplan.planning.document import Action, Operation, TaskFields
from taskplan.replay.backend import Capabilities, Context, Outcome
from taskplan_sqlite import rehearsal, traces
from taskplan_sqlite.platform import items, reading, statuses, tasks
from taskplan_sqlite.platform.documents import NewTask
from taskplan_sqlite.platform.lookup import ids_of, keys_of
from taskplan_sqlite.store.store import SqliteStore

ACTIONS: tuple[Action, ...] = ("create_task", "add_items")
LISTED = 1000
"""Up to so many items a task's query lists by id; beyond, it names the task's own refs."""


class SqliteBackend:
    """A `taskplan.replay.backend.Backend` over a store; `store` is also where items are imported."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store

    def describe(self) -> Capabilities:
        return Capabilities(
            name="sqlite",
            local=True,
            actions=frozenset(ACTIONS),
            summary="a local mock of the platform in one SQLite file",
        )

    def close(self) -> None:
        self.store.close()

    def datasets(self) -> tuple[DatasetInfo, ...]:
        return self.store.datasets()

    def snapshot(
        self, dataset: str | None, *, without: frozenset[str] = frozenset(), only: ItemIds | None = None
    ) -> ItemTable:
        # Keys that have made nothing are not named, so that cached columns serve.
        made = frozenset(key for key in without if traces.has_refs(self._connection, key))
        return self.store.table(dataset, without=made)

    def members(self, dataset: str) -> frozenset[str] | None:
        rows = self._connection.execute(
            """SELECT lower(c.email) FROM contributors c JOIN datasets d ON d.project = c.project
               WHERE d.pk = ?""",
            (self.store.dataset_pk(dataset),),
        ).fetchall()
        return frozenset(email for (email,) in rows) or None

    def task(self, dataset: str, name_or_id: str, *, with_items: bool = True) -> TaskState:
        with self.store.read() as connection:
            found = tasks.find_task(connection, self.store.dataset_pk(dataset), name_or_id)
            return reading.read_task(self.store, found)

    def tasks(self, dataset: str | None = None) -> tuple[TaskState, ...]:
        with self.store.read() as connection:
            condition, values = (
                ("", ()) if dataset is None else ("WHERE dataset = ?", (self.store.dataset_pk(dataset),))
            )
            rows = connection.execute(
                f"SELECT id FROM tasks {condition} ORDER BY created_at, rowid", values
            ).fetchall()
            return tuple(reading.read_task(self.store, task) for (task,) in rows)

    def find(self, key: str) -> Outcome | None:
        with self.store.read() as connection:
            return traces.find(connection, key)

    def begun(self, key: str) -> bool:
        # An operation and its key are one transaction.
        return False

    def settle(self, keys: frozenset[str]) -> None:
        """Nothing is ever made twice here."""

    def items_of(self, operation: Operation) -> Mapping[str, ItemIds]:
        key = operation.key
        with self.store.read() as connection:
            found = traces.find(connection, key)
            if found is None:
                return {}
            (dataset,) = connection.execute(
                "SELECT d.name FROM tasks t JOIN datasets d ON d.pk = t.dataset WHERE t.id = ?",
                (found.task_id,),
            ).fetchone()
            held = ids_of(self.store, dataset, reading.held_items(connection, found.task_id, key))
        nothing = ItemIds.of(())
        return {
            annotator: held.get(assignment, nothing) for annotator, assignment in found.assignments.items()
        }

    def perform(self, operation: Operation, context: Context) -> Outcome:
        dataset = self.store.dataset_pk(context.dataset)
        shares = self._shares(operation, dataset, context.dataset)
        with self.store.write() as connection:
            present = traces.find(connection, operation.key)
            if present is not None:
                return present
            if operation.task is not None:
                task = self._create(connection, operation, operation.task, context, dataset)
            else:
                task = tasks.find_task(connection, dataset, str(operation.target))
                traces.mark(connection, task, operation.key)
            assignments, added = items.add_items(connection, task, shares, operation.key, context.now)
            self.store.touch_refs(dataset)
        return Outcome(task, assignments, added)

    def undo_blockers(
        self, operation: Operation, together: frozenset[str], *, discard_work: bool = False
    ) -> tuple[str, ...]:
        return traces.blockers(self._connection, operation.key, together, discard_work=discard_work)

    def undo(self, operation: Operation, *, discard_work: bool = False) -> Outcome | None:
        key = operation.key
        with self.store.write() as connection:
            found = traces.find(connection, key)
            if found is None:
                return None
            blockers = traces.blockers(connection, key, frozenset({key}), discard_work=discard_work)
            if blockers:
                raise BackendError("; ".join(blockers))
            (dataset,) = connection.execute(
                "SELECT dataset FROM tasks WHERE id = ?", (found.task_id,)
            ).fetchone()
            traces.remove(connection, found.task_id, key)
            self.store.touch_refs(dataset)
        return found

    @contextmanager
    def rehearsal_copy(self) -> Iterator[tuple[SqliteBackend, Path]]:
        """Open a throwaway copy of the store, and the path of its journal, which is the copy itself."""
        with rehearsal.rehearsal_copy(self.store) as copy:
            yield SqliteBackend(copy), copy.path

    def set_status(self, task: str, ids: ItemIds, status: str, *, creator: str, now: float) -> int:
        """Set the status of items in a task, as an annotator does; return how many were in it."""
        with self._changing(task, ids) as (connection, keys):
            return statuses.set_status(connection, task, keys, status, creator=creator, now=now)

    def clear_status(self, task: str, ids: ItemIds, *, creator: str, now: float) -> int:
        """Take the status of items in a task away; return how many were in it."""
        with self._changing(task, ids) as (connection, keys):
            return statuses.clear_status(connection, task, keys, creator=creator, now=now)

    def remove_items(self, task: str, ids: ItemIds) -> int:
        """Take items without a status out of a task; return how many left it."""
        with self._changing(task, ids) as (connection, keys):
            return items.remove_items(connection, task, keys)

    def delete_task(self, task: str) -> None:
        """Delete a task with its assignments, whoever made it."""
        with self._changing(task, ItemIds.of(())) as (connection, _):
            tasks.delete_task(connection, task)

    @property
    def _connection(self) -> sqlite3.Connection:
        return self.store.connection

    @contextmanager
    def _changing(self, task: str, ids: ItemIds) -> Iterator[tuple[sqlite3.Connection, NDArray[np.int64]]]:
        """Open a transaction on one task; NotFoundError where it is not there."""
        row = self._connection.execute(
            "SELECT d.pk, d.name FROM tasks t JOIN datasets d ON d.pk = t.dataset WHERE t.id = ?", (task,)
        ).fetchone()
        if row is None:
            raise NotFoundError(f'there is no task "{task}"')
        dataset, name = row
        keys = keys_of(self.store, dataset, name, ids)
        with self.store.write() as connection:
            yield connection, keys
            self.store.touch_refs(dataset)

    def _shares(self, operation: Operation, dataset: int, name: str) -> dict[str, NDArray[np.int64]]:
        keys = keys_of(self.store, dataset, name, operation.allocation.items.unpack())
        ends = np.cumsum([share.items for share in operation.allocation.shares])
        parts = np.split(keys, ends[:-1])
        return {
            share.assignee.lower(): part
            for share, part in zip(operation.allocation.shares, parts, strict=True)
        }

    def _create(
        self,
        connection: sqlite3.Connection,
        operation: Operation,
        fields: TaskFields,
        context: Context,
        dataset: int,
    ) -> str:
        dataset_id, project_id, recipe = connection.execute(
            """SELECT d.id, p.id, (SELECT id FROM recipes WHERE dataset = d.pk ORDER BY rowid LIMIT 1)
               FROM datasets d JOIN projects p ON p.pk = d.project WHERE d.pk = ?""",
            (dataset,),
        ).fetchone()
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
            parent=self._parent(connection, operation, fields, context, dataset),
            workload=fields.workload or {},
            actions=fields.actions,
            metadata={
                "user": {
                    **fields.metadata,
                    traces.MARK: traces.created_mark(operation.key, context.plan_digest),
                }
            },
        )
        return tasks.create_task(connection, dataset, new, operation.key)

    def _parent(
        self,
        connection: sqlite3.Connection,
        operation: Operation,
        fields: TaskFields,
        context: Context,
        dataset: int,
    ) -> str | None:
        if fields.parent is None or fields.parent in context.tasks:
            return context.tasks[fields.parent] if fields.parent is not None else None
        if fields.parent in operation.depends_on:
            raise BackendError(f'{operation.id} needs "{fields.parent}", which is not done')
        return tasks.find_task(connection, dataset, fields.parent)


def _query(operation: Operation) -> Mapping[str, Any]:
    """Return the query that finds the items: the selection's, else their ids, else the task's own refs."""
    if operation.selection.query is not None:
        return operation.selection.query
    clause: dict[str, Any] = {"metadata.system.refs.id": NewTask.id_of(operation.key)}
    if operation.allocation.items.count <= LISTED:
        clause = {"id": {"$in": operation.allocation.items.unpack().tolist()}}
    return {"filter": {"$and": [clause]}}
