"""The annotations of a stored dataset as a table of columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from taskplan.model.paths import paths_of
from taskplan.model.table import AnnotationTable, Column
from taskplan_sqlite.store.cache import ColumnCache
from taskplan_sqlite.store.columns import build_columns

SAMPLE = 5_000
"""Documents that are looked into for the paths that exist."""


class StoredAnnotations(AnnotationTable):
    """The annotations of a stored dataset, item by item in the order of the items."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        dataset: int,
        item_pks: NDArray[np.int64],
        cache: ColumnCache,
        reading: Callable[[], Any],
    ) -> None:
        self._connection = connection
        self._dataset = dataset
        self._item_pks = item_pks
        self._cache = cache
        self._reading = reading
        self._columns: dict[str, Column] = {}

    @cached_property
    def _rows(self) -> NDArray[np.int64]:
        cached = self._cache.array("annotations: items")
        if cached is not None and cached.dtype == np.int64 and cached.ndim == 1:
            return cached
        with self._reading():
            items = self._connection.execute(
                "SELECT item FROM annotations WHERE dataset = ? ORDER BY item, pk", (self._dataset,)
            ).fetchall()
        pks = np.array([pk for (pk,) in items], dtype=np.int64)
        rows = np.searchsorted(self._item_pks, pks).astype(np.int64)
        self._cache.put("annotations: items", {"codes": rows})
        return rows

    @property
    def item_rows(self) -> NDArray[np.int64]:
        return self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def column(self, path: str) -> Column:
        found = self._columns.get(path)
        if found is None:
            name = f"annotations: {path}"
            found = self._cache.column(name, len(self))
            if found is None:
                with self._reading():
                    found = build_columns((path,), self._texts(), dict)[path]
                self._cache.put_column(name, found)
            self._columns[path] = found
        return found

    def documents(self, rows: Iterable[int] | None = None) -> Iterator[dict[str, Any]]:
        if rows is None:
            for text in self._texts():
                yield msgspec.json.decode(text)
            return
        wanted = list(rows)
        found: dict[int, str] = {}
        if wanted:
            needed = set(wanted)
            found = {row: text for row, text in enumerate(self._texts()) if row in needed}
        for row in wanted:
            yield msgspec.json.decode(found[row])

    def known_paths(self) -> tuple[str, ...]:
        step = max(1, -(-len(self) // SAMPLE))
        sample = (text for row, text in enumerate(self._texts()) if row % step == 0)
        return tuple(sorted({path for text in sample for path in paths_of(msgspec.json.decode(text))}))

    def _texts(self) -> Iterator[str]:
        cursor = self._connection.execute(
            "SELECT document FROM annotations WHERE dataset = ? ORDER BY item, pk", (self._dataset,)
        )
        return (text for (text,) in cursor)
