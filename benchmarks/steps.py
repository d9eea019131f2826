"""Every step of planning, of a store of any size: what the benchmarks of size and of growth measure.

Each is run in a process of its own, step after step, with its peak of memory.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.child import forget_peak, in_process, peak_mb
from benchmarks.stores import COLUMNS, DATASET, made_store, read_columns
from benchmarks.timing import Clock
from benchmarks.workload import QUERY

if TYPE_CHECKING:
    from taskplan.planning.document import Plan
    from taskplan_sqlite.backend import SqliteBackend

PEOPLE = 100
MOST = 79_999
"""Items of a task at most; more make several of it."""
REPLICATIONS = 10
SPEND = 20.0
"""Seconds after which a step is not repeated any more."""

ALONE = ", its numpy primitive alone"

Cases = dict[str, dict[str, Any]]
Steps = dict[str, dict[str, Any]]


def assignees() -> list[str]:
    """Return a hundred people."""
    return [f"p{index:03}@example.com" for index in range(PEOPLE)]


def cases() -> Cases:
    """Return specs: the query of the limits, one that keeps nearly everything, and a review of that."""
    people = [{"email": who, "skills": ["fine"] if n % 2 else []} for n, who in enumerate(assignees())]
    nearly = {"name": "all", "filter": {"hidden": False}, "split_above": MOST}
    review = {"name": "review", "type": "qa", "of": "all", "assignees": people}
    needs = {"needs": [{"where": {"annotated": True}, "skills": ["fine"]}]}
    return {
        "six clauses": {
            "tasks": [
                {"name": "six", "filter": QUERY["filter"], "split_above": MOST, "assignees": assignees()}
            ]
        },
        "nearly all": {"tasks": [{**nearly, "assignees": assignees()}]},
        "nearly all, and a review": {"tasks": [{**nearly, "assignees": people}, {**review, **needs}]},
    }


def backend_of(store: str) -> SqliteBackend:
    """Open a store."""
    from taskplan_sqlite.backend import SqliteBackend
    from taskplan_sqlite.store.store import SqliteStore

    return SqliteBackend(SqliteStore(Path(store)))


def plan_of(backend: SqliteBackend, case: str) -> Plan:
    """Plan a case from the store as it is on disk."""
    from taskplan.planning.planner import make_plan
    from taskplan.planning.spec import spec_from

    return make_plan(spec_from(cases()[case]), backend.snapshot(DATASET), resolver=backend)


def measured_steps(folder: Path, count: int, repeat: int) -> Steps:
    """Return every step by name, of a store of so many items, importing included: once a run."""
    if (count, repeat) not in _measured:
        _measured[count, repeat] = _measured_steps(folder, count, repeat)
    return _measured[count, repeat]


_measured: dict[tuple[int, int], Steps] = {}


def _measured_steps(folder: Path, count: int, repeat: int) -> Steps:
    made = made_store(folder, count)
    note = "once" + (", when the store was made" if made.kept else "")
    found: Steps = {
        "import": {**made.imported, "note": note},
        "open, columns from the documents": {**made.opened, "bytes": None, "note": note},
    }
    for group in GROUPS:
        arguments = {"store": made.path, "folder": folder, "repeat": repeat, "group": group}
        found |= in_process("benchmarks.steps:measure", **arguments)["steps"]
    return found


def measure(store: str, folder: str, repeat: int, group: str) -> dict[str, Any]:
    """Measure the steps of one of the `GROUPS`: `seconds` and `cpu`, the median of as many calls as the note
    says, peak memory, and the `bytes` that must be read and written, None where that cannot be told.
    """
    found: Steps = {}
    for name, action, size in GROUPS[group](store, Path(folder)):
        taken = _timed(action, repeat, warm=group != "rehearse")
        found[name] = {**taken, "peak_mb": peak_mb(), "bytes": size()}
    return {"steps": found}


Step = tuple[str, Callable[[], Any], Callable[[], int | None]]


def _opening(store: str, folder: Path) -> Iterator[Step]:
    size: list[int] = []
    yield "open, columns", lambda: size.append(read_columns(store)["bytes"]), lambda: size[-1]


def _querying(store: str, folder: Path) -> Iterator[Step]:
    from taskplan.dql.evaluate import evaluate
    from taskplan.dql.parse import parse

    backend = backend_of(store)
    table = backend.snapshot(DATASET)
    for name, body, paths in (
        ("query, six clauses", QUERY, COLUMNS),
        ("query, nearly all", {"filter": {"hidden": False}}, ("hidden",)),
    ):
        query = parse(body)
        columns = [table.column(path) for path in paths]
        read = sum(c.codes.nbytes + (0 if c.numbers is None else c.numbers.nbytes) for c in columns)
        yield name, lambda query=query: evaluate(query, table), lambda read=read: read + len(table)
    backend.close()


def _allocating(store: str, folder: Path) -> Iterator[Step]:
    from benchmarks.allocation import ORDERINGS, bytes_of, primitive_of, problem_of
    from taskplan.allocation.registry import load_strategy

    backend = backend_of(store)
    items = len(backend.snapshot(DATASET))
    backend.close()
    equal = load_strategy("equal")
    for label in ORDERINGS:
        problem = problem_of(label, items)
        size = sum(bytes_of(problem))
        yield f"allocate, {label}", lambda problem=problem: equal.allocate(problem), lambda size=size: size
        # What it cannot do without grows as it does: with n log n where it compares, and with every cache
        # that the numbers outgrow.
        _, primitive = primitive_of(label, problem)
        yield f"allocate, {label}{ALONE}", primitive, lambda size=size: size


def _planning(store: str, folder: Path) -> Iterator[Step]:
    from taskplan.planning.codec import read_plan, write_plan

    for number, case in enumerate(cases()):
        path = folder / f"plan-{number}-{os.getpid()}.json"
        made: list[Any] = []

        def plan(case: str = case, made: list[Any] = made) -> None:
            made.clear()
            # What one store has read, another has still to read.
            backend = backend_of(store)
            made.append(plan_of(backend, case))
            backend.close()

        yield f"plan, {case}", plan, lambda made=made, case=case: _bytes_of(made[0], case)
        if case != "nearly all, and a review":
            yield (
                f"write plan, {case}",
                lambda made=made, path=path: write_plan(path, made[0]),
                lambda path=path: 2 * path.stat().st_size,
            )
        if case == "nearly all":
            made.clear()

            def read(path: Path = path) -> None:
                for operation in read_plan(path).operations:
                    operation.allocation.items.unpack()

            yield f"read plan, {case}", read, lambda path=path: path.stat().st_size * 7 // 4
        path.unlink(missing_ok=True)


def plan_bytes(items: int, planned: int, case: str) -> int:
    """Return what must be read (ids and columns), and written (the ids of the plan, in base64)."""
    columns = 7 + 8 if case == "six clauses" else 2
    return items * (12 + columns) + 16 * planned


def _bytes_of(plan: Plan, case: str) -> int:
    planned = sum(operation.allocation.items.count for operation in plan.operations)
    return plan_bytes(plan.snapshot.items, planned, case)


def _rehearsing(store: str, folder: Path) -> Iterator[Step]:
    from taskplan.replay.rehearse import rehearse_plan

    backend = backend_of(store)
    plan = plan_of(backend, "nearly all")

    def rehearse() -> None:
        _, verification = rehearse_plan(plan, backend, actor=assignees()[0], clock=lambda: 0.0)
        if not verification.ok:
            raise RuntimeError(verification.differences[0])

    yield "rehearse, nearly all", rehearse, lambda: None
    backend.close()


def _simulating(store: str, folder: Path) -> Iterator[Step]:
    from benchmarks.simulation import distribution
    from taskplan.simulation.engine import simulate

    backend = backend_of(store)
    items = len(backend.snapshot(DATASET))
    backend.close()
    model = distribution(items)
    name = f"simulate a distribution, {REPLICATIONS} replications"
    # A number is drawn for each item and replication.
    yield name, lambda: simulate(model, REPLICATIONS), lambda: 8 * items * REPLICATIONS


GROUPS: dict[str, Callable[[str, Path], Iterator[Step]]] = {
    "open": _opening,
    "query": _querying,
    "allocate": _allocating,
    "plan": _planning,
    "rehearse": _rehearsing,
    "simulate": _simulating,
}


def _timed(action: Callable[[], Any], repeat: int, *, warm: bool) -> dict[str, Any]:
    """Return the medians of at most `repeat` calls: fewer where they take long."""
    gc.collect()
    forget_peak()
    taken = [_once(action)]
    if warm and taken[0]["seconds"] < SPEND / 2:
        taken = []
    while len(taken) < repeat and sum(one["seconds"] for one in taken) < SPEND:
        taken.append(_once(action))
    note = "once" if len(taken) == 1 else f"median of {len(taken)}"
    return {name: median(one[name] for one in taken) for name in ("seconds", "cpu")} | {"note": note}


def _once(action: Callable[[], Any]) -> dict[str, float]:
    clock = Clock()
    action()
    return clock.read()
