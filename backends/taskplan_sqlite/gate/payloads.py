"""Bodies that several operations share."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Text = Annotated[str, Meta(min_length=1)]
Email = Annotated[str, Meta(pattern=r"^[^@\s<>]+@[^@\s<>]+$(?!\n)")]
Moment = Annotated[float, Meta(ge=0, lt=253_402_300_800_000)]
"""Milliseconds since 1970, up to the year 9999."""
Count = Annotated[float, Meta(ge=0, le=2**31, multiple_of=1)]


class Load(msgspec.Struct, rename="camel"):
    """One assignee's part of a workload, in percent."""

    assignee_id: Email
    load: float


class System(msgspec.Struct, rename="camel"):
    """The part of a task's system metadata that decides how it is handed out."""

    allowed_assignees: list[Email] | None = None
    recipes: list[str] | None = None


class Metadata(msgspec.Struct):
    """Metadata, of which the system's part must be an object."""

    system: System | None = None


def check_metadata(sent: Any) -> None:
    """ValidationError for metadata whose system part has not the shape that the platform reads."""
    msgspec.convert(sent, Metadata | None)


class TaskSpec(msgspec.Struct, rename="camel"):
    """What kind of task it is."""

    type: Literal["annotation", "qa"] = "annotation"
    parent_task_id: str | None = None


class Action(msgspec.Struct, rename="camel"):
    """A status that a task offers."""

    action: Text
    display_name: str | None = None
    color: str | None = None
    icon: str | None = None


class NewTask(msgspec.Struct, rename="camel"):
    """A task as it is asked for; `query` is JSON text."""

    name: Text
    dataset_id: str
    query: str
    project_id: str | None = None
    task_owner: Email | None = None
    recipe_id: str | None = None
    spec: TaskSpec = msgspec.field(default_factory=TaskSpec)
    due_date: Moment | None = None
    priority: Literal[1, 2, 3] | None = None
    workload: list[Load] | None = None
    limit: Count | None = None
    available_actions: list[Action] | None = None
    check_if_exist: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    percentage: bool | None = None
    empty_task: bool | None = None


class TaskChange(msgspec.Struct, rename="camel"):
    """What may change in a task; the SDK sends the whole task, and the rest of it is left alone."""

    name: Text | None = None
    recipe_id: str | None = None
    query: str | None = None
    task_owner: Email | None = None
    priority: Literal[1, 2, 3] | None = None
    due_date: Moment | None = None
    status: Literal["open", "dismissed", "completed", "completed with issues", "in progress"] | None = None
    available_actions: list[Action] | None = None
    metadata: dict[str, Any] | None = None
    description: dict[str, Any] | str | None = None


class Additions(msgspec.Struct, rename="camel"):
    """Items that a task gets more of."""

    query: str
    workload: list[Load] | None = None
    limit: Count | None = None


class Removal(msgspec.Struct):
    """Items that leave a task."""

    query: str


class Contributors(msgspec.Struct):
    """People who join a task or leave it."""

    action: Literal["add", "remove"]
    assignees: list[Email] = []


class StatusChange(msgspec.Struct, rename="camel"):
    """A status that is set (create) or taken away (delete)."""

    operation: Literal["create", "delete"] = "create"
    status: str | None = None
    return_last_status: bool | None = None


class BulkStatus(msgspec.Struct, rename="camel"):
    """A status for several items."""

    item_ids: list[str]
    status_payload: StatusChange


class Reassignment(msgspec.Struct, rename="camel"):
    """Who takes an assignment over."""

    annotator: Email
    task_id: str | None = None


class Redistribution(msgspec.Struct, rename="camel"):
    """Among whom an assignment is shared out."""

    workload: Annotated[list[Load], Meta(min_length=1)]
    task_id: str | None = None


class AssignmentChange(msgspec.Struct):
    """What may change in an assignment."""

    name: Text | None = None
    metadata: dict[str, Any] | None = None


class Fields(msgspec.Struct):
    """Fields of an assignment that are asked for."""

    fields: list[str]


class Context(msgspec.Struct, rename="camel"):
    """A dataset, or projects."""

    project_ids: list[str] = []
    dataset_id: str | None = None
