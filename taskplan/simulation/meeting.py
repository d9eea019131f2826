"""Workloads for a due date: which split of a spec's tasks is on time most probably."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.errors import InfeasibleError, InputError
from taskplan.model.table import ItemTable
from taskplan.planning.document import Operation, Plan
from taskplan.planning.spec import Spec, spec_from, strategy_of
from taskplan.planning.spec_shape import Person, TaskSpec
from taskplan.planning.wording import is_named
from taskplan.simulation.dealing import capacities, minutes_each, worked_by
from taskplan.simulation.engine import simulate, usual_replications
from taskplan.simulation.jobs import Floats, Model
from taskplan.simulation.modelling import Staged, mode_of, stage
from taskplan.simulation.ontime import Runner, split_in_time
from taskplan.simulation.shifting import shifted
from taskplan.simulation.workforce import Workforce
from taskplan.spread import HERE, Spread

REPLICATIONS = 1000
TRIALS = 300
"""Replications of a trial."""
AS_GIVEN, BY_TRIAL = "as given", "by trial"
"""The split that the spec asks for itself, and the one that moving items finds."""
LEAST = 1e-6
"""The weight of who has no share but a minimum."""
Weights = dict[int, dict[str, float]]
"""By index of a task in the spec: everyone's weight, by e-mail."""


@dataclass(frozen=True, slots=True)
class Met:
    """The best plan found, its chance to be on time, that of each split tried, and which was taken."""

    plan: Plan
    on_time: float
    tried: Mapping[str, float]
    taken: str


def meet_due(
    spec: Spec,
    workforce: Workforce,
    replan: Callable[[Spec], Plan],
    *,
    table: ItemTable | None = None,
    replications: int | None = None,
    spread: Spread = HERE,
) -> Met:
    """Plan with the workloads of which all due dates are kept most probably.

    `replan` makes the plan of a spec. Tried are the split that the spec asks for, the one of
    `split_in_time`, one by everyone's capacity until the due date and an equal one, and what comes out of the
    best of them by `shifted`, each planned and simulated on the same random numbers; the first is taken
    that is not worse than the best by more than chance. Weights of the spec give way; skills and limits
    stay, and so do tasks with counts or percentages, quality and pulling tasks, and redistributions.
    The simulations are `spread`, the plans are made here.
    InputError where there is no due date. Of large plans fewer replications than `REPLICATIONS` are usual.
    """
    plan = replan(spec)
    staged = stage(plan, workforce, seed=plan.seed, table=table)
    if not np.isfinite(staged.due).any():
        raise InputError(
            "no task has a due date", source=spec.source, path="tasks", hint="give one: due: 2029-01-31"
        )
    replications = replications or min(REPLICATIONS, usual_replications(staged.model))
    plans = {AS_GIVEN: plan}
    for name, weights in _proposals(spec, staged).items():
        if weights and (made := _planned(spec, weights, replan)) is not None:
            plans[name] = made
    kept: dict[str, NDArray[np.bool_]] = {}
    posed = {name: stage(made, workforce, seed=plan.seed, table=table) for name, made in plans.items()}
    for name, one in posed.items():
        kept[name] = _kept(one, replications, spread)
    best = max(kept, key=lambda name: float(kept[name].mean()))
    weights = _improved(spec, posed[best], replications, spread)
    if weights and (made := _planned(spec, weights, replan)) is not None:
        plans[BY_TRIAL] = made
        staged = stage(made, workforce, seed=plan.seed, table=table)
        kept[BY_TRIAL] = _kept(staged, replications, spread)
    best = max(kept, key=lambda name: float(kept[name].mean()))
    # The first that is not worse than the best by more than chance.
    taken = next(name for name in kept if not _is_better(kept[best], kept[name]))
    tried = {name: float(found.mean()) for name, found in kept.items()}
    return Met(plans[taken], tried[taken], tried, taken)


def _planned(spec: Spec, weights: Weights, replan: Callable[[Spec], Plan]) -> Plan | None:
    """Return the plan with these weights; None where what the spec asks for does not allow them."""
    try:
        return replan(with_weights(spec, weights))
    except (InputError, InfeasibleError):
        return None


def _kept(staged: Staged, replications: int, spread: Spread) -> NDArray[np.bool_]:
    """Tell of each replication whether all due dates are kept."""
    finish = simulate(staged.model, replications, spread=spread).finish
    kept: NDArray[np.bool_] = np.all(finish <= staged.due[:, None], axis=0)
    return kept


def _is_better(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    """Tell whether one keeps more dates than the other, by more than twice the standard error."""
    better, worse = int((one & ~other).sum()), int((~one & other).sum())
    # Where both are as good, either is the better one in half of the pairs that differ (Q. McNemar, 1947).
    return better - worse > 2 * math.sqrt(better + worse)


def _improved(spec: Spec, staged: Staged, replications: int, spread: Spread) -> Weights:
    """Return the weights of what moving items by trial finds; nothing where no move helps."""
    place = {index: _spec_task(spec, operation) for index, operation in enumerate(staged.operations)}
    movable = [
        index
        for index, task in place.items()
        if task is not None and mode_of(staged.operations[index]) == "distribution"
    ]
    trials = min(replications, TRIALS)
    found = shifted(staged.model, staged.due, movable, replications=trials, spread=spread)
    if found is staged.model:
        return {}
    weights: Weights = {}
    for index in movable:
        task = place[index]
        assert task is not None
        shares = weights.setdefault(task, {})
        for person in found.tasks[index].people:
            email = found.people[person].email
            shares[email] = shares.get(email, 0.0) + float((found.tasks[index].owner == person).sum())
    return weights


def with_weights(spec: Spec, weights: Weights) -> Spec:
    """Return a spec whose tasks are split by these weights; who has none is left out."""
    document = copy.deepcopy(dict(spec.document))
    for index, shares in weights.items():
        task = document["tasks"][index]
        kept: list[dict[str, Any]] = []
        for person in task["assignees"]:
            fields = {"email": person} if isinstance(person, str) else dict(person)
            weight = shares.get(fields["email"].lower(), 0.0)
            if fields.get("minimum"):
                weight = max(weight, LEAST)
            if weight > 0:
                fields = {name: value for name, value in fields.items() if name not in ("percent", "count")}
                kept.append({**fields, "weight": weight})
        task["assignees"] = kept
        # Equal parts are what is given up; other strategies take weights or refuse them.
        if strategy_of(spec, f"tasks[{index}]")[0] == "equal":
            del task["strategy"]
    return spec_from(document, source=spec.source)


def _proposals(spec: Spec, staged: Staged) -> dict[str, Weights]:
    proposals: dict[str, Weights] = {"for the due date": {}, "by capacity": {}, "equal": {}}
    model = staged.model
    taken = np.zeros((len(model.people), 2))
    order = sorted(range(len(model.tasks)), key=lambda index: (-model.tasks[index].priority, index))
    for index in order:
        operation, due = staged.operations[index], float(staged.due[index])
        task = _spec_task(spec, operation)
        if task is None or not np.isfinite(due) or mode_of(operation) != "distribution":
            _take(model, index, taken)
            continue
        people = model.tasks[index].people
        names = {person: model.people[person].email for person in people}
        room = capacities(model, index, due) or dict.fromkeys(people, 1.0)
        counts = split_in_time(
            [_runner(model, index, person, due, taken[person]) for person in people], model.tasks[index].jobs
        )
        found = (
            {names[person]: float(count) for person, count in zip(people, counts, strict=True)},
            {names[person]: round(float(capacity), 3) for person, capacity in room.items()},
            dict.fromkeys(names.values(), 1.0),
        )
        for proposal, shares in zip(proposals.values(), found, strict=True):
            total = proposal.setdefault(task, {})
            for email, share in shares.items():
                total[email] = total.get(email, 0.0) + share
        for person, count in zip(people, counts, strict=True):
            _add(model, index, person, count, taken)
    return proposals


def _spec_task(spec: Spec, operation: Operation) -> int | None:
    """Return which task of the spec an operation is of; None for those whose split is not ours to change."""
    for index, task in enumerate(spec.tasks):
        if task.redistribute is not None or _is_fixed(task):
            continue
        if operation.action == "add_items" and task.add_to is not None and operation.title == task.add_to:
            return index
        if operation.action == "create_task" and task.name and is_named(operation.title, task.name):
            return index
    return None


def _is_fixed(task: TaskSpec) -> bool:
    """Tell whether the spec says in numbers who gets how much."""
    people = (person for person in task.assignees if isinstance(person, Person))
    return any(person.count is not None or person.percent is not None for person in people)


def _runner(model: Model, index: int, person: int, due: float, taken: Floats) -> Runner:
    mean, variance = _item(model, index, person)
    return Runner(worked_by(model, person, due), mean, variance, float(taken[0]), float(taken[1]))


def _item(model: Model, index: int, person: int) -> tuple[float, float]:
    """Return mean and variance of the minutes that an item takes a person, done again where it must be."""
    worker = model.people[person]
    mean = float(minutes_each(model, index)[person]) * (1 + worker.rework * _again(model, index, person))
    cv = {"exponential": 1.0, "fixed": 0.0}.get(worker.shape, worker.cv)
    return mean, (cv * mean) ** 2


def _again(model: Model, index: int, person: int) -> float:
    """Return how often an item of a person comes back on average: a geometric number."""
    reviewers = [p for task in model.tasks if task.reviews == index for p in task.people]
    if not reviewers:
        return 0.0
    worker = model.people[person]
    passes = sum(model.people[p].misses for p in reviewers) / len(reviewers)
    fails = sum(model.people[p].rejects for p in reviewers) / len(reviewers)
    back = worker.errors * (1 - passes) + (1 - worker.errors) * fails
    return back / (1 - back)


def _take(model: Model, index: int, taken: Floats) -> None:
    """Count the work of a task that stays as it is; of a queue everybody has an equal part."""
    task = model.tasks[index]
    for person in task.people:
        own = int((task.owner == person).sum())
        _add(model, index, person, own + int((task.owner < 0).sum()) // len(task.people), taken)


def _add(model: Model, index: int, person: int, items: int, taken: Floats) -> None:
    mean, variance = _item(model, index, person)
    taken[person] += (items * mean, items * variance)
