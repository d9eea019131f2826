"""What does exactly-once cost: applying a plan to a live platform, and pulling one, beside bare SDK calls."""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec

from benchmarks.rehearsal import store_of
from benchmarks.rows import Pairs, pair_rows
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from taskplan.replay.executor import apply_plan
from taskplan.replay.journal import Journal
from taskplan.replay.undo import undo_plan
from taskplan_dataloop.plugin import plugin
from taskplan_dataloop.pull import pull
from taskplan_sqlite.backend import SqliteBackend
from taskplan_sqlite.gate.sdk import pointed_at
from taskplan_sqlite.store.store import SqliteStore

PEOPLE = [f"p{index}@example.com" for index in range(10)]
APPLY_LIMIT = 1.1
PULL_LIMIT = 1.0
MOST = 50_000
REQUEST_ITEMS = 2000
"""Both sides send so many ids in one request."""


def run(scale: float, repeat: int) -> list[dict[str, Any]]:
    """Measure apply and pull against a gate in a process of its own; 100,000 items at scale 1."""
    count = max(2000, int(100_000 * scale))
    logging.getLogger("dtlpy").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store_of(folder, count).close()
        (folder / "bench.db").rename(folder / "local.db")
        store_of(folder, count).close()
        local = SqliteBackend(SqliteStore(folder / "local.db"))
        with (
            _gate(folder / "bench.db") as gate,
            pointed_at(gate["url"], gate["token"], folder / "home") as dl,
        ):
            (folder / "token").write_text(gate["token"], encoding="utf-8")
            options = {
                "gate_url": gate["url"],
                "token_file": folder / "token",
                "request_items": REQUEST_ITEMS,
            }
            backend = plugin.connect(options)
            dataset = dl.projects.list()[0].datasets.get(dataset_name="bench")
            applied = _apply(local, backend, dataset, folder, repeat, min(MOST, count // 2))
            pulled = _pull(backend, dataset, folder, max(1, repeat // 2))
            backend.close()
        local.close()
    subjects = ("taskplan", "dtlpy")
    checked = "drift check and verification included"
    bare = "bare SDK: create, add by id, list to check"
    listing = "dtlpy items.list().all()"
    return [
        *pair_rows("apply a plan live", applied, ratio=APPLY_LIMIT, subjects=subjects, notes=(checked, bare)),
        *pair_rows(
            f"pull {count:,} items", pulled, ratio=PULL_LIMIT, subjects=subjects, notes=(None, listing)
        ),
    ]


@contextmanager
def _gate(store: Path) -> Iterator[dict[str, str]]:
    # A process of its own: the client's time is to be the client's alone.
    command = [str(Path(sys.executable).with_name("taskplan")), "serve", "--store", str(store), "--json"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert running.stdout is not None
    said = b""
    while not said.rstrip().endswith(b"}"):
        line = running.stdout.readline()
        if not line:
            raise RuntimeError("the gate did not start")
        said += line
    try:
        yield msgspec.json.decode(said)
    finally:
        running.terminate()
        running.wait(30)


def _apply(local: SqliteBackend, backend: Any, dataset: Any, folder: Path, repeat: int, count: int) -> Pairs:
    spec = {"tasks": [{"name": "all", "limit": count, "assignees": PEOPLE}]}
    plan = make_plan(spec_from(spec), local.snapshot("bench"), resolver=local)
    (operation,) = plan.operations
    measured = []
    for _ in range(repeat):
        with Journal(folder / "journal.db") as journal:
            start = perf_counter()
            report = apply_plan(plan, backend, journal, actor=PEOPLE[0], clock=lambda: 0.0)
            ours = perf_counter() - start
            if not report.verification.ok:
                raise RuntimeError(report.verification.differences[0])
            undo_plan(plan, backend, journal, clock=lambda: 0.0)
        measured.append((ours, _bare(dataset, operation.items_by_assignee())))
    return measured


def _bare(dataset: Any, shares: Any) -> float:
    """The same work by the SDK alone: look at the items, make the task, add by id, look who has what."""
    import dtlpy as dl

    start = perf_counter()
    task = None
    for who, ids in shares.items():
        listed = ids.tolist()
        for begin in range(0, len(listed), REQUEST_ITEMS):
            part = dl.Filters(field="id", values=listed[begin : begin + REQUEST_ITEMS], operator="in")
            if task is None:
                task = dataset.tasks.create(task_name="bare", due_date=2e9, assignee_ids=[who], filters=part)
            else:
                task.add_items(filters=part, assignee_ids=[who])
    assert task is not None
    found = {a.annotator: sum(1 for _ in a.get_items().all()) for a in task.assignments.list()}
    if sum(found.values()) != sum(map(len, shares.values())):
        raise RuntimeError("the SDK has made something else")
    taken = perf_counter() - start
    task.delete(wait=True)
    return taken


def _pull(backend: Any, dataset: Any, folder: Path, repeat: int) -> Pairs:
    measured = []
    found = backend.dataset("bench")
    for number in range(repeat):
        start = perf_counter()
        pulled = pull(backend.platform, found, folder / f"pull-{number}")
        ours = perf_counter() - start
        start = perf_counter()
        import dtlpy as dl

        listed = sum(1 for _ in dataset.items.list(filters=dl.Filters(use_defaults=False)).all())
        theirs = perf_counter() - start
        if pulled.items != listed:
            raise RuntimeError(f"{pulled.items} items pulled, {listed} listed")
        measured.append((ours, theirs))
    return measured
