"""What an operation has left in the store: finding it by its key, and taking it away.

The key is in ``metadata.user.taskplan`` of the task, in the column ``operation``
of every assignment and ref that the operation made, and for a task that it made
in the task's own row.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from taskplan.replay.backend import Outcome
from taskplan_sqlite.platform import assignments, statuses, tasks

MARK = "taskplan"
ADDED = "rehearsed_added"
"""Apart from ``added``, which is the platform's own word on a task that was pulled."""


def created_mark(key: str, plan: str) -> dict[str, Any]:
    """Return what a task made by an operation says of it; `rehearsed` tells it from the platform's own."""
    return {"key": key, "plan": plan, "rehearsed": True}


def mark(connection: sqlite3.Connection, task: str, key: str) -> None:
    """Note in an existing task that the operation has added to it."""

    def add(document: dict[str, Any]) -> None:
        user = document["metadata"].setdefault("user", {})
        user.setdefault(MARK, {}).setdefault(ADDED, []).append(key)

    tasks.change_document(connection, task, add)


def _unmark(connection: sqlite3.Connection, task: str, key: str) -> None:
    def remove(document: dict[str, Any]) -> None:
        metadata = document["metadata"]
        said = metadata["user"][MARK]
        said[ADDED].remove(key)
        if not said[ADDED]:
            del said[ADDED]
        if not said:
            del metadata["user"][MARK]
        if not metadata["user"]:
            del metadata["user"]

    tasks.change_document(connection, task, remove)


def has_refs(connection: sqlite3.Connection, key: str) -> bool:
    """Tell if the operation has put items into a task that are still there."""
    found = find(connection, key)
    return found is not None and found.items > 0


def find(connection: sqlite3.Connection, key: str) -> Outcome | None:
    """Return what the operation made, as it is now; None where it never took effect or was undone."""
    row = connection.execute("SELECT id FROM tasks WHERE operation = ?", (key,)).fetchone()
    if row is None:
        row = connection.execute(
            """SELECT id FROM tasks WHERE instr(document, :key) AND EXISTS
               (SELECT 1 FROM json_each(document, '$.metadata.user.taskplan.rehearsed_added')
                WHERE value = :key)""",
            {"key": key},
        ).fetchone()
        if row is None:
            return None
    (count,) = connection.execute(
        "SELECT count(*) FROM refs WHERE task = ? AND operation = ?", (row[0], key)
    ).fetchone()
    held = connection.execute(
        """SELECT annotator, id FROM assignments WHERE task = :task AND (operation = :key OR id IN
           (SELECT assignment FROM refs WHERE task = :task AND operation = :key)) ORDER BY position""",
        {"task": row[0], "key": key},
    ).fetchall()
    return Outcome(row[0], dict(held), count)


def blockers(
    connection: sqlite3.Connection, key: str, together: frozenset[str], *, discard_work: bool
) -> tuple[str, ...]:
    """Say what stands against taking the operation away along with those in `together`, a line each."""
    found = find(connection, key)
    if found is None:
        return ()
    task = found.task_id
    (name, made_by) = connection.execute("SELECT name, operation FROM tasks WHERE id = ?", (task,)).fetchone()
    lines = []
    (worked,) = connection.execute(
        "SELECT count(*) FROM refs WHERE task = ? AND operation = ? AND status IS NOT NULL", (task, key)
    ).fetchone()
    if worked and not discard_work:
        lines.append(
            f'{_items(worked)} of the task "{name}" {"has" if worked == 1 else "have"} a status '
            "(--discard-work removes them all the same)"
        )
    # Of a task made here everything goes; of one that was there, the assignments made here.
    whose = (
        ""
        if made_by == key
        else "AND assignment IN (SELECT id FROM assignments WHERE task = :task AND operation = :key)"
    )
    added: dict[str | None, int] = dict(
        connection.execute(
            f"""SELECT operation, count(*) FROM refs WHERE task = :task AND operation IS NOT :key {whose}
                GROUP BY operation""",
            {"task": task, "key": key},
        )
    )
    others = sum(count for operation, count in added.items() if operation not in together)
    if others:
        verb = "was" if others == 1 else "were"
        lines.append(f'{_items(others)} {verb} added to the task "{name}" since (undo that first)')
    if made_by == key:
        for review, operation in connection.execute(
            "SELECT name, operation FROM tasks WHERE parent = ? ORDER BY created_at, name", (task,)
        ):
            if operation not in together:
                lines.append(f'the task "{review}" reviews the task "{name}"')
    return tuple(lines)


def remove(connection: sqlite3.Connection, task: str, key: str) -> None:
    """Take away what the operation made in the task, and the task if it made that."""
    (made_by,) = connection.execute("SELECT operation FROM tasks WHERE id = ?", (task,)).fetchone()
    if made_by == key:
        tasks.delete_task(connection, task)
        return
    connection.execute(
        """DELETE FROM status_log WHERE task = :task AND item IN
           (SELECT item FROM refs WHERE task = :task AND operation = :key)""",
        {"task": task, "key": key},
    )
    connection.execute("DELETE FROM refs WHERE task = ? AND operation = ?", (task, key))
    made = connection.execute(
        "SELECT id FROM assignments WHERE task = ? AND operation = ?", (task, key)
    ).fetchall()
    assignments.drop_emptied(connection, task, [assignment for (assignment,) in made])
    _unmark(connection, task, key)
    statuses.refresh(connection, task)


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count:,} items"
