"""The command as a whole: help, unknown names, exit codes, and no traceback whatever happens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from taskplan.cli.main import COMMANDS, describe_failure
from taskplan.errors import BackendError, DriftError, InfeasibleError, InputError, InterruptedReplay

TASKPLAN = str(Path(sys.executable).with_name("taskplan"))


def taskplan(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([TASKPLAN, *args], cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def test_help_names_every_command(tmp_path: Path) -> None:
    shown = taskplan("--help", cwd=tmp_path).stdout
    for section, entries in COMMANDS.items():
        assert f"\n{section}:\n" in shown
        for name, (_, summary) in entries.items():
            assert name in shown
            assert summary in shown


@pytest.mark.parametrize("name", [name for entries in COMMANDS.values() for name in entries])
def test_every_command_has_help(name: str, tmp_path: Path) -> None:
    done = taskplan(name, "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: taskplan {name}")


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from taskplan.cli.main import cli; cli.main(['--help'], standalone_mode=False);"
        "print([n for n in ('numpy','networkx','sqlite_utils','rich','msgspec','yaml') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_unknown_command_names_the_nearest(tmp_path: Path) -> None:
    done = taskplan("aply", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == 'Error: No such command "aply"; did you mean "apply"?'


def test_a_store_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    done = taskplan("items", "--store", "none.db", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: none.db: there is no store here; `taskplan import PATH --store none.db` makes one\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_plan_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    done = taskplan("show", "none.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: none.json: no such file\n"


@pytest.mark.parametrize(
    ("error", "line", "code"),
    [
        (InputError("is wrong", source="a.yaml", line=3, path="tasks[0]"), "a.yaml:3 tasks[0]: is wrong", 2),
        (InfeasibleError("nobody is left"), "nobody is left", 1),
        (DriftError("2 items are gone"), "2 items are gone", 4),
        (BackendError("the server said no"), "the server said no", 1),
        (InterruptedReplay("stopped after 1 of 2"), "stopped after 1 of 2", 130),
        (PermissionError(13, "Permission denied", "x.db"), "x.db: Permission denied", 1),
    ],
)
def test_each_error_is_one_line_and_its_exit_code(error: Exception, line: str, code: int) -> None:
    assert describe_failure(error) == (f"error: {line}", code)


def test_a_defect_is_one_line_too() -> None:
    line, code = describe_failure(KeyError("x"))
    assert code == 1
    assert line.startswith("internal error: KeyError: 'x'; ")
    assert "\n" not in line
