"""Queries of items, annotations, tasks and datasets, page by page."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from taskplan.dql.evaluate import select
from taskplan.dql.parse import parse
from taskplan.dql.query import And, Compare, Equal, Field, Node, Query, to_json
from taskplan.errors import InputError, QueryError
from taskplan.model.memory import MemoryTable

if TYPE_CHECKING:
    from taskplan_sqlite.store.store import SqliteStore
    from taskplan_sqlite.store.table import StoredTable

PAGE_SIZE = 1000
"""Where a query names no page size; the platform gives no more than this at once either."""
KEPT = 8
"""So many selections are kept for the next page of the same query."""
_KEYSET_SORTS = ((), (("id", "ascending"),))


@dataclass(frozen=True, slots=True)
class Page:
    """One page: `rows` of what was asked, and how many there are in all (from here on, by keyset)."""

    rows: list[Any]
    total: int
    number: int
    size: int

    @property
    def has_next(self) -> bool:
        return (self.number + 1) * self.size < self.total

    @property
    def pages(self) -> int:
        return -(-self.total // self.size)


def envelope(text: str) -> dict[str, Any]:
    """Return the query that a task was sent as JSON text; InputError where it is none."""
    try:
        sent = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InputError(f"the query is not JSON: {error}") from error
    if not isinstance(sent, dict):
        raise InputError("the query is not an object")
    return sent


class ItemQueries:
    """Answers queries of a store's items; keeps the last selections, so that the next page is quick."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._tables: dict[int, tuple[tuple[str, str], StoredTable]] = {}
        self._kept: OrderedDict[tuple[Any, ...], tuple[NDArray[np.int64], list[str]]] = OrderedDict()

    def table(self, dataset: int) -> StoredTable:
        """Return the table of a dataset (primary key), opened anew only where something changed."""
        version = self._version(dataset)
        held = self._tables.get(dataset)
        if held is None or held[0] != version:
            held = (version, self._store.table_of(dataset))
            self._tables[dataset] = held
        return held[1]

    def select(self, dataset: int, query: Query) -> NDArray[np.int64]:
        """Return the primary keys of the items that a query selects, in its order: int64[m]."""
        table = self.table(dataset)
        return np.asarray(table.item_pks)[select(query, table)]

    def page(self, dataset: int, query: Query) -> Page:
        """Return a page of primary keys; the platform's keyset paging sees only what follows its id."""
        number, size = query.page or 0, min(query.page_size or PAGE_SIZE, PAGE_SIZE)
        after, rest = _after(query)
        keys, ids = self._selection(dataset, rest)
        if after is not None:
            start = bisect_right(ids, after)
            keys = keys[start:]
        rows = keys[number * size : (number + 1) * size]
        return Page(rows.tolist(), len(keys), number, size)

    def _selection(self, dataset: int, query: Query) -> tuple[NDArray[np.int64], list[str]]:
        """Return the keys selected and, where they are sorted by id, the ids."""
        asked = replace(query, page=None, page_size=None)
        name = (dataset, self._version(dataset), msgspec.json.encode(to_json(asked)))
        found = self._kept.get(name)
        if found is None:
            table = self.table(dataset)
            rows = select(asked, table)
            ids: list[str] = []
            if query.sort == (("id", "ascending"),):
                ids = table.ids.take(rows).tolist()
            found = (np.asarray(table.item_pks)[rows], ids)
            self._kept[name] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(name)
        return found

    def _version(self, dataset: int) -> tuple[str, str]:
        row = self._store.connection.execute(
            "SELECT documents_version, refs_version FROM datasets WHERE pk = ?", (dataset,)
        ).fetchone()
        return (str(row[0]), str(row[1]))


def _after(query: Query) -> tuple[str | None, Query]:
    """Split the SDK's keyset condition (``id`` greater than the last one seen) off a query sorted by id."""
    if query.sort != (("id", "ascending"),) or not isinstance(query.filter, And):
        return None, query
    after: list[str] = []
    kept = []
    for node in _flat(query.filter):
        match node:
            case Field(path="id", predicate=Compare(operator="$gt", value=str(last))):
                after.append(last)
            case _:
                kept.append(node)
    if not after:
        return None, query
    return max(after), replace(query, filter=And(tuple(kept)))


def _flat(node: And) -> Iterator[Node]:
    for inner in node.nodes:
        if isinstance(inner, And):
            yield from _flat(inner)
        else:
            yield inner


def chosen_of(documents: Iterable[Mapping[str, Any]], query: Query) -> list[Mapping[str, Any]]:
    """Return those of some documents (tasks, datasets, annotations) that a query selects, in its order."""
    listed = list(documents)
    table = MemoryTable.from_documents({**document, "annotations": []} for document in listed)
    return [listed[row] for row in select(replace(query, page=None, page_size=None), table).tolist()]


def page_of(documents: Iterable[Mapping[str, Any]], query: Query) -> Page:
    """Return a page of what `chosen_of` returns."""
    chosen = chosen_of(documents, query)
    number, size = query.page or 0, min(query.page_size or PAGE_SIZE, PAGE_SIZE)
    return Page(chosen[number * size : (number + 1) * size], len(chosen), number, size)


def demanded(query: Query, path: str) -> str | None:
    """Return the text that a query demands at a path whatever else it says, None where it does not."""
    nodes = query.filter.nodes if isinstance(query.filter, And) else (query.filter,)
    for node in nodes:
        match node:
            case Field(path=found, predicate=Equal(value=str(text), glob=False)) if found == path:
                return text
    return None


def parsed(sent: Mapping[str, Any], resource: str) -> Query:
    """Parse an envelope for one kind of thing; QueryError where it is of another."""
    query = parse({"resource": resource, **sent})
    if query.resource != resource:
        raise QueryError(f'expected "{resource}", got "{query.resource}"', path="resource")
    return query
