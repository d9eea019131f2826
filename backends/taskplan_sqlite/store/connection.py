"""Opening the SQLite file of a store."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from taskplan.errors import BackendError, InputError, NotFoundError
from taskplan_sqlite.store.schema import MIGRATIONS, migrate, stored_version

BUSY_SECONDS = 30.0
"""How long a writer waits for another process before SQLite reports the store as locked."""
PAGE_BYTES = 16_384
"""Of a file that is made; documents of some hundred bytes fill such pages better than SQLite's 4,096."""

_REFUSALS = {
    "database is locked": "another process is writing to the store",
    "database or disk is full": "the disk is full",
    "attempt to write a readonly database": "the store may not be written",
    "unable to open database file": "the store cannot be opened",
    "disk I/O error": "the disk failed to read or write",
}


def connect(path: Path, create: bool = False, *, threads: bool = False) -> sqlite3.Connection:
    """Open a store in autocommit mode with write-ahead log, foreign keys and a busy timeout.

    With `create` a file that does not exist is made; with `threads` the caller sees to it
    that threads take turns. One that may not be written is
    opened to be read. NotFoundError where there is none; InputError where the file
    is no store, or of a newer release.
    """
    source = str(path)
    if not create and not path.exists():
        raise NotFoundError("there is no store here", source=source)
    if path.is_dir():
        raise InputError("is a folder, not a taskplan store", source=source)
    if not path.parent.is_dir():
        raise NotFoundError("there is no such folder", source=str(path.parent))
    if path.exists() and not _may_be_written(path):
        with telling(path):
            return _connect_to_read(path)
    with telling(path):
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=not threads
        )
        try:
            # An empty file is what a killed first import leaves; anything else has to be ours already.
            version = stored_version(connection, source)
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            use_write_ahead_log(connection)
            connection.execute("PRAGMA foreign_keys = ON")
            if version < len(MIGRATIONS):
                migrate(connection, source)
            if not path.exists():
                # Another process gave up its failed first import and took the file away.
                connection.close()
                return connect(path, create, threads=threads)
        except BaseException:
            connection.close()
            raise
    return connection


def _may_be_written(path: Path) -> bool:
    # SQLite needs files beside the store, too.
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a store that may not be written; the second way is for places where nothing at all may be."""
    try:
        return _opened(path, "mode=ro")
    except sqlite3.OperationalError:
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size:
            raise
        return _opened(path, "mode=ro&immutable=1")


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    name = f"file:{quote(str(path.resolve()))}?{mode}"
    connection = sqlite3.connect(name, timeout=BUSY_SECONDS, isolation_level=None, uri=True)
    try:
        if stored_version(connection, str(path)) < len(MIGRATIONS):
            raise BackendError(f"{path}: an older release made it; open it once where it may be written")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Turn what the machine refuses (a lock, the disk, permissions) into BackendError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        told = _REFUSALS.get(str(error))
        if told is None:
            raise
        raise BackendError(f"{path}: {told}", retryable="locked" in str(error)) from error


def use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log; waits, because SQLite itself does not wait for this lock."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
