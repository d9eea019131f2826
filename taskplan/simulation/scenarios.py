"""A forecast of a plan, beside what it would be if the work were handed out or staffed otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from taskplan.errors import InputError, did_you_mean
from taskplan.model.table import ItemTable
from taskplan.planning.document import Plan
from taskplan.simulation.dealing import capacities, dealt, in_order, pooled, with_tasks
from taskplan.simulation.engine import simulate, usual_replications
from taskplan.simulation.forecast import Forecast, Scenario
from taskplan.simulation.jobs import Floats, Model, Outcome, Progress, Task
from taskplan.simulation.modelling import Staged, mode_of, stage
from taskplan.simulation.summary import finish_of, quantiles, summarise
from taskplan.simulation.whatif import changed, parse_changes
from taskplan.simulation.workforce import Workforce
from taskplan.spread import HERE, Spread

COMPARED = ("equal", "weighted", "pulling")
"""The ways of handing out that a forecast can compare; the others look at items, which a plan leaves out."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What to compare the plan with: ways of handing out, and what-if questions in words."""

    compare: tuple[str, ...] = ()
    what_if: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.compare:
            if name not in COMPARED:
                raise InputError(
                    f'expected {", ".join(COMPARED)}, got "{name}"',
                    source="--compare",
                    hint=did_you_mean(name, COMPARED)
                    or "of other strategies make a plan each, and simulate those",
                )
        for text in self.what_if:
            parse_changes(text)


def forecast(
    plan: Plan,
    workforce: Workforce,
    *,
    replications: int | None = None,
    seed: int | None = None,
    table: ItemTable | None = None,
    due: float | None = None,
    questions: Questions | None = None,
    digest: str = "",
    progress: Progress | None = None,
    spread: Spread = HERE,
) -> Forecast:
    """Simulate a plan, and each question on the same random numbers.

    `replications` are the usual ones where it is None (`usual_replications`), `seed` is the plan's; `due`
    is milliseconds since 1970 and replaces the tasks' dates; `digest` is the workforce's; where the work
    is done (`spread`) changes nothing. NotFoundError for people of whom the workforce says nothing;
    InputError for questions that do not fit the plan.
    """
    if replications is not None and replications < 1:
        raise InputError(f"expected at least 1 replication, got {replications}")
    staged = stage(plan, workforce, seed=plan.seed if seed is None else seed, table=table, due=due)
    asked = questions or Questions()
    exams = [index for index, o in enumerate(staged.operations) if mode_of(o) == "qualification"]
    changes = [(text, "what-if", changed(staged.model, parse_changes(text), exams)) for text in asked.what_if]
    runs = 1 + len(asked.compare) + len(changes)
    replications = usual_replications(staged.model) if replications is None else replications
    outcome = simulate(staged.model, replications, progress=_part(progress, 0, runs), spread=spread)
    until = _horizon(staged, outcome)
    compared = [(name, "strategy", handed_out(staged, name, until)) for name in asked.compare]
    made = summarise(plan, staged, outcome, workforce, digest=digest, due=due)
    scenarios = []
    for number, (name, kind, model) in enumerate([*compared, *changes], start=1):
        other = simulate(model, replications, progress=_part(progress, number, runs), spread=spread)
        scenarios.append(_scenario(name, kind, staged, outcome, other, workforce.start, made.finish.due))
    return msgspec.structs.replace(made, scenarios=tuple(scenarios))


def handed_out(staged: Staged, name: str, until: Floats) -> Model:
    """Return the model with all items handed out in another way (`COMPARED`).

    `weighted` goes by what everyone can do by `until` (minutes, by task). Quality tasks stay as they are.
    """
    model = staged.model
    return with_tasks(model, [_handed_out(staged, index, name, until) for index in range(len(model.tasks))])


def _handed_out(staged: Staged, index: int, name: str, until: Floats) -> Task:
    task = staged.model.tasks[index]
    if mode_of(staged.operations[index]) not in ("distribution", "pulling"):
        return task
    if name == "pulling":
        return pooled(task)
    people = in_order(task)
    weights = dict.fromkeys(people, 1.0)
    if name == "weighted":
        able = capacities(staged.model, index, float(until[index]))
        weights = {person: able[person] for person in people if person in able} or weights
    return replace(dealt(staged.model, index, weights), people=task.people)


def _horizon(staged: Staged, outcome: Outcome) -> Floats:
    """Return until when capacities count, by task: when it is due, else when it is done on the average."""
    middle = np.sort(outcome.finish, axis=1)[:, outcome.replications // 2]
    return np.where(np.isfinite(staged.due) & (staged.due > 0), staged.due, middle)


def _part(progress: Progress | None, number: int, runs: int) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, runs * total)


def _scenario(
    name: str, kind: str, staged: Staged, base: Outcome, other: Outcome, start: float, due: float | None
) -> Scenario:
    before, after = base.finish.max(axis=0), other.finish.max(axis=0)
    on_time = np.all(other.finish <= staged.due[:, None], axis=0)
    dated = bool(np.isfinite(staged.due).any())
    with np.errstate(invalid="ignore"):
        gained = np.where(before == after, 0.0, (before - after) / 60)
    return Scenario(
        name=name,
        kind=kind,
        finish=finish_of(after, start, due, on_time if dated else None),
        sooner=tuple(round(v, 2) if np.isfinite(v) else None for v in quantiles(gained)),
        better=float((after < before).mean()),
    )
