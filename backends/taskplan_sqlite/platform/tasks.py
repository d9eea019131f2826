"""Creating and deleting tasks, and the assignments in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from taskplan_sqlite.platform.wording import assignment_document, derived_id


@dataclass(frozen=True, slots=True)
class Place:
    """Where a task lives: the primary key of its dataset, and the ids that documents name."""

    dataset_pk: int
    dataset_id: str
    project_id: str


def place_of(connection: sqlite3.Connection, dataset_pk: int) -> Place:
    """Return the place that a dataset is."""
    row = connection.execute(
        "SELECT d.id, p.id FROM datasets d JOIN projects p ON p.pk = d.project WHERE d.pk = ?", (dataset_pk,)
    ).fetchone()
    return Place(dataset_pk, row[0], row[1])


def insert_task(
    connection: sqlite3.Connection,
    place: Place,
    document: Mapping[str, Any],
    operation: str | None,
    now: float,
) -> None:
    """Store a new task; `operation` is the key of the plan operation that makes it, if one does."""
    connection.execute(
        """INSERT INTO tasks
           (id, dataset, name, type, status, priority, due, owner, parent, operation, rehearsed,
            created_at, document)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)""",
        (
            document["id"],
            place.dataset_pk,
            document["name"],
            document["spec"]["type"],
            document["status"],
            document["priority"],
            document["dueDate"],
            document["taskOwner"],
            document["spec"].get("parentTaskId"),
            operation,
            now,
            _text(document),
        ),
    )


def assignment_for(
    connection: sqlite3.Connection, place: Place, task: str, annotator: str, operation: str | None, now: float
) -> str:
    """Return the id of a person's assignment in a task, made where they have none yet.

    The platform keeps one assignment a person, by lower-cased e-mail.
    """
    annotator = annotator.lower()
    found = connection.execute(
        "SELECT id FROM assignments WHERE task = ? AND annotator = ?", (task, annotator)
    ).fetchone()
    if found is not None:
        return str(found[0])
    assignment = derived_id("assignment", task, annotator)
    (position,) = connection.execute(
        "SELECT coalesce(max(position) + 1, 0) FROM assignments WHERE task = ?", (task,)
    ).fetchone()
    (task_name,) = connection.execute("SELECT name FROM tasks WHERE id = ?", (task,)).fetchone()
    document = assignment_document(
        assignment_id=assignment,
        name=f"{task_name} ({annotator})",
        annotator=annotator,
        project=place.project_id,
        dataset=place.dataset_id,
        task=task,
        now=now,
    )
    connection.execute(
        """INSERT INTO assignments (id, task, annotator, name, status, operation, position, document)
           VALUES (?, ?, ?, ?, 'todo', ?, ?, ?)""",
        (assignment, task, annotator, document["name"], operation, position, _text(document)),
    )
    return assignment


def drop_assignments(connection: sqlite3.Connection, task: str) -> None:
    """Remove the assignments of a task that hold no item any more, as the platform does."""
    connection.execute(
        """DELETE FROM assignments WHERE task = ?1 AND id NOT IN
           (SELECT assignment FROM refs WHERE task = ?1 AND assignment IS NOT NULL)""",
        (task,),
    )


def delete_task(connection: sqlite3.Connection, task: str) -> int:
    """Delete a task with its assignments and refs; returns how many items were in it."""
    items = connection.execute("DELETE FROM refs WHERE task = ?", (task,)).rowcount
    connection.execute("DELETE FROM assignments WHERE task = ?", (task,))
    connection.execute("DELETE FROM operations WHERE task = ?", (task,))
    connection.execute("DELETE FROM tasks WHERE id = ?", (task,))
    return items


def change_document(connection: sqlite3.Connection, task: str, change: Mapping[str, Any]) -> None:
    """Replace top-level fields of a task's document."""
    (text,) = connection.execute("SELECT document FROM tasks WHERE id = ?", (task,)).fetchone()
    document = {**msgspec.json.decode(text), **change}
    connection.execute("UPDATE tasks SET document = ? WHERE id = ?", (_text(document), task))


def assignment_ids(connection: sqlite3.Connection, task: str) -> list[str]:
    """Return the ids of a task's assignments, in the order they were made."""
    rows = connection.execute("SELECT id FROM assignments WHERE task = ? ORDER BY position", (task,))
    return [row[0] for row in rows]


def _text(document: Mapping[str, Any]) -> str:
    return msgspec.json.encode(document).decode()
