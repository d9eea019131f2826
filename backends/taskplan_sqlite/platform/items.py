"""Putting items into tasks and taking them out: the refs of the platform."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from taskplan_sqlite.platform.assignments import drop_emptied, ensure_assignments
from taskplan_sqlite.platform.statuses import refresh


def add_items(
    connection: sqlite3.Connection,
    task: str,
    shares: Mapping[str, NDArray[np.int64]],
    operation: str | None,
    now: float,
) -> tuple[dict[str, str], int]:
    """Give annotators items (primary keys int64[m]); returns annotator → assignment id, and the new refs.

    An item that is in the task already stays where it is: adding it twice is
    not pinned by any source, and this is the safest.
    """
    assignments = ensure_assignments(connection, task, shares, operation, now)
    owners = np.repeat(np.arange(len(shares)), [len(keys) for keys in shares.values()])
    keys = np.concatenate([np.zeros(0, dtype=np.int64), *shares.values()])
    # In the order of the keys the tree of (task, item) only grows at its end.
    order = np.argsort(keys, kind="stable")
    names = [assignments[annotator.lower()] for annotator in shares]
    rows = zip(
        keys[order].tolist(),
        repeat(task),
        map(names.__getitem__, owners[order].tolist()),
        repeat(operation),
        strict=False,
    )
    before = connection.total_changes
    connection.executemany(
        "INSERT OR IGNORE INTO refs (item, task, assignment, operation) VALUES (?, ?, ?, ?)", rows
    )
    added = connection.total_changes - before
    refresh(connection, task)
    return assignments, added


def queue_items(
    connection: sqlite3.Connection,
    task: str,
    keys: NDArray[np.int64],
    assignment: str | None,
    operation: str | None = None,
) -> None:
    """Put items into a task, into one assignment or (None) into none: there they wait to be handed out."""
    connection.executemany(
        "INSERT OR IGNORE INTO refs (item, task, assignment, operation) VALUES (?, ?, ?, ?)",
        [(key, task, assignment, operation) for key in keys.tolist()],
    )


def remove_items(connection: sqlite3.Connection, task: str, keys: NDArray[np.int64]) -> int:
    """Take items out of a task and return how many left it; those with a status stay, as on the platform.

    Assignments that are emptied by it disappear.
    """
    before = connection.total_changes
    connection.executemany(
        "DELETE FROM refs WHERE task = ? AND item = ? AND status IS NULL",
        [(task, key) for key in keys.tolist()],
    )
    removed = connection.total_changes - before
    held = connection.execute("SELECT id FROM assignments WHERE task = ?", (task,)).fetchall()
    drop_emptied(connection, task, [assignment for (assignment,) in held])
    refresh(connection, task)
    return removed
