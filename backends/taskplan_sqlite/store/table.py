"""The items of a stored dataset as a table of columns, kept in the columnar cache."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from taskplan.errors import BackendError
from taskplan.model.columns import ColumnBuilder
from taskplan.model.documents import complete
from taskplan.model.ids import ItemIds
from taskplan.model.paths import ABOVE_REFS, REF_PATHS, REFS, paths_of, reach
from taskplan.model.table import Column, ItemTable
from taskplan_sqlite.store.annotations import SAMPLE, StoredAnnotations
from taskplan_sqlite.store.cache import ColumnCache
from taskplan_sqlite.store.columns import build_columns, reached_of, whole_key
from taskplan_sqlite.store.refs import OVERLAY_COLUMNS, OverlayRow, effective_refs, with_overlay

Keys = tuple[NDArray[np.int64], ItemIds]
_CHUNK = 4_096
_KEYS = 65_536
"""So many keys are packed at once, which keeps memory to what they take packed."""


def _text(value: Any) -> Any:
    return value


def _bool(value: Any) -> Any:
    # `annotated` may be the text "discarded".
    return value if value is None or isinstance(value, str) else bool(value)


_SQL: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "id": ("id", _text),
    "filename": ("filename", _text),
    "name": ("name", _text),
    "dir": ("dir", _text),
    "type": ("type", _text),
    "hidden": ("hidden", _bool),
    "annotated": ("annotated", _bool),
    "annotationsCount": ("annotations_count", _text),
}
"""Paths that are columns of the database, derived where the document lacks them."""
_FEW_VALUES = ("dir", "type", "hidden", "annotated", "annotationsCount")
"""Those that most queries read and that hold few distinct values: made together, in one pass."""


class StoredTable(ItemTable):
    """The items of one dataset, in the order of their first import.

    Columns are those of the documents, and of the refs, when the table was opened:
    BackendError (retryable) where an import or a replay has changed them since. `pk` is the
    dataset's primary key; `before` an earlier table of it, whose ids are taken over
    if they are still the same.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        pk: int,
        *,
        without: frozenset[str] = frozenset(),
        before: StoredTable | None = None,
    ) -> None:
        self.pk = pk
        self._connection = connection
        self._without = without
        self._columns: dict[str, Column] = {}
        row = connection.execute(
            """SELECT d.id, d.name, p.name, d.documents_version, d.refs_version
               FROM datasets d JOIN projects p ON p.pk = d.project WHERE d.pk = ?""",
            (pk,),
        ).fetchone()
        self.dataset_id, self.dataset, self.project, self._version, self._refs_version = row
        folder = path.with_name(f"{path.name}.columns") / self.dataset_id
        self._cache = ColumnCache(folder, self._version)
        self._refs_cache = ColumnCache(folder, self._version, f"refs-{self._refs_version}")
        unchanged = before is not None and before._version == self._version
        self._held_keys: Keys | None = before._held_keys if before is not None and unchanged else None

    @property
    def item_pks(self) -> NDArray[np.int64]:
        """The primary key of each row: int64[n], ascending."""
        return self._keys[0]

    @property
    def ids(self) -> ItemIds:
        return self._keys[1]

    @property
    def _keys(self) -> Keys:
        if self._held_keys is None:
            self._held_keys = self._read_keys()
        return self._held_keys

    def _read_keys(self) -> Keys:
        pks, packed = self._cache.array("pks"), self._cache.array("ids")
        if pks is not None and pks.dtype == np.int64 and pks.ndim == 1:
            if packed is not None and packed.dtype == np.uint8 and packed.shape == (len(pks), 12):
                return pks, ItemIds(packed=packed, sums=self._cache.row_sums("ids"))
            texts = self._cache.text("texts")
            if texts is not None:
                ids = ItemIds.of(msgspec.json.decode(texts, type=list[str]))
                if len(ids) == len(pks):
                    return pks, ids
        found: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
        parts: list[ItemIds] = []
        with self._reading():
            cursor = self._connection.execute(
                "SELECT pk, id FROM items NOT INDEXED WHERE dataset = ? ORDER BY pk", (self.pk,)
            )
            while rows := cursor.fetchmany(_KEYS):
                found.append(np.array([pk for pk, _ in rows], dtype=np.int64))
                parts.append(ItemIds.of(item_id for _, item_id in rows))
        pks, ids = np.concatenate(found), ItemIds.joined(parts)
        self._cache.put("pks", {"codes": pks})
        if ids.packed is not None:
            self._cache.put("ids", {"codes": ids.packed}, row_sums=ids.whole_sums)
        else:
            self._cache.put("texts", {}, msgspec.json.encode(ids.tolist()))
        return pks, ids

    def column(self, path: str) -> Column:
        if path not in self._columns:
            self.prefetch((path,))
        return self._columns[path]

    def prefetch(self, paths: Iterable[str]) -> None:
        """Make the columns of several paths, with at most one pass over the documents."""
        sql: list[str] = []
        texts: list[str] = []
        for path in dict.fromkeys(paths):
            if path in self._columns:
                continue
            if _has_refs(path):
                self._columns[path] = self._cached(
                    None if self._without else self._refs_cache, path, self._refs_column
                )
                continue
            cached = self._cache.column(path, len(self))
            if cached is not None:
                self._columns[path] = cached
            else:
                (sql if path in _SQL else texts).append(path)
        if not sql and not texts:
            return
        if not set(_FEW_VALUES).isdisjoint(sql):
            sql = list(dict.fromkeys((*sql, *_FEW_VALUES)))
        with self._reading():
            built = self._sql_columns(sql) if sql else {}
            if texts:
                built |= build_columns(texts, self._texts(), complete)
        for path, column in built.items():
            self._cache.put_column(path, column)
        self._columns |= built

    def documents(self, rows: Iterable[int] | None = None) -> Iterator[dict[str, Any]]:
        if rows is None:
            overlay = self._overlay()
            held = next(overlay, None)
            for pk, count, text in self._connection.execute(
                """SELECT pk, annotations_held, document FROM items NOT INDEXED
                   WHERE dataset = ? ORDER BY pk""",
                (self.pk,),
            ):
                while held is not None and held[0] < pk:
                    held = next(overlay, None)
                yield _document(text, count, held[1] if held is not None and held[0] == pk else ())
            return
        for row in rows:
            pk = int(self.item_pks[row])
            count, text = self._connection.execute(
                "SELECT annotations_held, document FROM items WHERE pk = ?", (pk,)
            ).fetchone()
            yield _document(text, count, [found for _, group in self._overlay(pk) for found in group])

    def known_paths(self) -> tuple[str, ...]:
        return self._known_paths

    @cached_property
    def _known_paths(self) -> tuple[str, ...]:
        step = max(1, -(-len(self) // SAMPLE))
        paths = {
            path for document in self.documents(range(0, len(self), step)) for path in paths_of(document)
        }
        return tuple(sorted(paths.union(_SQL, REF_PATHS, ABOVE_REFS)))

    @cached_property
    def _annotations(self) -> StoredAnnotations:
        return StoredAnnotations(self._connection, self.pk, self.item_pks, self._cache, self._reading)

    def annotations(self) -> StoredAnnotations:
        return self._annotations

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Read from one state of the store, which must still have the documents of this table."""
        outermost = not self._connection.in_transaction
        if outermost:
            self._connection.execute("BEGIN")
        try:
            version = self._connection.execute(
                "SELECT documents_version FROM datasets WHERE pk = ?", (self.pk,)
            ).fetchone()
            if version != (self._version,):
                raise BackendError(
                    f'the items of "{self.dataset}" were imported anew while they were read', retryable=True
                )
            yield
        finally:
            if outermost:
                self._connection.execute("COMMIT")

    def _refuse_other_refs(self) -> None:
        found = self._connection.execute(
            "SELECT refs_version FROM datasets WHERE pk = ?", (self.pk,)
        ).fetchone()
        if found != (self._refs_version,):
            raise BackendError(f'the tasks of "{self.dataset}" changed while they were read', retryable=True)

    def _cached(self, cache: ColumnCache | None, name: str, build: Callable[[str], Column]) -> Column:
        found = cache.column(name, len(self)) if cache is not None else None
        if found is None:
            found = build(name)
            if cache is not None:
                cache.put_column(name, found)
        return found

    def _texts(self) -> Iterator[str]:
        cursor = self._connection.execute(
            "SELECT document FROM items NOT INDEXED WHERE dataset = ? ORDER BY pk", (self.pk,)
        )
        return (text for (text,) in cursor)

    def _sql_columns(self, paths: list[str]) -> dict[str, Column]:
        names = ", ".join(_SQL[path][0] for path in paths)
        builders = [ColumnBuilder() for _ in paths]
        cursor = self._connection.execute(
            f"SELECT {names} FROM items NOT INDEXED WHERE dataset = ? ORDER BY pk", (self.pk,)
        )
        while rows := cursor.fetchmany(_CHUNK):
            for path, builder, values in zip(paths, builders, zip(*rows, strict=True), strict=True):
                convert = _SQL[path][1]
                # The builder asks nothing of its keys but to be hashable.
                keys: Any = values
                builder.add_texts(keys, lambda value, convert=convert: (convert(value),))
        return {path: builder.column() for path, builder in zip(paths, builders, strict=True)}

    def _overlay(self, pk: int | None = None) -> Iterator[tuple[int, list[OverlayRow]]]:
        """Yield (item, its overlay rows, oldest task first), by item; of one item where `pk` is given."""
        created = dict(self._connection.execute("SELECT id, created_at FROM tasks"))
        chosen = "" if pk is None else "WHERE item = ?"
        rows = self._connection.execute(
            f"SELECT item, operation, {OVERLAY_COLUMNS} FROM refs {chosen} ORDER BY item",
            () if pk is None else (pk,),
        )
        kept = (row for row in rows if row[1] not in self._without)
        for item, group in groupby(kept, key=lambda row: row[0]):
            found = [OverlayRow(*row[2:]) for row in group]
            if len(found) > 1:
                found.sort(key=lambda row: (created.get(row.task) or 0.0, row.task))
            yield int(item), found

    def _refs_column(self, path: str) -> Column:
        """Build a column at or below the refs, or above them: document refs and overlay together."""
        with self._reading():
            self._refuse_other_refs()
            if path in ABOVE_REFS:
                builder = ColumnBuilder()
                for document in self.documents():
                    reached = reach(document, path)
                    builder.add(msgspec.json.encode(reached), reached)
                return builder.column()
            base = self._cached(self._cache, f"{REFS} of the documents", self._document_refs)
            return self._with_overlay(base, "refs" + path[len(REFS) :])

    def _document_refs(self, _: str) -> Column:
        decode = msgspec.json.Decoder(_Refs).decode
        builder = ColumnBuilder()
        texts = self._texts()
        while chunk := list(islice(texts, _CHUNK)):
            keys: list[bytes] = []
            for text in chunk:
                try:
                    keys.append(bytes(decode(text).metadata.system.refs))
                except msgspec.ValidationError:
                    keys.append(whole_key(reach(complete(msgspec.json.decode(text)), REFS)))
            builder.add_texts(keys, reached_of)
        return builder.column()

    def _with_overlay(self, base: Column, path: str) -> Column:
        keys: list[Any] = base.codes.tolist()
        if base.numbers is not None:
            keys = [("row", row) if code == base.number_code else code for row, code in enumerate(keys)]
        overlay = self._overlay()
        while taken := list(islice(overlay, _CHUNK)):
            pks = np.array([pk for pk, _ in taken], dtype=np.int64)
            places = np.searchsorted(self.item_pks, pks)
            for (pk, rows), row in zip(taken, places.tolist(), strict=True):
                # Refs of other datasets' items come along.
                if row < len(keys) and self.item_pks[row] == pk:
                    keys[row] = (keys[row], tuple(rows))

        def values(key: Any) -> tuple[Any, ...]:
            if isinstance(key, int):
                return base.values[key]
            return base.reached(key[1])

        def reached(key: Any) -> tuple[Any, ...]:
            if isinstance(key, tuple) and key[0] != "row":
                held = values(key[0])
                refs = effective_refs(held[0] if len(held) == 1 else None, key[1])
                return reach({"refs": refs}, path)
            held = values(key)
            return reach({"refs": held[0]}, path) if len(held) == 1 else _below(held, path)

        builder = ColumnBuilder()
        builder.add_texts(keys, reached)
        return builder.column()


class _System(msgspec.Struct, gc=False):
    refs: msgspec.Raw = msgspec.Raw(b"[]")


class _Metadata(msgspec.Struct, gc=False):
    system: _System = msgspec.field(default_factory=_System)


class _Refs(msgspec.Struct, gc=False):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


def _has_refs(path: str) -> bool:
    return path in ABOVE_REFS or path == REFS or path.startswith(f"{REFS}.")


def _below(held: tuple[Any, ...], path: str) -> tuple[Any, ...]:
    """Return what lies at `path` (``refs`` and what follows) below each of several values."""
    return tuple(value for found in held for value in reach({"refs": found}, path))


def _document(text: str, annotations: int | None, overlay: Iterable[OverlayRow]) -> dict[str, Any]:
    document = complete(msgspec.json.decode(text, type=dict[str, Any]), annotations or 0)
    rows = list(overlay)
    return with_overlay(document, rows) if rows else document
