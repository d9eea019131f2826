"""Ways to load items and to open what was loaded, each for a process of its own: see `benchmarks.importing`.

Libraries are imported before the clock starts, and in the function that needs
them, so that no subject's memory is charged with another's library.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from benchmarks.stores import load, read_columns
from benchmarks.timing import Clock

SCANNER = "duckdb_extension_sqlite_scanner"
"""DuckDB reads SQLite files through an extension, which the package named here brings; it is made for one
release of DuckDB, so that no extra of this project asks for it."""
_SQL_COLUMNS = (
    "dataset, id, filename, name, dir, type, hidden, annotated, annotations_count, created_at, updated_at, "
    "annotations_held, document"
)
Seconds = dict[str, Any]


def import_taskplan(source: str, target: str) -> Seconds:
    """Import NDJSON into a store."""
    import taskplan_sqlite.store.store  # noqa: F401

    return load(source, target)


def import_bare(source: str, target: str) -> Seconds:
    """Write the same rows and indexes with `sqlite3` and orjson, and look at nothing."""
    import sqlite3

    import orjson

    def rows() -> Any:
        with Path(source).open("rb") as file:
            for line in file:
                d = orjson.loads(line)
                filename = d["filename"]
                folder, _, name = filename.rpartition("/")
                yield (
                    1,
                    d["id"],
                    filename,
                    name,
                    folder or "/",
                    d.get("type", "file"),
                    d.get("hidden", False),
                    d.get("annotated", False),
                    d.get("annotationsCount", 0),
                    d.get("createdAt"),
                    d.get("updatedAt"),
                    None,
                    line.decode(),
                )

    clock = Clock()
    db = sqlite3.connect(target, isolation_level=None)
    db.execute(f"CREATE TABLE items (pk INTEGER PRIMARY KEY, {_SQL_COLUMNS})")
    db.execute("BEGIN")
    marks = ", ".join("?" * len(_SQL_COLUMNS.split(", ")))
    db.executemany(f"INSERT INTO items ({_SQL_COLUMNS}) VALUES ({marks})", rows())
    db.execute("CREATE UNIQUE INDEX items_by_id ON items (dataset, id)")
    db.execute("CREATE INDEX items_by_filename ON items (dataset, filename)")
    db.execute("COMMIT")
    db.close()
    return clock.read()


def import_polars(source: str, target: str) -> Seconds:
    """Read NDJSON and write Parquet."""
    import polars as pl

    clock = Clock()
    pl.read_ndjson(source).write_parquet(target)
    return clock.read()


def open_taskplan(target: str) -> Seconds:
    """Open a store and have the columns of the query."""
    import taskplan_sqlite.store.table  # noqa: F401

    return read_columns(target)


def open_polars(target: str) -> Seconds:
    """Read the same from Parquet."""
    import polars as pl

    clock = Clock()
    field = pl.col("metadata").struct.field
    pl.scan_parquet(target).select(
        "hidden",
        "type",
        "dir",
        "annotated",
        field("user").struct.field("score"),
        field("user").struct.field("scene"),
        field("system").struct.field("refs").list.eval(pl.element().struct.field("type")),
    ).collect()
    return clock.read()


def open_duckdb(target: str) -> Seconds:
    """Read the same from Parquet."""
    import duckdb

    clock = Clock()
    duckdb.connect().sql(
        "SELECT hidden, type, dir, annotated, metadata.user.score, metadata.user.scene, "
        "[ref.type for ref in metadata.system.refs] FROM read_parquet(?)",
        params=[target],
    ).to_arrow_table()
    return clock.read()


def open_duckdb_sqlite(target: str) -> Seconds:
    """Read the same from the store's own file."""
    import duckdb

    extension = next(
        Path(str(found)) for found in Path(str(files(SCANNER))).rglob("extensions/**/*.duckdb_extension")
    )
    clock = Clock()
    connection = duckdb.connect()
    connection.load_extension(str(extension))
    connection.execute(f"ATTACH '{target}' AS store (TYPE sqlite, READ_ONLY)")
    connection.sql(
        "SELECT hidden, type, dir, annotated, document->'$.metadata.user.score', "
        "document->'$.metadata.user.scene', document->'$.metadata.system.refs[*].type' FROM store.items"
    ).to_arrow_table()
    return clock.read()
