"""One door to all engines: the fastest that a part of a model allows, block by block."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from taskplan.simulation.draws import BLOCK
from taskplan.simulation.engine.lockstep import run_lockstep
from taskplan.simulation.engine.parts import joined, part_of, split
from taskplan.simulation.engine.pulled import is_pulled, run_pulled
from taskplan.simulation.engine.sequential import is_sequential, run_sequential
from taskplan.simulation.jobs import DEFAULT_LIMITS, Limits, Model, Outcome, Progress
from taskplan.spread import HERE, Spread

BYTES_A_JOB = 24
"""Of state, a replication, in the lockstep engine."""
MOST_SIDE_BY_SIDE = 2048
"""Replications; more at once make no step cheaper for each of them."""
LEAST = 4_000_000
"""Jobs times replications of a piece where no event is waited for: about a tenth of a second."""


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
    model: Model,
    replications: int,
    *,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
    spread: Spread = HERE,
) -> Outcome:
    """Simulate a model so many times, by the rules of `taskplan.simulation.jobs`.

    The first n of more replications are the same n, to the bit, wherever and in whatever pieces the
    replications are `spread`. `progress` is told how many of all are done.
    """
    parts = split(model)
    models = tuple(part_of(model, people, tasks) for people, tasks in parts)
    pieces = [
        Piece(number, begin, min(begin + size, replications))
        for number, part in enumerate(models)
        for size in (_size(part, replications, limits, spread.width),)
        for begin in range(0, replications, size)
    ]
    told = _Told(progress, len(parts) * replications)
    outcomes: list[list[Outcome]] = [[] for _ in parts]
    for piece, outcome in zip(pieces, spread.map(_Simulated(models, told), pieces), strict=True):
        outcomes[piece.part].append(outcome)
        told.ended(piece.end - piece.begin)
    found = [(*part, _beside(ranges)) for part, ranges in zip(parts, outcomes, strict=True)]
    return joined(model, found, replications)


class Piece(NamedTuple):
    """Some replications of a part of a model, from `begin` until before `end`."""

    part: int
    begin: int
    end: int


class _Told:
    """How many replications have ended, for who wants to know."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def within(self, replications: float) -> None:
        """Tell how far the piece is that is being done."""
        if self.progress is not None:
            self.progress(self.done + int(replications), self.total)

    def ended(self, replications: int) -> None:
        self.done += replications
        self.within(0)


class _Simulated:
    """Does a piece; elsewhere nobody is told how far it is before it ends."""

    def __init__(self, models: tuple[Model, ...], told: _Told | None = None) -> None:
        self.models, self.told = models, told

    def __reduce__(self) -> tuple[type[_Simulated], tuple[tuple[Model, ...]]]:
        return type(self), (self.models,)

    def __call__(self, piece: Piece) -> Outcome:
        model, columns = self.models[piece.part], range(piece.begin, piece.end)
        single = _by_block(model)
        if single is None:
            told = self.told
            tell = None if told is None else lambda part: told.within(part * len(columns))
            return run_lockstep(model, columns, tell)
        blocks = range(piece.begin // BLOCK, -(-piece.end // BLOCK))
        return _first(_beside([single(model, block) for block in blocks]), len(columns))


def _by_block(model: Model) -> Callable[[Model, int], Outcome] | None:
    """Return the engine that does a block of replications without waiting for events, if there is one."""
    if is_sequential(model):
        return run_sequential
    return run_pulled if is_pulled(model) else None


def _size(model: Model, replications: int, limits: Limits, width: int) -> int:
    """Return how many replications of a model are a piece, where `width` pieces are done at once."""
    jobs = max(1, sum(task.jobs for task in model.tasks))
    each = -(-replications // (BLOCK * width)) * BLOCK
    if _by_block(model) is not None:
        return min(each, max(1, LEAST // (jobs * BLOCK)) * BLOCK)
    # A step costs about as much as 700 replications of it do, so that pieces are as wide as can be.
    beside = max(1, min(MOST_SIDE_BY_SIDE, limits.memory // (jobs * BYTES_A_JOB)))
    return min(each, beside - beside % BLOCK if beside > BLOCK else beside)


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
