"""How fast do items come into a store, and how soon are the columns of a query there?"""

from __future__ import annotations

import json
import tempfile
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.bandwidth import at_best
from benchmarks.child import in_process
from benchmarks.loaders import SCANNER
from benchmarks.rows import Row, row
from benchmarks.stores import read_columns

RATIO, MEGABYTES = 1.5, 500
"""Of an import, to bare sqlite3, and of memory."""
OPENED = 0.5
"""Seconds."""
Figures = dict[str, list[dict[str, Any]]]


def run(scale: float, repeat: int) -> list[Row]:
    """Measure importing and opening; each subject is a process of its own, subjects take turns."""
    count = max(1_000, round(1_000_000 * scale))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, store, parquet = folder / "items.ndjson", folder / "ours.db", folder / "items.parquet"
        write_items(source, count)
        importers = {
            "taskplan": ("import_taskplan", store),
            "orjson + sqlite3": ("import_bare", folder / "bare.db"),
            "polars to Parquet": ("import_polars", parquet),
        }
        imported: Figures = {subject: [] for subject in importers}
        # An import of a million takes seconds, and its figures vary little.
        for _ in range(min(repeat, 3)):
            for subject, (function, target) in importers.items():
                for old in folder.glob(f"{target.name}*"):
                    old.unlink()
                arguments = {"source": source, "target": target}
                imported[subject].append(in_process(f"benchmarks.loaders:{function}", **arguments))
        # To read the source once and to write the store once.
        moved = source.stat().st_size, store.stat().st_size
        first = in_process("benchmarks.loaders:open_taskplan", target=store)["seconds"]
        openers = {
            "taskplan": ("open_taskplan", store),
            "polars, Parquet": ("open_polars", parquet),
            "DuckDB, Parquet": ("open_duckdb", parquet),
        }
        if find_spec(SCANNER) is not None:
            openers["DuckDB, the SQLite file"] = ("open_duckdb_sqlite", store)
        opened: Figures = {subject: [] for subject in openers}
        for _ in range(repeat):
            for subject, (function, target) in openers.items():
                opened[subject].append(in_process(f"benchmarks.loaders:{function}", target=target))
        size = read_columns(str(store))["bytes"]
    importing = _rows(f"import {count:,} NDJSON items", imported, "orjson + sqlite3", at_best(*moved))
    kept = importing[0]["ratio"] <= RATIO and importing[0]["peak_mb"] <= MEGABYTES
    importing[0] |= {"limit": f"≤ {RATIO} × sqlite3, ≤ {MEGABYTES} MB", "ok": kept}
    opening = _rows(
        f"open an unchanged store of {count:,}, seven columns", opened, "polars, Parquet", at_best(size)
    )
    kept = opening[0]["ratio"] <= 1.0 and opening[0]["seconds"] <= OPENED
    opening[0] |= {"limit": f"≤ {OPENED} s, ≤ 1.0 × polars", "ok": kept}
    opening[0]["note"] = f"first time, from the documents: {first:.2f} s"
    return importing + opening


def _rows(question: str, figures: Figures, rival: str, best: float) -> list[Row]:
    """Return a row a subject, ours first and beside `rival`, the others beside ours."""
    seconds = {name: median(one["seconds"] for one in found) for name, found in figures.items()}
    peaks = {name: median(one["peak_mb"] for one in found) for name, found in figures.items()}
    ours = seconds["taskplan"]
    return [
        row(
            question,
            name,
            taken,
            ours / (seconds[rival] if name == "taskplan" else taken),
            peak=peaks[name],
            at_best=best if name == "taskplan" else None,
        )
        for name, taken in seconds.items()
    ]


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
