"""Tasks whose people do not depend on each other: everyone's items one after the other.

When the n-th of a person's items is done is then a sum of n draws, and no event needs to be waited for.
"""

from __future__ import annotations

import numpy as np

from taskplan.simulation.draws import BLOCK, DURATIONS, durations, stream
from taskplan.simulation.engine.clocks import moments
from taskplan.simulation.engine.layout import column_of, effort_of, minutes_of
from taskplan.simulation.engine.progress import reached, straight, stride_of, summed
from taskplan.simulation.jobs import POOL, Counts, Floats, Model, Outcome, mark_counts
from taskplan.simulation.workforce import Worker


def is_sequential(model: Model) -> bool:
    """Tell whether everybody works through what they own, whatever the others do."""
    return all(
        task.reviews is None and not task.after and (task.owner != POOL).all() for task in model.tasks
    ) and not any(
        worker.skips or worker.abandons or np.isfinite(worker.time.leaves) for worker in model.people
    )


def run_sequential(model: Model, block: int) -> Outcome:
    """Simulate the replications of a block of a model that `is_sequential`."""
    people, tasks = len(model.people), len(model.tasks)
    last = np.full((tasks, people, BLOCK), -np.inf)
    ended = np.zeros((tasks, people, BLOCK), dtype=np.int64)
    spent = np.zeros((tasks, people, BLOCK))
    minutes = minutes_of(model)
    ranked = sorted(range(tasks), key=lambda index: (-model.tasks[index].priority, index))
    columns = [column_of(task, len(model.kinds)) for task in model.tasks]
    efforts = [effort_of(task) for task in model.tasks]
    strides = [stride_of(task.jobs) for task in model.tasks]
    points: list[list[tuple[Floats, Counts]]] = [[] for _ in range(tasks)]
    for person, worker in enumerate(model.people):
        generator = stream(model.seed, worker.email, DURATIONS, block)
        before = np.zeros(BLOCK)
        for index in ranked:
            mine = np.flatnonzero(model.tasks[index].owner == person)
            if not len(mine):
                continue
            drawn = durations(worker, generator, len(mine))
            factor = minutes[person, columns[index][mine]] * efforts[index][mine]
            done, when, counts = _worked(worker, drawn, factor, before, strides[index])
            if np.isinf(when[-1]).any() and strides[index] > 1:
                done, when, counts = _worked(worker, drawn, factor, before, 1)
            items = np.isfinite(when).sum(axis=0)
            some = np.flatnonzero(items)
            last[index, person, some] = when[items[some] - 1, some]
            ended[index, person] = np.where(items == len(when), len(mine), items)
            spent[index, person, some] = done[items[some] - 1, some] - before[some]
            before = done[-1]
            points[index].append((when, counts))
    marks = [mark_counts(task.jobs) for task in model.tasks]
    progress = [reached(found, counts) for found, counts in zip(points, marks, strict=True)]
    return straight(last, ended, spent, marks, progress)


def _worked(
    worker: Worker, drawn: Floats, factor: Floats, before: Floats, stride: int
) -> tuple[Floats, Floats, Counts]:
    """Return minutes worked and moments after every `stride` items and the last, and how many each adds."""
    alike = bool((factor == factor[0]).all())
    sums, counts = _sums(drawn if alike else drawn * factor[:, None], stride)
    if alike:
        sums = sums * factor[0]
    sums += before
    return sums, moments(worker.time, sums / worker.time.share), counts


def _sums(drawn: Floats, stride: int) -> tuple[Floats, Counts]:
    whole = len(drawn) // stride * stride
    parts = [drawn[:whole].reshape(-1, stride, BLOCK).sum(axis=1)] if stride > 1 else [drawn[:whole]]
    if whole < len(drawn):
        parts.append(drawn[whole:].sum(axis=0, keepdims=True))
    sums = summed(np.concatenate(parts))
    counts = np.full(len(sums), stride, dtype=np.int64)
    counts[-1] = len(drawn) - stride * (len(sums) - 1)
    return sums, counts
