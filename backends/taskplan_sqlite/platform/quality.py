"""Quality tasks: consensus, qualification and honeypot, made with hidden copies of items.

A copy is hidden, lies in a folder ``/.consensus/…`` and names its original
(pinned by the platform's tests). Who gets what is `taskplan.allocation.quality`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from taskplan.allocation import quality
from taskplan.allocation.quality import HONEYPOT, checked_each, checked_percent
from taskplan.errors import InputError
from taskplan.model.documents import generated_id
from taskplan_sqlite.platform.assignments import add_assignment
from taskplan_sqlite.platform.files import clone_file, delete_files
from taskplan_sqlite.platform.items import add_items, queue_items
from taskplan_sqlite.platform.statuses import refresh
from taskplan_sqlite.platform.tasks import change_document, delete_task
from taskplan_sqlite.platform.workloads import Keys

COPIES = "/.consensus"


@dataclass(frozen=True, slots=True)
class Quality:
    """What a quality task asks for: `percent` of the items, each by `assignees` people."""

    kind: str
    percent: float
    assignees: int


def quality_of(system: Mapping[str, Any], people: int) -> Quality | None:
    """Read the request out of a task's system metadata; None for an ordinary task.

    Where the number of assignees is not named it is everybody (the SDK's "auto").
    InputError for what cannot be.
    """
    kind = system.get("consensusTaskType")
    if kind is None:
        return None
    if kind not in quality.KINDS:
        raise InputError(f"expected one of {', '.join(quality.KINDS)}, got {kind!r}")
    if not people:
        raise InputError(f"a {kind} task needs assignees")
    percent = system.get("consensusPercentage")
    percent = checked_percent(kind, 100 if percent is None or kind == "qualification" else percent)
    each = system.get("consensusAssignees")
    each = checked_each(people if each is None or kind == "qualification" else each, people)
    return Quality(kind, percent, each)


@dataclass(frozen=True, slots=True)
class Handout:
    """What people get, as primary keys by e-mail: items themselves (`single`), and `copies` of others.

    `hidden` are originals that are in the task and in nobody's hands; None where
    the kind of task has no such.
    """

    single: Mapping[str, Keys]
    copies: Mapping[str, Keys] = field(default_factory=dict)
    hidden: Keys | None = None


def handout(
    connection: sqlite3.Connection, dataset: int, keys: Keys, loads: Mapping[str, float], asked: Quality
) -> Handout:
    """Return who gets what of the items that a query selects; InputError for too little ground truth."""
    people, shares = list(loads), [*loads.values()]
    if asked.kind == "honeypot":
        pool = _ground_truth(connection, dataset)
        raw = keys[~np.isin(keys, pool)]
        mixed = quality.honeypot(len(raw), len(pool), shares, asked.percent)
        return Handout(
            {who: raw[rows] for who, rows in zip(people, mixed.rows, strict=True)},
            {who: pool[rows] for who, rows in zip(people, mixed.truth, strict=True)},
        )
    if asked.kind == "qualification":
        made = quality.qualification(len(keys), len(people))
    else:
        made = quality.consensus(len(keys), shares, asked.percent, asked.assignees)
    return Handout(
        {who: keys[rows] for who, rows in zip(people, made.single, strict=True)},
        {who: keys[rows] for who, rows in zip(people, made.shared, strict=True)},
        keys[made.common],
    )


def _ground_truth(connection: sqlite3.Connection, dataset: int) -> Keys:
    rows = connection.execute(
        """SELECT pk FROM items WHERE dataset = ? AND (dir = ? OR dir LIKE ?) AND type = 'file'
           ORDER BY pk""",
        (dataset, HONEYPOT, f"{HONEYPOT}/%"),
    )
    return np.array([pk for (pk,) in rows], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Filling:
    """Fills a quality task; `operation` is the key of what asks for it, where that is a plan's."""

    connection: sqlite3.Connection
    task: str
    creator: str
    now: float
    operation: str | None = None

    def hand_out(self, given: Handout) -> None:
        """Put the items into the task, and the copies that it needs."""
        connection, task = self.connection, self.task
        assignments, _ = add_items(connection, task, given.single, self.operation, self.now)
        if given.hidden is not None:
            self._hide(given.hidden)
        for who, keys in given.copies.items():
            copies = [self._copy(key, who) for key in keys.tolist()]
            queue_items(connection, task, np.array(copies, dtype=np.int64), assignments[who], self.operation)
        refresh(connection, task)

    def _hide(self, keys: Keys) -> None:
        # The originals belong to an assignment of their own, which nobody sees.
        marks = {"consensusAssignment": True, "hidden": True}
        hidden = add_assignment(
            self.connection, self.task, self.creator, now=self.now, system=marks, operation=self.operation
        )
        queue_items(self.connection, self.task, keys, hidden, self.operation)

        def note(document: dict[str, Any]) -> None:
            document["metadata"]["system"]["consensusAssignmentId"] = hidden

        change_document(self.connection, self.task, note)

    def _copy(self, key: int, who: str) -> int:
        dataset, filename, source = self.connection.execute(
            "SELECT dataset, filename, id FROM items WHERE pk = ?", (key,)
        ).fetchone()
        return clone_file(
            self.connection,
            key,
            dataset,
            filename=f"{COPIES}/{self.task}/{who}{filename}",
            hidden=True,
            creator=self.creator,
            now=self.now,
            # What a plan makes gets ids that follow from the plan.
            id=generated_id(f"copy {self.operation}", f"{who}\n{source}") if self.operation else None,
        )


def delete_with_copies(connection: sqlite3.Connection, task: str) -> bool:
    """Delete a task and the copies of items that were made for it; tell whether there were any."""
    copies = copies_of(connection, task)
    delete_task(connection, task)
    delete_files(connection, copies)
    return bool(copies)


def copies_of(connection: sqlite3.Connection, task: str) -> Sequence[int]:
    """Return the primary keys of the copies that were made for a task."""
    rows = connection.execute(
        """SELECT i.pk FROM refs r JOIN items i ON i.pk = r.item
           WHERE r.task = :task AND i.hidden = 1 AND instr(i.filename, :folder) = 1""",
        {"task": task, "folder": f"{COPIES}/{task}/"},
    )
    return [int(pk) for (pk,) in rows]
