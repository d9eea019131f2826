"""The partitions of a dataset as one table: columns are made where the spread says, and merged here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.errors import DataError
from taskplan.model.ids import ItemIds
from taskplan.model.snapshots.merging import merge_columns
from taskplan.model.snapshots.partition import Partition
from taskplan.model.table import AnnotationTable, Column, DocumentTable, ItemTable
from taskplan.spread import HERE, Spread

_FEW = 10_000
"""Documents at once, where some are asked for."""
_FIRST_FILES = 20
"""Files whose schema tells the paths, where no manifest does."""


def column_of(piece: tuple[Partition, str]) -> Column:
    """Return one partition's column; what a spread does."""
    partition, path = piece
    return partition.table().column(path)


def ids_of(partition: Partition) -> ItemIds:
    """Return one partition's ids; what a spread does."""
    return partition.table().ids


def annotation_rows_of(partition: Partition) -> NDArray[np.int64]:
    """Return the item rows of one partition's annotations, counted within it; what a spread does."""
    return partition.table().annotations().item_rows


def annotation_column_of(piece: tuple[Partition, str]) -> Column:
    """Return one partition's column of annotations; what a spread does."""
    partition, path = piece
    return partition.table().annotations().column(path)


class PartitionedTable(ItemTable):
    """A dataset in partitions, as one table.

    Made by `open_snapshot`. `checked` says that no id comes twice, as in a snapshot that was written from
    a table.
    """

    def __init__(
        self,
        partitions: tuple[Partition, ...],
        *,
        project: str,
        dataset: str,
        dataset_id: str,
        known_paths: tuple[str, ...] | None,
        known_annotation_paths: tuple[str, ...] | None,
        checked: bool,
        spread: Spread = HERE,
    ) -> None:
        self.project, self.dataset, self.dataset_id = project, dataset, dataset_id
        self.partitions = partitions
        self._known_paths = known_paths
        self._known_annotation_paths = known_annotation_paths
        self.checked = checked
        self._spread = spread
        self._columns: dict[str, Column] = {}

    def __len__(self) -> int:
        return sum(partition.rows for partition in self.partitions)

    @property
    def ids(self) -> ItemIds:
        return self._ids

    @cached_property
    def _ids(self) -> ItemIds:
        parts = list(self._spread.map(ids_of, self.partitions))
        if not self.checked and ItemIds.count_distinct(parts) < len(self):
            self._refuse_twice(parts)
        return ItemIds.joined(parts)

    def column(self, path: str) -> Column:
        found = self._columns.get(path)
        if found is None:
            pieces = ((partition, path) for partition in self.partitions)
            found = self._columns[path] = merge_columns(self._spread.map(column_of, pieces))
        return found

    def documents(self, rows: Iterable[int] | None = None) -> Iterator[dict[str, Any]]:
        if rows is None:
            for partition in self.partitions:
                yield from partition.table().documents()
            return
        starts = np.array([partition.first for partition in self.partitions], dtype=np.int64)
        yield from _documents_at(rows, starts, lambda number: self.partitions[number].table())

    def known_paths(self) -> tuple[str, ...]:
        if self._known_paths is None:
            step = max(1, -(-len(self.partitions) // _FIRST_FILES))
            looked = [partition.table().known_paths() for partition in self.partitions[::step]]
            self._known_paths = tuple(sorted({path for paths in looked for path in paths}))
        return self._known_paths

    def annotations(self) -> PartitionedAnnotations:
        return self._annotations

    @cached_property
    def _annotations(self) -> PartitionedAnnotations:
        return PartitionedAnnotations(self.partitions, self._known_annotation_paths, self._spread)

    def _refuse_twice(self, parts: list[ItemIds]) -> None:
        seen: dict[str, Partition] = {}
        for partition, ids in zip(self.partitions, parts, strict=True):
            for item in ids:
                if item in seen:
                    where = "twice" if seen[item] is partition else f"in {seen[item].file} too"
                    raise DataError(f'the id "{item}" is {where}', source=partition.source)
                seen[item] = partition


class PartitionedAnnotations(AnnotationTable):
    """The annotations of a dataset in partitions, as one table."""

    def __init__(
        self, partitions: tuple[Partition, ...], known_paths: tuple[str, ...] | None, spread: Spread
    ) -> None:
        # Where nobody has counted them there may be some.
        self._partitions = tuple(partition for partition in partitions if partition.annotations != 0)
        self._known_paths = known_paths
        self._spread = spread
        self._columns: dict[str, Column] = {}

    def __len__(self) -> int:
        counts = [partition.annotations for partition in self._partitions]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else len(self.item_rows)

    @property
    def item_rows(self) -> NDArray[np.int64]:
        return self._item_rows[0]

    @cached_property
    def _item_rows(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The item row of each annotation, and the first annotation of each partition."""
        found = list(self._spread.map(annotation_rows_of, self._partitions))
        moved = [rows + partition.first for rows, partition in zip(found, self._partitions, strict=True)]
        starts = np.cumsum([0, *map(len, found)])[:-1].astype(np.int64)
        return np.concatenate([np.zeros(0, dtype=np.int64), *moved]), starts

    def column(self, path: str) -> Column:
        found = self._columns.get(path)
        if found is None:
            pieces = ((partition, path) for partition in self._partitions)
            found = self._columns[path] = merge_columns(self._spread.map(annotation_column_of, pieces))
        return found

    def documents(self, rows: Iterable[int] | None = None) -> Iterator[dict[str, Any]]:
        if rows is None:
            for partition in self._partitions:
                yield from partition.table().annotations().documents()
            return
        _, starts = self._item_rows
        yield from _documents_at(rows, starts, lambda number: self._partitions[number].table().annotations())

    def known_paths(self) -> tuple[str, ...]:
        if self._known_paths is None:
            found = [partition.table().annotations().known_paths() for partition in self._partitions]
            self._known_paths = tuple(sorted({path for paths in found for path in paths}))
        return self._known_paths


def _documents_at(rows: Iterable[int], starts: NDArray[np.int64], table_of: Any) -> Iterator[dict[str, Any]]:
    """Yield documents in the order asked for; each partition is asked once for many."""
    wanted = np.fromiter(rows, dtype=np.int64)
    held: dict[int, DocumentTable] = {}
    for begin in range(0, len(wanted), _FEW):
        chunk = wanted[begin : begin + _FEW]
        # Of empty partitions, which start where the next one does, the last is the one with rows.
        owners = np.searchsorted(starts, chunk, side="right") - 1
        found: dict[int, dict[str, Any]] = {}
        tables: dict[int, DocumentTable] = {}
        for number in np.unique(owners).tolist():
            table = tables[number] = held.get(number) or table_of(number)
            here = np.unique(chunk[owners == number])
            own = (here - starts[number]).tolist()
            found.update(zip(here.tolist(), table.documents(own), strict=True))
        held = tables
        yield from (found[row] for row in chunk.tolist())
