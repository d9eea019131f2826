"""The store: datasets in one SQLite file, filled from files, read as item tables, exported again."""

from __future__ import annotations

import secrets
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from taskplan.errors import DataError, InputError, NotFoundError, did_you_mean
from taskplan.model.documents import export_from_item, generated_id
from taskplan.model.entities import DatasetInfo
from taskplan.model.files import atomic_write
from taskplan.model.formats import Record, read_records
from taskplan.model.store import ExportFormat, ImportResult, Mirror, Progress
from taskplan_sqlite.store.connection import BUSY_SECONDS, connect, telling, use_write_ahead_log
from taskplan_sqlite.store.importing import Importer
from taskplan_sqlite.store.schema import ITEM_INDEXES, item_indexes

if TYPE_CHECKING:
    from taskplan_sqlite.store.table import StoredTable


class SqliteStore:
    """A store of datasets (`taskplan.model.store.ItemStore`).

    `connection` is in autocommit mode; write inside `write()`. With `create` a
    file that does not exist is made, and taken away again if its first import fails.
    `shown` is what errors call the store. With `threads` it may be used from several
    threads, one at a time.
    """

    def __init__(self, path: Path, *, create: bool = False, threads: bool = False) -> None:
        self.path = path
        self.shown = str(path)
        self._new = not path.exists()
        self._tables: dict[int, StoredTable] = {}
        self.connection = connect(path, create, threads=threads)

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        self.connection.close()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction that is committed when the block ends well, and rolled back otherwise."""
        with telling(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself where the disk was full.
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """See one moment of the store for the time of the block, whatever others write meanwhile."""
        if self.connection.in_transaction:
            yield self.connection
            return
        with telling(self.path):
            self.connection.execute("BEGIN")
            try:
                yield self.connection
            finally:
                self.connection.execute("COMMIT")

    def touch_refs(self, dataset: int) -> None:
        """Note that the refs of the dataset with this primary key have changed; inside `write()`."""
        self.connection.execute(
            "UPDATE datasets SET refs_version = ? WHERE pk = ?", (secrets.token_hex(8), dataset)
        )

    def touch_documents(self, dataset: int) -> None:
        """Note that the documents of the dataset with this primary key have changed; inside `write()`."""
        self.connection.execute(
            "UPDATE datasets SET documents_version = ? WHERE pk = ?", (secrets.token_hex(8), dataset)
        )

    def datasets(self) -> tuple[DatasetInfo, ...]:
        """Return the datasets, oldest first."""
        rows = self.connection.execute(
            """SELECT d.id, d.name, p.name, (SELECT count(*) FROM items WHERE dataset = d.pk),
                      (SELECT count(*) FROM annotations WHERE dataset = d.pk)
               FROM datasets d JOIN projects p ON p.pk = d.project ORDER BY d.pk"""
        )
        return tuple(DatasetInfo(*row) for row in rows)

    def dataset_pk(self, dataset: str | None = None) -> int:
        """Return the primary key of a dataset by name or id; the only dataset where None."""
        rows = self.connection.execute("SELECT pk, id, name FROM datasets ORDER BY pk").fetchall()
        names = [name for _, _, name in rows]
        if dataset is None:
            if len(rows) == 1:
                return int(rows[0][0])
            if not rows:
                raise NotFoundError(
                    "has no dataset yet", source=self.shown, hint="`taskplan import PATH` adds one"
                )
            raise InputError(
                f"has {len(rows)} datasets ({', '.join(names)})",
                source=self.shown,
                hint="name one with --dataset",
            )
        for pk, dataset_id, _ in rows:
            if dataset == dataset_id:
                return int(pk)
        named = [(int(pk), dataset_id) for pk, dataset_id, name in rows if dataset == name]
        if len(named) > 1:
            ids = ", ".join(dataset_id for _, dataset_id in named)
            raise InputError(
                f'{len(named)} datasets are named "{dataset}"; use an id: {ids}', source=self.shown
            )
        if named:
            return named[0][0]
        listed = f"only {', '.join(names)}" if names else "it has none"
        raise NotFoundError(
            f'there is no dataset "{dataset}", {listed}', source=self.shown, hint=did_you_mean(dataset, names)
        )

    def table(self, dataset: str | None = None, *, without: frozenset[str] = frozenset()) -> StoredTable:
        """Open a dataset's items; the only dataset where None. NotFoundError names the nearest.

        Refs that the operations with the keys `without` have made are left out.
        """
        return self.table_of(self.dataset_pk(dataset), without=without)

    def table_of(self, pk: int, *, without: frozenset[str] = frozenset()) -> StoredTable:
        """Open the items of the dataset with this primary key."""
        from taskplan_sqlite.store.table import StoredTable

        table = StoredTable(self.connection, self.path, pk, without=without, before=self._tables.get(pk))
        self._tables[pk] = table
        return table

    def export(self, dataset: str, *, format: ExportFormat = "items") -> Iterator[bytes]:
        """Yield one JSON document an item, without line ends, every field as it was imported."""
        pk = self.dataset_pk(dataset)
        annotations = _annotation_texts(self.connection, pk)
        ahead = next(annotations, None)
        for item, held, document in self.connection.execute(
            "SELECT pk, annotations_held, document FROM items NOT INDEXED WHERE dataset = ? ORDER BY pk",
            (pk,),
        ):
            texts: list[msgspec.Raw] = []
            while ahead is not None and ahead[0] == item:
                texts.append(msgspec.Raw(ahead[1].encode()))
                ahead = next(annotations, None)
            if format == "items" and held is None:
                yield document.encode()
                continue
            entries: dict[str, Any] = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
            if format == "items":
                entries["annotations"] = texts
            else:
                entries = export_from_item(entries, texts)  # type: ignore[arg-type]
            yield msgspec.json.encode(entries)

    def mirror(self, seen: Mirror) -> int:
        """Make tasks, assignments, members and recipes what a platform says; return items taken away."""
        from taskplan_sqlite.mirroring import mirror

        return mirror(self, seen)

    def import_path(
        self,
        path: Path,
        dataset: str,
        *,
        project: str = "local",
        format: str = "auto",
        skip_bad: bool = False,
        progress: Progress | None = None,
    ) -> ImportResult:
        """Import items, all or none (with `skip_bad`: all good ones); DataError names file and line.

        Items are told apart by id: a known one is replaced where its document
        differs, and keeps the refs that local work gave it.
        """
        skipped = self.path.with_name(f"{self.path.name}.skipped.jsonl") if skip_bad else None
        try:
            records = _records(path, dataset, format)
            size = _text_size(path, format)
            counts = self._first_load(records, dataset, project, skipped, progress, size)
            if counts is None:
                records = _records(path, dataset, format)
                with self.write(), _skipping(skipped) as skip:
                    pk = self.dataset_for(dataset, project)
                    importer = Importer(self.connection, pk, skip=skip, progress=progress, size=size)
                    importer.merge(records)
                    counts = self._finish(pk, importer)
        except BaseException:
            self._take_away_if_new()
            raise
        self._new = False
        return ImportResult(
            dataset,
            counts["read"],
            counts["added"],
            counts["changed"],
            counts["unchanged"],
            counts["skipped"],
            skipped if counts["skipped"] else None,
            counts["others"],
        )

    def _first_load(
        self,
        records: Iterator[Record],
        dataset: str,
        project: str,
        skipped: Path | None,
        progress: Progress | None,
        size: int | None,
    ) -> Counter[str] | None:
        """Fill a store without items, its indexes made last; None where that is not what is asked.

        It supposes that no id comes twice; where one does, all is rolled back and left to a merge.
        """
        if self._has_items():
            return None
        # Without other readers the rollback journal spares writing every page twice.
        journal = self._try_rollback_journal()
        try:
            with self.write(), _skipping(skipped) as skip:
                if self._has_items():
                    raise _NotAloneError
                pk = self.dataset_for(dataset, project)
                for name in ITEM_INDEXES:
                    self.connection.execute(f"DROP INDEX {name}")
                importer = Importer(self.connection, pk, skip=skip, progress=progress, size=size)
                importer.load(records)
                for statement in item_indexes():
                    self.connection.execute(statement)
                return self._finish(pk, importer)
        except (sqlite3.IntegrityError, _NotAloneError):
            return None
        finally:
            if journal:
                use_write_ahead_log(self.connection)

    def _finish(self, pk: int, importer: Importer) -> Counter[str]:
        (held,) = self.connection.execute("SELECT count(*) FROM items WHERE dataset = ?", (pk,)).fetchone()
        importer.counts["others"] = held - importer.met
        if importer.counts["added"] or importer.counts["changed"]:
            self.touch_documents(pk)
        return importer.counts

    def _has_items(self) -> bool:
        return self.connection.execute("SELECT 1 FROM items LIMIT 1").fetchone() is not None

    def _try_rollback_journal(self) -> bool:
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            self.connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError:
            # Another process has the store open: the write-ahead log serves as well.
            return False
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {1000 * BUSY_SECONDS:.0f}")
        return True

    def dataset_for(self, name: str, project: str) -> int:
        """Return the primary key of a dataset, which is made where the name is new."""
        found = dict(
            self.connection.execute(
                "SELECT p.name, d.pk FROM datasets d JOIN projects p ON p.pk = d.project WHERE d.name = ?",
                (name,),
            ).fetchall()
        )
        if project in found:
            return int(found[project])
        if found and (project != "local" or len(found) > 1):
            owners = ", ".join(f'"{owner}"' for owner in found)
            raise InputError(f'the dataset "{name}" belongs to the project {owners}, not "{project}"')
        if found:
            return int(*found.values())
        self.connection.execute(
            "INSERT INTO projects (id, name) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
            (generated_id("project", project), project),
        )
        cursor = self.connection.execute(
            """INSERT INTO datasets (id, name, project, documents_version, refs_version)
               SELECT ?, ?, pk, ?, ? FROM projects WHERE name = ?""",
            (
                generated_id(f"dataset {project}", name),
                name,
                secrets.token_hex(8),
                secrets.token_hex(8),
                project,
            ),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def _take_away_if_new(self) -> None:
        """Remove the file that this object made, where nothing is in it and nobody else has it open."""
        if not self._new:
            return
        execute = self.connection.execute
        try:
            execute("PRAGMA busy_timeout = 0")
            execute("PRAGMA locking_mode = EXCLUSIVE")
            execute("PRAGMA journal_mode = DELETE")
            execute("BEGIN EXCLUSIVE")
            if execute("SELECT 1 FROM datasets LIMIT 1").fetchone() is None:
                self.path.unlink()
        except sqlite3.OperationalError:
            # Another process uses the file by now: it stays.
            pass
        finally:
            self.connection.close()


class _NotAloneError(Exception):
    """Another process has put items into the store first."""


@contextmanager
def _skipping(path: Path | None) -> Iterator[Any]:
    """Give a function that writes bad records to a side file, which appears if the block ends well."""
    if path is None:
        yield None
        return
    with ExitStack() as stack:
        files: list[Any] = []

        def skip(record: Record, error: DataError) -> None:
            if not files:
                files.append(stack.enter_context(atomic_write(path)))
            entry = {
                "source": record.source,
                "line": record.line,
                "error": str(error),
                "record": record.text.decode(errors="replace"),
            }
            files[0].write(msgspec.json.encode(entry) + b"\n")

        yield skip


def _records(path: Path, dataset: str, format: str) -> Iterator[Record]:
    if format == "auto" and path.is_dir():
        from taskplan.model.snapshots.records import is_importable, snapshot_records

        if is_importable(path):
            return snapshot_records(path, dataset)
    return read_records(path, dataset, format)


def _text_size(path: Path, format: str) -> int | None:
    """Return the bytes of a source whose records are its text, for an estimate of their number."""
    plain = path.is_file() and path.suffix.lower() in (".json", ".jsonl", ".ndjson")
    return path.stat().st_size if plain and format in ("auto", "export", "ndjson") else None


def _annotation_texts(connection: sqlite3.Connection, dataset: int) -> Iterator[tuple[int, str]]:
    return connection.execute(
        "SELECT item, document FROM annotations WHERE dataset = ? ORDER BY item, pk", (dataset,)
    )
