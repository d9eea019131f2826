"""What a script did with quality tasks, pulling tasks and assignments, saved as a plan and applied."""

from __future__ import annotations

from pathlib import Path

from taskplan.planning.codec import read_plan
from taskplan.replay.executor import apply_plan
from taskplan.replay.journal import Journal
from taskplan_sqlite.backend import SqliteBackend
from taskplan_sqlite.store.store import SqliteStore
from tests.gate.scripts import CREATE, run_script

SCRIPT = """
agree = dataset.tasks.create_consensus_task(
    name='agree', due_date=due, assignee_ids=people, filters=inside('/train'),
    consensus_percentage=50, consensus_assignees=2)
school = dataset.tasks.create_qualification_task(
    name='school', due_date=due, assignee_ids=people, filters=inside('/test'))
pull = make('pull', batch_size=3, max_batch_workload=5)
first = dataset.tasks.get(task_name='label').assignments.list()[0]
first.redistribute(dl.Workload.generate(assignee_ids=['annotator2@example.com', 'annotator3@example.com']))
"""


def test_recorded_work_is_done_again(folder: Path) -> None:
    assert run_script(folder, CREATE, "--in-place").code == 0
    outcome = run_script(folder, SCRIPT, "--save-plan", "plan.json")
    assert outcome.code == 0, outcome.talk
    plan = read_plan(folder / "plan.json")
    assert plan.warnings == ()
    kinds = {o.title: o.mode.kind if o.mode else o.action for o in plan.operations}
    assert kinds == {
        "agree": "consensus",
        "school": "qualification",
        "pull": "pulling",
        "label": "move_items",
    }
    backend = SqliteBackend(SqliteStore(folder / "work.db"))
    with Journal(folder / "work.db") as journal:
        report = apply_plan(plan, backend, journal, actor="lead@example.com", clock=lambda: 1.0)
    assert report.verification.ok, report.verification.differences
    held = {task.name: {a.assignee: len(a.items) for a in task.assignments} for task in backend.tasks()}
    assert held["agree"] == outcome.tasks["agree"]["items"]
    assert held["school"] == outcome.tasks["school"]["items"]
    assert held["pull"] == {"annotator1@example.com": 3, "annotator2@example.com": 3}
    assert held["label"] == {"annotator2@example.com": 18, "annotator3@example.com": 6}
    backend.close()
