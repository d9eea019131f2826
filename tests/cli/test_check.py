"""`taskplan check`: plans and ways to split, what it prints, and the mistakes people make with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from taskplan.planning.codec import read_plan, write_plan
from taskplan.planning.document import PackedIds
from tests.cli.support import SPEC, Shell

MINE = """\
from taskplan.errors import InputError

def fair(problem):
    return [place % len(problem.assignees) for place in range(problem.n_items)]

def unfair(problem):
    return [0] * problem.n_items

def choosy(problem):
    raise InputError("only on Sundays")

class Options:
    def __init__(self, most=1):
        self.most = most
    def allocate(self, problem):
        raise InputError(f"takes {self.most!r}")

nothing = None
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "mine.py").write_text(MINE, encoding="utf-8")
    (tmp_path / "broken.py").write_text("1 / 0\n", encoding="utf-8")
    (tmp_path / "needy.py").write_text("import nowhere_to_be_found\n", encoding="utf-8")
    return Shell(tmp_path)


@pytest.fixture
def planned(shell: Shell) -> Shell:
    items = "".join(
        json.dumps({"id": f"{n:024x}", "filename": f"/train/{n}.jpg", "metadata": {"user": {"scene": "a"}}})
        + "\n"
        for n in range(9)
    )
    (shell.folder / "items.ndjson").write_text(items, encoding="utf-8")
    (shell.folder / "spec.yaml").write_text(SPEC, encoding="utf-8")
    shell.ok("import", "items.ndjson", "--dataset", "d", "--store", "work.db")
    shell.ok("plan", "spec.yaml", "--store", "work.db", "-o", "plan.json")
    return shell


def test_an_honest_plan(planned: Shell) -> None:
    done = planned.run("check", "plan.json", "--store", "work.db")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[:2] for line in done.stdout.splitlines() if line and line[0] != " "][:3] == [
        ["check", "result"],
        ["coverage", "holds"],
        ["certificate", "holds"],
    ]
    told = planned.json("check", "plan", "plan.json")
    assert told["ok"]
    assert {check["check"]: check["status"] for check in told["checks"]}["qa-separation"] == "holds"
    assert (
        planned.run("check", "--json", "plan.json").stdout
        == planned.run("check", "plan.json", "--json").stdout
    )


def test_a_plan_that_lies(planned: Shell) -> None:
    plan = read_plan(planned.folder / "plan.json")
    first = plan.operations[0]
    ids = first.allocation.items.unpack()
    twice = PackedIds.of(type(ids).of([*ids[:-1], ids[0]]))
    liar = replace(first, allocation=replace(first.allocation, items=twice))
    write_plan(planned.folder / "liar.json", replace(plan, operations=(liar, *plan.operations[1:])))
    done = planned.run("check", "liar.json")
    assert done.returncode == 1
    assert "coverage fails\n  label-train: 1 item given out twice\n" in done.stdout
    told = json.loads(planned.run("check", "liar.json", "--json").stdout)
    assert told["ok"] is False


def test_a_plan_of_another_store(planned: Shell) -> None:
    planned.ok("import", "items.ndjson", "--dataset", "d", "--store", "other.db")
    planned.ok("import", "items.ndjson", "--dataset", "e", "--store", "other.db")
    more = (planned.folder / "items.ndjson").read_text("utf-8").replace("00000", "00001")
    (planned.folder / "more.ndjson").write_text(more.replace("/train/", "/train/x"), encoding="utf-8")
    planned.ok("import", "more.ndjson", "--dataset", "d", "--store", "other.db")
    done = planned.run("check", "plan.json", "--store", "other.db")
    assert done.returncode == 1
    assert "snapshot fails\n  d is no longer what the plan was made from\n" in done.stdout


def test_a_fair_function_and_an_unfair_one(shell: Shell) -> None:
    done = shell.run("check", "strategy", "mine:fair", "--property", "coverage", "--examples", "20")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "property  result  examples\ncoverage  holds         20\n"
    done = shell.run("check", "strategy", "mine:unfair", "--property", "balance", "--seed", "3")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[3].startswith("balance fails: people with the same share get from 0 to 2 items")
    table = lines.index("  2 items, as-listed")
    assert [line.split() for line in lines[table + 1 : table + 4]] == [
        ["person", "items", "which"],
        ["a@example.com", "2", "0", "1"],
        ["b@example.com", "0", "none"],
    ]
    assert lines[-1] == "  again: taskplan check strategy mine:unfair --seed 3 --property balance"


def test_json_has_the_code_of_the_counterexample(shell: Shell) -> None:
    done = shell.run("check", "strategy", "mine:unfair", "--property", "balance", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (1, False)
    assert told["properties"][0]["counterexample"].startswith("Problem(2, (Assignee('a@example.com'), ")
    assert told["properties"][0]["source"]


def test_an_installed_strategy_with_options(shell: Shell) -> None:
    method = ("strategy", "weighted", "--option", "method=quota")
    assert shell.run("check", *method, "--property", "quota", "--examples", "30").returncode == 0
    done = shell.run("check", "strategy", "weighted", "--option", "method=adams", "--property", "quota")
    assert done.returncode == 1
    assert "again: taskplan check strategy weighted --option method=adams --property quota" in done.stdout


def test_what_is_never_applied_is_told(shell: Shell) -> None:
    done = shell.run(
        "check", "strategy", "equal", "--property", "caps", "--property", "balance", "--examples", "9"
    )
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].split() == ["balance", "holds", "9"]
    assert done.stderr == "never applied, --json says why: caps\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("strategy", "mine:fare"), 'mine:fare: mine has no "fare"; did you mean "fair"?'),
        (("strategy", "mime:fair"), 'mime:fair: there is no module "mime"; did you mean "mine"?'),
        (("strategy", "needy:f"), "needy:f: importing needy failed: No module named 'nowhere_to_be_found'"),
        (("strategy", "broken:f"), "broken:f: importing broken failed: ZeroDivisionError: division by zero"),
        (("strategy", "mine:"), "mine:: expected module:attribute"),
        (
            ("strategy", "mine:nothing"),
            "expected a strategy (with allocate), a function of a problem, or a name, got NoneType",
        ),
        (("strategy", "mine:Options", "--option", "least=1"), "Options cannot be made: "),
        (("strategy", "mine:fair", "--option", "most=1"), "only a class takes options, got a function"),
        (("strategy", "mine:choosy"), "mine:choosy takes none of the problems: only on Sundays"),
        (
            ("strategy", "mine:Options", "--option", "most=2"),
            "mine:Options takes none of the problems: takes 2",
        ),
        (("strategy", "equl"), 'there is no strategy "equl", only '),
        (("strategy", "equal", "--property", "balanse"), 'there is no property "balanse", only '),
        (("none.json",), "none.json: no such file"),
        (("mine.py",), "mine.py: is not a plan that taskplan wrote"),
    ],
)
def test_a_mistake_is_one_line(shell: Shell, args: tuple[str, ...], said: str) -> None:
    done = shell.run("check", *args)
    assert done.returncode == 2
    last = [line for line in done.stderr.splitlines() if not line.startswith("never applied")]
    assert len(last) == 1
    assert last[0].startswith(f"error: {said}")


@pytest.mark.parametrize(
    "args",
    [("strategy",), ("strategy", "equal", "--option", "method"), ("strategy", "equal", "--examples", "0")],
)
def test_wrong_use_is_told_by_click(shell: Shell, args: tuple[str, ...]) -> None:
    done = shell.run("check", *args)
    assert done.returncode == 2
    assert (
        done.stderr.startswith("Usage: taskplan check strategy [OPTIONS] STRATEGY")
        or "--option" in done.stderr
    )


def test_without_arguments_it_shows_help(shell: Shell) -> None:
    done = shell.run("check")
    assert "Usage: taskplan check" in done.stdout + done.stderr


def test_without_hypothesis_the_extra_is_named(shell: Shell) -> None:
    code = (
        "import sys, importlib.util as util; real = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'hypothesis' else real(name, *rest)\n"
        "from taskplan.cli.main import main; main(['check', 'strategy', 'equal'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=shell.folder)
    assert done.returncode == 2
    assert done.stderr == (
        'error: taskplan check strategy needs the extra "testing": pip install "taskplan[testing]"\n'
    )
