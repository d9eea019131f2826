"""What a task takes of one partition: its items alone, with the columns that decide who gets them.

A partition is looked at, and let go; what has been taken of several is one table, of no more than is
taken. So memory is bounded by one partition and the items of the tasks at hand, wherever these lie.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.dql.evaluate import evaluate
from taskplan.dql.query import Query
from taskplan.errors import DataError
from taskplan.model.columns import column_at
from taskplan.model.ids import ItemIds
from taskplan.model.snapshots import Partition
from taskplan.model.snapshots.merging import merge_columns
from taskplan.model.subtable import Subtable
from taskplan.model.table import ANNOTATIONS, AnnotationTable, Column, ItemTable

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A selection of a partition, and which of the selected items are in `others` too.

    Of each query: how many items it `counted` in the partition in the first pass, and how many of them it
    keeps (`kept`, the first ones, where a limit ends among them). `paths` are the columns to bring.
    """

    partition: Partition
    query: Query
    counted: int
    kept: int
    others: tuple[tuple[Query, int, int], ...]
    paths: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Taken:
    """Rows (int64[n]) of a partition, with ids and columns; `members` bool[n] tell of others who have them.

    `annotations` are the place (0..n-1) of each annotation's item, and columns of them.
    """

    partition: Partition
    rows: Rows
    ids: ItemIds
    columns: dict[str, Column]
    annotations: tuple[Rows, dict[str, Column]]
    members: tuple[NDArray[np.bool_], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, start: int, stop: int) -> Taken:
        """Return what was taken of some of the rows."""
        if (start, stop) == (0, len(self)):
            return self
        chosen = np.arange(start, stop)
        places, columns = self.annotations
        first, last = np.searchsorted(places, [start, stop]).tolist()
        inner = np.arange(first, last)
        of_annotations = {path: column_at(column, inner) for path, column in columns.items()}
        return Taken(
            self.partition,
            self.rows[start:stop],
            self.ids.take(chosen),
            {path: column_at(column, chosen) for path, column in self.columns.items()},
            (places[first:last] - start, of_annotations),
            tuple(mask[start:stop] for mask in self.members),
        )


def take(wanted: Wanted) -> Taken:
    """Take a selection from its partition; what a spread does.

    DataError where it is not what the first pass has counted.
    """
    table = wanted.partition.table()
    rows = _selected(table, wanted.partition, wanted.query, wanted.counted, wanted.kept)
    others = (_selected(table, wanted.partition, *other) for other in wanted.others)
    members = tuple(np.isin(rows, other, assume_unique=True) for other in others)
    items = Subtable(table, rows)
    of_items = [path for path in wanted.paths if not path.startswith(ANNOTATIONS)]
    of_annotations = [path.removeprefix(ANNOTATIONS) for path in wanted.paths if path.startswith(ANNOTATIONS)]
    held: tuple[Rows, dict[str, Column]] = (np.zeros(0, dtype=np.int64), {})
    if of_annotations:
        annotations = items.annotations()
        held = annotations.item_rows, {path: annotations.column(path) for path in of_annotations}
    columns = {path: items.column(path) for path in of_items}
    return Taken(wanted.partition, rows, items.ids, columns, held, members)


def _selected(table: ItemTable, partition: Partition, query: Query, counted: int, kept: int) -> Rows:
    found = np.flatnonzero(evaluate(query, table)).astype(np.int64, copy=False)
    if len(found) != counted:
        raise DataError("was changed while it was read", source=partition.source)
    return found[:kept]


class TakenTable(ItemTable):
    """What was taken of several partitions, as the table of a task."""

    def __init__(
        self,
        parts: Sequence[Taken],
        known_paths: tuple[str, ...],
        known_annotation_paths: tuple[str, ...] | None,
    ) -> None:
        one = parts[0].partition
        self.project, self.dataset, self.dataset_id = one.project, one.dataset, one.dataset_id
        self._parts, self._known_paths = parts, known_paths
        self._known_annotation_paths = known_annotation_paths
        self._columns: dict[str, Column] = {}

    @cached_property
    def _ids(self) -> ItemIds:
        return ItemIds.joined([part.ids for part in self._parts])

    @property
    def ids(self) -> ItemIds:
        return self._ids

    def column(self, path: str) -> Column:
        if path not in self._columns:
            self._columns[path] = merge_columns(
                part.columns[path] if path in part.columns else self._table(part).column(path)
                for part in self._parts
            )
        return self._columns[path]

    def documents(self, rows: Iterable[int] | None = None) -> Iterator[dict[str, Any]]:
        if rows is None:
            for part in self._parts:
                yield from self._table(part).documents()
            return
        ends = np.cumsum([len(part) for part in self._parts])
        for row in rows:
            number = int(np.searchsorted(ends, row, side="right"))
            part = self._parts[number]
            yield from self._table(part).documents([row - int(ends[number]) + len(part)])

    def known_paths(self) -> tuple[str, ...]:
        return self._known_paths

    def annotations(self) -> TakenAnnotations:
        return self._annotations

    @cached_property
    def _annotations(self) -> TakenAnnotations:
        return TakenAnnotations(self._parts, self._known_annotation_paths or ())

    @staticmethod
    def _table(part: Taken) -> Subtable:
        return Subtable(part.partition.table(), part.rows)


class TakenAnnotations(AnnotationTable):
    """The annotations of what was taken; columns are those that were asked for."""

    def __init__(self, parts: Sequence[Taken], known_paths: tuple[str, ...]) -> None:
        self._parts, self._known_paths = parts, known_paths

    def __len__(self) -> int:
        return len(self.item_rows)

    @cached_property
    def _item_rows(self) -> Rows:
        starts = np.cumsum([0, *(len(part) for part in self._parts)])[:-1]
        moved = [part.annotations[0] + start for part, start in zip(self._parts, starts, strict=True)]
        return np.concatenate(moved)

    @property
    def item_rows(self) -> Rows:
        return self._item_rows

    def column(self, path: str) -> Column:
        return merge_columns(
            part.annotations[1][path]
            if path in part.annotations[1]
            else Subtable(part.partition.table(), part.rows).annotations().column(path)
            for part in self._parts
        )

    def documents(self, rows: Iterable[int] | None = None) -> Iterator[dict[str, Any]]:
        found = [
            document
            for part in self._parts
            for document in Subtable(part.partition.table(), part.rows).annotations().documents()
        ]
        return iter(found if rows is None else [found[row] for row in rows])

    def known_paths(self) -> tuple[str, ...]:
        return self._known_paths


def between(parts: Sequence[Taken], start: int, stop: int) -> tuple[Taken, ...]:
    """Return the items `start` to `stop` of what was taken of several partitions."""
    found, begin = [], 0
    for part in parts:
        first, last = max(start - begin, 0), min(stop - begin, len(part))
        if first < last:
            found.append(part.part(first, last))
        begin += len(part)
    return tuple(found)
