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
    timestamp = iso(now)
    _log(connection, task, keys, "created", "?", (status, creator, timestamp))
    return _write(connection, task, keys, (status, creator, timestamp))


def clear_status(
    connection: sqlite3.Connection, task: str, keys: NDArray[np.int64], *, creator: str, now: float
) -> int:
    """Take the status of items in a task away and return how many of them are in it.

    The log of the item then says what was taken away, as pinned by the platform's tests.
    """
    _log(connection, task, keys, "deleted", "status", (creator, iso(now)))
    return _write(connection, task, keys, (None, None, None))


def _log(
    connection: sqlite3.Connection,
    task: str,
    keys: NDArray[np.int64],
    action: str,
    status: str,
    said: tuple[str, ...],
) -> None:
    """Add to the items' logs; `status` is SQL for the status that is set or taken away."""
    connection.executemany(
        f"""INSERT INTO status_log (item, task, assignment, action, status, creator, timestamp)
            SELECT item, task, assignment, '{action}', {status}, ?, ? FROM refs
            WHERE task = ? AND item = ? {"AND status IS NOT NULL" if action == "deleted" else ""}""",
        [(*said, task, key) for key in keys.tolist()],
    )


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
