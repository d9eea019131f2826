"""`plan --from` a snapshot: the plan of the store, and a line for each likely mistake."""

from __future__ import annotations

import subprocess

import pytest

from taskplan.planning.codec import read_plan
from tests.cli.support import TASKPLAN, Shell


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A folder with the demo's spec, a store with its items alone, and a snapshot of it in three parts."""
    folder = tmp_path_factory.mktemp("demo")
    shell = Shell(folder)
    shell.ok("demo", "demo")
    for name in ("spec.yaml", "workforce.yaml", "items.ndjson"):
        (folder / "demo" / name).rename(folder / name)
    shell.ok("import", "items.ndjson", "--dataset", "street-scenes")
    shell.ok("snapshot", "snap", "--rows", "500")
    return shell


@pytest.mark.parametrize("meeting", [(), ("--meet-due", "--workforce", "workforce.yaml")])
def test_the_plan_of_a_snapshot_is_that_of_the_store(shell: Shell, meeting: tuple[str, ...]) -> None:
    of_store = shell.ok("plan", "spec.yaml", "-o", "a.json", *meeting)
    of_snapshot = shell.ok("plan", "spec.yaml", "--from", "snap", "-o", "b.json", *meeting)
    assert of_snapshot == of_store
    plan = read_plan(shell.folder / "b.json")
    assert [len(operation.allocation.items.unpack()) > 0 for operation in plan.operations] == [True, True]
    assert (shell.folder / "a.json").read_bytes() == (shell.folder / "b.json").read_bytes()


def test_what_comes_of_it_without_a_file(shell: Shell) -> None:
    done = shell.run("plan", "spec.yaml", "--from", "snap", "--detailed-exitcode")
    assert done.returncode == 3
    assert "not written to a file" in done.stderr


def test_into_a_pipe(shell: Shell) -> None:
    shell.ok("plan", "spec.yaml", "--from", "snap", "-o", "piped.json")
    command = f"{TASKPLAN} plan spec.yaml --from snap -o >(cat > copy.json) > /dev/null; wait $!"
    subprocess.run(["bash", "-c", command], cwd=shell.folder, timeout=60, check=True)
    assert (shell.folder / "copy.json").read_bytes() == (shell.folder / "piped.json").read_bytes()
    printed = shell.ok("plan", "spec.yaml", "--from", "snap", "-o", "/dev/stdout")
    assert printed.startswith((shell.folder / "piped.json").read_text())


def test_what_is_decided_here_is_said(shell: Shell) -> None:
    (shell.folder / "sorted.yaml").write_text(
        "tasks: [{name: t, assignees: [a@b.c], filter: {filter: {}, sort: {filename: ascending}}}]"
    )
    done = shell.run("plan", "sorted.yaml", "--from", "snap", "-o", "c.json")
    assert done.returncode == 0
    assert "tasks[0].filter sorts, so that who gets what is decided here" in done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--engine", "dask"), "--engine dask plans for a snapshot"),
        (("--engine", "dask", "--from", "nowhere"), "nowhere: there is no such folder"),
        (("--scheduler", "tcp://localhost:1"), "--scheduler is for --engine dask"),
        (("--from", "snap", "--rehearse"), "--rehearse needs a store"),
        (("--from", "snap", "--store", "x.db"), "--from takes the place of a store"),
        (("--from", "snap", "--dataset", "cars"), 'is of the dataset "street-scenes", not of "cars"'),
        (("--from", "snap", "-o", "workforce.yaml"), "exists and is no plan"),
        (("--from", "no-such-thing://x/y"), "no-such-thing"),
        (("--from", ""), "--from is empty"),
        (("--engine", "spark"), "'spark' is not one of 'local', 'dask'"),
    ],
)
def test_likely_mistakes(shell: Shell, words: tuple[str, ...], expected: str) -> None:
    workforce = (shell.folder / "workforce.yaml").read_text()
    done = shell.run("plan", "spec.yaml", *words)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert (shell.folder / "workforce.yaml").read_text() == workforce


def test_a_plan_that_was_applied_is_kept(shell: Shell) -> None:
    shell.ok("plan", "spec.yaml", "--from", "snap", "-o", "applied.json")
    shell.ok("apply", "applied.json")
    before = (shell.folder / "applied.json").read_bytes()
    done = shell.run("plan", "spec.yaml", "--from", "snap", "--seed", "9", "-o", "applied.json")
    assert done.returncode == 2
    assert "holds a plan that was applied" in done.stderr
    assert (shell.folder / "applied.json").read_bytes() == before
    assert not list(shell.folder.glob(".applied*"))
    shell.ok("undo", "applied.json")
