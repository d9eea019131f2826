"""Pulling tasks: items wait in a queue and are handed out in batches.

A waiting item has a place in the task and no assignment. The limits are those of
the SDK's own documentation: a batch of 3 to 100 items, and at most twice the
batch, but two more than it, in one person's hands.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from taskplan.errors import InputError
from taskplan_sqlite.platform.statuses import refresh

SMALLEST, LARGEST = 3, 100


def check_batches(batch: Any, most: Any) -> tuple[int, int]:
    """Return batch size and maximum in one person's hands; InputError for what the platform refuses."""
    if isinstance(batch, bool) or not isinstance(batch, int) or not SMALLEST <= batch <= LARGEST:
        raise InputError(f"expected a batch size of {SMALLEST} to {LARGEST}, got {batch!r}")
    if isinstance(most, bool) or not isinstance(most, int) or not batch + 2 <= most <= 2 * batch:
        raise InputError(
            f"expected a maximum batch workload of {batch + 2} to {2 * batch} for batches of {batch}, "
            f"got {most!r}"
        )
    return batch, most


def batches_of(document: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return batch size and maximum of a pulling task, None for a task of another kind."""
    system = (document.get("metadata") or {}).get("system") or {}
    if system.get("batchSize") is None:
        return None
    return int(system["batchSize"]), int(system["maxBatchWorkload"])


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
