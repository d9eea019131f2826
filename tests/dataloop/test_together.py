"""Several at once, a platform that is away, clocks that jump, and tokens that are nowhere to be found."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from taskplan.errors import BackendError
from taskplan.replay.executor import apply_plan
from taskplan.replay.journal import Journal
from taskplan_sqlite.gate.faults import Fault, Faults, Rule
from taskplan_sqlite.gate.server import listen, open_gate, running
from taskplan_sqlite.gate.service import Options
from tests.dataloop.schedules import BAD
from tests.dataloop.support import LEAD, SPEC, Live, fill
from tests.dataloop.test_commands import Shell
from tests.gate.scripts import TASKPLAN


def test_two_applies_of_one_plan_are_one(platform: Live, tmp_path: Path) -> None:
    shell = Shell(platform, tmp_path / "shell")
    shell.type("pull", "--store", "work.db", *shell.live)
    shell.plan()
    platform.gate.faults = Faults([Rule(Fault("slow", seconds=0.2), "*/addToTask", times=0)])
    apply = [TASKPLAN, "apply", "plan.json", "--store", "work.db", *shell.live, "--yes"]
    both = [
        subprocess.Popen(apply, cwd=shell.folder, env=shell.environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [running.communicate(timeout=60)[0] for running in both]
    assert [running.returncode for running in both] == [0, 0]
    assert sorted("nothing to do" in text for text in said) == [False, True]
    assert [task["name"] for task in platform.state()] == ["check", "label"]


def test_two_machines_make_one_task(platform: Live) -> None:
    """Each has a journal of its own, so that neither knows of the other; the platform's key decides."""
    plan = platform.plan()
    platform.gate.faults = Faults([Rule(Fault("slow", seconds=0.1), "*", times=0)])
    errors: list[BaseException] = []

    def machine(number: int) -> None:
        backend = platform.connect()
        try:
            for _ in range(5):
                try:
                    with Journal(platform.folder / f"machine-{number}.db") as journal:
                        report = apply_plan(plan, backend, journal, actor=LEAD, clock=lambda: 0.0)
                    assert report.verification.ok
                    return
                except BackendError:
                    continue
            raise AssertionError("it never ended")
        except BaseException as error:
            errors.append(error)
        finally:
            backend.close()

    threads = [threading.Thread(target=machine, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert errors == []
    assert [task["name"] for task in platform.state()] == ["check", "label"]


def test_another_plan_waits_for_an_operation_at_most(platform: Live) -> None:
    slow, quick = (
        platform.plan(),
        platform.plan({"tasks": [{**SPEC["tasks"][0], "name": "quick", "limit": 2}]}),
    )
    platform.gate.faults = Faults([Rule(Fault("slow", seconds=0.3), "*/addToTask", times=0)])
    ended: dict[str, float] = {}

    def act(name: str, plan: Any) -> None:
        backend = platform.connect()
        platform.apply(plan, backend, allow_drift=True)
        ended[name] = time.monotonic()
        backend.close()

    first = threading.Thread(target=act, args=("slow", slow))
    first.start()
    time.sleep(0.3)
    second = threading.Thread(target=act, args=("quick", quick))
    second.start()
    first.join(60)
    second.join(60)
    # It came in between the two operations of the other plan.
    assert ended["quick"] < ended["slow"]


def test_a_platform_that_is_away_for_a_while(tmp_path: Path) -> None:
    fill(tmp_path / "platform.db")
    fill(tmp_path / "local.db")
    listener = listen(0)
    port = listener.getsockname()[1]
    listener.close()
    with open_gate(tmp_path / "platform.db", Options(user=LEAD)) as gate:
        gate.url = f"http://127.0.0.1:{port}/api/v1"
        platform = Live(tmp_path, gate)
        plan = platform.plan()
        backend = platform.connect()

        def later() -> None:
            time.sleep(1.0)
            opened.append(running(gate, port))
            opened[0].__enter__()

        opened: list[Any] = []
        thread = threading.Thread(target=later)
        thread.start()
        try:
            assert platform.apply(plan, backend).verification.ok
        finally:
            thread.join()
            backend.close()
            opened[0].__exit__(None, None, None)


def test_a_platform_that_stays_away_is_told(platform: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    from taskplan_dataloop import client

    monkeypatch.setattr(client, "CONNECT_TRIES", 1)
    backend = platform.connect(gate_url="http://127.0.0.1:9/api/v1")
    with pytest.raises(BackendError, match=r"127\.0\.0\.1:9 does not answer"):
        backend.datasets()
    backend.close()


def test_clocks_that_jump_change_nothing(platform: Live) -> None:
    plan = platform.plan()
    jumps = iter([0.0, 4e12, 1.0, 3e12, 5.0, 2e12] * 20)
    platform.gate.clock = lambda: next(jumps)
    backend = platform.connect()
    with Journal(platform.local) as journal:
        here = iter([9e12, 0.0, 1e12] * 20)
        report = apply_plan(plan, backend, journal, actor=LEAD, clock=lambda: next(here))
    assert report.verification.ok, report.verification.differences
    backend.close()
    platform.gate.clock = lambda: 1.0
    assert [task["name"] for task in platform.state()] == ["check", "label"]


def test_late_requests_that_made_a_second_task_are_settled(platform: Live) -> None:
    plan = platform.plan()
    backend = platform.connect()
    platform.apply(plan, backend, only={plan.operations[0].id})
    (made,) = backend.platform.tasks(backend.dataset("fruit"))
    # A copy, as a request makes it that was lost and arrives now; the gate's own guard is left out.
    spare = {
        "name": made["name"],
        "datasetId": made["datasetId"],
        "query": '{"filter": {"id": {"$in": ["000000000000000000000001"]}}}',
        "workload": [{"assigneeId": "ann@example.com", "load": 100}],
        "metadata": {"user": {"taskplan": {**made["metadata"]["user"]["taskplan"], "state": "begun"}}},
    }
    backend.platform.client.write("POST", "/annotationtasks", spare)
    assert len(platform.state()) == 2
    assert platform.apply(plan, backend).verification.ok
    assert [task["name"] for task in platform.state()] == ["check", "label"]
    backend.close()


@pytest.mark.parametrize("fault", BAD[::4], ids=lambda f: f"{f.kind}-{f.status}-{f.when}")
def test_the_token_is_in_no_output_and_in_no_file(fault: Fault, platform: Live, tmp_path: Path) -> None:
    shell = Shell(platform, tmp_path / "shell")
    shell.type("pull", "--store", "work.db", *shell.live)
    shell.plan()
    platform.gate.faults = Faults([Rule(fault, "*/addToTask", times=3), Rule(fault, "*/query", skip=9)])
    environment = {**shell.environment, "TASKPLAN_DEBUG": "1"}
    done = subprocess.run(
        [TASKPLAN, "apply", "plan.json", "--store", "work.db", *shell.live, "--yes"],
        cwd=shell.folder,
        env=environment,
        capture_output=True,
        timeout=120,
        check=False,
    )
    token = platform.gate.token.encode()
    assert token not in done.stdout + done.stderr
    assert token not in shell.files()
    assert token not in b"".join(
        path.read_bytes() for path in platform.folder.glob("*.db*") if path.is_file()
    )
