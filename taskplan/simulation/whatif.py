"""What-if questions in words: ``+1 annotator``, ``-ben@example.com``, ``ann@example.com minutes=3``."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from taskplan.errors import InputError, did_you_mean
from taskplan.simulation.dealing import dealt, is_pooled, kept_weights, whole_for, with_tasks
from taskplan.simulation.jobs import Model
from taskplan.simulation.modelling import LEAST_SHARE, MOST_BACK
from taskplan.simulation.workforce import OTHER, Worker, WorkingTime

FORMS = '"+1 annotator", "+2 reviewers", "-ben@example.com", "ann@example.com minutes=3" or "all errors=0.02"'
SETTABLE = {
    "minutes": (0.0, 1e6),
    "review": (0.0, 1e6),
    "cv": (0.0, 100.0),
    "errors": (0.0, MOST_BACK),
    "misses": (0.0, MOST_BACK),
    "rejects": (0.0, MOST_BACK),
    "rework": (0.0, 1000.0),
    "skips": (0.0, MOST_BACK),
    "abandons": (0.0, MOST_BACK),
    "share": (LEAST_SHARE, 1.0),
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
        # Python reads no number of thousands of digits.
        count = int(found[1]) if len(found[1]) < 10 else MOST_ADDED + 1
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
        least = f"> {low:,.10g}" if positive else f"≥ {low:,.10g}"
        most = "" if math.isinf(high) else f" and {'≤' if positive else '<'} {high:,.10g}"
        raise InputError(f'expected a number {least}{most} in "{part}"', source="--what-if")
    return Changed(None if who == "all" else who, field, number)


def changed(model: Model, changes: Sequence[Change], exams: Collection[int] = ()) -> Model:
    """Return the model under the changes, made one after the other.

    What is split between people is split anew, once, in the same proportions; tasks of which everybody does
    all (`exams`, by index) are done by who is there then. Who is added has the average minutes and rates of
    those of the plan who do such work, and the calendar that most of them have. InputError for people
    without work in the plan.
    """
    staff = _Staff(model)
    for change in changes:
        if isinstance(change, Added):
            staff.add(change)
        elif isinstance(change, Removed):
            staff.remove(change)
        else:
            staff.model = _set(staff.model, change)
    return staff.shared_out(exams)


class _Staff:
    """Who works on which task, and with what weight, while changes are made.

    Items are handed out when all are known, so that one person twice is as two at once.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.planned = len(model.people)
        self.weights = [kept_weights(task) for task in model.tasks]
        self.changed: set[int] = set()

    def add(self, change: Added) -> None:
        tasks = [index for index, task in enumerate(self.model.tasks) if task.type == change.type]
        if not tasks:
            raise InputError(f"the plan has no {change.type} task to add people to", source="--what-if")
        alike = self._of_the_plan({person for index in tasks for person in self.model.tasks[index].people})
        role = "annotator" if change.type == "annotation" else "reviewer"
        first = len(self.model.people)
        taken = sum(worker.email.startswith(f"{role}+") for worker in self.model.people)
        new = [_average(self.model, alike, f"{role}+{taken + n + 1}") for n in range(change.count)]
        self.model = replace(self.model, people=(*self.model.people, *new))
        for index in tasks:
            weights = self.weights[index]
            known = [weights[person] for person in self._of_the_plan(weights)]
            numbers = range(first, first + len(new))
            weights.update(dict.fromkeys(numbers, math.fsum(known) / len(known)))
            self._works(index, (*self.model.tasks[index].people, *numbers))

    def remove(self, change: Removed) -> None:
        person = _place(self.model, change.email)
        for index, task in enumerate(self.model.tasks):
            if person not in task.people:
                continue
            rest = tuple(other for other in task.people if other != person)
            if not rest:
                raise InputError(
                    f"{change.email} is the only one who works on {task.name}", source="--what-if"
                )
            self.weights[index].pop(person, None)
            if not self.weights[index]:
                self.weights[index] = dict.fromkeys(rest, 1.0)
            self._works(index, rest)

    def shared_out(self, exams: Collection[int]) -> Model:
        """Return the model with the items of all tasks that have changed handed out."""
        tasks = list(self.model.tasks)
        for index in self.changed:
            task = tasks[index]
            if is_pooled(task):
                continue
            if index in exams:
                tasks[index] = whole_for(task, list(self.weights[index]))
            else:
                tasks[index] = replace(dealt(self.model, index, self.weights[index]), people=task.people)
        return with_tasks(self.model, tasks)

    def _works(self, index: int, people: tuple[int, ...]) -> None:
        tasks = list(self.model.tasks)
        tasks[index] = replace(tasks[index], people=people)
        self.model = with_tasks(self.model, tasks)
        self.changed.add(index)

    def _of_the_plan(self, people: Iterable[int]) -> list[int]:
        """Return those who are in the plan, or all where those have left."""
        everybody = sorted(people)
        return [person for person in everybody if person < self.planned] or everybody


def _average(model: Model, alike: list[int], name: str) -> Worker:
    """Return a worker like the average of some, with the calendar that most of them have.

    That of somebody who stays, or, where all leave, of who leaves last: nothing is known of later hours.
    """
    workers = [model.people[person] for person in alike]
    longest = max(worker.time.leaves for worker in workers)
    staying = [worker.time for worker in workers if worker.time.leaves == longest]
    calendars = Counter(map(_calendar, staying))
    most = max(calendars.values())
    time = next(time for time in staying if calendars[_calendar(time)] == most)
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
    ((shape, _),) = Counter(worker.shape for worker in workers).most_common(1)
    return Worker(name, time, minutes, shape=shape, **rates)


def _calendar(time: WorkingTime) -> tuple[bytes, bytes, float]:
    return time.opens.tobytes(), time.closes.tobytes(), time.share


def _place(model: Model, email: str) -> int:
    for index, worker in enumerate(model.people):
        if worker.email == email:
            return index
    names = [worker.email for worker in model.people]
    raise InputError(f"{email} has no work in the plan", source="--what-if", hint=did_you_mean(email, names))


def _set(model: Model, change: Changed) -> Model:
    chosen = range(len(model.people)) if change.email is None else [_place(model, change.email)]
    people = list(model.people)
    for person in chosen:
        worker = people[person]
        if change.field == "minutes":
            factor = change.value / worker.minutes.get(OTHER, 1.0)
            minutes = {kind: value * factor for kind, value in worker.minutes.items()}
            people[person] = replace(worker, minutes={**minutes, OTHER: change.value})
        elif change.field == "share":
            people[person] = replace(worker, time=replace(worker.time, share=change.value))
        elif change.field == "cv" and worker.shape in ("exponential", "fixed"):
            raise InputError(
                f"cv says nothing of {worker.email}, whose minutes are {worker.shape}", source="--what-if"
            )
        else:
            people[person] = replace(worker, **{change.field: change.value})  # type: ignore[arg-type]
        if people[person].skips + people[person].abandons > MOST_BACK:
            raise InputError(f"{worker.email} would never finish anything", source="--what-if")
    return replace(model, people=tuple(people))
