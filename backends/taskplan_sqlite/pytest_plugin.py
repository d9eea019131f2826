"""Fixtures for test suites that use the SDK: `dataloop` and `dataloop_store` (extra "gate").

pytest loads this module in every environment that has taskplan, so that nothing
but pytest is imported before a fixture is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from taskplan_sqlite.store.store import SqliteStore


class DataloopStore:
    """A temporary store for one test, to be filled before (or while) the SDK is used."""

    def __init__(self, folder: Path) -> None:
        from taskplan_sqlite.store.store import SqliteStore

        self.path = folder / "dataloop.db"
        self._folder = folder
        SqliteStore(self.path, create=True).close()

    def add_items(
        self, items: Iterable[Mapping[str, Any]], *, dataset: str = "dataset", project: str = "project"
    ) -> int:
        """Add item documents to a dataset, which is made where it is new; return how many were new.

        A document needs ``id`` and ``filename``; ``metadata`` and ``annotations`` are kept.
        """
        import msgspec

        source = self._folder / "items.ndjson"
        source.write_bytes(b"".join(msgspec.json.encode(dict(item)) + b"\n" for item in items))
        with self.open() as store:
            return store.import_path(source, dataset, project=project).added

    def open(self) -> AbstractContextManager[SqliteStore]:
        """Open the store itself, as a context manager."""
        from taskplan_sqlite.store.store import SqliteStore

        return closing(SqliteStore(self.path))


@pytest.fixture
def dataloop_store(tmp_path_factory: pytest.TempPathFactory) -> DataloopStore:
    """An empty temporary store behind the fixture `dataloop`."""
    return DataloopStore(tmp_path_factory.mktemp("dataloop"))


@pytest.fixture
def dataloop(dataloop_store: DataloopStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The SDK (``dtlpy``), logged in to a gate on a temporary store; no account, no network."""
    from taskplan_sqlite.cli.gate_options import need_gate

    server = need_gate("the fixture `dataloop`")
    from taskplan_sqlite.gate.sdk import pointed_at
    from taskplan_sqlite.gate.service import Options

    home = tmp_path_factory.mktemp("dataloop-home")
    with ExitStack() as stack:
        gate = stack.enter_context(server.open_gate(dataloop_store.path, Options()))
        stack.enter_context(server.running(gate))
        yield stack.enter_context(pointed_at(gate.url, gate.token, home))
