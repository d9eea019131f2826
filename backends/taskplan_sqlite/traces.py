"""What an operation has left in the store: finding it by its key, and taking it away.

The key is in ``metadata.user.taskplan`` of the task, in the column ``operation``
of every assignment and ref that the operation made, and for a task that it made
in the task's own row. What an operation has moved is in the table ``moves``.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from taskplan.replay.backend import Outcome
from taskplan_sqlite import moving
from taskplan_sqlite.platform import assignments, quality, statuses, tasks
from taskplan_sqlite.platform.assignments import SEEN

MARK = "taskplan"
ADDED = "rehearsed_added"
"""Apart from ``added``, which is the platform's own word on a task that was pulled."""
MOVED = "rehearsed_moved"
_AT_WORK = (ADDED, MOVED)


def created_mark(key: str, plan: str) -> dict[str, Any]:
    """Return what a task made by an operation says of it; `rehearsed` tells it from the platform's own."""
    return {"key": key, "plan": plan, "rehearsed": True}


def mark(connection: sqlite3.Connection, task: str, key: str, how: str = ADDED) -> None:
    """Note in an existing task that the operation has added to it, or (`MOVED`) moved items in it."""

    def add(document: dict[str, Any]) -> None:
        user = document["metadata"].setdefault("user", {})
        user.setdefault(MARK, {}).setdefault(how, []).append(key)

    tasks.change_document(connection, task, add)


def _unmark(connection: sqlite3.Connection, task: str, key: str, how: str) -> None:
    def remove(document: dict[str, Any]) -> None:
        metadata = document["metadata"]
        said = metadata["user"][MARK]
        said[how].remove(key)
        if not said[how]:
            del said[how]
        if not said:
            del metadata["user"][MARK]
        if not metadata["user"]:
            del metadata["user"]

    tasks.change_document(connection, task, remove)


def has_refs(connection: sqlite3.Connection, key: str) -> bool:
    """Tell if the operation has put items into a task that are still there."""
    found = _place(connection, key)
    if found is None:
        return False
    row = connection.execute("SELECT 1 FROM refs WHERE task = ? AND operation = ? LIMIT 1", (found[0], key))
    return row.fetchone() is not None


def _place(connection: sqlite3.Connection, key: str) -> tuple[str, str | None] | None:
    """Return the task in which the operation has left its key, and whether it has added or moved there."""
    row = connection.execute("SELECT id FROM tasks WHERE operation = ?", (key,)).fetchone()
    if row is not None:
        return str(row[0]), None
    row = connection.execute(
        """SELECT id, document FROM tasks WHERE instr(document, :key) AND EXISTS
           (SELECT 1 FROM json_each(document, '$.metadata.user.taskplan.rehearsed_added') WHERE value = :key
            UNION ALL
            SELECT 1 FROM json_each(document, '$.metadata.user.taskplan.rehearsed_moved') WHERE value = :key)
        """,
        {"key": key},
    ).fetchone()
    if row is None:
        return None
    said = msgspec.json.decode(row[1])["metadata"]["user"][MARK]
    return str(row[0]), next(how for how in _AT_WORK if key in said.get(how, ()))


def find(connection: sqlite3.Connection, key: str) -> Outcome | None:
    """Return what the operation made, as it is now; None where it never took effect or was undone."""
    place = _place(connection, key)
    if place is None:
        return None
    task, how = place
    if how == MOVED:
        return Outcome(task, *moving.outcome(connection, task, key))
    # The originals of a consensus are in nobody's hands; what waits in a queue counts.
    (count,) = connection.execute(
        f"""SELECT count(*) FROM refs WHERE task = :task AND operation = :key AND (assignment IS NULL
            OR assignment IN (SELECT id FROM assignments WHERE task = :task AND {SEEN}))""",
        {"task": task, "key": key},
    ).fetchone()
    held = connection.execute(
        f"""SELECT annotator, id FROM assignments WHERE task = :task AND {SEEN} AND (operation = :key OR id IN
            (SELECT assignment FROM refs WHERE task = :task AND operation = :key)) ORDER BY position""",
        {"task": task, "key": key},
    ).fetchall()
    return Outcome(task, dict(held), count)


def blockers(
    connection: sqlite3.Connection, key: str, together: frozenset[str], *, discard_work: bool
) -> tuple[str, ...]:
    """Say what stands against taking the operation away along with those in `together`, a line each."""
    place = _place(connection, key)
    if place is None:
        return ()
    task, how = place
    if how == MOVED:
        return moving.blockers(connection, task, key, together, discard_work=discard_work)
    (name, made_by) = connection.execute("SELECT name, operation FROM tasks WHERE id = ?", (task,)).fetchone()
    lines = []
    (worked,) = connection.execute(
        "SELECT count(*) FROM refs WHERE task = ? AND operation = ? AND status IS NOT NULL", (task, key)
    ).fetchone()
    if worked and not discard_work:
        lines.append(
            f'{_items(worked)} of the task "{name}" {"has" if worked == 1 else "have"} a status '
            "(--discard-work removes them all the same)"
        )
    # Of a task made here everything goes; of one that was there, the assignments made here.
    whose = (
        ""
        if made_by == key
        else "AND assignment IN (SELECT id FROM assignments WHERE task = :task AND operation = :key)"
    )
    added: dict[str | None, int] = dict(
        connection.execute(
            f"""SELECT operation, count(*) FROM refs WHERE task = :task AND operation IS NOT :key {whose}
                AND item NOT IN (SELECT item FROM moves WHERE task = :task AND operation IN
                                 (SELECT value FROM json_each(:together)))
                GROUP BY operation""",
            {"task": task, "key": key, "together": msgspec.json.encode(sorted(together)).decode()},
        )
    )
    others = sum(count for operation, count in added.items() if operation not in together)
    if others:
        verb = "was" if others == 1 else "were"
        lines.append(f'{_items(others)} {verb} added to the task "{name}" since (undo that first)')
    if made_by == key:
        for review, operation in connection.execute(
            "SELECT name, operation FROM tasks WHERE parent = ? ORDER BY created_at, name", (task,)
        ):
            if operation not in together:
                lines.append(f'the task "{review}" reviews the task "{name}"')
    return tuple(lines)


def remove(connection: sqlite3.Connection, task: str, key: str, now: float) -> bool:
    """Take away what the operation made in the task, and the task if it made that.

    Tells whether items (the copies of a quality task) went with it.
    """
    (made_by,) = connection.execute("SELECT operation FROM tasks WHERE id = ?", (task,)).fetchone()
    if made_by == key:
        return quality.delete_with_copies(connection, task)
    place = _place(connection, key)
    how = place[1] if place is not None and place[1] is not None else ADDED
    makers = [key]
    if how == MOVED:
        moving.give_back(connection, task, key, now)
    else:
        # Who has got its items by a move since may be left with nothing.
        makers += (
            mover
            for (mover,) in connection.execute(
                """SELECT DISTINCT operation FROM moves WHERE task = :task AND item IN
                   (SELECT item FROM refs WHERE task = :task AND operation = :key)""",
                {"task": task, "key": key},
            )
        )
        for table in ("status_log", "moves"):
            connection.execute(
                f"""DELETE FROM {table} WHERE task = :task AND item IN
                    (SELECT item FROM refs WHERE task = :task AND operation = :key)""",
                {"task": task, "key": key},
            )
        connection.execute("DELETE FROM refs WHERE task = ? AND operation = ?", (task, key))
    made = connection.execute(
        "SELECT id, operation FROM assignments WHERE task = ? AND operation IS NOT NULL", (task,)
    ).fetchall()
    assignments.drop_emptied(connection, task, [assignment for assignment, by in made if by in makers])
    _unmark(connection, task, key, how)
    statuses.refresh(connection, task)
    return False


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count:,} items"
