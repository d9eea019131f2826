"""What a live platform has besides items, kept in a store: tasks, assignments, refs, members, recipes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from taskplan.model.store import Mirror
from taskplan_sqlite import moving, traces
from taskplan_sqlite.platform.files import delete_files
from taskplan_sqlite.platform.quality import COPIES
from taskplan_sqlite.platform.tasks import delete_task
from taskplan_sqlite.store.store import SqliteStore

Document = Mapping[str, Any]


def mirror(store: SqliteStore, seen: Mirror) -> int:
    """Make a dataset of the store what the platform says; return how many items were taken away.

    Tasks of the platform take the place of those of an earlier pull; what was
    rehearsed or applied here stays as it is. One transaction.
    """
    with store.write() as connection:
        pk = store.dataset_for(str(seen.dataset["name"]), str(seen.project["name"]))
        (project,) = connection.execute("SELECT project FROM datasets WHERE pk = ?", (pk,)).fetchone()
        connection.execute(
            "UPDATE projects SET id = ?, document = ? WHERE pk = ?",
            (seen.project["id"], _text(seen.project), project),
        )
        connection.execute(
            "UPDATE datasets SET id = ?, document = ? WHERE pk = ?",
            (seen.dataset["id"], _text(seen.dataset), pk),
        )
        removed = _remove_gone(store, connection, pk, seen.items) if seen.items is not None else 0
        _members(connection, project, seen.members)
        _recipes(connection, project, pk, seen.recipes)
        _tasks(connection, pk, seen)
        store.touch_refs(pk)
        if removed:
            store.touch_documents(pk)
    return removed


def _remove_gone(store: SqliteStore, connection: sqlite3.Connection, pk: int, there: frozenset[str]) -> int:
    rows = connection.execute("SELECT pk, id FROM items WHERE dataset = ?", (pk,)).fetchall()
    kept = {
        item
        for (item,) in connection.execute(
            """SELECT r.item FROM refs r JOIN items i ON i.pk = r.item JOIN tasks t ON t.id = r.task
               WHERE t.dataset = ? AND r.operation IS NOT NULL AND i.hidden = 1
               AND instr(i.filename, ? || t.id || '/') = 1""",
            (pk, f"{COPIES}/"),
        )
    }
    # Copies that a quality task made here needs are on no platform.
    gone = [item for item, name in rows if name not in there and item not in kept]
    if gone:
        delete_files(connection, gone)
    return len(gone)


def _members(connection: sqlite3.Connection, project: int, members: Iterable[Document]) -> None:
    connection.execute("DELETE FROM contributors WHERE project = ?", (project,))
    connection.executemany(
        "INSERT OR REPLACE INTO contributors (project, email, role, document) VALUES (?, ?, ?, ?)",
        [(project, member["email"], str(member.get("role") or ""), _text(member)) for member in members],
    )


def _recipes(connection: sqlite3.Connection, project: int, pk: int, recipes: Iterable[Document]) -> None:
    connection.executemany(
        """INSERT INTO recipes (id, dataset, project, name, document) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET name = excluded.name, document = excluded.document""",
        [(r["id"], pk, project, str(r.get("title") or r.get("name") or r["id"]), _text(r)) for r in recipes],
    )


def _tasks(connection: sqlite3.Connection, pk: int, seen: Mirror) -> None:
    known = dict(
        connection.execute(
            "SELECT id, document FROM tasks WHERE dataset = ? AND rehearsed = 0", (pk,)
        ).fetchall()
    )
    for gone in known.keys() - {task["id"] for task in seen.tasks}:
        delete_task(connection, gone)
    for task in seen.tasks:
        # What was added here since, rehearsed on this store, stays.
        for table in ("refs", "assignments"):
            connection.execute(f"DELETE FROM {table} WHERE task = ? AND operation IS NULL", (task["id"],))
        connection.execute("DELETE FROM status_log WHERE task = ?", (task["id"],))
    connection.executemany(
        """INSERT INTO tasks
           (id, dataset, name, type, status, priority, due, owner, parent, operation, rehearsed, created_at,
            document)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 0, ?, ?)
           ON CONFLICT (id) DO UPDATE SET name = excluded.name, status = excluded.status,
           priority = excluded.priority, due = excluded.due, owner = excluded.owner,
           document = excluded.document""",
        [
            (
                task["id"],
                pk,
                task["name"],
                (task.get("spec") or {}).get("type") or "annotation",
                task.get("status") or "open",
                task.get("priority") or 2,
                task.get("dueDate") or None,
                str(task.get("taskOwner") or task.get("creator") or ""),
                (task.get("spec") or {}).get("parentTaskId"),
                float(place),
                _text(_with_own_mark(task, known.get(task["id"]))),
            )
            for place, task in enumerate(seen.tasks)
        ],
    )
    connection.executemany(
        """INSERT OR IGNORE INTO assignments
           (id, task, annotator, name, status, operation, position, document)
           VALUES (?, ?, ?, ?, ?, NULL, ?, ?)""",
        [
            (a["id"], task, a["annotator"], a.get("name"), a.get("status") or "todo", place, _text(a))
            for place, (task, a) in enumerate(seen.assignments)
        ],
    )
    connection.executemany(
        """INSERT OR IGNORE INTO refs (item, task, assignment, operation, status, creator, timestamp)
           SELECT pk, ?, ?, NULL, ?, ?, ? FROM items WHERE dataset = ? AND id = ?""",
        [(r.task, r.assignment, r.status, r.creator, r.timestamp, pk, r.item) for r in seen.refs],
    )
    for task in seen.tasks:
        moving.move_again(connection, task["id"])


def _with_own_mark(task: Document, before: str | None) -> Document:
    """Return a task with what was noted in it here, which the platform does not know."""
    old = msgspec.json.decode(before) if before is not None else {}
    said = ((old.get("metadata") or {}).get("user") or {}).get(traces.MARK, {})
    own = {name: said[name] for name in (traces.ADDED, traces.MOVED) if said.get(name)}
    if not own:
        return task
    metadata = task.get("metadata") or {}
    user = metadata.get("user") or {}
    mark = {**(user.get(traces.MARK) or {}), **own}
    return {**task, "metadata": {**metadata, "user": {**user, traces.MARK: mark}}}


def _text(document: Any) -> str:
    return msgspec.json.encode(document).decode()
