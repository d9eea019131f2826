"""The live platform as a backend: what was rehearsed, and never something else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from taskplan.errors import BackendError, InputError, NotFoundError, did_you_mean
from taskplan.model.entities import AssignmentState, DatasetInfo, TaskState
from taskplan.model.ids import ItemIds
from taskplan.model.memory import MemoryTable
from taskplan.model.table import ItemTable
from taskplan.planning.document import QUEUE, Action, ModeKind, Operation
from taskplan.replay.backend import Capabilities, Context, Outcome
from taskplan.replay.modes import is_quality
from taskplan_dataloop import marks, moving
from taskplan_dataloop.filling import Filling, Held, Pace, stored_query
from taskplan_dataloop.platform import Dataset, Document, Platform

ACTIONS: tuple[Action, ...] = ("create_task", "add_items", "move_items")
MODES: tuple[ModeKind, ...] = ("pulling", "consensus", "honeypot", "qualification")
SUMMARY = "The live platform through its SDK (dtlpy); asks before it writes."


class DataloopBackend:
    """A `taskplan.replay.backend.Backend` over one project of the platform."""

    def __init__(
        self, platform: Platform, project: str | None, dataset: str | None = None, pace: Pace | None = None
    ) -> None:
        self.platform = platform
        self._wanted = project
        self._dataset_name = dataset
        self._pace = pace or Pace()
        self._project: Document | None = None
        self._datasets: dict[str, Dataset] | None = None
        self._user: str | None = None

    def describe(self) -> Capabilities:
        self._known()
        assert self._project is not None
        return Capabilities(
            name="dataloop",
            local=False,
            actions=frozenset(ACTIONS),
            summary=SUMMARY,
            modes=frozenset(MODES),
            place=f"{self.platform.client.url} {self._project['id']}",
        )

    def close(self) -> None:
        self.platform.client.close()

    @property
    def user(self) -> str:
        """The e-mail that the token speaks for."""
        if self._user is None:
            self._user = self.platform.user()
        return self._user

    def datasets(self) -> tuple[DatasetInfo, ...]:
        return tuple(
            DatasetInfo(found.id, found.name, found.project, found.items, found.annotations)
            for found in self._known().values()
        )

    def dataset(self, name: str | None) -> Dataset:
        """Return a dataset by name or id, the only one where None; NotFoundError with the nearest name."""
        known = self._known()
        name = name or self._dataset_name
        if name is None:
            if len(known) == 1:
                return next(iter(known.values()))
            listed = ", ".join(sorted(found.name for found in known.values())) or "none"
            raise InputError(f"which dataset? there are: {listed}", hint="name one with --dataset")
        for found in known.values():
            if name in (found.name, found.id):
                return found
        hint = did_you_mean(name, [found.name for found in known.values()])
        raise NotFoundError(f'there is no dataset "{name}"', hint=hint)

    def snapshot(
        self, dataset: str | None, *, without: frozenset[str] = frozenset(), only: ItemIds | None = None
    ) -> ItemTable:
        found = self.dataset(dataset)
        documents: Iterable[Document]
        if only is None:
            documents = self.platform.items(found, ())
        else:
            documents = self.platform.items_by_id(found, only.tolist())
        listed = sorted(documents, key=lambda item: str(item["id"]))
        own = self._own_refs(found, without) if without else frozenset()
        held: dict[str, list[Document]] = {}
        annotated = [item["id"] for item in listed if item.get("annotationsCount")]
        for annotation in self.platform.annotations_of(found, annotated):
            held.setdefault(annotation["itemId"], []).append(annotation)
        return MemoryTable.from_documents(
            (_without_refs(item, own) | {"annotations": held.get(item["id"], [])} for item in listed),
            dataset=found.name,
            project=found.project,
        )

    def members(self, dataset: str) -> frozenset[str] | None:
        return self.platform.members(self.dataset(dataset).project_id) or None

    def task(self, dataset: str, name_or_id: str, *, with_items: bool = True) -> TaskState:
        found = self.dataset(dataset)
        document = self._task(found, name_or_id)
        return self._state(found, document, with_items=with_items)

    def tasks(self, dataset: str | None = None) -> tuple[TaskState, ...]:
        listed = [self.dataset(dataset)] if dataset is not None else [*self._known().values()]
        return tuple(
            self._state(found, document) for found in listed for document in self.platform.tasks(found)
        )

    def find(self, key: str) -> Outcome | None:
        found = self._marked(key)
        if found is None or marks.state_of(found[1], key) != "done":
            return None
        return self._outcome(*found, key)

    def begun(self, key: str) -> bool:
        found = self._marked(key)
        return found is not None and marks.state_of(found[1], key) == "begun"

    def perform(self, operation: Operation, context: Context) -> Outcome:
        dataset = self.dataset(context.dataset)
        filling = Filling(self.platform, dataset, self._pace)
        planned = {who.lower(): ids.tolist() for who, ids in operation.items_by_assignee().items()}
        if operation.action == "move_items":
            found = self._target(operation, context, dataset)
            task, resumed = found["id"], marks.state_of(found, operation.key) == "begun"
            filling.mark(task, lambda now: marks.begins(now, operation, context.plan_digest))
            moving.hand_over(filling, task, operation, resumed=resumed)
        elif operation.task is None:
            task = self._target(operation, context, dataset)["id"]
            filling.mark(task, lambda now: marks.begins(now, operation, context.plan_digest))
            filling.fill(task, planned, None)
        else:
            task = self._make(filling, operation, context, dataset, planned)
            self.settle(frozenset({operation.key}))
        query = {"query": stored_query(operation)} if operation.task is not None else {}

        def ended(now: Document) -> Document:
            fields = marks.ends(now, operation, context.plan_digest)
            return {**fields, **query} if fields and query.get("query") is not None else fields

        filling.mark(task, ended)
        marked = self._marked(operation.key)
        if marked is None:
            raise BackendError(f"{operation.id}: the task {task} is gone", retryable=True)
        return self._outcome(*marked, operation.key)

    def items_of(self, operation: Operation) -> Mapping[str, ItemIds]:
        found = self._marked(operation.key)
        if found is None:
            return {}
        dataset, task = found
        held = Filling(self.platform, dataset, self._pace).held(task["id"])
        ids = held.assignees
        if not marks.makes(task, operation.key) or marks.additions(task):
            # Others have added to the task; the platform does not tell whose an item is.
            planned = set(operation.allocation.items.unpack())
            ids = {item: who for item, who in ids.items() if held.copies.get(item, item) in planned}
        return {
            who or QUEUE: _in_order([held.copies.get(item, item) for item in items], operation)
            for who, items in _by_person(ids).items()
        }

    def undo_blockers(
        self, operation: Operation, together: frozenset[str], *, discard_work: bool = False
    ) -> tuple[str, ...]:
        found = self._marked(operation.key)
        if found is None:
            return ()
        dataset, task = found
        held = Filling(self.platform, dataset, self._pace).held(task["id"])
        if operation.action == "move_items":
            return moving.blockers(task, operation, held, together, discard_work=discard_work)
        planned = set(operation.allocation.items.unpack())
        made = marks.makes(task, operation.key)
        lines = []
        worked = [item for item in held.statuses if made or item in planned]
        if worked and not discard_work:
            lines.append(
                f'{_items(len(worked))} of the task "{task["name"]}" {"has" if len(worked) == 1 else "have"} '
                "a status (--discard-work removes them all the same)"
            )
        if made:
            others = marks.additions(task) - together
            more = held.assignees.keys() - planned - held.copies.keys()
            extra = 0 if marks.additions(task) and not others else len(more)
            if extra:
                lines.append(
                    f'{_items(extra)} {"was" if extra == 1 else "were"} added to the task "{task["name"]}" '
                    "since (undo that first)"
                )
            for other in self.platform.tasks(dataset):
                parent = (other.get("spec") or {}).get("parentTaskId")
                if parent == task["id"] and marks.of(other).get("key") not in together:
                    lines.append(f'the task "{other["name"]}" reviews the task "{task["name"]}"')
        return tuple(lines)

    def undo(self, operation: Operation, *, discard_work: bool = False) -> Outcome | None:
        found = self._marked(operation.key)
        if found is None:
            return None
        dataset, task = found
        blockers = self.undo_blockers(operation, frozenset({operation.key}), discard_work=discard_work)
        if blockers:
            raise BackendError("; ".join(blockers))
        outcome = self._outcome(dataset, task, operation.key)
        filling = Filling(self.platform, dataset, self._pace)
        if marks.state_of(task, operation.key) == "begun":
            there = filling.held(task["id"]).assignees
            planned = operation.allocation.items.unpack()
            count = len(there) if operation.mode else sum(item in there for item in planned)
            outcome = Outcome(outcome.task_id, outcome.assignments, count)
        if marks.makes(task, operation.key):
            for made in filling.made_by(operation.key):
                filling.delete(made["id"])
        elif operation.action == "move_items":
            moving.give_back(filling, task, operation)
            filling.mark(task["id"], lambda now: marks.undone(now, operation.key))
        else:
            ids = operation.allocation.items.unpack().tolist()
            filling.take_out(task["id"], ids, discard_work=discard_work)
            filling.mark(task["id"], lambda now: marks.undone(now, operation.key))
        return outcome

    def settle(self, keys: frozenset[str]) -> None:
        """Leave one task of each operation: a lost request that arrived late may have made another.

        One that is done stays, else the lowest id. BackendError where another has been worked on.
        """
        for dataset in self._at_work():
            filling = Filling(self.platform, dataset, self._pace)
            listed = self.platform.tasks(dataset)
            for key in sorted(keys):
                made = [str(task["id"]) for task in marks.makers(listed, key)]
                for spare in made[1:]:
                    if filling.held(spare).statuses:
                        raise BackendError(
                            f"one operation has made two tasks, and people work on both: {made[0]}, {spare}"
                        )
                    filling.delete(spare)

    def _known(self) -> dict[str, Dataset]:
        if self._datasets is None:
            self._project = self.platform.project(self._wanted)
            self._datasets = {found.id: found for found in self.platform.datasets(self._project)}
        return self._datasets

    def _at_work(self) -> list[Dataset]:
        return [self.dataset(None)] if self._dataset_name is not None else [*self._known().values()]

    def _task(self, dataset: Dataset, name_or_id: str) -> Document:
        listed = self.platform.tasks(dataset)
        named = [task for task in listed if task["name"] == name_or_id]
        for task in listed:
            if task["id"] == name_or_id:
                return task
        if len(named) > 1:
            ids = ", ".join(str(task["id"]) for task in named)
            raise InputError(f'{len(named)} tasks are named "{name_or_id}"; use an id: {ids}')
        if not named:
            hint = did_you_mean(name_or_id, [task["name"] for task in listed])
            raise NotFoundError(f'there is no task "{name_or_id}"', hint=hint)
        return named[0]

    def _marked(self, key: str) -> tuple[Dataset, Document] | None:
        """Return the task in which the operation left its mark."""
        for dataset in self._at_work():
            listed = self.platform.tasks(dataset)
            adders = [task for task in listed if key in marks.additions(task) or key in marks.moves(task)]
            for task in [*marks.makers(listed, key), *adders]:
                return dataset, task
        return None

    def _outcome(self, dataset: Dataset, task: Document, key: str) -> Outcome:
        said = marks.entry_of(task, key)
        people = set(said.get("people") or ())
        assignments = {
            str(found["annotator"]): str(found["id"])
            for found in self.platform.assignments(dataset, task["id"])
            if found["annotator"] in people
        }
        return Outcome(str(task["id"]), assignments, int(said.get("items") or 0))

    def _target(self, operation: Operation, context: Context, dataset: Dataset) -> Document:
        target = str(operation.target)
        return self._task(dataset, context.tasks.get(target, target))

    def _make(
        self,
        filling: Filling,
        operation: Operation,
        context: Context,
        dataset: Dataset,
        planned: Mapping[str, Sequence[str]],
    ) -> str:
        """Make the operation's task, or find it, and fill it; return its id."""
        assert operation.task is not None
        parent = operation.task.parent
        if parent is not None and parent in context.tasks:
            parent = context.tasks[parent]
        elif parent is not None and parent in operation.depends_on:
            raise BackendError(f'{operation.id} needs "{parent}", which is not done')
        elif parent is not None:
            parent = self._task(dataset, parent)["id"]
        made, first = filling.make(operation, context, parent, self.user)
        task = str(made["id"])
        if is_quality(operation):
            filling.wait_for_copies(task, operation.allocation.items.count)
            return task
        # Made just now, and all that was asked for is in it: there is nothing to look for.
        fresh = first and made.get("totalItems") == len(first)
        owners = {item: who for who, items in planned.items() for item in items}
        filling.fill(
            task,
            planned,
            Held(first, {}) if fresh else None,
            # Only what the platform itself has split may be split otherwise than planned.
            misplaced=(lambda item, who: owners.get(item) != who) if marks.is_native(made) else None,
        )
        return task

    def _own_refs(self, dataset: Dataset, keys: frozenset[str]) -> frozenset[str]:
        own: set[str] = set()
        for task in self.platform.tasks(dataset):
            # Whoever moves items makes none of their refs.
            own_keys = keys.difference(marks.moves(task))
            if any(marks.state_of(task, key) in ("begun", "done") for key in own_keys):
                own.add(task["id"])
                own.update(found["id"] for found in self.platform.assignments(dataset, task["id"]))
        return frozenset(own)

    def _state(self, dataset: Dataset, task: Document, *, with_items: bool = True) -> TaskState:
        assignments = self.platform.assignments(dataset, task["id"]) if with_items else []
        held = Filling(self.platform, dataset, self._pace).held(task["id"]) if assignments else Held({}, {})
        shares = _by_person(held.assignees)
        states = []
        for found in assignments:
            items = shares.get(str(found["annotator"]).lower(), [])
            states.append(
                AssignmentState(
                    id=found["id"],
                    assignee=found["annotator"],
                    items=ItemIds.of(items),
                    status=found.get("status") or "todo",
                    statuses=dict(Counter(held.statuses[item] for item in items if item in held.statuses)),
                )
            )
        kind = (task.get("spec") or {}).get("type")
        return TaskState(
            id=task["id"],
            name=task["name"],
            type="qa" if kind == "qa" else "annotation",
            dataset=dataset.name,
            status=task.get("status") or "open",
            due=task.get("dueDate") or None,
            priority=int(task.get("priority") or 2),
            owner=str(task.get("taskOwner") or task.get("creator") or ""),
            assignments=tuple(states),
            document=task,
            rehearsed=False,
        )


def _by_person(assignees: Mapping[str, str | None]) -> dict[str | None, list[str]]:
    shares: dict[str | None, list[str]] = {}
    for item, who in assignees.items():
        shares.setdefault(who, []).append(item)
    return shares


def _without_refs(item: Document, own: frozenset[str]) -> Document:
    system = item.get("metadata", {}).get("system")
    if not own or not isinstance(system, Mapping) or not system.get("refs"):
        return item
    refs = [ref for ref in system["refs"] if ref.get("id") not in own]
    return {**item, "metadata": {**item["metadata"], "system": {**system, "refs": refs}}}


def _in_order(items: list[str], operation: Operation) -> ItemIds:
    """Return ids in the plan's order, others behind; the platform has no order of its own."""
    place = {item: row for row, item in enumerate(operation.allocation.items.unpack())}
    return ItemIds.of(sorted(items, key=lambda item: (place.get(item, len(place)), item)))


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count:,} items"
