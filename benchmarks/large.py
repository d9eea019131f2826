"""How long does it take to plan ten million items, and in how much memory?

A plan is made and written in a process of its own, from a store that is open and
of which nothing has been read yet; and so it is by DuckDB and by polars from
tables of their own. Every step on the way is measured once more by itself.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.bandwidth import at_best
from benchmarks.child import in_process
from benchmarks.rows import Row, row
from benchmarks.steps import measured_steps, plan_bytes
from benchmarks.stores import made_store, store_folder

ITEMS = 10_000_000
SECONDS, MEGABYTES = 3.0, 3000.0
CASES = ("six clauses", "nearly all")
TIMES = 5
"""Of every subject at most: what is measured takes seconds."""


def run(scale: float, repeat: int) -> list[Row]:
    """Measure plans of ten million items (at scale 1), then each step at that size and at a tenth of it."""
    count = max(10_000, round(ITEMS * scale))
    with store_folder() as folder:
        made = made_store(folder, count)
        tables = _tables(folder, count)
        rows = []
        for case in CASES:
            rows += _plans(case, made.path, tables, folder, min(repeat, TIMES))
        for size in (count // 10, count):
            rows += _steps(folder, size, repeat)
    return rows


def _plans(case: str, store: Path, tables: tuple[Path, Path], folder: Path, repeat: int) -> list[Row]:
    parquet, database = map(str, tables)
    subjects = {
        "taskplan": ("plan_taskplan", {"store": str(store)}),
        "polars + numpy, Parquet": ("plan_polars", {"table": parquet}),
        "DuckDB, its own table": ("plan_duckdb", {"table": database}),
    }
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in subjects}
    target = folder / "planned"
    # In turn, so that a noisy spell of the machine meets all of them.
    for _ in range(repeat):
        for name, (function, arguments) in subjects.items():
            target.unlink(missing_ok=True)
            planners = f"benchmarks.planners:{function}"
            found[name].append(in_process(planners, **arguments, case=case, target=target))
    target.unlink(missing_ok=True)
    counts = {name: one[0]["items"] for name, one in found.items()}
    if len(set(counts.values())) > 1:
        raise RuntimeError(f"not the same items are planned: {counts}")
    seconds = {name: median(one["seconds"] for one in taken) for name, taken in found.items()}
    peaks = {name: median(one["peak_mb"] for one in taken) for name, taken in found.items()}
    ours, first = seconds["taskplan"], found["taskplan"][0]
    items = in_process("benchmarks.stores:read_columns", store=store)["items"]
    question = f"{items:,} items, {case}: query, allocate, write"
    written = median(one["seconds"] - one["planned"] for one in found["taskplan"])
    cpu = {name: median(one["cpu"] for one in taken) for name, taken in found.items()}
    note = f"{first['items']:,} items in {first['tasks']} tasks; {written:.2g} s of it writing"
    return [
        row(
            question,
            name,
            taken,
            ours / (taken if name != "taskplan" else seconds["polars + numpy, Parquet"]),
            limit=f"≤ {SECONDS:g} s, ≤ {MEGABYTES / 1000:g} GB" if name == "taskplan" else None,
            ok=ours <= SECONDS and peaks[name] <= MEGABYTES if name == "taskplan" else None,
            note=f"{note if name == 'taskplan' else 'taskplan / this'}; CPU {cpu[name]:.2g} s, "
            f"{found[name][0]['bytes'] / 1e6:.0f} MB written",
            at_best=at_best(plan_bytes(items, first["items"], case)) if name == "taskplan" else None,
            peak=peaks[name],
        )
        for name, taken in seconds.items()
    ]


def _steps(folder: Path, count: int, repeat: int) -> list[Row]:
    return [
        row(
            f"{count:,} items, step by step",
            name,
            step["seconds"],
            note=f"{step['note']}, CPU {step['cpu']:.3g} s",
            at_best=at_best(step["bytes"]) if step["bytes"] else None,
            peak=step["peak_mb"],
        )
        for name, step in measured_steps(folder, count, repeat).items()
    ]


def _tables(folder: Path, count: int) -> tuple[Path, Path]:
    """Return the rivals' tables, which are made where they are not there."""
    parquet, database = folder / f"items-{count}.parquet", folder / f"items-{count}.duckdb"
    if not (parquet.exists() and database.exists()):
        parquet.unlink(missing_ok=True)
        database.unlink(missing_ok=True)
        in_process("benchmarks.planners:make_tables", parquet=parquet, database=database, count=count)
    return parquet, database
