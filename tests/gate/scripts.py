"""Scripts of the SDK, as people write them, run by `taskplan run` in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

TASKPLAN = str(Path(sys.executable).with_name("taskplan"))
PREAMBLE = """\
import datetime
import dtlpy as dl

if dl.token_expired():
    dl.login()
project = dl.projects.get(project_name='food')
dataset = project.datasets.get(dataset_name='fruit')
due = datetime.datetime(day=1, month=1, year=2029).timestamp()
people = ['annotator1@example.com', 'annotator2@example.com']


def count(pages):
    return len(list(pages.all()))


def by_person(task):
    return {a.annotator: count(a.get_items()) for a in task.assignments.list()}


def again(task):
    return dataset.tasks.get(task_id=task.id)


def inside(path):
    return dl.Filters(field='dir', values=path)


def make(name, **more):
    return dataset.tasks.create(task_name=name, due_date=due, **{'assignee_ids': people, **more})
"""

CREATE = """
task = dataset.tasks.create(task_name='label', due_date=due, assignee_ids=people,
                            filters=dl.Filters(field='dir', values='/train'))
"""


class Outcome:
    """How a script ended and what `taskplan run --json` tells of it."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code = done.returncode
        self.talk = done.stderr
        self.said: Any = json.loads(done.stdout) if done.stdout else None

    @property
    def tasks(self) -> dict[str, Any]:
        return {task["name"]: task for task in self.said["tasks"]}


def run_script(
    folder: Path, script: str, *options: str, preamble: str = PREAMBLE, args: tuple[str, ...] = ()
) -> Outcome:
    """Write a script into a folder with a store `work.db`, run it, and return how it ended."""
    path = folder / "script.py"
    path.write_text(preamble + "\n" + textwrap.dedent(script), encoding="utf-8")
    done = subprocess.run(
        [TASKPLAN, "run", "--store", "work.db", "--json", *options, path.name, *args],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "HOME": str(folder / "home")},
    )
    return Outcome(done)


def succeeds(folder: Path, script: str, *options: str, **more: Any) -> Outcome:
    """Run a script whose own assertions hold."""
    outcome = run_script(folder, script, *options, **more)
    assert outcome.code == 0, outcome.talk
    return outcome
