"""The SQLite store as a backend: plans are performed by the local mock of the platform.

An operation and its key are one transaction, so that `find` sees either all of
an operation or nothing of it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taskplan.errors import BackendError, NotFoundError
from taskplan.model.entities import DatasetInfo, TaskState
from taskplan.model.ids import ItemIds
from taskplan.model.table import ItemTable
from taskplan.planning.document import QUEUE, Action, ModeKind, Operation
from taskplan.replay.backend import Capabilities, Context, Outcome
from taskplan.replay.modes import is_quality
from taskplan_sqlite import rehearsal, traces
from taskplan_sqlite.performing import Performance
from taskplan_sqlite.platform import items, quality, reading, statuses, tasks
from taskplan_sqlite.platform.lookup import ids_of, keys_of
from taskplan_sqlite.store.store import SqliteStore

ACTIONS: tuple[Action, ...] = ("create_task", "add_items", "move_items")
MODES: tuple[ModeKind, ...] = ("pulling", "consensus", "honeypot", "qualification")


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
            modes=frozenset(MODES),
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
            if is_quality(operation):
                return reading.held_originals(connection, found.task_id, key)
            if operation.action == "move_items":
                return _by_holder(operation, reading.holders(connection, found.task_id))
            (dataset,) = connection.execute(
                "SELECT d.name FROM tasks t JOIN datasets d ON d.pk = t.dataset WHERE t.id = ?",
                (found.task_id,),
            ).fetchone()
            held = ids_of(self.store, dataset, reading.held_items(connection, found.task_id, key))
        nothing = ItemIds.of(())
        shares = {
            annotator: held.get(assignment, nothing) for annotator, assignment in found.assignments.items()
        }
        return shares | ({QUEUE: held[None]} if None in held else {})

    def perform(self, operation: Operation, context: Context) -> Outcome:
        dataset = self.store.dataset_pk(context.dataset)
        with self.store.write() as connection:
            present = traces.find(connection, operation.key)
            if present is not None:
                return present
            outcome = Performance(self.store, dataset, operation, context).run()
            self.store.touch_refs(dataset)
        return outcome

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
            if traces.remove(connection, found.task_id, key, time.time() * 1000):
                self.store.touch_documents(dataset)
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
            (dataset,) = connection.execute("SELECT dataset FROM tasks WHERE id = ?", (task,)).fetchone()
            if quality.delete_with_copies(connection, task):
                self.store.touch_documents(dataset)

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


def _by_holder(operation: Operation, holders: Mapping[str, str | None]) -> dict[str, ItemIds]:
    """Return the operation's items by whom they are with now."""
    held: dict[str, list[str]] = {}
    for item in operation.allocation.items.unpack():
        if item in holders:
            held.setdefault(holders[item] or QUEUE, []).append(item)
    return {who: ItemIds.of(items) for who, items in held.items()}
