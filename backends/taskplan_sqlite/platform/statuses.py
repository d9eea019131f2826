"""Item statuses, and what they make of assignments and tasks."""

from __future__ import annotations

import sqlite3

import numpy as np
from numpy.typing import NDArray

from taskplan_sqlite.platform.wording import iso


def set_status(
    connection: sqlite3.Connection,
    task: str,
    items: NDArray[np.int64],
    status: str | None,
    *,
    creator: str,
    now: float,
) -> int:
    """Set (or with None clear) the status of items (primary keys) in a task; returns how many are in it.

    The platform records it on the task ref and on the assignment ref alike
    (pinned by its tests); one row holds both here.
    """
    said = (status, creator, iso(now)) if status is not None else (None, None, None)
    before = connection.total_changes
    connection.executemany(
        "UPDATE refs SET status = ?, creator = ?, timestamp = ? WHERE task = ? AND item = ?",
        [(*said, task, item) for item in items.tolist()],
    )
    changed = connection.total_changes - before
    refresh(connection, task)
    return changed


def refresh(connection: sqlite3.Connection, task: str) -> None:
    """Bring the statuses of a task and its assignments up to date with their items.

    A task is completed when every item has a status and open otherwise; an
    assignment is todo, in progress or done.
    """
    total = finished = 0
    counts = connection.execute(
        "SELECT assignment, count(*), count(status) FROM refs WHERE task = ? GROUP BY assignment", (task,)
    ).fetchall()
    found = {assignment: (items, done) for assignment, items, done in counts}
    for assignment, status in connection.execute(
        "SELECT id, status FROM assignments WHERE task = ?", (task,)
    ).fetchall():
        items, done = found.get(assignment, (0, 0))
        now = "todo" if done == 0 else "done" if done == items else "in progress"
        if now != status:
            connection.execute(
                """UPDATE assignments SET status = ?1, document = json_set(document, '$.status', ?1)
                   WHERE id = ?2""",
                (now, assignment),
            )
    for items, done in found.values():
        total += items
        finished += done
    now = "completed" if total and finished == total else "open"
    connection.execute(
        """UPDATE tasks SET status = ?1, document = json_set(document, '$.status', ?1)
           WHERE id = ?2 AND status <> ?1""",
        (now, task),
    )
