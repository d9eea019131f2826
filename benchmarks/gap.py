"""How near to the best known cost does the solver of assignment problems come, and how fast?

The instances are published ones where they are beside the project, else drawn by the recipe of
types c and d (P. C. Chu and J. E. Beasley, *A genetic algorithm for the generalised assignment
problem*, 1997). The rivals get the same instances: OR-Tools CP-SAT and HiGHS through SciPy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Row, row
from taskplan.allocation.gap import solve

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "gap"
MEAN_GAP = 0.5
"""Percent above the best known cost, on average."""

SECONDS = 10.0
"""For us as for each rival, an instance."""

SMOKE_SECONDS = 1.0
SMOKE_ITEMS = 30
"""For only seeing that all of it runs, instances with at most so many items are taken, and few of them."""

SMOKE_INSTANCES = 4
WORKERS = 2


class Instance(NamedTuple):
    """Costs and use [people, items], capacities [people], and the best known cost where there is one."""

    name: str
    cost: NDArray[np.float64]
    use: NDArray[np.float64]
    capacity: NDArray[np.float64]
    best: float | None


class Answer(NamedTuple):
    """Wall seconds and the cost reached, None where no allocation was found."""

    seconds: float
    value: float | None


Solver = Callable[[Instance, float], float | None]


def run(scale: float, repeat: int) -> list[Row]:
    """Measure each solver on each instance: its gap to the best known cost and its wall seconds.

    Answers do not change between runs of ours, so that only our seconds are a median of `repeat`.
    """
    seconds = SECONDS if scale >= 1 else SMOKE_SECONDS
    instances = _published() or _drawn()
    if scale < 1:
        instances = [one for one in instances if one.cost.shape[1] <= SMOKE_ITEMS][:SMOKE_INSTANCES]
    solvers: dict[str, Solver] = {"taskplan": _ours}
    solvers |= {f"{name}, {seconds:g} s": rival for name, rival in _rivals().items()}
    rows: list[Row] = []
    gaps: dict[str, list[float]] = {name: [] for name in solvers}
    slowest = dict.fromkeys(solvers, 0.0)
    for instance in instances:
        bound = _bound(instance) if instance.best is None else instance.best
        for name, solver in solvers.items():
            answer = _measured(solver, instance, seconds, repeat if name == "taskplan" else 1)
            slowest[name] = max(slowest[name], answer.seconds)
            if answer.value is not None:
                gaps[name].append(_gap(answer.value, bound))
            rows.append(_row(instance, name, answer, bound))
    return rows + [_summary(name, gaps[name], slowest[name], len(instances)) for name in solvers]


def _gap(value: float, reference: float) -> float:
    """Return the percent of `value` above `reference`, rounded, that no trace reads as minus nought."""
    return round(100 * (value - reference) / abs(reference), 3) + 0.0


def _row(instance: Instance, name: str, answer: Answer, bound: float) -> Row:
    ours = name == "taskplan"
    reference = "the best known" if instance.best is not None else "our own bound"
    gap = f"{_gap(answer.value, bound):.3f} %" if answer.value is not None else None
    return row(
        instance.name,
        name,
        answer.seconds,
        limit=f"≤ {SECONDS:g} s" if ours else None,
        ok=gap is not None and answer.seconds <= SECONDS if ours else None,
        note=f"{gap} above {reference}" if gap else "no allocation found",
    )


def _summary(name: str, gaps: list[float], slowest: float, instances: int) -> Row:
    ours = name == "taskplan"
    mean = fmean(gaps) if gaps else float("inf")
    return row(
        f"mean gap of {instances} instances",
        name,
        slowest,
        limit=f"mean gap ≤ {MEAN_GAP:g} %, ≤ {SECONDS:g} s" if ours else None,
        ok=len(gaps) == instances and mean <= MEAN_GAP and slowest <= SECONDS if ours else None,
        note=f"mean {mean:.3f} %, largest {max(gaps, default=mean):.3f} %, slowest in seconds"
        + (f"; {instances - len(gaps)} without an answer" if len(gaps) < instances else ""),
    )


def _measured(solver: Solver, instance: Instance, seconds: float, repeat: int) -> Answer:
    taken: list[float] = []
    value = None
    for _ in range(repeat):
        start = time.perf_counter()
        value = solver(instance, seconds)
        taken.append(time.perf_counter() - start)
    return Answer(median(taken), value)


def _ours(instance: Instance, seconds: float) -> float:
    return solve(instance.cost, instance.use, instance.capacity).value


def _bound(instance: Instance) -> float:
    return solve(instance.cost, instance.use, instance.capacity).bound


def _rivals() -> dict[str, Solver]:
    """Return those that are installed."""
    found: dict[str, Solver] = {}
    try:
        import ortools  # noqa: F401
    except ImportError:
        pass
    else:
        found["CP-SAT"] = _cp_sat
    try:
        import scipy  # noqa: F401
    except ImportError:
        pass
    else:
        found["HiGHS"] = _highs
    return found


def _cp_sat(instance: Instance, seconds: float) -> float | None:
    from ortools.sat.python import cp_model

    people, items = instance.cost.shape
    model = cp_model.CpModel()
    given = [[model.new_bool_var("") for _ in range(items)] for _ in range(people)]
    for column in zip(*given, strict=True):
        model.add_exactly_one(column)
    for chosen, use, room in zip(
        given, instance.use.astype(int).tolist(), instance.capacity.tolist(), strict=True
    ):
        model.add(sum(amount * one for amount, one in zip(use, chosen, strict=True)) <= int(room))
    costs = instance.cost.astype(int).tolist()
    model.minimize(sum(costs[i][j] * given[i][j] for i in range(people) for j in range(items)))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = WORKERS
    status = solver.solve(model)
    return solver.objective_value if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None


def _highs(instance: Instance, seconds: float) -> float | None:
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import block_diag, eye_array, hstack

    people, items = instance.cost.shape
    once = LinearConstraint(hstack([eye_array(items)] * people).tocsr(), 1, 1)
    within = LinearConstraint(block_diag(list(instance.use[:, None, :])).tocsr(), -np.inf, instance.capacity)
    result = milp(
        instance.cost.ravel(),
        constraints=[once, within],
        integrality=np.ones(people * items),
        bounds=Bounds(0, 1),
        options={"time_limit": seconds},
    )
    return None if result.x is None else float(result.fun)


def _published() -> list[Instance]:
    """Return each instance in each sense; the largest total is found by the least of negative costs."""
    if not FOLDER.is_dir():
        return []
    found = []
    for line in (FOLDER / "bounds.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        name, sense, lower, upper = line.split()
        people, items, *numbers = map(int, (FOLDER / f"{name}.txt").read_text(encoding="utf-8").split())
        cost, use = np.array(numbers[: 2 * people * items], dtype=np.float64).reshape(2, people, items)
        capacity = np.array(numbers[2 * people * items :], dtype=np.float64)
        sign, best = (1, float(upper)) if sense == "min" else (-1, -float(lower))
        found.append(Instance(f"{name}, {sense}", sign * cost, use, capacity, best))
    return found


def _drawn() -> list[Instance]:
    rng = np.random.Generator(np.random.PCG64(1))
    found = []
    for people, items in ((5, 30), (10, 30), (10, 100), (20, 100)):
        for kind in ("c", "d"):
            if kind == "c":
                use, cost = rng.integers(5, 26, (people, items)), rng.integers(10, 51, (people, items))
            else:
                use = rng.integers(1, 101, (people, items))
                cost = 111 - use + rng.integers(-10, 11, (people, items))
            capacity = np.floor(0.8 * use.sum(axis=1) / people)
            drawn = cost.astype(np.float64), use.astype(np.float64), capacity
            found.append(Instance(f"type {kind}, {people} × {items}", *drawn, None))
    return found
