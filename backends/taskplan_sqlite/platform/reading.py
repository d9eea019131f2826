"""Tasks as they are now, with their assignments and items."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from taskplan.model.documents import complete
from taskplan.model.entities import AssignmentState, TaskState
from taskplan.model.ids import ItemIds
from taskplan_sqlite.platform.assignments import SEEN
from taskplan_sqlite.platform.lookup import ids_of
from taskplan_sqlite.store.refs import OVERLAY_COLUMNS, OverlayRow, with_overlay

if TYPE_CHECKING:
    from taskplan_sqlite.store.store import SqliteStore


def read_task(store: SqliteStore, task: str) -> TaskState:
    """Return a task; its document is the platform's, what follows from the items included."""
    connection = store.connection
    name, type_, dataset, status, due, priority, owner, rehearsed, text = connection.execute(
        """SELECT t.name, t.type, d.name, t.status, t.due, t.priority, t.owner, t.rehearsed, t.document
           FROM tasks t JOIN datasets d ON d.pk = t.dataset WHERE t.id = ?""",
        (task,),
    ).fetchone()
    held = held_items(connection, task)
    counts = _status_counts(connection, task)
    ids = ids_of(store, dataset, held)
    nothing = ItemIds.of(())
    assignments = tuple(
        AssignmentState(
            id=assignment,
            assignee=annotator,
            items=ids.get(assignment, nothing),
            status=state,
            statuses=counts.get(assignment, {}),
        )
        for assignment, annotator, state in connection.execute(
            f"SELECT id, annotator, status FROM assignments WHERE task = ? AND {SEEN} ORDER BY position",
            (task,),
        ).fetchall()
    )
    document: dict[str, Any] = msgspec.json.decode(text)
    document.update(
        status=status,
        assignmentIds=[assignment.id for assignment in assignments],
        totalItems=sum(map(len, held.values())),
    )
    return TaskState(
        id=task,
        name=name,
        type=type_,
        dataset=dataset,
        status=status,
        due=due,
        priority=priority,
        owner=owner,
        assignments=assignments,
        document=document,
        rehearsed=bool(rehearsed),
    )


def held_items(
    connection: sqlite3.Connection, task: str, operation: str | None = None
) -> dict[str | None, NDArray[np.int64]]:
    """Return assignment id → primary keys of its items, ascending; only those that `operation` put there.

    What waits in the task is under None.
    """
    condition, values = ("", (task,)) if operation is None else ("AND operation = ?", (task, operation))
    # One text a person: a row an item would cost more to fetch than to find.
    rows = connection.execute(
        f"""SELECT assignment, group_concat(item) FROM refs WHERE task = ? {condition}
            GROUP BY assignment ORDER BY min(item)""",
        values,
    )
    return {assignment: np.sort(np.fromstring(items, dtype=np.int64, sep=",")) for assignment, items in rows}


def held_originals(
    connection: sqlite3.Connection, task: str, operation: str | None = None
) -> dict[str, ItemIds]:
    """Return annotator → ids of what they have in a quality task, originals in place of copies.

    Only what `operation` gave them, where it is given.
    """
    held: dict[str, list[str]] = {}
    for annotator, item, source in connection.execute(
        f"""SELECT a.annotator, i.id, CASE WHEN i.hidden = 1 THEN json_extract(i.document, '$.srcItem') END
            FROM refs r JOIN items i ON i.pk = r.item
            JOIN (SELECT id, annotator, position FROM assignments WHERE task = :task AND {SEEN}) a
            ON a.id = r.assignment
            WHERE r.task = :task AND (:operation IS NULL OR r.operation = :operation)
            ORDER BY a.position, r.item""",
        {"task": task, "operation": operation},
    ):
        held.setdefault(annotator, []).append(source or item)
    return {who: ItemIds.of(items) for who, items in held.items()}


def holders(connection: sqlite3.Connection, task: str) -> dict[str, str | None]:
    """Return item id → annotator of everything in a task, None where it waits."""
    return dict(
        connection.execute(
            """SELECT i.id, a.annotator FROM refs r JOIN items i ON i.pk = r.item
               LEFT JOIN assignments a ON a.id = r.assignment WHERE r.task = ? ORDER BY r.item""",
            (task,),
        ).fetchall()
    )


def read_items(connection: sqlite3.Connection, keys: Sequence[int]) -> list[dict[str, Any]]:
    """Return item documents by primary key, in that order: with refs, status log and ``datasetId``."""
    wanted = json.dumps(list(keys))
    overlay: dict[int, list[OverlayRow]] = {}
    for item, *row in connection.execute(
        f"""SELECT r.item, {", ".join("r." + name for name in OVERLAY_COLUMNS.split(", "))}
            FROM refs r JOIN tasks t ON t.id = r.task WHERE r.item IN (SELECT value FROM json_each(?))
            ORDER BY r.item, t.created_at, t.id""",
        (wanted,),
    ):
        overlay.setdefault(item, []).append(OverlayRow(*row))
    logs: dict[int, list[dict[str, Any]]] = {}
    for item, action, *said in connection.execute(
        """SELECT item, action, task, assignment, status, creator, timestamp FROM status_log
           WHERE item IN (SELECT value FROM json_each(?)) ORDER BY seq""",
        (wanted,),
    ):
        names = ("taskId", "assignmentId", "status", "creator", "timestamp")
        logs.setdefault(item, []).append({"action": action, "status": dict(zip(names, said, strict=True))})
    found: dict[int, dict[str, Any]] = {}
    for pk, dataset, held, text in connection.execute(
        """SELECT i.pk, d.id, i.annotations_held, i.document
           FROM items i JOIN datasets d ON d.pk = i.dataset
           WHERE i.pk IN (SELECT value FROM json_each(?))""",
        (wanted,),
    ):
        document = complete(msgspec.json.decode(text, type=dict[str, Any]), held or 0)
        if pk in overlay:
            document = with_overlay(document, overlay[pk])
        if pk in logs:
            _add_log(document, logs[pk])
        document["datasetId"] = dataset
        found[pk] = document
    return [found[key] for key in keys]


def _add_log(document: dict[str, Any], entries: list[dict[str, Any]]) -> None:
    metadata = dict(document["metadata"])
    system = dict(metadata["system"])
    old = system.get("taskStatusLog")
    system["taskStatusLog"] = [*(old if isinstance(old, list) else []), *entries]
    document["metadata"] = {**metadata, "system": system}


def _status_counts(connection: sqlite3.Connection, task: str) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for assignment, status, count in connection.execute(
        """SELECT assignment, status, count(*) FROM refs WHERE task = ? AND status IS NOT NULL
           GROUP BY assignment, status ORDER BY status""",
        (task,),
    ):
        counts.setdefault(assignment, {})[status] = count
    return counts
