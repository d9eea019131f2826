"""Making, finding, changing and deleting tasks."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from taskplan.errors import InputError, NotFoundError, did_you_mean
from taskplan_sqlite.platform.documents import NewTask, task_document


def create_task(connection: sqlite3.Connection, dataset: int, task: NewTask, operation: str | None) -> str:
    """Store a new task without items and return its id; `operation` is the key of what makes it."""
    document = task_document(task)
    connection.execute(
        """INSERT INTO tasks
           (id, dataset, name, type, status, priority, due, owner, parent, operation, rehearsed,
            created_at, document)
           VALUES (?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, 1, ?, ?)""",
        (
            task.id,
            dataset,
            task.name,
            task.type,
            task.priority,
            task.due,
            document["taskOwner"],
            task.parent,
            operation,
            task.now,
            _text(document),
        ),
    )
    return task.id


def find_task(connection: sqlite3.Connection, dataset: int, name_or_id: str) -> str:
    """Return a task's id; NotFoundError with the nearest name, InputError where several have the name.

    Two tasks may have one name on the platform, and a look-up by name then fails there, too.
    """
    rows = connection.execute("SELECT id, name FROM tasks WHERE dataset = ?", (dataset,)).fetchall()
    if any(task == name_or_id for task, _ in rows):
        return name_or_id
    named = [str(task) for task, name in rows if name == name_or_id]
    if len(named) > 1:
        raise InputError(f'{len(named)} tasks are named "{name_or_id}"; use an id: {", ".join(named)}')
    if not named:
        hint = did_you_mean(name_or_id, [name for _, name in rows])
        raise NotFoundError(f'there is no task "{name_or_id}"', hint=hint)
    return named[0]


def change_document(
    connection: sqlite3.Connection, task: str, change: Callable[[dict[str, Any]], None]
) -> None:
    """Let `change` edit a task's document in place."""
    (text,) = connection.execute("SELECT document FROM tasks WHERE id = ?", (task,)).fetchone()
    document: dict[str, Any] = msgspec.json.decode(text)
    change(document)
    connection.execute("UPDATE tasks SET document = ? WHERE id = ?", (_text(document), task))


def change_task(
    connection: sqlite3.Connection, task: str, document: Mapping[str, Any], *, status: str | None = None
) -> None:
    """Store another document for a task, and a status where one is given."""
    connection.execute(
        """UPDATE tasks SET name = :name, priority = :priority, due = :due, owner = :owner, document = :text,
           status = coalesce(:status, status) WHERE id = :task""",
        {
            "name": document["name"],
            "priority": document["priority"],
            "due": document["dueDate"],
            "owner": document["taskOwner"],
            "text": _text(document),
            "status": status,
            "task": task,
        },
    )


def delete_task(connection: sqlite3.Connection, task: str) -> None:
    """Delete a task with its assignments, its refs and what was logged of it."""
    for table in ("refs", "status_log", "moves"):
        connection.execute(f"DELETE FROM {table} WHERE task = ?", (task,))
    # The assignments go with it (ON DELETE CASCADE).
    connection.execute("DELETE FROM tasks WHERE id = ?", (task,))


def _text(document: Mapping[str, Any]) -> str:
    return msgspec.json.encode(document).decode()
