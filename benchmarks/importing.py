"""How fast do items come into a store, and how soon are the columns of a query there?"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

COLUMNS = (
    "hidden",
    "type",
    "dir",
    "annotated",
    "metadata.user.score",
    "metadata.user.scene",
    "metadata.system.refs.type",
)
"""The paths that the query of the limits reads."""

_SQL_COLUMNS = (
    "dataset, id, filename, name, dir, type, hidden, annotated, annotations_count, created_at, updated_at, "
    "annotations_held, document"
)

_BARE = """
import sqlite3, sys, orjson
source, target = sys.argv[1:]
db = sqlite3.connect(target, isolation_level=None)
db.execute("CREATE TABLE items (pk INTEGER PRIMARY KEY, {columns})")
db.execute("BEGIN")

def rows():
    for line in open(source, "rb"):
        d = orjson.loads(line)
        filename = d["filename"]
        folder, _, name = filename.rpartition("/")
        yield (1, d["id"], filename, name, folder or "/", d.get("type", "file"), d.get("hidden", False),
               d.get("annotated", False), d.get("annotationsCount", 0), d.get("createdAt"),
               d.get("updatedAt"), None, line.decode())

db.executemany("INSERT INTO items ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows())
db.execute("CREATE UNIQUE INDEX items_by_id ON items (dataset, id)")
db.execute("CREATE INDEX items_by_filename ON items (dataset, filename)")
db.execute("COMMIT")
""".replace("{columns}", _SQL_COLUMNS)

_OURS = """
import sys
from pathlib import Path
from taskplan_sqlite.store.store import SqliteStore
store = SqliteStore(Path(sys.argv[2]), create=True)
store.import_path(Path(sys.argv[1]), "bench")
store.close()
"""

_POLARS = """
import sys
import polars as pl
pl.read_ndjson(sys.argv[1]).write_parquet(sys.argv[2])
"""

_MEASURED = """
import resource, sys, time
start = time.perf_counter()
{program}
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""

_OPEN = """
import sys
from pathlib import Path
from taskplan_sqlite.store.store import SqliteStore
def read():
    store = SqliteStore(Path(sys.argv[1]))
    table = store.table()
    found = [table.column(path) for path in {columns!r}]
    rows = sum(int(column.codes.sum()) for column in found)
    store.close()
    return rows
""".replace("{columns!r}", repr(COLUMNS))

_OPEN_POLARS = """
import sys
import polars as pl
def read():
    field = pl.col("metadata").struct.field
    return pl.scan_parquet(sys.argv[1]).select(
        "hidden", "type", "dir", "annotated", field("user").struct.field("score"),
        field("user").struct.field("scene"),
        field("system").struct.field("refs").list.eval(pl.element().struct.field("type")),
    ).collect()
"""

_OPEN_DUCKDB = """
import sys
import duckdb
def read():
    return duckdb.connect().sql(
        "SELECT hidden, type, dir, annotated, metadata.user.score, metadata.user.scene, "
        "[ref.type for ref in metadata.system.refs] FROM read_parquet(?)", params=[sys.argv[1]]
    ).to_arrow_table()
"""

# DuckDB reads SQLite files through an extension, which the package named here brings; it is made for one
# release of DuckDB, so that no extra of this project asks for it.
_SCANNER = "duckdb_extension_sqlite_scanner"
_OPEN_DUCKDB_SQLITE = f"""
import sys
from importlib.resources import files
import duckdb
extension = next(files("{_SCANNER}").joinpath("extensions").rglob("*.duckdb_extension"))
def read():
    connection = duckdb.connect()
    connection.load_extension(str(extension))
    connection.execute(f"ATTACH '{{sys.argv[1]}}' AS store (TYPE sqlite, READ_ONLY)")
    return connection.sql(
        "SELECT hidden, type, dir, annotated, document->'$.metadata.user.score', "
        "document->'$.metadata.user.scene', document->'$.metadata.system.refs[*].type' FROM store.items"
    ).to_arrow_table()
"""

_TIMED = """
import time
{program}
start = time.perf_counter()
read()
print(time.perf_counter() - start, 0)
"""


def write_items(path: Path, count: int) -> None:
    """Write the workload of the limits as NDJSON: `count` documents of about 400 bytes."""
    rng = np.random.Generator(np.random.PCG64(1))
    scenes = [f"scene-{number:03d}" for number in range(40)]
    step = 50_000
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, count, step):
            size = min(step, count - start)
            folders, scene = rng.integers(0, 50, size).tolist(), rng.integers(0, 40, size).tolist()
            scores, priority = rng.random(size).round(4).tolist(), rng.integers(0, 5, size).tolist()
            chance, refs = rng.random((3, size)).tolist(), rng.integers(0, 3, size).tolist()
            ids = rng.integers(0, 2**63, (size, 2)).tolist()
            for row in range(size):
                number = start + row
                user: dict[str, Any] = {"scene": scenes[scene[row]], "priority": priority[row]}
                if chance[0][row] > 0.1:
                    user["score"] = scores[row]
                folder = f"/batch/{folders[row]:03d}"
                document = {
                    "id": f"{ids[row][0]:016x}{ids[row][1] % 2**32:08x}",
                    "filename": f"{folder}/frame_{number:07d}.jpg",
                    "name": f"frame_{number:07d}.jpg",
                    "dir": folder,
                    "type": "file",
                    "hidden": chance[1][row] < 0.02,
                    "annotated": chance[2][row] < 0.3,
                    "annotationsCount": 3 if chance[2][row] < 0.3 else 0,
                    "createdAt": "2024-03-01T10:00:00.000Z",
                    "metadata": {
                        "system": {
                            "size": 100_000 + number % 50_000,
                            "mimetype": "image/jpeg",
                            "refs": [
                                {"id": f"task-{ref}-{number % 7}", "type": "task"}
                                for ref in range(max(0, refs[row]))
                            ],
                        },
                        "user": user,
                    },
                }
                file.write(json.dumps(document, separators=(",", ":")) + "\n")


def run(scale: float, repeat: int) -> list[dict[str, Any]]:
    """Measure importing and opening; each subject is a process of its own, subjects take turns."""
    count = max(1_000, round(1_000_000 * scale))
    # An import of a million takes seconds, and its figures vary little.
    imports = min(repeat, 3)
    with tempfile.TemporaryDirectory() as folder:
        source, store, parquet = (
            Path(folder) / name for name in ("items.ndjson", "ours.db", "items.parquet")
        )
        write_items(source, count)
        bare, seconds, peaks = Path(folder) / "bare.db", _Figures(), _Figures()
        for _ in range(imports):
            for name, program, target in (
                ("taskplan", _OURS, store),
                ("orjson + sqlite3", _BARE, bare),
                ("polars to Parquet", _POLARS, parquet),
            ):
                for old in Path(folder).glob(f"{target.name}*"):
                    if old.is_file():
                        old.unlink()
                took, peak = _child(_MEASURED.replace("{program}", program), source, target)
                seconds.add(name, took)
                peaks.add(name, peak)
        opening = _Figures()
        first, _ = _child(_TIMED.replace("{program}", _OPEN), store)
        openers = [
            ("taskplan", _OPEN, store),
            ("polars, Parquet", _OPEN_POLARS, parquet),
            ("DuckDB, Parquet", _OPEN_DUCKDB, parquet),
        ]
        if find_spec(_SCANNER) is not None:
            openers.append(("DuckDB, the SQLite file", _OPEN_DUCKDB_SQLITE, store))
        for _ in range(repeat):
            for name, program, target in openers:
                opening.add(name, _child(_TIMED.replace("{program}", program), target)[0])
    return _rows(count, source_rows=(seconds, peaks), opening=opening, first=first)


def _rows(
    count: int, *, source_rows: tuple[_Figures, _Figures], opening: _Figures, first: float
) -> list[dict[str, Any]]:
    seconds, peaks = source_rows
    title = f"import {count:,} NDJSON items"
    reference = seconds.median("orjson + sqlite3")
    ours, peak = seconds.median("taskplan"), peaks.median("taskplan")
    rows = [
        _row(title, name, seconds.median(name), reference, note=f"peak {peaks.median(name):.0f} MB")
        for name in seconds.names()
    ]
    rows[0] |= {
        "limit": "≤ 1.5 × sqlite3, ≤ 500 MB",
        "ok": ours <= 1.5 * reference and peak <= 500,
    }
    title = f"open an unchanged store of {count:,}, seven columns"
    reference = opening.median("polars, Parquet")
    opened = [_row(title, name, opening.median(name), reference) for name in opening.names()]
    opened[0] |= {
        "limit": "≤ 0.5 s, ≤ 1.0 × polars",
        "ok": opening.median("taskplan") <= min(0.5, reference),
        "note": f"first time, from the documents: {first:.2f} s",
    }
    return rows + opened


def _row(question: str, subject: str, seconds: float, reference: float, note: str = "") -> dict[str, Any]:
    return {
        "question": question,
        "subject": subject,
        "seconds": seconds,
        "ratio": seconds / reference,
        "limit": None,
        "ok": None,
        "note": note,
    }


class _Figures:
    """Measured figures by subject."""

    def __init__(self) -> None:
        self._of: dict[str, list[float]] = {}

    def add(self, name: str, figure: float) -> None:
        self._of.setdefault(name, []).append(figure)

    def names(self) -> list[str]:
        return list(self._of)

    def median(self, name: str) -> float:
        return median(self._of[name])


def _child(program: str, *arguments: Path) -> tuple[float, float]:
    """Run a program in a process of its own; return its seconds and its peak memory in MB."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    seconds, peak = done.stdout.split()[-2:]
    return float(seconds), float(peak)
