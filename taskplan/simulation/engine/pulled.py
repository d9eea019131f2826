"""A pulling task by itself, of like items: a race of sums.

When somebody pulls does not depend on which items they get, so everyone's moments of pulling are
known before the race; the pool is empty after the earliest of them, as many as it holds batches
(a superposition of renewal processes: D. R. Cox and W. L. Smith, *On the superposition of renewal
processes*, 1954).
"""

from __future__ import annotations

import numpy as np

from taskplan.simulation.draws import BLOCK, DURATIONS, durations, stream
from taskplan.simulation.engine.clocks import first_moment, moments
from taskplan.simulation.engine.layout import minutes_of
from taskplan.simulation.engine.progress import reached, smallest, straight, stride_of, summed
from taskplan.simulation.jobs import POOL, Counts, Floats, Model, Outcome, Task, mark_counts
from taskplan.simulation.workforce import Worker

SPARE = 6
"""So many standard deviations of the number of items more than expected are drawn at once."""


def is_pulled(model: Model) -> bool:
    """Tell whether the model is one pulling task of like items that nobody skips or leaves."""
    if len(model.tasks) != 1 or not model.tasks[0].jobs:
        return False
    task = model.tasks[0]
    alike = all(values is None or bool((values == values[0]).all()) for values in (task.effort, task.kind))
    calm = not any(p.skips or p.abandons or np.isfinite(p.time.leaves) for p in model.people)
    alone = task.reviews is None and not task.after and bool((task.owner == POOL).all())
    # Of work that takes no time everything comes at once, and only the rules say who is first.
    lasts = task.effort is None or bool(task.effort[0] > 0)
    return alike and calm and alone and lasts


def run_pulled(model: Model, block: int) -> Outcome:
    """Simulate the replications of a block of a model that `is_pulled`."""
    task, people = model.tasks[0], len(model.people)
    column = -1 if task.type == "qa" else 0 if task.kind is None else int(task.kind[0])
    means = minutes_of(model)[:, column] * (1.0 if task.effort is None else float(task.effort[0]))
    racers = [_Racer(p, model.people[p], float(means[p]), model.seed, block, task) for p in task.people]
    racers = [racer for racer in racers if np.isfinite(racer.first)]
    last = np.full((1, people, BLOCK), -np.inf)
    ended = np.zeros((1, people, BLOCK), dtype=np.int64)
    spent = np.zeros((1, people, BLOCK))
    points = []
    for racer, given in zip(racers, _race(racers, task), strict=True):
        items = np.minimum(given, np.isfinite(racer.ends).sum(axis=0))
        some = np.flatnonzero(items)
        last[0, racer.person, some] = racer.ends[items[some] - 1, some]
        spent[0, racer.person, some] = racer.sums[items[some] - 1, some]
        ended[0, racer.person] = items
        points.append(_progress(racer.ends, items, stride_of(task.jobs)))
    marks = mark_counts(task.jobs)
    return straight(last, ended, spent, [marks], [reached(points, marks)])


class _Racer:
    """One person: `sums` of minutes [items, replications], when they are worked (`ends`), when they pull."""

    def __init__(self, person: int, worker: Worker, mean: float, seed: int, block: int, task: Task) -> None:
        self.person, self.worker, self.mean, self.task = person, worker, mean, task
        self.stream = stream(seed, worker.email, DURATIONS, block)
        self.first = first_moment(worker.time)
        self.sums: Floats = np.empty((0, BLOCK))
        self.ends: Floats = np.empty((0, BLOCK))

    def draw(self, rows: int) -> None:
        """Draw so many items more."""
        if rows == 0:
            return
        more = durations(self.worker, self.stream, rows)
        more *= self.mean
        if len(self.sums):
            more[0] += self.sums[-1]
        summed(more)
        ends = moments(self.worker.time, more / self.worker.time.share)
        self.sums = np.concatenate([self.sums, more]) if len(self.sums) else more
        self.ends = np.concatenate([self.ends, ends]) if len(self.ends) else ends

    def pulls(self) -> Floats:
        """Return when this person pulls after the first time, [pulls, BLOCK], as far as it is known."""
        looks = _pulling_looks(len(self.ends), self.task.batch, self.task.maximum)
        # A copy of all would cost as much as drawing it.
        return self.ends if len(looks) == len(self.ends) else self.ends[looks - 1]

    @property
    def known(self) -> Floats:
        """Until when it is known when this person pulls, by replication."""
        latest: Floats = self.ends[-1]
        return latest


def _pulling_looks(items: int, batch: int, maximum: int) -> Counts:
    """Return after how many finished items, from 1 to `items`, a person pulls while the pool lasts."""
    looks, after, pulled = [], 0, 1
    while (after := max(after + 1, (pulled + 1) * batch - maximum)) <= items:
        looks.append(after)
        pulled += 1
    return np.array(looks, dtype=np.int64)


def _race(racers: list[_Racer], task: Task) -> list[Counts]:
    """Draw as far as needed, and return how many items each racer gets, by replication."""
    if not racers:
        return []
    pulls = -(-task.jobs // task.batch)
    speeds = np.array([racer.worker.time.share / max(racer.mean, 1e-9) for racer in racers])
    expected = task.jobs * speeds / speeds.sum()
    for racer, items in zip(racers, expected.tolist(), strict=True):
        variation = {"exponential": 1.0, "fixed": 0.0}.get(racer.worker.shape, racer.worker.cv)
        racer.draw(int(items + SPARE * variation * items**0.5) + task.maximum + 1)
    first = np.array([[racer.first] * BLOCK for racer in racers])
    while True:
        later = [racer.pulls() for racer in racers]
        end = smallest([np.sort(first, axis=0), *later], pulls)
        late = [racer for racer in racers if (racer.known < end).any()]
        if not late:
            break
        for racer in late:
            racer.draw(len(racer.ends) // 8 + task.maximum)
    shared = _shared(first, later, end, task)
    for racer, items in zip(racers, shared, strict=True):
        racer.draw(max(0, int(items.max()) - len(racer.ends)))
    return shared


def _shared(first: Floats, later: list[Floats], end: Floats, task: Task) -> list[Counts]:
    """Return how many items each gets by pulling until `end`, in the order of people where at once."""
    pulls = -(-task.jobs // task.batch)
    before = [(row < end) + (events < end).sum(axis=0) for row, events in zip(first, later, strict=True)]
    left = pulls - np.sum(before, axis=0)
    last = np.full(BLOCK, -1)
    counts = []
    for index, (row, events, sure) in enumerate(zip(first, later, before, strict=True)):
        tied = (row == end) + (events == end).sum(axis=0)
        tied = np.minimum(np.where(np.isfinite(end), tied, 0), left)
        left = left - tied
        last[tied > 0] = index
        counts.append((sure + tied) * task.batch)
    rest = np.where(left == 0, pulls * task.batch - task.jobs, 0)
    return [count - np.where(last == index, rest, 0) for index, count in enumerate(counts)]


def _progress(ends: Floats, items: Counts, stride: int) -> tuple[Floats, Counts]:
    """Return moments and counts after every `stride` items and the last, by replication."""
    rows = np.arange(stride - 1, max(int(items.max(initial=0)), 1), stride)[:, None]
    whole = rows < items
    when, counts = np.where(whole, ends[rows[:, 0]], np.inf), np.where(whole, stride, 0)
    if stride == 1:
        return when, np.ones(len(when), dtype=np.int64)
    last = np.where(items > 0, ends[np.maximum(items - 1, 0), np.arange(BLOCK)], np.inf)
    rest = np.where(items > 0, items % stride, 0)
    return np.concatenate([when, last[None]]), np.concatenate([counts, rest[None]])
