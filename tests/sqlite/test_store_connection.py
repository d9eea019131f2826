"""Opening stores: what is one, what is none, and migrations."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from taskplan.errors import InputError, NotFoundError
from taskplan_sqlite.store import connection as connection_module
from taskplan_sqlite.store import schema
from taskplan_sqlite.store.connection import connect


def told(path: Path, create: bool = False) -> str:
    with pytest.raises(InputError) as caught:
        connect(path, create)
    return str(caught.value)


def test_a_store_is_opened_with_its_settings(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    connect(path, create=True).close()
    opened = connect(path)
    settings = [opened.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "foreign_keys")]
    assert settings == ["wal", 1]
    assert opened.execute("PRAGMA busy_timeout").fetchone() == (30_000,)
    assert opened.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)
    opened.close()


def test_what_is_no_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    absent, text, other = tmp_path / "absent.db", tmp_path / "text.db", tmp_path / "other.db"
    assert told(absent) == f"{absent}: there is no store here"
    with pytest.raises(NotFoundError):
        connect(absent)
    assert not absent.exists()
    assert told(tmp_path) == f"{tmp_path}: is a folder, not a taskplan store"
    assert told(tmp_path / "no" / "s.db", create=True) == f"{tmp_path / 'no'}: there is no such folder"
    text.write_text(
        "a shopping list that is longer than the header of an SQLite file, which is 100 bytes " * 3
    )
    before = text.read_bytes()
    for create in (False, True):
        assert told(text, create) == f"{text}: is not a taskplan store"
    assert text.read_bytes() == before
    foreign = sqlite3.connect(other)
    foreign.execute("CREATE TABLE items (a)")
    foreign.close()
    before = other.read_bytes()
    assert told(other) == f"{other}: is an SQLite file, but not a taskplan store"
    assert other.read_bytes() == before


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    opened = connect(path, create=True)
    opened.execute("PRAGMA user_version = 99")
    opened.close()
    known = len(schema.MIGRATIONS)
    assert told(path) == (
        f"{path}: has schema version 99, and this release knows versions up to {known}; update taskplan"
    )


def test_an_older_store_is_migrated_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.db"
    first = connect(path, create=True)
    first.execute("INSERT INTO meta VALUES ('kept', 'yes')")
    first.close()

    def broken() -> list[str]:
        return ["CREATE TABLE extra (a)", "nonsense"]

    def sound() -> list[str]:
        return ["CREATE TABLE extra (a)"]

    known = tuple(schema.MIGRATIONS)
    for migrations in ((*known, broken), (*known, sound)):
        monkeypatch.setattr(schema, "MIGRATIONS", migrations)
        monkeypatch.setattr(connection_module, "MIGRATIONS", migrations)
        if migrations[-1] is broken:
            with pytest.raises(sqlite3.OperationalError):
                connect(path)
    opened = connect(path)
    assert opened.execute("SELECT value FROM meta").fetchall() == [("yes",)]
    assert opened.execute("SELECT * FROM extra").fetchall() == []
    assert opened.execute("PRAGMA user_version").fetchone() == (len(known) + 1,)
    opened.close()


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    path.touch()
    connect(path).close()
    connect(path).close()


def test_opening_a_store_does_not_import_what_makes_one(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    connect(path, create=True).close()
    program = (
        "import sys; from pathlib import Path; from taskplan_sqlite.store.connection import connect; "
        "connect(Path(sys.argv[1])).close(); print('sqlite_utils' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
