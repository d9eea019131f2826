"""Applying, verifying and undoing plans on a store: once, as planned, and back again exactly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from taskplan.errors import BackendError, DriftError, InterruptedReplay
from taskplan.model.ids import ItemIds
from taskplan.planning.codec import dump as dump_plan
from taskplan.planning.codec import load
from taskplan.replay.journal import Journal, read_entries
from taskplan.replay.rehearse import rehearse_plan
from taskplan.replay.undo import undo_plan
from taskplan.replay.verify import verify_plan
from taskplan_sqlite.backend import SqliteBackend
from tests.replay import support


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SqliteBackend]:
    opened = support.open_backend(support.new_store(tmp_path))
    yield opened
    opened.close()


def undo(backend: SqliteBackend, plan: Any, **options: Any) -> Any:
    with Journal(backend.store.path) as journal:
        return undo_plan(plan, backend, journal, clock=lambda: support.NOW, **options)


def test_tasks_come_out_as_the_platform_records_them(backend: SqliteBackend) -> None:
    plan = support.plan_for(backend)
    report = support.apply(plan, backend)
    assert report.verification.ok
    label, check = backend.tasks("fruit")
    assert (label.name, label.type, label.status, label.priority, label.owner, label.due) == (
        "label",
        "annotation",
        "open",
        3,
        "lead@example.com",
        1861920000000.0,
    )
    assert {a.assignee: len(a.items) for a in label.assignments} == {
        "ann@example.com": 10,
        "ben@example.com": 20,
    }
    document = label.document
    assert document["spec"] == {"type": "annotation"}
    assert document["recipeId"] == "r1"
    assert [action["action"] for action in document["availableActions"]] == ["completed", "help"]
    assert document["metadata"]["user"]["taskplan"] == {
        "key": plan.operations[0].key,
        "plan": plan.digest,
        "rehearsed": True,
    }
    assert document["assignmentIds"] == [assignment.id for assignment in label.assignments]
    assert json.loads(document["query"])["sort"] == {"type": "ascending", "createdAt": "descending"}
    assert check.document["spec"] == {"type": "qa", "parentTaskId": label.id}
    item = next(backend.snapshot("fruit").documents([0]))
    refs = [(ref["id"], ref["type"]) for ref in item["metadata"]["system"]["refs"]]
    ann = label.assignments[0].id
    assert sorted(refs) == sorted(
        [(label.id, "task"), (ann, "assignment"), (check.id, "task"), (check.assignments[0].id, "assignment")]
    )


def test_a_second_apply_does_nothing(backend: SqliteBackend) -> None:
    plan = support.plan_for(backend)
    support.apply(plan, backend)
    before = support.dump(backend.store.path, journal=True)
    report = support.apply(plan, backend)
    assert report.performed == {}
    assert set(report.already) == {"create:label", "create:check"}
    assert support.dump(backend.store.path, journal=True) == before


def test_the_key_is_found_without_a_journal(backend: SqliteBackend) -> None:
    plan = support.plan_for(backend)
    support.apply(plan, backend)
    before = support.dump(backend.store.path)
    backend.store.connection.execute("DELETE FROM journal")
    assert support.apply(plan, backend).performed == {}
    assert support.dump(backend.store.path) == before


def test_undo_restores_the_store_exactly(backend: SqliteBackend) -> None:
    before = support.dump(backend.store.path)
    plan = support.plan_for(backend)
    support.apply(plan, backend)
    assert set(undo(backend, plan).removed) == {"create:label", "create:check"}
    assert support.dump(backend.store.path) == before
    assert undo(backend, plan).removed == {}
    assert support.apply(plan, backend).verification.ok


ADD = {
    "tasks": [
        {"add_to": "label", "filter": {"dir": "/test"}, "assignees": ["ann@example.com", "dan@example.com"]}
    ]
}


def test_added_items_are_taken_back_and_nothing_else(backend: SqliteBackend) -> None:
    support.apply(support.plan_for(backend), backend)
    before = support.dump(backend.store.path)
    plan = support.plan_for(backend, ADD)
    assert support.apply(plan, backend).verification.ok
    (label, _) = backend.tasks("fruit")
    assert {a.assignee: len(a.items) for a in label.assignments} == {
        "ann@example.com": 15,
        "ben@example.com": 20,
        "dan@example.com": 5,
    }
    undo(backend, plan)
    assert support.dump(backend.store.path) == before


def test_undo_refuses_to_discard_work_and_what_others_depend_on(backend: SqliteBackend) -> None:
    plan = support.plan_for(backend, {"tasks": [support.SPEC["tasks"][0]]})
    report = support.apply(plan, backend)
    task = report.performed["create:label"].task_id
    backend.set_status(task, ItemIds.of([f"{0:024x}"]), "completed", creator="ann@example.com", now=0)
    with pytest.raises(BackendError) as caught:
        undo(backend, plan)
    assert str(caught.value) == (
        'nothing was undone: 1 item of the task "label" has a status '
        "(--discard-work removes them all the same)"
    )
    review = support.plan_for(
        backend, {"tasks": [{"name": "late", "type": "qa", "of": "label", "assignees": ["q@x.y"]}]}
    )
    support.apply(review, backend)
    with pytest.raises(BackendError) as caught:
        undo(backend, plan, discard_work=True)
    assert str(caught.value) == 'nothing was undone: the task "late" reviews the task "label"'
    undo(backend, review)
    assert undo(backend, plan, discard_work=True).removed


def test_a_review_takes_the_finished_items(backend: SqliteBackend) -> None:
    report = support.apply(support.plan_for(backend), backend)
    task = report.performed["create:label"].task_id
    done = [f"{n:024x}" for n in (0, 1, 2)]
    backend.set_status(task, ItemIds.of(done), "completed", creator="ann@example.com", now=0)
    spec = {"tasks": [{"name": "late", "type": "qa", "of": "label", "assignees": ["q@x.y"]}]}
    plan = support.plan_for(backend, spec)
    assert list(plan.operations[0].items_by_assignee()["q@x.y"]) == done
    assert support.apply(plan, backend).verification.ok


def test_drift_stops_and_names_what_changed(backend: SqliteBackend) -> None:
    plan = support.plan_for(backend)
    early = {"tasks": [{"name": "early", "items": {"filenames": ["/train/0.jpg"]}, "assignees": ["e@x.y"]}]}
    support.apply(support.plan_for(backend, early), backend)
    before = support.dump(backend.store.path)
    with pytest.raises(DriftError) as caught:
        support.apply(plan, backend)
    assert caught.value.exit_code == 4
    assert caught.value.changes == (
        'create:label: /train/0.jpg no longer satisfies {"metadata.system.refs":[]}',
    )
    assert support.dump(backend.store.path) == before
    report = support.apply(plan, backend, allow_drift=True)
    assert report.verification.ok
    assert {outcome.items for outcome in report.performed.values()} == {29}


def test_items_and_tasks_that_are_gone_are_drift(backend: SqliteBackend) -> None:
    plan = support.plan_for(backend)
    with backend.store.write() as connection:
        connection.execute("DELETE FROM items WHERE filename = '/train/1.jpg'")
        backend.store.touch_documents(1)
    with pytest.raises(DriftError) as caught:
        support.apply(plan, backend)
    assert f"create:label: item {1:024x} is gone" in caught.value.changes


def test_a_person_who_is_no_member_is_drift(backend: SqliteBackend) -> None:
    plan = support.plan_for(backend, {"tasks": [{"name": "t", "assignees": ["ann@example.com", "zoe@x.y"]}]})
    with backend.store.write() as connection:
        connection.execute(
            "INSERT INTO contributors (project, email, role) VALUES (1, 'Ann@example.com', 'annotator')"
        )
    with pytest.raises(DriftError) as caught:
        support.apply(plan, backend)
    assert caught.value.changes == ("create:t: zoe@x.y is no member of the project",)


def test_what_differs_is_named_item_by_item(backend: SqliteBackend) -> None:
    plan = support.plan_for(backend)
    report = support.apply(plan, backend)
    backend.remove_items(report.performed["create:check"].task_id, ItemIds.of([f"{0:024x}"]))
    with backend.store.write() as connection:
        connection.execute("UPDATE tasks SET priority = 1 WHERE name = 'label'")
    result = verify_plan(plan, backend)
    assert result.differences == (
        "create:label: priority is 1, planned was 3",
        f"create:check: cat@example.com lacks item {0:024x}",
    )


def test_a_rehearsal_changes_nothing_and_leaves_nothing(
    backend: SqliteBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    before = support.dump(backend.store.path, journal=True)
    plan = support.plan_for(backend)
    report, verification = rehearse_plan(plan, backend, actor=support.ACTOR, clock=lambda: support.NOW)
    assert verification.ok
    assert len(report.performed) == 2
    assert support.dump(backend.store.path, journal=True) == before
    assert list((tmp_path / "tmp").iterdir()) == []


def test_ctrl_c_between_operations_is_resumable(
    backend: SqliteBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = support.plan_for(backend)
    perform = backend.perform
    calls = 0

    def interrupted(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return perform(*args)

    monkeypatch.setattr(backend, "perform", interrupted)
    with pytest.raises(InterruptedReplay) as caught:
        support.apply(plan, backend)
    assert str(caught.value) == "stopped after 1 of 2 operations; the same command continues"
    monkeypatch.undo()
    report = support.apply(plan, backend)
    assert set(report.already) == {"create:label"}
    assert report.verification.ok


def test_a_held_journal_is_told(backend: SqliteBackend) -> None:
    plan = support.plan_for(backend)
    with Journal(backend.store.path) as journal, journal.locked(), pytest.raises(BackendError) as caught:
        support.apply(plan, backend, wait=0.1)
    assert str(caught.value) == (
        f"another replay is at work on {backend.store.path} (waited 0.1 s); "
        "the same command continues when it has ended"
    )
    assert caught.value.retryable


def test_a_resealed_plan_with_a_circle_is_refused(backend: SqliteBackend) -> None:
    plan = support.plan_for(backend)
    first = msgspec.structs.replace(plan.operations[0], depends_on=("create:check",))
    circular = load(dump_plan(msgspec.structs.replace(plan, operations=(first, plan.operations[1]))), "p")
    with pytest.raises(Exception, match=r"depend on each other in a circle"):
        support.apply(circular, backend)


TWO = {"tasks": [support.SPEC["tasks"][0], {"name": "y", "assignees": ["a@x.y"]}]}


def test_undo_leaves_what_another_plan_has_performed(backend: SqliteBackend) -> None:
    one = support.plan_for(backend, {"tasks": [support.SPEC["tasks"][0]]})
    two = support.plan_for(
        backend, {"tasks": [support.SPEC["tasks"][0], {"name": "y", "assignees": ["a@x.y"]}]}
    )
    assert one.operations[0].key == two.operations[0].key
    support.apply(one, backend)
    assert list(support.apply(two, backend).performed) == ["create:y"]
    report = undo(backend, two)
    assert (list(report.removed), report.left) == (["create:y"], {"create:label": one.digest})
    assert verify_plan(one, backend).ok
    assert list(undo(backend, one).removed) == ["create:label"]


def test_whose_plan_it_was_stays_known_after_a_crash(backend: SqliteBackend) -> None:
    one = support.plan_for(backend, {"tasks": [support.SPEC["tasks"][0]]})
    two = support.plan_for(
        backend, {"tasks": [support.SPEC["tasks"][0], {"name": "y", "assignees": ["a@x.y"]}]}
    )
    support.apply(one, backend)
    # As a process leaves it that is killed after the backend has acted.
    backend.store.connection.execute("UPDATE journal SET state = 'intent', outcome = '{}'")
    support.apply(two, backend)
    assert undo(backend, two).left == {"create:label": one.digest}


def test_a_store_has_one_lock_whichever_way_leads_to_it(backend: SqliteBackend, tmp_path: Path) -> None:
    plan = support.plan_for(backend)
    (tmp_path / "link.db").symlink_to(backend.store.path)
    with Journal(tmp_path / "link.db") as journal, journal.locked(), pytest.raises(BackendError):
        support.apply(plan, backend, wait=0.1)


@pytest.mark.parametrize("outcome", ["{", "null", "[]", '{"task_id": 3}', ""])
def test_a_damaged_journal_asks_the_backend(outcome: str, backend: SqliteBackend) -> None:
    plan = support.plan_for(backend)
    support.apply(plan, backend)
    backend.store.connection.execute("UPDATE journal SET outcome = ?", (outcome,))
    assert support.apply(plan, backend).performed == {}
    assert len(undo(backend, plan).removed) == 2


def test_a_rehearsal_that_is_stopped_says_that_nothing_is_kept(
    backend: SqliteBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(SqliteBackend, "perform", interrupted)
    with pytest.raises(InterruptedReplay) as caught:
        rehearse_plan(support.plan_for(backend), backend, actor=support.ACTOR, clock=lambda: support.NOW)
    assert str(caught.value) == "the rehearsal was stopped; nothing of it is kept"


def test_a_journal_is_read_without_being_made(backend: SqliteBackend, tmp_path: Path) -> None:
    plan = support.plan_for(backend)
    keys = [operation.key for operation in plan.operations]
    before = backend.store.path.read_bytes()
    assert read_entries(backend.store.path, keys) == {}
    assert backend.store.path.read_bytes() == before
    support.apply(plan, backend)
    assert {entry.state for entry in read_entries(backend.store.path, keys).values()} == {"done"}
