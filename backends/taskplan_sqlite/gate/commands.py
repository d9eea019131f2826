"""Commands: how the platform answers what may take long. Here the work is done when the command is made."""

from __future__ import annotations

from typing import Any

from taskplan_sqlite.platform.documents import iso
from taskplan_sqlite.platform.ids import new_id
from taskplan_sqlite.platform.rows import as_text, require, rows_of
from taskplan_sqlite.store.store import SqliteStore

STAGES = ("created", "in-progress", "finalizing", "success")
"""The states that a delayed command passes through, in equal times."""


class Commands:
    """Keeps commands in the store; with a `delay` in seconds they pass through their states by the clock."""

    def __init__(self, store: SqliteStore, delay: float) -> None:
        self._store = store
        self._delay = delay * 1000

    def make(self, type: str, spec: dict[str, Any], *, now: float) -> dict[str, Any]:
        """Keep a command for work that has been done, and return it as it stands now."""
        command = new_id(now)
        document = {"type": type, "spec": spec, "createdAt": iso(now)}
        self._store.connection.execute(
            "INSERT INTO commands (id, type, status, created_at, document) VALUES (?, ?, 'created', ?, ?)",
            (command, type, now, as_text(document)),
        )
        return self.read(command, now=now)

    def read(self, command: str, *, now: float) -> dict[str, Any]:
        """Return a command as it stands at this moment; NotFoundError for one that is none."""
        return self._shown(require(self._store.connection, "command", command), now)

    def all(self, *, now: float) -> list[dict[str, Any]]:
        """Return all commands, oldest first."""
        return [self._shown(row, now) for row in rows_of(self._store.connection, "commands", "1", ())]

    def abort(self, command: str, *, now: float) -> dict[str, Any]:
        """Abort a command that still runs; what it did stays done, and a finished one stays as it is."""
        if self.read(command, now=now)["status"] != STAGES[-1]:
            self._store.connection.execute("UPDATE commands SET status = 'aborted' WHERE id = ?", (command,))
        return self.read(command, now=now)

    def _shown(self, row: dict[str, Any], now: float) -> dict[str, Any]:
        passed = 1.0 if self._delay <= 0 else min(1.0, max(0.0, (now - row["created_at"]) / self._delay))
        status = STAGES[int(passed * (len(STAGES) - 1))]
        if row["status"] == "aborted":
            status = "aborted"
        return {
            "id": row["id"],
            "status": status,
            "progress": round(100 * passed),
            "updatedAt": iso(now),
            "error": None,
            **row["document"],
        }
