"""What the slow reference is made of: jobs, working time, and everybody's random numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

import numpy as np
from numpy.typing import NDArray

from taskplan.simulation import draws
from taskplan.simulation.jobs import TOLERANCE, Model, Task
from taskplan.simulation.workforce import Worker, WorkingTime


@dataclass(eq=False)
class Job:
    """One job; `sources` are the jobs that it reviews, `reviewers` those that review it."""

    task: int
    owner: int
    effort: float
    kind: int
    sources: list[Job] = field(default_factory=list)
    reviewers: list[Job] = field(default_factory=list)
    waiting: bool = False
    ended: bool = False
    ignored: bool = False
    wrong: bool = False
    finished_by: int | None = None
    finished_as: int = -1
    rejected_by: int | None = None


@dataclass(eq=False)
class Piece:
    """What a person is at."""

    job: Job
    minutes: float
    fate: str
    verdict: float


def next_working(time: WorkingTime, now: float) -> float:
    """Return the first instant from `now` on at which somebody works."""
    for opens, closes in zip(time.opens.tolist(), time.closes.tolist(), strict=True):
        if now <= closes:
            return max(now, opens)
    return inf


def end_of_work(time: WorkingTime, start: float, minutes: float) -> float:
    """Return when so many minutes of work end that begin at `start`."""
    left = minutes / time.share if time.share else inf
    for opens, closes in zip(time.opens.tolist(), time.closes.tolist(), strict=True):
        if start > closes or left == inf:
            continue
        begin = max(start, opens)
        if left < closes - begin + TOLERANCE:
            return min(begin + left, closes)
        left -= closes - begin
    return inf


def make_jobs(model: Model) -> list[list[Job]]:
    jobs = []
    for t, task in enumerate(model.tasks):
        effort = np.ones(task.jobs) if task.effort is None else task.effort
        kind = np.zeros(task.jobs, dtype=np.int64) if task.kind is None else task.kind
        jobs.append(
            [Job(t, int(task.owner[j]), float(effort[j]), int(kind[j])) for j in range(task.jobs)],
        )
    for t, task in enumerate(model.tasks):
        if task.reviews is not None:
            reviewed: Task = model.tasks[task.reviews]
            for j, job in enumerate(jobs[t]):
                job.sources = [
                    jobs[task.reviews][int(s)] for s in np.flatnonzero(reviewed.item == task.item[j])
                ]
                for source in job.sources:
                    source.reviewers.append(job)
    return jobs


class Numbers:
    """Z, U and V of one person in one block of replications, drawn as far as they are asked for."""

    ROWS = 32

    def __init__(self, worker: Worker, seed: int, block: int) -> None:
        self.worker = worker
        self.streams = [
            draws.stream(seed, worker.email, purpose, block)
            for purpose in (draws.DURATIONS, draws.OUTCOMES, draws.VERDICTS)
        ]
        self.rows: list[list[NDArray[np.float64]]] = [[], [], []]

    def of(self, k: int, column: int) -> tuple[float, float, float]:
        while k >= len(self.rows[0]):
            z, u, v = self.streams
            self.rows[0].extend(draws.durations(self.worker, z, self.ROWS))
            self.rows[1].extend(draws.chances(u, self.ROWS))
            self.rows[2].extend(draws.chances(v, self.ROWS))
        z_, u_, v_ = (float(rows[k][column]) for rows in self.rows)
        return z_, u_, v_
