"""Pulling tasks: items wait in a queue and are handed out in batches.

A waiting item has a place in the task and no assignment.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan_sqlite.platform.assignments import add_assignment
from taskplan_sqlite.platform.items import queue_items
from taskplan_sqlite.platform.statuses import refresh


def batches_of(document: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return batch size and maximum of a pulling task, None for a task of another kind."""
    system = (document.get("metadata") or {}).get("system") or {}
    if system.get("batchSize") is None:
        return None
    return int(system["batchSize"]), int(system["maxBatchWorkload"])


def start(
    connection: sqlite3.Connection,
    task: str,
    keys: NDArray[np.int64],
    people: Iterable[str],
    batches: tuple[int, int],
    *,
    now: float,
    operation: str | None = None,
) -> dict[str, str]:
    """Put items (primary keys) into the queue, hand people a batch each; return their assignments."""
    queue_items(connection, task, keys, None, operation)
    assignments = {}
    for who in people:
        assignment = add_assignment(connection, task, who, now=now, operation=operation)
        assignments[who.lower()] = assignment
        load_batch(connection, task, assignment, *batches)
    refresh(connection, task)
    return assignments


def waiting(connection: sqlite3.Connection, task: str) -> int:
    """Return how many items of a task wait in its queue."""
    (count,) = connection.execute(
        "SELECT count(*) FROM refs WHERE task = ? AND assignment IS NULL", (task,)
    ).fetchone()
    return int(count)


def load_batch(connection: sqlite3.Connection, task: str, assignment: str, batch: int, most: int) -> int:
    """Hand the next batch to an assignment, as far as its open items allow; return how many items."""
    (in_hand,) = connection.execute(
        "SELECT count(*) FROM refs WHERE task = ? AND assignment = ? AND status IS NULL", (task, assignment)
    ).fetchone()
    count = min(batch, most - in_hand)
    if count <= 0:
        return 0
    moved = connection.execute(
        """UPDATE refs SET assignment = :assignment WHERE task = :task AND item IN
           (SELECT item FROM refs WHERE task = :task AND assignment IS NULL ORDER BY item LIMIT :count)""",
        {"assignment": assignment, "task": task, "count": count},
    ).rowcount
    refresh(connection, task)
    return moved


def clear_batch(connection: sqlite3.Connection, task: str, assignment: str) -> int:
    """Put an assignment's items without a status back into the queue; return how many."""
    moved = connection.execute(
        "UPDATE refs SET assignment = NULL WHERE task = ? AND assignment = ? AND status IS NULL",
        (task, assignment),
    ).rowcount
    refresh(connection, task)
    return moved
