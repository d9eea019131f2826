"""The first pass: what is told of each partition, so that the whole is known without its items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from taskplan.dql.evaluate import Mask, evaluate
from taskplan.dql.query import Query
from taskplan.model.fingerprint import EMPTY, Sums, add
from taskplan.model.ids import ItemIds
from taskplan.model.snapshots import Partition, PartitionedTable
from taskplan.model.table import ANNOTATIONS, AnnotationTable, Column, DocumentTable, ItemTable


@dataclass(frozen=True, slots=True)
class Asked:
    """What to tell of a partition: how many items each of `queries` selects, and of the columns `paths`
    their sums and whether there is anything in them.
    """

    queries: tuple[Query, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """The answer: `counts` by query, sums of the `ids` and by path (`taskplan.model.fingerprint`).

    `shared` are pairs of queries, by place, that select an item in common; `there` are the paths at which
    any item has something.
    """

    counts: tuple[int, ...]
    shared: frozenset[tuple[int, int]]
    ids: Sums
    sums: dict[str, Sums]
    there: frozenset[str]
    annotations: int


def survey(asked: Asked, partition: Partition) -> Told:
    """Answer of one partition; what a spread does."""
    table = partition.table()
    masks = [evaluate(query, table) for query in asked.queries]
    annotated = any(path.startswith(ANNOTATIONS) for path in asked.paths)
    return Told(
        tuple(int(np.count_nonzero(mask)) for mask in masks),
        _shared(masks),
        table.id_sums(partition.first),
        {path: table.sums(path, partition.first) for path in asked.paths},
        frozenset(path for path in asked.paths if _has(table, path)),
        len(table.annotations()) if annotated else 0,
    )


def _shared(masks: Sequence[Mask]) -> frozenset[tuple[int, int]]:
    """Return the pairs of masks that hold for a row in common, the lower place first."""
    if len(masks) < 2:
        return frozenset()
    often = np.zeros(len(masks[0]), dtype=np.uint32)
    for mask in masks:
        often += mask
    rows = np.flatnonzero(often > 1)
    if not len(rows):
        return frozenset()
    kept = [mask[rows] for mask in masks]
    return frozenset(
        (one, other)
        for other, later in enumerate(kept)
        if later.any()
        for one in range(other)
        if (kept[one] & later).any()
    )


def _has(table: ItemTable, path: str) -> bool:
    if not path.startswith(ANNOTATIONS):
        return table.has(path)
    return table.annotations().has(path.removeprefix(ANNOTATIONS))


@dataclass(frozen=True, slots=True)
class _Facts:
    """What all partitions told together."""

    ids: Sums
    sums: dict[str, Sums]
    there: frozenset[str]
    annotations: int | None
    shared: frozenset[tuple[int, int]]


@dataclass(slots=True)
class _Sum:
    """Facts in the making."""

    ids: list[Sums] = field(default_factory=list)
    sums: dict[str, list[Sums]] = field(default_factory=dict)
    there: set[str] = field(default_factory=set)
    annotations: int = 0
    shared: set[tuple[int, int]] = field(default_factory=set)


def gathered(found: Iterable[Told], asked: Asked) -> tuple[np.ndarray[Any, np.dtype[np.int64]], _Facts]:
    """Return counts int64[partitions, queries], and what is known of the whole."""
    every = _Sum(sums={path: [] for path in asked.paths})
    counts: list[tuple[int, ...]] = []
    for told in found:
        counts.append(told.counts)
        every.ids.append(told.ids)
        for path, sums in told.sums.items():
            every.sums[path].append(sums)
        every.there |= told.there
        every.shared |= told.shared
        every.annotations += told.annotations
    annotated = any(path.startswith(ANNOTATIONS) for path in asked.paths)
    facts = _Facts(
        add(every.ids) if every.ids else EMPTY,
        {path: add(sums) for path, sums in every.sums.items()},
        frozenset(every.there),
        every.annotations if annotated else None,
        frozenset(every.shared),
    )
    table = np.array(counts, dtype=np.int64).reshape(len(counts), len(asked.queries))
    return table, facts


class _Known(DocumentTable):
    """A table of which the survey has told what there is; all else is asked of the table itself."""

    def __init__(self, table: DocumentTable, there: frozenset[str], asked: frozenset[str]) -> None:
        self._table, self._there, self._asked = table, there, asked

    def column(self, path: str) -> Column:
        return self._table.column(path)

    def has(self, path: str) -> bool:
        return path in self._there if path in self._asked else self._table.has(path)

    def documents(self, rows: Iterable[int] | None = None) -> Iterator[dict[str, Any]]:
        return self._table.documents(rows)

    def known_paths(self) -> tuple[str, ...]:
        return self._table.known_paths()


class _KnownAnnotations(_Known, AnnotationTable):
    def __init__(self, table: AnnotationTable, facts: _Facts) -> None:
        there = {path.removeprefix(ANNOTATIONS) for path in facts.there if path.startswith(ANNOTATIONS)}
        asked = {path.removeprefix(ANNOTATIONS) for path in facts.sums if path.startswith(ANNOTATIONS)}
        super().__init__(table, frozenset(there), frozenset(asked))
        self._annotations, self._count = table, facts.annotations

    def __len__(self) -> int:
        return len(self._annotations) if self._count is None else self._count

    @property
    def item_rows(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        return self._annotations.item_rows


class Surveyed(_Known, ItemTable):
    """A table in partitions after the first pass: its fingerprint, and which paths there are, are known."""

    def __init__(self, table: PartitionedTable, facts: _Facts) -> None:
        super().__init__(table, facts.there, frozenset(facts.sums))
        self.project, self.dataset, self.dataset_id = table.project, table.dataset, table.dataset_id
        self._items, self._facts = table, facts

    def __len__(self) -> int:
        return len(self._items)

    @property
    def shared(self) -> frozenset[tuple[int, int]]:
        """Pairs of the queries that were asked, by place, that select an item in common."""
        return self._facts.shared

    @property
    def ids(self) -> ItemIds:
        return self._items.ids

    def annotations(self) -> AnnotationTable:
        return _KnownAnnotations(self._items.annotations(), self._facts)

    def id_sums(self, first: int = 0) -> Sums:
        return self._facts.ids

    def sums(self, path: str, first: int = 0) -> Sums:
        return self._facts.sums[path] if path in self._facts.sums else super().sums(path, first)
