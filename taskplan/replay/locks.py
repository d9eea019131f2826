"""Locks between processes: a tiny SQLite file that the operating system releases when its holder ends."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taskplan.errors import BackendError

_POLL_SECONDS = 0.05


@contextmanager
def locked(file: Path, wait: float, words: str) -> Iterator[None]:
    """Hold the lock `file` for a `with` block; BackendError with `words` where it is not free in `wait` s."""
    lock = sqlite3.connect(file, timeout=0, isolation_level=None)
    try:
        deadline = time.monotonic() + wait
        # Asked again and again here, not in SQLite's own wait, so that Ctrl-C is heard.
        while not _try(lock):
            if time.monotonic() >= deadline:
                raise BackendError(words, retryable=True)
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        lock.close()


def _try(lock: sqlite3.Connection) -> bool:
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        return False
    return True
