"""Queues of jobs, first in first out, for many replications side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taskplan.simulation.jobs import Counts

NOTHING = -1
Jobs = NDArray[np.int32]


class Queues:
    """Linked lists: a job is in one queue at most, so that one `link` a job and replication is enough.

    Everything is by row (replication) first. All methods take rows, and a queue and a job for each.
    """

    def __init__(self, rows: int, queues: int, jobs: int) -> None:
        self.link: Jobs = np.full((rows, jobs), NOTHING, dtype=np.int32)
        self.head: Jobs = np.full((rows, queues), NOTHING, dtype=np.int32)
        self.tail: Jobs = np.full((rows, queues), NOTHING, dtype=np.int32)
        self.length: Jobs = np.zeros((rows, queues), dtype=np.int32)

    def fill(self, queue: int, jobs: Counts) -> None:
        """Put the same jobs into an empty queue of every replication."""
        if len(jobs):
            self.link[:, jobs[:-1]] = jobs[1:]
            self.head[:, queue], self.tail[:, queue] = jobs[0], jobs[-1]
            self.length[:, queue] = len(jobs)

    def push(self, rows: Counts, queue: Counts, job: Counts) -> None:
        """Append a job to a queue in each row."""
        self.splice(rows, queue, job, job, 1)

    def splice(self, rows: Counts, queue: Counts, first: Counts, last: Counts, count: Counts | int) -> None:
        """Append a chain of `count` linked jobs to a queue in each row."""
        self.link[rows, last] = NOTHING
        empty = self.length[rows, queue] == 0
        filled = ~empty
        self.head[rows[empty], queue[empty]] = first[empty]
        there = rows[filled]
        self.link[there, self.tail[there, queue[filled]]] = first[filled]
        self.tail[rows, queue] = last
        self.length[rows, queue] += np.asarray(count, dtype=np.int32)

    def pop(self, rows: Counts, queue: Counts) -> Counts:
        """Take the first job of a queue, not empty, in each row."""
        job = self.head[rows, queue].astype(np.int64)
        self.head[rows, queue] = self.link[rows, job]
        self.length[rows, queue] -= 1
        return job

    def take_all(self, rows: Counts, queue: Counts) -> tuple[Counts, Counts, Counts]:
        """Empty a queue, not empty, in each row; return first, last and number of what was there."""
        first = self.head[rows, queue].astype(np.int64)
        last = self.tail[rows, queue].astype(np.int64)
        count = self.length[rows, queue].astype(np.int64)
        self.length[rows, queue] = 0
        return first, last, count

    def cut(self, rows: Counts, queue: Counts, last: Counts, count: Counts) -> None:
        """Take the first `count` jobs of a queue, of which `last` is the last one."""
        self.head[rows, queue] = self.link[rows, last]
        self.length[rows, queue] -= count.astype(np.int32)
