"""A gate on a new store, and a client of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taskplan_sqlite.gate.server import open_gate, running
from taskplan_sqlite.gate.service import Gate, Options
from taskplan_sqlite.store.store import SqliteStore
from tests.gate.support import Client, everything

PEOPLE = ("ann@example.com", "Ben@example.com")


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    options = Options(user="lead@example.com", keep_files=tmp_path / "files")
    with open_gate(tmp_path / "gate.db", options, create=True) as opened, running(opened):
        yield opened


@pytest.fixture
def client(gate: Gate) -> Client:
    return Client(gate)


class World:
    """A project with a dataset of twelve files, as tests begin with."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.project = client.ask("POST", "/projects", {"name": "fruit"})["id"]
        made = client.ask("POST", "/datasets", {"name": "apples", "projects": [self.project]})
        self.dataset = made["id"]
        self.recipe = made["metadata"]["system"]["recipes"][0]
        self.items = [
            client.upload(self.dataset, f"/{'test' if n % 4 == 3 else 'train'}/{n}.jpg", bytes([n]))["id"]
            for n in range(12)
        ]

    def task(
        self,
        query: str | None = None,
        *,
        workload: Any = ("ann@example.com", "Ben@example.com"),
        **fields: Any,
    ) -> Any:
        """Make a task and return it."""
        people = workload or ()
        body = {
            "name": "label",
            "datasetId": self.dataset,
            "projectId": self.project,
            "recipeId": self.recipe,
            "taskOwner": "lead@example.com",
            "query": query or everything(),
            "spec": {"type": "annotation"},
            "dueDate": 1.9e12,
            "assignmentIds": [],
            "asynced": True,
            "workload": [{"assigneeId": who, "load": 100 / len(people)} for who in people],
            **fields,
        }
        command = self.client.ask("POST", "/annotationtasks", body)
        assert command["status"] == "success"
        return self.client.ask("GET", f"/annotationtasks/{command['spec']['createdTaskId']}")

    def of(self, task: str) -> list[Any]:
        """Return a task's assignments."""
        found = self.client.ask("GET", "/assignments", taskId=task, pageSize=500)["items"]
        assert isinstance(found, list)
        return found

    def query(self, **filters: Any) -> Any:
        """Return a page of items."""
        clauses = [{name: value} for name, value in filters.items()]
        body = {"filter": {"$and": clauses}, "page": 0, "pageSize": 1000, "resource": "items"}
        return self.client.ask("POST", f"/datasets/{self.dataset}/query", body)

    def system(self, item: str) -> Any:
        """Return the system metadata of an item."""
        return self.client.ask("GET", f"/items/{item}")["metadata"]["system"]


@pytest.fixture
def world(client: Client) -> World:
    return World(client)


def document(number: int) -> dict[str, object]:
    folder = "/test" if number % 5 == 4 else "/train"
    found: dict[str, object] = {
        "id": f"{number + 1:024x}",
        "filename": f"{folder}/{number}.jpg",
        "createdAt": f"2026-01-01T00:00:{number:02d}.000Z",
        "metadata": {
            "system": {"mimetype": "image/jpeg", "size": 100 + number, "refs": []},
            "user": {"score": number / 30},
        },
    }
    if number % 3 == 0:
        found["annotations"] = [
            {"id": f"{number + 1001:024x}", "label": "apple", "type": "box", "coordinates": []}
        ]
    return found


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    items = folder / "items.ndjson"
    items.write_text("\n".join(json.dumps(document(n)) for n in range(30)), encoding="utf-8")
    store = SqliteStore(folder / "work.db", create=True)
    store.import_path(items, "fruit", project="food")
    store.close()
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    """A folder with a store of thirty items, a third of them annotated."""
    shutil.copy(template / "work.db", tmp_path / "work.db")
    (tmp_path / "home").mkdir()
    return tmp_path
