"""The platform in the store: look-ups few and many, statuses set and cleared, names that two tasks share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskplan.errors import BackendError, InputError, NotFoundError
from taskplan.model.ids import ItemIds
from taskplan_sqlite.backend import SqliteBackend
from taskplan_sqlite.platform import lookup
from tests.replay import support

SPEC = {"tasks": [{"name": "label", "filter": {"dir": "/train"}, "assignees": ["a@x.y", "b@x.y"]}]}


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SqliteBackend]:
    opened = support.open_backend(support.new_store(tmp_path))
    yield opened
    opened.close()


@pytest.mark.parametrize("few", [0, 2000])
def test_few_items_and_many_are_looked_up_alike(
    few: int, backend: SqliteBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "FEW", few)
    plan = support.plan_for(backend, SPEC)
    assert support.apply(plan, backend).verification.ok
    (task,) = backend.tasks("fruit")
    planned = plan.operations[0].items_by_assignee()
    assert {a.assignee: a.items.tolist() for a in task.assignments} == {
        who: ids.tolist() for who, ids in planned.items()
    }
    with pytest.raises(BackendError) as caught:
        backend.remove_items(task.id, ItemIds.of(["x" * 24, "y" * 24]))
    assert str(caught.value) == f"item {'x' * 24} and 1 more are not in the dataset fruit"


def test_a_status_is_on_both_refs_and_can_be_cleared(backend: SqliteBackend) -> None:
    support.apply(support.plan_for(backend, SPEC), backend)
    (task,) = backend.tasks("fruit")
    for assignment in task.assignments:
        backend.set_status(task.id, assignment.items, "completed", creator="a@x.y", now=support.NOW)
    (done,) = backend.tasks("fruit")
    assert (done.status, {a.status for a in done.assignments}) == ("completed", {"done"})
    one = task.assignments[0].items[:1]
    document = next(backend.snapshot("fruit").documents([0]))
    refs = document["metadata"]["system"]["refs"]
    assert [ref["metadata"] for ref in refs] == 2 * [
        {"creator": "a@x.y", "timestamp": "2026-09-21T14:13:20.000Z", "status": "completed"}
    ]
    assert backend.clear_status(task.id, one, creator="a@x.y", now=support.NOW) == 1
    (again,) = backend.tasks("fruit")
    assert (again.status, again.assignments[0].status) == ("open", "in progress")


def test_a_name_that_two_tasks_share_needs_an_id(backend: SqliteBackend) -> None:
    support.apply(support.plan_for(backend, SPEC), backend)
    support.apply(support.plan_for(backend, {"tasks": [{**SPEC["tasks"][0], "limit": 3}]}), backend)
    first, second = backend.tasks("fruit")
    with pytest.raises(InputError) as caught:
        backend.task("fruit", "label")
    assert str(caught.value) == f'2 tasks are named "label"; use an id: {first.id}, {second.id}'
    assert backend.task("fruit", second.id) == second
    with pytest.raises(NotFoundError) as missing:
        backend.task("fruit", "lable")
    assert str(missing.value) == 'there is no task "lable"; did you mean "label"?'


def test_what_is_not_there_is_nothing(backend: SqliteBackend) -> None:
    assert backend.find("f" * 32) is None
    (operation,) = support.plan_for(backend, SPEC).operations
    assert backend.items_of(operation) == {}
    assert backend.undo(operation) is None
    with pytest.raises(NotFoundError, match='there is no task "t"'):
        backend.delete_task("t")


def test_performing_again_gives_the_same_answer(backend: SqliteBackend) -> None:
    from taskplan.replay.backend import Context

    plan = support.plan_for(backend, SPEC)
    context = Context(plan.digest, "fruit", {}, support.ACTOR, support.NOW)
    first = backend.perform(plan.operations[0], context)
    before = support.dump(backend.store.path)
    assert backend.perform(plan.operations[0], context) == first
    assert support.dump(backend.store.path) == before
