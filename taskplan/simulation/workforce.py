"""The people who do the work: how long items take them, when they work, how often things go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from taskplan.errors import NotFoundError, did_you_mean

Shape = Literal["lognormal", "gamma", "exponential", "fixed"]
SkippedTo = Literal["pool", "same", "ignored"]
OTHER = "*"
"""The kind of items that no other kind's minutes are given for."""
MINUTE = 60_000.0
"""Milliseconds."""


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """When a person works: from `opens[n]` until `closes[n]`, in minutes since the start of a simulation.

    Both are float64[intervals], rising, without overlap and without intervals of no length; the last
    may close at infinity. `share` (0 to 1) of that time goes into the work: a part-timer who gives it
    half of their hours takes twice as long. After `leaves` (minutes; infinity: never) nothing is done.
    """

    opens: NDArray[np.float64]
    closes: NDArray[np.float64]
    share: float = 1.0
    leaves: float = np.inf


@dataclass(frozen=True, slots=True)
class Worker:
    """One person.

    `minutes` maps a kind of item (``"*"``: any other) to how many minutes of work one
    takes on average, `review` is the same for reviewing one, and `cv` the standard
    deviation as a share of the mean, by a distribution of this `shape` (of an exponential
    one it is 1, of a fixed one 0). Of what they annotate `errors` is wrong (0 to 1); as
    reviewers they let `misses` of what is wrong pass and reject `rejects` of what is right;
    doing an item again takes `rework` times as long. They skip a share `skips` of items, after
    `skip_takes` of the time, and leave a share `abandons` unfinished.
    """

    email: str
    time: WorkingTime
    minutes: Mapping[str, float] = field(default_factory=lambda: {OTHER: 1.0})
    review: float = 1.0
    cv: float = 0.5
    shape: Shape = "lognormal"
    errors: float = 0.0
    misses: float = 0.0
    rejects: float = 0.0
    rework: float = 1.0
    skips: float = 0.0
    skip_takes: float = 0.5
    abandons: float = 0.0


@dataclass(frozen=True, slots=True)
class Workforce:
    """Everybody, by lower-cased e-mail, and what holds for all.

    `start` is when the simulation begins (milliseconds since 1970 UTC). A skipped item goes
    to `skipped`; what somebody abandons, or holds when they leave, is free for others `reservation`
    minutes (of the clock) later. `kind` is the path of the field that names an item's kind. Reviews
    begin with each finished item, or, where not `streaming`, when the reviewed task is finished. `after`
    names tasks that begin only when others are finished.
    """

    start: float
    workers: Mapping[str, Worker]
    skipped: SkippedTo = "pool"
    reservation: float = 1440.0
    kind: str | None = None
    streaming: bool = True
    after: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    source: str = "workforce"

    def worker(self, email: str) -> Worker:
        """Return one person; NotFoundError with the nearest name."""
        found = self.workers.get(email.lower())
        if found is None:
            raise NotFoundError(
                f"nothing is said of {email}, who has work in the plan",
                source=self.source,
                path="people",
                hint=_hint(email, self.workers),
            )
        return found


def _hint(email: str, known: Mapping[str, Worker]) -> str:
    near = did_you_mean(email, known)
    words = f"add - {email} under people, or leave people out"
    return f"{near} Else {words}" if near else words
