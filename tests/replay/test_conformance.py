"""Three backends, one suite: the SQLite mock, the live platform over the gate, and a toy in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from taskplan.model.ids import ItemIds
from taskplan.replay.backend import Backend
from taskplan.testing.backend_conformance import BackendConformance
from taskplan_dataloop.plugin import plugin
from taskplan_sqlite.backend import SqliteBackend
from taskplan_sqlite.gate.server import open_gate, running
from taskplan_sqlite.gate.service import Options
from taskplan_sqlite.store.store import SqliteStore
from tests.gate.support import Client
from tests.replay.toy import ToyBackend, ToyPlace


class SqliteHarness:
    """The local mock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "place.db"

    def open(self) -> Backend:
        return SqliteBackend(SqliteStore(self.path))

    def fill(
        self, project: str, dataset: str, items: Sequence[Mapping[str, Any]], members: Sequence[str]
    ) -> None:
        self._import(project, dataset, items)
        store = SqliteStore(self.path)
        with store.write() as connection:
            connection.executemany(
                """INSERT INTO contributors (project, email, role, document)
                   SELECT pk, ?, 'annotator', '{}' FROM projects""",
                [(email,) for email in members],
            )
        store.close()

    def _import(self, project: str, dataset: str, items: Sequence[Mapping[str, Any]]) -> None:
        source = self.folder / "items.ndjson"
        source.write_text("\n".join(json.dumps(item) for item in items), encoding="utf-8")
        store = SqliteStore(self.path, create=True)
        store.import_path(source, dataset, project=project)
        store.close()

    def set_status(self, task: str, items: Sequence[str], status: str) -> None:
        backend = SqliteBackend(SqliteStore(self.path))
        backend.set_status(task, ItemIds.of(items), status, creator="ann@example.com", now=1.0)
        backend.close()

    def change_item(self, item: str, metadata: Mapping[str, Any]) -> None:
        self._client(lambda client: client.ask("PATCH", f"/items/{item}", {"metadata": {"user": metadata}}))

    def remove_item(self, item: str) -> None:
        self._client(lambda client: client.ask("DELETE", f"/items/{item}", status=204))

    def _client(self, act: Any) -> None:
        with open_gate(self.path, Options()) as gate, running(gate):
            act(Client(gate))


class DataloopHarness(SqliteHarness):
    """The live backend; the platform is a gate, which people write to at the same time."""

    @contextmanager
    def opened(self) -> Iterator[DataloopHarness]:
        SqliteStore(self.path, create=True).close()
        with open_gate(self.path, Options(user="lead@example.com")) as gate, running(gate):
            self.gate = gate
            (self.folder / "token").write_text(gate.token, encoding="utf-8")
            yield self

    def open(self) -> Backend:
        return plugin.connect(
            {
                "gate_url": self.gate.url,
                "token_file": self.folder / "token",
                "project": "food",
                "request_items": 5,
                "settle": 0.01,
            }
        )

    def _client(self, act: Any) -> None:
        act(Client(self.gate))


class TestSqlite(BackendConformance):
    @pytest.fixture
    def harness(self, tmp_path: Path) -> SqliteHarness:
        return SqliteHarness(tmp_path)


class TestDataloop(BackendConformance):
    @pytest.fixture
    def harness(self, tmp_path: Path) -> Iterator[DataloopHarness]:
        with DataloopHarness(tmp_path).opened() as opened:
            yield opened


class TestToy(BackendConformance):
    @pytest.fixture
    def harness(self, tmp_path: Path) -> ToyHarness:
        return ToyHarness(tmp_path)


class ToyHarness:
    """The toy, whose place is a Python object."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = ToyPlace()

    def open(self) -> Backend:
        return ToyBackend(self.place)

    def fill(
        self, project: str, dataset: str, items: Sequence[Mapping[str, Any]], members: Sequence[str]
    ) -> None:
        self.place.project, self.place.dataset = project, dataset
        self.place.items = {str(item["id"]): dict(item) for item in items}

    def set_status(self, task: str, items: Sequence[str], status: str) -> None:
        self.place.tasks[task].statuses.update(dict.fromkeys(items, status))

    def change_item(self, item: str, metadata: Mapping[str, Any]) -> None:
        held = self.place.items[item]["metadata"]["user"]
        self.place.items[item] = {**self.place.items[item], "metadata": {"user": {**held, **metadata}}}

    def remove_item(self, item: str) -> None:
        del self.place.items[item]
