"""The spec: what the user asks for, as YAML, checked field by field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from taskplan.dql.parse import show
from taskplan.errors import SpecError, did_you_mean
from taskplan.located import Located, is_too_deep, load_yaml, plain, unwritable

# A bare `$` would let a line end follow.
Email = Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s:;,=<>()]+$(?!\n)", description="An e-mail address.")]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
RESERVED = "taskplan"
"""The entry of a task's metadata where a replay leaves the operation's key."""


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Person(_Strict, frozen=True):
    """One assignee with a share: a weight, a percentage, or a fixed count of items."""

    email: Email
    weight: Annotated[float, Meta(gt=0)] | None = None
    percent: Annotated[float, Meta(ge=0, le=100)] | None = None
    count: Count | None = None


class ItemList(_Strict, frozen=True):
    """Items by id or by filename, in this order."""

    ids: list[str] | None = None
    filenames: list[str] | None = None


class StrategySpec(msgspec.Struct, frozen=True):
    """A strategy with its options (`method` of `weighted`); a strategy may take others, see `strategy_of`."""

    name: str
    method: str | None = None


class OrderSpec(_Strict, frozen=True):
    """An ordering by a path: `stratified` or `grouped`."""

    stratified: Annotated[str, Meta(min_length=1)] | None = None
    grouped: Annotated[str, Meta(min_length=1)] | None = None


class Status(_Strict, frozen=True):
    """An item action (custom status)."""

    action: Annotated[str, Meta(min_length=1)]
    label: str | None = None
    color: Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}$(?!\n)")] | None = None


class TaskSpec(_Strict, frozen=True):
    """One task to create (`name`), or items to add to an existing one (`add_to`)."""

    name: Annotated[str, Meta(min_length=1)] | None = None
    add_to: Annotated[str, Meta(min_length=1)] | None = None
    type: Literal["annotation", "qa"] = "annotation"
    of: str | None = None
    filter: dict[str, Any] | str | None = None
    items: ItemList | None = None
    assignees: Annotated[list[Email | Person], Meta(min_length=1)] = []
    strategy: str | StrategySpec | None = None
    order: Literal["as-listed", "interleaved", "shuffled"] | OrderSpec = "as-listed"
    limit: Positive | None = None
    due: str | None = None
    priority: Literal["low", "medium", "high"] | Literal[1, 2, 3] = "medium"
    owner: Email | None = None
    recipe: str | None = None
    statuses: list[Annotated[str, Meta(min_length=1)] | Status] = []
    metadata: dict[str, Any] = {}
    split_above: Positive | None = None

    @property
    def title(self) -> str:
        return self.name or str(self.add_to)


class SpecDocument(_Strict, frozen=True):
    """A taskplan spec: who annotates what."""

    tasks: Annotated[list[TaskSpec], Meta(min_length=1)]
    dataset: str | None = None
    seed: Count = 0


# What to say a field should be, for every field of a spec.
_EXPECTED = {
    "name": "a name",
    "add_to": "the name or id of a task",
    "of": "the name or id of a task",
    "dataset": "the name of a dataset",
    "recipe": "the name or id of a recipe",
    "ids": "a list of item ids",
    "filenames": "a list of filenames",
    "stratified": "a path such as metadata.user.scene",
    "grouped": "a path such as metadata.user.scene",
    "action": "a name",
    "label": "text",
    "method": "the name of a method",
    "seed": "a whole number ≥ 0",
    "weight": "a number > 0",
    "percent": "a percentage from 0 to 100",
    "count": "a whole number ≥ 0",
    "limit": "a whole number ≥ 1",
    "split_above": "a whole number ≥ 1",
    "email": "an e-mail address",
    "owner": "an e-mail address",
    "assignees": "a list of at least one e-mail, or {email, weight | percent | count}",
    "tasks": "a list of at least one task",
    "type": "annotation or qa",
    "priority": "low, medium, high or 1 to 3",
    "order": "as-listed, interleaved, shuffled, {stratified: path} or {grouped: path}",
    "strategy": "a name, or {name, method}",
    "filter": "fields such as {dir: /train}",
    "items": "{ids: [...]} or {filenames: [...]}",
    "due": "a date such as 2029-01-01",
    "metadata": "fields",
    "color": 'a colour such as "#ff0000"',
    "statuses": "a list of names, or {action, label, color}",
}
# The same, for one entry of a list.
_EXPECTED_ENTRY = {
    "assignees": "an e-mail, or {email, weight | percent | count}",
    "tasks": "a task",
    "statuses": "a name, or {action, label, color}",
    "ids": "an item id",
    "filenames": "a filename",
}
_ROOMS: tuple[tuple[re.Pattern[str], type[msgspec.Struct]], ...] = (
    (re.compile(r"tasks\[\d+\]\.assignees\[\d+\]"), Person),
    (re.compile(r"tasks\[\d+\]\.statuses\[\d+\]"), Status),
    (re.compile(r"tasks\[\d+\]\.items"), ItemList),
    (re.compile(r"tasks\[\d+\]\.order"), OrderSpec),
    (re.compile(r"tasks\[\d+\]\.strategy"), StrategySpec),
    (re.compile(r"tasks\[\d+\]"), TaskSpec),
    (re.compile(""), SpecDocument),
)
_COMPLAINT = re.compile(r"^(?P<what>.*?)(?: - at `\$?\.?(?P<path>.*?)`)?$", re.DOTALL)


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
        return _at(self.document, path)


_ITEMS = (".jsonl", ".ndjson", ".csv", ".zip")


def read_spec(path: Path) -> Spec:
    """Read and check a spec file; SpecError with file, line and field."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise SpecError("no such file", source=str(path)) from error
    except IsADirectoryError as error:
        raise SpecError("is a folder, expected a spec", source=str(path)) from error
    except UnicodeDecodeError as error:
        raise SpecError("is not UTF-8 text", source=str(path)) from error
    except OSError as error:
        raise SpecError(f"cannot be read: {error.strerror}", source=str(path)) from error
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
    schema = msgspec.json.schema(SpecDocument)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "taskplan spec", **schema}


def _checked(located: Located, source: str) -> Spec:
    if not isinstance(located.data, dict):
        found = "nothing" if located.data is None else show(located.data)
        raise SpecError(f"expected a spec with tasks, got {found}", source=source)
    if fault := unwritable(located.data):
        path, what = fault
        raise SpecError(what, source=source, line=located.line(path), path=path)
    try:
        document = msgspec.convert(located.data, SpecDocument)
    except msgspec.ValidationError as error:
        raise _translated(str(error), located, source) from error
    spec = Spec(document.dataset, document.seed, tuple(document.tasks), source, located.data, located)
    for index, task in enumerate(spec.tasks):
        _check_task(spec, task, f"tasks[{index}]")
    return spec


def _translated(complaint: str, located: Located, source: str) -> SpecError:
    found = _COMPLAINT.match(complaint)
    assert found is not None
    path, what = found["path"] or "", found["what"]
    # The library writes `[...]` for a list entry it does not number only inside dict keys.
    path = path.removesuffix("[...]")
    line = located.line(path)
    if unknown := re.match(r"Object contains unknown field `(.*)`", what):
        names = next(struct for pattern, struct in _ROOMS if pattern.fullmatch(path)).__struct_fields__
        place = f"{path}.{unknown[1]}".lstrip(".")
        return SpecError(
            "unknown field",
            source=source,
            line=located.line(place),
            path=place,
            hint=did_you_mean(unknown[1], names) or f"expected one of {', '.join(names)}",
        )
    if missing := re.match(r"Object missing required field `(.*)`", what):
        return SpecError(f'"{missing[1]}" is missing', source=source, line=line, path=path or None)
    name = (
        re.split(r"[.\[]", path)[-1] if not path.endswith("]") else path.rsplit("[", 1)[0].rsplit(".", 1)[-1]
    )
    expected = (_EXPECTED_ENTRY if path.endswith("]") else _EXPECTED)[name]
    message = f"expected {expected}, got {show(_at(located.data, path))}"
    return SpecError(message, source=source, line=line, path=path)


def _at(data: Any, path: str) -> Any:
    for part in re.findall(r"[^.\[\]]+", path):
        data = (
            data[int(part)] if isinstance(data, list) else data.get(part) if isinstance(data, dict) else None
        )
    return data


def _check_task(spec: Spec, task: TaskSpec, path: str) -> None:
    """Check what a schema cannot say: which fields go together."""
    if (task.name is None) == (task.add_to is None):
        raise spec.error("expected either name (a new task) or add_to (an existing one)", path)
    if not task.assignees:
        raise spec.error('"assignees" is missing', path)
    if task.filter is not None and task.items is not None:
        raise spec.error("expected either filter or items, got both", f"{path}.items")
    if task.items is not None and (task.items.ids is None) == (task.items.filenames is None):
        raise spec.error("expected either ids or filenames", f"{path}.items")
    if task.type == "qa" and task.add_to is None and task.of is None:
        raise spec.error('"of" is missing: a qa task names the task that it reviews', path)
    if task.of is not None and task.type != "qa":
        raise spec.error("only a task of type qa reviews another", f"{path}.of")
    if RESERVED in task.metadata:
        raise spec.error(
            "is where taskplan keeps its own mark; take another name", f"{path}.metadata.{RESERVED}"
        )
    if isinstance(task.order, OrderSpec) and (task.order.stratified is None) == (task.order.grouped is None):
        raise spec.error("expected either stratified or grouped", f"{path}.order")
    if task.add_to is not None:
        _check_addition(spec, task, path)
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


def _check_addition(spec: Spec, task: TaskSpec, path: str) -> None:
    defaults = {info.name: info.default for info in msgspec.structs.fields(TaskSpec)}
    given = spec.given(path)
    for name in ("type", "of", "due", "priority", "owner", "recipe", "statuses", "metadata", "split_above"):
        if name in given and name in defaults:
            raise spec.error("an existing task keeps its own; leave it out with add_to", f"{path}.{name}")
