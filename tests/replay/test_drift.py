"""What changed between planning and applying: told exactly, and left out where that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taskplan.errors import DriftError
from taskplan.model.ids import ItemIds
from taskplan.replay.journal import Journal
from taskplan.replay.order import as_performed
from taskplan.replay.undo import undo_plan
from taskplan_sqlite.backend import SqliteBackend
from tests.replay import support


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SqliteBackend]:
    opened = support.open_backend(support.new_store(tmp_path))
    yield opened
    opened.close()


def task(**fields: Any) -> dict[str, Any]:
    return {"tasks": [{"assignees": ["ann@example.com"], **fields}]}


def take_early(backend: SqliteBackend, *names: str) -> None:
    """Put items into another task, so that they leave the selection of a plan made before."""
    spec = task(name="early", items={"filenames": list(names)})
    support.apply(support.plan_for(backend, spec), backend)


def changes(backend: SqliteBackend, plan: Any) -> tuple[str, ...]:
    with pytest.raises(DriftError) as caught:
        support.apply(plan, backend)
    return caught.value.changes


def test_a_task_to_add_to_that_is_gone(backend: SqliteBackend) -> None:
    support.apply(support.plan_for(backend), backend)
    label, check = backend.tasks("fruit")
    plan = support.plan_for(backend, task(add_to="label", filter={"dir": "/test"}))
    backend.delete_task(check.id)
    backend.delete_task(label.id)
    assert changes(backend, plan) == (f'add:label: there is no task "{label.id}"',)
    report = support.apply(plan, backend, allow_drift=True)
    assert (report.performed, report.verification.ok) == ({}, True)


def test_a_task_to_review_that_is_gone(backend: SqliteBackend) -> None:
    support.apply(support.plan_for(backend), backend)
    label, check = backend.tasks("fruit")
    backend.set_status(label.id, ItemIds.of([f"{0:024x}"]), "completed", creator="a@x.y", now=0)
    plan = support.plan_for(backend, task(name="late", type="qa", of="label"))
    backend.delete_task(check.id)
    backend.delete_task(label.id)
    assert changes(backend, plan) == (
        f'create:late: the task that it reviews: there is no task "{label.id}"',
        "create:late: /train/0.jpg left the selection",
    )


def test_items_that_came_into_the_task_meanwhile(backend: SqliteBackend) -> None:
    support.apply(support.plan_for(backend), backend)
    plan = support.plan_for(backend, task(add_to="label", filter={"dir": "/test"}))
    other = task(add_to="label", items={"filenames": ["/test/3.jpg"]})
    support.apply(support.plan_for(backend, other), backend)
    assert changes(backend, plan) == ('add:label: /test/3.jpg is in the task "label" already',)
    report = support.apply(plan, backend, allow_drift=True)
    assert [outcome.items for outcome in report.performed.values()] == [9]
    assert report.verification.ok


def test_a_person_who_left_is_left_out_with_their_items(backend: SqliteBackend) -> None:
    plan = support.plan_for(backend)
    with backend.store.write() as connection:
        for email in ("ann@example.com", "cat@example.com"):
            connection.execute(
                "INSERT INTO contributors (project, email, role) VALUES (1, ?, 'annotator')", (email,)
            )
    assert changes(backend, plan) == ("create:label: ben@example.com is no member of the project",)
    report = support.apply(plan, backend, allow_drift=True)
    assert {name: outcome.items for name, outcome in report.performed.items()} == {
        "create:label": 10,
        "create:check": 10,
    }
    assert report.verification.ok


def test_nothing_is_left(backend: SqliteBackend) -> None:
    plan = support.plan_for(
        backend, task(name="two", filter={"dir": "/train", "metadata.system.refs": []}, limit=2)
    )
    take_early(backend, "/train/0.jpg", "/train/1.jpg")
    report = support.apply(plan, backend, allow_drift=True)
    assert report.performed == {}
    assert [change.words for change in report.narrowed][-1] == "create:two: nothing is left of it"


class Killed(BaseException):
    """Stands in for a process that ends."""


def test_what_fell_out_before_a_crash_falls_out_of_the_review_after_it(
    backend: SqliteBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = support.plan_for(backend)
    take_early(backend, "/train/0.jpg")
    perform = backend.perform

    def killed(operation: Any, context: Any) -> Any:
        if operation.id == "create:check":
            raise Killed
        return perform(operation, context)

    monkeypatch.setattr(backend, "perform", killed)
    with pytest.raises(Killed):
        support.apply(plan, backend, allow_drift=True)
    monkeypatch.undo()
    assert changes(backend, plan) == (f"create:check: item {0:024x} fell out of create:label",)
    report = support.apply(plan, backend, allow_drift=True)
    assert report.performed["create:check"].items == 29
    assert report.verification.ok


def test_a_task_that_fell_out_whole_is_settled(backend: SqliteBackend) -> None:
    spec = {
        "tasks": [
            {"name": "few", "filter": {"metadata.system.refs": []}, "limit": 2, "assignees": ["a@x.y"]},
            {"name": "check", "type": "qa", "of": "few", "assignees": ["b@x.y"]},
            {"name": "other", "filter": {"dir": "/test"}, "assignees": ["a@x.y"]},
        ]
    }
    plan = support.plan_for(backend, spec)
    before = support.dump(backend.store.path)
    take_early(backend, *("/train/0.jpg", "/train/1.jpg"))
    report = support.apply(plan, backend, allow_drift=True)
    assert (list(report.performed), report.left_out, report.verification.ok) == (["create:other"], 4, True)
    again = support.apply(plan, backend)
    assert (again.performed, again.left_out, again.verification.ok) == ({}, 4, True)
    with Journal(backend.store.path) as journal:
        operations = as_performed(plan, journal.entries(o.key for o in plan.operations))
        assert [operation.id for operation in operations] == ["create:other"]
        undo_plan(plan, backend, journal, clock=lambda: support.NOW)
        (early,) = backend.tasks("fruit")
        backend.delete_task(early.id)
        assert support.dump(backend.store.path) == before
    # After an undo everything of the plan may be performed anew.
    assert len(support.apply(plan, backend).performed) == 3


def test_a_killed_undo_still_knows_what_had_been_left_out(
    backend: SqliteBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = support.plan_for(backend)
    take_early(backend, "/train/0.jpg")
    support.apply(plan, backend, allow_drift=True)

    def killed(*args: Any, **kwargs: Any) -> Any:
        raise Killed

    monkeypatch.setattr(backend, "undo", killed)
    with Journal(backend.store.path) as journal, pytest.raises(Killed):
        undo_plan(plan, backend, journal, clock=lambda: support.NOW)
    monkeypatch.undo()
    assert support.apply(plan, backend).verification.ok


def test_what_fell_out_whole_is_performed_once_all_of_it_holds_again(backend: SqliteBackend) -> None:
    plan = support.plan_for(backend, task(name="few", limit=2, filter={"metadata.system.refs": []}))
    take_early(backend, "/train/0.jpg", "/train/1.jpg")
    first, second = support.apply(plan, backend, allow_drift=True), support.apply(plan, backend)
    assert (first.performed, first.left_out, second.performed, second.left_out) == ({}, 2, {}, 2)
    (early,) = backend.tasks("fruit")
    backend.delete_task(early.id)
    third = support.apply(plan, backend)
    assert (list(third.performed), third.left_out, third.verification.ok) == (["create:few"], 0, True)


def test_what_one_plan_let_go_is_drift_to_another(backend: SqliteBackend) -> None:
    few = {"name": "few", "filter": {"metadata.system.refs": []}, "limit": 2, "assignees": ["a@x.y"]}
    more = {"name": "more", "filter": {"dir": "/test"}, "assignees": ["b@x.y"]}
    one = support.plan_for(backend, {"tasks": [few]})
    other = support.plan_for(backend, {"tasks": [few, more]})
    take_early(backend, "/train/0.jpg", "/train/1.jpg")
    support.apply(one, backend, allow_drift=True)
    with pytest.raises(DriftError):
        support.apply(other, backend)
    with Journal(backend.store.path) as journal:
        entries = journal.entries(operation.key for operation in other.operations)
        assert [operation.id for operation in as_performed(other, entries)] == ["create:few", "create:more"]
        # Undoing the other takes nothing of this one away, not even the knowledge of what was let go.
        undo_plan(other, backend, journal, clock=lambda: support.NOW)
    assert support.apply(one, backend).left_out == 2
