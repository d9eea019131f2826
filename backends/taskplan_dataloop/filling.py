"""Doing an operation on the platform, however often it is interrupted: look, send what is missing, look.

Nothing is sent before looking what is there already. A request that was lost on
the way is not sent again before a pause and another look, so that a task is made
once, and an item reaches a person once. The platform's own ``checkIfExist`` guards
the making of a task besides, for a lost request that arrives late.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from taskplan.errors import BackendError
from taskplan.planning.document import Operation
from taskplan.replay.backend import Context
from taskplan.replay.native import native_of
from taskplan_dataloop import marks
from taskplan_dataloop.client import Unclear
from taskplan_dataloop.platform import CommandFailed, Dataset, Document, Platform

T = TypeVar("T")
LISTED = 1000
"""Up to so many items a task's stored query lists by id; beyond, it is the plan's own query."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How requests are cut and repeated.

    `request_items` ids go into one request; `tries` looks are taken before an
    operation is given up for now; the first pause between two is `settle`
    seconds, each further one twice as long, with jitter. With `native` the platform
    splits where the plan is what it would do anyway.
    """

    request_items: int = 2000
    tries: int = 8
    settle: float = 1.0
    native: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """What is in a task: item id → assignee (None: waiting), and item id → status where it has one."""

    assignees: Mapping[str, str | None]
    statuses: Mapping[str, str]


class Filling:
    """Performs operations on one dataset."""

    def __init__(self, platform: Platform, dataset: Dataset, pace: Pace) -> None:
        self._platform = platform
        self._client = platform.client
        self._dataset = dataset
        self._pace = pace
        self._jitter = np.random.default_rng()

    def held(self, task: str) -> Held:
        """Return what is in a task now."""
        people = {
            found["id"]: str(found["annotator"]).lower()
            for found in self._platform.assignments(self._dataset, task)
        }
        assignees: dict[str, str | None] = {}
        statuses: dict[str, str] = {}
        for item in self._platform.items(self._dataset, [{"metadata.system.refs.id": {"$in": [task]}}]):
            refs = item["metadata"]["system"].get("refs") or ()
            assignees[item["id"]] = next((people[ref["id"]] for ref in refs if ref["id"] in people), None)
            for ref in refs:
                status = (ref.get("metadata") or {}).get("status")
                if ref["id"] == task and status is not None:
                    statuses[item["id"]] = status
        return Held(assignees, statuses)

    def make(
        self, operation: Operation, context: Context, parent: str | None, actor: str
    ) -> tuple[Document, Mapping[str, str]]:
        """Return the task that the operation makes, and what was put into it just now.

        It is made where it is not there, with the first person's first items;
        nothing was put into it, as far as is known, where it was there.
        """
        who, items = next(iter(operation.items_by_assignee().items()))
        first = {item: who.lower() for item in next(self._parts(items.tolist()), [])}
        put: dict[str, str] = {}
        native = native_of(operation)
        by_platform = self._pace.native and native.possible

        def attempt() -> Document | None:
            found = self.made_by(operation.key)
            if found:
                return found[0]
            body = self._new(operation, context, parent, actor, native=by_platform)
            if by_platform:
                query, loads = stored_query(operation), native.loads
            else:
                query, loads = _by_id(first), {who: 100.0}
                put.update(first)
            body["query"] = query
            body["workload"] = [{"assigneeId": name, "load": load} for name, load in loads.items()]
            try:
                self._finish(self._client.write("POST", "/annotationtasks", body))
            except BackendError:
                # Whatever was put there has to be looked for.
                put.clear()
                raise
            return None

        return self._until(attempt, f"make the task of {operation.id}"), put

    def made_by(self, key: str) -> list[Document]:
        """Return the tasks that the operation with this key made, the one that counts first."""
        return marks.makers(self._platform.tasks(self._dataset), key)

    def fill(
        self, task: str, planned: Mapping[str, Sequence[str]], held: Held | None, *, repair: bool
    ) -> None:
        """Add what is missing of assignee → item ids; `held` is what is there, None to look.

        With `repair` the platform has split the items: what is with another person, or
        was not planned, is taken out first, unless somebody has worked on it.
        """
        state = [held]
        owners = {item: who for who, items in planned.items() for item in items}

        def attempt() -> bool | None:
            now = state[0] if state[0] is not None else self.held(task)
            # Whatever happens next, what is there has to be looked at again.
            state[0] = None
            wrong = [
                item
                for item, who in now.assignees.items()
                if repair and owners.get(item) != who and item not in now.statuses
            ]
            if wrong:
                for part in self._parts(wrong):
                    asked = {"query": _by_id(part), "asynced": True}
                    self._finish(self._client.write("POST", f"/annotationtasks/{task}/removeFromTask", asked))
                return None
            missing = {
                who: [item for item in items if item not in now.assignees] for who, items in planned.items()
            }
            for who, items in missing.items():
                for part in self._parts(items):
                    self._add(task, who, part)
            return True

        self._until(attempt, "add the items")

    def mark(self, task: str, change: Callable[[Document], Document]) -> Document:
        """Change a task's mark and other fields of its own; `change` gets the task and returns the fields."""

        def attempt() -> Document | None:
            found = self._platform.task(task)
            if found is None:
                raise BackendError(f"the task {task} is gone")
            fields = change(found)
            if not fields:
                return found
            self._client.write("PATCH", f"/annotationtasks/{task}", fields)
            return None

        return self._until(attempt, "note in the task what was done")

    def delete(self, task: str) -> None:
        """Delete a task."""

        def attempt() -> bool | None:
            if self._platform.task(task) is None:
                return True
            self._finish(self._client.write("DELETE", f"/annotationtasks/{task}", {"asynced": True}))
            return None

        self._until(attempt, "delete the task")

    def take_out(self, task: str, items: Sequence[str], *, discard_work: bool) -> None:
        """Take items out of a task; their statuses go first where `discard_work` says so."""

        def attempt() -> bool | None:
            held = self.held(task)
            there = [item for item in items if item in held.assignees]
            if not there:
                return True
            worked = [item for item in there if item in held.statuses]
            if worked and not discard_work:
                raise BackendError(f"{len(worked):,} items of the task have a status")
            for status in sorted({held.statuses[item] for item in worked}):
                for part in self._parts([item for item in worked if held.statuses[item] == status]):
                    body = {"itemIds": part, "statusPayload": {"operation": "delete", "status": status}}
                    self._client.write("POST", f"/assignments/items/tasks/{task}/status", body)
            for part in self._parts(there):
                asked = {"query": _by_id(part), "asynced": True}
                self._finish(self._client.write("POST", f"/annotationtasks/{task}/removeFromTask", asked))
            return None

        self._until(attempt, "take the items out of the task")

    def _add(self, task: str, assignee: str, items: Sequence[str]) -> None:
        body = {
            "query": _by_id(items),
            "workload": [{"assigneeId": assignee, "load": 100}],
            "asynced": True,
        }
        self._finish(self._client.write("POST", f"/annotationtasks/{task}/addToTask", body))

    def _finish(self, answer: Any) -> None:
        # With checkIfExist the platform may answer with the task instead of a command.
        if isinstance(answer, Mapping) and "status" in answer and "spec" in answer and "name" not in answer:
            self._platform.finished(dict(answer))

    def _new(
        self,
        operation: Operation,
        context: Context,
        parent: str | None,
        actor: str,
        *,
        native: bool,
    ) -> Document:
        fields = operation.task
        assert fields is not None
        spec: Document = {"type": fields.type}
        if parent is not None:
            spec["parentTaskId"] = parent
        key = operation.key
        mark = marks.made(key, context.plan_digest, native=native)
        body: Document = {
            "name": fields.name,
            "taskOwner": (fields.owner or actor).lower(),
            "spec": spec,
            "datasetId": self._dataset.id,
            "projectId": self._dataset.project_id,
            "recipeId": fields.recipe or next(iter(self._dataset.recipes), None),
            "assignmentIds": [],
            "priority": fields.priority,
            "metadata": {"user": {**fields.metadata, marks.MARK: mark}},
            "checkIfExist": {"query": {"filter": {"$and": [{f"metadata.user.{marks.MARK}.key": key}]}}},
            "asynced": True,
        }
        if fields.due is not None:
            body["dueDate"] = fields.due
        if fields.actions:
            body["availableActions"] = [dict(action) for action in fields.actions]
        return body

    def _parts(self, items: Sequence[str]) -> Iterator[list[str]]:
        size = self._pace.request_items
        for start in range(0, len(items), size):
            yield list(items[start : start + size])

    def _until(self, attempt: Callable[[], T | None], what: str) -> T:
        """Repeat an attempt until it returns something; what is lost or failed is looked at again."""
        pause = self._pace.settle
        for turn in range(1, self._pace.tries + 1):
            try:
                found = attempt()
            except (Unclear, CommandFailed) as error:
                if turn == self._pace.tries:
                    raise BackendError(
                        f"could not {what}: {error}; the same command looks and continues", retryable=True
                    ) from error
                time.sleep(pause * self._jitter.uniform(0.5, 1.5))
                pause *= 2
                continue
            if found is not None:
                return found
        raise BackendError(f"could not {what}: the platform does not show it; the same command continues")


def _by_id(items: Iterable[str]) -> str:
    """Return a query of items by id, as the JSON text that tasks are sent."""
    # Nothing but ids: the SDK's own calls would turn apostrophes in a filter into quotation marks.
    return json.dumps({"filter": {"$and": [{"id": {"$in": list(items)}}]}, "resource": "items"})


def stored_query(operation: Operation) -> str | None:
    """Return the query that a finished task keeps, so that people see what it was made of."""
    if operation.selection.query is not None:
        return json.dumps({**operation.selection.query, "resource": "items"}, ensure_ascii=False)
    if operation.allocation.items.count <= LISTED:
        return _by_id(operation.allocation.items.unpack())
    return None
