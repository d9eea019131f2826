"""How taskplan finds this backend (entry-point group ``taskplan.backends``)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taskplan_sqlite.backend import ACTIONS, MODES, SqliteBackend
from taskplan_sqlite.store.store import SqliteStore


class SqlitePlugin:
    """Opens a store file as a backend."""

    name = "sqlite"
    summary = "A mock of the platform in one local SQLite file; the default."
    capabilities = (*ACTIONS, *MODES, "rehearse", "serve")

    def connect(self, options: Mapping[str, Any]) -> SqliteBackend:
        """Open the file at ``store``; with ``create`` a missing one is made."""
        return SqliteBackend(SqliteStore(Path(options["store"]), create=bool(options.get("create"))))


plugin = SqlitePlugin()
