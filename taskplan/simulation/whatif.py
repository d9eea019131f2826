"""What-if questions in words: ``+1 annotator``, ``-ben@example.com``, ``ann@example.com minutes=3``."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from taskplan.errors import InputError, did_you_mean
from taskplan.simulation.dealing import dealt, kept_weights, with_tasks
from taskplan.simulation.jobs import POOL, Model, Task
from taskplan.simulation.workforce import OTHER, Worker

FORMS = '"+1 annotator", "+2 reviewers", "-ben@example.com", "ann@example.com minutes=3" or "all errors=0.02"'
SETTABLE = {
    "minutes": (0.0, math.inf),
    "review": (0.0, math.inf),
    "cv": (0.0, math.inf),
    "errors": (0.0, 1.0),
    "misses": (0.0, 1.0),
    "rejects": (0.0, 1.0),
    "rework": (0.0, math.inf),
    "skips": (0.0, 1.0),
    "abandons": (0.0, 1.0),
    "share": (0.0, 1.0),
}
MOST_ADDED = 1000
_ADD = re.compile(r"\+\s*(\d+)\s*(annotators?|reviewers?)", re.IGNORECASE)
_LEAVE = re.compile(r"-\s*(\S+@\S+)")
_SET = re.compile(r"(all|\S+@\S+)\s+(\w+)\s*=\s*(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Added:
    """So many more people like those who do such work now."""

    count: int
    type: str


@dataclass(frozen=True, slots=True)
class Removed:
    """Somebody does nothing of it."""

    email: str


@dataclass(frozen=True, slots=True)
class Changed:
    """Somebody, or (None) everybody, is different in one respect."""

    email: str | None
    field: str
    value: float


Change = Added | Removed | Changed


def parse_changes(text: str) -> tuple[Change, ...]:
    """Read a question; several changes are separated by commas. InputError where it is none."""
    return tuple(_parse(part.strip(), text) for part in text.split(","))


def _parse(part: str, text: str) -> Change:
    if found := _ADD.fullmatch(part):
        count = int(found[1])
        if not 1 <= count <= MOST_ADDED:
            raise InputError(f'expected 1 to {MOST_ADDED:,} people to add, got "{part}"', source="--what-if")
        return Added(count, "annotation" if found[2].lower().startswith("a") else "qa")
    if found := _LEAVE.fullmatch(part):
        return Removed(found[1].lower())
    if found := _SET.fullmatch(part):
        return _setting(found[1].lower(), found[2].lower(), found[3], part)
    where = f' in "{text}"' if part != text else ""
    raise InputError(f'expected {FORMS}, got "{part}"{where}', source="--what-if")


def _setting(who: str, field: str, value: str, part: str) -> Changed:
    if field not in SETTABLE:
        raise InputError(
            f'"{field}" cannot be set, only {", ".join(SETTABLE)}',
            source="--what-if",
            hint=did_you_mean(field, SETTABLE),
        )
    low, high = SETTABLE[field]
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    positive = field in ("minutes", "review", "share", "rework")
    inside = low < number <= high if positive else low <= number < high
    if not (inside and math.isfinite(number)):
        least = f"> {low:g}" if positive else f"≥ {low:g}"
        most = "" if math.isinf(high) else f" and {'≤' if positive else '<'} {high:g}"
        raise InputError(f'expected a number {least}{most} in "{part}"', source="--what-if")
    return Changed(None if who == "all" else who, field, number)


def changed(model: Model, changes: tuple[Change, ...]) -> Model:
    """Return the model under the changes; what is split between people is split anew in the same proportions.

    Who is added has the average minutes and rates of those who do such work, the calendar that most
    of them have, and an average share. InputError for people without work in the plan.
    """
    for change in changes:
        if isinstance(change, Added):
            model = _added(model, change)
        elif isinstance(change, Removed):
            model = _removed(model, change)
        else:
            model = _set(model, change)
    return model


def _added(model: Model, change: Added) -> Model:
    tasks = [index for index, task in enumerate(model.tasks) if task.type == change.type]
    if not tasks:
        raise InputError(f"the plan has no {change.type} task to add people to", source="--what-if")
    alike = sorted({person for index in tasks for person in model.tasks[index].people})
    role = "annotator" if change.type == "annotation" else "reviewer"
    taken = sum(worker.email.startswith(f"{role}+") for worker in model.people)
    new = [_average(model, alike, f"{role}+{taken + n + 1}") for n in range(change.count)]
    first = len(model.people)
    numbers = tuple(range(first, first + len(new)))
    model = replace(model, people=(*model.people, *new))
    return with_tasks(
        model,
        [
            _joined(model, index, numbers) if index in tasks else task
            for index, task in enumerate(model.tasks)
        ],
    )


def _joined(model: Model, index: int, numbers: tuple[int, ...]) -> Task:
    task = model.tasks[index]
    if (task.owner == POOL).all():
        return replace(task, people=(*task.people, *numbers))
    weights = kept_weights(task)
    mean = sum(weights.values()) / len(weights)
    return dealt(model, index, {**weights, **dict.fromkeys(numbers, mean)})


def _average(model: Model, alike: list[int], name: str) -> Worker:
    """Return a worker like the average of some; the calendar is the one that most of them have."""
    workers = [model.people[person] for person in alike]
    calendars = Counter(_calendar(worker) for worker in workers)
    most = max(calendars.values())
    typical = next(worker for worker in workers if calendars[_calendar(worker)] == most)
    kinds = sorted({kind for worker in workers for kind in worker.minutes} | {OTHER})

    def mean(values: list[float]) -> float:
        return math.fsum(values) / len(values)

    rates = {
        field: mean([getattr(worker, field) for worker in workers])
        for field in (
            "review",
            "cv",
            "errors",
            "misses",
            "rejects",
            "rework",
            "skips",
            "skip_takes",
            "abandons",
        )
    }
    minutes = {k: mean([w.minutes.get(k, w.minutes.get(OTHER, 1.0)) for w in workers]) for k in kinds}
    time = replace(typical.time, leaves=np.inf)
    return Worker(name, time, minutes, shape=typical.shape, **rates)


def _calendar(worker: Worker) -> tuple[bytes, bytes, float]:
    return worker.time.opens.tobytes(), worker.time.closes.tobytes(), worker.time.share


def _place(model: Model, email: str) -> int:
    for index, worker in enumerate(model.people):
        if worker.email == email:
            return index
    names = [worker.email for worker in model.people]
    raise InputError(f"{email} has no work in the plan", source="--what-if", hint=did_you_mean(email, names))


def _removed(model: Model, change: Removed) -> Model:
    person = _place(model, change.email)
    tasks = []
    for index, task in enumerate(model.tasks):
        if person not in task.people:
            tasks.append(task)
            continue
        rest = tuple(other for other in task.people if other != person)
        if not rest:
            raise InputError(f"{change.email} is the only one who works on {task.name}", source="--what-if")
        if (task.owner == POOL).all():
            tasks.append(replace(task, people=rest))
            continue
        weights = {other: weight for other, weight in kept_weights(task).items() if other != person}
        tasks.append(dealt(model, index, weights or dict.fromkeys(rest, 1.0)))
    return with_tasks(model, tasks)


def _set(model: Model, change: Changed) -> Model:
    chosen = range(len(model.people)) if change.email is None else [_place(model, change.email)]
    people = list(model.people)
    for person in chosen:
        worker = people[person]
        if change.field == "minutes":
            factor = change.value / worker.minutes.get(OTHER, 1.0)
            minutes = {kind: value * factor for kind, value in worker.minutes.items()}
            people[person] = replace(worker, minutes={OTHER: change.value, **minutes})
        elif change.field == "share":
            people[person] = replace(worker, time=replace(worker.time, share=change.value))
        else:
            people[person] = replace(worker, **{change.field: change.value})  # type: ignore[arg-type]
        if people[person].skips + people[person].abandons >= 1:
            raise InputError(f"{worker.email} would never finish anything", source="--what-if")
    return replace(model, people=tuple(people))
