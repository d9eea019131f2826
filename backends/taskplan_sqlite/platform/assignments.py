"""Assignments: one assignee's share of a task."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from taskplan.errors import NotFoundError
from taskplan_sqlite.platform.documents import assignment_document, assignment_id, iso
from taskplan_sqlite.platform.ids import new_id
from taskplan_sqlite.platform.rows import as_text, require
from taskplan_sqlite.platform.workloads import shared_out

SEEN = "json_extract(document, '$.metadata.system.hidden') IS NULL"
"""SQL for the assignments that are somebody's work; that of a consensus' originals is nobody's."""


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
            f"SELECT id, annotator FROM assignments WHERE task = ? AND {SEEN} ORDER BY position DESC",
            (task,),
        )
    }
    position = connection.execute(
        "SELECT coalesce(max(position) + 1, 0) FROM assignments WHERE task = ?", (task,)
    ).fetchone()[0]
    result: dict[str, str] = {}
    for annotator in map(str.lower, annotators):
        if annotator not in held:
            held[annotator] = _insert(connection, task, annotator, position, operation=operation, now=now)
            position += 1
        result[annotator] = held[annotator]
    return result


def annotators(connection: sqlite3.Connection, task: str) -> list[str]:
    """Return who works on a task, first come first; hidden assignments are nobody's work."""
    rows = connection.execute(
        f"SELECT annotator FROM assignments WHERE task = ? AND {SEEN} ORDER BY position", (task,)
    )
    return [annotator for (annotator,) in rows]


def add_assignment(
    connection: sqlite3.Connection,
    task: str,
    annotator: str,
    *,
    now: float,
    system: Mapping[str, Any] | None = None,
    operation: str | None = None,
) -> str:
    """Return the id of somebody's assignment, which is made where there is none; `system` marks a new one.

    `operation` marks one that is made here.
    """
    if system is None:
        return ensure_assignments(connection, task, (annotator,), operation, now)[annotator.lower()]
    (position,) = connection.execute(
        "SELECT coalesce(max(position) + 1, 0) FROM assignments WHERE task = ?", (task,)
    ).fetchone()
    return _insert(connection, task, annotator, position, operation=operation, now=now, system=system)


def reassign(connection: sqlite3.Connection, assignment: str, annotator: str, *, now: float) -> str:
    """Give an assignment to somebody else and return the id of the new one, which takes its place.

    All but id, name and annotator stays as it was (pinned). Whoever has an
    assignment in the task already gets the items into that one.
    """
    row = require(connection, "assignment", assignment)
    task, annotator = row["task"], annotator.lower()
    held = connection.execute(
        f"""SELECT id FROM assignments WHERE task = ? AND annotator = ? AND id <> ? AND {SEEN}
            ORDER BY position""",
        (task, annotator, assignment),
    ).fetchone()
    if held is not None:
        new = str(held[0])
        connection.execute(
            "UPDATE refs SET assignment = ? WHERE task = ? AND assignment = ?", (new, task, assignment)
        )
        connection.execute("DELETE FROM assignments WHERE id = ?", (assignment,))
        return new
    (task_name,) = connection.execute("SELECT name FROM tasks WHERE id = ?", (task,)).fetchone()
    new = new_id(now)
    document = row["document"] | {
        "id": new,
        "name": f"{task_name} ({annotator})",
        "annotator": annotator,
        "updatedAt": iso(now),
    }
    connection.execute(
        "UPDATE assignments SET id = ?, annotator = ?, name = ?, document = ? WHERE id = ?",
        (new, annotator, document["name"], as_text(document), assignment),
    )
    connection.execute(
        "UPDATE refs SET assignment = ? WHERE task = ? AND assignment = ?", (new, task, assignment)
    )
    return new


def redistribute(
    connection: sqlite3.Connection, assignment: str, loads: Mapping[str, float], *, now: float
) -> list[str]:
    """Share an assignment's items without a status out anew; return the ids of the takers' assignments.

    Items with a status stay where they are; emptied, the assignment disappears.
    """
    row = require(connection, "assignment", assignment)
    task = row["task"]
    rows = connection.execute(
        "SELECT item FROM refs WHERE task = ? AND assignment = ? AND status IS NULL ORDER BY item",
        (task, assignment),
    ).fetchall()
    keys = np.array([item for (item,) in rows], dtype=np.int64)
    shares = shared_out(keys, loads)
    takers = ensure_assignments(connection, task, shares, None, now)
    for who, part in shares.items():
        connection.executemany(
            "UPDATE refs SET assignment = ? WHERE task = ? AND item = ?",
            [(takers[who], task, key) for key in part.tolist()],
        )
    drop_emptied(connection, task, [assignment] if assignment not in takers.values() else [])
    return list(takers.values())


def remove_annotator(connection: sqlite3.Connection, task: str, annotator: str) -> None:
    """Take somebody out of a task: items without a status wait for others, the rest stays with them."""
    row = connection.execute(
        "SELECT id FROM assignments WHERE task = ? AND annotator = ?", (task, annotator.lower())
    ).fetchone()
    if row is None:
        raise NotFoundError(f"{annotator} has no assignment in the task")
    connection.execute(
        "UPDATE refs SET assignment = NULL WHERE task = ? AND assignment = ? AND status IS NULL",
        (task, row[0]),
    )
    drop_emptied(connection, task, [row[0]])


def restore_assignment(
    connection: sqlite3.Connection, task: str, annotator: str, id: str, operation: str | None, now: float
) -> str:
    """Return somebody's assignment in a task; where there is none, it is made with the id it had before.

    `operation` may have made it then.
    """
    row = connection.execute(
        f"SELECT id FROM assignments WHERE task = ? AND annotator = ? AND {SEEN} ORDER BY position",
        (task, annotator),
    ).fetchone()
    if row is not None:
        return str(row[0])
    (position,) = connection.execute(
        "SELECT coalesce(max(position) + 1, 0) FROM assignments WHERE task = ?", (task,)
    ).fetchone()
    theirs = operation is not None and id == assignment_id(task, annotator, operation)
    return _insert(
        connection, task, annotator, position, operation=operation if theirs else None, now=now, id=id
    )


def drop_emptied(connection: sqlite3.Connection, task: str, among: Iterable[str]) -> None:
    """Delete those of a task's assignments `among` that hold nothing any more."""
    for assignment in among:
        connection.execute(
            """DELETE FROM assignments WHERE id = :assignment AND NOT EXISTS
               (SELECT 1 FROM refs WHERE task = :task AND assignment = :assignment)""",
            {"assignment": assignment, "task": task},
        )


def _insert(
    connection: sqlite3.Connection,
    task: str,
    annotator: str,
    position: int,
    *,
    operation: str | None,
    now: float,
    system: Mapping[str, Any] | None = None,
    id: str | None = None,
) -> str:
    name, dataset_id, project_id = connection.execute(
        """SELECT t.name, d.id, p.id FROM tasks t JOIN datasets d ON d.pk = t.dataset
           JOIN projects p ON p.pk = d.project WHERE t.id = ?""",
        (task,),
    ).fetchone()
    annotator = annotator.lower()
    # Work that a plan does gets ids that follow from the plan.
    seed = f"{operation} hidden" if operation and system else operation
    new = id or (assignment_id(task, annotator, seed) if seed is not None else new_id(now))
    document = assignment_document(
        id=new,
        task=task,
        task_name=name,
        annotator=annotator,
        dataset_id=dataset_id,
        project_id=project_id,
        now=now,
    )
    document["metadata"]["system"] |= system or {}
    connection.execute(
        """INSERT INTO assignments (id, task, annotator, name, status, operation, position, document)
           VALUES (?, ?, ?, ?, 'todo', ?, ?, ?)""",
        (new, task, annotator, document["name"], operation, position, as_text(document)),
    )
    return new
