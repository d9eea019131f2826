"""Pulls that are not alone, not the first, interrupted, or of something odd."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from taskplan_dataloop import pull as pulling
from taskplan_sqlite.gate.server import open_gate, running
from taskplan_sqlite.gate.service import Options
from taskplan_sqlite.store.store import SqliteStore
from tests.dataloop.schedules import ALL, earlier
from tests.dataloop.support import LEAD, Live, live
from tests.dataloop.test_commands import Shell
from tests.gate.scripts import TASKPLAN


@pytest.fixture
def shell(platform: Live, tmp_path: Path) -> Shell:
    return Shell(platform, tmp_path / "shell")


def change(platform: Live, number: int, value: str) -> None:
    backend = platform.connect()
    backend.platform.client.write("PATCH", f"/items/{number:024x}", {"metadata": {"user": {"probe": value}}})
    backend.close()


def test_two_at_once_do_not_mix(tmp_path: Path) -> None:
    with live(tmp_path, 2500) as platform:
        shell = Shell(platform, tmp_path / "shell")
        pull = [TASKPLAN, "pull", "--store", "work.db", *shell.live]
        both = [
            subprocess.Popen(pull, cwd=shell.folder, env=shell.environment, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        talk = [running.communicate(timeout=60)[1] for running in both]
        assert sorted(running.returncode for running in both) in ([0, 0], [0, 1])
        assert all("listed an item twice" not in said for said in talk)
        shell.type("pull", "--store", "work.db", *shell.live)
        assert shell.type("items", "--store", "work.db", "--count", "--where", "{}").strip() == "2500"


def test_what_changed_while_a_pull_was_interrupted_is_not_lost(tmp_path: Path) -> None:
    with live(tmp_path, 2500) as platform:
        shell = Shell(platform, tmp_path / "shell")
        backend = platform.connect()
        dataset = backend.dataset("fruit")
        folder = shell.folder / "work.db.pull" / dataset.id
        pulling.pull(backend.platform, dataset, folder)
        (folder / "items-7.ndjson").unlink()
        backend.close()
        change(platform, 1, "early")
        change(platform, 2400, "late")
        shell.type("pull", "--store", "work.db", *shell.live)
        shell.type("pull", "--store", "work.db", *shell.live)
        for value in ("early", "late"):
            found = shell.type(
                "items", "--store", "work.db", "--count", "--where", f"metadata.user.probe: {value}"
            )
            assert found == "1\n"


def test_live_and_local_additions_to_one_task_stay_apart(shell: Shell, platform: Live) -> None:
    earlier(platform)
    shell.type("pull", "--store", "work.db", *shell.live)
    shell.plan(ALL)
    shell.type("apply", "plan.json", "--store", "work.db", *shell.live, "--yes", "--target", "earlier")
    shell.type("pull", "--store", "work.db", *shell.live)
    adding = {"add_to": "earlier", "filter": {"filename": "/train/0.jpg"}, "assignees": ["ben@example.com"]}
    (shell.folder / "more.yaml").write_text(json.dumps({"tasks": [adding]}), encoding="utf-8")
    shell.type("plan", "more.yaml", "--store", "work.db", "-o", "more.json")
    assert "verified" in shell.type("rehearse", "more.json", "--store", "work.db")
    assert "verified" in shell.type("apply", "more.json", "--store", "work.db")
    shell.type("pull", "--store", "work.db", *shell.live)
    assert "verified" in shell.type("verify", "more.json", "--store", "work.db")
    assert "released" in shell.type("undo", "more.json", "--store", "work.db")
    shell.type("undo", "plan.json", "--store", "work.db", *shell.live, "--yes")
    assert [task["name"] for task in platform.state()] == ["earlier"]


def test_options_of_a_live_backend_are_not_taken_for_the_mock(shell: Shell, platform: Live) -> None:
    shell.type("pull", "--store", "work.db", *shell.live)
    shell.plan()
    shell.type("apply", "plan.json", "--store", "work.db", *shell.live[2:], code=2)
    assert "--gate-url, --token-file belong to a live backend; add --backend dataloop" in shell.talk
    shell.type("pull", "--store", "work.db", "--backend", "sqlite", code=2)
    assert shell.talk == 'error: --backend: the backend "sqlite" cannot pull\n'


def test_a_store_that_is_another_by_now_is_filled_anew(shell: Shell) -> None:
    shell.type("pull", "--store", "work.db", *shell.live)
    (shell.folder / "work.db").unlink()
    for beside in shell.folder.glob("work.db-*"):
        beside.unlink()
    assert "40 items read, 40 added" in shell.type("pull", "--store", "work.db", *shell.live)


def test_nothing_to_pull_is_no_error(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "platform.db", create=True)
    with store.write():
        store.dataset_for("empty", "food")
    store.close()
    with open_gate(tmp_path / "platform.db", Options(user=LEAD)) as gate, running(gate):
        shell = Shell(Live(tmp_path, gate), tmp_path / "shell")
        said = shell.type("pull", "--store", "work.db", *shell.live)
        assert said == "empty: 0 items read, 0 added, 0 changed, 0 removed; 0 tasks\n"


def test_a_dataset_of_another_project_is_not_taken_over(shell: Shell) -> None:
    (shell.folder / "items.ndjson").write_text('{"id": "1", "filename": "/a.jpg"}', encoding="utf-8")
    store = SqliteStore(shell.folder / "work.db", create=True)
    store.import_path(shell.folder / "items.ndjson", "fruit", project="other")
    store.close()
    shell.type("pull", "--store", "work.db", *shell.live, code=2)
    assert shell.talk == (
        'error: work.db: the store has a dataset "fruit" of the project "other"; "food" needs another store\n'
    )


def test_what_is_gone_from_the_platform_is_told_with_a_way_out(shell: Shell, platform: Live) -> None:
    shell.type("pull", "--store", "work.db", *shell.live)
    shell.plan()
    apply = ("apply", "plan.json", "--store", "work.db", *shell.live, "--yes")
    shell.type(*apply)
    backend = platform.connect()
    for task in backend.platform.tasks(backend.dataset("fruit")):
        backend.platform.client.write("DELETE", f"/annotationtasks/{task['id']}", {"asynced": True})
    backend.close()
    shell.type(*apply, code=1)
    assert "what was done before is gone; after `taskplan undo` the plan can be applied anew" in shell.talk
    shell.type("undo", "plan.json", "--store", "work.db", *shell.live, "--yes")
    assert "applied label" in shell.type(*apply)
