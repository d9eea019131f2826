"""Any model: one event after the other, for many replications side by side.

In every step each replication handles its own next event, the earliest of its people and
reservations; what they have in common is done for all of them at once. The rules are those of
`taskplan.simulation.jobs`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from taskplan.simulation.engine.flow import Flow
from taskplan.simulation.engine.layout import NONE, Layout
from taskplan.simulation.jobs import Counts, Floats, Model, Outcome

FINISHED, SKIPPED, ABANDONED = 0, 1, 2


TOLD = 500
"""Progress is told after so many steps."""


def run_lockstep(model: Model, replications: range, tell: Callable[[float], None] | None = None) -> Outcome:
    """Simulate these replications; `tell` which part of the jobs has ended, from time to time."""
    return _Run(model, Layout(model), replications).run(tell)


class _Run(Flow):
    """The rules about people. All methods take rows, and a person and more for each."""

    def run(self, tell: Callable[[float], None] | None = None) -> Outcome:
        rows, step = np.arange(self.rows), 0
        for task in np.flatnonzero(self.at.sizes == 0).tolist():
            self.close(rows, np.full(self.rows, task), np.zeros(self.rows))
        while rows.size:
            step += 1
            if tell is not None and step % TOLD == 0:
                tell(1 - float(self.remaining.sum()) / max(1, self.rows * self.at.jobs))
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
                self.give_back(rows[back], event[back], now[back])
                forth = ~back
                self.act(rows[forth], person[forth], now[forth])
            else:
                self.act(rows, person, now)
        return self.outcome()

    def act(self, rows: Counts, person: Counts, now: Floats) -> None:
        """Let a person in each row finish what ends now and look for more, or leave."""
        ends = self.until[self.cell(rows, person)] <= now
        if ends.all():
            self.complete(rows, person, now)
        elif ends.any():
            self.complete(rows[ends], person[ends], now[ends])
        leaving = now >= self.leaves[person]
        if leaving.any():
            self.leave(rows[leaving], person[leaving], now[leaving])
            rows, person, now = rows[~leaving], person[~leaving], now[~leaving]
        if rows.size:
            self.look(rows, person, now)

    def look(self, rows: Counts, person: Counts, now: Floats) -> None:
        """Let free people begin something, or wait."""
        at, length = self.at, self.queues.length
        chosen = np.full(rows.size, NONE)
        left = np.arange(rows.size)
        for rank in range(at.order.shape[1]):
            task = at.order[person[left], rank]
            there = left
            if rank:
                there, task = there[task != NONE], task[task != NONE]
            row = rows[there]
            base = row * self.queues.queues
            has = (length[base + at.own(task, person[there])] > 0) | (length[base + at.pool(task)] > 0)
            has &= self.open[self.line(row, task)]
            chosen[there[has]] = task[has]
            left = left[chosen[left] == NONE]
            if not left.size:
                break
        if left.size:
            self.wait(rows[left], person[left])
            there = np.flatnonzero(chosen != NONE)
            rows, person, now, chosen = rows[there], person[there], now[there], chosen[there]
        if rows.size:
            self.pull(rows, person, chosen)
            self.begin(rows, person, self.queues.pop(rows, at.own(chosen, person)), now)

    def wait(self, rows: Counts, person: Counts) -> None:
        self.idle[self.cell(rows, person)] = True
        self.times[self.event(rows, person)] = self.leaves[person]

    def pull(self, rows: Counts, person: Counts, task: Counts) -> None:
        at, queues = self.at, self.queues
        stock = queues.length[queues.at(rows, at.pool(task))]
        pulls = stock > 0
        if not pulls.any():
            return
        pulls &= queues.length[queues.at(rows, at.own(task, person))] <= at.most_before_pull[task]
        rows, person, task, stock = rows[pulls], person[pulls], task[pulls], stock[pulls]
        own, pool = at.own(task, person), at.pool(task)
        count = np.minimum(at.batch[task], stock)
        for pulled in range(int(count.max(initial=0))):
            more = count > pulled
            row = rows[more]
            queues.push(row, own[more], queues.pop(row, pool[more]))

    def begin(self, rows: Counts, person: Counts, job: Counts, now: Floats) -> None:
        at = self.at
        cell = self.cell(rows, person)
        piece = self.piece[cell]
        minutes = at.minutes[person, at.column[job]] * at.effort[job] * self.durations.at(person, piece, rows)
        if self.repeats:
            before = self.finished_before[self.slot(rows, job)]
            minutes = np.where(before, minutes * self.rework[person], minutes)
        if self.chancy:
            chance = self.outcomes.at(person, piece, rows)
            chance[at.reviewing[at.task_of[job]]] = 1.0
            skips = chance < self.skips[person]
            minutes = np.where(skips, minutes * self.takes[person], minutes)
            drops = ~skips & (chance < self.skips[person] + self.drops[person])
            self.fate[cell] = np.where(skips, SKIPPED, np.where(drops, ABANDONED, FINISHED))
        if self.reviewed:
            self.verdict[cell] = self.verdicts.at(person, piece, rows)
        self.piece[cell] = piece + 1
        self.job[cell] = job
        self.idle[cell] = False
        place, end = self.clocks.after_work(self.place[cell], now, minutes / self.share[person])
        self.place[cell] = place
        self.until[cell] = end
        self.times[self.event(rows, person)] = np.minimum(end, self.leaves[person])
        self.minutes[cell] = minutes

    def complete(self, rows: Counts, person: Counts, now: Floats) -> None:
        """End what people are at: finished, skipped or abandoned."""
        cell = self.cell(rows, person)
        job = self.job[cell]
        task = self.at.task_of[job]
        part = self.part(rows, self.at.own(task, person))
        self.spent[part] += self.minutes[cell]
        self.job[cell] = NONE
        self.until[cell] = np.inf
        if self.chancy:
            fate = self.fate[cell]
            done = fate == FINISHED
            if not done.all():
                skips, drops = fate == SKIPPED, fate == ABANDONED
                self.skip(rows[skips], person[skips], job[skips], task[skips], now[skips])
                row, of, dropped = rows[drops], task[drops], job[drops]
                self.abandoned[self.line(row, of)] += 1
                self.reserve(row, of, dropped, dropped, np.ones(row.size, dtype=np.int64), now[drops])
                rows, person, job, task, now = rows[done], person[done], job[done], task[done], now[done]
                cell, part = cell[done], part[done]
        slot = self.slot(rows, job)
        before = self.finished_before[slot]
        self.ended[part] += ~before
        self.again[part] += before
        self.finished_before[slot] = True
        self.last[part] = now
        if not self.reviewed:
            self.end(rows, job, task, now)
            return
        verdict = self.verdict[cell]
        self.finisher[slot] = person
        self.note_last(rows, job)
        reviews = self.at.reviewing[task]
        if reviews.any():
            self.review(
                rows[reviews], person[reviews], job[reviews], task[reviews], now[reviews], verdict[reviews]
            )
            rest = ~reviews
            rows, person, job, task, slot = rows[rest], person[rest], job[rest], task[rest], slot[rest]
            now, verdict = now[rest], verdict[rest]
        self.wrong[slot] = verdict < self.errors[person]
        self.end(rows, job, task, now)
        self.forward(rows, job, now)

    def leave(self, rows: Counts, person: Counts, now: Floats) -> None:
        at, queues = self.at, self.queues
        cell = self.cell(rows, person)
        held = self.job[cell]
        self.gone[cell], self.idle[cell] = True, False
        self.times[self.event(rows, person)] = np.inf
        self.until[cell], self.job[cell] = np.inf, NONE
        for task in range(at.tasks):
            of = np.full(rows.size, task)
            own = at.own(of, person)
            mine = np.flatnonzero((held >= at.base[task]) & (held < at.base[task + 1]))
            self.reserve(rows[mine], of[mine], held[mine], held[mine], np.ones_like(mine), now[mine])
            full = np.flatnonzero(queues.length[queues.at(rows, own)] > 0)
            first, last, count = queues.take_all(rows[full], own[full])
            self.reserve(rows[full], of[full], first, last, count, now[full])
