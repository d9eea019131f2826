"""Items that change hands within a task, with a trace of each, so that they can be given back.

Which operation put an item into the task stays as it is; the table ``moves`` says,
item by item, which operation has moved it, from whom and to whom.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from taskplan.replay.moves import standing_against
from taskplan_sqlite.platform.assignments import SEEN, drop_emptied, ensure_assignments, restore_assignment
from taskplan_sqlite.platform.statuses import refresh

Given = tuple[str | None, str, NDArray[np.int64]]
"""Who gives (None: nobody has them), who takes, and primary keys."""


def move(connection: sqlite3.Connection, task: str, given: Sequence[Given], key: str, now: float) -> None:
    """Move items to their takers; those that have a status by now, or another holder, stay where they are."""
    connection.executemany(
        """INSERT INTO moves (operation, task, item, giver, assignment, taker)
           SELECT :key, r.task, r.item, a.annotator, r.assignment, :taker
           FROM refs r LEFT JOIN assignments a ON a.id = r.assignment
           WHERE r.task = :task AND r.item = :item AND r.status IS NULL AND a.annotator IS :giver""",
        [
            {"key": key, "task": task, "item": item, "giver": giver, "taker": taker}
            for giver, taker, keys in given
            for item in keys.tolist()
        ],
    )
    _hand_over(connection, task, key, now)


def move_again(connection: sqlite3.Connection, task: str) -> None:
    """Repeat what was moved in a task whose items were read anew, where it is as it was before."""
    moved = connection.execute(
        "SELECT operation FROM moves WHERE task = ? GROUP BY operation ORDER BY min(seq)", (task,)
    ).fetchall()
    for (key,) in moved:
        _hand_over(connection, task, key, 0.0)


def _hand_over(connection: sqlite3.Connection, task: str, key: str, now: float) -> None:
    known = {"key": key, "task": task}
    rows = connection.execute(
        """SELECT m.item, m.taker, r.assignment FROM moves m
           JOIN refs r ON r.task = m.task AND r.item = m.item LEFT JOIN assignments a ON a.id = r.assignment
           WHERE m.operation = :key AND m.task = :task AND r.status IS NULL AND a.annotator IS m.giver
           ORDER BY m.seq""",
        known,
    ).fetchall()
    takers = ensure_assignments(connection, task, dict.fromkeys(taker for _, taker, _ in rows), key, now)
    connection.executemany(
        "UPDATE refs SET assignment = ? WHERE task = ? AND item = ?",
        [(takers[taker], task, item) for item, taker, _ in rows],
    )
    givers = dict.fromkeys(assignment for _, _, assignment in rows if assignment is not None)
    drop_emptied(connection, task, givers)
    refresh(connection, task)


def outcome(connection: sqlite3.Connection, task: str, key: str) -> tuple[Mapping[str, str], int]:
    """Return the assignments of those who took items, by annotator, and how many items were moved."""
    held = connection.execute(
        f"""SELECT annotator, id FROM assignments WHERE task = :task AND {SEEN} AND annotator IN
            (SELECT taker FROM moves WHERE operation = :key) ORDER BY position""",
        {"task": task, "key": key},
    ).fetchall()
    (count,) = connection.execute("SELECT count(*) FROM moves WHERE operation = ?", (key,)).fetchone()
    return dict(held), count


def blockers(
    connection: sqlite3.Connection, task: str, key: str, together: frozenset[str], *, discard_work: bool
) -> tuple[str, ...]:
    """Say what stands against giving the items back, a line each."""
    (name,) = connection.execute("SELECT name FROM tasks WHERE id = ?", (task,)).fetchone()
    worked = gone_on = 0
    for status, back, later in connection.execute(
        """SELECT r.status, a.annotator IS m.giver,
                  (SELECT l.operation FROM moves l WHERE l.task = m.task AND l.item = m.item
                   AND l.seq > m.seq ORDER BY l.seq LIMIT 1)
           FROM moves m JOIN refs r ON r.task = m.task AND r.item = m.item
           LEFT JOIN assignments a ON a.id = r.assignment
           WHERE m.operation = ? AND m.task = ? AND (r.status IS NOT NULL OR a.annotator IS NOT m.taker)""",
        (key, task),
    ):
        worked += status is not None and not back
        # What a later move has brought back, that one would give away again.
        gone_on += status is None and later not in together and not (back and later is None)
    return tuple(standing_against(name, 0 if discard_work else worked, gone_on))


def give_back(connection: sqlite3.Connection, task: str, key: str, now: float) -> None:
    """Give items without a status back to whom they were taken from, and forget that they were moved."""
    rows = connection.execute(
        """SELECT m.item, m.giver, m.assignment, r.operation FROM moves m
           JOIN refs r ON r.task = m.task AND r.item = m.item JOIN assignments a ON a.id = r.assignment
           WHERE m.operation = ? AND m.task = ? AND r.status IS NULL AND a.annotator = m.taker
           ORDER BY m.seq""",
        (key, task),
    ).fetchall()
    givers: dict[str | None, str | None] = {None: None}
    for item, giver, assignment, operation in rows:
        if giver not in givers:
            givers[giver] = restore_assignment(connection, task, giver, assignment, operation, now)
        connection.execute(
            "UPDATE refs SET assignment = ? WHERE task = ? AND item = ?", (givers[giver], task, item)
        )
    connection.execute("DELETE FROM moves WHERE operation = ? AND task = ?", (key, task))
