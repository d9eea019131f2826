"""What a replay meant to do and what it did, on disk before and after each operation.

The journal is a table in a SQLite file: the store itself for the local backend.
Every entry is committed with ``synchronous = FULL``, so that an intent is
durable before anything is sent. A second, empty SQLite file beside it serves as
the lock: the operating system releases it when the process dies.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

import msgspec

from taskplan.errors import BackendError
from taskplan.replay.backend import Outcome

State = Literal["intent", "done", "undone"]

_TABLE = """
CREATE TABLE IF NOT EXISTS journal (
    key TEXT PRIMARY KEY,
    plan TEXT NOT NULL,
    operation TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('intent', 'done', 'undone')),
    outcome TEXT,
    at REAL NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the journal holds of one operation; `at` is milliseconds since 1970."""

    key: str
    plan: str
    operation: str
    state: State
    outcome: Outcome | None
    at: float


class Journal:
    """A journal in the SQLite file at `path`; use it in a ``with`` block."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(_TABLE)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def lock(self, wait: float = 60.0) -> Iterator[None]:
        """Hold the journal for one replay; BackendError (retryable) where another holds it past `wait` seconds."""
        path = self._path.with_name(self._path.name + "-replay-lock")
        connection = sqlite3.connect(path, timeout=wait, isolation_level=None)
        try:
            try:
                connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                raise BackendError(
                    f"another replay on {self._path} is still running after {wait:g} s; try again when it has ended",
                    retryable=True,
                ) from error
            yield
        finally:
            connection.close()

    def entry(self, key: str) -> Entry | None:
        """Return what is known of an operation."""
        row = self._connection.execute(
            "SELECT key, plan, operation, state, outcome, at FROM journal WHERE key = ?", (key,)
        ).fetchone()
        if row is None:
            return None
        outcome = msgspec.json.decode(row[4], type=Outcome) if row[4] is not None else None
        return Entry(row[0], row[1], row[2], row[3], outcome, row[5])

    def intend(self, key: str, plan: str, operation: str, at: float) -> None:
        """Record that an operation is about to be performed."""
        self._connection.execute(
            "INSERT OR REPLACE INTO journal VALUES (?, ?, ?, 'intent', NULL, ?)", (key, plan, operation, at)
        )

    def done(self, key: str, plan: str, operation: str, outcome: Outcome, at: float) -> None:
        """Record that an operation took effect."""
        self._connection.execute(
            "INSERT OR REPLACE INTO journal VALUES (?, ?, ?, 'done', ?, ?)",
            (key, plan, operation, msgspec.json.encode(outcome).decode(), at),
        )

    def undone(self, key: str, at: float) -> None:
        """Record that an operation was taken back."""
        self._connection.execute("UPDATE journal SET state = 'undone', at = ? WHERE key = ?", (at, key))
