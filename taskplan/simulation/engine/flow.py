"""What becomes of jobs: they end, are reviewed, go back, wait for a reservation, and call people to work."""

from __future__ import annotations

import numpy as np

from taskplan.simulation.engine.layout import NONE
from taskplan.simulation.engine.state import State
from taskplan.simulation.jobs import POOL, Counts, Floats


class Flow(State):
    """The rules of `taskplan.simulation.jobs` about jobs; methods take rows, and a job and more for each."""

    def end(self, rows: Counts, job: Counts, task: Counts, now: Floats) -> None:
        at = self.at
        line = self.line(rows, task)
        left = self.remaining[line] - 1
        self.remaining[line] = left
        mark = at.mark_at[at.base[task + 1] - left - 1]
        marked = np.flatnonzero(mark != NONE)
        if marked.size:
            self.moments[rows[marked] * self.reached.shape[1] + mark[marked]] = now[marked]
        done = left == 0
        if done.any():
            self.close(rows[done], task[done], now[done])

    def close(self, rows: Counts, task: Counts, now: Floats) -> None:
        """Note that tasks have ended, and open those that come after them."""
        self.finish[self.line(rows, task)] = now
        for ended in np.unique(task).tolist():
            for follower in self.at.followers[ended]:
                row, when = rows[task == ended], now[task == ended]
                opens = ~self.open[self.line(row, np.asarray(follower))]
                for other in self.at.after[follower]:
                    opens &= self.remaining[self.line(row, np.asarray(other))] == 0
                row, when = row[opens], when[opens]
                self.open[self.line(row, np.asarray(follower))] = True
                self.call(row, np.full(row.size, follower), when)

    def join(self, rows: Counts, task: Counts, owner: Counts, job: Counts, now: Floats) -> None:
        """Append jobs to their owners' queues, or to the pool where that is not, or no longer, anybody."""
        at = self.at
        pooled = (owner == POOL) | self.gone[self.cell(rows, owner)]
        if pooled.any():
            row, of = rows[pooled], task[pooled]
            self.queues.push(row, at.pool(of), job[pooled])
            self.call(row, of, now[pooled])
            kept = ~pooled
            rows, task, owner, job, now = rows[kept], task[kept], owner[kept], job[kept], now[kept]
        self.queues.push(rows, at.own(task, owner), job)
        waiting = self.idle[self.cell(rows, owner)]
        self.wake(rows[waiting], owner[waiting], now[waiting])

    def call(self, rows: Counts, task: Counts, now: Floats) -> None:
        """Wake everybody who waits and may take from the pool of a task, where it is open."""
        idle = self.idle.reshape(-1, self.at.people)[rows]
        free = idle & self.at.member[task] & self.open[self.line(rows, task)][:, None]
        index, person = np.nonzero(free)
        self.wake(rows[index], person, now[index])

    def wake(self, rows: Counts, person: Counts, now: Floats) -> None:
        if not rows.size:
            return
        cell, event = self.cell(rows, person), self.event(rows, person)
        place, when = self.clocks.next_working(self.place[cell], now)
        self.place[cell] = place
        self.times[event] = np.minimum(self.times[event], when)

    def forward(self, rows: Counts, job: Counts, now: Floats) -> None:
        """Let the reviews of jobs that have just ended begin, or end where they cannot be."""
        self.over[self.slot(rows, job)] = True
        for column in range(self.at.review_of.shape[1]):
            review = self.at.review_of[job, column]
            has = np.flatnonzero(review != NONE)
            row, there = rows[has], review[has]
            self.lacking[self.slot(row, there)] -= 1
            self.release(row, there, now[has])

    def release(self, rows: Counts, review: Counts, now: Floats) -> None:
        """Let reviews that wait for nothing more go ahead."""
        slot = self.slot(rows, review)
        ready = self.waiting[slot] & (self.lacking[slot] == 0)
        if not ready.all():
            rows, review, now, slot = rows[ready], review[ready], now[ready], slot[ready]
        self.waiting[slot] = False
        never = self.hopeless[slot]
        if never.any():
            self.ignore(rows[never], review[never], now[never])
            some = ~never
            rows, review, now, slot = rows[some], review[some], now[some], slot[some]
        rejecter = self.rejecter[slot].astype(np.int64)
        owner = np.where(rejecter != NONE, rejecter, self.at.owner[review])
        self.join(rows, self.at.task_of[review], owner, review, now)

    def ignore(self, rows: Counts, job: Counts, now: Floats) -> None:
        """End jobs without an answer, and the reviews that then never can be."""
        task = self.at.task_of[job]
        self.ignored[self.line(rows, task)] += 1
        self.end(rows, job, task, now)
        if self.reviewed:
            self.void[self.slot(rows, job)] = True
            for column in range(self.at.review_of.shape[1]):
                review = self.at.review_of[job, column]
                has = review != NONE
                self.hopeless[self.slot(rows[has], review[has])] = True
            self.forward(rows, job, now)

    def skip(self, rows: Counts, person: Counts, job: Counts, task: Counts, now: Floats) -> None:
        if not rows.size:
            return
        self.skipped[self.line(rows, task)] += 1
        if self.model.skipped == "ignored":
            self.ignore(rows, job, now)
        else:
            owner = person if self.model.skipped == "same" else np.full(rows.size, POOL)
            self.join(rows, task, owner, job, now)

    def note_last(self, rows: Counts, job: Counts) -> None:
        """Note for the reviews of jobs which of their sources was finished last."""
        for column in range(self.at.review_of.shape[1]):
            review = self.at.review_of[job, column]
            has = np.flatnonzero(review != NONE)
            self.source[self.slot(rows[has], review[has])] = job[has]

    def review(
        self, rows: Counts, person: Counts, job: Counts, task: Counts, now: Floats, verdict: Floats
    ) -> None:
        """End reviews: by accepting what they are about, or by rejecting it."""
        slot = self.slot(rows, job)
        source = self.source[slot].astype(np.int64)
        wrong = self.wrong[self.slot(rows, source)] & (source != NONE)
        rejects = np.where(wrong, verdict >= self.misses[person], verdict < self.rejects[person])
        rejects &= source != NONE
        accepts = ~rejects
        row, accepted = rows[accepts], job[accepts]
        self.wrong[slot[accepts]] = wrong[accepts]
        self.end(row, accepted, task[accepts], now[accepts])
        self.forward(row, accepted, now[accepts])
        if rejects.any():
            self.reject(rows[rejects], person[rejects], job[rejects], source[rejects], now[rejects])

    def reject(self, rows: Counts, person: Counts, job: Counts, source: Counts, now: Floats) -> None:
        of = self.at.task_of[source]
        self.rejected[self.line(rows, of)] += 1
        slot = self.slot(rows, job)
        self.rejecter[slot] = person
        self.waiting[slot] = True
        slot = self.slot(rows, source)
        back = self.over[slot] & ~self.void[slot]
        row, again, task, slot = rows[back], source[back], of[back], slot[back]
        self.over[slot] = False
        self.remaining[self.line(row, task)] += 1
        self.finish[self.line(row, task)] = np.inf
        for column in range(self.at.review_of.shape[1]):
            review = self.at.review_of[again, column]
            has = review != NONE
            self.lacking[self.slot(row[has], review[has])] += 1
        self.join(row, task, self.finisher[slot].astype(np.int64), again, now[back])
        self.release(rows, job, now)

    def reserve(
        self, rows: Counts, task: Counts, first: Counts, last: Counts, count: Counts, now: Floats
    ) -> None:
        """Keep a chain of jobs from others for the time of a reservation."""
        if not rows.size:
            return
        queue, slot = self.at.waiting(task), self.slot(rows, first)
        alone = self.queues.length[self.queues.at(rows, queue)] == 0
        self.queues.splice(rows, queue, first, last, count)
        due = now + self.model.reservation
        self.due[slot], self.lot_last[slot], self.lot_count[slot] = due, last, count
        self.time[rows[alone], task[alone]] = due[alone]

    def give_back(self, rows: Counts, task: Counts, now: Floats) -> None:
        """Put what was reserved until now into the pool."""
        queues, waiting = self.queues, self.at.waiting(task)
        at = queues.at(rows, waiting)
        first = queues.head[at].astype(np.int64)
        slot = self.slot(rows, first)
        last, count = self.lot_last[slot].astype(np.int64), self.lot_count[slot].astype(np.int64)
        queues.cut(rows, waiting, last, count)
        queues.splice(rows, self.at.pool(task), first, last, count)
        more = queues.length[at] > 0
        follower = np.where(more, queues.head[at], first)
        self.time[rows, task] = np.where(more, self.due[self.slot(rows, follower)], np.inf)
        self.call(rows, task, now)
