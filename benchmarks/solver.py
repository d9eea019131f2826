"""How good, and how fast, are splits by skill and by effort beside outside solvers?

`eligible` is compared by its optimum (the sum of
n (n + 1) / 2 over everyone's number of items; HiGHS and the maximum flows find only
the least possible largest number), and
`balanced` by how far the largest load is above the lower bound.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Row, row
from taskplan.allocation.engines import engine_of
from taskplan.allocation.leximin import FairFlow, FlowProblem
from taskplan.allocation.problem import Assignee, Problem
from taskplan.allocation.strategies.balanced import Balanced

CP_SAT_SECONDS = 10.0
HIGHS_SECONDS = 60.0


def run(scale: float, repeat: int) -> list[Row]:
    """Measure by median wall seconds; `scale` below 1 takes smaller instances and gives rivals less time."""
    rows = _eligible(500, 200, 0.3, repeat, seconds=0.1 if scale >= 1 else None, slow=True)
    people, groups = (1000, 10_000) if scale >= 1 else (100, 1000)
    rows += _eligible(groups, people, 0.1, min(repeat, 3), seconds=5.0 if scale >= 1 else None, slow=False)
    return rows + _balanced(max(1000, round(100_000 * scale)), repeat, CP_SAT_SECONDS if scale >= 1 else 1.0)


def instance(groups: int, people: int, density: float) -> FlowProblem:
    """Return groups of up to 20 items, for each of which some of the people are eligible."""
    rng = np.random.Generator(np.random.PCG64(5))
    eligible = rng.random((people, groups)) < density
    eligible[rng.integers(0, people, groups), np.arange(groups)] = True
    sizes = rng.integers(1, 21, groups)
    nothing, all_ = np.zeros(people, dtype=np.int64), np.full(people, int(sizes.sum()))
    return FlowProblem(sizes, eligible, np.ones(people), nothing, all_, sizes)


def _eligible(
    groups: int, people: int, density: float, repeat: int, *, seconds: float | None, slow: bool
) -> list[Row]:
    problem = instance(groups, people, density)
    subjects: list[tuple[str, Callable[[], tuple[float | None, float]]]] = [
        ("taskplan", lambda: _flow("exchange", problem)),
        ("OR-Tools min-cost flow", lambda: _flow("ortools", problem)),
        ("SciPy max-flow", lambda: _scipy_flow(problem)),
        ("HiGHS (SciPy), LP", lambda: _highs(problem)),
    ]
    if slow:
        subjects.append(("networkx max-flow", lambda: _networkx(problem)))
    question = f"eligible, {groups:,} groups × {people:,} people, {density:.0%}"
    found = [
        (name, *_timed(subject, repeat if place < 3 else 1)) for place, (name, subject) in enumerate(subjects)
    ]
    rival = found[1][1]
    best = found[1][2][0]
    rows = []
    for place, (name, taken, (objective, peak)) in enumerate(found):
        equal = objective is None or objective == best
        shown = "no answer in time" if np.isnan(peak) else f"largest load {peak:g}"
        note = shown + ("" if objective is None else f", objective {objective:,.0f}")
        limit, kept = None, None
        if place == 0:
            limit = "≤ 5 × OR-Tools" + (f", ≤ {seconds:g} s" if seconds is not None else "")
            kept = equal and taken <= 5 * rival and (seconds is None or taken <= seconds)
        rows.append(
            row(
                question,
                name,
                taken,
                found[0][1] / (rival if place == 0 else taken),
                limit=limit,
                ok=kept,
                note=note,
            )
        )
    return rows


def _flow(engine: str, problem: FlowProblem) -> tuple[float | None, float]:
    found = engine_of(engine)(problem)
    assert isinstance(found, FairFlow)
    counts = found.given.sum(axis=1)
    return float((counts * (counts + 1) / 2).sum()), float(counts.max())


def _highs(problem: FlowProblem) -> tuple[float | None, float]:
    """Return the least largest load by a linear program; it says nothing of the second largest."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    people, groups = np.nonzero(problem.eligible)
    pairs = np.arange(len(people))
    size = len(pairs) + 1
    ones = np.ones(len(pairs))
    equal = coo_array((ones, (groups, pairs)), shape=(len(problem.supply), size))
    n_people = len(problem.weights)
    loads = coo_array(
        (
            np.concatenate([ones, -np.ones(n_people)]),
            (
                np.concatenate([people, np.arange(n_people)]),
                np.concatenate([pairs, np.full(n_people, len(pairs))]),
            ),
        ),
        shape=(n_people, size),
    )
    cost = np.zeros(size)
    cost[-1] = 1
    options = {"time_limit": HIGHS_SECONDS}
    found = linprog(cost, loads, np.zeros(n_people), equal, problem.supply, method="highs", options=options)
    return None, float("nan") if found.fun is None else float(found.fun)


def _scipy_flow(problem: FlowProblem) -> tuple[float | None, float]:
    """Return the least largest load, by maximum flows like networkx's, of a matrix made for it."""
    from scipy.sparse.csgraph import maximum_flow

    graph, last = scipy_graph(problem)
    for level in levels(problem):
        graph.data[last] = level
        if maximum_flow(graph, 0, graph.shape[0] - 1).flow_value == int(problem.supply.sum()):
            return None, float(level)
    raise AssertionError


def scipy_graph(problem: FlowProblem) -> tuple[Any, NDArray[np.int64]]:
    """Return source → groups → people → sink as SciPy has it, and where the people's capacities are."""
    from scipy.sparse import csr_array

    people, groups = problem.eligible.shape
    person, group = np.nonzero(problem.eligible)
    first, second = np.arange(1, groups + 1), np.arange(groups + 1, groups + people + 1)
    tails = np.concatenate([np.zeros(groups, dtype=np.int64), group + 1, second])
    heads = np.concatenate([first, person + groups + 1, np.full(people, groups + people + 1)])
    amounts = np.concatenate([problem.supply, problem.supply[group], np.zeros(people, dtype=np.int64)])
    size = groups + people + 2
    graph = csr_array((amounts.astype(np.int32), (tails, heads)), shape=(size, size))
    return graph, np.arange(len(graph.data) - people, len(graph.data))


def levels(problem: FlowProblem) -> Iterator[int]:
    """Yield levels from the least that may do."""
    return count(-(-int(problem.supply.sum()) // len(problem.weights)))


def _networkx(problem: FlowProblem) -> tuple[float | None, float]:
    """Return the least largest load, whose flow is looked for at the smallest level that may do."""
    import networkx as nx

    for level in levels(problem):
        graph = nx.DiGraph()
        for group, supply in enumerate(problem.supply.tolist()):
            graph.add_edge("source", ("group", group), capacity=supply)
        for person, group in zip(*map(np.ndarray.tolist, np.nonzero(problem.eligible)), strict=True):
            graph.add_edge(("group", group), person)
        for person in range(len(problem.weights)):
            graph.add_edge(person, "sink", capacity=level)
        if nx.maximum_flow_value(graph, "source", "sink") == int(problem.supply.sum()):
            return None, float(level)
    raise AssertionError


def _balanced(items: int, repeat: int, seconds: float) -> list[Row]:
    rng = np.random.Generator(np.random.PCG64(6))
    effort = rng.lognormal(0, 1, items)
    team = tuple(Assignee(f"p{index:03d}@example.com") for index in range(100))
    problem = Problem(items, team, effort=effort)
    bound = max(float(effort.sum()) / len(team), float(effort.max()))
    question = f"balanced, {items:,} items of lognormal effort, 100 people"
    ours, (value, lower) = _timed(lambda: _ours(problem), repeat)
    plain, largest = _timed(lambda: _largest_first(effort, len(team)), repeat)
    sat, best = _timed(lambda: _cp_sat(effort, len(team), seconds), 1)
    above = 100 * (value / lower - 1)
    return [
        row(
            question,
            "taskplan",
            ours,
            ours / plain,
            limit="≤ 0.1 % over the bound, ≤ 0.5 s",
            ok=above <= 0.1 and ours <= 0.5,
            note=f"{above:.5f} % over the bound",
        ),
        row(
            question, "largest first alone", plain, ours / plain, note=f"{100 * (largest / bound - 1):.5f} %"
        ),
        row(
            question,
            f"OR-Tools CP-SAT, {seconds:g} s, placing the 1,000 largest",
            sat,
            ours / sat,
            note="nothing found" if best is None else f"{100 * (best / bound - 1):.5f} %",
        ),
    ]


def _ours(problem: Problem) -> tuple[float, float]:
    certificate = Balanced().allocate(problem).certificate
    return certificate.value, certificate.bound


def _largest_first(effort: NDArray[np.float64], people: int) -> float:
    import heapq

    heap = [0.0] * people
    for size in np.sort(effort)[::-1].tolist():
        heapq.heapreplace(heap, heap[0] + size)
    return max(heap)


def _cp_sat(effort: NDArray[np.float64], people: int, seconds: float) -> float | None:
    from ortools.sat.python import cp_model

    # A variable for each item and person is more than the solver takes: the largest are placed by it.
    sizes = np.rint(np.sort(effort)[::-1] * 1000).astype(int)
    head, tail = sizes[:1000].tolist(), int(sizes[1000:].sum())
    model = cp_model.CpModel()
    peak = model.new_int_var(0, int(sizes.sum()), "peak")
    fluid = [model.new_int_var(0, tail, f"rest{person}") for person in range(people)]
    model.add(sum(fluid) == tail)
    owner = [
        [model.new_bool_var(f"{item},{person}") for person in range(people)] for item in range(len(head))
    ]
    for placed in owner:
        model.add_exactly_one(placed)
    for person in range(people):
        model.add(sum(size * owner[i][person] for i, size in enumerate(head)) + fluid[person] <= peak)
    model.minimize(peak)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 2
    solver.parameters.random_seed = 1
    status = solver.solve(model)
    return solver.objective_value / 1000 if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None


def _timed(subject: Callable[[], Any], repeat: int) -> tuple[float, Any]:
    taken, result = [], None
    for _ in range(repeat):
        start = time.perf_counter()
        result = subject()
        taken.append(time.perf_counter() - start)
    return median(taken), result
