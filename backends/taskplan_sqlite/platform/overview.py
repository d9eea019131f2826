"""Everything at a glance: datasets, tasks, who has what, and how far it is, in counts."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import Any

from taskplan_sqlite.platform.rows import rows_of

MOST_TASKS = 100
"""So many tasks are counted in full, the newest; counting reads every place of every item in them."""
PAGE = 50
"""Items on a page of a task's items."""
Counts = dict[str, int]
"""Items by status; "" are those without one."""


class Overview:
    """The overview of a store, counted again only once something has changed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._version: tuple[int, int] | None = None
        self._found: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        """Return datasets and tasks, newest task first, as plain data."""
        (others,) = self._connection.execute("PRAGMA data_version").fetchone()
        version = (int(others), self._connection.total_changes)
        if version != self._version:
            self._found = _count(self._connection)
            self._version = version
        return self._found


def items_of_task(connection: sqlite3.Connection, task: str, page: int) -> list[dict[str, Any]]:
    """Return one page of a task's items, in the order of their import, with who has them."""
    rows = connection.execute(
        """SELECT i.id, i.filename, a.annotator, coalesce(r.status, '')
           FROM refs r JOIN items i ON i.pk = r.item LEFT JOIN assignments a ON a.id = r.assignment
           WHERE r.task = ? ORDER BY r.item LIMIT ? OFFSET ?""",
        (task, PAGE, page * PAGE),
    ).fetchall()
    names = ("id", "filename", "assignee", "status")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _count(connection: sqlite3.Connection) -> dict[str, Any]:
    datasets = connection.execute(
        """SELECT d.id, d.name, p.name, (SELECT count(*) FROM items i WHERE i.dataset = d.pk)
           FROM datasets d JOIN projects p ON p.pk = d.project ORDER BY d.pk"""
    ).fetchall()
    names = dict(connection.execute("SELECT pk, name FROM datasets").fetchall())
    (total,) = connection.execute("SELECT count(*) FROM tasks").fetchone()
    newest = f"1 ORDER BY created_at DESC, id DESC LIMIT {MOST_TASKS}"
    tasks = rows_of(connection, f"(SELECT * FROM tasks WHERE {newest})", "1", (), "created_at DESC, id DESC")
    return {
        "datasets": [
            {"id": id, "name": name, "project": project, "items": items}
            for id, name, project, items in datasets
        ],
        "tasks": [_task(connection, row, names[row["dataset"]]) for row in tasks],
        "tasksTotal": total,
    }


def _task(connection: sqlite3.Connection, row: dict[str, Any], dataset: str) -> dict[str, Any]:
    counts: defaultdict[str | None, Counts] = defaultdict(dict)
    for assignment, status, count in connection.execute(
        "SELECT assignment, coalesce(status, ''), count(*) FROM refs WHERE task = ? GROUP BY 1, 2",
        (row["id"],),
    ):
        counts[assignment][status] = count
    assignments = connection.execute(
        "SELECT id, annotator, status FROM assignments WHERE task = ? ORDER BY position", (row["id"],)
    ).fetchall()
    due = row["document"].get("dueDate") or row["due"]
    return {
        "id": row["id"],
        "name": row["name"],
        "type": row["type"],
        "status": row["status"],
        "dataset": dataset,
        "owner": row["owner"],
        "due": due or None,
        "statuses": _sum(counts.values()),
        "waiting": sum(counts.get(None, {}).values()),
        "assignments": [
            {"id": id, "assignee": who, "status": status, "statuses": counts.get(id, {})}
            for id, who, status in assignments
        ],
    }


def _sum(listed: Any) -> Counts:
    found: defaultdict[str, int] = defaultdict(int)
    for counts in listed:
        for status, count in counts.items():
            found[status] += count
    return dict(found)
