"""The command `report`: what it writes, and what it refuses in one line."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from taskplan.cli.main import main
from taskplan.planning.codec import read_plan, write_plan
from taskplan.planning.document import Plan
from taskplan.report.page import page
from taskplan.simulation.forecast import Forecast, encode_forecast
from tests.report.making import forecast_of, plan_of, small_plan
from tests.report.reading import Page


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a plan in it."""
    monkeypatch.chdir(tmp_path)
    write_plan(Path("plan.json"), small_plan())
    return tmp_path


@pytest.fixture
def plan(folder: Path) -> Plan:
    return read_plan(folder / "plan.json")


@pytest.fixture
def forecast(plan: Plan) -> Forecast:
    made = forecast_of(plan, 50)
    Path("forecast.json").write_bytes(encode_forecast(made))
    return made


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["report", *args])
    return int(ended.value.code or 0)


def test_it_writes_beside_the_plan(folder: Path, plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan.json") == 0
    assert capsys.readouterr() == ("", "written to plan.html\n")
    assert Path("plan.html").read_bytes() == page(plan)
    assert sorted(path.name for path in folder.iterdir()) == ["plan.html", "plan.json"]


def test_it_writes_where_it_is_told_and_writes_again(plan: Plan, forecast: Forecast) -> None:
    assert run("plan.json", "-o", "there.html") == 0
    assert run("plan.json", "--forecast", "forecast.json", "-o", "there.html") == 0
    assert Path("there.html").read_bytes() == page(plan, forecast)


def test_the_data_is_what_show_prints(capsys: pytest.CaptureFixture[str]) -> None:
    run("plan.json")
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["show", "plan.json", "--json"])
    assert Page(Path("plan.html").read_text("utf-8")).data("plan") == json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("target", ["plan.json", "forecast.json", "notes.txt"])
def test_what_is_no_report_is_left_as_it_is(
    target: str, forecast: Forecast, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("notes.txt").write_text("mine", encoding="utf-8")
    before = Path(target).read_bytes()
    assert run("plan.json", "--forecast", "forecast.json", "-o", target) == 2
    assert capsys.readouterr().err == (
        f"error: {target}: exists and is no report, so it is left as it is; choose another name\n"
    )
    assert Path(target).read_bytes() == before


def test_a_folder_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan.json", "-o", "none/a.html") == 2
    assert "there is no such folder" in capsys.readouterr().err


def test_a_forecast_of_another_plan(capsys: pytest.CaptureFixture[str]) -> None:
    other = plan_of([{"name": "other", "assignees": ["ann@example.com"]}], 5)
    Path("forecast.json").write_bytes(encode_forecast(forecast_of(other, 50)))
    assert run("plan.json", "--forecast", "forecast.json") == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"error: forecast.json: is of plan {other.digest[7:19]}, expected a forecast of " in told
    assert not Path("plan.html").exists()


def test_forecasts_that_are_none(forecast: Forecast, capsys: pytest.CaptureFixture[str]) -> None:
    replace = msgspec.structs.replace
    short = replace(forecast.finish, at=forecast.finish.at[:3])
    ragged = replace(forecast.burndown, times=forecast.burndown.times[1:])
    broken = {
        "not every time has its 5 quantiles": [
            replace(forecast, finish=short),
            replace(forecast, burndown=ragged),
            replace(forecast, people=(replace(forecast.people[0], finish=short),)),
            replace(forecast, tasks=(replace(forecast.tasks[0], burndown=ragged),)),
            replace(forecast, scenarios=(replace(forecast.scenarios[0], sooner=()),)),
        ],
        "has format 99": [replace(forecast, format=99)],
    }
    for words, forecasts in broken.items():
        for wrong in forecasts:
            Path("forecast.json").write_bytes(encode_forecast(wrong))
            assert run("plan.json", "--forecast", "forecast.json") == 2
            told = capsys.readouterr().err
            assert told.startswith("error: forecast.json: ")
            assert words in told
    assert run("plan.json", "--forecast", "plan.json") == 2
    assert run("plan.json", "--forecast", "none.json") == 2
    assert not Path("plan.html").exists()
