"""Quality tasks: consensus, qualification and honeypot, made with hidden copies of items.

A copy is hidden, lies in a folder ``/.consensus/…`` and names its original
(pinned by the platform's tests). Which items a percentage picks is not pinned:
here they are spread evenly over the selection.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taskplan.errors import InputError
from taskplan_sqlite.platform.assignments import add_assignment
from taskplan_sqlite.platform.files import clone_file
from taskplan_sqlite.platform.items import add_items, queue_items
from taskplan_sqlite.platform.statuses import refresh
from taskplan_sqlite.platform.tasks import change_document
from taskplan_sqlite.platform.workloads import Keys, shared_out

KINDS = ("consensus", "qualification", "honeypot")
HONEYPOT = "/honeypot"
"""The folder of the ground truth, with what lies below it."""
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
    if kind not in KINDS:
        raise InputError(f"expected one of {', '.join(KINDS)}, got {kind!r}")
    if not people:
        raise InputError(f"a {kind} task needs assignees")
    percent = system.get("consensusPercentage")
    percent = 100 if percent is None or kind == "qualification" else percent
    if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 < percent <= 100:
        raise InputError(f"expected a percentage above 0 and up to 100, got {percent!r}")
    if kind == "honeypot" and percent == 100:
        raise InputError("a honeypot task cannot be made of ground truth alone")
    each = system.get("consensusAssignees")
    each = people if each is None or kind == "qualification" else each
    if isinstance(each, bool) or not isinstance(each, int) or not 1 <= each <= people:
        raise InputError(f"expected 1 to {people} assignees an item, got {each!r}")
    return Quality(kind, float(percent), each)


@dataclass(frozen=True, slots=True)
class Filling:
    """What a quality task is filled with: the selected items (primary keys), who works on them, who asks."""

    connection: sqlite3.Connection
    task: str
    keys: Keys
    loads: Mapping[str, float]
    quality: Quality
    creator: str
    now: float

    def hand_out(self) -> None:
        """Put the items into the task, and the copies that it needs."""
        if self.quality.kind == "honeypot":
            self._honeypot()
        else:
            self._consensus()
        refresh(self.connection, self.task)

    def _consensus(self) -> None:
        connection, task, people = self.connection, self.task, list(self.loads)
        count = round(len(self.keys) * self.quality.percent / 100)
        places = np.unique(np.linspace(0, len(self.keys) - 1, count).round().astype(np.int64))
        common, single = self.keys[places], np.delete(self.keys, places)
        assignments = {who: add_assignment(connection, task, who, now=self.now) for who in people}
        add_items(connection, task, shared_out(single, self.loads), None, self.now)
        # The originals belong to an assignment of their own, which nobody sees.
        marks = {"consensusAssignment": True, "hidden": True}
        hidden = add_assignment(connection, task, self.creator, now=self.now, system=marks)
        queue_items(connection, task, common, hidden)
        for place, key in enumerate(common.tolist()):
            for turn in range(self.quality.assignees):
                who = people[(place + turn) % len(people)]
                self._give_copy(key, who, assignments[who])

        def note(document: dict[str, Any]) -> None:
            document["metadata"]["system"]["consensusAssignmentId"] = hidden

        change_document(connection, task, note)

    def _honeypot(self) -> None:
        percent, pool = self.quality.percent, self._ground_truth()
        shares = shared_out(self.keys[~np.isin(self.keys, pool)], self.loads)
        wanted = {who: round(len(part) * percent / (100 - percent)) for who, part in shares.items()}
        most = max(wanted.values(), default=0)
        if most > len(pool):
            raise InputError(
                f"{percent:g} % of ground truth asks for {most} items of {HONEYPOT}, there are {len(pool)}"
            )
        assignments, _ = add_items(self.connection, self.task, shares, None, self.now)
        for who, count in wanted.items():
            for key in pool[:count]:
                self._give_copy(key, who, assignments[who])

    def _ground_truth(self) -> list[int]:
        rows = self.connection.execute(
            """SELECT pk FROM items WHERE dataset = (SELECT dataset FROM tasks WHERE id = ?)
               AND (dir = ? OR dir LIKE ?) AND type = 'file' ORDER BY pk""",
            (self.task, HONEYPOT, f"{HONEYPOT}/%"),
        )
        return [int(pk) for (pk,) in rows]

    def _give_copy(self, key: int, who: str, assignment: str) -> None:
        dataset, filename = self.connection.execute(
            "SELECT dataset, filename FROM items WHERE pk = ?", (key,)
        ).fetchone()
        copy = clone_file(
            self.connection,
            key,
            dataset,
            filename=f"{COPIES}/{self.task}/{who}{filename}",
            hidden=True,
            creator=self.creator,
            now=self.now,
        )
        queue_items(self.connection, self.task, np.array([copy], dtype=np.int64), assignment)


def copies_of(connection: sqlite3.Connection, task: str) -> Sequence[int]:
    """Return the primary keys of the copies that were made for a task."""
    rows = connection.execute(
        """SELECT i.pk FROM refs r JOIN items i ON i.pk = r.item
           WHERE r.task = :task AND i.hidden = 1 AND instr(i.filename, :folder) = 1""",
        {"task": task, "folder": f"{COPIES}/{task}/"},
    )
    return [int(pk) for (pk,) in rows]
