"""Filling a dataset from records: one pass, in chunks, inside the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from taskplan.errors import DataError
from taskplan.model.formats import Item, Record, read_item
from taskplan.model.store import Progress

CHUNK = 5_000
"""Items that are written together."""

_COLUMNS = (
    "dataset, id, filename, name, dir, type, hidden, annotated, annotations_count, created_at, updated_at, "
    "annotations_held, document"
)
_NAMES = _COLUMNS.split(", ")[1:]
_INSERT_AT = f"INSERT INTO items (pk, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE = (
    "UPDATE items SET id = ?, filename = ?, name = ?, dir = ?, type = ?, hidden = ?, annotated = ?, "
    "annotations_count = ?, created_at = ?, updated_at = ?, annotations_held = ?, document = ? WHERE pk = ?"
)
_INSERT_ANNOTATION = "INSERT INTO annotations (dataset, item, id, document) VALUES (?, ?, ?, ?)"


class _Named(msgspec.Struct, gc=False):
    id: str | msgspec.UnsetType = msgspec.UNSET


class Importer:
    """Writes the items of records into one dataset.

    `counts` holds read, added, changed, unchanged and skipped. A bad record
    raises DataError, unless `skip` is given: that is called with it instead. `size`,
    the bytes of the source, gives `progress` an estimate of the total.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        dataset: int,
        *,
        skip: Callable[[Record, DataError], None] | None = None,
        progress: Progress | None = None,
        size: int | None = None,
    ) -> None:
        self._connection = connection
        self._dataset = dataset
        self._skip = skip
        self._progress = progress
        self._size = size
        self._next = _next_pk(connection)
        self._seen: set[int] = set()
        self.counts: Counter[str] = Counter()

    @property
    def met(self) -> int:
        """How many items of the dataset the records named."""
        return len(self._seen) if self._seen else self.counts["added"]

    def load(self, records: Iterator[Record]) -> None:
        """Write items of which none is in the store; a unique index made later finds ids that come twice."""
        for _, items in self._chunks(records):
            self._insert(items)

    def merge(self, records: Iterator[Record]) -> None:
        """Write items beside others: by id, those that are new or differ."""
        for good, items in self._chunks(records):
            self._merge_chunk(good, items)

    def _chunks(self, records: Iterator[Record]) -> Iterator[tuple[list[Record], list[Item]]]:
        """Yield the good records of a chunk and their items."""
        size = 0
        while taken := list(islice(records, CHUNK)):
            good: list[Record] = []
            items: list[Item] = []
            for record in taken:
                try:
                    items.append(read_item(record))
                    good.append(record)
                except DataError as error:
                    self._bad(record, error)
            self.counts["read"] += len(taken)
            yield good, items
            if self._progress is not None:
                done = self.counts["read"]
                size += sum(len(record.text) + 1 for record in taken)
                self._progress(done, max(done, round(done * self._size / size)) if self._size else None)

    def _bad(self, record: Record, error: DataError) -> None:
        if self._skip is None:
            raise error
        self.counts["skipped"] += 1
        self._skip(record, error)

    def _insert(self, items: list[Item]) -> None:
        dataset, first = self._dataset, self._next
        self._connection.executemany(
            _INSERT_AT,
            [(pk, dataset, *_row(item)) for pk, item in enumerate(items, start=first)],
        )
        self._next = first + len(items)
        self.counts["added"] += len(items)
        self._insert_annotations(
            [(pk, item) for pk, item in enumerate(items, start=first) if item.annotations]
        )

    def _insert_annotations(self, items: Iterable[tuple[int, Item]]) -> None:
        rows = [
            (self._dataset, pk, annotation_id(text), bytes(text).decode())
            for pk, item in items
            for text in item.annotations or ()
        ]
        if rows:
            self._connection.executemany(_INSERT_ANNOTATION, rows)

    def _merge_chunk(self, records: list[Record], items: list[Item]) -> None:
        known = self._known([item.id for item in items])
        fresh: dict[str, Item] = {}
        changed: dict[int, Item] = {}
        for record, item in zip(records, items, strict=True):
            pk = known.get(item.id)
            if item.id in fresh:
                same = same_item(item, fresh[item.id])
            elif pk is not None:
                same = same_item(item, changed[pk]) if pk in changed else self._same_as_stored(item, pk)
            else:
                fresh[item.id] = item
                continue
            if same:
                self.counts["unchanged"] += 1
            elif item.id in fresh or pk in self._seen:
                place = f'the id "{item.id}" came before, with other content'
                self._bad(record, DataError(place, source=record.source, line=record.line))
                continue
            else:
                assert pk is not None
                changed[pk] = item
                self.counts["changed"] += 1
            if pk is not None:
                self._seen.add(pk)
        self._update(changed)
        first = self._next
        self._insert(list(fresh.values()))
        self._seen.update(range(first, self._next))

    def _known(self, ids: list[str]) -> dict[str, int]:
        """Return the primary keys of those ids that the dataset has."""
        rows = self._connection.execute(
            "SELECT id, pk FROM items WHERE dataset = ? AND id IN (SELECT value FROM json_each(?))",
            (self._dataset, msgspec.json.encode(ids).decode()),
        )
        return dict(rows)

    def _same_as_stored(self, item: Item, pk: int) -> bool:
        document, held = self._connection.execute(
            "SELECT document, annotations_held FROM items WHERE pk = ?", (pk,)
        ).fetchone()
        if held != (None if item.annotations is None else len(item.annotations)):
            return False
        if not same_json(document, item.document):
            return False
        if not held:
            return True
        stored = self._connection.execute(
            "SELECT document FROM annotations WHERE dataset = ? AND item = ? ORDER BY pk", (self._dataset, pk)
        )
        pairs = zip(stored, item.annotations or (), strict=True)
        return all(same_json(old, bytes(new).decode()) for (old,), new in pairs)

    def _update(self, changed: dict[int, Item]) -> None:
        if not changed:
            return
        self._connection.executemany(
            _UPDATE,
            [(*_row(item), pk) for pk, item in changed.items()],
        )
        self._connection.executemany(
            "DELETE FROM annotations WHERE dataset = ? AND item = ?", [(self._dataset, pk) for pk in changed]
        )
        self._insert_annotations(changed.items())


def insert_item(connection: sqlite3.Connection, dataset: int, item: Item) -> int:
    """Store one new item and return its primary key."""
    pk = _next_pk(connection)
    connection.execute(_INSERT_AT, (pk, dataset, *_row(item)))
    return pk


def update_item(connection: sqlite3.Connection, pk: int, item: Item) -> None:
    """Replace the document of one item; what is known of its annotations stays."""
    row = dict(zip(_NAMES, _row(item), strict=True))
    kept = ("annotated", "annotations_count", "annotations_held")
    changed = {name: value for name, value in row.items() if name not in kept}
    names = ", ".join(f"{name} = ?" for name in changed)
    connection.execute(f"UPDATE items SET {names} WHERE pk = ?", (*changed.values(), pk))


def _row(item: Item) -> tuple[Any, ...]:
    """Return the columns of an item, from ``id`` on."""
    return (
        item.id,
        item.filename,
        item.name,
        item.dir,
        item.type,
        item.hidden,
        item.annotated,
        item.annotations_count,
        item.created_at,
        item.updated_at,
        None if item.annotations is None else len(item.annotations),
        item.document,
    )


def annotation_id(text: msgspec.Raw) -> str | None:
    """Return the id of an annotation, None where it has none."""
    try:
        found = msgspec.json.decode(text, type=_Named).id
    except msgspec.ValidationError:
        return None
    return None if found is msgspec.UNSET else found


def same_item(one: Item, other: Item) -> bool:
    """Tell whether two items have the same document and annotations, however they are written."""
    if (one.annotations is None) != (other.annotations is None) or not same_json(
        one.document, other.document
    ):
        return False
    mine, theirs = one.annotations or [], other.annotations or []
    return len(mine) == len(theirs) and all(
        same_json(bytes(a).decode(), bytes(b).decode()) for a, b in zip(mine, theirs, strict=True)
    )


def same_json(one: str, other: str) -> bool:
    """Tell whether two JSON texts mean the same; the order of keys and white space do not matter."""
    return one == other or _sorted(one) == _sorted(other)


def _sorted(text: str) -> bytes:
    return msgspec.json.encode(msgspec.json.decode(text), order="sorted")


def _next_pk(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(pk), 0) + 1 FROM items").fetchone()[0])
