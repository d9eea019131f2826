"""The protocol that every backend fills, and the small values that pass through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from taskplan.errors import BackendError
from taskplan.model.entities import DatasetInfo, TaskState
from taskplan.model.ids import ItemIds
from taskplan.model.table import ItemTable
from taskplan.planning.document import Operation


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend can do. `local`: it is a mock on this machine, safe to write without asking.

    `place` tells one place of this kind from another (an address and a project);
    what was done in one is not done in the other. `modes` are the kinds of tasks that
    hand out items otherwise than one person an item (`taskplan.planning.document.Mode`).
    """

    name: str
    local: bool
    actions: frozenset[str]
    summary: str = ""
    place: str = ""
    modes: frozenset[str] = frozenset()

    def check(self, operation: Operation) -> None:
        """BackendError for an operation that the backend cannot perform."""
        if operation.action not in self.actions:
            raise BackendError(f'{operation.id}: the backend "{self.name}" has no "{operation.action}"')
        if operation.mode is not None and operation.mode.kind not in self.modes:
            raise BackendError(
                f'{operation.id}: the backend "{self.name}" makes no {operation.mode.kind} tasks'
            )


@dataclass(frozen=True, slots=True)
class Context:
    """What performing one operation may need beyond the operation.

    `tasks` maps the ids of operations already done to task ids; `actor` is the
    e-mail recorded as creator; `now` is the time in milliseconds since 1970.
    """

    plan_digest: str
    dataset: str
    tasks: Mapping[str, str]
    actor: str
    now: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an operation did: `assignments` maps assignee to assignment id, `items` counts new refs."""

    task_id: str
    assignments: Mapping[str, str] = field(default_factory=dict)
    items: int = 0


class Backend(Protocol):
    """A place where plans are performed. Every method may raise BackendError."""

    def describe(self) -> Capabilities: ...

    def datasets(self) -> tuple[DatasetInfo, ...]: ...

    def snapshot(
        self, dataset: str | None, *, without: frozenset[str] = frozenset(), only: ItemIds | None = None
    ) -> ItemTable:
        """Return the items as they are now, leaving out refs made by operations with the keys `without`.

        The only dataset where None; NotFoundError with the nearest name. Where `only`
        is given, other items may be left out.
        """

    def members(self, dataset: str) -> frozenset[str] | None:
        """Return the lower-cased e-mails of the project's members, or None where they are not known."""

    def task(self, dataset: str, name_or_id: str, *, with_items: bool = True) -> TaskState:
        """Return a task; NotFoundError with the nearest name, InputError where a name is ambiguous.

        Without `with_items` its assignments may be left out.
        """

    def tasks(self, dataset: str | None = None) -> tuple[TaskState, ...]:
        """Return all tasks, oldest first."""

    def find(self, key: str) -> Outcome | None:
        """Return what the operation with this key did, or None where it never took effect."""

    def begun(self, key: str) -> bool:
        """Tell whether a part of the operation with this key is there, and not all of it."""

    def perform(self, operation: Operation, context: Context) -> Outcome:
        """Do one operation, leaving its key where `find` sees it once all of it is there.

        Called again after an interruption, it completes what is there.
        """

    def settle(self, keys: frozenset[str]) -> None:
        """Take away what operations with these keys may have made twice."""

    def items_of(self, operation: Operation) -> Mapping[str, ItemIds]:
        """Return assignee → ids that the operation holds now, for verification.

        What waits in a task and is in nobody's hands is listed under `QUEUE`. A copy
        in a quality task counts as its original, and an original that nobody sees is
        left out. Of a ``move_items`` it tells who holds the planned items now.
        """

    def undo_blockers(
        self, operation: Operation, together: frozenset[str], *, discard_work: bool = False
    ) -> tuple[str, ...]:
        """Say what stands against undoing the operation, a line each, when all of `together` are undone."""

    def undo(self, operation: Operation, *, discard_work: bool = False) -> Outcome | None:
        """Remove exactly what the operation made; None where nothing is left of it.

        BackendError where people have worked on it since (unless `discard_work`)
        or where something outside the plan depends on it.
        """

    def close(self) -> None: ...


class BackendPlugin(Protocol):
    """What the entry-point group ``taskplan.backends`` names."""

    name: str
    summary: str
    capabilities: tuple[str, ...]
    """What it can do, a word each: actions of plans, kinds of tasks, and ``rehearse`` or ``pull``."""

    def connect(self, options: Mapping[str, Any]) -> Backend:
        """Open the backend; `options` are those of the command line (``store`` is a path)."""
