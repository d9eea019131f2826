"""`--engine dask` as a person types it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from taskplan.cluster.dask_spread import DaskSpread
from taskplan.planning.codec import write_plan
from tests.cluster.conftest import gone
from tests.simulation.planned import ANN, BEN, plan_of, review, task

TASKPLAN = str(Path(sys.executable).with_name("taskplan"))
TEAM = """\
start: 2028-01-03T09:00
team: {minutes: 4, errors: 0.2, skips: 0.05}
people: [ann@example.com, {email: ben@example.com, minutes: 8}, cat@example.com]
"""
ASKED = ("simulate", "plan.json", "--workforce", "team.yaml", "--replications", "300", "--compare", "equal")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan of work that is reviewed and of work that is not, and a team."""
    made = tmp_path_factory.mktemp("command")
    plan = plan_of(40, task(people=[ANN, BEN], due="2028-01-03T13:30"), review())
    write_plan(made / "plan.json", plan)
    (made / "team.yaml").write_text(TEAM, encoding="utf-8")
    return made


def run(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TASKPLAN, *args], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def here(folder: Path) -> str:
    done = run(folder, *ASKED, "--json", "-o", "here.json")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_cluster_of_this_machine_gives_the_same_bytes(folder: Path, here: str) -> None:
    done = run(folder, *ASKED, "--engine", "dask", "--json", "-o", "there.json")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", here)
    assert (folder / "there.json").read_bytes() == (folder / "here.json").read_bytes()


def test_a_cluster_that_is_there_gives_the_same_bytes(folder: Path, here: str, spread: DaskSpread) -> None:
    address = str(spread._client.scheduler.address)
    done = run(folder, *ASKED, "--engine", "dask", "--scheduler", address, "--json", "-o", "url.json")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", here)
    assert (folder / "url.json").read_bytes() == (folder / "here.json").read_bytes()


@pytest.mark.parametrize(
    ("about", "line"),
    [
        (("--scheduler", "tcp://host:8786"), "Error: --scheduler is for --engine dask"),
        (
            ("--engine", "dusk"),
            "Error: Invalid value for '--engine': 'dusk' is not one of 'local', 'dask'.",
        ),
        (
            ("--engine", "dask", "--scheduler", "htp://x"),
            'error: --scheduler: expected an address such as tcp://host:8786, got "htp://x"',
        ),
    ],
)
def test_mistakes_are_one_line(folder: Path, about: tuple[str, ...], line: str) -> None:
    done = run(folder, *ASKED, *about)
    assert (done.returncode, done.stdout, done.stderr.splitlines()[-1]) == (2, "", line)


@pytest.mark.parametrize("starting", [True, False])
def test_ctrl_c_ends_the_cluster(folder: Path, starting: bool) -> None:
    words = [TASKPLAN, *ASKED, "--engine", "dask", "--replications", "1000000", "-o", "never.json"]
    process = subprocess.Popen(
        words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    command = psutil.Process(process.pid)
    until = time.monotonic() + 30
    # One process is Python's own; a worker that works has had some time for it.
    while len(workers := command.children(recursive=True)) < 2 or not (
        starting or any(worker.cpu_times().user > 3 for worker in workers)
    ):
        assert time.monotonic() < until
        time.sleep(0.02)
    # As a terminal does: to all of them.
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert err.strip() == "interrupted; nothing that was finished is lost, the same command continues"
    assert gone({worker.pid for worker in workers})
    assert not (folder / "never.json").exists()
