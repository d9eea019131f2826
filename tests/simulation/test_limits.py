"""What limits a forecast, in words."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from taskplan.simulation.forecast import Finish, Forecast
from taskplan.simulation.limits import limit_lines
from taskplan.simulation.scenarios import forecast
from tests.simulation.planned import ANN, BEN, plan_of, task, team

BASE: Forecast = forecast(plan_of(6, task(due="2029-01-01")), team(), replications=2)


def told(on_time: float | None, people: list[tuple[str, float, float | None]], **whole: Any) -> list[str]:
    finish = Finish(at=BASE.finish.at, done=1.0, due=None, on_time=on_time)
    part = BASE.tasks[0]
    found = tuple(
        replace(part.people[0], assignee=who, last=last, utilisation=used) for who, last, used in people
    )
    one = replace(part, finish=finish, people=found)
    return limit_lines(replace(BASE, tasks=(one,), people=found, **whole))


def test_the_date_at_risk_comes_first_and_nobody_is_named_twice() -> None:
    assert told(0.4, [(ANN, 0.9, 0.95), (BEN, 0.1, 0.5)]) == [
        f"{BASE.tasks[0].name} is the due date at risk, kept in 40%; {ANN} is last in 90%",
        f"{ANN} is busiest, 95% of their working hours",
    ]


def test_who_is_last_without_being_busy_waits() -> None:
    assert told(None, [(ANN, 0.2, 0.9), (BEN, 0.8, 0.3)]) == [
        f"of all {BEN} is last in 80%, though busy only 30% of their hours: they wait for others",
        f"{ANN} is busiest, 90% of their working hours",
    ]


def test_dates_that_are_kept_are_at_no_risk() -> None:
    assert told(1.0, [(ANN, 1.0, None), (BEN, 0.0, None)]) == [f"of all {ANN} is last in 100%"]


def test_one_person_alone_limits_everything_and_need_not_be_named() -> None:
    assert told(0.5, [(ANN, 1.0, 1.0)]) == [f"{BASE.tasks[0].name} is the due date at risk, kept in 50%"]
