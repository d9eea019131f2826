"""Putting items into tasks and taking them out: the refs of the platform."""

from __future__ import annotations

import sqlite3
from itertools import repeat

import numpy as np
from numpy.typing import NDArray


def add_items(
    connection: sqlite3.Connection,
    task: str,
    shares: list[tuple[str | None, NDArray[np.int64]]],
    operation: str | None,
) -> int:
    """Tie items to a task: for each (assignment id or None, item primary keys int64[m]).

    An item that is in the task already stays where it is: adding it twice is
    not pinned by any source, and this is the safest. Returns the number of new refs.
    """
    if not shares:
        return 0
    items = np.concatenate([pks for _, pks in shares])
    owners = np.repeat(np.arange(len(shares)), [len(pks) for _, pks in shares])
    # In key order the tree of (task, item) grows at its end only.
    order = np.argsort(items, kind="stable")
    names = np.array([assignment for assignment, _ in shares], dtype=object)
    rows = zip(items[order].tolist(), repeat(task), names[owners[order]].tolist(), repeat(operation))
    before = connection.total_changes
    connection.executemany(
        "INSERT OR IGNORE INTO refs (item, task, assignment, operation) VALUES (?, ?, ?, ?)", rows
    )
    return connection.total_changes - before


def remove_items(connection: sqlite3.Connection, task: str, items: NDArray[np.int64]) -> int:
    """Take items out of a task, except those with a status, which the platform keeps; returns how many."""
    before = connection.total_changes
    connection.executemany(
        "DELETE FROM refs WHERE task = ? AND item = ? AND status IS NULL", zip(repeat(task), items.tolist())
    )
    return connection.total_changes - before
