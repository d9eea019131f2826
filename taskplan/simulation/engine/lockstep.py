"""Any model: one event after the other, for many replications side by side.

In every step each replication handles its own next event, the earliest of its people and
reservations; what they have in common is done for all of them at once. The rules are those of
`taskplan.simulation.jobs`.
"""

from __future__ import annotations

import numpy as np

from taskplan.simulation.draws import BLOCK, DURATIONS, OUTCOMES, VERDICTS, chances, durations
from taskplan.simulation.engine.clocks import Clocks
from taskplan.simulation.engine.layout import NONE, Layout
from taskplan.simulation.engine.pages import Pages
from taskplan.simulation.engine.queues import Queues
from taskplan.simulation.jobs import POOL, Counts, Floats, Model, Outcome

FINISHED, SKIPPED, ABANDONED = 0, 1, 2
PERSON = ("share", "errors", "misses", "rejects", "rework", "skips", "skip_takes", "abandons")


def run_lockstep(model: Model, blocks: range) -> Outcome:
    """Simulate the replications of these blocks."""
    return _Run(model, Layout(model), blocks).run()


class _Run:
    """The state of all replications; the first axis is the replication, the second what it is about."""

    def __init__(self, model: Model, layout: Layout, blocks: range) -> None:
        self.model, self.at = model, layout
        rows, people, tasks, jobs = len(blocks) * BLOCK, layout.people, layout.tasks, layout.jobs
        self.rows = rows
        workers = model.people
        self.clocks = Clocks([worker.time for worker in workers])
        self.leaves = np.array([worker.time.leaves for worker in workers])
        (
            self.share,
            self.errors,
            self.misses,
            self.rejects,
            self.rework,
            self.skips,
            self.takes,
            self.drops,
        ) = (
            np.array([worker.time.share if name == "share" else getattr(worker, name) for worker in workers])
            for name in PERSON
        )
        self.durations = Pages(workers, model.seed, DURATIONS, blocks, durations)
        self.outcomes = Pages(workers, model.seed, OUTCOMES, blocks, lambda _, g, n: chances(g, n))
        self.verdicts = Pages(workers, model.seed, VERDICTS, blocks, lambda _, g, n: chances(g, n))
        self.chancy = bool((self.skips + self.drops).any())
        self.reviewed = layout.review_of.shape[1] > 0

        self.queues = Queues(rows, layout.queues, jobs)
        for task in range(tasks):
            for queue, filled in layout.starts(task):
                self.queues.fill(queue, filled)
        self.remaining = np.tile(layout.sizes, (rows, 1))
        self.open = np.tile(np.array([not after for after in layout.after], dtype=np.bool_), (rows, 1))
        self.finished_before = np.zeros((rows, jobs), dtype=np.bool_)
        if self.reviewed:
            self.lacking = np.tile(layout.sources.astype(np.int32), (rows, 1))
            self.finisher = np.full((rows, jobs), NONE, dtype=np.int32)
            self.wrong = np.zeros((rows, jobs), dtype=np.bool_)
            self.source = np.full((rows, jobs), NONE, dtype=np.int32)
            self.rejecter = np.full((rows, jobs), NONE, dtype=np.int32)
            self.waiting = self.lacking > 0
            self.over, self.void, self.hopeless = (np.zeros((rows, jobs), dtype=np.bool_) for _ in range(3))
        if self.drops.any() or np.isfinite(self.leaves).any():
            self.due = np.full((rows, jobs), np.inf)
            self.lot_last = np.full((rows, jobs), NONE, dtype=np.int32)
            self.lot_count = np.zeros((rows, jobs), dtype=np.int32)

        self.time = np.full((rows, tasks + people), np.inf)
        """When what happens next: reservations by task, then people."""
        place, first = self.clocks.next_working(self.clocks.first, np.zeros(people))
        self.place = np.tile(place, (rows, 1))
        self.time[:, tasks:] = np.maximum(np.minimum(first, self.leaves), 0)
        self.until = np.full((rows, people), np.inf)
        self.idle = np.ones((rows, people), dtype=np.bool_)
        self.gone = np.zeros((rows, people), dtype=np.bool_)
        self.job = np.full((rows, people), NONE, dtype=np.int64)
        self.piece = np.zeros((rows, people), dtype=np.int64)
        self.fate = np.zeros((rows, people), dtype=np.int8)
        self.verdict = np.zeros((rows, people))
        self.minutes = np.zeros((rows, people))

        self.finish = np.full((rows, tasks), np.inf)
        self.last = np.full((rows, tasks * people), -np.inf)
        self.ended = np.zeros((rows, tasks * people), dtype=np.int64)
        self.again = np.zeros((rows, tasks * people), dtype=np.int64)
        self.spent = np.zeros((rows, tasks * people))
        self.rejected, self.skipped, self.abandoned, self.ignored = (
            np.zeros((rows, tasks), dtype=np.int64) for _ in range(4)
        )
        self.reached = np.full((rows, int(layout.mark_base[-1])), np.inf)
        for task in np.flatnonzero(layout.sizes == 0).tolist():
            self._close(np.arange(rows), np.full(rows, task), np.zeros(rows))

    def run(self) -> Outcome:
        rows = np.arange(self.rows)
        while rows.size:
            # All rows at once need no copy of the times.
            times = self.time if rows.size == self.rows else self.time[rows]
            event = times.argmin(axis=1)
            now = times[np.arange(rows.size), event]
            going = np.isfinite(now)
            if not going.all():
                rows, event, now = rows[going], event[going], now[going]
            person = event - self.at.tasks
            back = person < 0
            if back.any():
                self._return(rows[back], event[back], now[back])
                forth = ~back
                self._act(rows[forth], person[forth], now[forth])
            else:
                self._act(rows, person, now)
        return self._outcome()

    def _act(self, rows: Counts, person: Counts, now: Floats) -> None:
        """Let a person in each row finish what ends now and look for more, or leave."""
        ends = self.until[rows, person] <= now
        if ends.any():
            self._complete(rows[ends], person[ends], now[ends])
        leaving = now >= self.leaves[person]
        if leaving.any():
            self._leave(rows[leaving], person[leaving], now[leaving])
            rows, person, now = rows[~leaving], person[~leaving], now[~leaving]
        if rows.size:
            self._look(rows, person, now)

    def _look(self, rows: Counts, person: Counts, now: Floats) -> None:
        at, queues = self.at, self.queues
        chosen = np.full(rows.size, NONE)
        left = np.arange(rows.size)
        for rank in range(at.order.shape[1]):
            task = at.order[person[left], rank]
            there = left[task != NONE]
            task = task[task != NONE]
            row = rows[there]
            has = queues.length[row, at.own(task, person[there])] > 0
            has |= queues.length[row, at.pool(task)] > 0
            has &= self.open[row, task]
            chosen[there[has]] = task[has]
            left = left[chosen[left] == NONE]
            if not left.size:
                break
        if left.size:
            self._wait(rows[left], person[left])
            there = chosen != NONE
            rows, person, now, chosen = rows[there], person[there], now[there], chosen[there]
        if rows.size:
            self._pull(rows, person, chosen)
            self._begin(rows, person, queues.pop(rows, at.own(chosen, person)), now)

    def _wait(self, rows: Counts, person: Counts) -> None:
        self.idle[rows, person] = True
        self.time[rows, self.at.tasks + person] = self.leaves[person]

    def _pull(self, rows: Counts, person: Counts, task: Counts) -> None:
        at, queues = self.at, self.queues
        own, pool = at.own(task, person), at.pool(task)
        pulls = queues.length[rows, pool] > 0
        pulls &= queues.length[rows, own] <= at.most_before_pull[task]
        rows, own, pool, task = rows[pulls], own[pulls], pool[pulls], task[pulls]
        count = np.minimum(at.batch[task], queues.length[rows, pool])
        for pulled in range(int(count.max(initial=0))):
            more = count > pulled
            row = rows[more]
            queues.push(row, own[more], queues.pop(row, pool[more]))

    def _begin(self, rows: Counts, person: Counts, job: Counts, now: Floats) -> None:
        at = self.at
        piece = self.piece[rows, person]
        minutes = at.minutes[person, at.column[job]] * at.effort[job] * self.durations.at(person, piece, rows)
        minutes = np.where(self.finished_before[rows, job], minutes * self.rework[person], minutes)
        if self.chancy:
            chance = self.outcomes.at(person, piece, rows)
            chance[at.reviewing[at.task_of[job]]] = 1.0
            skips = chance < self.skips[person]
            minutes = np.where(skips, minutes * self.takes[person], minutes)
            drops = ~skips & (chance < self.skips[person] + self.drops[person])
            self.fate[rows, person] = np.where(skips, SKIPPED, np.where(drops, ABANDONED, FINISHED))
        if self.reviewed:
            self.verdict[rows, person] = self.verdicts.at(person, piece, rows)
        self.piece[rows, person] = piece + 1
        self.job[rows, person] = job
        self.idle[rows, person] = False
        place, end = self.clocks.after_work(self.place[rows, person], now, minutes / self.share[person])
        self.place[rows, person] = place
        self.until[rows, person] = end
        self.time[rows, at.tasks + person] = np.minimum(end, self.leaves[person])
        self.minutes[rows, person] = minutes

    def _complete(self, rows: Counts, person: Counts, now: Floats) -> None:
        at = self.at
        job = self.job[rows, person]
        task = at.task_of[job]
        self.spent[rows, at.own(task, person)] += self.minutes[rows, person]
        self.job[rows, person] = NONE
        self.until[rows, person] = np.inf
        if self.chancy:
            fate = self.fate[rows, person]
            done = fate == FINISHED
            if not done.all():
                skips, drops = fate == SKIPPED, fate == ABANDONED
                self._skip(rows[skips], person[skips], job[skips], task[skips], now[skips])
                self.abandoned[rows[drops], task[drops]] += 1
                self._reserve(
                    rows[drops], task[drops], job[drops], job[drops], np.ones(drops.sum()), now[drops]
                )
                rows, person, job, task, now = rows[done], person[done], job[done], task[done], now[done]
        cell = at.own(task, person)
        before = self.finished_before[rows, job]
        self.ended[rows, cell] += ~before
        self.again[rows, cell] += before
        self.finished_before[rows, job] = True
        self.last[rows, cell] = now
        if not self.reviewed:
            self._end(rows, job, task, now)
            return
        verdict = self.verdict[rows, person]
        self.finisher[rows, job] = person
        self._note_last(rows, job)
        reviews = at.reviewing[task]
        if reviews.any():
            self._review(
                rows[reviews], person[reviews], job[reviews], task[reviews], now[reviews], verdict[reviews]
            )
            rest = ~reviews
            rows, person, job, task = rows[rest], person[rest], job[rest], task[rest]
            now, verdict = now[rest], verdict[rest]
        self.wrong[rows, job] = verdict < self.errors[person]
        self._end(rows, job, task, now)
        self._forward(rows, job, now)

    def _note_last(self, rows: Counts, job: Counts) -> None:
        """Note for the reviews of jobs which of their sources was finished last."""
        for column in range(self.at.review_of.shape[1]):
            review = self.at.review_of[job, column]
            has = review != NONE
            self.source[rows[has], review[has]] = job[has]

    def _review(
        self, rows: Counts, person: Counts, job: Counts, task: Counts, now: Floats, verdict: Floats
    ) -> None:
        """End reviews: by accepting what they are about, or by rejecting it."""
        source = self.source[rows, job].astype(np.int64)
        wrong = self.wrong[rows, source] & (source != NONE)
        rejects = np.where(wrong, verdict >= self.misses[person], verdict < self.rejects[person])
        rejects &= source != NONE
        accepts = ~rejects
        row, accepted = rows[accepts], job[accepts]
        self.wrong[row, accepted] = wrong[accepts]
        self._end(row, accepted, task[accepts], now[accepts])
        self._forward(row, accepted, now[accepts])
        if rejects.any():
            self._reject(rows[rejects], person[rejects], job[rejects], source[rejects], now[rejects])

    def _reject(self, rows: Counts, person: Counts, job: Counts, source: Counts, now: Floats) -> None:
        of = self.at.task_of[source]
        self.rejected[rows, of] += 1
        self.rejecter[rows, job] = person
        self.waiting[rows, job] = True
        back = self.over[rows, source] & ~self.void[rows, source]
        row, again, task = rows[back], source[back], of[back]
        self.over[row, again] = False
        self.remaining[row, task] += 1
        self.finish[row, task] = np.inf
        for column in range(self.at.review_of.shape[1]):
            review = self.at.review_of[again, column]
            has = review != NONE
            self.lacking[row[has], review[has]] += 1
        self._join(row, task, self.finisher[row, again].astype(np.int64), again, now[back])
        self._release(rows, job, now)

    def _forward(self, rows: Counts, job: Counts, now: Floats) -> None:
        """Let the reviews of jobs that have just ended begin, or end where they cannot be."""
        self.over[rows, job] = True
        for column in range(self.at.review_of.shape[1]):
            review = self.at.review_of[job, column]
            has = review != NONE
            row, there = rows[has], review[has]
            self.lacking[row, there] -= 1
            self._release(row, there, now[has])

    def _release(self, rows: Counts, review: Counts, now: Floats) -> None:
        ready = self.waiting[rows, review] & (self.lacking[rows, review] == 0)
        rows, review, now = rows[ready], review[ready], now[ready]
        self.waiting[rows, review] = False
        never = self.hopeless[rows, review]
        if never.any():
            self._ignore(rows[never], review[never], now[never])
            some = ~never
            rows, review, now = rows[some], review[some], now[some]
        rejecter = self.rejecter[rows, review].astype(np.int64)
        owner = np.where(rejecter != NONE, rejecter, self.at.owner[review])
        self._join(rows, self.at.task_of[review], owner, review, now)

    def _ignore(self, rows: Counts, job: Counts, now: Floats) -> None:
        """End jobs without an answer, and the reviews that then never can be."""
        task = self.at.task_of[job]
        self.ignored[rows, task] += 1
        self._end(rows, job, task, now)
        if self.reviewed:
            self.void[rows, job] = True
            for column in range(self.at.review_of.shape[1]):
                review = self.at.review_of[job, column]
                has = review != NONE
                self.hopeless[rows[has], review[has]] = True
            self._forward(rows, job, now)

    def _skip(self, rows: Counts, person: Counts, job: Counts, task: Counts, now: Floats) -> None:
        if not rows.size:
            return
        self.skipped[rows, task] += 1
        if self.model.skipped == "ignored":
            self._ignore(rows, job, now)
        else:
            owner = person if self.model.skipped == "same" else np.full(rows.size, POOL)
            self._join(rows, task, owner, job, now)

    def _end(self, rows: Counts, job: Counts, task: Counts, now: Floats) -> None:
        at = self.at
        self.remaining[rows, task] -= 1
        left = self.remaining[rows, task]
        mark = at.mark_at[at.base[task] + at.sizes[task] - left - 1]
        marked = mark != NONE
        self.reached[rows[marked], mark[marked]] = now[marked]
        done = left == 0
        if done.any():
            self._close(rows[done], task[done], now[done])

    def _close(self, rows: Counts, task: Counts, now: Floats) -> None:
        """Note that tasks have ended, and open those that come after them."""
        self.finish[rows, task] = now
        for ended in np.unique(task).tolist():
            for follower in self.at.followers[ended]:
                row, when = rows[task == ended], now[task == ended]
                opens = ~self.open[row, follower]
                opens &= (self.remaining[np.ix_(row, list(self.at.after[follower]))] == 0).all(axis=1)
                self.open[row[opens], follower] = True
                self._call(row[opens], np.full(int(opens.sum()), follower), when[opens])

    def _join(self, rows: Counts, task: Counts, owner: Counts, job: Counts, now: Floats) -> None:
        """Append jobs to their owners' queues, or to the pool where that is not, or no longer, anybody."""
        at = self.at
        pooled = (owner == POOL) | self.gone[rows, owner]
        if pooled.any():
            row, of = rows[pooled], task[pooled]
            self.queues.push(row, at.pool(of), job[pooled])
            self._call(row, of, now[pooled])
            kept = ~pooled
            rows, task, owner, job, now = rows[kept], task[kept], owner[kept], job[kept], now[kept]
        self.queues.push(rows, at.own(task, owner), job)
        waiting = self.idle[rows, owner]
        self._wake(rows[waiting], owner[waiting], now[waiting])

    def _call(self, rows: Counts, task: Counts, now: Floats) -> None:
        """Wake everybody who waits and may take from the pool of a task, where it is open."""
        free = self.idle[rows] & self.at.member[task] & self.open[rows, task][:, None]
        index, person = np.nonzero(free)
        self._wake(rows[index], person, now[index])

    def _wake(self, rows: Counts, person: Counts, now: Floats) -> None:
        if not rows.size:
            return
        place, when = self.clocks.next_working(self.place[rows, person], now)
        self.place[rows, person] = place
        event = self.at.tasks + person
        self.time[rows, event] = np.minimum(self.time[rows, event], when)

    def _leave(self, rows: Counts, person: Counts, now: Floats) -> None:
        at, queues = self.at, self.queues
        self.gone[rows, person] = True
        self.idle[rows, person] = False
        self.time[rows, at.tasks + person] = np.inf
        self.until[rows, person] = np.inf
        held = self.job[rows, person]
        self.job[rows, person] = NONE
        for task in range(at.tasks):
            of = np.full(rows.size, task)
            own = at.own(of, person)
            mine = np.flatnonzero((held >= at.base[task]) & (held < at.base[task + 1]))
            self._reserve(rows[mine], of[mine], held[mine], held[mine], np.ones(mine.size), now[mine])
            full = np.flatnonzero(queues.length[rows, own] > 0)
            first, last, count = queues.take_all(rows[full], own[full])
            self._reserve(rows[full], of[full], first, last, count, now[full])

    def _reserve(
        self, rows: Counts, task: Counts, first: Counts, last: Counts, count: Counts | Floats, now: Floats
    ) -> None:
        """Keep a chain of jobs from others for the time of a reservation."""
        if not rows.size:
            return
        queue = self.at.waiting(task)
        alone = self.queues.length[rows, queue] == 0
        self.queues.splice(rows, queue, first, last, count.astype(np.int64))
        due = now + self.model.reservation
        self.due[rows, first] = due
        self.lot_last[rows, first] = last
        self.lot_count[rows, first] = count
        self.time[rows[alone], task[alone]] = due[alone]

    def _return(self, rows: Counts, task: Counts, now: Floats) -> None:
        """Put what was reserved until now into the pool."""
        queues = self.queues
        waiting = self.at.waiting(task)
        first = queues.head[rows, waiting].astype(np.int64)
        last = self.lot_last[rows, first].astype(np.int64)
        count = self.lot_count[rows, first].astype(np.int64)
        queues.cut(rows, waiting, last, count)
        queues.splice(rows, self.at.pool(task), first, last, count)
        more = queues.length[rows, waiting] > 0
        follower = queues.head[rows, waiting]
        self.time[rows, task] = np.where(more, self.due[rows, follower], np.inf)
        self._call(rows, task, now)

    def _outcome(self) -> Outcome:
        tasks, people = self.at.tasks, self.at.people
        base = self.at.mark_base
        for task, marks in enumerate(self.at.marks):
            # What was taken back and never done again was not reached for good.
            lost = marks > (self.at.sizes[task] - self.remaining[:, task])[:, None]
            self.reached[:, base[task] : base[task + 1]][lost] = np.inf
        return Outcome(
            finish=self.finish.T,
            last=self.last.T.reshape(tasks, people, -1),
            ended=self.ended.T.reshape(tasks, people, -1),
            again=self.again.T.reshape(tasks, people, -1),
            spent=self.spent.T.reshape(tasks, people, -1),
            rejected=self.rejected.T,
            skipped=self.skipped.T,
            abandoned=self.abandoned.T,
            ignored=self.ignored.T,
            marks=self.at.marks,
            reached=tuple(self.reached[:, base[t] : base[t + 1]].T for t in range(tasks)),
        )
