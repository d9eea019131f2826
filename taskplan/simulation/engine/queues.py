"""Queues of jobs, first in first out, for many replications side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taskplan.simulation.jobs import Counts

NOTHING = -1
Jobs = NDArray[np.int32]


class Queues:
    """Linked lists: a job is in one queue at most, so that one `link` a job and replication is enough.

    All methods take rows (replications), and a queue and a job for each; the tables are flat.
    """

    def __init__(self, rows: int, queues: int, jobs: int) -> None:
        self.queues, self.jobs = queues, jobs
        self.link: Jobs = np.full(rows * jobs, NOTHING, dtype=np.int32)
        self.head: Jobs = np.full(rows * queues, NOTHING, dtype=np.int32)
        self.tail: Jobs = np.full(rows * queues, NOTHING, dtype=np.int32)
        self.length: Jobs = np.zeros(rows * queues, dtype=np.int32)

    def at(self, rows: Counts, queue: Counts) -> Counts:
        """Return where a queue of each row is in `head`, `tail` and `length`."""
        return rows * self.queues + queue

    def fill(self, queue: int, jobs: Counts) -> None:
        """Put the same jobs into an empty queue of every replication."""
        if len(jobs):
            self.link.reshape(-1, self.jobs)[:, jobs[:-1]] = jobs[1:]
            self.head[queue :: self.queues], self.tail[queue :: self.queues] = jobs[0], jobs[-1]
            self.length[queue :: self.queues] = len(jobs)

    def push(self, rows: Counts, queue: Counts, job: Counts) -> None:
        """Append a job to a queue in each row."""
        self.splice(rows, queue, job, job, 1)

    def splice(self, rows: Counts, queue: Counts, first: Counts, last: Counts, count: Counts | int) -> None:
        """Append a chain of `count` linked jobs to a queue in each row."""
        at, links = self.at(rows, queue), rows * self.jobs
        self.link[links + last] = NOTHING
        length = self.length[at]
        filled = length > 0
        if filled.all():
            self.link[links + self.tail[at]] = first
        else:
            empty = ~filled
            self.head[at[empty]] = first[empty]
            self.link[links[filled] + self.tail[at[filled]]] = first[filled]
        self.tail[at] = last
        self.length[at] = length + count

    def pop(self, rows: Counts, queue: Counts) -> Counts:
        """Take the first job of a queue, not empty, in each row."""
        at = self.at(rows, queue)
        job = self.head[at].astype(np.int64)
        self.head[at] = self.link[rows * self.jobs + job]
        self.length[at] -= 1
        return job

    def take_all(self, rows: Counts, queue: Counts) -> tuple[Counts, Counts, Counts]:
        """Empty a queue, not empty, in each row; return first, last and number of what was there."""
        at = self.at(rows, queue)
        count = self.length[at].astype(np.int64)
        self.length[at] = 0
        return self.head[at].astype(np.int64), self.tail[at].astype(np.int64), count

    def cut(self, rows: Counts, queue: Counts, last: Counts, count: Counts) -> None:
        """Take the first `count` jobs of a queue, of which `last` is the last one."""
        at = self.at(rows, queue)
        self.head[at] = self.link[rows * self.jobs + last]
        self.length[at] -= count.astype(np.int32)
