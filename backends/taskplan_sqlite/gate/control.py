"""What test suites ask of a gate, beside the platform's API: ``/_taskplan/…``."""

from __future__ import annotations

from typing import Any

import msgspec

from taskplan_sqlite.gate import wire
from taskplan_sqlite.gate.routing import Call, Reply, Routes
from taskplan_sqlite.gate.service import Gate
from taskplan_sqlite.platform import projects
from taskplan_sqlite.platform.rows import require, rows_of

routes = Routes()


class Reset(msgspec.Struct):
    """What is emptied: one project, or (None) the whole store."""

    project: str | None = None


@routes("POST", "/_taskplan/reset", body=Reset)
def reset(gate: Gate, call: Call) -> Any:
    """Empty the store, or one project of it by name or id, and forget what was asked."""
    connection = gate.store.connection
    if call.body.project is None:
        pks = [pk for (pk,) in connection.execute("SELECT pk FROM projects").fetchall()]
    else:
        found = connection.execute(
            "SELECT id FROM projects WHERE id = :name OR name = :name", {"name": call.body.project}
        ).fetchone()
        pks = [require(connection, "project", found[0] if found else call.body.project)["pk"]]
    with gate.store.write():
        for pk in pks:
            projects.delete_project(connection, pk)
        connection.execute("DELETE FROM commands")
    gate.requests.clear()
    return Reply(status=204)


@routes("GET", "/_taskplan/snapshot")
def snapshot(gate: Gate, call: Call) -> Any:
    """Datasets, tasks and assignments as they are now, without their items."""
    connection = gate.store.connection
    return {
        "projects": [wire.project(gate, row) for row in rows_of(connection, "projects", "1", ())],
        "datasets": [wire.dataset(gate, row) for row in rows_of(connection, "datasets", "1", ())],
        "tasks": [
            {**wire.task(gate, row), "assignments": wire.assignments_of(gate, row["id"])}
            for row in rows_of(connection, "tasks", "1", (), "created_at, id")
        ],
    }


@routes("GET", "/_taskplan/requests")
def requests(gate: Gate, call: Call) -> Any:
    """What was asked so far, newest last, without tokens."""
    return list(gate.requests)
