"""One door to all engines: the fastest that a part of a model allows, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from taskplan.simulation.draws import BLOCK
from taskplan.simulation.engine.lockstep import run_lockstep
from taskplan.simulation.engine.parts import joined, part_of, split
from taskplan.simulation.engine.pulled import is_pulled, run_pulled
from taskplan.simulation.engine.sequential import is_sequential, run_sequential
from taskplan.simulation.jobs import DEFAULT_LIMITS, Limits, Model, Outcome, Progress

BYTES_A_JOB = 24
"""Of state, a replication, in the lockstep engine."""
MOST_SIDE_BY_SIDE = 2048
"""Replications; more at once make no step cheaper for each of them."""


USUAL, FEWEST = 2000, 100
EVENTS = 10_000_000
"""About so many jobs times replications are done in half a minute, event by event."""


def usual_replications(model: Model) -> int:
    """Return how many replications are enough and do not take long.

    Of a large model fewer are enough, as what happens to many items varies less; only where each event
    must be waited for do they take long.
    """
    parts = [part_of(model, people, tasks) for people, tasks in split(model)]
    slow = [part for part in parts if not is_sequential(part) and not is_pulled(part)]
    jobs = sum(task.jobs for part in slow for task in part.tasks)
    return min(USUAL, max(FEWEST, EVENTS // max(jobs, 1)))


def simulate(
    model: Model, replications: int, *, limits: Limits = DEFAULT_LIMITS, progress: Progress | None = None
) -> Outcome:
    """Simulate a model so many times, by the rules of `taskplan.simulation.jobs`.

    The first n of more replications are the same n. `progress` is told how many of all are done.
    """
    found = []
    parts = split(model)
    for number, (people, tasks) in enumerate(parts):
        part = part_of(model, people, tasks)
        outcomes = []

        def tell(done: float, before: int = number * replications) -> None:
            if progress is not None:
                progress(before + min(int(done), replications), len(parts) * replications)

        for outcome, done in _runs(part, replications, limits, tell):
            outcomes.append(outcome)
            tell(done)
        found.append((people, tasks, _first(_beside(outcomes), replications)))
    return joined(model, found, replications)


def _runs(
    model: Model, replications: int, limits: Limits, tell: Callable[[float], None]
) -> Iterator[tuple[Outcome, int]]:
    """Yield outcomes of replications, and how many are done by then."""
    single: Callable[[Model, int], Outcome] | None = None
    if is_sequential(model):
        single = run_sequential
    elif is_pulled(model):
        single = run_pulled
    if single is not None:
        for block in range(-(-replications // BLOCK)):
            yield single(model, block), (block + 1) * BLOCK
        return
    jobs = max(1, sum(task.jobs for task in model.tasks))
    beside = max(1, min(MOST_SIDE_BY_SIDE, limits.memory // (jobs * BYTES_A_JOB)))
    if beside > BLOCK:
        beside -= beside % BLOCK
    for begin in range(0, replications, beside):
        end = min(begin + beside, replications)
        columns = range(begin, end)
        yield run_lockstep(model, columns, _within(columns, tell)), end


def _within(columns: range, tell: Callable[[float], None]) -> Callable[[float], None]:
    return lambda part: tell(columns.start + part * len(columns))


ARRAYS = ("finish", "last", "ended", "again", "spent", "rejected", "skipped", "abandoned", "ignored")


def _beside(outcomes: list[Outcome]) -> Outcome:
    """Put replications beside each other."""
    if len(outcomes) == 1:
        return outcomes[0]
    return Outcome(
        **{name: np.concatenate([getattr(o, name) for o in outcomes], axis=-1) for name in ARRAYS},
        marks=outcomes[0].marks,
        reached=tuple(
            np.concatenate(parts, axis=-1) for parts in zip(*(o.reached for o in outcomes), strict=True)
        ),
    )


def _first(outcome: Outcome, replications: int) -> Outcome:
    if outcome.replications == replications:
        return outcome
    return Outcome(
        **{name: getattr(outcome, name)[..., :replications] for name in ARRAYS},
        marks=outcome.marks,
        reached=tuple(part[:, :replications] for part in outcome.reached),
    )
