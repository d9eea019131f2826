"""What clients ask of tasks: made from a query, filled, emptied, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from taskplan.allocation.pulling import check_batches
from taskplan.errors import InputError
from taskplan_sqlite.platform import pulling, quality
from taskplan_sqlite.platform.assignments import annotators
from taskplan_sqlite.platform.documents import NewTask
from taskplan_sqlite.platform.ids import new_id
from taskplan_sqlite.platform.items import add_items, queue_items, remove_items
from taskplan_sqlite.platform.queries import ItemQueries, envelope, parsed
from taskplan_sqlite.platform.rows import require
from taskplan_sqlite.platform.statuses import refresh
from taskplan_sqlite.platform.tasks import create_task
from taskplan_sqlite.platform.workloads import Keys, even, shared_out

if TYPE_CHECKING:
    from taskplan_sqlite.store.store import SqliteStore

MOST_ITEMS = 80_000
"""A task of so many items or more is refused (the platform's own web form says so)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """A task as a client asks for it; `query` is the JSON text that it sends, `loads` percent by assignee."""

    name: str
    type: str
    dataset: str
    owner: str
    creator: str
    now: float
    query: str
    loads: Mapping[str, float] = field(default_factory=dict)
    due: float | None = None
    priority: int = 2
    recipe: str | None = None
    parent: str | None = None
    limit: int | None = None
    actions: Sequence[Mapping[str, Any]] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Tasks:
    """Performs requests on a store; every method is one transaction of the caller's `write()`."""

    def __init__(self, store: SqliteStore, queries: ItemQueries) -> None:
        self._store = store
        self._queries = queries

    def create(self, request: TaskRequest) -> str:
        """Make a task with its items and assignments and return its id.

        InputError for a query that is none, for too many items, and for batches or
        percentages that the platform refuses.
        """
        connection = self._store.connection
        dataset = require(connection, "dataset", request.dataset)
        sent = envelope(request.query)
        system = dict(request.metadata.get("system") or {})
        allowed = [str(who).lower() for who in system.get("allowedAssignees") or request.loads]
        asked = quality.quality_of(system, len(allowed))
        batches = None
        if system.get("batchSize") is not None or system.get("maxBatchWorkload") is not None:
            batches = check_batches(system.get("batchSize"), system.get("maxBatchWorkload"))
            system["allowedAssignees"] = allowed
        if request.parent is not None:
            require(connection, "task", request.parent)
        keys = self._selected(dataset["pk"], sent, request.limit)
        (project,) = connection.execute(
            "SELECT id FROM projects WHERE pk = ?", (dataset["project"],)
        ).fetchone()
        new = NewTask(
            seed=new_id(request.now),
            name=request.name,
            type=request.type,
            dataset_id=request.dataset,
            project_id=project,
            owner=request.owner,
            creator=request.creator,
            now=request.now,
            query=sent,
            due=request.due,
            priority=request.priority,
            recipe=request.recipe,
            parent=request.parent,
            workload=request.loads,
            actions=request.actions,
            metadata={**request.metadata, "system": system},
        )
        task = create_task(connection, dataset["pk"], new, None)
        if asked is not None:
            loads = request.loads or even(allowed)
            given = quality.handout(connection, dataset["pk"], keys, loads, asked)
            quality.Filling(connection, task, request.creator, request.now).hand_out(given)
            self._store.touch_documents(dataset["pk"])
        elif batches is not None:
            pulling.start(connection, task, keys, allowed, batches, now=request.now)
        else:
            self._share(task, keys, request.loads, request.now)
        self._store.touch_refs(dataset["pk"])
        return task

    def add(self, task: str, query: str, loads: Mapping[str, float], *, limit: int | None, now: float) -> int:
        """Add the items of a query to a task and return how many were new.

        Without loads they are shared evenly by those who work on it already, or
        join the queue of a pulling task; no source pins what the platform does.
        """
        connection = self._store.connection
        row = require(connection, "task", task)
        keys = self._selected(row["dataset"], envelope(query), limit)
        held = {item for (item,) in connection.execute("SELECT item FROM refs WHERE task = ?", (task,))}
        keys = keys[np.fromiter((key not in held for key in keys.tolist()), dtype=bool, count=len(keys))]
        if len(held) + len(keys) >= MOST_ITEMS:
            raise InputError(f"a task of {MOST_ITEMS:,} items or more is refused")
        batches = pulling.batches_of(row["document"])
        if batches is not None:
            pulling.start(connection, task, keys, loads, batches, now=now)
        else:
            self._share(task, keys, loads or _evenly(annotators(connection, task)), now)
        self._store.touch_refs(row["dataset"])
        return len(keys)

    def remove(self, task: str, query: str) -> int:
        """Take the items of a query out of a task, but those with a status; return how many left."""
        connection = self._store.connection
        row = require(connection, "task", task)
        keys = self._selected(row["dataset"], envelope(query), None)
        removed = remove_items(connection, task, keys)
        self._store.touch_refs(row["dataset"])
        return removed

    def delete(self, task: str) -> None:
        """Delete a task, its assignments, and the copies of items that were made for it."""
        connection = self._store.connection
        row = require(connection, "task", task)
        if quality.delete_with_copies(connection, task):
            self._store.touch_documents(row["dataset"])
        self._store.touch_refs(row["dataset"])

    def _selected(self, dataset: int, sent: Mapping[str, Any], limit: int | None) -> Keys:
        query = parsed({**sent, "resource": "items"}, "items")
        keys = self._queries.select(dataset, query)
        if limit is not None and limit > 0:
            keys = keys[:limit]
        if len(keys) >= MOST_ITEMS:
            raise InputError(
                f"the query selects {len(keys):,} items; a task of {MOST_ITEMS:,} or more is refused"
            )
        return keys

    def _share(self, task: str, keys: Keys, loads: Mapping[str, float], now: float) -> None:
        connection = self._store.connection
        if loads:
            add_items(connection, task, shared_out(keys, loads), None, now)
        else:
            queue_items(connection, task, keys, None)
            refresh(connection, task)


def _evenly(people: Sequence[str]) -> dict[str, float]:
    return even(people) if people else {}
