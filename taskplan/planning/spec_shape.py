"""The shape of a spec: its fields, and what to say each of them should be."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

# A bare `$` would let a line end follow.
Email = Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s:;,=<>()]+$(?!\n)", description="An e-mail address.")]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Amount = Annotated[float, Meta(ge=0)]
Name = Annotated[str, Meta(min_length=1)]
RESERVED = "taskplan"
"""The entry of a task's metadata where a replay leaves the operation's key."""


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Person(Strict, frozen=True):
    """One assignee with a share (a weight, a percentage, or a fixed count of items), limits and skills.

    `factors` maps a kind of item (``"*"``: any other) to how much longer this person
    takes for it; `rate` is the cost of a unit of effort; `capacity` how many units there are.
    """

    email: Email
    weight: Annotated[float, Meta(gt=0)] | None = None
    percent: Annotated[float, Meta(ge=0, le=100)] | None = None
    count: Count | None = None
    minimum: Count | None = None
    maximum: Count | None = None
    skills: list[Name] = []
    capacity: Amount | None = None
    factors: dict[str, Annotated[float, Meta(gt=0)]] = {}
    rate: Amount = 1


class ItemList(Strict, frozen=True):
    """Items by id or by filename, in this order."""

    ids: list[str] | None = None
    filenames: list[str] | None = None


class StrategySpec(msgspec.Struct, frozen=True):
    """A strategy with its options (`method` of `weighted`, `engine` of `eligible`, `rounds` of `matched`).

    A strategy may take others, see `strategy_of`.
    """

    name: str
    method: str | None = None
    engine: str | None = None
    rounds: Count | None = None


class NeedSpec(Strict, frozen=True):
    """Items of a filter (all where there is none) need skills, and may not go to some people."""

    where: dict[str, Any] | str | None = None
    skills: list[Name] = []
    exclude: list[Email] = []


class QualitySpec(Strict, frozen=True):
    """A quality task of the platform.

    `percent` of the items go to `assignees` people (consensus), or of what everyone gets
    are `ground_truth` (honeypot: those of the folder /honeypot where no filter is given).
    """

    kind: Literal["consensus", "honeypot", "qualification"]
    percent: Annotated[float, Meta(gt=0, le=100)] | None = None
    assignees: Positive | None = None
    ground_truth: dict[str, Any] | str | None = None


class PullingSpec(Strict, frozen=True):
    """A task from whose queue people take `batch` items at a time, up to `maximum` open ones."""

    batch: int
    maximum: int


class OrderSpec(Strict, frozen=True):
    """An ordering by a path: `stratified` or `grouped`."""

    stratified: Annotated[str, Meta(min_length=1)] | None = None
    grouped: Annotated[str, Meta(min_length=1)] | None = None


class Status(Strict, frozen=True):
    """An item action (custom status)."""

    action: Annotated[str, Meta(min_length=1)]
    label: str | None = None
    color: Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}$(?!\n)")] | None = None


class TaskSpec(Strict, frozen=True):
    """One task to create (`name`), or an existing one: items `add_to` it, or to `redistribute` in it."""

    name: Name | None = None
    add_to: Name | None = None
    redistribute: Name | None = None
    take_from: Annotated[list[Email], Meta(min_length=1)] | None = None
    type: Literal["annotation", "qa"] = "annotation"
    of: str | None = None
    filter: dict[str, Any] | str | None = None
    items: ItemList | None = None
    assignees: Annotated[list[Email | Person], Meta(min_length=1)] = []
    strategy: str | StrategySpec | None = None
    effort: Amount | str | None = None
    needs: list[NeedSpec] | str = []
    kind: Name | None = None
    overlap: Positive = 1
    quality: QualitySpec | None = None
    pulling: PullingSpec | None = None
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
        return self.name or str(self.existing)

    @property
    def existing(self) -> str | None:
        """The existing task that this changes."""
        return self.add_to or self.redistribute


class SpecDocument(Strict, frozen=True):
    """A taskplan spec: who annotates what."""

    tasks: Annotated[list[TaskSpec], Meta(min_length=1)]
    dataset: str | None = None
    seed: Count = 0


# What to say a field should be, for every field of a spec.
EXPECTED = {
    "name": "a name",
    "add_to": "the name or id of a task",
    "redistribute": "the name or id of a task",
    "take_from": "a list of at least one e-mail",
    "effort": "a number ≥ 0, a field (metadata.user.frames), or a formula (2 + 0.5 * annotations)",
    "needs": "a field such as metadata.user.needs, or a list of {where, skills, exclude}",
    "where": "fields such as {dir: /train}",
    "skills": "a list of names",
    "exclude": "a list of e-mails",
    "kind": "a field such as metadata.user.scene",
    "overlap": "a whole number ≥ 1",
    "quality": "{kind: consensus | honeypot | qualification, percent, assignees}",
    "ground_truth": "fields such as {dir: /truth}",
    "quality.kind": "consensus, honeypot or qualification",
    "quality.percent": "a percentage above 0 and up to 100",
    "quality.assignees": "a whole number ≥ 2",
    "pulling": "{batch, maximum}",
    "pulling.maximum": "a whole number",
    "batch": "a whole number",
    "minimum": "a whole number ≥ 0",
    "maximum": "a whole number ≥ 0",
    "capacity": "a number ≥ 0",
    "factors": "kinds of items with a number > 0 each, such as {night: 1.5}",
    "rate": "a number ≥ 0",
    "engine": "exchange, networkx or ortools",
    "rounds": "a whole number ≥ 0",
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
    "assignees": "a list of at least one e-mail, or {email, weight | percent | count, …}",
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
EXPECTED_ENTRY = {
    "assignees": "an e-mail, or {email, weight | percent | count}",
    "tasks": "a task",
    "needs": "{where, skills, exclude}",
    "skills": "a name",
    "exclude": "an e-mail address",
    "take_from": "an e-mail address",
    "statuses": "a name, or {action, label, color}",
    "ids": "an item id",
    "filenames": "a filename",
}
ROOMS: tuple[tuple[re.Pattern[str], type[msgspec.Struct]], ...] = (
    (re.compile(r"tasks\[\d+\]\.assignees\[\d+\]"), Person),
    (re.compile(r"tasks\[\d+\]\.statuses\[\d+\]"), Status),
    (re.compile(r"tasks\[\d+\]\.items"), ItemList),
    (re.compile(r"tasks\[\d+\]\.needs\[\d+\]"), NeedSpec),
    (re.compile(r"tasks\[\d+\]\.quality"), QualitySpec),
    (re.compile(r"tasks\[\d+\]\.pulling"), PullingSpec),
    (re.compile(r"tasks\[\d+\]\.order"), OrderSpec),
    (re.compile(r"tasks\[\d+\]\.strategy"), StrategySpec),
    (re.compile(r"tasks\[\d+\]"), TaskSpec),
    (re.compile(""), SpecDocument),
)
