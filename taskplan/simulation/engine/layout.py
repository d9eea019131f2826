"""A model as arrays: jobs of all tasks in a row, queues by number, who looks where in which order."""

from __future__ import annotations

import numpy as np

from taskplan.simulation.jobs import POOL, Counts, Floats, Model, Task, mark_counts

NONE = -1


class Layout:
    """What does not change during a simulation; jobs are numbered through, task by task."""

    def __init__(self, model: Model) -> None:
        people, tasks = len(model.people), len(model.tasks)
        sizes = [task.jobs for task in model.tasks]
        self.people, self.tasks, self.jobs = people, tasks, sum(sizes)
        self.sizes: Counts = np.array(sizes, dtype=np.int64)
        self.base: Counts = np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.int64)
        self.task_of: Counts = np.repeat(np.arange(tasks), self.sizes)
        self.owner: Counts = _joined([task.owner for task in model.tasks]).astype(np.int64)
        self.effort: Floats = _joined([effort_of(task) for task in model.tasks])
        self.reviewing = np.array([task.type == "qa" for task in model.tasks], dtype=np.bool_)
        self.column: Counts = _joined([column_of(task, len(model.kinds)) for task in model.tasks]).astype(
            np.int64
        )
        self.minutes = minutes_of(model)
        self.batch = np.array([task.batch for task in model.tasks], dtype=np.int64)
        self.most_before_pull = np.array([task.maximum - task.batch for task in model.tasks], dtype=np.int64)
        self.after = [task.after for task in model.tasks]
        self.followers = [[t for t in range(tasks) if s in model.tasks[t].after] for s in range(tasks)]
        self.member = np.zeros((tasks, people), dtype=np.bool_)
        for index, task in enumerate(model.tasks):
            self.member[index, list(task.people)] = True
        self.order = self._order(model)
        self.review_of, self.sources = self._links(model)
        self.marks = tuple(mark_counts(size) for size in sizes)
        self.mark_at, self.mark_base = self._marks()

    def own(self, task: Counts, person: Counts) -> Counts:
        """Return the number of a person's queue in a task."""
        return task * self.people + person

    def pool(self, task: Counts) -> Counts:
        """Return the number of a task's pool."""
        return self.tasks * self.people + task

    def waiting(self, task: Counts) -> Counts:
        """Return the number of the queue of what is reserved for now."""
        return self.tasks * (self.people + 1) + task

    @property
    def queues(self) -> int:
        return self.tasks * (self.people + 2)

    def _order(self, model: Model) -> Counts:
        """Return the tasks each person looks at, in order, [people, most tasks]; NONE where no more."""
        ranked = sorted(range(self.tasks), key=lambda t: (-model.tasks[t].priority, t))
        rows = [[t for t in ranked if self.member[t, p]] for p in range(self.people)]
        most = max((len(row) for row in rows), default=0)
        return np.array([row + [NONE] * (most - len(row)) for row in rows], dtype=np.int64).reshape(
            self.people, most
        )

    def _links(self, model: Model) -> tuple[Counts, Counts]:
        """Return each job's reviews, [jobs, most], NONE where no more, and how many sources each job has."""
        reviewing = [
            [t for t, task in enumerate(model.tasks) if task.reviews == s] for s in range(self.tasks)
        ]
        review_of = np.full((self.jobs, max(map(len, reviewing), default=0)), NONE, dtype=np.int64)
        sources = np.zeros(self.jobs, dtype=np.int64)
        for index, reviewers in enumerate(reviewing):
            source = model.tasks[index]
            for column, reviewer in enumerate(reviewers):
                task = model.tasks[reviewer]
                if not task.jobs:
                    continue
                place = np.argsort(task.item, kind="stable")
                found = np.searchsorted(task.item[place], source.item)
                found[found == task.jobs] = 0
                here = np.flatnonzero(task.item[place][found] == source.item)
                review = self.base[reviewer] + place[found[here]]
                review_of[self.base[index] + here, column] = review
                np.add.at(sources, review, 1)
        return review_of, sources

    def _marks(self) -> tuple[Counts, Counts]:
        """Return which mark is reached when so many jobs of a task have ended, NONE for none."""
        at = np.full(self.jobs, NONE, dtype=np.int64)
        base = np.cumsum([0, *(len(marks) for marks in self.marks)]).astype(np.int64)
        for task, marks in enumerate(self.marks):
            at[self.base[task] + marks - 1] = base[task] + np.arange(len(marks))
        return at, base

    def starts(self, task: int) -> list[tuple[int, Counts]]:
        """Return the queues of a task that are full at the start, and with which jobs."""
        jobs = np.arange(self.base[task], self.base[task + 1])
        jobs = jobs[self.sources[jobs] == 0]
        owner = self.owner[jobs]
        filled = [
            (task * self.people + p, jobs[owner == p]) for p in np.unique(owner[owner != POOL]).tolist()
        ]
        return [*filled, (self.tasks * self.people + task, jobs[owner == POOL])]


def effort_of(task: Task) -> Floats:
    """Return the effort of every job."""
    return np.ones(task.jobs) if task.effort is None else task.effort


def column_of(task: Task, kinds: int) -> Counts:
    """Return the column of `Layout.minutes` of every job."""
    if task.type == "qa":
        return np.full(task.jobs, kinds, dtype=np.int64)
    return np.zeros(task.jobs, dtype=np.int64) if task.kind is None else task.kind


def minutes_of(model: Model) -> Floats:
    """Return the mean minutes of an item by person and kind, and in the last column of reviewing one."""
    review = np.array([person.review for person in model.people], dtype=np.float64)
    return np.concatenate([model.mean_minutes(), review[:, None]], axis=1)


def _joined(parts: list[Counts] | list[Floats]) -> Floats:
    return np.concatenate([np.zeros(0), *parts])
