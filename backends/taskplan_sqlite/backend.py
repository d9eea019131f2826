"""The SQLite mock as a backend: plans come out as the platform would record them.

An operation, its effect and its key are one transaction. What is made here is
marked as rehearsed, so that it is never mistaken for the platform's own.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taskplan.errors import BackendError
from taskplan.model.entities import DatasetInfo, TaskState
from taskplan.model.ids import ItemIds
from taskplan.planning.document import Operation
from taskplan.replay.backend import Capabilities, Context, Outcome
from taskplan_sqlite.platform import items, reading, statuses, tasks
from taskplan_sqlite.platform.tasks import Place
from taskplan_sqlite.platform.wording import derived_id, stored_query, task_document
from taskplan_sqlite.store.store import SqliteStore
from taskplan_sqlite.store.table import StoredTable


class SqliteBackend:
    """A `taskplan.replay.backend.Backend` over a store."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store

    @property
    def _connection(self) -> sqlite3.Connection:
        return self.store.connection

    def describe(self) -> Capabilities:
        return Capabilities(
            str(self.store.path),
            local=True,
            actions=frozenset({"create_task", "add_items"}),
            summary="SQLite mock",
        )

    def close(self) -> None:
        self.store.close()

    def datasets(self) -> tuple[DatasetInfo, ...]:
        return self.store.datasets()

    def snapshot(self, dataset: str, *, without: frozenset[str] = frozenset()) -> StoredTable:
        return self.store.table(dataset, without=without)

    def members(self, dataset: str) -> frozenset[str] | None:
        """Return the project's contributors; None where none are known: an import brings no members."""
        rows = self._connection.execute(
            "SELECT c.email FROM contributors c JOIN datasets d ON d.project = c.project WHERE d.pk = ?",
            (self.store.dataset_pk(dataset),),
        ).fetchall()
        return frozenset(email.lower() for (email,) in rows) or None

    def task(self, dataset: str, name_or_id: str) -> TaskState:
        task = reading.find_task(self._connection, self.store.dataset_pk(dataset), name_or_id)
        table = self.store.table(dataset)
        return reading.read_task(self._connection, task, table.dataset, table.ids, table.item_pks)

    def tasks(self, dataset: str | None = None) -> tuple[TaskState, ...]:
        table = self.store.table(dataset)
        return tuple(
            reading.read_task(self._connection, task, table.dataset, table.ids, table.item_pks)
            for task in reading.task_ids(self._connection, self.store.dataset_pk(table.dataset))
        )

    def find(self, key: str) -> Outcome | None:
        row = self._connection.execute("SELECT task FROM operations WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        (task,) = row
        (count,) = self._connection.execute(
            "SELECT count(*) FROM refs WHERE task = ? AND operation = ?", (task, key)
        ).fetchone()
        people = self._connection.execute(
            """SELECT annotator, id FROM assignments WHERE task = ?1 AND (operation = ?2 OR id IN
               (SELECT assignment FROM refs WHERE task = ?1 AND operation = ?2)) ORDER BY position""",
            (task, key),
        )
        return Outcome(task, dict(people.fetchall()), count)

    def perform(self, operation: Operation, context: Context) -> Outcome:
        with self.store.write() as connection:
            found = self.find(operation.key)
            if found is not None:
                return found
            place = tasks.place_of(connection, self.store.dataset_pk(context.dataset))
            if operation.action == "create_task":
                task = self._create(operation, context, place)
            else:
                task = reading.find_task(connection, place.dataset_pk, str(operation.target))
            assignments: dict[str, str] = {}
            shares: list[tuple[str | None, NDArray[np.int64]]] = []
            pks = self._pks(operation, context.dataset)
            start = 0
            for share in operation.allocation.shares:
                part = pks[start : start + share.items]
                start += share.items
                assignment = tasks.assignment_for(
                    connection, place, task, share.assignee, operation.key, context.now
                )
                assignments[share.assignee] = assignment
                shares.append((assignment, part))
            count = items.add_items(connection, task, shares, operation.key)
            self._note(operation, context, task, place.dataset_pk)
            statuses.refresh(connection, task)
            self.store.touch_refs(place.dataset_pk)
        return Outcome(task, assignments, count)

    def _create(self, operation: Operation, context: Context, place: Place) -> str:
        fields = operation.task
        assert fields is not None
        task = derived_id("task", operation.key)
        parent = context.tasks.get(fields.parent, fields.parent) if fields.parent is not None else None
        query = operation.selection.query
        listed = operation.allocation.items.unpack().tolist() if query is None else []
        document = task_document(
            task_id=task,
            name=fields.name,
            type=fields.type,
            parent=parent,
            query=stored_query(query, listed),
            due=fields.due,
            priority=fields.priority,
            owner=fields.owner or context.actor.lower(),
            creator=context.actor.lower(),
            recipe=fields.recipe,
            project=place.project_id,
            dataset=place.dataset_id,
            workload=fields.workload,
            actions=fields.actions,
            metadata=fields.metadata,
            mark={"key": operation.key, "plan": context.plan_digest, "rehearsed": True},
            assignment_ids=[],
            now=context.now,
        )
        tasks.insert_task(self._connection, place, document, operation.key, context.now)
        return task

    def _note(self, operation: Operation, context: Context, task: str, dataset: int) -> None:
        """Write the operation's key down with its effect."""
        self._connection.execute(
            "INSERT INTO operations (key, task, dataset, plan) VALUES (?, ?, ?, ?)",
            (operation.key, task, dataset, context.plan_digest),
        )
        self._sync_document(task)

    def _sync_document(self, task: str) -> None:
        tasks.change_document(
            self._connection, task, {"assignmentIds": tasks.assignment_ids(self._connection, task)}
        )

    def _pks(self, operation: Operation, dataset: str) -> NDArray[np.int64]:
        table = self.store.table(dataset)
        ids = operation.allocation.items.unpack()
        rows = table.ids.rows_of(ids)
        missing = np.flatnonzero(rows < 0)
        if len(missing):
            raise BackendError(
                f"{operation.title}: the item {ids[int(missing[0])]} is not in {table.dataset}"
            )
        pks: NDArray[np.int64] = np.asarray(table.item_pks)[rows]
        return pks

    def items_of(self, key: str) -> Mapping[str, ItemIds]:
        row = self._connection.execute(
            "SELECT task, dataset FROM operations WHERE key = ?", (key,)
        ).fetchone()
        if row is None:
            return {}
        task, dataset = row
        (name,) = self._connection.execute("SELECT name FROM datasets WHERE pk = ?", (dataset,)).fetchone()
        table = self.store.table(name)
        people = dict(
            self._connection.execute(
                "SELECT id, annotator FROM assignments WHERE task = ?", (task,)
            ).fetchall()
        )
        rows = self._connection.execute(
            "SELECT assignment, item FROM refs WHERE task = ? AND operation = ? ORDER BY item", (task, key)
        )
        held = reading.items_by_assignment(rows, table.ids, np.asarray(table.item_pks))
        return {people[assignment]: ids for assignment, ids in held.items()}

    def undo(self, key: str, *, discard_work: bool = False) -> Outcome | None:
        with self.store.write() as connection:
            found = self.find(key)
            if found is None:
                return None
            self._refuse_to_undo(key, found.task_id, discard_work)
            (made,) = connection.execute(
                "SELECT count(*) FROM tasks WHERE id = ? AND operation = ?", (found.task_id, key)
            ).fetchone()
            (dataset,) = connection.execute("SELECT dataset FROM operations WHERE key = ?", (key,)).fetchone()
            if made:
                tasks.delete_task(connection, found.task_id)
            else:
                connection.execute("DELETE FROM refs WHERE task = ? AND operation = ?", (found.task_id, key))
                connection.execute(
                    "DELETE FROM assignments WHERE task = ? AND operation = ?", (found.task_id, key)
                )
                self._sync_document(found.task_id)
                statuses.refresh(connection, found.task_id)
            connection.execute("DELETE FROM operations WHERE key = ?", (key,))
            self.store.touch_refs(dataset)
        return found

    def _refuse_to_undo(self, key: str, task: str, discard_work: bool) -> None:
        (name, made_by) = self._connection.execute(
            "SELECT name, operation FROM tasks WHERE id = ?", (task,)
        ).fetchone()
        (worked,) = self._connection.execute(
            "SELECT count(status) FROM refs WHERE task = ? AND operation = ?", (task, key)
        ).fetchone()
        if worked and not discard_work:
            raise BackendError(
                f"{name}: people have worked on {worked:,} of its items; "
                "--discard-work removes them all the same"
            )
        if made_by == key:
            reviews = self._connection.execute("SELECT name FROM tasks WHERE parent = ?", (task,)).fetchall()
            if reviews:
                raise BackendError(f"{name}: is reviewed by {reviews[0][0]}, which this plan did not make")
            (others,) = self._connection.execute(
                "SELECT count(*) FROM refs WHERE task = ? AND operation IS NOT ?", (task, key)
            ).fetchone()
            if others:
                raise BackendError(f"{name}: holds {others:,} items that were added to it since")
        else:
            # Items that another operation gave to an assignment that this one made.
            (others,) = self._connection.execute(
                """SELECT count(*) FROM refs WHERE task = ?1 AND operation IS NOT ?2 AND assignment IN
                   (SELECT id FROM assignments WHERE task = ?1 AND operation = ?2)""",
                (task, key),
            ).fetchone()
            if others:
                raise BackendError(
                    f"{name}: {others:,} items were added since to people whom this plan brought"
                )

    def set_status(self, task: str, ids: ItemIds, status: str | None, *, creator: str, now: float) -> int:
        """Set (or with None clear) the status of items in a task, as annotators do; returns how many."""
        with self.store.write() as connection:
            dataset, name = connection.execute(
                "SELECT d.pk, d.name FROM tasks t JOIN datasets d ON d.pk = t.dataset WHERE t.id = ?", (task,)
            ).fetchone()
            table = self.store.table(name)
            rows = table.ids.rows_of(ids)
            pks = np.asarray(table.item_pks)[rows[rows >= 0]]
            changed = statuses.set_status(connection, task, pks, status, creator=creator, now=now)
            self.store.touch_refs(dataset)
        return changed

    @contextmanager
    def rehearsal_copy(self) -> Iterator[tuple[SqliteBackend, Path]]:
        """Yield a backend on a throwaway copy of the store, and the path for its journal."""
        with tempfile.TemporaryDirectory(prefix="taskplan-rehearsal-") as folder:
            path = Path(folder) / self.store.path.name
            target = sqlite3.connect(path)
            try:
                self._connection.backup(target)
            finally:
                target.close()
            cache = self.store.path.with_name(self.store.path.name + ".columns")
            if cache.is_dir():
                # Cached columns are replaced and never changed, so links to them are as good as copies.
                shutil.copytree(cache, path.with_name(path.name + ".columns"), copy_function=_link)
            copy = SqliteBackend(SqliteStore(path))
            try:
                yield copy, path
            finally:
                copy.close()


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
