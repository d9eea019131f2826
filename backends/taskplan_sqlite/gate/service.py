"""What handlers work with: the store, one request at a time, and what the gate was asked."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taskplan_sqlite.gate.commands import Commands
from taskplan_sqlite.gate.faults import Faults
from taskplan_sqlite.gate.tokens import Tokens
from taskplan_sqlite.platform.datasets import ensure_recipe
from taskplan_sqlite.platform.overview import Overview
from taskplan_sqlite.platform.queries import ItemQueries
from taskplan_sqlite.platform.requests import Tasks
from taskplan_sqlite.store.store import SqliteStore

REMEMBERED = 10_000
"""So many requests are remembered for ``/_taskplan/requests``."""


def now() -> float:
    """Return the time in milliseconds since 1970."""
    return time.time() * 1000


@dataclass(frozen=True, slots=True)
class Options:
    """How a gate behaves.

    `user` is whom its token speaks for; `command_delay` (seconds) lets commands pass
    through their states; `keep_files` names the folder where uploaded bytes stay,
    None keeps none.
    """

    user: str = "me@example.com"
    command_delay: float = 0.0
    keep_files: Path | None = None


@dataclass(slots=True)
class Gate:
    """One gate over one store. Handlers run one at a time, under `lock`."""

    store: SqliteStore
    options: Options = field(default_factory=Options)
    clock: Callable[[], float] = now
    tokens: Tokens = field(default_factory=Tokens)
    faults: Faults = field(default_factory=Faults)
    lock: threading.RLock = field(default_factory=threading.RLock)
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    url: str = "http://127.0.0.1/api/v1"
    token: str = ""
    queries: ItemQueries = field(init=False)
    tasks: Tasks = field(init=False)
    commands: Commands = field(init=False)
    overview: Overview = field(init=False)

    def __post_init__(self) -> None:
        self.queries = ItemQueries(self.store)
        self.tasks = Tasks(self.store, self.queries)
        self.commands = Commands(self.store, self.options.command_delay)
        self.overview = Overview(self.store.connection)
        self.token = self.tokens.make(self.options.user)

    @property
    def page(self) -> str:
        """The address of the page to look at, with the token where browsers send it to nobody."""
        return f"{self.url.removesuffix('/api/v1')}/#token={self.token}"

    def complete_datasets(self) -> None:
        """Give datasets that were imported, perhaps just now, the recipe that every dataset has."""
        rows = self.store.connection.execute(
            """SELECT id FROM datasets d WHERE json_extract(document, '$.metadata.system.recipes') IS NULL
               AND NOT EXISTS (SELECT 1 FROM recipes r WHERE r.dataset = d.pk)"""
        ).fetchall()
        if not rows:
            return
        with self.store.write() as connection:
            for (dataset,) in rows:
                ensure_recipe(connection, dataset, creator=self.options.user, now=self.clock())
