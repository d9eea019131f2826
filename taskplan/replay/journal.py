"""What a replay meant to do and has done, on disk before the backend is touched.

The journal is one SQLite table; the local backend keeps it in the store's own
file, others in a file of their own. Every write is durable when it returns
(``synchronous=FULL``). A second, tiny SQLite file beside it is the lock: the
operating system releases it when its holder ends, however it ends.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import msgspec

from taskplan.errors import BackendError
from taskplan.replay.backend import Outcome

State = Literal["intent", "done", "undone"]
LOCK_WAIT = 60.0
"""Seconds that a replay waits for another one on the same journal."""
_BUSY_SECONDS = 30.0
_POLL_SECONDS = 0.05
_TABLE = """CREATE TABLE IF NOT EXISTS journal (
    key TEXT PRIMARY KEY,
    plan TEXT NOT NULL,
    operation TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('intent', 'done', 'undone')),
    outcome TEXT,
    at REAL NOT NULL
) WITHOUT ROWID"""
_PUT = """INSERT INTO journal (key, plan, operation, state, outcome, at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET plan = excluded.plan, operation = excluded.operation,
    state = excluded.state, outcome = excluded.outcome, at = excluded.at"""


@dataclass(frozen=True, slots=True)
class Entry:
    """The journal's word on one operation: `dropped` are the items that drift took out of it."""

    state: State
    outcome: Outcome | None
    dropped: tuple[str, ...] = ()


class Journal:
    """The journal at `path`, a store or a file of its own; a context manager that closes it."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(_TABLE)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def locked(self, wait: float = LOCK_WAIT) -> Iterator[None]:
        """Keep other replays on this journal out; BackendError where one is still at work after `wait` s."""
        file = self.path.with_name(f"{self.path.name}.lock")
        lock = sqlite3.connect(file, timeout=0, isolation_level=None)
        try:
            deadline = time.monotonic() + wait
            # Asked again and again here, not in SQLite's own wait, so that Ctrl-C is heard.
            while not _try_lock(lock):
                if time.monotonic() >= deadline:
                    raise BackendError(
                        f"another replay is at work on {self.path} (waited {wait:g} s); "
                        "the same command continues when it has ended",
                        retryable=True,
                    )
                time.sleep(_POLL_SECONDS)
            yield
        finally:
            lock.close()

    def entries(self, keys: Iterable[str]) -> dict[str, Entry]:
        """Return what is known of the operations with `keys`; those never begun are left out."""
        result = {}
        for key in keys:
            row = self._connection.execute(
                "SELECT state, outcome FROM journal WHERE key = ?", (key,)
            ).fetchone()
            if row is not None:
                result[key] = _entry(row[0], row[1])
        return result

    def intend(self, plan: str, operation: str, key: str, at: float, dropped: Iterable[str] = ()) -> None:
        """Record that an operation is about to be performed (or undone); durable when it returns."""
        self._put(plan, operation, key, "intent", at, {"dropped": list(dropped)})

    def done(
        self, plan: str, operation: str, key: str, at: float, outcome: Outcome, dropped: Iterable[str] = ()
    ) -> None:
        """Record that an operation took effect."""
        said = {
            "task_id": outcome.task_id,
            "assignments": dict(outcome.assignments),
            "items": outcome.items,
            "dropped": list(dropped),
        }
        self._put(plan, operation, key, "done", at, said)

    def undone(self, plan: str, operation: str, key: str, at: float) -> None:
        """Record that nothing is left of an operation, so that it may be performed again."""
        self._put(plan, operation, key, "undone", at, {})

    def _put(
        self, plan: str, operation: str, key: str, state: State, at: float, said: Mapping[str, Any]
    ) -> None:
        text = msgspec.json.encode(said).decode()
        self._connection.execute(_PUT, (key, plan, operation, state, text, at))


def _try_lock(lock: sqlite3.Connection) -> bool:
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        return False
    return True


def _entry(state: State, text: str | None) -> Entry:
    said = msgspec.json.decode(text) if text else {}
    outcome = None
    if state == "done":
        outcome = Outcome(said["task_id"], said["assignments"], said["items"])
    return Entry(state, outcome, tuple(said.get("dropped", ())))
