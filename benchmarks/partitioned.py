"""How long does planning a snapshot in partitions take, here and on workers, and what follows for 10⁹ items?

The plan is that of an open store, byte for byte, or nothing is measured. What a partition takes in each of
the two passes is measured by itself; from that it is simulated how long a thousand times as many would
take on more cores than this machine has.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.child import in_process, peak_mb
from benchmarks.extrapolation import Measured, extrapolated
from benchmarks.rows import Row, row
from benchmarks.steps import cases
from benchmarks.stores import DATASET, made_store, store_folder
from benchmarks.timing import Clock

QUESTION = "plan a snapshot in parts"
PART = 250_000
FAR = 1_000_000_000
CORES = (8, 32, 128)
ENOUGH = 500_000
"""Items from which it is told what a thousand times as many would take."""


def run(scale: float, repeat: int) -> list[Row]:
    """Measure plans of nearly all of a million items (at scale 1) with reviews, and extrapolate."""
    count = max(10_000, round(1_000_000 * scale))
    part = min(PART, count // 4)
    with store_folder() as folder:
        store = made_store(folder, count).path
        snapshot = folder / f"snapshot-{store.stem}"
        if not (snapshot / "taskplan.json").exists():
            in_process("benchmarks.partitioned:write", store=store, snapshot=snapshot, rows=part)
        return _rows(store, snapshot, count, part, min(repeat, 3))


def _rows(store: Path, snapshot: Path, count: int, part: int, repeat: int) -> list[Row]:
    subjects: dict[str, tuple[str, dict[str, Any]]] = {
        "taskplan, from an open store": ("of_store", {"store": store}),
        "taskplan, in parts here": ("here", {"snapshot": snapshot}),
        "taskplan, in parts on 1 dask worker": ("on_workers", {"snapshot": snapshot, "workers": 1}),
        "taskplan, in parts on 2 dask workers": ("on_workers", {"snapshot": snapshot, "workers": 2}),
    }
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in subjects}
    target = snapshot.with_suffix(".plan.json")
    for _ in range(repeat):
        for name, (function, arguments) in subjects.items():
            target.unlink(missing_ok=True)
            found[name].append(in_process(f"benchmarks.partitioned:{function}", **arguments, target=target))
    target.unlink(missing_ok=True)
    if len({one["digest"] for taken in found.values() for one in taken}) != 1:
        raise RuntimeError("the plans are not the same")
    seconds = {name: median(one["seconds"] for one in taken) for name, taken in found.items()}
    alone = seconds["taskplan, in parts here"]
    rows = [
        row(
            QUESTION,
            name,
            seconds[name],
            alone / seconds[name],
            peak=max(one["peak_mb"] for one in taken),
            note=f"{count:,} items; ratio: in parts here / this{_of_workers(taken)}",
        )
        for name, taken in found.items()
    ]
    client = median(one["cpu"] for one in found["taskplan, in parts on 1 dask worker"])
    return rows + _sizes(snapshot, count, part, client)


def _of_workers(taken: list[dict[str, Any]]) -> str:
    held = [one["worker_mb"] for one in taken if "worker_mb" in one]
    return f"; a worker had {max(held):.0f} MB" if held else ""


def _sizes(snapshot: Path, count: int, part: int, client: float) -> list[Row]:
    """Return what a partition takes, and what many of them would; `client` is CPU seconds of a cluster's."""
    one = in_process("benchmarks.partitioned:passes", snapshot=snapshot)
    measured = Measured(one["survey"], one["make"], client)
    million = 1_000_000 / count
    rows = [
        row(
            "each million items",
            "first pass, one core",
            sum(measured.survey) * million,
            peak=one["peak_mb"],
            note=f"parts of {part:,}",
        ),
        row("each million items", "second pass, one core", sum(measured.make) * million),
        row(
            "each million items",
            "the client and scheduler of a cluster, CPU",
            measured.client * million,
            note=f"{one['bytes'] * million / 1e6:.1f} MB of plan",
        ),
    ]
    if count < ENOUGH:
        # What is fixed in each piece would be taken a hundred thousand times.
        return rows
    for cores in CORES:
        likely, least, most = extrapolated(measured, FAR // count, cores)
        rows.append(
            row(
                "10⁹ items, simulated",
                f"{cores} cores",
                likely,
                note=f"{least:.0f}–{most:.0f} s in nine of ten; reading as fast as here",
            )
        )
    return rows


def write(store: str, snapshot: str, rows: int) -> dict[str, Any]:
    """Write the snapshot of a store."""
    from taskplan.model.snapshots import write_snapshot
    from taskplan_sqlite.store.store import SqliteStore

    opened = SqliteStore(Path(store))
    clock = Clock()
    write_snapshot(opened.table(DATASET), snapshot, rows=rows)
    taken = clock.read()
    opened.close()
    return taken


def _spec() -> Any:
    from taskplan.planning.spec import spec_from

    return spec_from(cases()["nearly all, and a review"])


def of_store(store: str, target: str) -> dict[str, Any]:
    """Plan from an open store, and write the plan."""
    from taskplan.planning.codec import write_plan
    from taskplan.planning.planner import make_plan
    from taskplan_sqlite.store.store import SqliteStore

    opened = SqliteStore(Path(store))
    opened.table(DATASET)
    clock = Clock()
    plan = make_plan(_spec(), opened.table(DATASET))
    write_plan(Path(target), plan)
    taken = clock.read()
    opened.close()
    return {**taken, "digest": plan.digest}


def here(snapshot: str, target: str) -> dict[str, Any]:
    """Plan in parts in this process, and write the plan."""
    from taskplan.model.snapshots import open_snapshot
    from taskplan.planning.partitioned import plan_in_parts

    _warm(snapshot)
    clock = Clock()
    made = plan_in_parts(_spec(), open_snapshot(snapshot), target=Path(target))
    return {**clock.read(), "digest": made.plan.digest}


def on_workers(snapshot: str, target: str, workers: int) -> dict[str, Any]:
    """Plan in parts on a cluster of processes; that it is started does not count."""
    from taskplan.cluster import open_cluster
    from taskplan.model.snapshots import open_snapshot
    from taskplan.planning.partitioned import plan_in_parts

    with open_cluster(None, workers=workers) as spread:
        list(spread.map(_warm, [snapshot] * (4 * workers)))
        _warm(snapshot)
        clock = Clock()
        table = open_snapshot(snapshot, spread=spread)
        made = plan_in_parts(_spec(), table, target=Path(target), spread=spread)
        taken = clock.read()
        peaks = list(spread.map(_peak, range(4 * workers)))
    return {**taken, "digest": made.plan.digest, "worker_mb": max(peaks)}


def _warm(snapshot: str) -> None:
    """Import what a first plan imports, which is no matter of how many items there are."""
    from dataclasses import replace

    from taskplan.model.snapshots import open_snapshot
    from taskplan.planning.partitioned import plan_in_parts

    table = open_snapshot(snapshot)
    table.partitions = (replace(table.partitions[-1], first=0),)
    plan_in_parts(_spec(), table)


def _peak(_: int) -> float:
    return peak_mb()


def passes(snapshot: str) -> dict[str, Any]:
    """Return seconds of each piece of the two passes, here, and the bytes of the plan."""
    from taskplan.model.snapshots import open_snapshot
    from taskplan.planning.partitioned import plan_in_parts

    _warm(snapshot)
    times = _Timed()
    target = Path(snapshot).with_suffix(".passes.json")
    plan_in_parts(_spec(), open_snapshot(snapshot), target=target, spread=times)
    size = target.stat().st_size
    target.unlink()
    survey, make = times.passes
    return {"survey": survey, "make": make, "bytes": size}


class _Timed:
    """Does pieces here, and keeps how long each took."""

    def __init__(self) -> None:
        self.passes: list[list[float]] = []

    @property
    def width(self) -> int:
        return 1

    def map(self, function: Any, pieces: Any) -> Any:
        taken: list[float] = []
        self.passes.append(taken)
        for piece in pieces:
            clock = Clock()
            result = function(piece)
            taken.append(clock.read()["seconds"])
            yield result
