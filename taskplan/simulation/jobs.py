"""What the engine simulates, and what it finds: numbers only, people and tasks by index.

The rules, which every engine here and the reference in the tests follow to the letter:

- Time is in minutes of the clock since the start; people work only within their `WorkingTime`. Work
  of m minutes takes m / share minutes of working time. An instant at which working time stands still
  belongs to the close before it: work that ends just at closing time ends there, not next morning; so
  does what would end less than `TOLERANCE` minutes after it, since sums of minutes are rounded. Both
  ends of an interval belong to it: who is free at closing time looks, and may begin, at that instant.
- The k-th piece of work that a person begins (k from 0, annotations and reviews alike) takes
  ``mean × effort × Z[k]`` minutes, × rework where the job (a review too) was finished before, by whomever, ×
  skip_takes where it is skipped. Z has mean 1. What becomes of it is decided by U[k] and V[k], uniform on
  [0, 1): skipped where U < skips, abandoned where U < skips + abandons, else finished; V then says whether
  an annotation is wrong (V < errors), and whether a review rejects (what is wrong: V ≥ misses; what is
  right: V < rejects). Reviews are never skipped or abandoned: U is drawn and not used. A review that has no
  sources accepts.
- Every person has a queue, first in first out, in every task they work on; every task has a pool, first
  in first out. Of a pulling task all jobs begin in the pool, of others all with their owners, in order.
- A free person looks at their tasks by falling priority (largest number first), then in the order of the
  plan, and takes the first that is open and where their queue holds a job, or the pool does. In that task
  they first pull: where the pool holds a job and their queue at most `maximum` - `batch`, up to `batch`
  jobs move from pool to queue (once a look). Then they begin the first of their queue. Tasks that are no
  pulling tasks have batch 1 and maximum 1: the pool is used by who has nothing else there.
- The job of a task that reviews another (`Task.reviews`) is in no queue until all of its sources have
  ended; then it joins the end of its owner's queue, or of the pool. The reviewed item is wrong if
  the source that was finished last is. A rejection takes that source back among what has not
  ended, to the end of the queue of who finished it; when it is finished again, the review joins the end of
  the queue of who rejected it. An accepting review ends its job. A review that accepts what is wrong is
  wrong itself, for whoever reviews that review.
- Where several tasks review one, a rejection by one leaves the jobs of the others as they are: in a queue,
  begun or ended. A source that has not ended, or is ignored, is not taken back by a rejection (which
  counts); the review then waits for its sources like any, and ends at once where an ignored one ended.
- Skipped: to the end of the pool, of the same person's queue, or ignored, which ends the job. A review
  of which a source was ignored never happens and ends, ignored, when the last source ends. Abandoned: to
  the end of the pool, `reservation` minutes later.
- A task with `after` is closed until, at one moment, all jobs of all those tasks have ended, and then stays
  open. A task without jobs has ended from the start.
- Who leaves (`WorkingTime.leaves`) drops what they were at (it counts as not begun, though its
  draws are used) and, task by task in the order of the plan, what is in their queue; all of it goes to the
  end of the task's pool `reservation` minutes later. What would join their queue afterwards joins the
  pool at once. Work that ends at the very instant of leaving is finished; then, or when they would only
  begin at that instant, they do not look again.
- A free person with nothing to do waits; whenever a job joins their queue, or the pool of an open task of
  theirs, or a task of theirs opens, they look again: at once, or when they next work.
- At the same instant what returns from a reservation comes first (by task, and there in the order it went),
  then people by index: finishing, leaving and looking are each an event of its person, and what an event
  brings about at its own instant takes its place among what is still to come.
  A person who finishes and then looks does both at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from taskplan.simulation.workforce import SkippedTo, Worker

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
POOL = -1
TOLERANCE = 1e-6
"""Minutes."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task: `owner` (int64[jobs], index of a person or `POOL`) of every job, and who works on it.

    `people` are indices, rising. `effort` (float64[jobs]) multiplies the minutes; `kind` (int64[jobs])
    indexes `Model.kinds`. `item` (int64[jobs]) says which item a job is about: a QA task that `reviews`
    another (by index) has at most one job for an item, whose sources are all jobs of that item there.
    To review only when all is annotated, it is put `after` that task too.
    """

    name: str
    type: Literal["annotation", "qa"]
    people: tuple[int, ...]
    owner: Counts
    item: Counts
    effort: Floats | None = None
    kind: Counts | None = None
    reviews: int | None = None
    after: tuple[int, ...] = ()
    priority: int = 2
    batch: int = 1
    maximum: int = 1

    @property
    def jobs(self) -> int:
        """How many jobs there are."""
        return len(self.owner)


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that is simulated. `seed` feeds the streams of all people, by their e-mail."""

    people: tuple[Worker, ...]
    tasks: tuple[Task, ...]
    seed: int = 0
    kinds: tuple[str, ...] = ("*",)
    skipped: SkippedTo = "pool"
    reservation: float = 1440.0

    def mean_minutes(self) -> Floats:
        """Return the mean minutes of annotating an item, [people, kinds]."""
        rows = [[p.minutes.get(kind, p.minutes.get("*", 1.0)) for kind in self.kinds] for p in self.people]
        return np.array(rows, dtype=np.float64).reshape(len(self.people), len(self.kinds))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened, by replication r (the last axis), person p, task t; times in minutes, inf for never.

    `finish` [t, r]: when all jobs of the task had ended for good (0 where it has none). `last` [t, p, r]:
    when the person finished their last piece of work there (reviews that reject are finished too), -inf
    where there was none. `ended` [t, p, r] counts pieces they finished of jobs that nobody had finished
    before, `again` of jobs that somebody had, `spent` [t, p, r] minutes of work in all their pieces that came
    to an end (skipped and abandoned ones too, dropped ones not), not divided by `share`. `rejected`
    [t, r] counts rejections of the task's jobs by whatever task reviews it; `skipped`, `abandoned` [t, r] how
    often; `ignored` [t, r] jobs that ended so. `marks` [t] says of each task at how many ended jobs
    (rising, the last is all) `reached` [t] (float64[marks, r]) holds the last time that the number rose
    to it, inf where fewer have ended when nothing happens any more.
    """

    finish: Floats
    last: Floats
    ended: Counts
    again: Counts
    spent: Floats
    rejected: Counts
    skipped: Counts
    abandoned: Counts
    ignored: Counts
    marks: tuple[Counts, ...] = ()
    reached: tuple[Floats, ...] = ()

    @property
    def busy(self) -> Floats:
        """Everybody's minutes of work, [p, r]."""
        total: Floats = self.spent.sum(axis=0)
        return total

    @property
    def replications(self) -> int:
        return int(self.finish.shape[-1])


Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """How large chunks may become: `memory` bytes of state for the replications that run side by side."""

    memory: int = 512 * 2**20


DEFAULT_LIMITS = Limits()
MOST_MARKS = 256
"""Of so many points at most a task's progress is remembered."""


def mark_counts(jobs: int) -> Counts:
    """Return at how many ended jobs the time is remembered, rising; the last is all of them."""
    steps = min(jobs, MOST_MARKS)
    marks: Counts = -(-np.arange(1, steps + 1, dtype=np.int64) * jobs // max(steps, 1))
    return marks
