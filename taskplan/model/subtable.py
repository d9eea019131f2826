"""Some rows of a table as a table of their own: what a task is planned on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.model.columns import column_at
from taskplan.model.ids import ItemIds
from taskplan.model.table import AnnotationTable, Column, DocumentTable, ItemTable

Rows = NDArray[np.int64]


class _Some(DocumentTable):
    """Rows of a table; `known_paths` stay those of the whole, which are a help to people alone."""

    def __init__(self, table: DocumentTable, rows: Rows) -> None:
        self._table = table
        self._rows = rows
        self._columns: dict[str, Column] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def column(self, path: str) -> Column:
        found = self._columns.get(path)
        if found is None:
            found = self._columns[path] = column_at(self._table.column(path), self._rows)
        return found

    def documents(self, rows: Iterable[int] | None = None) -> Iterator[dict[str, Any]]:
        chosen = self._rows if rows is None else self._rows[list(rows)]
        return self._table.documents(chosen.tolist())

    def known_paths(self) -> tuple[str, ...]:
        return self._table.known_paths()


class SubAnnotations(_Some, AnnotationTable):
    """The annotations of some rows of a table."""

    def __init__(self, annotations: AnnotationTable, rows: Rows) -> None:
        held = annotations.item_rows
        starts = np.searchsorted(held, rows, side="left")
        counts = np.searchsorted(held, rows, side="right") - starts
        before = np.cumsum(counts) - counts
        total = int(counts.sum())
        chosen = np.repeat(starts - before, counts) + np.arange(total)
        super().__init__(annotations, chosen.astype(np.int64))
        self._item_rows = np.repeat(np.arange(len(rows), dtype=np.int64), counts)

    @property
    def item_rows(self) -> Rows:
        return self._item_rows


class Subtable(_Some, ItemTable):
    """Some rows (int64[n], each once) of an item table, in the order given."""

    def __init__(self, table: ItemTable, rows: Rows) -> None:
        super().__init__(table, rows)
        self._items = table
        self.project, self.dataset, self.dataset_id = table.project, table.dataset, table.dataset_id

    @cached_property
    def _ids(self) -> ItemIds:
        return self._items.ids.take(self._rows)

    @property
    def ids(self) -> ItemIds:
        return self._ids

    def ids_at(self, rows: Rows) -> ItemIds:
        return self._items.ids_at(self._rows[rows])

    def annotations(self) -> SubAnnotations:
        return self._annotations

    @cached_property
    def _annotations(self) -> SubAnnotations:
        return SubAnnotations(self._items.annotations(), self._rows)


def table_of(table: ItemTable, rows: Rows) -> ItemTable:
    """Return the table of some rows (int64[n], each once): the table itself where they are all of it."""
    if len(rows) == len(table) and np.array_equal(rows, np.arange(len(rows))):
        return table
    return Subtable(table, rows)
