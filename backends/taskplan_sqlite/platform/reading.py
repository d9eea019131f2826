"""Tasks as they are now."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from taskplan.errors import InputError, NotFoundError, did_you_mean
from taskplan.model.entities import AssignmentState, TaskState
from taskplan.model.ids import ItemIds

_COLUMNS = "id, name, type, status, due, priority, owner, rehearsed, document"


def find_task(connection: sqlite3.Connection, dataset: int, name_or_id: str) -> str:
    """Return the id of a task; NotFoundError with the nearest name, InputError where a name is not unique."""
    rows = connection.execute("SELECT id, name FROM tasks WHERE dataset = ?", (dataset,)).fetchall()
    if any(task == name_or_id for task, _ in rows):
        return name_or_id
    named = [task for task, name in rows if name == name_or_id]
    if len(named) > 1:
        raise InputError(f'{len(named)} tasks are named "{name_or_id}"; use an id: {", ".join(named)}')
    if not named:
        raise NotFoundError(
            f'there is no task "{name_or_id}"', hint=did_you_mean(name_or_id, [name for _, name in rows])
        )
    return str(named[0])


def task_ids(connection: sqlite3.Connection, dataset: int) -> list[str]:
    """Return the ids of a dataset's tasks, oldest first."""
    rows = connection.execute("SELECT id FROM tasks WHERE dataset = ? ORDER BY created_at, rowid", (dataset,))
    return [row[0] for row in rows]


def read_task(
    connection: sqlite3.Connection, task: str, dataset: str, ids: ItemIds, pks: NDArray[np.int64]
) -> TaskState:
    """Return a task with its assignments and their items; `ids` and ascending `pks` are the dataset's."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM tasks WHERE id = ?", (task,)).fetchone()
    held = connection.execute("SELECT assignment, item FROM refs WHERE task = ? ORDER BY item", (task,))
    items = items_by_assignment(held, ids, pks)
    statuses: dict[str, Counter[str]] = {}
    for assignment, status, count in connection.execute(
        """SELECT assignment, status, count(*) FROM refs WHERE task = ? AND status IS NOT NULL
           GROUP BY assignment, status ORDER BY status""",
        (task,),
    ):
        statuses.setdefault(assignment, Counter())[status] = count
    assignments = tuple(
        AssignmentState(
            assignment,
            annotator,
            items.get(assignment, ItemIds.of(())),
            status,
            dict(statuses.get(assignment, {})),
        )
        for assignment, annotator, status in connection.execute(
            "SELECT id, annotator, status FROM assignments WHERE task = ? ORDER BY position", (task,)
        )
    )
    return TaskState(
        id=row[0],
        name=row[1],
        type=row[2],
        dataset=dataset,
        status=row[3],
        due=row[4],
        priority=row[5],
        owner=row[6],
        assignments=assignments,
        document=msgspec.json.decode(row[8]),
        rehearsed=bool(row[7]),
    )


def items_by_assignment(
    rows: Iterable[tuple[str, int]], ids: ItemIds, pks: NDArray[np.int64]
) -> dict[str, ItemIds]:
    """Group (assignment, item primary key) rows, turning keys into ids."""
    groups: dict[str, list[int]] = {}
    for assignment, item in rows:
        group = groups.get(assignment)
        if group is None:
            group = groups[assignment] = []
        group.append(item)
    return {
        assignment: ids.take(np.searchsorted(pks, np.array(group, dtype=np.int64)))
        for assignment, group in groups.items()
    }
