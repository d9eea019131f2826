"""A throwaway copy of a store."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taskplan_sqlite.store.store import SqliteStore

COPY_PAGES = 4_096
"""Pages that SQLite's own backup copies between two looks for Ctrl-C."""


@contextmanager
def rehearsal_copy(store: SqliteStore) -> Iterator[SqliteStore]:
    """Copy a store into a temporary folder (TMPDIR), open the copy, and remove it whatever happens.

    Changes that other processes make meanwhile are in the copy whole or not at all.
    """
    with tempfile.TemporaryDirectory(prefix="taskplan-rehearsal-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "store.db"
        _copy(store, path)
        _copy_columns(store, path)
        copy = SqliteStore(path)
        copy.shown = store.shown
        try:
            yield copy
        finally:
            copy.close()


def _copy(store: SqliteStore, path: Path) -> None:
    with sqlite3.connect(path) as target:
        store.connection.backup(target, pages=COPY_PAGES)
    target.close()


def _copy_columns(store: SqliteStore, path: Path) -> None:
    """Take the columnar cache along, which only saves time; what cannot be copied is made again."""
    source = store.path.with_name(f"{store.path.name}.columns")
    target = path.with_name(f"{path.name}.columns")
    if not source.is_dir():
        return
    try:
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(".new-*"))
    except OSError:
        # Another process has just replaced an entry.
        shutil.rmtree(target, ignore_errors=True)
