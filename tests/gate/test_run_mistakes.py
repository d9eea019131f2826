"""What goes wrong with `taskplan run`, and what a recorded plan cannot hold."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from taskplan.planning.codec import read_plan
from tests.gate.scripts import CREATE, TASKPLAN, run_script
from tests.gate.test_commands import taskplan


def test_a_plan_that_was_applied_is_not_written_over(folder: Path) -> None:
    assert run_script(folder, CREATE, "--save-plan", "plan.json").code == 0
    assert taskplan(folder, "apply", "plan.json", "--store", "work.db").returncode == 0
    again = taskplan(folder, "run", "--store", "work.db", "--save-plan", "plan.json", "script.py")
    assert again.returncode == 2
    assert "holds a plan that was applied to work.db" in again.stderr
    assert taskplan(folder, "undo", "plan.json", "--store", "work.db").returncode == 0


def test_a_place_that_cannot_be_written_is_told_before_the_script_runs(folder: Path) -> None:
    (folder / "script.py").write_text("open('ran', 'w').close()", encoding="utf-8")
    for target, words in (("none/plan.json", "none: there is no such folder"), ("home", "home: is a folder")):
        done = taskplan(folder, "run", "--store", "work.db", "--save-plan", target, "script.py")
        assert (done.returncode, done.stderr.startswith(f"error: {words}")) == (2, True)
    assert not (folder / "ran").exists()


def test_options_in_the_wrong_place_are_told(folder: Path) -> None:
    (folder / "script.py").write_text("import sys; print(sys.argv[1:])", encoding="utf-8")
    done = taskplan(folder, "run", "--store", "work.db", "script.py", "--in-place", "--own")
    assert done.stdout.startswith("['--in-place', '--own']\n")
    told = "warning: --in-place stands after SCRIPT and went to the script, not to `taskplan run`\n"
    assert told in done.stderr
    wrong = taskplan(folder, "run", "--store", "work.db", "--savee", "x", "script.py")
    assert wrong.returncode == 2
    assert "No such option" in wrong.stderr
    assert "--savee" in wrong.stderr


def test_a_script_that_fails_shows_its_own_traceback_and_what_it_did_before(folder: Path) -> None:
    outcome = run_script(folder, CREATE + "\nraise ValueError('no')\n", "--save-plan", "plan.json")
    assert outcome.code == 1
    assert outcome.talk.count("  File ") == 1
    assert outcome.talk.count("ValueError: no") == 1
    done = taskplan(folder, "run", "--store", "work.db", "script.py")
    assert done.stdout.startswith("the script failed (exit code 1); what it did on a copy of work.db\n")
    assert [operation.id for operation in read_plan(folder / "plan.json").operations] == ["create:label"]


def test_what_a_plan_cannot_hold_is_told_and_the_plan_still_holds(folder: Path) -> None:
    assert run_script(folder, CREATE, "--in-place").code == 0
    change = """
    task = dataset.tasks.get(task_name='label')
    first = task.assignments.list()[0]
    task.remove_items(items=list(first.get_items().all())[:2])
    first.reassign(assignee_id='annotator3@example.com')
    task = again(task)
    task.name = 'renamed'
    task.update()
    """
    outcome = run_script(folder, change, "--save-plan", "plan.json")
    work = outcome.tasks["renamed"]
    assert (work["moved"], work["left"]) == (10, 2)
    plan = read_plan(folder / "plan.json")
    (moved,) = plan.operations
    assert (moved.action, [(m.taker, m.items) for m in moved.moves]) == (
        "move_items",
        [("annotator3@example.com", 10)],
    )
    assert plan.warnings == (
        "renamed: 2 items left it; a plan does not do that",
        'renamed: was named "label" before; a plan does not do that',
    )
    done = taskplan(folder, "run", "--store", "work.db", "script.py")
    words = " ".join(done.stdout.split())
    assert "10 items moved between people, 2 items taken out, was named label" in words


def test_what_is_there_already_is_told(folder: Path) -> None:
    outcome = run_script(folder, CREATE, "--in-place", "--save-plan", "plan.json")
    assert "what this plan makes is in the store already; applying it makes it again" in outcome.talk


def test_a_run_that_is_ended_leaves_nothing_behind(folder: Path) -> None:
    (folder / "script.py").write_text(
        "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)", encoding="utf-8"
    )
    temporary = folder / "temporary"
    temporary.mkdir()
    run = subprocess.Popen(
        [TASKPLAN, "run", "--store", "work.db", "script.py"],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 30
    while not (folder / "pid").exists() or not (folder / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=30)
    assert run.returncode == 143
    assert list(temporary.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int((folder / "pid").read_text()), 0)
