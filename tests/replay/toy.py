"""The smallest backend there can be: everything in memory. docs/backends.md shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from taskplan.errors import BackendError, InputError, NotFoundError, did_you_mean
from taskplan.model.entities import AssignmentState, DatasetInfo, TaskState
from taskplan.model.ids import ItemIds
from taskplan.model.memory import MemoryTable
from taskplan.model.table import ItemTable
from taskplan.planning.document import Operation
from taskplan.replay.backend import Capabilities, Context, Outcome


@dataclass
class ToyTask:
    id: str
    fields: dict[str, Any]
    owners: dict[str, str] = field(default_factory=dict)  # item → assignee
    made_by: dict[str, str] = field(default_factory=dict)  # item → key of the operation
    statuses: dict[str, str] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)  # the first one made the task


@dataclass
class ToyPlace:
    project: str = ""
    dataset: str = ""
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[str, ToyTask] = field(default_factory=dict)


class ToyBackend:
    """A `taskplan.replay.backend.Backend` over a `ToyPlace`."""

    def __init__(self, place: ToyPlace) -> None:
        self._place = place

    def describe(self) -> Capabilities:
        return Capabilities("toy", local=True, actions=frozenset({"create_task", "add_items"}))

    def close(self) -> None:
        pass

    def datasets(self) -> tuple[DatasetInfo, ...]:
        place = self._place
        return (DatasetInfo(place.dataset, place.dataset, place.project, len(place.items)),)

    def snapshot(
        self, dataset: str | None, *, without: frozenset[str] = frozenset(), only: ItemIds | None = None
    ) -> ItemTable:
        place = self._place
        if dataset not in (None, place.dataset):
            hint = did_you_mean(str(dataset), [place.dataset])
            raise NotFoundError(f'there is no dataset "{dataset}"', hint=hint)
        found = []
        for item, document in place.items.items():
            refs = [
                {"id": ref, "type": kind}
                for task in place.tasks.values()
                if item in task.owners and task.made_by[item] not in without
                for ref, kind in ((task.id, "task"), (f"{task.id}-{task.owners[item]}", "assignment"))
            ]
            metadata = {**document["metadata"], "system": {"refs": refs}}
            found.append({**document, "metadata": metadata, "annotations": []})
        return MemoryTable.from_documents(found, dataset=place.dataset, project=place.project)

    def members(self, dataset: str) -> frozenset[str] | None:
        return None

    def task(self, dataset: str, name_or_id: str, *, with_items: bool = True) -> TaskState:
        place = self._place
        if name_or_id in place.tasks:
            return self._state(place.tasks[name_or_id])
        named = [task for task in place.tasks.values() if task.fields["name"] == name_or_id]
        if len(named) > 1:
            raise InputError(f'{len(named)} tasks are named "{name_or_id}"')
        if not named:
            raise NotFoundError(f'there is no task "{name_or_id}"')
        return self._state(named[0])

    def tasks(self, dataset: str | None = None) -> tuple[TaskState, ...]:
        return tuple(map(self._state, self._place.tasks.values()))

    def find(self, key: str) -> Outcome | None:
        task = self._with(key)
        if task is None:
            return None
        held = {who: f"{task.id}-{who}" for item, who in task.owners.items() if task.made_by[item] == key}
        return Outcome(task.id, held, sum(made == key for made in task.made_by.values()))

    def begun(self, key: str) -> bool:
        return False

    def settle(self, keys: frozenset[str]) -> None:
        pass

    def perform(self, operation: Operation, context: Context) -> Outcome:
        present = self.find(operation.key)
        if present is not None:
            return present
        if operation.task is not None:
            fields = operation.task
            parent = context.tasks.get(fields.parent or "", fields.parent)
            if parent is not None and parent not in self._place.tasks:
                parent = self.task(context.dataset, parent).id
            task = ToyTask(
                f"task-{operation.key}",
                {
                    "name": fields.name,
                    "type": fields.type,
                    "due": fields.due,
                    "priority": fields.priority,
                    "owner": (fields.owner or context.actor).lower(),
                    "parent": parent,
                    "user": dict(fields.metadata),
                },
            )
            self._place.tasks[task.id] = task
        else:
            task = self._place.tasks[self.task(context.dataset, str(operation.target)).id]
        task.keys.append(operation.key)
        for who, ids in operation.items_by_assignee().items():
            for item in ids:
                task.owners[item], task.made_by[item] = who.lower(), operation.key
        found = self.find(operation.key)
        assert found is not None
        return found

    def items_of(self, operation: Operation) -> Mapping[str, ItemIds]:
        task = self._with(operation.key)
        held: dict[str, list[str]] = {}
        for item, who in task.owners.items() if task is not None else ():
            if task is not None and task.made_by[item] == operation.key:
                held.setdefault(who, []).append(item)
        return {who: ItemIds.of(items) for who, items in held.items()}

    def undo_blockers(
        self, operation: Operation, together: frozenset[str], *, discard_work: bool = False
    ) -> tuple[str, ...]:
        task = self._with(operation.key)
        if task is None:
            return ()
        lines = []
        worked = [item for item in task.statuses if task.made_by.get(item) == operation.key]
        if worked and not discard_work:
            lines.append(f"{len(worked)} items have a status")
        if task.keys[0] == operation.key:
            lines += [f"{key} has added to it" for key in task.keys if key not in together]
            lines += [
                f'the task "{other.fields["name"]}" reviews the task "{task.fields["name"]}"'
                for other in self._place.tasks.values()
                if other.fields["parent"] == task.id and other.keys[0] not in together
            ]
        return tuple(lines)

    def undo(self, operation: Operation, *, discard_work: bool = False) -> Outcome | None:
        task, outcome = self._with(operation.key), self.find(operation.key)
        if task is None:
            return None
        blockers = self.undo_blockers(operation, frozenset({operation.key}), discard_work=discard_work)
        if blockers:
            raise BackendError("; ".join(blockers))
        if task.keys[0] == operation.key:
            del self._place.tasks[task.id]
        else:
            task.keys.remove(operation.key)
            for item in [item for item, key in task.made_by.items() if key == operation.key]:
                del task.owners[item], task.made_by[item]
        return outcome

    def _with(self, key: str) -> ToyTask | None:
        return next((task for task in self._place.tasks.values() if key in task.keys), None)

    def _state(self, task: ToyTask) -> TaskState:
        said = task.fields
        held: dict[str, list[str]] = {}
        for item, who in task.owners.items():
            held.setdefault(who, []).append(item)
        assignments = tuple(
            AssignmentState(
                f"{task.id}-{who}",
                who,
                ItemIds.of(items),
                statuses={"completed": count}
                if (count := sum(item in task.statuses for item in items))
                else {},
            )
            for who, items in held.items()
        )
        spec = {"type": said["type"], **({"parentTaskId": said["parent"]} if said["parent"] else {})}
        return TaskState(
            task.id,
            said["name"],
            said["type"],
            self._place.dataset,
            "open",
            said["due"],
            said["priority"],
            said["owner"],
            assignments,
            {"spec": spec, "metadata": {"user": said["user"]}},
        )
