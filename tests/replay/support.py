"""A small store with items, and plans for it, that the replay tests share."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taskplan.planning.document import Plan
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from taskplan.replay.executor import ReplayReport, apply_plan
from taskplan.replay.journal import Journal
from taskplan_sqlite.backend import SqliteBackend
from taskplan_sqlite.store.store import SqliteStore

NOW = 1_790_000_000_000.0
ACTOR = "lead@example.com"
SPEC: dict[str, Any] = {
    "tasks": [
        {
            "name": "label",
            "filter": {"dir": "/train", "metadata.system.refs": []},
            "assignees": ["ann@example.com", {"email": "ben@example.com", "weight": 2}],
            "due": "2029-01-01",
            "priority": "high",
            "owner": "lead@example.com",
            "recipe": "r1",
            "statuses": ["completed", "help"],
            "metadata": {"ticket": "LAB-7"},
        },
        {"name": "check", "type": "qa", "of": "label", "assignees": ["cat@example.com"]},
    ]
}


def write_items(path: Path, count: int = 40) -> Path:
    lines = []
    for number in range(count):
        folder = "/test" if number % 4 == 3 else "/train"
        document = {
            "id": f"{number:024x}",
            "filename": f"{folder}/{number}.jpg",
            "metadata": {"user": {"n": number}},
        }
        lines.append(json.dumps(document))
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def new_store(folder: Path, name: str = "work.db", count: int = 40) -> Path:
    store = SqliteStore(folder / name, create=True)
    store.import_path(write_items(folder / "items.ndjson", count), "fruit")
    store.close()
    return folder / name


def open_backend(path: Path) -> SqliteBackend:
    return SqliteBackend(SqliteStore(path))


def plan_for(backend: SqliteBackend, spec: Mapping[str, Any] = SPEC) -> Plan:
    return make_plan(spec_from(spec), backend.snapshot("fruit"), resolver=backend)


def apply(plan: Plan, backend: SqliteBackend, **options: Any) -> ReplayReport:
    with Journal(backend.store.path) as journal:
        return apply_plan(plan, backend, journal, actor=ACTOR, clock=lambda: NOW, **options)


def dump(path: Path, *, journal: bool = False) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of a store, except the tokens that only say that something changed."""
    connection = sqlite3.connect(path)
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    result = {}
    for name in sorted(names):
        if name.startswith("sqlite_") or (name == "journal" and not journal):
            continue
        columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
        kept = ", ".join(f'"{c}"' for c in columns if not c.endswith("_version"))
        result[name] = sorted(connection.execute(f'SELECT {kept} FROM "{name}"').fetchall(), key=repr)
    connection.close()
    return result
