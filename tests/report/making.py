"""Plans, and forecasts of them whose numbers fit together, without an engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.model.memory import MemoryTable
from taskplan.planning.codec import seal
from taskplan.planning.document import Operation, Plan
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from taskplan.simulation.forecast import (
    LEVELS,
    Burndown,
    Finish,
    Forecast,
    PersonForecast,
    Scenario,
    TaskForecast,
)

START = 1_796_115_600_000.0
"""2026-12-01 09:00 UTC."""
HOUR = 3_600_000.0
HOSTILE = "<img src=x onerror=alert(1)> 'quoted' \u202e</script><script>alert(2)</script>\u2028"
Times = NDArray[np.float64]


def small_plan(name: str = "label the apples", dataset: str = "fruit") -> Plan:
    """Three people, two tasks: one with a due date and weights, one that reviews it."""
    tasks = [
        {
            "name": name,
            "assignees": [{"email": f"{who}@example.com", "weight": w} for who, w in PEOPLE.items()],
            "due": "2026-12-07",
            "priority": "high",
        },
        {"name": "check", "type": "qa", "of": name, "assignees": ["ann@example.com", "cat@example.com"]},
    ]
    return plan_of(tasks, 300, dataset)


PEOPLE = {"ann": 2, "ben": 2, "cat": 1}


def large_plan() -> Plan:
    """Twenty tasks of fifty people."""
    everybody = [f"person.{number:02}@example.com" for number in range(50)]
    return plan_of([{"name": f"task {number:02}", "assignees": everybody} for number in range(20)], 1000)


def plan_of(tasks: Sequence[dict[str, Any]], items: int, dataset: str = "fruit") -> Plan:
    documents = ({"id": f"{n:024x}", "filename": f"/{n}.jpg", "type": "file"} for n in range(items))
    made = make_plan(spec_from({"tasks": tasks}), MemoryTable.from_documents(documents, dataset=dataset))
    return seal(made)


def forecast_of(plan: Plan, replications: int = 400) -> Forecast:
    """Every person works at a pace of their own, task after task, and all at once."""
    rng = np.random.Generator(np.random.PCG64(1))
    due = max((o.task.due for o in plan.operations if o.task and o.task.due), default=None)
    begins: dict[str, Times] = {}
    tasks, ends = [], np.zeros((0, replications))
    for operation in plan.operations:
        shares = operation.allocation.shares
        hours = np.array([s.items for s in shares])[:, None] * rng.gamma(
            25, 0.02, (len(shares), replications)
        )
        starts = np.array([begins.get(s.assignee, np.zeros(replications)) for s in shares])
        finish = starts + hours
        begins |= {share.assignee: row for share, row in zip(shares, finish, strict=True)}
        ends = np.vstack([ends, finish])
        tasks.append(_task(operation, hours, finish))
    whole = np.array(list(begins.values()))
    end = whole.max(axis=0)
    counts = {
        who: [s for o in plan.operations for s in o.allocation.shares if s.assignee == who] for who in begins
    }
    people = [
        _person(who, sum(s.items for s in counts[who]), row, whole, end)
        for who, row in zip(begins, whole, strict=True)
    ]
    items = np.array([s.items for o in plan.operations for s in o.allocation.shares], dtype=np.float64)
    return Forecast(
        taskplan=plan.taskplan,
        plan=plan.digest,
        workforce="team.yaml",
        seed=1,
        replications=replications,
        start=START,
        finish=finish_of(end, due),
        tasks=tuple(tasks),
        people=tuple(people),
        burndown=burndown_of(ends, items),
        scenarios=(
            scenario("dan@example.com helps", end, end * 0.8, due),
            scenario("cat@example.com leaves on 2026-12-03", end, end * 1.3 + 5, due),
            scenario("reviews in the end", end, end + rng.normal(0, 4, replications), due),
        ),
        warnings=("nothing is known of how long reviews take; a minute each is assumed",),
    )


def finish_of(hours: Times, due: float | None) -> Finish:
    """Return the quantiles of finish times in hours since the start."""
    at = START + HOUR * np.quantile(hours, LEVELS)
    share = None if due is None else float((START + HOUR * hours <= due).mean())
    error = None if share is None else float(np.sqrt(share * (1 - share) / len(hours)))
    return Finish(at=tuple(at.tolist()), done=1.0, due=due, on_time=share, error=error)


def burndown_of(ends: Times, items: Times, steps: int = 64) -> Burndown:
    """Return what is left when `items` [rows] fall evenly until `ends` [rows, replications]."""
    hours = np.linspace(0, ends.max(), steps + 1)
    left = np.array([(items[:, None] * np.clip(1 - hour / ends, 0, 1)).sum(axis=0) for hour in hours])
    rows = np.quantile(left, LEVELS, axis=1)
    return Burndown(times=tuple((START + HOUR * hours).tolist()), left=tuple(map(tuple, rows.tolist())))


def scenario(name: str, end: Times, other: Times, due: float | None) -> Scenario:
    """Return what it would be if all ended in `other` hours, not in `end`."""
    sooner = np.quantile(end - other, LEVELS)
    better = float((other < end).mean())
    return Scenario(
        name=name, kind="people", finish=finish_of(other, due), sooner=tuple(sooner.tolist()), better=better
    )


def _task(operation: Operation, hours: Times, finish: Times) -> TaskForecast:
    shares = operation.allocation.shares
    end = finish.max(axis=0)
    assert operation.task is not None
    people = [
        _person(share.assignee, share.items, row, finish, end)
        for share, row in zip(shares, finish, strict=True)
    ]
    return TaskForecast(
        id=operation.id,
        name=operation.title,
        type=operation.task.type,
        mode="distribution",
        items=operation.allocation.items.count,
        finish=finish_of(end, operation.task.due),
        rejected=2.5,
        skipped=0.0,
        abandoned=0.0,
        ignored=0.0,
        people=tuple(people),
        burndown=burndown_of(finish, np.array([share.items for share in shares], dtype=np.float64)),
    )


def _person(who: str, items: int, own: Times, everyone: Times, end: Times) -> PersonForecast:
    counted, edges = np.histogram(START + HOUR * own, bins=40)
    return PersonForecast(
        assignee=who,
        planned=items,
        items=float(items),
        again=1.25,
        hours=float(own.mean()),
        utilisation=float((own / end).mean()),
        last=float((own >= everyone.max(axis=0)).mean()),
        finish=finish_of(own, None),
        first_bin=float(edges[0]),
        last_bin=float(edges[-1]),
        histogram=tuple(counted.tolist()),
    )
