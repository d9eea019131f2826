"""Assignments: one assignee's share of a task."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from taskplan_sqlite.platform.documents import assignment_document, assignment_id


def ensure_assignments(
    connection: sqlite3.Connection, task: str, annotators: Iterable[str], operation: str | None, now: float
) -> dict[str, str]:
    """Return annotator → assignment id; one who has none yet gets one (the platform merges otherwise).

    E-mails are kept in lower case, as the platform does. `operation` marks the
    assignments that are made here.
    """
    held = {
        str(annotator): str(id)
        for id, annotator in connection.execute(
            "SELECT id, annotator FROM assignments WHERE task = ? ORDER BY position DESC", (task,)
        )
    }
    name, dataset_id, project_id = connection.execute(
        """SELECT t.name, d.id, p.id FROM tasks t JOIN datasets d ON d.pk = t.dataset
           JOIN projects p ON p.pk = d.project WHERE t.id = ?""",
        (task,),
    ).fetchone()
    position = connection.execute(
        "SELECT coalesce(max(position) + 1, 0) FROM assignments WHERE task = ?", (task,)
    ).fetchone()[0]
    result: dict[str, str] = {}
    for annotator in map(str.lower, annotators):
        if annotator not in held:
            new = assignment_id(task, annotator, operation or str(position))
            document = assignment_document(
                id=new,
                task=task,
                task_name=name,
                annotator=annotator,
                dataset_id=dataset_id,
                project_id=project_id,
                now=now,
            )
            connection.execute(
                """INSERT INTO assignments (id, task, annotator, name, status, operation, position, document)
                   VALUES (?, ?, ?, ?, 'todo', ?, ?, ?)""",
                (
                    new,
                    task,
                    annotator,
                    document["name"],
                    operation,
                    position,
                    msgspec.json.encode(document).decode(),
                ),
            )
            held[annotator] = new
            position += 1
        result[annotator] = held[annotator]
    return result


def drop_emptied(connection: sqlite3.Connection, task: str, among: Iterable[str]) -> None:
    """Delete those of a task's assignments `among` that hold nothing any more."""
    for assignment in among:
        connection.execute(
            """DELETE FROM assignments WHERE id = :assignment AND NOT EXISTS
               (SELECT 1 FROM refs WHERE task = :task AND assignment = :assignment)""",
            {"assignment": assignment, "task": task},
        )
