"""Quality tasks, pulling tasks and moves on the live backend, in good and in bad weather."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from taskplan.errors import BackendError, DriftError
from taskplan.model.memory import MemoryTable
from taskplan.planning.document import Operation, Plan
from taskplan.replay.journal import Journal
from taskplan.replay.undo import undo_plan
from taskplan.replay.verify import verify_plan
from taskplan.testing.operations import move, plan_of, pulling_task, quality_task
from taskplan_sqlite.gate.faults import Fault, Faults, Rule
from tests.dataloop.schedules import BAD, apply_until_done, random_faults
from tests.dataloop.support import Live, live
from tests.gate.scripts import run_script

ANN, BEN, CAT = "ann@example.com", "ben@example.com", "cat@example.com"
IDS = [f"{number + 1:024x}" for number in range(40)]
PLACES = ("*/annotationtasks", "*/removeFromTask", "*/addToTask", "*/annotationtasks/*")


def plan(*operations: Operation) -> Plan:
    table = MemoryTable.from_documents([{"id": item} for item in IDS], dataset="fruit", project="food")
    return plan_of(table, *operations)


def earlier(platform: Live) -> tuple[str, dict[str, list[str]]]:
    """Let there be a task of twelve items, half with Ann, half with Ben; return its id and who has what."""
    made = platform.plan(
        {
            "tasks": [
                {"name": "label", "filter": {"metadata.user.n": {"lt": 12}}, "assignees": [ANN, BEN]},
            ]
        }
    )
    backend = platform.connect()
    assert platform.apply(made, backend).verification.ok
    task = backend.task("fruit", "label")
    backend.close()
    return task.id, {a.assignee: sorted(a.items) for a in task.assignments}


def everything(task: str, held: dict[str, list[str]]) -> Plan:
    return plan(
        quality_task("agree", "consensus", IDS[20:30], (ANN, BEN, CAT), percent=50, each=2),
        pulling_task("pull", IDS[12:40], (ANN, BEN)),
        move(task, (ANN, CAT, held[ANN]), (BEN, ANN, held[BEN][:2])),
    )


def state(platform: Live) -> list[tuple[str, str, list[str]]]:
    """Who has what in which task, copies as their originals; and how many items there are."""
    with platform.gate.lock:
        rows = platform.gate.store.connection.execute(
            """SELECT t.name, coalesce(a.annotator, ''), coalesce(json_extract(i.document, '$.srcItem'), i.id)
               FROM refs r JOIN tasks t ON t.id = r.task JOIN items i ON i.pk = r.item
               LEFT JOIN assignments a ON a.id = r.assignment ORDER BY 1, 2, 3"""
        ).fetchall()
        (count,) = platform.gate.store.connection.execute("SELECT count(*) FROM items").fetchone()
    held: dict[tuple[str, str], list[str]] = {("items", str(count)): []}
    for task, who, item in rows:
        held.setdefault((task, who), []).append(item)
    return [(task, who, items) for (task, who), items in held.items()]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, list[str]]]:
    with live(tmp_path_factory.mktemp("undisturbed")) as platform:
        apply_until_done(platform, everything(*earlier(platform)), most=1)
        return state(platform)


@pytest.mark.parametrize(("number", "fault"), [*enumerate(BAD)][::3])
def test_a_fault_at_a_write(number: int, fault: Fault, tmp_path: Path, expected: Any) -> None:
    with live(tmp_path) as platform:
        made = everything(*earlier(platform))
        place = PLACES[number % len(PLACES)]
        method = "PATCH" if place.endswith("/*") else "POST"
        platform.gate.faults = Faults([Rule(fault, place, method), Rule(fault, place, method, skip=2)])
        apply_until_done(platform, made)
        assert platform.gate.faults.struck
        assert state(platform) == expected


@pytest.mark.parametrize("seed", range(2))
def test_random_schedules(seed: int, tmp_path: Path, expected: Any) -> None:
    with live(tmp_path) as platform:
        made = everything(*earlier(platform))
        platform.gate.faults = random_faults(np.random.default_rng(seed))
        apply_until_done(platform, made)
        assert state(platform) == expected


def undo(platform: Live, made: Plan, **options: Any) -> None:
    backend = platform.connect(**options)
    try:
        with Journal(platform.local) as journal:
            undo_plan(made, backend, journal, clock=lambda: 0.0)
    finally:
        backend.close()


@pytest.mark.parametrize("again", ["undo", "apply"])
@pytest.mark.parametrize("first", ["undo", "apply"])
def test_what_stopped_while_items_were_in_nobodys_hands_goes_on(
    first: str, again: str, platform: Live
) -> None:
    task, held = earlier(platform)
    before = state(platform)
    made = plan(move(task, (ANN, CAT, held[ANN]), (BEN, CAT, held[BEN][:2])))
    if first == "undo":
        apply_until_done(platform, made)
    never = Fault("status", "before", 503)
    platform.gate.faults = Faults([Rule(never, "*/addToTask", "POST", times=0)])
    backend = platform.connect(tries=2)
    with pytest.raises(BackendError):
        _ = undo(platform, made, tries=2) if first == "undo" else platform.apply(made, backend)
    backend.close()
    platform.gate.faults = Faults()
    assert sum(len(items) for name, _, items in state(platform) if name == "label") < 12
    backend = platform.connect()
    assert "begun" in verify_plan(made, backend).differences[0]
    backend.close()
    if again == "undo":
        undo(platform, made)
        assert state(platform) == before
    else:
        apply_until_done(platform, made)
        there = {who: items for name, who, items in state(platform) if name == "label"}
        assert there == {BEN: held[BEN][2:], CAT: sorted([*held[ANN], *held[BEN][:2]])}


def test_undo_leaves_the_platform_as_it_was(platform: Live) -> None:
    task, held = earlier(platform)
    before = state(platform)
    made = everything(task, held)
    apply_until_done(platform, made)
    undo(platform, made)
    assert state(platform) == before


def test_the_platform_may_pick_other_items(platform: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    from taskplan_sqlite.platform import requests

    real = requests.quality.handout
    # A platform that lists items the other way round.
    monkeypatch.setattr(requests.quality, "handout", lambda c, d, keys, *more: real(c, d, keys[::-1], *more))
    operation = quality_task("agree", "consensus", IDS[:9], (ANN, BEN, CAT), percent=40, each=2)
    made = plan(operation)
    backend = platform.connect()
    report = platform.apply(made, backend)
    assert report.verification.ok, report.verification.differences
    assert dict(backend.items_of(operation)) != operation.items_by_assignee()
    backend.close()


def test_a_copy_that_is_not_there_is_told(platform: Live) -> None:
    operation = quality_task("agree", "consensus", IDS[:6], (ANN, BEN), percent=50, each=2)
    made = plan(operation)
    backend = platform.connect()
    platform.apply(made, backend)
    task = backend.task("fruit", "agree")
    with platform.gate.lock, platform.gate.store.write() as connection:
        connection.execute(
            """DELETE FROM refs WHERE task = ? AND assignment = ?
               AND item IN (SELECT pk FROM items WHERE hidden = 1)""",
            (task.id, task.assignments[0].id),
        )
        platform.gate.store.touch_refs(1)
    found = verify_plan(made, backend).differences
    assert found == (f"create:agree: {ANN} has 2 items, planned were 5",)
    backend.close()


def test_nothing_is_moved_in_a_task_that_hands_its_items_out(platform: Live) -> None:
    made = plan(pulling_task("pull", IDS[:12], (ANN, BEN)))
    backend = platform.connect()
    report = platform.apply(made, backend)
    task = report.performed["create:pull"].task_id
    with pytest.raises(DriftError) as caught:
        platform.apply(plan(move(task, (ANN, BEN, IDS[:1]))), backend)
    assert "none can be moved" in caught.value.changes[0]
    backend.close()


def test_the_sdk_sees_what_the_plan_says(platform: Live, tmp_path: Path) -> None:
    folder = tmp_path / "script"
    folder.mkdir()
    task, held = earlier(platform)
    school = quality_task("school", "qualification", IDS[30:33], (ANN, BEN, CAT))
    made = everything(task, held)
    made = plan(*made.operations, school)
    apply_until_done(platform, made)
    agree = made.operations[0]
    platform.copy_here()
    shutil.copy(platform.local, folder / "work.db")
    outcome = run_script(
        folder,
        f"""
        def named(name):
            return dataset.tasks.get(task_name=name)

        planned = { ({who: ids.tolist() for who, ids in agree.items_by_assignee().items()})!r}
        def told(task):
            system = again(task).metadata['system']
            return {{name: value for name, value in system.items() if name != 'consensusAssignmentId'}}

        agree = named('agree')
        asked = dict(due_date=due, filters=inside('/test'))
        team = {[ANN, BEN, CAT]!r}
        theirs = dataset.tasks.create_consensus_task(
            name='c', assignee_ids=team, consensus_percentage=50, consensus_assignees=2, **asked)
        assert told(agree) == told(theirs), told(agree)
        theirs = dataset.tasks.create_qualification_task(name='q', assignee_ids=team, **asked)
        assert told(named('school')) == told(theirs), told(named('school'))
        theirs = make('p', assignee_ids=team[:2], allowed_assignees=team[:2], batch_size=3,
                      max_batch_workload=5)
        assert told(named('pull')) == told(theirs), told(named('pull'))
        found = {{}}
        for assignment in agree.assignments.list():
            found[assignment.annotator] = sorted(
                item.to_json().get('srcItem') or item.id for item in assignment.get_items().all())
        assert found == {{who: sorted(ids) for who, ids in planned.items()}}, found
        assert count(agree.get_items()) == sum(map(len, planned.values()))
        assert count(agree.get_items(get_consensus_items=True)) == 5 + 10 + 5
        assert by_person(named('school')) == dict.fromkeys({[ANN, BEN, CAT]!r}, 3)
        assert by_person(named('pull')) == dict.fromkeys({[ANN, BEN]!r}, 3)
        assert count(named('pull').get_items()) == 28
        assert by_person(named('label')) == {{{CAT!r}: 6, {BEN!r}: 4, {ANN!r}: 2}}
        """,
    )
    assert outcome.code == 0, outcome.talk
