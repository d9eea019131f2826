"""What `benchmarks.guard` measures: subject and yardstick, ready to be called in turn."""

from __future__ import annotations

import binascii
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.stores import COLUMNS, DATASET, load, made_store, read_columns, store_folder

Actions = tuple[Callable[[], Any], Callable[[], Any]]
MANY, FEW = 200_000, 20_000
"""Items."""
PART = 2000
"""Items of a task, so that a tenth of the items is a tenth of the tasks."""


@contextmanager
def query() -> Iterator[Actions]:
    """Evaluate the query of the limits; copy the columns that it reads."""
    from benchmarks.query import WorkloadTable
    from benchmarks.workload import QUERY, workload
    from taskplan.dql.evaluate import evaluate
    from taskplan.dql.parse import parse

    table, asked = WorkloadTable(workload(1_000_000)), parse(QUERY)
    arrays = table.bytes_read()
    yield lambda: evaluate(asked, table), lambda: [array.copy() for array in arrays]


@contextmanager
def stratified() -> Iterator[Actions]:
    """Give everyone the same mix of scenes; sort by scene and by person."""
    from benchmarks.allocation import primitive_of, problem_of
    from taskplan.allocation.registry import load_strategy

    problem, equal = problem_of("stratified", 1_000_000), load_strategy("equal")
    yield lambda: equal.allocate(problem), primitive_of("stratified", problem)[1]


@contextmanager
def writing() -> Iterator[Actions]:
    """Write a plan; write its ids alone, as durably."""
    from benchmarks.plans import plan_of
    from taskplan.planning.codec import write_plan

    plan = plan_of(1_000_000)
    packed = plan.operations[0].allocation.items.unpack().packed
    with tempfile.TemporaryDirectory() as folder:
        path, bare = Path(folder) / "plan.json", Path(folder) / "bare"

        def write() -> None:
            data = binascii.b2a_base64(packed.tobytes(), newline=False)
            hashlib.sha256(data).digest()
            with bare.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())

        yield lambda: write_plan(path, plan), write


@contextmanager
def reading() -> Iterator[Actions]:
    """Read and verify a plan, and unpack whose items are whose; read, digest and decode as many bytes."""
    from benchmarks.plans import plan_of
    from taskplan.planning.codec import read_plan, write_plan

    plan = plan_of(1_000_000)
    data = plan.operations[0].allocation.items.data
    with tempfile.TemporaryDirectory() as folder:
        path, bare = Path(folder) / "plan.json", Path(folder) / "bare"
        write_plan(path, plan)
        bare.write_text(data)

        def read() -> None:
            found = bare.read_bytes()
            hashlib.sha256(found).digest()
            binascii.a2b_base64(found)

        yield lambda: [one.items_by_assignee() for one in read_plan(path).operations], read


@contextmanager
def importing() -> Iterator[Actions]:
    """Import items into a new store; write their rows with nothing checked."""
    from benchmarks.loaders import import_bare
    from benchmarks.workload import workload

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "items.ndjson"
        workload(FEW).write(source)

        def into(target: str, how: Callable[[str, str], Any]) -> None:
            for old in folder.glob(f"{target}*"):
                old.unlink()
            how(str(source), str(folder / target))

        yield lambda: into("ours.db", load), lambda: into("bare.db", import_bare)


@contextmanager
def opening() -> Iterator[Actions]:
    """Open a store and have ids and columns; load and touch the same arrays."""
    from taskplan_sqlite.store.store import SqliteStore

    with store_folder() as kept, tempfile.TemporaryDirectory() as name:
        store = made_store(kept, MANY).path
        opened = SqliteStore(store)
        table = opened.table(DATASET)
        arrays = [table.ids.packed]
        for path in COLUMNS:
            column = table.column(path)
            arrays += [column.codes] + ([] if column.numbers is None else [column.numbers])
        files = [Path(name) / f"{number}.npy" for number in range(len(arrays))]
        for file, array in zip(files, arrays, strict=True):
            np.save(file, array)
        opened.close()
        yield lambda: read_columns(str(store)), lambda: [np.load(file).max() for file in files]


@contextmanager
def planning() -> Iterator[Actions]:
    """Plan nearly all items of a store; encode and digest as many ids."""
    from benchmarks.steps import backend_of, plan_of

    with store_folder() as folder:
        store = str(made_store(folder, MANY).path)
        backend = backend_of(store)
        ids = np.random.Generator(np.random.PCG64(0)).bytes(12 * MANY)
        yield (
            lambda: plan_of(backend, "nearly all"),
            lambda: hashlib.sha256(binascii.b2a_base64(ids, newline=False)).digest(),
        )
        backend.close()


@contextmanager
def growth() -> Iterator[Actions]:
    """Plan many tasks and their reviews; plan a tenth of them."""
    from benchmarks.steps import backend_of, cases
    from taskplan.planning.planner import make_plan
    from taskplan.planning.spec import spec_from

    document = cases()["nearly all, and a review"]
    document["tasks"][0]["split_above"] = PART
    for task in document["tasks"]:
        task["assignees"] = task["assignees"][:10]
    with store_folder() as folder:
        backends = [backend_of(str(made_store(folder, count).path)) for count in (MANY, FEW)]

        def plan(place: int) -> None:
            backend = backends[place]
            make_plan(spec_from(document), backend.snapshot(DATASET), resolver=backend)

        yield lambda: plan(0), lambda: plan(1)
        for backend in backends:
            backend.close()


@contextmanager
def rehearsing() -> Iterator[Actions]:
    """Rehearse a plan; write a row an item."""
    from benchmarks.rehearsal import write_bare
    from benchmarks.steps import assignees, backend_of, plan_of
    from taskplan.replay.rehearse import rehearse_plan

    with store_folder() as folder:
        backend = backend_of(str(made_store(folder, FEW).path))
        plan = plan_of(backend, "nearly all")
        bare = folder / f"bare-{os.getpid()}.db"
        yield (
            lambda: rehearse_plan(plan, backend, actor=assignees()[0], clock=lambda: 0.0),
            lambda: write_bare(plan, bare),
        )
        backend.close()


@contextmanager
def pulling() -> Iterator[Actions]:
    """Simulate people who pull from a pool, a hundred times; the same in a loop over who is free first."""
    from benchmarks.simulation import by_heap, pulling
    from taskplan.simulation.engine import simulate

    model, times, items = pulling(10_000, 1, 1), 100, 10_000
    rng = np.random.Generator(np.random.PCG64(1))
    yield lambda: simulate(model, times), lambda: [by_heap(rng, items, 1, 1) for _ in range(times)]


@contextmanager
def eligible() -> Iterator[Actions]:
    """Split 500 groups fairly between 200 people; find one maximum flow of the same network."""
    from scipy.sparse.csgraph import maximum_flow

    from benchmarks.solver import instance, levels, scipy_graph
    from taskplan.allocation.engines import engine_of

    problem, exchange = instance(500, 200, 0.3), engine_of("exchange")
    graph, last = scipy_graph(problem)
    graph.data[last] = next(levels(problem))
    yield lambda: exchange(problem), lambda: maximum_flow(graph, 0, graph.shape[0] - 1)


@contextmanager
def starting() -> Iterator[tuple[list[str], list[str]]]:
    """Show the help; import what it cannot do without."""
    from benchmarks.startup import TASKPLAN

    yield [TASKPLAN, "--help"], [sys.executable, "-c", "import click, numpy"]
