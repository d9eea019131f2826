"""How long does a query of six clauses over a million items take, warm?"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.bandwidth import at_best
from benchmarks.rows import Row, row
from benchmarks.workload import FOLDERS, QUERY, REFS, SCENES, WANTED_SCENES, Workload, seconds, workload
from taskplan.dql.evaluate import evaluate
from taskplan.dql.parse import parse
from taskplan.model.columns import narrow
from taskplan.model.ids import ItemIds
from taskplan.model.memory import MemoryAnnotations
from taskplan.model.table import Column, ItemTable

QUESTION = "query, warm"
SLICE = 100
"""Rivals that take minutes are measured on one part in so many and scaled up."""


class WorkloadTable(ItemTable):
    """The workload's columns as taskplan keeps them, without a detour over documents."""

    def __init__(self, load: Workload) -> None:
        absent = np.isnan(load.score)
        scores = np.where(absent, 0.0, load.score)
        self._columns = {
            "hidden": Column(load.hidden.astype(np.uint8), ((False,), (True,))),
            "type": Column(load.directory.astype(np.uint8), (("file",), ("dir",))),
            "dir": Column(load.folder, tuple((folder,) for folder in FOLDERS)),
            "annotated": Column(load.annotated.astype(np.uint8), ((False,), (True,))),
            "metadata.user.score": Column(narrow(np.where(absent, 0, 1), 2), ((),), scores),
            "metadata.user.scene": Column(load.scene, tuple((scene,) for scene in SCENES)),
            "metadata.system.refs.type": Column(
                load.refs, tuple(tuple(ref["type"] for ref in refs) for refs in REFS)
            ),
        }
        self._ids = ItemIds(packed=np.zeros((len(load), 12), dtype=np.uint8))

    @property
    def ids(self) -> ItemIds:
        return self._ids

    def column(self, path: str) -> Column:
        return self._columns[path]

    def documents(self, rows: Any = None) -> Iterator[dict[str, Any]]:
        raise NotImplementedError("this table has columns only")

    def known_paths(self) -> tuple[str, ...]:
        return tuple(self._columns)

    def annotations(self) -> MemoryAnnotations:
        return MemoryAnnotations([], np.zeros(0, dtype=np.int64))

    def bytes_read(self) -> list[np.ndarray[Any, Any]]:
        """Return the arrays that the query has to read."""
        arrays: list[np.ndarray[Any, Any]] = []
        for column in self._columns.values():
            arrays.append(column.codes)
            if column.numbers is not None:
                arrays.append(column.numbers)
        return arrays


def run(scale: float, repeat: int) -> list[Row]:
    """Measure; every subject's count is compared with the same count told in numpy."""
    load = workload(int(1_000_000 * scale))
    expected = load.expected()
    table, query = WorkloadTable(load), parse(QUERY)

    def ours() -> int:
        return int(np.count_nonzero(evaluate(query, table)))

    arrays = table.bytes_read()
    timed = {"taskplan": _timed(ours, expected, repeat)}
    copied = seconds(lambda: [array.copy() for array in arrays], repeat)
    missing: list[Row] = []
    slow: dict[str, float] = {}
    for name, build in RIVALS.items():
        count = len(load) // SLICE if name in SLOW else len(load)
        part = load if count == len(load) else workload(max(count, 1000))
        try:
            action = build(part)
        except ImportError as error:
            missing.append(row(QUESTION, name, None, note=f"not installed: {error.name}"))
            continue
        factor = len(load) / len(part)
        timed[name] = _timed(action, part.expected(), 1 if name in SLOW else repeat) * factor
        if factor > 1:
            slow[name] = factor
    mine = timed.pop("taskplan")
    # Read once, and one byte an item written: the mask.
    best = at_best(sum(array.nbytes for array in arrays), len(load))
    result = [
        row(QUESTION, "taskplan", mine, note=f"{expected:,} of {len(load):,} items", at_best=best),
        row(
            QUESTION,
            "numpy: copy the bytes read",
            copied,
            mine / copied,
            limit="≤ 3",
            ok=mine / copied <= 3,
            note="taskplan / this",
        ),
    ]
    limits = {"duckdb": 0.5, "polars": 0.4}
    for name, taken in timed.items():
        ratio, limit = mine / taken, limits.get(name)
        note = "taskplan / this" + (f"; measured on 1/{slow[name]:.0f}, scaled" if name in slow else "")
        said, ok = (None, None) if limit is None else (f"≤ {limit}", ratio <= limit)
        result.append(row(QUESTION, name, taken, ratio, limit=said, ok=ok, note=note))
    return result + missing


def _timed(action: Callable[[], int], expected: int, repeat: int) -> float:
    found = action()
    if found != expected:
        raise RuntimeError(f"counted {found}, expected {expected}")
    return seconds(action, repeat)


def _frame(load: Workload) -> dict[str, Any]:
    """The workload as flat columns, refs as a list of types."""
    return {
        "hidden": load.hidden,
        "type": np.where(load.directory, "dir", "file"),
        "dir": np.array(FOLDERS)[load.folder],
        "annotated": load.annotated,
        "score": load.score,
        "scene": np.array(SCENES)[load.scene],
        "refs": [[ref["type"] for ref in REFS[code]] for code in load.refs],
    }


def _polars(load: Workload) -> Callable[[], int]:
    import polars as pl

    frame = pl.DataFrame(_frame(load)).with_columns(
        pl.col("type", "dir", "scene").cast(pl.Categorical), pl.col("score").fill_nan(None)
    )
    kept = (
        ~pl.col("hidden")
        & (pl.col("type") == "file")
        & pl.col("dir").cat.starts_with("/train/")
        & ~pl.col("annotated")
        & (pl.col("score") > 0.5)
        & pl.col("scene").is_in(list(WANTED_SCENES))
        & ~pl.col("refs").list.contains("task")
    )
    return lambda: frame.lazy().filter(kept).select(pl.len()).collect().item()


def _duckdb(load: Workload) -> Callable[[], int]:
    import duckdb
    import pyarrow as pa

    connection = duckdb.connect()
    connection.register("arrow", pa.table({**_frame(load), "score": pa.array(load.score, from_pandas=True)}))
    connection.execute("CREATE TABLE items AS SELECT * FROM arrow")
    scenes = ", ".join(f"'{scene}'" for scene in WANTED_SCENES)
    sql = f"""SELECT count(*) FROM items WHERE NOT hidden AND type = 'file' AND dir GLOB '/train/*'
              AND NOT annotated AND score > 0.5 AND scene IN ({scenes}) AND NOT list_contains(refs, 'task')"""

    def count() -> int:
        row = connection.execute(sql).fetchone()
        assert row is not None
        return int(row[0])

    return count


def _pandas(load: Workload) -> Callable[[], int]:
    import pandas as pd

    frame = pd.DataFrame(_frame(load))

    def count() -> int:
        kept = (
            ~frame["hidden"]
            & (frame["type"] == "file")
            & frame["dir"].str.startswith("/train/")
            & ~frame["annotated"]
            & (frame["score"] > 0.5)
            & frame["scene"].isin(WANTED_SCENES)
            & ~frame["refs"].map(lambda refs: "task" in refs)
        )
        return int(kept.sum())

    return count


def _sqlite(load: Workload) -> Callable[[], int]:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE items (document TEXT)")
    texts = ((json.dumps(load.document(row)),) for row in range(len(load)))
    connection.executemany("INSERT INTO items VALUES (?)", texts)
    scenes = ", ".join(f"'{scene}'" for scene in WANTED_SCENES)
    sql = f"""SELECT count(*) FROM items WHERE NOT json_extract(document, '$.hidden')
              AND json_extract(document, '$.type') = 'file'
              AND json_extract(document, '$.dir') GLOB '/train/*'
              AND NOT json_extract(document, '$.annotated')
              AND json_extract(document, '$.metadata.user.score') > 0.5
              AND json_extract(document, '$.metadata.user.scene') IN ({scenes})
              AND json_extract(document, '$.metadata.system.refs') NOT LIKE '%"type":"task"%'"""
    return lambda: int(connection.execute(sql).fetchone()[0])


def _mongomock(load: Workload) -> Callable[[], int]:
    import mongomock

    collection = mongomock.MongoClient().db.items
    collection.insert_many([load.document(row) for row in range(len(load))])
    asked = {
        "$and": [c for c in QUERY["filter"]["$and"] if "dir" not in c] + [{"dir": {"$regex": "^/train/"}}]
    }
    return lambda: int(collection.count_documents(asked))


RIVALS: dict[str, Callable[[Workload], Callable[[], int]]] = {
    "duckdb": _duckdb,
    "polars": _polars,
    "pandas": _pandas,
    "sqlite json_extract": _sqlite,
    "mongomock": _mongomock,
}
SLOW = ("sqlite json_extract", "mongomock")
