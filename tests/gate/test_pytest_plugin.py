"""The fixtures for users' own tests, used as they would use them, in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

SUITE = """
import dtlpy as dl


def seed(store, count=4):
    return store.add_items(
        ({"id": f"{n:024x}", "filename": f"/a/{n}.jpg"} for n in range(count)), dataset="d", project="p"
    )


def test_a_task(dataloop, dataloop_store):
    assert seed(dataloop_store) == 4
    assert dataloop is dl
    dataset = dl.projects.get(project_name="p").datasets.get(dataset_name="d")
    task = dataset.tasks.create(task_name="t", due_date=2e9, assignee_ids=["a@b.c", "d@e.f"])
    assert [a.total_items for a in task.assignments.list()] == [2, 2]


def test_another_begins_empty(dataloop):
    assert len(dl.projects.list()) == 0
    assert dl.projects.create("q").name == "q"


def test_the_state_of_the_sdk_comes_back(request):
    before = dl.client_api.environment, dl.client_api.cookie_io.COOKIE
    dataloop = request.getfixturevalue("dataloop")
    assert dataloop.client_api.environment.startswith("http://127.0.0.1:")
    remembered.append(before)


def test_it_did_come_back():
    assert remembered == [(dl.client_api.environment, dl.client_api.cookie_io.COOKIE)]


remembered = []
"""


def test_the_fixtures_serve_a_suite_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(textwrap.dedent(SUITE), encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "DATALOOP_PATH": str(tmp_path / "own")}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        str(tmp_path),
    ]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert "4 passed" in done.stdout, done.stdout
    assert list(home.iterdir()) == []
    kept = (tmp_path / "own" / "cookie.json").read_text(encoding="utf-8")
    assert "127.0.0.1" not in kept


def test_the_plugin_imports_nothing_but_pytest() -> None:
    script = (
        "import sys, pytest; before = set(sys.modules); import taskplan_sqlite.pytest_plugin; "
        "print(sorted(n for n in set(sys.modules) - before if not n.startswith('taskplan')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
