"""`taskplan simulate` as a person types it."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from taskplan.cli import demo
from taskplan.cli.forecasts import HALF, MOST, NEARLY_ALL, whole_line
from taskplan.cli.main import main
from taskplan.planning.codec import write_plan
from taskplan.simulation.forecast import LEVELS, Finish, encode_forecast, read_forecast
from taskplan.simulation.scenarios import Questions, forecast
from taskplan.simulation.workforce_file import read_workforce
from tests.simulation.planned import ANN, BEGIN, BEN, items, plan_of, review, task

TEAM = """\
start: 2028-01-03T09:00
team: {minutes: 4, errors: 0.2, skips: 0.05}
people:
  - ann@example.com
  - {email: ben@example.com, minutes: 8}
  - {email: cat@example.com, review: 1}
"""
KINDS = """\
start: 2028-01-03T09:00
kind: metadata.user.scene
team: {minutes: {"*": 1, night: 10}, shape: fixed}
"""
FEW = ("--replications", "16")
ASKED = ("--compare", "equal,weighted,pulling", "--what-if", "+1 annotator", "--what-if", "-ben@example.com")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan with a due date, a team, items in a store, and files that are something else."""
    folder = tmp_path_factory.mktemp("simulate")
    write_plan(folder / "plan.json", plan_of(60, task(people=[ANN, BEN], due="2028-01-03T13:30"), review()))
    write_plan(folder / "nothing.json", plan_of(4, task(filter={"dir": "/none"})))
    (folder / "team.yaml").write_text(TEAM, encoding="utf-8")
    (folder / "kinds.yaml").write_text(KINDS, encoding="utf-8")
    (folder / "two.yaml").write_text(
        TEAM.replace("  - {email: cat@example.com, review: 1}\n", ""), encoding="utf-8"
    )
    (folder / "undated.yaml").write_text("team: {minutes: 4}", encoding="utf-8")
    (folder / "wrong.yaml").write_text("team: {minuts: 4}", encoding="utf-8")
    (folder / "after.yaml").write_text(TEAM + "after: {chek: label}\n", encoding="utf-8")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    (folder / "folder").mkdir()
    documents = "\n".join(json.dumps(document) for document in items(60).documents())
    (folder / "items.ndjson").write_text(documents, encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def here(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    monkeypatch.setenv("COLUMNS", "80")
    return made


class Run:
    """The command in this process; what it wrote, and its exit code."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(
        self, *args: str, team: str | None = "team.yaml", plan: str = "plan.json"
    ) -> tuple[int, str, str]:
        about = ("--workforce", team) if team is not None else ()
        with pytest.raises(SystemExit) as ended:
            main(["simulate", plan, *about, *args])
        return (int(ended.value.code or 0), *self.capsys.readouterr())

    def ok(self, *args: str, **about: Any) -> str:
        code, out, err = self(*FEW, *args, **about)
        assert (code, "error" in err) == (0, False), err
        return out


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


MOMENT = r"[A-Z][a-z]{2} \d\d \d\d:\d\d"
CHANCE = r"(?:0%|100%|\d+\.\d% ± \d+\.\d)"
LINES = [
    r"forecast of plan [0-9a-f]{12}: 16 replications from 2028-01-03 09:00 UTC",
    rf"  all done: 50% sure by {MOMENT} · 80% by {MOMENT} · 95% by {MOMENT}",
    rf"  all due dates: on time with probability {CHANCE}",
    r"  label is the due date at risk, kept in \d+%; ben@example.com is last in \d+%",
    r"  of all cat@example.com is last in \d+%, though busy only \d+% of their hours:",
    r"  they wait for others",
    r"  ben@example.com is busiest, \d+% of their working hours",
    r"",
    r"task   items  50% by        80% by        95% by        on time",
    rf"label     60  {MOMENT}  {MOMENT}  {MOMENT}  {CHANCE}",
    rf"check     60  {MOMENT}  {MOMENT}  {MOMENT}",
    r"",
    r"person           items  again  hours  busy  50% by        95% by        last",
    rf"ann@example.com     \d\d +\d\.\d +\d\.\d +\d+%  {MOMENT}  {MOMENT} +\d+%",
    rf"ben@example.com     \d\d +\d\.\d +\d\.\d +\d+%  {MOMENT}  {MOMENT} +\d+%",
    rf"cat@example.com     60 +\d+\.\d +\d\.\d +\d+%  {MOMENT}  {MOMENT} +\d+%",
    r"",
    r"  label: on average \d+\.\d rejected and done again, \d+\.\d skipped",
    r"",
    r"scenario +50% by        95% by        on time +sooner by  sooner in",
    rf"as planned +{MOMENT}  {MOMENT}  {CHANCE}",
    rf"equal +{MOMENT}  {MOMENT}  {CHANCE} +\+0\.0 h +0%",
    *(
        rf"{name} +{MOMENT}  {MOMENT}  {CHANCE} +[+-]\d+\.\d h +\d+%"
        for name in ("weighted", "pulling", r"\+1 annotator", "-ben@example.com")
    ),
]


def test_tables_in_eighty_columns(run: Run) -> None:
    lines = run.ok(*ASKED).splitlines()
    assert len(lines) == len(LINES)
    for line, expected in zip(lines, LINES, strict=True):
        assert re.fullmatch(expected, line), f"{line!r} is not {expected!r}"
    assert max(map(len, lines)) <= 80


def test_in_more_columns_nothing_is_folded(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = run.ok(*ASKED)
    monkeypatch.setenv("COLUMNS", "120")
    wide = run.ok(*ASKED)
    assert wide.split() == narrow.split()
    assert len(wide.splitlines()) == len(LINES) - 1
    assert max(map(len, wide.splitlines())) <= 120


def test_the_file_is_what_is_printed_as_json(run: Run, here: Path) -> None:
    code, out, err = run(*FEW, *ASKED, "--json", "-o", "forecast.json")
    assert (code, err) == (0, "")
    assert (here / "forecast.json").read_text(encoding="utf-8") == out
    told = read_forecast(here / "forecast.json")
    workforce = read_workforce(here / "team.yaml")
    expected = forecast(
        plan_of(60, task(people=[ANN, BEN], due="2028-01-03T13:30"), review()),
        workforce.resolve(),
        replications=16,
        questions=Questions(("equal", "weighted", "pulling"), ("+1 annotator", "-ben@example.com")),
        digest=workforce.digest,
    )
    assert encode_forecast(told) == encode_forecast(expected)


def test_the_workforce_of_the_demo_is_the_example() -> None:
    example = Path(__file__).resolve().parents[2] / "examples" / "team.yaml"
    assert example.read_text(encoding="utf-8") == demo.TEAM


def test_the_file_can_be_written_again(run: Run, here: Path) -> None:
    for seed in ("1", "2"):
        code, out, err = run(*FEW, "--seed", seed, "-o", "again.json")
        assert code == 0
        assert err == (
            "written to again.json; next: taskplan report plan.json --forecast again.json -o report.html\n"
        )
        assert out.startswith("forecast of plan ")
        assert read_forecast(here / "again.json").seed == int(seed)


def test_another_start_and_another_date(run: Run) -> None:
    told = json.loads(run.ok("--json", "--start", "2028-02-07T09:00", "--due", "2028-02-08"))
    assert told["start"] == 1_833_526_800_000
    assert {found["finish"]["due"] for found in (told, *told["tasks"])} == {1_833_580_800_000}
    assert "\n  due 2028-02-08: on time with probability " in run.ok(
        "--start", "2028-02-07T09:00", "--due", "2028-02-08"
    )


def test_a_date_that_is_past_is_one_line(run: Run) -> None:
    code, out, err = run(*FEW, "--due", "2028-01-01")
    assert code == 0
    assert "\n  due 2028-01-01: on time with probability 0%\n" in out
    assert err == "warning: due 2028-01-01, which is past when the work begins, 2028-01-03 09:00 UTC\n"


def test_minutes_by_kind_need_the_items(run: Run, here: Path) -> None:
    code, out, err = run(*FEW, "--json", team="kinds.yaml")
    assert code == 0
    # Everybody is as the team: 30 minutes of ann and ben each, and of cat, who reviews, a third of 60.
    assert [round(60 * person["hours"]) for person in json.loads(out)["people"]] == [30, 30, 20]
    assert err == ""
    assert "without --store all take the minutes of other kinds" in json.loads(out)["warnings"][0]
    with pytest.raises(SystemExit):
        main(["import", "items.ndjson", "--store", "work.db", "--dataset", "scenes"])
    run.capsys.readouterr()
    told = json.loads(run.ok("--json", "--store", "work.db", team="kinds.yaml"))
    # A third is by night.
    assert [round(60 * person["hours"]) for person in told["people"]] == [120, 120, 20]
    assert told["warnings"] == []


def test_what_never_ends_is_said(run: Run, here: Path) -> None:
    (here / "leaving.yaml").write_text(
        TEAM.replace("ben@example.com,", "ben@example.com, end: 2028-01-03T10:00,").replace(
            "  - ann@example.com", "  - {email: ann@example.com, end: 2028-01-03T12:00}"
        ),
        encoding="utf-8",
    )
    code, out, err = run(*FEW, "--what-if", "+1 annotator", team="leaving.yaml")
    assert code == 0
    lines = out.splitlines()
    never = "not finished in 100.0% of the replications:"
    assert lines[1] == "  never done"
    assert sum("never" in line for line in lines) >= 3
    assert err.splitlines() == [
        f"warning: label: {never} ann@example.com, ben@example.com leave before",
        f"warning: check: {never} it waits for label",
    ]


def test_progress_is_for_terminals(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = run(*FEW)
    assert (code, err) == (0, "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    code, same, err = run(*FEW)
    assert (code, same) == (0, out)
    assert "simulating" in err


WORKFORCE = "give --workforce FILE; `taskplan init team.yaml --workforce` writes a first one"
DATE = "expected a date such as 2029-01-01 or 2029-01-01T18:00+02:00"
MISTAKES: list[tuple[str, str | None, str]] = [
    ("", None, f"Error: {WORKFORCE}"),
    ("", "none.yaml", "error: none.yaml: no such file"),
    ("", "folder", "error: folder: is a folder, expected a workforce"),
    ("", "wrong.yaml", 'error: wrong.yaml:1 team.minuts: unknown field; did you mean "minutes"?'),
    (
        "",
        "undated.yaml",
        "error: undated.yaml: nothing says when the work begins; write start: 2026-12-01T09:00 into the "
        "file, or give --start",
    ),
    (
        "",
        "two.yaml",
        "error: two.yaml people: nothing is said of cat@example.com, who has work in the plan; "
        'did you mean "ann@example.com"?',
    ),
    ("", "after.yaml", 'error: after.yaml after: the plan has no task "chek"; did you mean "check"?'),
    ("--due soon", "team.yaml", f'error: --due: {DATE}, got "soon"'),
    ("--start 2028-13-01", "team.yaml", f'error: --start: {DATE}, got "2028-13-01"'),
    ("--start 1960-01-01", "team.yaml", "error: team.yaml: expected a start from 1970 to 2499"),
    ("--replications 0", "team.yaml", "Error: Invalid value for '--replications': 0 is not in the range"),
    ("--replications many", "team.yaml", "Error: Invalid value for '--replications': 'many' is not a valid"),
    ("--seed -1", "team.yaml", "Error: Invalid value for '--seed': -1 is not in the range x>=0."),
    (
        "--compare equal,wieghted",
        "team.yaml",
        'error: --compare: expected equal, weighted, pulling, got "wieghted"; did you mean "weighted"?',
    ),
    ("--compare equal,", "team.yaml", 'error: --compare: expected equal, weighted, pulling, got ""; '),
    (
        "--what-if -bem@example.com",
        "team.yaml",
        'error: --what-if: bem@example.com has no work in the plan; did you mean "ben@example.com"?',
    ),
    ("--what-if more", "team.yaml", 'error: --what-if: expected "+1 annotator", '),
    (
        "--what-if -cat@example.com",
        "team.yaml",
        "error: --what-if: cat@example.com is the only one who works on check",
    ),
    ("--store none.db", "team.yaml", "error: none.db: there is no store here; "),
    ("--store notes.txt", "team.yaml", "error: notes.txt: "),
    ("-o notes.txt", "team.yaml", "error: notes.txt: exists and is no forecast, so it is left as it is; "),
    (
        "-o plan.json --json",
        "team.yaml",
        "error: plan.json: exists and is no forecast, so it is left as it is; ",
    ),
    ("-o folder", "team.yaml", "error: folder: is a folder, expected a file to write"),
    ("-o none/forecast.json", "team.yaml", "error: none: there is no such folder"),
]


@pytest.mark.parametrize(("arguments", "team", "expected"), MISTAKES)
def test_a_mistake_is_one_line_and_writes_nothing(
    run: Run, here: Path, arguments: str, team: str | None, expected: str
) -> None:
    before = {path.name: path.read_bytes() for path in here.iterdir() if path.is_file()}
    code, out, err = run(*arguments.split(), team=team)
    assert (code, out) == (2, "")
    lines = err.splitlines()
    assert lines[-1].startswith(expected)
    assert len(lines) == (1 if expected.startswith("error") else 4)
    assert {path.name: path.read_bytes() for path in here.iterdir() if path.is_file()} == before


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ("nothing.json", "error: the plan has no items, and nothing to simulate\n"),
        ("none.json", "error: none.json: no such file\n"),
        ("team.yaml", "error: team.yaml: is not a plan that taskplan wrote\n"),
    ],
)
def test_plans_that_cannot_be_simulated(run: Run, plan: str, expected: str) -> None:
    assert run(plan=plan) == (2, "", expected)


def test_what_cannot_be_written_is_not_waited_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: Any, **about: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("taskplan.simulation.scenarios.forecast", never)
    code, _, err = run("-o", "notes.txt")
    assert (code, err.startswith("error: notes.txt: exists")) == (2, True)


def test_a_file_that_fails_half_way_leaves_nothing(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    before = sorted(path.name for path in here.iterdir())
    code, out, err = run(*FEW, "-o", "new.json")
    assert (code, out, err) == (1, "", "error: new.json: No space left on device\n")
    assert sorted(path.name for path in here.iterdir()) == before


def test_levels_are_where_the_table_takes_them() -> None:
    assert [LEVELS[place] for place in (HALF, MOST, NEARLY_ALL)] == [0.5, 0.8, 0.95]


NEXT_YEAR = BEGIN + 370 * 86_400_000


@pytest.mark.parametrize(
    ("at", "done", "line"),
    [
        ((BEGIN,) * 5, 1, "all done: 50% sure by Jan 03 09:00 · 80% by Jan 03 09:00 · 95% by Jan 03 09:00"),
        ((BEGIN, BEGIN, NEXT_YEAR, None, None), 0.505, "all done: 50% sure by 2029-01-07 · never in 49.5%"),
        ((BEGIN, None, None, None, None), 0.1, "done in less than half of the replications"),
        ((None,) * 5, 0, "never done"),
    ],
)
def test_when_all_is_done_in_a_line(at: tuple[float | None, ...], done: float, line: str) -> None:
    assert whole_line(Finish(at=at, done=done), BEGIN) == line
