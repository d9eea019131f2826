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
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from taskplan.errors import BackendError
from taskplan.planning.document import QUEUE, Operation
from taskplan.replay.backend import Context
from taskplan.replay.modes import is_quality, parts_of, system_of
from taskplan.replay.native import native_of
from taskplan_dataloop import marks
from taskplan_dataloop.client import Unclear
from taskplan_dataloop.platform import CommandFailed, Dataset, Document, Platform

T = TypeVar("T")
COPIES = "/.consensus/"
"""The platform's copies of items lie below such a folder."""
STABLE = 3
"""A number seen so many times in a row is taken to be the last word."""
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
    """What is in a task: item id → assignee (None: waiting), and item id → status where it has one.

    `copies` maps the copies in a quality task to their originals; those of the
    originals that nobody sees are left out.
    """

    assignees: Mapping[str, str | None]
    statuses: Mapping[str, str]
    copies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The request that makes a task: the query, percent by assignee, and `put`: what it surely puts where."""

    query: str | None
    loads: Mapping[str, float]
    put: Mapping[str, str] = field(default_factory=dict)
    native: bool = False


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
        copies: dict[str, str] = {}
        for item in self._platform.items(self._dataset, [{"metadata.system.refs.id": {"$in": [task]}}]):
            refs = item["metadata"]["system"].get("refs") or ()
            if item.get("srcItem") and COPIES in item["filename"]:
                copies[item["id"]] = item["srcItem"]
            assignees[item["id"]] = next((people[ref["id"]] for ref in refs if ref["id"] in people), None)
            for ref in refs:
                status = (ref.get("metadata") or {}).get("status")
                if ref["id"] == task and status is not None:
                    statuses[item["id"]] = status
        for original in copies.values():
            assignees.pop(original, None)
            statuses.pop(original, None)
        return Held(assignees, statuses, copies)

    def make(
        self, operation: Operation, context: Context, parent: str | None, actor: str
    ) -> tuple[Document, Mapping[str, str]]:
        """Return the task that the operation makes, and what was put into it just now.

        It is made where it is not there, with the first person's first items, or, where
        the platform hands the items out itself, with all; nothing was put into it, as
        far as is known, where it was there.
        """
        asked = self._asked(operation)
        put: dict[str, str] = {}

        def attempt() -> Document | None:
            found = self.made_by(operation.key)
            if found:
                return found[0]
            body = self._new(operation, context, parent, actor, native=asked.native)
            body["query"] = asked.query
            body["workload"] = [{"assigneeId": name, "load": load} for name, load in asked.loads.items()]
            put.update(asked.put)
            try:
                self._finish(self._client.write("POST", "/annotationtasks", body))
            except BackendError:
                # Whatever was put there has to be looked for.
                put.clear()
                raise
            return None

        return self._until(attempt, f"make the task of {operation.id}"), put

    def _asked(self, operation: Operation) -> _Asked:
        if is_quality(operation):
            # The copies are made together with the task, so that it is asked for whole.
            parts = parts_of(operation)
            return _Asked(_by_id(parts.items), {who.lower(): load for who, load in parts.loads.items()})
        if operation.mode is not None:
            people = operation.mode.people
            # With the task everybody is handed a batch, and there is to be enough for all.
            size = max(self._pace.request_items, (operation.mode.batch or 0) * len(people))
            first = operation.allocation.items.unpack()[:size].tolist()
            return _Asked(_by_id(first), {who.lower(): 100 / len(people) for who in people})
        native = native_of(operation)
        if self._pace.native and native.possible:
            return _Asked(stored_query(operation), native.loads, native=True)
        who, items = next(iter(operation.items_by_assignee().items()))
        put = {item: who.lower() for item in next(self._parts(items.tolist()), [])}
        return _Asked(_by_id(put), {who: 100.0}, put)

    def made_by(self, key: str) -> list[Document]:
        """Return the tasks that the operation with this key made, the one that counts first."""
        return marks.makers(self._platform.tasks(self._dataset), key)

    def fill(
        self,
        task: str,
        planned: Mapping[str, Sequence[str]],
        held: Held | None,
        *,
        misplaced: Callable[[str, str | None], bool] | None = None,
    ) -> None:
        """Add what is missing of assignee → item ids (of `QUEUE`: what waits); `held` is what is there.

        None to look. An item that is `misplaced` (item, who has it) is taken out first,
        unless somebody has worked on it.
        """
        state = [held]

        def attempt() -> bool | None:
            now = state[0] if state[0] is not None else self.held(task)
            # Whatever happens next, what is there has to be looked at again.
            state[0] = None
            wrong = [
                item
                for item, who in now.assignees.items()
                if misplaced is not None and item not in now.statuses and misplaced(item, who)
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

    def wait_for_copies(self, task: str, count: int) -> None:
        """Look until so many items are with people, or some are and no more come: copies take their time."""
        pause, seen = self._pace.settle, [0]
        for _ in range(self._pace.tries):
            seen.append(sum(who is not None for who in self.held(task).assignees.values()))
            if seen[-1] == count or (seen[-1] and len(seen) > STABLE and len({*seen[-STABLE:]}) == 1):
                return
            time.sleep(pause * self._jitter.uniform(0.5, 1.5))
            pause *= 2

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
        body: Document = {"query": _by_id(items), "asynced": True}
        if assignee != QUEUE:
            body["workload"] = [{"assigneeId": assignee, "load": 100}]
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
        system = {"system": system_of(operation.mode)} if operation.mode is not None else {}
        body: Document = {
            "name": fields.name,
            "taskOwner": (fields.owner or actor).lower(),
            "spec": spec,
            "datasetId": self._dataset.id,
            "projectId": self._dataset.project_id,
            "recipeId": fields.recipe or next(iter(self._dataset.recipes), None),
            "assignmentIds": [],
            "priority": fields.priority,
            "metadata": {"user": {**fields.metadata, marks.MARK: mark}, **system},
            "checkIfExist": {"query": {"filter": {"$and": [{f"metadata.user.{marks.MARK}.key": key}]}}},
            "asynced": True,
        }
        if is_quality(operation):
            body["percentage"] = True
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
        return _by_id(dict.fromkeys(operation.allocation.items.unpack()))
    return None
