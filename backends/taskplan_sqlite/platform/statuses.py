"""Item statuses, and what they make of assignments and tasks."""

from __future__ import annotations

import sqlite3

import numpy as np
from numpy.typing import NDArray

from taskplan_sqlite.platform.documents import iso


def set_status(
    connection: sqlite3.Connection,
    task: str,
    keys: NDArray[np.int64],
    status: str,
    *,
    creator: str,
    now: float,
) -> int:
    """Set the status of items (primary keys) in a task and return how many of them are in it.

    The platform records it on the task ref and on the assignment ref alike
    (pinned by its tests); one row holds both here.
    """
    return _write(connection, task, keys, (status, creator, iso(now)))


def clear_status(connection: sqlite3.Connection, task: str, keys: NDArray[np.int64]) -> int:
    """Take the status of items in a task away and return how many of them are in it."""
    return _write(connection, task, keys, (None, None, None))


def _write(
    connection: sqlite3.Connection, task: str, keys: NDArray[np.int64], said: tuple[str | None, ...]
) -> int:
    before = connection.total_changes
    connection.executemany(
        "UPDATE refs SET status = ?, creator = ?, timestamp = ? WHERE task = ? AND item = ?",
        [(*said, task, key) for key in keys.tolist()],
    )
    changed = connection.total_changes - before
    refresh(connection, task)
    return changed


def refresh(connection: sqlite3.Connection, task: str) -> None:
    """Bring the statuses of a task and of its assignments up to date with their items.

    A task is completed when every item has a status and open otherwise (pinned);
    an assignment is todo, in progress or done.
    """
    found = {
        assignment: (items, done)
        for assignment, items, done in connection.execute(
            "SELECT assignment, count(*), count(status) FROM refs WHERE task = ? GROUP BY assignment", (task,)
        )
    }
    held = connection.execute("SELECT id, status FROM assignments WHERE task = ?", (task,)).fetchall()
    for assignment, status in held:
        items, done = found.get(assignment, (0, 0))
        new = "todo" if done == 0 else "done" if done == items else "in progress"
        if new != status:
            connection.execute("UPDATE assignments SET status = ? WHERE id = ?", (new, assignment))
    items = sum(count for count, _ in found.values())
    completed = bool(items) and all(count == done for count, done in found.values())
    connection.execute(
        "UPDATE tasks SET status = :status WHERE id = :task AND status <> :status",
        {"status": "completed" if completed else "open", "task": task},
    )
