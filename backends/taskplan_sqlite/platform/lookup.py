"""Item ids to primary keys and back: a few through the index, many through the columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from taskplan.errors import BackendError
from taskplan.model.ids import ItemIds

if TYPE_CHECKING:
    from taskplan_sqlite.store.store import SqliteStore

K = TypeVar("K")
FEW = 2000
"""Up to so many items are looked up one by one."""


def keys_of(store: SqliteStore, dataset: int, dataset_name: str, ids: ItemIds) -> NDArray[np.int64]:
    """Return the primary key of each id, int64[len(ids)]; BackendError where an item is not there."""
    if len(ids) <= FEW:
        found = [
            store.connection.execute(
                "SELECT pk FROM items WHERE dataset = ? AND id = ?", (dataset, item)
            ).fetchone()
            for item in ids
        ]
        keys = np.array([row[0] if row is not None else -1 for row in found], dtype=np.int64)
    else:
        table = store.table(dataset_name)
        rows = table.ids.rows_of(ids)
        keys = np.append(table.item_pks, -1)[rows]
    missing = np.flatnonzero(keys < 0)
    if len(missing):
        first, more = ids[int(missing[0])], len(missing) - 1
        words = f"item {first} and {more:,} more are" if more else f"item {first} is"
        raise BackendError(f"{words} not in the dataset {dataset_name}")
    return keys


def ids_of(store: SqliteStore, dataset_name: str, groups: Mapping[K, NDArray[np.int64]]) -> dict[K, ItemIds]:
    """Return the ids of groups of primary keys, all of them items of the dataset."""
    total = sum(map(len, groups.values()))
    if total <= FEW:
        execute = store.connection.execute
        return {
            name: ItemIds.of(
                execute("SELECT id FROM items WHERE pk = ?", (key,)).fetchone()[0] for key in keys.tolist()
            )
            for name, keys in groups.items()
        }
    table = store.table(dataset_name)
    pks = np.asarray(table.item_pks)
    return {
        name: table.ids.take(np.searchsorted(pks, keys).astype(np.int64, copy=False))
        for name, keys in groups.items()
    }
