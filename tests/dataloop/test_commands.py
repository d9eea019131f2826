"""`pull`, `apply --backend dataloop` and the rest as a person types them, against a gate."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from taskplan.model.ids import ItemIds
from taskplan_sqlite.backend import SqliteBackend
from taskplan_sqlite.gate.faults import Fault, Faults, Rule
from taskplan_sqlite.store.store import SqliteStore
from tests.dataloop.schedules import ALL, earlier
from tests.dataloop.support import SPEC, Live, live
from tests.gate.scripts import TASKPLAN


class Shell:
    """A folder with a home of its own, in which commands are typed."""

    def __init__(self, platform: Live, folder: Path) -> None:
        self.platform = platform
        self.folder = folder
        self.folder.mkdir()
        (folder / "home").mkdir()
        self.live = (
            "--backend",
            "dataloop",
            "--gate-url",
            platform.gate.url,
            "--token-file",
            str(platform.token_file),
        )

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TASKPLAN")}
        return {**kept, "HOME": str(self.folder / "home"), "TMPDIR": str(self.folder), "COLUMNS": "100"}

    def type(self, *words: str, code: int = 0, stdin: str = "") -> str:
        done = subprocess.run(
            [TASKPLAN, *words],
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.talk = done.stderr
        assert done.returncode == code, (done.stdout, done.stderr)
        assert self.platform.gate.token not in done.stdout + done.stderr
        return done.stdout

    def plan(self, spec: dict[str, Any] = SPEC) -> None:
        (self.folder / "spec.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
        self.type("plan", "spec.yaml", "--store", "work.db", "-o", "plan.json")

    def files(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def shell(platform: Live, tmp_path: Path) -> Shell:
    return Shell(platform, tmp_path / "shell")


def pulled(shell: Shell) -> list[dict[str, Any]]:
    """What `status` shows of the local store, without what is only local."""
    said = json.loads(shell.type("status", "--store", "work.db", "--json"))
    return [{**task, "rehearsed": None} for task in said["tasks"]]


def test_pull_plan_rehearse_apply_verify_status_undo(shell: Shell, platform: Live) -> None:
    said = shell.type("pull", "--store", "work.db", *shell.live)
    assert said == "fruit: 40 items read, 40 added, 0 changed, 0 removed; 0 tasks\n"
    shell.plan()
    assert "verified" in shell.type("rehearse", "plan.json", "--store", "work.db")
    before = platform.state()
    assert "would make label: 30 items, 2 assignments" in shell.type(
        "apply", "plan.json", "--store", "work.db", *shell.live, "--dry-run"
    )
    assert platform.state() == before
    writes = [entry for entry in platform.gate.requests if entry["method"] not in ("GET",)]
    assert [entry["path"] for entry in writes if not entry["path"].endswith("/query")] == []
    shell.type("apply", "plan.json", "--store", "work.db", *shell.live, code=1, stdin="n\n")
    assert "Apply this plan to the live backend (project food, dataset fruit)?" in shell.talk
    assert platform.state() == before
    said = shell.type("apply", "plan.json", "--store", "work.db", *shell.live, stdin="y\n")
    assert "verified: what was made is what the plan says" in said
    assert "nothing to do" in shell.type("apply", "plan.json", "--store", "work.db", *shell.live, "--yes")
    assert "verified: 30 items" in shell.type("verify", "plan.json", "--store", "work.db", *shell.live)
    live_status = json.loads(
        shell.type("status", "--store", "work.db", *shell.live, "--project", "food", "--json")
    )["tasks"]
    assert [task["items"] for task in live_status] == [30, 30]
    shell.type("pull", "--store", "work.db", *shell.live)
    assert pulled(shell) == [{**task, "rehearsed": None} for task in live_status]
    shell.type("undo", "plan.json", "--store", "work.db", *shell.live, "--yes")
    assert platform.state() == before
    assert platform.gate.token.encode() not in shell.files()


def test_a_part_of_a_plan_and_a_hook(shell: Shell, platform: Live) -> None:
    shell.type("pull", "--store", "work.db", *shell.live)
    other = {"name": "other", "filter": {"dir": "/test"}, "assignees": ["cat@example.com"]}
    shell.plan({"tasks": [*SPEC["tasks"], other]})
    apply = ("apply", "plan.json", "--store", "work.db", *shell.live, "--yes")
    shell.type(*apply, "--target", "check", "--on-done", "cat > done.json")
    done = json.loads((shell.folder / "done.json").read_text())
    assert [(task["name"], task["items"], sorted(task["assignments"])) for task in done["tasks"]] == [
        ("label", 30, ["ann@example.com", "ben@example.com"]),
        ("check", 30, ["cat@example.com"]),
    ]
    assert [task["name"] for task in platform.state()] == ["check", "label"]
    shell.type(*apply, "--target", "chekc", code=2)
    assert shell.talk == 'error: the plan has no task "chekc"; did you mean "check"?\n'
    shell.type(*apply, "--on-done", "exit 3", code=1)
    assert "--on-done: the command ended with 3; the plan itself was applied" in shell.talk
    assert [task["name"] for task in platform.state()] == ["check", "label", "other"]


def test_drift_names_item_field_before_and_after(shell: Shell, platform: Live) -> None:
    shell.type("pull", "--store", "work.db", *shell.live)
    shell.plan(
        {
            "tasks": [
                {"name": "low", "filter": {"metadata.user.n": {"lt": 3}}, "assignees": ["ben@example.com"]}
            ]
        }
    )
    backend = platform.connect()
    dataset = backend.dataset("fruit")
    backend.platform.client.write("PATCH", f"/items/{1:024x}", {"metadata": {"user": {"n": 9}}})
    backend.platform.client.write("DELETE", f"/items/{2:024x}")
    backend.close()
    assert dataset.name == "fruit"
    shell.type("apply", "plan.json", "--store", "work.db", *shell.live, "--yes", code=4)
    assert (
        '  create:low: /train/0.jpg no longer satisfies {"metadata.user.n":{"$lt":3}} '
        "(metadata.user.n was 0, is 9)\n" in shell.talk
    )
    assert f"create:low: item {2:024x} is gone" in shell.talk
    assert platform.state() == []
    said = shell.type("apply", "plan.json", "--store", "work.db", *shell.live, "--yes", "--allow-drift")
    assert "applied low: 1 item, 1 assignment" in said
    said = shell.type("pull", "--store", "work.db", *shell.live)
    assert said.startswith("fruit: 2 items read, 0 added, 1 changed, 1 removed; 1 task\n")


def test_a_stale_plan_is_shown_and_told(shell: Shell, platform: Live) -> None:
    shell.type("pull", "--store", "work.db", *shell.live)
    shell.plan()
    backend = platform.connect()
    backend.platform.client.write("DELETE", f"/items/{1:024x}")
    backend.close()
    shell.type("pull", "--store", "work.db", *shell.live)
    assert "create label (annotation): 30 items" in shell.type("show", "plan.json", "--store", "work.db")
    assert "warning: the plan is stale: 2 things changed in work.db since it was made" in shell.talk
    assert "stale" not in (shell.type("show", "plan.json") + shell.talk)


def test_a_pull_by_query_takes_a_part(shell: Shell, platform: Live) -> None:
    said = shell.type("pull", "--store", "work.db", *shell.live, "--query", "dir: /test")
    assert said.startswith("fruit: 10 items read, 10 added")
    shell.type("pull", "--store", "work.db", *shell.live, "--query", "nonsense: {$gtt: 1}", code=2)
    assert "unknown operator" in shell.talk


def test_a_killed_pull_goes_on(tmp_path: Path) -> None:
    with live(tmp_path, 3000) as platform:
        shell = Shell(platform, tmp_path / "shell")
        platform.gate.faults = Faults([Rule(Fault("slow", seconds=0.5), "*/query", skip=18, times=0)])
        running = subprocess.Popen(
            [TASKPLAN, "pull", "--store", "work.db", *shell.live], cwd=shell.folder, env=shell.environment
        )
        deadline = time.monotonic() + 60
        while not any(file.stat().st_size for file in shell.folder.rglob("items-*.ndjson")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        running.send_signal(signal.SIGKILL)
        running.wait(30)
        held = sum(file.read_bytes().count(b"\n") for file in shell.folder.rglob("items-*.ndjson"))
        assert held > 0
        platform.gate.faults = Faults()
        platform.gate.requests.clear()
        said = shell.type("pull", "--store", "work.db", *shell.live)
        assert said.startswith("fruit: 3,000 items read, 3,000 added")
        assert not any(shell.folder.rglob("items-*.ndjson"))


def test_a_profile_stands_for_the_options(shell: Shell, platform: Live) -> None:
    config = shell.folder / "home/.config/taskplan/config.yaml"
    config.parent.mkdir(parents=True)
    profile = {
        "backend": "dataloop",
        "gate_url": platform.gate.url,
        "project": "food",
        "token_file": str(platform.token_file),
    }
    config.write_text(yaml.safe_dump({"profiles": {"production": profile}}), encoding="utf-8")
    shell.type("pull", "--store", "work.db", "--profile", "production")
    shell.type("pull", "--store", "work.db", "--profile", "producton", code=2)
    assert 'there is no profile "producton"; did you mean "production"?' in shell.talk
    for wrong, words in (
        ({"token": "x"}, f'{config} profiles.production: unknown field "token"; did you mean "token_file"?'),
        (
            {"request_items": -5},
            f"{config} profiles.production.request_items: expected a number of 1 to 80000, got -5",
        ),
        ({"replay": "nativ"}, f"{config} profiles.production: invalid enum value 'nativ' - at \"$.replay\""),
    ):
        config.write_text(yaml.safe_dump({"profiles": {"production": wrong}}), encoding="utf-8")
        shell.type("pull", "--store", "work.db", "--profile", "production", code=2)
        assert shell.talk == f"error: {words}\n"


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--project", "foood"], 2, 'error: there is no project "foood"; did you mean "food"?'),
        (["--dataset", "friut"], 2, 'error: there is no dataset "friut"; did you mean "fruit"?'),
        (["--gate-url", "nowhere"], 2, "error: --gate-url: expected an address such as https://"),
        (["--gate-url", "http://127.0.0.1:9/api/v1"], 1, "error: 127.0.0.1:9 does not answer"),
        (["--token-file", "none"], 2, "error: none: the token cannot be read: No such file or directory"),
        (["--token-file", "spec.yaml"], 2, "error: spec.yaml: what it holds is no token of the platform"),
    ],
)
def test_a_mistake_is_one_line(options: list[str], code: int, words: str, shell: Shell) -> None:
    (shell.folder / "spec.yaml").write_text("a: b", encoding="utf-8")
    shell.type("pull", "--store", "work.db", *shell.live, *options, code=code)
    assert shell.talk.startswith(words)
    assert shell.talk.count("\n") == 1


def test_the_sdks_own_login_is_read_and_left_alone(shell: Shell, platform: Live) -> None:
    folder = shell.folder / "home/.dataloop"
    folder.mkdir()
    url = platform.gate.url
    cookie = {"url": url, "environments": {url: {"token": platform.gate.token, "gate_url": url}}}
    (folder / "cookie.json").write_text(json.dumps(cookie), encoding="utf-8")
    shell.type("pull", "--store", "work.db")
    assert json.loads((folder / "cookie.json").read_text()) == cookie
    assert [path.name for path in folder.iterdir()] == ["cookie.json"]


@pytest.mark.parametrize("moment", range(14))
def test_killed_at_any_write_the_same_command_continues(moment: int, tmp_path: Path) -> None:
    with live(tmp_path) as platform:
        earlier(platform)
        shell = Shell(platform, tmp_path / "shell")
        shell.type("pull", "--store", "work.db", *shell.live)
        shell.plan(ALL)
        # The process is killed while the answer to one of its writes is on the way.
        slow = Fault("slow", seconds=0.3)
        rules = [Rule(slow, path, skip=0, times=0) for path in ("*/annotationtasks", "*/addToTask")]
        rules += [Rule(slow, "*/annotationtasks/*", "PATCH", times=0)]
        platform.gate.faults = Faults(rules)
        apply = ("apply", "plan.json", "--store", "work.db", *shell.live, "--yes", "--request-items", "7")
        running = subprocess.Popen([TASKPLAN, *apply], cwd=shell.folder, env=shell.environment)
        deadline = time.monotonic() + 60
        while platform.gate.faults.struck <= moment and running.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
        running.wait(30)
        platform.gate.faults = Faults()
        time.sleep(0.4)
        shell.type(*apply)
        assert "verified" in shell.type("verify", "plan.json", "--store", "work.db", *shell.live)
        names = sorted(task["name"] for task in platform.state())
        assert names == ["check", "earlier", "label"]


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_random_moments_the_same_command_continues(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    with live(tmp_path) as platform:
        shell = Shell(platform, tmp_path / "shell")
        shell.type("pull", "--store", "work.db", *shell.live)
        shell.plan()
        platform.gate.faults = Faults([Rule(Fault("slow", seconds=0.05), "*", times=0)])
        apply = ("apply", "plan.json", "--store", "work.db", *shell.live, "--yes", "--request-items", "5")
        for _ in range(3):
            running = subprocess.Popen(
                [TASKPLAN, *apply], cwd=shell.folder, env=shell.environment, stdout=subprocess.DEVNULL
            )
            with suppress(subprocess.TimeoutExpired):
                running.wait(float(rng.uniform(1.0, 5.0)))
            running.kill()
            running.wait(30)
        platform.gate.faults = Faults()
        shell.type(*apply)
        assert "verified" in shell.type("verify", "plan.json", "--store", "work.db", *shell.live)
        assert [task["name"] for task in platform.state()] == ["check", "label"]


def test_annotations_statuses_and_refs_are_pulled(shell: Shell, platform: Live) -> None:
    backend = platform.connect()
    client = backend.platform.client
    box = {"label": "apple", "type": "box", "coordinates": [{"x": 1, "y": 1}, {"x": 2, "y": 2}]}
    client.write("POST", f"/items/{1:024x}/annotations", [{**box, "attributes": [], "metadata": {}}])
    earlier(platform)
    (task,) = backend.platform.tasks(backend.dataset("fruit"))
    body = {
        "itemIds": [f"{4:024x}"],
        "statusPayload": {"operation": "create", "status": "completed"},
    }
    client.write("POST", f"/assignments/items/tasks/{task['id']}/status", body)
    backend.close()
    shell.type("pull", "--store", "work.db", *shell.live)
    count = ("items", "--store", "work.db", "--count", "--where")
    assert shell.type(*count, "annotations: {label: apple, type: box}") == "1\n"
    assert shell.type(*count, f"metadata.system.refs.id: {task['id']}") == "1\n"
    (found,) = pulled(shell)
    assert (found["id"], found["items"], found["assignments"][0]["statuses"]) == (
        task["id"],
        1,
        {"completed": 1},
    )
    shell.type("plan", "--store", "work.db", "--name", "x", "--assignee", "ann@example.com", "-o", "x.json")
    assert "create x" in shell.type("show", "x.json")


def test_statuses_set_by_people_stop_an_undo(shell: Shell, platform: Live) -> None:
    shell.type("pull", "--store", "work.db", *shell.live)
    shell.plan()
    shell.type("apply", "plan.json", "--store", "work.db", *shell.live, "--yes")
    with platform.gate.lock:
        store = SqliteStore(platform.folder / "platform.db")
        backend = SqliteBackend(store)
        (task,) = [task for task in backend.tasks() if task.name == "label"]
        backend.set_status(
            task.id, ItemIds.of([f"{1:024x}"]), "completed", creator="ann@example.com", now=1.0
        )
        backend.close()
    undo = ("undo", "plan.json", "--store", "work.db", *shell.live, "--yes")
    shell.type(*undo, code=1)
    assert '1 item of the task "label" has a status' in shell.talk
    assert len(platform.state()) == 2
    shell.type(*undo, "--discard-work")
    assert platform.state() == []


def test_what_was_done_on_the_mock_is_not_done_on_the_platform(shell: Shell, platform: Live) -> None:
    shell.type("pull", "--store", "work.db", *shell.live)
    shell.plan()
    assert "applied label" in shell.type("apply", "plan.json", "--store", "work.db")
    assert "applied label" in shell.type("apply", "plan.json", "--store", "work.db", *shell.live, "--yes")
    assert [task["name"] for task in platform.state()] == ["check", "label"]
    shell.type("undo", "plan.json", "--store", "work.db")
    assert [task["name"] for task in platform.state()] == ["check", "label"]
    shell.type("plan", "spec.yaml", "--store", "work.db", "--seed", "5", "-o", "plan.json", code=2)
    assert "holds a plan that was applied" in shell.talk
    shell.type("undo", "plan.json", "--store", "work.db", *shell.live, "--yes")
    assert platform.state() == []
