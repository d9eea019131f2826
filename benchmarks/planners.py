"""Query, split and write by taskplan and by others, each for a process of its own: see `benchmarks.large`.

Libraries are imported before the clock starts, and in the function that needs them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.steps import PEOPLE, backend_of, plan_of
from benchmarks.timing import Clock
from benchmarks.workload import FOLDERS, REFS, SCENES, WANTED_SCENES, item_id, workload

Found = dict[str, Any]
BATCH = 1_000_000
_WHERE = {
    "six clauses": "NOT hidden AND type = 'file' AND dir GLOB '/train/*' AND NOT annotated AND score > 0.5 "
    f"AND scene IN ({', '.join(repr(scene) for scene in WANTED_SCENES)}) AND NOT list_contains(refs, 'task')",
    # Folders are no items: taskplan leaves them out unasked.
    "nearly all": "NOT hidden AND type = 'file'",
}


def plan_taskplan(store: str, case: str, target: str) -> Found:
    """Make a plan from an open store, and write it."""
    from taskplan.planning.codec import write_plan
    from taskplan.planning.planner import make_plan  # noqa: F401

    backend = backend_of(store)
    clock = Clock()
    plan = plan_of(backend, case)
    planned = clock.read()["seconds"]
    write_plan(Path(target), plan)
    taken = clock.read()
    backend.close()
    return {
        **taken,
        "planned": planned,
        "items": sum(operation.allocation.items.count for operation in plan.operations),
        "tasks": len(plan.operations),
        "bytes": Path(target).stat().st_size,
    }


def plan_polars(table: str, case: str, target: str) -> Found:
    """Scan Parquet, filter, give everyone a block, and write who has which id as Parquet."""
    import numpy as np
    import polars as pl

    kept = ~pl.col("hidden") & (pl.col("type") == "file")
    if case == "six clauses":
        kept = (
            kept
            & pl.col("dir").str.starts_with("/train/")
            & ~pl.col("annotated")
            & (pl.col("score") > 0.5)
            & pl.col("scene").is_in(list(WANTED_SCENES))
            & ~pl.col("refs").list.contains("task")
        )
    clock = Clock()
    chosen = pl.scan_parquet(table).filter(kept).select("id").collect()
    people = np.arange(len(chosen)) * PEOPLE // max(1, len(chosen))
    chosen.with_columns(pl.Series("person", people.astype(np.uint8))).write_parquet(target)
    return {**clock.read(), "items": len(chosen), "bytes": Path(target).stat().st_size}


def plan_duckdb(table: str, case: str, target: str) -> Found:
    """Filter DuckDB's own table, give everyone a block, and write who has which id as Parquet."""
    import duckdb

    connection = duckdb.connect(table, read_only=True)
    clock = Clock()
    connection.execute(f"CREATE TEMP TABLE chosen AS SELECT id FROM items WHERE {_WHERE[case]}")
    row = connection.execute("SELECT count(*) FROM chosen").fetchone()
    assert row is not None
    connection.execute(
        f"COPY (SELECT id, rowid * {PEOPLE} // {max(1, row[0])} AS person FROM chosen) "
        f"TO '{target}' (FORMAT parquet)"
    )
    return {**clock.read(), "items": row[0], "bytes": Path(target).stat().st_size}


def make_tables(parquet: str, database: str, count: int) -> Found:
    """Write the workload as flat columns: to Parquet, and from there to a table of DuckDB."""
    import duckdb
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    load = workload(count)
    types = [[ref["type"] for ref in refs] for refs in REFS]
    writer = None
    for first in range(0, count, BATCH):
        part = slice(first, first + BATCH)
        score = load.score[part]
        batch = pa.table(
            {
                "id": [item_id(row) for row in range(first, min(first + BATCH, count))],
                "hidden": load.hidden[part],
                "type": np.where(load.directory[part], "dir", "file"),
                "dir": np.array(FOLDERS)[load.folder[part]],
                "annotated": load.annotated[part],
                "score": pa.array(score, mask=np.isnan(score)),
                "scene": np.array(SCENES)[load.scene[part]],
                "refs": pa.DictionaryArray.from_arrays(
                    load.refs[part], pa.array(types, pa.list_(pa.string()))
                ).dictionary_decode(),
            }
        )
        writer = writer or pq.ParquetWriter(parquet, batch.schema)
        writer.write_table(batch)
    if writer is not None:
        writer.close()
    connection = duckdb.connect(database)
    connection.execute("CREATE TABLE items AS SELECT * FROM read_parquet(?)", [parquet])
    connection.close()
    return {}
