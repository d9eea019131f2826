"""What does the gate add: a page of a thousand items and a task over very many, beside the SDK's own time."""

from __future__ import annotations

import http.client
import json
import logging
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from benchmarks.rehearsal import store_of
from benchmarks.rows import Pairs, pair_rows
from taskplan_sqlite.gate.sdk import pointed_at
from taskplan_sqlite.gate.server import running
from taskplan_sqlite.gate.service import Gate, Options

PAGE = 1000
PAGE_LIMIT = 0.015
CREATE_LIMIT = 3.0
MOST = 79_999
"""The platform makes no task of 80,000 items or more."""
PEOPLE = [f"p{index}@example.com" for index in range(20)]


class Bare:
    """A connection that sends JSON and does not look at what comes back: the server's share, and loopback."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._connection = http.client.HTTPConnection(urlsplit(gate.url).netloc, timeout=60)

    def post(self, path: str, body: Any) -> float:
        """Return the seconds until the whole answer was here."""
        headers = {"Authorization": f"Bearer {self._gate.token}", "Content-Type": "application/json"}
        content = json.dumps(body)
        start = perf_counter()
        self._connection.request("POST", f"/api/v1{path}", content, headers)
        answer = self._connection.getresponse()
        answer.read()
        taken = perf_counter() - start
        if answer.status != 200:
            raise RuntimeError(f"POST {path}: {answer.status}")
        return taken


def run(scale: float, repeat: int) -> list[dict[str, Any]]:
    """Measure pages, then tasks, through the real SDK over HTTP; 100,000 items at scale 1."""
    count = max(2 * PAGE, int(100_000 * scale))
    logging.getLogger("dtlpy").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = store_of(folder, count, threads=True)
        gate = Gate(store, Options())
        with running(gate), pointed_at(gate.url, gate.token, folder / "home") as dl:
            dataset = dl.projects.list()[0].datasets.get(dataset_name="bench")
            # Hidden items and folders are none of the SDK's.
            listed = dataset.items.list().items_count
            pages = _pages(dl, dataset, Bare(gate), 20 * repeat, listed // PAGE)
            tasks = _tasks(dataset, Bare(gate), repeat, min(listed, MOST))
        store.close()
    rivals = {"subjects": ("the gate, bare HTTP", "the SDK's call")}
    share = "the gate's share in it"
    page = f"items/query, a page of {PAGE:,}"
    task = f"of {min(listed, MOST):,} items for {len(PEOPLE)}"
    return [
        *pair_rows(page, pages, seconds=PAGE_LIMIT, notes=(f"of {listed:,} items", share), **rivals),
        *pair_rows("create a task", tasks, seconds=CREATE_LIMIT, notes=(task, share), **rivals),
    ]


def _pages(dl: Any, dataset: Any, bare: Bare, times: int, pages: int) -> Pairs:
    measured = []
    filters = dl.Filters()
    filters.page_size = PAGE
    for number in range(times):
        filters.page = number % pages
        server = bare.post(f"/datasets/{dataset.id}/query", filters.prepare())
        start = perf_counter()
        found = dataset.items.list(filters=filters)
        measured.append((server, perf_counter() - start))
        if len(found.items) != PAGE:
            raise RuntimeError(f"a page of {len(found.items)} items")
    return measured


def _tasks(dataset: Any, bare: Bare, times: int, count: int) -> Pairs:
    measured = []
    for _ in range(times):
        start = perf_counter()
        task = dataset.tasks.create(task_name="all", due_date=2e9, assignee_ids=PEOPLE, limit=count)
        whole = perf_counter() - start
        if task.total_items != count:
            raise RuntimeError(f"a task of {task.total_items} items")
        task.delete(wait=True)
        body = {
            "name": "all",
            "datasetId": dataset.id,
            "projectId": dataset.project.id,
            "recipeId": dataset.get_recipe_ids()[0],
            "taskOwner": PEOPLE[0],
            "query": json.dumps({"filter": {"$and": [{"type": "file"}]}, "resource": "items"}),
            "spec": {"type": "annotation"},
            "dueDate": 2e12,
            "assignmentIds": [],
            "asynced": True,
            "limit": count,
            "workload": [{"assigneeId": who, "load": 100 / len(PEOPLE)} for who in PEOPLE],
        }
        measured.append((bare.post("/annotationtasks", body), whole))
        dataset.tasks.get(task_name="all").delete(wait=True)
    return measured
