"""What was done, by whom and when: the statuses that people gave items, read from the items themselves.

The platform keeps in an item's refs when somebody last gave it a status in a task, and in its
``taskStatusLog`` what was set and taken away before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from taskplan.model.entities import TaskState
from taskplan.model.paths import REFS
from taskplan.model.table import ItemTable

LOG = "metadata.system.taskStatusLog"
ISSUES = "metadata.system.status"
"""The field of an annotation that says ``issue`` where a reviewer wants it changed."""
LAST = 253_402_300_800_000.0
"""The end of the year 9999."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A status that somebody gave an item (`row` of the table) in a task, at `at` (milliseconds since 1970).

    `assignee` is who had the item, where that is known; `cleared` says that the status was taken away.
    """

    row: int
    task: str
    person: str
    status: str
    at: float
    assignee: str | None = None
    cleared: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """All that is known of a dataset's work, by time.

    `parents` maps each QA task to the task it reviews, or to None where that is not known. `reviewed`
    are the rows of items in QA tasks, `issues` of those with an open issue. `unreadable` counts
    statuses without a time, `nobody` those without a person.
    """

    completions: tuple[Completion, ...]
    parents: Mapping[str, str | None]
    unreadable: int = 0
    nobody: int = 0
    reviewed: frozenset[int] = frozenset()
    issues: frozenset[int] = frozenset()


def read_history(table: ItemTable, tasks: Iterable[TaskState] = ()) -> History:
    """Read every status of the items; `tasks` tell whose the assignments are, and which task reviews which.

    A task that is not among them is taken for a QA task if a status there is ``approved`` and none is
    ``completed``, which is how the platform names them.
    """
    reader = _Reader(tuple(tasks))
    refs, logs = table.column(REFS), table.column(LOG)
    silent = {code for code, held in enumerate(refs.values) if not _has_status(held)}
    unlogged = {code for code, held in enumerate(logs.values) if held == ()}
    for row, (ref, log) in enumerate(zip(refs.codes.tolist(), logs.codes.tolist(), strict=True)):
        if ref not in silent or log not in unlogged:
            reader.read(row, refs.reached(row), logs.reached(row))
    return reader.history(_open_issues(table))


def _has_status(reached: tuple[Any, ...]) -> bool:
    return any(isinstance(ref, dict) and _said(ref).get("status") for ref in _entries(reached))


def _entries(reached: tuple[Any, ...]) -> Iterator[Any]:
    for value in reached:
        if isinstance(value, list):
            yield from value


def _said(ref: Mapping[str, Any]) -> Mapping[str, Any]:
    said = ref.get("metadata")
    return said if isinstance(said, dict) else {}


def _open_issues(table: ItemTable) -> frozenset[int]:
    annotations = table.annotations()
    column = annotations.column(ISSUES)
    wanted = {code for code, held in enumerate(column.values) if held == ("issue",)}
    if not wanted:
        return frozenset()
    rows = annotations.item_rows.tolist()
    return frozenset(row for row, code in zip(rows, column.codes.tolist(), strict=True) if code in wanted)


@dataclass(slots=True)
class _Reader:
    tasks: tuple[TaskState, ...]
    found: set[Completion] = field(default_factory=set)
    unreadable: int = 0
    nobody: int = 0
    places: dict[str, set[int]] = field(default_factory=dict)
    owners: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for task in self.tasks:
            for assignment in task.assignments:
                self.owners[assignment.id] = (task.id, assignment.assignee.lower())

    def read(self, row: int, refs: tuple[Any, ...], log: tuple[Any, ...]) -> None:
        listed = [ref for ref in _entries(refs) if isinstance(ref, dict) and isinstance(ref.get("id"), str)]
        holders = dict(self.owners[ref["id"]] for ref in listed if ref["id"] in self.owners)
        places = {ref["id"] for ref in listed if ref.get("type") == "task"}
        for place in places:
            self.places.setdefault(place, set()).add(row)
        for ref in listed:
            if ref.get("type") == "assignment" and not places:
                # Some exports hold assignments alone: then they stand for their tasks.
                self._add(row, self.owners.get(ref["id"], (ref["id"], ""))[0], _said(ref), holders)
            elif ref.get("type") == "task":
                self._add(row, ref["id"], _said(ref), holders)
        for entry in _entries(log):
            said = entry.get("status") if isinstance(entry, dict) else None
            if isinstance(said, dict) and isinstance(task := said.get("taskId"), str):
                self._add(row, task, said, holders, cleared=entry.get("action") in ("deleted", "delete"))

    def _add(
        self,
        row: int,
        task: str,
        said: Mapping[str, Any],
        holders: Mapping[str, str],
        *,
        cleared: bool = False,
    ) -> None:
        status = said.get("status")
        if not isinstance(status, str) or not status:
            return
        at, creator, assignee = _time(said.get("timestamp")), said.get("creator"), holders.get(task)
        person = creator.lower() if isinstance(creator, str) and creator else assignee
        if at is None:
            self.unreadable += 1
        elif person is None:
            self.nobody += 1
        else:
            self.found.add(Completion(row, task, person, status, at, assignee, cleared))

    def history(self, issues: frozenset[int]) -> History:
        done = tuple(sorted(self.found, key=lambda c: (c.at, c.row, c.task, c.person, c.status, c.cleared)))
        parents: dict[str, str | None] = {}
        for task in self.tasks:
            if task.type == "qa":
                parent = (task.document.get("spec") or {}).get("parentTaskId")
                parents[task.id] = parent if isinstance(parent, str) else None
        known = {task.id for task in self.tasks}
        words: dict[str, set[str]] = {}
        for c in done:
            words.setdefault(c.task, set()).add(c.status)
        for unknown in words.keys() - known:
            if "approved" in words[unknown] and "completed" not in words[unknown]:
                parents[unknown] = None
        reviewed = frozenset().union(*(self.places.get(task, ()) for task in parents))
        reviewed |= {c.row for c in done if c.task in parents}
        return History(done, parents, self.unreadable, self.nobody, reviewed, issues)


def _time(value: Any) -> float | None:
    """Return a time in whole milliseconds since 1970, UTC where it names no zone; None for what is none."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        value = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < LAST:
        return None
    return float(round(value))
