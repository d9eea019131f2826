"""The spec: what the user asks for, as YAML, checked field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskplan.allocation.pulling import check_batches
from taskplan.errors import InputError, SpecError, did_you_mean
from taskplan.located import Located, is_too_deep, load_yaml, plain
from taskplan.planning.shapes import Shape, read_text, value_at
from taskplan.planning.spec_shape import (
    EXPECTED,
    EXPECTED_ENTRY,
    RESERVED,
    ROOMS,
    OrderSpec,
    Person,
    SpecDocument,
    TaskSpec,
)

SHAPE = Shape(SpecDocument, "a spec with tasks", EXPECTED, EXPECTED_ENTRY, ROOMS)


@dataclass(frozen=True, slots=True)
class Spec:
    """A checked spec that still knows where each field stands; `document` is the data as given."""

    dataset: str | None
    seed: int
    tasks: tuple[TaskSpec, ...]
    source: str
    document: Mapping[str, Any]
    located: Located

    def error(self, message: str, path: str, hint: str | None = None) -> SpecError:
        """Return an error about the field at `path`."""
        return SpecError(message, source=self.source, line=self.located.line(path), path=path, hint=hint)

    def given(self, path: str) -> Any:
        """Return the data as given at `path`, None where there is none."""
        return value_at(self.document, path)


_ITEMS = (".jsonl", ".ndjson", ".csv", ".zip")


def read_spec(path: Path) -> Spec:
    """Read and check a spec file; SpecError with file, line and field."""
    text = read_text(path, "a spec")
    if text.startswith('{"digest":"sha256:'):
        raise SpecError("is a plan, expected a spec", source=str(path), hint="`taskplan show` reads plans")
    try:
        located = load_yaml(text, str(path))
    except SpecError as error:
        if path.suffix.lower() in _ITEMS:
            error.hint = f"items are read with `taskplan plan --from {path}`"
        raise
    return _checked(located, str(path))


def spec_from(data: Mapping[str, Any], *, source: str = "spec") -> Spec:
    """Check a spec given as data; dates may be `datetime` objects, filters may be ``dtlpy.Filters``."""
    if is_too_deep(data):
        raise SpecError("is nested too deeply", source=source)
    return _checked(Located(plain(data)), source)


def strategy_of(spec: Spec, path: str) -> tuple[str | None, dict[str, Any]]:
    """Return the strategy that the task at `path` names, None where it leaves the choice, and its options."""
    given = spec.given(f"{path}.strategy")
    if not isinstance(given, dict):
        return given, {}
    return given["name"], {
        name: value for name, value in given.items() if name != "name" and value is not None
    }


def spec_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of specs."""
    return SHAPE.schema("taskplan spec")


def _checked(located: Located, source: str) -> Spec:
    document = SHAPE.convert(located, source)
    spec = Spec(document.dataset, document.seed, tuple(document.tasks), source, located.data, located)
    for index, task in enumerate(spec.tasks):
        _check_task(spec, task, f"tasks[{index}]")
    return spec


def _check_task(spec: Spec, task: TaskSpec, path: str) -> None:
    """Check what a schema cannot say: which fields go together."""
    if sum(field is not None for field in (task.name, task.add_to, task.redistribute)) != 1:
        raise spec.error("expected one of name (a new task), add_to and redistribute (an existing one)", path)
    if not task.assignees:
        raise spec.error('"assignees" is missing', path)
    if task.filter is not None and task.items is not None:
        raise spec.error("expected either filter or items, got both", f"{path}.items")
    if task.items is not None and (task.items.ids is None) == (task.items.filenames is None):
        raise spec.error("expected either ids or filenames", f"{path}.items")
    if task.type == "qa" and task.existing is None and task.of is None:
        raise spec.error('"of" is missing: a qa task names the task that it reviews', path)
    if task.of is not None and task.type != "qa":
        raise spec.error("only a task of type qa reviews another", f"{path}.of")
    if RESERVED in task.metadata:
        raise spec.error(
            "is where taskplan keeps its own mark; take another name", f"{path}.metadata.{RESERVED}"
        )
    if isinstance(task.order, OrderSpec) and (task.order.stratified is None) == (task.order.grouped is None):
        raise spec.error("expected either stratified or grouped", f"{path}.order")
    if task.existing is not None:
        _check_existing(spec, task, path)
    if task.take_from is not None and task.redistribute is None:
        raise spec.error("goes with redistribute", f"{path}.take_from")
    for index, need in enumerate(task.needs if isinstance(task.needs, list) else ()):
        if not need.skills and not need.exclude:
            raise spec.error("expected skills or exclude, got neither", f"{path}.needs[{index}]")
    _check_people(spec, task, path)
    if task.quality is not None:
        _check_quality(spec, task, f"{path}")
    if task.pulling is not None:
        _check_pulling(spec, task, path)
    actions: set[str] = set()
    for index, status in enumerate(task.statuses):
        action = status if isinstance(status, str) else status.action
        if action in actions:
            raise spec.error(f'the status "{action}" is listed twice', f"{path}.statuses[{index}]")
        actions.add(action)
    seen: set[str] = set()
    for index, person in enumerate(task.assignees):
        email = (person if isinstance(person, str) else person.email).lower()
        if email in seen:
            raise spec.error(f"{email} is listed twice", f"{path}.assignees[{index}]")
        seen.add(email)


_OF_A_TASK = ("type", "of", "due", "priority", "owner", "recipe", "statuses", "metadata", "split_above")
_LIMITS = ("minimum", "maximum", "skills", "capacity", "factors", "rate")
_PERSONAL = ("weight", "percent", "count", *_LIMITS)
_OF_SPLITS = ("strategy", "order", "effort", "needs", "kind", "overlap")


def _check_existing(spec: Spec, task: TaskSpec, path: str) -> None:
    how = "add_to" if task.add_to is not None else "redistribute"
    _refuse(spec, path, _OF_A_TASK, f"an existing task keeps its own; leave it out with {how}")
    _refuse(spec, path, ("overlap", "quality", "pulling"), "only a new task can be made so")
    if task.redistribute is not None:
        _refuse(spec, path, ("filter", "items", "limit"), "the items are those that the task has")
        _refuse(spec, path, ("effort", "needs", "kind"), "redistribute looks at shares and limits alone")
        people = ("skills", "capacity", "factors", "rate")
        _refuse_of_people(spec, path, people, "redistribute looks at shares and limits alone")
        name = strategy_of(spec, path)[0]
        if name not in (None, "sticky"):
            raise spec.error(f'only "sticky" redistributes, got "{name}"', f"{path}.strategy")


def _check_quality(spec: Spec, task: TaskSpec, path: str) -> None:
    quality = task.quality
    assert quality is not None
    place = f"{path}.quality"
    if task.type == "qa":
        raise spec.error("a quality task is of type annotation", place)
    _refuse(spec, path, (*_OF_SPLITS, "pulling"), "the platform itself splits a quality task")
    if quality.ground_truth is not None and quality.kind != "honeypot":
        raise spec.error("only a honeypot task has ground truth", f"{place}.ground_truth")
    if quality.assignees is not None and quality.kind != "consensus":
        raise spec.error("only a consensus task says how many people get an item", f"{place}.assignees")
    if quality.percent is not None and quality.kind == "qualification":
        raise spec.error("everyone gets all items of a qualification task", f"{place}.percent")
    if quality.percent is None and quality.kind == "honeypot":
        raise spec.error('"percent" is missing: how much of what everyone gets is ground truth', place)
    if quality.percent == 100 and quality.kind == "honeypot":
        raise spec.error("a honeypot task cannot be made of ground truth alone", f"{place}.percent")
    if quality.ground_truth is not None and task.split_above is not None:
        raise spec.error("ground truth of a filter cannot be dealt to several tasks", f"{path}.split_above")
    _refuse_of_people(
        spec, path, ("count", *_LIMITS), "the platform splits a quality task by percentages and weights alone"
    )
    if quality.kind == "qualification":
        _refuse_of_people(spec, path, _PERSONAL, "everyone gets all items of a qualification task")
    people = len(task.assignees)
    if quality.assignees is not None and not 2 <= quality.assignees <= people:
        raise spec.error(
            f"expected 2 people an item or more, up to the {people} assignees, got {quality.assignees}",
            f"{place}.assignees",
        )


def _check_pulling(spec: Spec, task: TaskSpec, path: str) -> None:
    assert task.pulling is not None
    _refuse(spec, path, _OF_SPLITS, "people take items of a pulling task as they go")
    _refuse_of_people(
        spec, path, _PERSONAL, "people take items of a pulling task as they go, so that nobody has a share"
    )
    try:
        check_batches(task.pulling.batch, task.pulling.maximum)
    except InputError as error:
        raise spec.error(error.message, f"{path}.pulling") from error


def _refuse_of_people(spec: Spec, path: str, names: tuple[str, ...], why: str) -> None:
    for index in range(len(spec.given(f"{path}.assignees"))):
        place = f"{path}.assignees[{index}]"
        if isinstance(spec.given(place), dict):
            _refuse(spec, place, names, why)


def _check_people(spec: Spec, task: TaskSpec, path: str) -> None:
    """Refuse what names other things than the task has, and would be looked at by nothing."""
    emails = [(person if isinstance(person, str) else person.email).lower() for person in task.assignees]
    for number, need in enumerate(task.needs if isinstance(task.needs, list) else ()):
        for place, who in enumerate(need.exclude):
            if who.lower() not in emails:
                raise spec.error(
                    f"{who} is none of the assignees",
                    f"{path}.needs[{number}].exclude[{place}]",
                    did_you_mean(who.lower(), emails),
                )
    for index, person in enumerate(task.assignees):
        if isinstance(person, Person) and person.factors.keys() - {"*"} and task.kind is None:
            raise spec.error(
                "names kinds of items, but the task has no kind",
                f"{path}.assignees[{index}].factors",
                "kind: metadata.user.scene says by which field kinds differ",
            )


def _refuse(spec: Spec, path: str, names: tuple[str, ...], why: str) -> None:
    given = spec.given(path)
    for name in names:
        if name in given:
            raise spec.error(why, f"{path}.{name}")
