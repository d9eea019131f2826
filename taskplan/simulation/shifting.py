"""Moving work from who is late to who is not, by trial: what no formula of single tasks can see.

Who reviews waits for who annotates, and both for their working hours; only a simulation of the whole knows
whether another split helps. A local search: the best of some moves is made, on the same random
numbers, until none helps.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

import numpy as np

from taskplan.simulation.calendars import Calendar
from taskplan.simulation.dealing import dealt, is_pooled, with_tasks
from taskplan.simulation.engine import simulate
from taskplan.simulation.jobs import Floats, Model, Outcome
from taskplan.spread import HERE, Spread

ROUNDS = 6
GIVERS, TAKERS = 3, 3
"""So many people are looked at: those most often late, and for each those with most time to spare."""
SURE = 0.999
REPLICATIONS = 300


@dataclass(frozen=True, slots=True)
class Move:
    """So many items of a task go from one person to another."""

    task: int
    giver: int
    taker: int
    items: int


def shifted(
    model: Model,
    due: Floats,
    movable: Collection[int],
    *,
    replications: int = REPLICATIONS,
    spread: Spread = HERE,
) -> Model:
    """Return the model with items of the `movable` tasks (by index) moved so that more is on time.

    `due` are minutes since the start, [tasks], infinity where there is no date. The same model where no
    move helps. The moves are tried where `spread` says.
    """
    outcome = simulate(model, replications, spread=spread)
    best = on_time(outcome, due)
    for _ in range(ROUNDS):
        if best >= SURE:
            break
        found = None
        moves = _moves(model, outcome, due, movable)
        for move, tried in zip(moves, spread.map(partial(_tried, model, replications), moves), strict=True):
            if (chance := on_time(tried, due)) > best:
                best, found = chance, (move, tried)
        if found is None:
            break
        model, outcome = moved(model, found[0]), found[1]
    return model


def _tried(model: Model, replications: int, move: Move) -> Outcome:
    return simulate(moved(model, move), replications)


def on_time(outcome: Outcome, due: Floats) -> float:
    """Return in which share of the replications all due dates are kept."""
    return float(np.all(outcome.finish <= due[:, None], axis=0).mean())


def moved(model: Model, move: Move) -> Model:
    """Return the model with items of one person moved to another."""
    task = model.tasks[move.task]
    counts = {person: int((task.owner == person).sum()) for person in task.people}
    counts[move.giver] -= move.items
    counts[move.taker] += move.items
    weights = {person: float(count) for person, count in counts.items() if count}
    changed = dealt(model, move.task, weights)
    return with_tasks(model, [changed if i == move.task else other for i, other in enumerate(model.tasks)])


def _moves(model: Model, outcome: Outcome, due: Floats, movable: Collection[int]) -> list[Move]:
    late = ~np.all(outcome.finish <= due[:, None], axis=0)
    found: list[tuple[float, int, int]] = []
    for index in movable:
        task = model.tasks[index]
        if is_pooled(task):
            continue
        last = outcome.last[index][:, late] >= outcome.finish[index][late]
        # Where nothing ever ends, who never finishes is not known to be last: they have items left.
        share = np.where(np.isinf(outcome.finish[index][late]).any(), 1.0, last.mean(axis=1))
        found += [(float(share[person]), index, person) for person in task.people if share[person] > 0]
    spare = _spare(model, outcome)
    moves = []
    for _, index, giver in sorted(found, key=lambda entry: (-entry[0], entry[1:]))[:GIVERS]:
        task = model.tasks[index]
        items = int((task.owner == giver).sum())
        takers = sorted((p for p in task.people if p != giver), key=lambda person: (-spare[person], person))
        for taker in takers[:TAKERS]:
            amounts = sorted({items, -(-items // 2), -(-items // 8)} - {0})
            moves += [Move(index, giver, taker, amount) for amount in amounts]
    return moves


def _spare(model: Model, outcome: Outcome) -> Floats:
    """Return which share of their working hours until the middle end of all people do not work."""
    finish = np.sort(np.max(outcome.finish, axis=0, initial=0.0))
    until = float(finish[len(finish) // 2])
    if np.isinf(until):
        until = float(np.max(outcome.last[np.isfinite(outcome.last)], initial=1.0))
    there = np.array([float(Calendar(p.time).worked(until)) * p.time.share for p in model.people])
    spent = np.mean(outcome.busy, axis=1)
    spare: Floats = 1 - spent / np.maximum(there, 1e-9)
    return spare
