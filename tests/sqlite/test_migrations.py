"""A store that an earlier schema wrote is brought up to date when it is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from taskplan.errors import InputError
from taskplan_sqlite.store import schema
from taskplan_sqlite.store.store import SqliteStore
from tests.replay.support import dump, new_store


def old_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with monkeypatch.context() as patch:
        for module in ("schema", "connection"):
            patch.setattr(f"taskplan_sqlite.store.{module}.MIGRATIONS", schema.MIGRATIONS[:1])
        return new_store(folder)


def test_a_store_of_the_first_schema_keeps_all_that_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = old_store(tmp_path, monkeypatch)
    before = dump(path)
    assert "status_log" not in before
    SqliteStore(path).close()
    after = dump(path)
    assert set(after) - set(before) == {"status_log", "ontologies", "moves"}
    assert after["items"] == before["items"]
    assert [row[: len(before["datasets"][0])] for row in after["datasets"]] == before["datasets"]
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)
    connection.close()
    (tmp_path / "new").mkdir()
    fresh = new_store(tmp_path / "new")
    assert layout(path) == layout(fresh)


def layout(path: Path) -> set[tuple[str, ...]]:
    connection = sqlite3.connect(path)
    listed = connection.execute("SELECT type, name FROM sqlite_master").fetchall()
    found: set[tuple[str, ...]] = {(name,) for kind, name in listed if kind == "index"}
    for kind, name in listed:
        if kind == "table":
            columns = connection.execute(f'PRAGMA table_info("{name}")')
            found |= {(name, *map(str, column[1:4])) for column in columns}
    connection.close()
    return found


def test_an_older_release_refuses_the_newer_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = new_store(tmp_path)
    for module in ("schema", "connection"):
        monkeypatch.setattr(f"taskplan_sqlite.store.{module}.MIGRATIONS", schema.MIGRATIONS[:1])
    refused = "has schema version 3, and this release knows versions up to 1; update"
    with pytest.raises(InputError, match=refused):
        SqliteStore(path)
