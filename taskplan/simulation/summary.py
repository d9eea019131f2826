"""From what happened in all replications to a forecast."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from taskplan import __version__
from taskplan.model.times import moment
from taskplan.planning.document import Plan
from taskplan.simulation.assumptions import assumptions
from taskplan.simulation.calendars import Calendar
from taskplan.simulation.dealing import is_pooled
from taskplan.simulation.forecast import (
    LEVELS,
    Burndown,
    Finish,
    Forecast,
    PersonForecast,
    TaskForecast,
)
from taskplan.simulation.jobs import TOLERANCE, Counts, Floats, Outcome
from taskplan.simulation.modelling import Staged, mode_of
from taskplan.simulation.workforce import MINUTE, Workforce

GRID = 96
"""Moments of a burn-down, at most."""
SHOWN = 0.99
"""A burn-down ends when so many replications are done; the last ones may take very long."""
BINS = 30
"""Bins of a histogram."""


def summarise(
    plan: Plan,
    staged: Staged,
    outcome: Outcome,
    workforce: Workforce,
    *,
    digest: str,
    due: float | None = None,
) -> Forecast:
    """Return the forecast: quantiles, chances and means over replications.

    `digest` is the workforce's; `due` (milliseconds since 1970) is what the whole plan must keep, where it
    is not for each task to keep its own date. Without it the whole has a date where all tasks have that one.
    """
    start, whole = workforce.start, outcome.finish.max(axis=0)
    on_time: NDArray[np.bool_] = np.all(outcome.finish <= staged.due[:, None], axis=0)
    first = float(staged.due[0])
    if due is None and np.isfinite(first) and (staged.due == first).all():
        due = start + MINUTE * first
    ends = _ends(staged, outcome)
    last = ends.max(axis=0)
    return Forecast(
        taskplan=__version__,
        plan=plan.digest,
        workforce=digest,
        seed=staged.model.seed,
        replications=outcome.replications,
        start=start,
        finish=finish_of(whole, start, due, on_time if np.isfinite(staged.due).any() else None),
        tasks=tuple(_task(staged, outcome, ends, index, start) for index in range(len(staged.operations))),
        people=tuple(
            _person(staged, outcome, ends, None, person, start, last[person] >= last.max(axis=0))
            for person in range(len(staged.model.people))
        ),
        burndown=_burndown(outcome, range(len(staged.operations)), start),
        assumptions=assumptions(staged.model, workforce.start),
        warnings=(*staged.warnings, *_never(staged, outcome), *_overdue(staged, start, due)),
    )


def finish_of(
    minutes: Floats, start: float, due: float | None = None, on_time: NDArray[np.bool_] | None = None
) -> Finish:
    """Return quantiles of moments (minutes since `start`, [replications]) and the chance to be on time.

    Quantiles are moments that were seen (the inverse of the empirical distribution function), up to the
    minute.
    """
    if on_time is None and due is not None:
        on_time = minutes <= (due - start) / MINUTE
    chance = None if on_time is None else float(on_time.mean())
    error = None if chance is None else float(np.sqrt(chance * (1 - chance) / len(minutes)))
    return Finish(
        at=tuple(_moment(value, start) for value in quantiles(minutes)),
        done=float(np.isfinite(minutes).mean()),
        due=due,
        on_time=chance,
        error=None if error is None else round(error, 6),
    )


def quantiles(values: Floats) -> list[float]:
    """Return the `LEVELS` of values that may be infinite."""
    ordered = np.sort(values)
    places = np.maximum(np.ceil(np.array(LEVELS) * len(ordered)).astype(np.int64) - 1, 0)
    found: list[float] = ordered[places].tolist()
    return found


def _moment(minutes: float, start: float) -> float | None:
    # Up, that nothing is said to be done before it is.
    return start + MINUTE * math.ceil(minutes - TOLERANCE) if np.isfinite(minutes) else None


def _ends(staged: Staged, outcome: Outcome) -> Floats:
    """Return when everybody is done with their part of each task, [t, p, r].

    Like `Outcome.last`, but infinity where a task never ends and they have not finished what was theirs.
    """
    ends = outcome.last.copy()
    for index, task in enumerate(staged.model.tasks):
        endless = np.isinf(outcome.finish[index])
        for person in task.people if endless.any() else ():
            lacking = outcome.ended[index, person] < (task.owner == person).sum()
            ends[index, person, endless & lacking] = np.inf
    return ends


def _task(staged: Staged, outcome: Outcome, ends: Floats, index: int, start: float) -> TaskForecast:
    operation, task = staged.operations[index], staged.model.tasks[index]
    due = float(staged.due[index])
    last = ends[index]
    latest = last.max(axis=0)
    return TaskForecast(
        id=operation.id,
        name=operation.title,
        type=task.type,
        mode=mode_of(operation),
        items=task.jobs,
        finish=finish_of(outcome.finish[index], start, start + MINUTE * due if np.isfinite(due) else None),
        rejected=_mean(outcome.rejected[index]),
        skipped=_mean(outcome.skipped[index]),
        abandoned=_mean(outcome.abandoned[index]),
        ignored=_mean(outcome.ignored[index]),
        people=tuple(
            _person(staged, outcome, ends, index, person, start, last[person] >= latest)
            for person in task.people
        ),
        burndown=_burndown(outcome, [index], start),
    )


def _person(
    staged: Staged,
    outcome: Outcome,
    ends: Floats,
    index: int | None,
    person: int,
    start: float,
    last: NDArray[np.bool_],
) -> PersonForecast:
    """Return one person's part in a task, or (None) in all of them."""
    tasks = slice(None) if index is None else slice(index, index + 1)
    done = ends[tasks, person].max(axis=0)
    worked = done > -np.inf
    when = np.where(worked, done, 0.0)
    spent = outcome.spent[tasks, person].sum(axis=0)
    first, final, counts = _histogram(when, start)
    return PersonForecast(
        assignee=staged.model.people[person].email,
        planned=_planned(staged, index, person),
        items=_mean(outcome.ended[tasks, person].sum(axis=0)),
        again=_mean(outcome.again[tasks, person].sum(axis=0)),
        hours=round(float(spent.mean()) / 60, 4),
        utilisation=_utilisation(staged, outcome, person, spent, index),
        last=float((last & worked).mean()),
        finish=finish_of(when, start),
        first_bin=first,
        last_bin=final,
        histogram=counts,
    )


def _planned(staged: Staged, index: int | None, person: int) -> int | None:
    """Return how many jobs somebody has from the start; None where all of theirs wait in queues."""
    tasks = staged.model.tasks if index is None else (staged.model.tasks[index],)
    own = [
        int((task.owner == person).sum()) for task in tasks if person in task.people and not is_pooled(task)
    ]
    return sum(own) if own else None


def _utilisation(
    staged: Staged, outcome: Outcome, person: int, spent: Floats, index: int | None
) -> float | None:
    """Return hours of work as a share of the working hours until all tasks in question have ended."""
    worker = staged.model.people[person]
    finish = outcome.finish.max(axis=0) if index is None else outcome.finish[index]
    endless = np.isinf(finish)
    if endless.any():
        finish = np.where(endless, outcome.last.max(axis=(0, 1)), finish)
    there = Calendar(worker.time).worked(np.maximum(finish, 0.0)) * worker.time.share
    some = there > 0
    return round(float(np.minimum(spent[some] / there[some], 1).mean()), 6) if some.any() else None


def _histogram(minutes: Floats, start: float) -> tuple[float | None, float | None, tuple[int, ...]]:
    known = minutes[np.isfinite(minutes)]
    if not known.size:
        return None, None, ()
    low, high = float(np.floor(known.min())), float(np.ceil(known.max()))
    counts, _ = np.histogram(known, bins=BINS if high > low else 1, range=(low, max(high, low + 1)))
    return start + MINUTE * low, start + MINUTE * max(high, low + 1), tuple(counts.tolist())


def _burndown(outcome: Outcome, tasks: range | list[int], start: float) -> Burndown:
    """Return how many jobs of some tasks are left, at moments until nearly all replications are done.

    Where too many never are, until the last progress in any.
    """
    total = sum(int(outcome.marks[task][-1]) for task in tasks if len(outcome.marks[task]))
    finish = np.sort(outcome.finish[list(tasks)].max(axis=0))
    last = float(finish[math.ceil(SHOWN * len(finish)) - 1])
    if np.isinf(last):
        seen = [outcome.reached[task][np.isfinite(outcome.reached[task])] for task in tasks]
        last = max((float(part.max()) for part in seen if part.size), default=1.0)
    grid = np.unique(np.rint(np.linspace(0, max(math.ceil(last), 1), GRID)))
    left = np.full((outcome.replications, len(grid)), float(total))
    for task in tasks:
        counts = np.concatenate([[0], outcome.marks[task]])
        for row, times in enumerate(outcome.reached[task].T):
            # What ended between two marks is taken to end at the second: nothing ends at night.
            left[row] -= counts[np.searchsorted(times, grid, side="right")]
    levels = np.sort(left, axis=0)[np.maximum(np.ceil(np.array(LEVELS) * len(left)).astype(np.int64) - 1, 0)]
    return Burndown(
        times=tuple((start + MINUTE * grid).tolist()),
        left=tuple(tuple(row) for row in levels.tolist()),
    )


def _mean(counts: Counts) -> float:
    return round(float(counts.mean()), 4)


def _never(staged: Staged, outcome: Outcome) -> list[str]:
    """Return which tasks never end in some replications, and why."""
    never = np.isinf(outcome.finish).mean(axis=1).tolist()
    return [
        f"{operation.title}: not finished in {share:.1%} of the replications: {_why(staged, index, never)}"
        for index, (operation, share) in enumerate(zip(staged.operations, never, strict=True))
        if share
    ]


def _why(staged: Staged, index: int, never: Sequence[float]) -> str:
    task = staged.model.tasks[index]
    before = sorted({*task.after, *(() if task.reviews is None else (task.reviews,))})
    waiting = [staged.operations[other].title for other in before if never[other]]
    if waiting:
        return f"it waits for {', '.join(waiting)}"
    people = [staged.model.people[person] for person in task.people]
    leaving = [person.email for person in people if np.isfinite(person.time.leaves)]
    if leaving:
        return f"{', '.join(leaving)} {'leaves' if len(leaving) == 1 else 'leave'} before"
    return "the working time of its people ends before"


def _overdue(staged: Staged, start: float, due: float | None) -> list[str]:
    """Return which dates are past when all begins."""
    past = [
        operation.title for operation, date in zip(staged.operations, staged.due, strict=True) if date <= 0
    ]
    if len(past) == len(staged.operations) and due is not None:
        return [f"due {moment(due)}, which is past when the work begins, {moment(start)}"]
    return [f"{title}: is due before the work begins" for title in past]
