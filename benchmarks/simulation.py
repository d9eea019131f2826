"""How long does one replication of a hundred people and their items take, beside a thousand others?

The rivals tell the same story: people take items from a pool, one by one or in batches, until it
is empty; and, where everybody has items of their own, numpy draws the random numbers and does no more.
What all of them find must be the same but for chance.
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, log1p, sqrt
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Row, row
from taskplan.simulation.engine import simulate
from taskplan.simulation.jobs import POOL, Model, Task
from taskplan.simulation.workforce import Worker, WorkingTime

PEOPLE = 100
ITEMS = 100_000
REPLICATIONS = 1000
CV = 0.5
SPREAD = log1p(CV**2)
"""The variance of the logarithm of the minutes, whose mean is 1."""

BATCH, MAXIMUM = 10, 15
CIW_ITEMS = 10_000
"""Ciw takes longer for an item the more there are: it is given so many at most, and scaled up."""

FEW = 100
"""Replications whose numbers fit into the cache, where numpy draws them fastest."""

SIGMAS = 4.5
"""So many standard errors may two mean makespans lie apart."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rival:
    """What is timed, `replications` of `items`; `makespans`, which is not timed, has what it found."""

    name: str
    replicate: Callable[[], Any]
    makespans: Callable[[], Floats]
    items: int
    replications: int = 1
    limit: float | None = None


def run(scale: float, repeat: int) -> list[Row]:
    """Measure seconds a replication by the median of `repeat` runs; 1.0 means 100,000 items."""
    items = max(10 * PEOPLE, round(ITEMS * scale))
    rng = np.random.Generator(np.random.PCG64(1))
    one, many = (1, 1), (BATCH, MAXIMUM)
    return [
        *_rows("pulling one by one", pulling(items, *one), _pullers(rng, items, *one), repeat),
        *_rows(f"pulling {BATCH} at a time", pulling(items, *many), _pullers(rng, items, *many), repeat),
        *_rows("distribution", distribution(items), [_drawing(rng, items)], repeat),
    ]


def _rows(question: str, model: Model, rivals: list[Rival], repeat: int) -> list[Row]:
    taken: list[list[float]] = [[] for _ in (None, *rivals)]
    ours = np.empty(0)
    # In turn, so that a noisy spell of the machine meets all of them.
    for _ in range(repeat):
        start = time.perf_counter()
        ours = simulate(model, REPLICATIONS).finish[0]
        taken[0].append((time.perf_counter() - start) / REPLICATIONS)
        for rival, seconds in zip(rivals, taken[1:], strict=True):
            start = time.perf_counter()
            rival.replicate()
            seconds.append((time.perf_counter() - start) / rival.replications)
    items, mine = model.tasks[0].jobs, median(taken[0])
    note = f"a replication of {REPLICATIONS:,}; {PEOPLE} people, {items:,} items; {_said(ours)}"
    rows = [row(question, "taskplan", mine, note=note)]
    for rival, seconds in zip(rivals, taken[1:], strict=True):
        theirs, makespans = median(seconds) * items / rival.items, rival.makespans()
        note, expected = f"taskplan / this; {_said(makespans)}", ours
        if rival.items != items:
            note += f"; measured on {rival.items:,} items, scaled up"
            expected = simulate(pulling(rival.items, 1, 1), REPLICATIONS).finish[0]
        same, ratio = _agree(expected, makespans), mine / theirs
        if not same:
            note += f"; DIFFERS from {_said(expected)}"
        said = None if rival.limit is None else f"≤ {rival.limit:g}"
        kept = same and (rival.limit is None or ratio <= rival.limit)
        rows.append(row(question, rival.name, theirs, ratio, limit=said, ok=kept, note=note))
    return rows


def _said(makespans: Floats) -> str:
    mean, error = makespans.mean(), makespans.std() / sqrt(len(makespans))
    return f"ends at {mean:.2f}" + (f" ± {error:.2g}" if len(makespans) > 1 else "")


def _agree(ours: Floats, theirs: Floats) -> bool:
    """Tell whether the mean makespans differ by chance; how much one scatters is known from ours."""
    error = ours.std() * sqrt(1 / len(ours) + 1 / len(theirs))
    return bool(abs(ours.mean() - theirs.mean()) <= SIGMAS * error)


# What is simulated.


def pulling(items: int, batch: int, maximum: int) -> Model:
    """Return a hundred people who take `batch` items at a time from a pool, up to `maximum`."""
    return _model(np.full(items, POOL), batch, maximum)


def distribution(items: int) -> Model:
    """Return a hundred people with as many items of their own."""
    return _model(np.arange(items) % PEOPLE, 1, 1)


def _model(owner: NDArray[np.int64], batch: int, maximum: int) -> Model:
    always = WorkingTime(np.zeros(1), np.full(1, inf))
    people = tuple(Worker(f"p{index}@example.com", always, cv=CV) for index in range(PEOPLE))
    task = Task(
        "label",
        "annotation",
        tuple(range(PEOPLE)),
        owner,
        np.arange(len(owner)),
        batch=batch,
        maximum=maximum,
    )
    return Model(people, (task,), seed=1)


# And how others do it.


def _drawing(rng: np.random.Generator, items: int) -> Rival:
    each = items // PEOPLE

    def draw() -> None:
        for _ in range(PEOPLE * REPLICATIONS // FEW):
            _minutes(rng, (each, FEW))

    def summed() -> Floats:
        parts = [_minutes(rng, (PEOPLE, each, FEW)).sum(axis=1).max(axis=0) for _ in range(3)]
        return np.concatenate(parts)

    return Rival("numpy: the random numbers alone", draw, summed, items, REPLICATIONS, limit=1.5)


def _pullers(rng: np.random.Generator, items: int, batch: int, maximum: int) -> list[Rival]:
    rivals = [_rival("heapq", lambda: by_heap(rng, items, batch, maximum), items, limit=0.5)]
    try:
        import simpy  # noqa: F401
    except ImportError:
        pass
    else:
        rivals.append(_rival("SimPy", lambda: _simpy(rng, items, batch, maximum), items, limit=0.1))
    try:
        import ciw  # noqa: F401
    except ImportError:
        return rivals
    if batch == 1:
        seeds = iter(range(1 << 30))
        fewer = min(items, CIW_ITEMS)
        rivals.append(_rival("Ciw", lambda: _ciw(next(seeds), fewer), fewer))
    return rivals


def _rival(name: str, replicate: Callable[[], float], items: int, limit: float | None = None) -> Rival:
    found: list[float] = []
    return Rival(name, lambda: found.append(replicate()), lambda: np.array(found), items, limit=limit)


def _minutes(rng: np.random.Generator, size: int | tuple[int, ...]) -> Floats:
    return rng.lognormal(-SPREAD / 2, sqrt(SPREAD), size)


def by_heap(rng: np.random.Generator, items: int, batch: int, maximum: int) -> float:
    """Simulate in a loop over whoever is free first; return when the last item is done."""
    minutes = _minutes(rng, items).tolist()
    if batch == 1:
        free = minutes[:PEOPLE]
        heapq.heapify(free)
        for taken in minutes[PEOPLE:]:
            heapq.heapreplace(free, free[0] + taken)
        return max(free)
    events, held, pool, end = [(0.0, person) for person in range(PEOPLE)], [0] * PEOPLE, items, 0.0
    room, take = maximum - batch, iter(minutes).__next__
    while events:
        now, person = events[0]
        if pool and held[person] <= room:
            pulled = min(batch, pool)
            pool -= pulled
            held[person] += pulled
        if held[person]:
            held[person] -= 1
            heapq.heapreplace(events, (now + take(), person))
        else:
            heapq.heappop(events)
            end = now
    return end


def _simpy(rng: np.random.Generator, items: int, batch: int, maximum: int) -> float:
    """Simulate as a process for each person; what nobody ever waits for needs no store."""
    import simpy

    env, pool, take = simpy.Environment(), deque(range(items)), iter(_minutes(rng, items).tolist()).__next__

    def one_by_one() -> Iterator[simpy.Event]:
        while pool:
            pool.popleft()
            yield env.timeout(take())

    def by_batches() -> Iterator[simpy.Event]:
        mine: deque[int] = deque()
        while mine or pool:
            if len(mine) <= maximum - batch:
                mine.extend(pool.popleft() for _ in range(min(batch, len(pool))))
            mine.popleft()
            yield env.timeout(take())

    for _ in range(PEOPLE):
        env.process(one_by_one() if batch == 1 else by_batches())
    env.run()
    return float(env.now)


def _ciw(seed: int, items: int) -> float:
    """Simulate a queue with a server for each person, at which all customers arrive at once."""
    import ciw

    ciw.seed(seed)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential([0.0, inf])],
        batching_distributions=[ciw.dists.Deterministic(items)],
        service_distributions=[ciw.dists.Lognormal(-SPREAD / 2, sqrt(SPREAD))],
        number_of_servers=[PEOPLE],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(items, method="Finish")
    return max(float(record.exit_date) for record in simulation.get_all_records())
