"""Assignments, and the statuses of their items."""

from __future__ import annotations

from typing import Any

import numpy as np

from taskplan_sqlite.gate import wire
from taskplan_sqlite.gate.errors import GateError
from taskplan_sqlite.gate.payloads import (
    AssignmentChange,
    BulkStatus,
    Fields,
    Reassignment,
    Redistribution,
    StatusChange,
)
from taskplan_sqlite.gate.routes.tasks import loads_of
from taskplan_sqlite.gate.routing import Call, Routes
from taskplan_sqlite.gate.service import Gate
from taskplan_sqlite.platform import assignments, pulling, statuses
from taskplan_sqlite.platform.documents import iso
from taskplan_sqlite.platform.queries import Page
from taskplan_sqlite.platform.rows import merged, require, rows_of, write_document

routes = Routes()


@routes(
    "GET",
    "/assignments",
    query=("projects", "taskId", "annotator", "status", "name", "pageOffset", "pageSize"),
)
def list_assignments(gate: Gate, call: Call) -> Any:
    """A page of assignments, of some projects, a task, a person, a status, a name."""
    wanted = set(filter(None, call.query.get("projects", "").split(",")))
    kept = [
        entry
        for row in rows_of(gate.store.connection, "assignments", "1", (), "rowid")
        if call.query.get("taskId") in (None, "", row["task"])
        and call.query.get("annotator", "").lower() in ("", row["annotator"])
        and call.query.get("status") in (None, "", row["status"])
        and call.query.get("name") in (None, "", row["name"])
        and (not wanted or row["document"]["projectId"] in wanted)
        and not row["document"]["metadata"]["system"].get("hidden")
        for entry in [wire.assignment(gate, row)]
    ]
    number, size = call.number("pageOffset", 0), call.number("pageSize", 500, least=1)
    return wire.cursor(Page(kept[number * size : (number + 1) * size], len(kept), number, size))


@routes("POST", "/assignments/items/tasks/{taskId}/status", body=BulkStatus)
def set_statuses_in_task(gate: Gate, call: Call) -> Any:
    """Set or clear the status of items in a task; the answer names those that are in it."""
    task = require(gate.store.connection, "task", call.path["taskId"])
    return _change(gate, call, task["id"], None, call.body.item_ids, call.body.status_payload)


@routes("GET", "/assignments/{id}")
def get_assignment(gate: Gate, call: Call) -> Any:
    """An assignment by id."""
    return wire.assignment(gate, _row(gate, call))


@routes("PATCH", "/assignments/{id}", body=AssignmentChange, query=("system",))
def update_assignment(gate: Gate, call: Call) -> Any:
    """Change an assignment's name or metadata; the system's own stays."""
    row = _row(gate, call)
    document = {**row["document"], "updatedAt": iso(call.now), "updatedBy": call.user}
    if call.body.metadata is not None:
        sent = {name: value for name, value in call.body.metadata.items() if name != "system"}
        document["metadata"] = merged(document["metadata"], sent)
    if call.body.name is not None:
        document["name"] = call.body.name
    with gate.store.write() as connection:
        write_document(connection, "assignment", row["id"], document)
        connection.execute("UPDATE assignments SET name = ? WHERE id = ?", (document["name"], row["id"]))
    return wire.assignment(gate, _row(gate, call))


@routes("POST", "/assignments/{id}/partial", body=Fields)
def assignment_fields(gate: Gate, call: Call) -> Any:
    """Some fields of an assignment."""
    whole = wire.assignment(gate, _row(gate, call))
    return {name: value for name, value in whole.items() if name in call.body.fields}


@routes("POST", "/assignments/{id}/reassign", body=Reassignment)
def reassign(gate: Gate, call: Call) -> Any:
    """Give an assignment to somebody else."""
    row = _row(gate, call)
    with gate.store.write() as connection:
        new = assignments.reassign(connection, row["id"], call.body.annotator, now=call.now)
        statuses.refresh(connection, row["task"])
        _touch(gate, row["task"])
        spec = {"toAssignment": new, "fromAssignment": row["id"], "taskId": row["task"]}
        command = gate.commands.make("ReassignAssignment", spec, now=call.now)
    return wire.command(gate, command)


@routes("POST", "/assignments/{id}/redistribute", body=Redistribution)
def redistribute(gate: Gate, call: Call) -> Any:
    """Share an assignment's items without a status out among others."""
    row = _row(gate, call)
    loads = loads_of(call.body.workload)
    with gate.store.write() as connection:
        takers = assignments.redistribute(connection, row["id"], loads, now=call.now)
        statuses.refresh(connection, row["task"])
        _touch(gate, row["task"])
        spec = {
            "workload": [{"assigneeId": who, "load": load} for who, load in loads.items()],
            "assignmentIds": takers,
            "taskId": row["task"],
        }
        command = gate.commands.make("RedistributeAssignment", spec, now=call.now)
    return wire.command(gate, command)


@routes("POST", "/assignments/{id}/batch", body=dict[str, Any])
def load_batch(gate: Gate, call: Call) -> Any:
    """Hand the next batch of a pulling task to its assignment."""
    row, batches = _pulling(gate, call)
    with gate.store.write() as connection:
        moved = pulling.load_batch(connection, row["task"], row["id"], *batches)
        _touch(gate, row["task"])
        spec = {"assignmentId": row["id"], "itemsCount": moved}
        command = gate.commands.make("LoadBatch", spec, now=call.now)
    return wire.command(gate, command)


@routes("POST", "/assignments/{id}/clear", body=dict[str, Any])
def clear_batch(gate: Gate, call: Call) -> Any:
    """Put what has no status back into the queue of a pulling task."""
    row, _ = _pulling(gate, call)
    with gate.store.write() as connection:
        moved = pulling.clear_batch(connection, row["task"], row["id"])
        _touch(gate, row["task"])
        spec = {"assignmentId": row["id"], "itemsCount": moved}
        command = gate.commands.make("ClearBatch", spec, now=call.now)
    return wire.command(gate, command)


@routes("POST", "/assignments/{id}/items/status", body=BulkStatus)
def set_statuses(gate: Gate, call: Call) -> Any:
    """Set or clear the status of several items of an assignment."""
    row = _row(gate, call)
    return _change(gate, call, row["task"], row["id"], call.body.item_ids, call.body.status_payload)


@routes("POST", "/assignments/{id}/items/{itemId}/status", body=StatusChange)
def set_status(gate: Gate, call: Call) -> Any:
    """Set or clear the status of an item of an assignment."""
    row = _row(gate, call)
    require(gate.store.connection, "item", call.path["itemId"])
    changed = _change(gate, call, row["task"], row["id"], [call.path["itemId"]], call.body)
    if not changed:
        raise GateError(400, f'the item "{call.path["itemId"]}" is not in the assignment')
    return changed[call.path["itemId"]]


def _change(
    gate: Gate, call: Call, task: str, assignment: str | None, ids: list[str], asked: StatusChange
) -> dict[str, Any]:
    if asked.operation == "create" and not asked.status:
        raise GateError(400, "status: expected a name")
    inside = "" if assignment is None else "AND r.assignment = :assignment"
    found: dict[str, tuple[int, str | None, str | None]] = {}
    for item in dict.fromkeys(ids):
        row = gate.store.connection.execute(
            f"""SELECT r.item, r.assignment, r.status FROM refs r JOIN items i ON i.pk = r.item
                WHERE r.task = :task AND i.id = :item {inside}""",
            {"task": task, "item": item, "assignment": assignment},
        ).fetchone()
        if row is not None:
            found[item] = row
    keys = np.array([pk for pk, _, _ in found.values()], dtype=np.int64)
    with gate.store.write() as connection:
        if asked.operation == "create":
            statuses.set_status(connection, task, keys, str(asked.status), creator=call.user, now=call.now)
        else:
            statuses.clear_status(connection, task, keys, creator=call.user, now=call.now)
        _touch(gate, task)
    return {
        item: {
            "taskId": task,
            "assignmentId": held or "",
            "status": asked.status if asked.operation == "create" else before,
            "creator": call.user,
            "timestamp": iso(call.now),
        }
        for item, (_, held, before) in found.items()
    }


def _touch(gate: Gate, task: str) -> None:
    gate.store.touch_refs(require(gate.store.connection, "task", task)["dataset"])


def _pulling(gate: Gate, call: Call) -> tuple[dict[str, Any], tuple[int, int]]:
    row = _row(gate, call)
    batches = pulling.batches_of(require(gate.store.connection, "task", row["task"])["document"])
    if batches is None:
        raise GateError(400, "the task hands out no batches")
    return row, batches


def _row(gate: Gate, call: Call) -> dict[str, Any]:
    return require(gate.store.connection, "assignment", call.path["id"])
