"""A live platform for tests: the gate over a store of its own, the real SDK in between."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from taskplan.planning.document import Plan
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from taskplan.replay.executor import ReplayReport, apply_plan
from taskplan.replay.journal import Journal
from taskplan_dataloop.backend import DataloopBackend
from taskplan_dataloop.plugin import plugin
from taskplan_sqlite.backend import SqliteBackend
from taskplan_sqlite.gate.server import open_gate, running
from taskplan_sqlite.gate.service import Gate, Options
from taskplan_sqlite.store.store import SqliteStore

NOW = 1_790_000_000_000.0
LEAD = "lead@example.com"
TEAM = ("ann@example.com", "ben@example.com", "cat@example.com", LEAD)
SPEC: dict[str, Any] = {
    "tasks": [
        {
            "name": "label",
            "filter": {"dir": "/train", "metadata.system.refs": []},
            "assignees": ["Ann@example.com", {"email": "ben@example.com", "weight": 2}],
            "due": "2029-01-01",
            "priority": "high",
            "statuses": ["completed", "help"],
            "metadata": {"ticket": "LAB-7"},
        },
        {"name": "check", "type": "qa", "of": "label", "assignees": ["cat@example.com"]},
    ]
}


def fill(path: Path, count: int = 40) -> None:
    """Make a store with a project, a dataset of `count` items and its members."""
    items = path.with_suffix(".ndjson")
    items.write_text(
        "\n".join(
            json.dumps(
                {
                    "id": f"{number + 1:024x}",
                    "filename": f"/{'test' if number % 4 == 3 else 'train'}/{number}.jpg",
                    "metadata": {"user": {"n": number}},
                }
            )
            for number in range(count)
        ),
        encoding="utf-8",
    )
    store = SqliteStore(path, create=True)
    store.import_path(items, "fruit", project="food")
    with store.write() as connection:
        connection.executemany(
            """INSERT INTO contributors (project, email, role, document)
               SELECT pk, ?, 'annotator', '{}' FROM projects""",
            [(email,) for email in TEAM],
        )
    store.close()


class Live:
    """A gate in the place of the platform, and a local store with the same items."""

    def __init__(self, folder: Path, gate: Gate) -> None:
        self.folder = folder
        self.gate = gate
        self.local = folder / "local.db"
        self.token_file = folder / "token"
        self.token_file.write_text(gate.token, encoding="utf-8")

    def connect(self, **options: Any) -> DataloopBackend:
        return plugin.connect(
            {
                "gate_url": self.gate.url,
                "token_file": self.token_file,
                "project": "food",
                "request_items": 7,
                "settle": 0.005,
                "timeout": 5,
                **options,
            }
        )

    def plan(self, spec: Mapping[str, Any] = SPEC) -> Plan:
        with self.store() as backend:
            return make_plan(spec_from(spec), backend.snapshot("fruit"), resolver=backend)

    @contextmanager
    def store(self) -> Iterator[SqliteBackend]:
        backend = SqliteBackend(SqliteStore(self.local))
        try:
            yield backend
        finally:
            backend.close()

    def copy_here(self) -> None:
        """Make the local store what the platform is now, as a pull does."""
        with (
            closing(sqlite3.connect(self.folder / "platform.db")) as source,
            closing(sqlite3.connect(self.local)) as target,
        ):
            source.backup(target)

    def apply(self, plan: Plan, backend: DataloopBackend, **options: Any) -> ReplayReport:
        with Journal(self.local) as journal:
            return apply_plan(plan, backend, journal, actor=LEAD, clock=lambda: NOW, **options)

    def state(self) -> list[dict[str, Any]]:
        """What is on the platform, told apart from ids and times, to be compared between runs."""
        with self.gate.lock:
            found = SqliteBackend(self.gate.store).tasks()
        return [
            {
                "name": task.name,
                "type": task.type,
                "due": task.due,
                "priority": task.priority,
                "owner": task.owner,
                "user": {**task.document["metadata"].get("user", {}), "taskplan": None},
                "query": task.document["query"],
                "people": {a.assignee: sorted(a.items) for a in task.assignments},
            }
            for task in sorted(found, key=lambda task: (task.name, task.id))
        ]


@contextmanager
def live(folder: Path, count: int = 40, people: Sequence[str] = TEAM) -> Iterator[Live]:
    """Open a gate on a new store in a folder, and a local store beside it."""
    fill(folder / "platform.db", count)
    fill(folder / "local.db", count)
    with open_gate(folder / "platform.db", Options(user=LEAD)) as gate, running(gate):
        yield Live(folder, gate)
