"""Other ways to hand out the same tasks: what scenarios change in a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.problem import Assignee, Problem
from taskplan.allocation.registry import load_strategy
from taskplan.simulation.calendars import Calendar
from taskplan.simulation.engine.layout import column_of, effort_of, minutes_of
from taskplan.simulation.jobs import POOL, Floats, Model, Task

BATCH, MAXIMUM = 5, 10
"""Of tasks that are made pulling tasks, where the plan does not say."""


def dealt(model: Model, index: int, weights: Mapping[int, float]) -> Task:
    """Return a task split by weights (person → weight > 0) as the strategy `weighted` splits.

    People come in the order of the weights, and everyone's items are those of the task as listed, one
    after the other.
    """
    task = model.tasks[index]
    people = tuple(weights)
    names = [Assignee(model.people[person].email, weight=weights[person]) for person in people]
    found = load_strategy("weighted").allocate(Problem(task.jobs, tuple(names)))
    owner = np.empty(task.jobs, dtype=np.int64)
    owner[found.order] = np.repeat(people, found.counts)
    return replace(task, people=tuple(sorted(people)), owner=owner, batch=1, maximum=1)


def whole_for(task: Task, people: Sequence[int]) -> Task:
    """Return a task that each of these people does all of, as in a qualification."""
    once = task.owner == task.owner[0]

    def each(column: NDArray[Any]) -> NDArray[Any]:
        return np.tile(column[once], len(people))

    return replace(
        task,
        people=tuple(sorted(people)),
        owner=np.repeat(np.array(people, dtype=np.int64), int(once.sum())),
        item=each(task.item),
        effort=None if task.effort is None else each(task.effort),
        kind=None if task.kind is None else each(task.kind),
    )


def pooled(task: Task) -> Task:
    """Return a task whose items all wait in a queue."""
    if is_pooled(task):
        return task
    return replace(task, owner=np.full(task.jobs, POOL, dtype=np.int64), batch=BATCH, maximum=MAXIMUM)


def is_pooled(task: Task) -> bool:
    """Tell if all items of a task wait in a queue."""
    return bool((task.owner == POOL).all())


def in_order(task: Task) -> list[int]:
    """Return the people of a task in the order in which it lists their items; who has none comes last."""
    owners, first = np.unique(task.owner[task.owner != POOL], return_index=True)
    return list(dict.fromkeys([*owners[np.argsort(first)].tolist(), *task.people]))


def kept_weights(task: Task) -> dict[int, float]:
    """Return everyone's number of items as weights, in order; of a pulling task equal ones."""
    counts = {person: float((task.owner == person).sum()) for person in in_order(task)}
    if not any(counts.values()):
        return dict.fromkeys(task.people, 1.0)
    return {person: count for person, count in counts.items() if count > 0}


def capacities(model: Model, index: int, until: float) -> dict[int, float]:
    """Return how many items of a task each of its people can do by `until` (minutes since the start).

    On average, and of that task alone; people without working time by then are left out.
    """
    each = minutes_each(model, index)
    worked = {person: worked_by(model, person, until) for person in model.tasks[index].people}
    return {person: minutes / each[person] for person, minutes in worked.items() if minutes > 0}


def minutes_each(model: Model, index: int) -> Floats:
    """Return everybody's mean minutes an item of a task, [people]."""
    task = model.tasks[index]
    columns, effort = column_of(task, len(model.kinds)), effort_of(task)
    # Summed by kind and in order, not by a product of matrices, which adds differently by machine.
    shares = np.bincount(columns, effort, len(model.kinds) + 1) / max(task.jobs, 1)
    each: Floats = (minutes_of(model) * shares).sum(axis=1)
    return np.maximum(each, 1e-9)


def worked_by(model: Model, person: int, until: float) -> float:
    """Return how many minutes of work a person gets done by a moment."""
    time = model.people[person].time
    if not np.isfinite(until):
        until = 365 * 1440.0
    return float(Calendar(time).worked(np.array(max(until, 0.0)))) * time.share


def with_tasks(model: Model, tasks: Sequence[Task]) -> Model:
    """Return a model with these tasks in the place of its own."""
    return replace(model, tasks=tuple(tasks))
