"""Where all replications stand: queues, people, jobs and what is counted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.simulation.draws import DURATIONS, OUTCOMES, VERDICTS, chances, durations
from taskplan.simulation.engine.clocks import Clocks
from taskplan.simulation.engine.layout import NONE, Layout
from taskplan.simulation.engine.pages import Pages
from taskplan.simulation.engine.queues import Queues
from taskplan.simulation.jobs import Counts, Model, Outcome

TRAITS = ("errors", "misses", "rejects", "rework", "skips", "skip_takes", "abandons")


class State:
    """All replications side by side (rows), flat: what belongs to a row and a person is at `cell`, and so on.

    One index serves all tables of a shape; to index by two axes each time would take twice as long.
    """

    def __init__(self, model: Model, layout: Layout, columns: range) -> None:
        self.model, self.at = model, layout
        rows, people, tasks, jobs = len(columns), layout.people, layout.tasks, layout.jobs
        self.rows = rows
        workers = model.people
        self.clocks = Clocks([worker.time for worker in workers])
        self.leaves = np.array([worker.time.leaves for worker in workers])
        self.share = np.array([worker.time.share for worker in workers])
        self.errors, self.misses, self.rejects, self.rework, self.skips, self.takes, self.drops = (
            np.array([getattr(worker, name) for worker in workers]) for name in TRAITS
        )
        self.piece = np.zeros(rows * people, dtype=np.int64)
        self.durations = Pages(workers, model.seed, DURATIONS, columns, self.piece, durations)
        self.outcomes, self.verdicts = (
            Pages(workers, model.seed, purpose, columns, self.piece, lambda _, g, n: chances(g, n))
            for purpose in (OUTCOMES, VERDICTS)
        )
        self.chancy = bool((self.skips + self.drops).any())
        self.reviewed = layout.review_of.shape[1] > 0
        self.repeats = self.reviewed and bool((self.rework != 1).any())

        self.queues = Queues(rows, layout.queues, jobs)
        for task in range(tasks):
            for queue, filled in layout.starts(task):
                self.queues.fill(queue, filled)
        self.remaining = np.tile(layout.sizes, rows)
        self.open = np.tile(np.array([not after for after in layout.after], dtype=np.bool_), rows)
        self.finished_before = np.zeros(rows * jobs, dtype=np.bool_)
        if self.reviewed:
            small = np.int16 if max(people, layout.sources.max(initial=0)) < 2**15 else np.int32
            self.lacking = np.tile(layout.sources.astype(small), rows)
            self.finisher = np.full(rows * jobs, NONE, dtype=small)
            self.wrong = np.zeros(rows * jobs, dtype=np.bool_)
            self.source = np.full(rows * jobs, NONE, dtype=np.int32)
            self.rejecter = np.full(rows * jobs, NONE, dtype=small)
            self.waiting = self.lacking > 0
            self.over, self.void, self.hopeless = (np.zeros(rows * jobs, dtype=np.bool_) for _ in range(3))
        if self.drops.any() or np.isfinite(self.leaves).any():
            self.due = np.full(rows * jobs, np.inf)
            self.lot_last = np.full(rows * jobs, NONE, dtype=np.int32)
            self.lot_count = np.zeros(rows * jobs, dtype=np.int32)

        self.time = np.full((rows, tasks + people), np.inf)
        """When what happens next: reservations by task, then people."""
        place, first = self.clocks.next_working(self.clocks.first, np.zeros(people))
        self.place = np.tile(place, rows)
        self.time[:, tasks:] = np.maximum(np.minimum(first, self.leaves), 0)
        self.until = np.full(rows * people, np.inf)
        self.idle = np.ones(rows * people, dtype=np.bool_)
        self.gone = np.zeros(rows * people, dtype=np.bool_)
        self.job = np.full(rows * people, NONE, dtype=np.int64)
        self.fate = np.zeros(rows * people, dtype=np.int8)
        self.verdict = np.zeros(rows * people)
        self.minutes = np.zeros(rows * people)

        self.finish = np.full(rows * tasks, np.inf)
        self.last = np.full(rows * tasks * people, -np.inf)
        self.ended = np.zeros(rows * tasks * people, dtype=np.int64)
        self.again = np.zeros(rows * tasks * people, dtype=np.int64)
        self.spent = np.zeros(rows * tasks * people)
        self.rejected, self.skipped, self.abandoned, self.ignored = (
            np.zeros(rows * tasks, dtype=np.int64) for _ in range(4)
        )
        self.reached = np.full((rows, int(layout.mark_base[-1])), np.inf)
        # The same tables, flat.
        self.times, self.moments = self.time.reshape(-1), self.reached.reshape(-1)

    def cell(self, rows: Counts, person: Counts) -> Counts:
        """Return where a person of each row is in tables by person."""
        return rows * self.at.people + person

    def slot(self, rows: Counts, job: Counts) -> Counts:
        """Return where a job of each row is in tables by job."""
        return rows * self.at.jobs + job

    def line(self, rows: Counts, task: Counts) -> Counts:
        """Return where a task of each row is in tables by task."""
        return rows * self.at.tasks + task

    def part(self, rows: Counts, own: Counts) -> Counts:
        """Return where a person's part in a task (`Layout.own`) of each row is in tables of such."""
        return rows * (self.at.tasks * self.at.people) + own

    def event(self, rows: Counts, person: Counts) -> Counts:
        """Return where the next event of a person of each row is in `times`."""
        return rows * (self.at.tasks + self.at.people) + self.at.tasks + person

    def outcome(self) -> Outcome:
        """Return what was counted."""
        tasks, people = self.at.tasks, self.at.people
        base = self.at.mark_base
        left = self.remaining.reshape(-1, tasks)
        for task, marks in enumerate(self.at.marks):
            # What was taken back and never done again was not reached for good.
            lost = marks > (self.at.sizes[task] - left[:, task])[:, None]
            self.reached[:, base[task] : base[task + 1]][lost] = np.inf

        def by_task(table: NDArray[Any]) -> NDArray[Any]:
            return table.reshape(-1, tasks).T

        def by_both(table: NDArray[Any]) -> NDArray[Any]:
            return table.reshape(-1, tasks * people).T.reshape(tasks, people, -1)

        return Outcome(
            finish=by_task(self.finish),
            last=by_both(self.last),
            ended=by_both(self.ended),
            again=by_both(self.again),
            spent=by_both(self.spent),
            rejected=by_task(self.rejected),
            skipped=by_task(self.skipped),
            abandoned=by_task(self.abandoned),
            ignored=by_task(self.ignored),
            marks=self.at.marks,
            reached=tuple(self.reached[:, base[t] : base[t + 1]].T for t in range(tasks)),
        )
