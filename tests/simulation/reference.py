"""The rules of `taskplan.simulation.jobs`, one replication at a time, one event after the other.

The slow truth beside the engine: every rule is written as it reads. Only the random numbers are the engine's
(`taskplan.simulation.draws`), so that both must agree replication by replication.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from math import inf

import numpy as np

from taskplan.simulation import draws
from taskplan.simulation.jobs import POOL, Floats, Model, Outcome, mark_counts
from tests.simulation.reference_parts import Job, Numbers, Piece, end_of_work, make_jobs, next_working

RETURNING, ACTING = 0, 1
"""What comes first at one instant: jobs from their reservation, then people."""
FINISHES, LEAVES, LOOKS = 0, 1, 2
"""And among the events of one person."""


class Replication:
    """One replication, from the start until nothing happens any more."""

    def __init__(self, model: Model, numbers: Sequence[Numbers], column: int) -> None:
        self.model, self.numbers, self.column = model, numbers, column
        n_people, n_tasks = len(model.people), len(model.tasks)
        self.means = model.mean_minutes()
        self.now = 0.0
        self.events: list[tuple[float, int, int, int, int, Job | Piece | None]] = []
        self.serial = 0
        self.begun = [0] * n_people
        self.piece: list[Piece | None] = [None] * n_people
        self.left = [False] * n_people
        self.jobs = make_jobs(model)
        self.queue: dict[tuple[int, int], deque[Job]] = {
            (t, p): deque() for t, task in enumerate(model.tasks) for p in task.people
        }
        self.pool: list[deque[Job]] = [deque() for _ in model.tasks]
        self.open = [False] * n_tasks
        self.done = [0] * n_tasks
        self.rose = [np.full(task.jobs + 1, inf) for task in model.tasks]
        for times in self.rose:
            times[0] = 0.0
        self.last = np.full((n_tasks, n_people), -inf)
        self.ended = np.zeros((n_tasks, n_people), dtype=np.int64)
        self.again = np.zeros((n_tasks, n_people), dtype=np.int64)
        self.spent = np.zeros((n_tasks, n_people))
        self.rejected = np.zeros(n_tasks, dtype=np.int64)
        self.skipped = np.zeros(n_tasks, dtype=np.int64)
        self.abandoned = np.zeros(n_tasks, dtype=np.int64)
        self.ignored = np.zeros(n_tasks, dtype=np.int64)

    # What happens, in order.

    def run(self) -> None:
        self.open_tasks()
        for job in (job for jobs in self.jobs for job in jobs):
            job.waiting = bool(job.sources)
            if not job.waiting:
                self.join(job, job.owner)
        for p, worker in enumerate(self.model.people):
            self.schedule(max(worker.time.leaves, 0.0), ACTING, p, LEAVES)
            self.wake(p)
        while self.events:
            self.now, rank, index, what, _, about = heapq.heappop(self.events)
            if rank == RETURNING:
                assert isinstance(about, Job)
                self.join(about, POOL)
            elif what == FINISHES:
                assert isinstance(about, Piece)
                if self.piece[index] is about:
                    self.finish(index, about)
            elif what == LEAVES:
                self.leave(index)
            else:
                self.look(index)

    def schedule(
        self, time: float, rank: int, index: int, what: int, about: Job | Piece | None = None
    ) -> None:
        if time < inf:
            self.serial += 1
            heapq.heappush(self.events, (time, rank, index, what, self.serial, about))

    # Queues and pools.

    def join(self, job: Job, p: int) -> None:
        """Put a job at the end of somebody's queue, or of the pool, and wake who may want it."""
        if p == POOL or self.left[p]:
            self.pool[job.task].append(job)
            if self.open[job.task]:
                self.wake(*self.model.tasks[job.task].people)
        else:
            self.queue[job.task, p].append(job)
            self.wake(p)

    def wake(self, *people: int) -> None:
        for p in people:
            if self.piece[p] is None and not self.left[p]:
                self.schedule(next_working(self.model.people[p].time, self.now), ACTING, p, LOOKS)

    def reserve(self, job: Job) -> None:
        self.schedule(self.now + self.model.reservation, RETURNING, job.task, 0, job)

    def open_tasks(self) -> None:
        for t, task in enumerate(self.model.tasks):
            if not self.open[t] and all(self.done[a] == self.model.tasks[a].jobs for a in task.after):
                self.open[t] = True
                self.wake(*task.people)

    # People.

    def look(self, p: int) -> None:
        tasks = self.model.tasks
        if self.piece[p] is not None or self.now >= self.model.people[p].time.leaves:
            return
        mine = [t for t, task in enumerate(tasks) if p in task.people]
        for t in sorted(mine, key=lambda t: (-tasks[t].priority, t)):
            queue, pool = self.queue[t, p], self.pool[t]
            if self.open[t] and (queue or pool):
                if len(queue) <= tasks[t].maximum - tasks[t].batch:
                    for _ in range(min(tasks[t].batch, len(pool))):
                        queue.append(pool.popleft())
                self.begin(p, queue.popleft())
                return

    def begin(self, p: int, job: Job) -> None:
        worker, k = self.model.people[p], self.begun[p]
        self.begun[p] += 1
        z, u, v = self.numbers[p].of(k, self.column)
        review = self.model.tasks[job.task].type == "qa"
        fate = "finished"
        if not review:
            if u < worker.skips:
                fate = "skipped"
            elif u < worker.skips + worker.abandons:
                fate = "abandoned"
        mean = worker.review if review else float(self.means[p, job.kind])
        minutes = mean * job.effort * z
        if job.finished_by is not None:
            minutes *= worker.rework
        if fate == "skipped":
            minutes *= worker.skip_takes
        piece = self.piece[p] = Piece(job, minutes, fate, v)
        end = end_of_work(worker.time, self.now, minutes)
        if end <= worker.time.leaves:
            self.schedule(end, ACTING, p, FINISHES, piece)

    def finish(self, p: int, piece: Piece) -> None:
        job, t = piece.job, piece.job.task
        self.piece[p] = None
        self.spent[t, p] += piece.minutes
        if piece.fate == "skipped":
            self.skipped[t] += 1
            if self.model.skipped == "ignored":
                self.end(job, ignored=True)
            else:
                self.join(job, p if self.model.skipped == "same" else POOL)
        elif piece.fate == "abandoned":
            self.abandoned[t] += 1
            self.reserve(job)
        else:
            (self.ended if job.finished_by is None else self.again)[t, p] += 1
            self.last[t, p] = self.now
            self.serial += 1
            job.finished_by, job.finished_as = p, self.serial
            if self.model.tasks[t].type == "annotation":
                job.wrong = piece.verdict < self.model.people[p].errors
                self.end(job)
            else:
                self.judge(p, job, piece.verdict)
        self.look(p)

    def leave(self, p: int) -> None:
        self.left[p] = True
        piece = self.piece[p]
        if piece is not None:
            self.piece[p] = None
            self.reserve(piece.job)
        for t in range(len(self.model.tasks)):
            if (t, p) in self.queue:
                for job in self.queue[t, p]:
                    self.reserve(job)
                self.queue[t, p].clear()

    # Jobs.

    def judge(self, p: int, job: Job, verdict: float) -> None:
        """End a review: by accepting what it reviews, or by rejecting it."""
        worker = self.model.people[p]
        if not job.sources:
            self.end(job)
            return
        source = max(job.sources, key=lambda source: source.finished_as)
        if not (verdict >= worker.misses if source.wrong else verdict < worker.rejects):
            job.wrong = source.wrong
            self.end(job)
            return
        self.rejected[source.task] += 1
        job.rejected_by, job.waiting = p, True
        if source.ended and not source.ignored:
            source.ended = False
            self.done[source.task] -= 1
            assert source.finished_by is not None
            self.join(source, source.finished_by)
        self.release(job)

    def end(self, job: Job, ignored: bool = False) -> None:
        t = job.task
        job.ended, job.ignored = True, ignored
        self.ignored[t] += ignored
        self.done[t] += 1
        self.rose[t][self.done[t]] = self.now
        for review in job.reviewers:
            self.release(review)
        self.open_tasks()

    def release(self, review: Job) -> None:
        """Let a waiting review go ahead where all of its sources have ended."""
        if review.waiting and all(source.ended for source in review.sources):
            review.waiting = False
            if any(source.ignored for source in review.sources):
                self.end(review, ignored=True)
            else:
                self.join(review, review.owner if review.rejected_by is None else review.rejected_by)


def simulate(model: Model, replications: Sequence[int]) -> Outcome:
    """Return what happens in these replications, in this order on the last axis."""
    numbers: dict[int, list[Numbers]] = {}
    runs = []
    for r in replications:
        block, column = divmod(r, draws.BLOCK)
        if block not in numbers:
            numbers[block] = [Numbers(worker, model.seed, block) for worker in model.people]
        run = Replication(model, numbers[block], column)
        run.run()
        for t, times in enumerate(run.rose):
            times[run.done[t] + 1 :] = inf
        runs.append(run)
    marks = tuple(mark_counts(task.jobs) for task in model.tasks)
    reached: tuple[Floats, ...] = tuple(
        np.stack([run.rose[t][marks[t]] for run in runs], axis=-1) for t in range(len(marks))
    )
    return Outcome(
        finish=np.array([[times[-1] for times in run.rose] for run in runs]).T.reshape(len(marks), -1),
        last=np.stack([run.last for run in runs], axis=-1),
        ended=np.stack([run.ended for run in runs], axis=-1),
        again=np.stack([run.again for run in runs], axis=-1),
        spent=np.stack([run.spent for run in runs], axis=-1),
        rejected=np.stack([run.rejected for run in runs], axis=-1),
        skipped=np.stack([run.skipped for run in runs], axis=-1),
        abandoned=np.stack([run.abandoned for run in runs], axis=-1),
        ignored=np.stack([run.ignored for run in runs], axis=-1),
        marks=marks,
        reached=reached,
    )
