"""What a replay meant to do and has done, on disk before the backend is touched.

The journal is one SQLite table; the local backend keeps it in the store's own
file, others in a file of their own. Every write is durable when it returns
(``synchronous=FULL``). A second, tiny SQLite file beside it is the lock: the
operating system releases it when its holder ends, however it ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from taskplan.errors import BackendError
from taskplan.replay.backend import Outcome
from taskplan.replay.locks import locked

State = Literal["intent", "done", "undone", "dropped"]
LOCK_WAIT = 60.0
"""Seconds that a replay waits for another one on the same journal."""
_BUSY_SECONDS = 30.0
_TABLE = """CREATE TABLE IF NOT EXISTS journal (
    key TEXT PRIMARY KEY,
    plan TEXT NOT NULL,
    operation TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('intent', 'done', 'undone', 'dropped')),
    outcome TEXT,
    at REAL NOT NULL
) WITHOUT ROWID"""
_PUT = """INSERT INTO journal (key, plan, operation, state, outcome, at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET plan = excluded.plan, operation = excluded.operation,
    state = excluded.state, outcome = excluded.outcome, at = excluded.at"""


@dataclass(frozen=True, slots=True)
class Entry:
    """The journal's word on one operation: `dropped` are the items that drift took out of it.

    `plan` is the digest of the plan by which it was performed.
    """

    state: State
    outcome: Outcome | None
    dropped: tuple[str, ...] = ()
    plan: str = ""


class Journal:
    """The journal at `path`, a store or a file of its own; a context manager that closes it."""

    def __init__(self, path: Path | str) -> None:
        # One store has one lock, whichever way leads to it.
        self.path = Path(path).resolve()
        self._connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(_TABLE)
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise BackendError(f"{path}: the journal cannot be written: {error}") from error
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
    def locked(self, wait: float = LOCK_WAIT, *, plan: str | None = None) -> Iterator[None]:
        """Keep other replays of a plan out, or (None) every other one; BackendError after `wait` seconds.

        A plan is held for the whole of its replay, the journal for one operation at a time.
        """
        file = self.path.with_name(f"{self.path.name}.lock")
        if plan is not None:
            folder = self.path.with_name(f"{self.path.name}.locks")
            folder.mkdir(exist_ok=True)
            file = folder / plan.rpartition(":")[2][:16]
        words = (
            f"another replay is at work on {self.path} (waited {wait:g} s); "
            "the same command continues when it has ended"
        )
        with locked(file, wait, words):
            yield

    def entries(self, keys: Iterable[str]) -> dict[str, Entry]:
        """Return what is known of the operations with `keys`; those never begun are left out."""
        return _entries(self._connection, keys)

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

    def dropped(self, plan: str, operation: str, key: str, at: float, items: Iterable[str]) -> None:
        """Record that drift left nothing of an operation, which is settled by that."""
        self._put(plan, operation, key, "dropped", at, {"dropped": list(items)})

    def undone(self, plan: str, operation: str, key: str, at: float) -> None:
        """Record that nothing is left of an operation, so that it may be performed again."""
        self._put(plan, operation, key, "undone", at, {})

    def _put(
        self, plan: str, operation: str, key: str, state: State, at: float, said: Mapping[str, Any]
    ) -> None:
        text = msgspec.json.encode(said).decode()
        self._connection.execute(_PUT, (key, plan, operation, state, text, at))


def read_entries(path: Path, keys: Iterable[str]) -> dict[str, Entry]:
    """Return what the journal at `path` knows of operations, writing nothing; empty where there is none."""
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        try:
            with closing(
                sqlite3.connect(f"file:{quote(str(path.resolve()))}?{mode}", uri=True)
            ) as connection:
                return _entries(connection, keys)
        except sqlite3.OperationalError:
            # No journal yet; or a place that may not be written, which the second way is for.
            continue
    return {}


def _entries(connection: sqlite3.Connection, keys: Iterable[str]) -> dict[str, Entry]:
    result = {}
    for key in keys:
        row = connection.execute("SELECT state, outcome, plan FROM journal WHERE key = ?", (key,)).fetchone()
        if row is not None:
            result[key] = _entry(*row)
    return result


class _Said(msgspec.Struct):
    task_id: str = ""
    assignments: dict[str, str] = {}
    items: int = 0
    dropped: tuple[str, ...] = ()


def _entry(state: State, text: str | None, plan: str) -> Entry:
    try:
        said = msgspec.json.decode(text or "", type=_Said)
    except msgspec.DecodeError:
        # Damaged: the backend itself knows whether the operation took effect.
        return Entry("intent", None, (), plan)
    outcome = Outcome(said.task_id, said.assignments, said.items) if state == "done" else None
    return Entry(state, outcome, said.dropped, plan)
