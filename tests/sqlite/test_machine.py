"""Plans applied, killed, resumed and undone in any order, beside a dictionary that is obviously right."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from taskplan.errors import BackendError
from taskplan.model.ids import ItemIds
from taskplan.planning.document import Plan
from taskplan.replay.journal import Journal
from taskplan.replay.undo import undo_plan
from tests.replay import support

PEOPLE = ["ann@x.y", "ben@x.y", "cat@x.y"]
FOLDERS = ["/train", "/test", "/*"]


class Killed(BaseException):
    """Stands in for a process that ends between two steps."""


class Store(RuleBasedStateMachine):
    """The model: task name → person → items, as sets; and the plans that were applied."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="taskplan-machine-"))
        self.backend = support.open_backend(support.new_store(self.folder, count=12))
        self.fresh = support.dump(self.backend.store.path)
        self.tasks: dict[str, dict[str, set[str]]] = {}
        self.worked: set[tuple[str, str]] = set()
        self.applied: list[Plan] = []
        self.names = 0

    def teardown(self) -> None:
        self.backend.close()
        shutil.rmtree(self.folder)

    def plan(self, spec: dict[str, Any]) -> Plan:
        return support.plan_for(self.backend, {"tasks": [spec]})

    def perform(self, plan: Plan, step: str | None) -> None:
        """Apply; with `step`, the process ends before or after that step the first time, and is resumed."""
        if step is not None:
            self._killed(plan, step)
        report = support.apply(plan, self.backend)
        assert report.verification.ok, report.verification.differences
        self.applied.append(plan)

    def _killed(self, plan: Plan, step: str) -> None:
        when, name = step.split()
        owner: Any = Journal if name in ("intend", "done") else type(self.backend)
        real = getattr(owner, name)

        def killed(*args: Any, **kwargs: Any) -> Any:
            if when == "after":
                real(*args, **kwargs)
            raise Killed

        setattr(owner, name, killed)
        try:
            support.apply(plan, self.backend)
        except Killed:
            pass
        finally:
            setattr(owner, name, real)

    kills = st.sampled_from(
        [None, *(f"{when} {name}" for when in ("before", "after") for name in ("intend", "perform", "done"))]
    )

    @rule(
        folder=st.sampled_from(FOLDERS),
        people=st.lists(st.sampled_from(PEOPLE), min_size=1, unique=True),
        kill=kills,
    )
    def create(self, folder: str, people: list[str], kill: str | None) -> None:
        self.names += 1
        name = f"task-{self.names}"
        plan = self.plan({"name": name, "filter": {"dir": folder}, "assignees": people})
        self.perform(plan, kill)
        held = plan.operations[0].items_by_assignee()
        self.tasks[name] = {who: set(ids) for who, ids in held.items()}

    @precondition(lambda self: self.tasks)
    @rule(data=st.data(), folder=st.sampled_from(FOLDERS), person=st.sampled_from(PEOPLE), kill=kills)
    def add(self, data: Any, folder: str, person: str, kill: str | None) -> None:
        name = data.draw(st.sampled_from(sorted(self.tasks)))
        plan = self.plan({"add_to": name, "filter": {"dir": folder}, "assignees": [person]})
        present = set().union(*self.tasks[name].values())
        if not plan.operations:
            return
        new = set(plan.operations[0].items_by_assignee()[person])
        assert new.isdisjoint(present)
        self.perform(plan, kill)
        self.tasks[name].setdefault(person, set()).update(new)

    @precondition(lambda self: self.tasks)
    @rule(data=st.data())
    def work(self, data: Any) -> None:
        name = data.draw(st.sampled_from(sorted(self.tasks)))
        items = sorted(set().union(*self.tasks[name].values()))
        if items:
            item = data.draw(st.sampled_from(items))
            task = self.backend.task("fruit", name).id
            assert self.backend.set_status(task, ItemIds.of([item]), "completed", creator="a@x.y", now=0) == 1
            self.worked.add((name, item))

    @precondition(lambda self: self.tasks)
    @rule(data=st.data())
    def remove(self, data: Any) -> None:
        name = data.draw(st.sampled_from(sorted(self.tasks)))
        items = sorted(set().union(*self.tasks[name].values()))
        if not items:
            return
        item = data.draw(st.sampled_from(items))
        removed = self.backend.remove_items(self.backend.task("fruit", name).id, ItemIds.of([item]))
        assert removed == ((name, item) not in self.worked)
        if removed:
            held = {who: ids - {item} for who, ids in self.tasks[name].items()}
            self.tasks[name] = {who: ids for who, ids in held.items() if ids}

    @precondition(lambda self: self.applied)
    @rule()
    def undo_the_last(self) -> None:
        plan = self.applied[-1]
        operation = plan.operations[0]
        name = operation.title if operation.task else self.backend.task("fruit", str(operation.target)).name
        mine = self.backend.items_of(operation)
        touched = {item for ids in mine.values() for item in ids}
        with Journal(self.backend.store.path) as journal:
            try:
                undo_plan(plan, self.backend, journal, clock=lambda: 0.0)
            except BackendError:
                assert any((name, item) in self.worked for item in touched)
                return
        assert not any((name, item) in self.worked for item in touched)
        self.applied.pop()
        if operation.task is not None:
            del self.tasks[name]
            return
        held = {who: ids - touched for who, ids in self.tasks[name].items()}
        self.tasks[name] = {who: ids for who, ids in held.items() if ids}

    @precondition(lambda self: self.applied)
    @rule()
    def apply_again(self) -> None:
        before = support.dump(self.backend.store.path)
        support.apply(self.applied[-1], self.backend)
        assert support.dump(self.backend.store.path) == before

    @invariant()
    def the_store_is_the_model(self) -> None:
        found = {
            task.name: {a.assignee: set(a.items) for a in task.assignments if len(a.items)}
            for task in self.backend.tasks("fruit")
        }
        assert found == {name: {w: i for w, i in held.items() if i} for name, held in self.tasks.items()}
        for task in self.backend.tasks("fruit"):
            items = {item for a in task.assignments for item in a.items}
            done = {item for name, item in self.worked if name == task.name} & items
            assert task.status == ("completed" if items and done == items else "open")
        if not self.tasks:
            assert support.dump(self.backend.store.path) == self.fresh


TestStore = Store.TestCase
TestStore.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
