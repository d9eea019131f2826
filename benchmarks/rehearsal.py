"""How long does it take to rehearse a plan of a million items, beside writing the same rows and no more?"""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.rows import Pairs, Row, pair_rows
from benchmarks.workload import workload
from taskplan.planning.document import Plan
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from taskplan.replay.rehearse import rehearse_plan
from taskplan_sqlite.backend import SqliteBackend
from taskplan_sqlite.store.store import SqliteStore

PEOPLE = 100
LIMIT = 4.0


def run(scale: float, repeat: int) -> list[Row]:
    """Measure a rehearsal (copy, drift check, tasks, refs, journal, read back) and a bare executemany."""
    count = int(1_000_000 * scale)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        backend = SqliteBackend(store_of(folder, count))
        spec = spec_from(
            {
                "tasks": [
                    {
                        "name": "all",
                        "assignees": [f"p{index}@example.com" for index in range(PEOPLE)],
                        "order": "interleaved",
                        "split_above": 80_000,
                    }
                ]
            }
        )
        plan = make_plan(spec, backend.snapshot("bench"), resolver=backend)
        measured: Pairs = []
        # In turn, so that a machine that slows down slows both.
        for _ in range(repeat):
            start = perf_counter()
            _, verification = rehearse_plan(plan, backend, actor="bench@example.com", clock=lambda: 0.0)
            taken = perf_counter() - start
            if not verification.ok:
                raise RuntimeError(verification.differences[0])
            measured.append((taken, write_bare(plan, folder / "bare.db")))
        backend.close()
    rows = sum(operation.allocation.items.count for operation in plan.operations)
    note = f"{rows:,} items in {len(plan.operations)} tasks; copy, check and read-back included"
    return pair_rows(
        "rehearse a plan",
        measured,
        subjects=("taskplan", "sqlite3 executemany"),
        notes=(note, "the same rows, table and index"),
        ratio=LIMIT,
    )


def store_of(folder: Path, count: int, *, threads: bool = False) -> SqliteStore:
    """Return an open store of the workload's first items, in dataset "bench"."""
    path = folder / "items.ndjson"
    workload(count).write(path)
    store = SqliteStore(folder / "bench.db", create=True, threads=threads)
    store.import_path(path, "bench")
    path.unlink()
    return store


def write_bare(plan: Plan, path: Path) -> float:
    """Write one row an item into a table of the same shape, durably, and return the seconds it took."""
    rows = []
    item = 0
    for operation in plan.operations:
        for share in operation.allocation.shares:
            for _ in range(share.items):
                item += 1
                rows.append((item, operation.id, share.assignee[:24], operation.key))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(
        """CREATE TABLE refs (item INTEGER NOT NULL, task TEXT NOT NULL, assignment TEXT, operation TEXT,
           status TEXT, creator TEXT, timestamp TEXT, PRIMARY KEY (task, item)) WITHOUT ROWID"""
    )
    connection.execute("CREATE INDEX refs_by_item ON refs (item)")
    start = perf_counter()
    with connection:
        connection.executemany(
            "INSERT INTO refs (item, task, assignment, operation) VALUES (?, ?, ?, ?)", rows
        )
    taken = perf_counter() - start
    connection.close()
    for leftover in path.parent.glob(f"{path.name}*"):
        leftover.unlink()
    return taken
