"""What no simulation would come to the end of is refused, and what was found by abuse stays mended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from taskplan.errors import InputError
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import Spec, spec_from
from taskplan.simulation.forecast import encode_forecast, read_forecast, write_forecast
from taskplan.simulation.meeting import AS_GIVEN, Met, meet_due
from taskplan.simulation.modelling import mode_of, stage
from taskplan.simulation.scenarios import forecast
from taskplan.simulation.workforce_file import workforce_from
from tests.planning.support import generated
from tests.simulation.planned import ANN, BEN, plan_of, task, team

START = "2028-01-03T09:00"


@pytest.mark.parametrize(
    ("traits", "said"),
    [
        ({"errors": 0.9999}, f"errors of {ANN} are 0.9999, expected at most 0.95, or it never ends"),
        ({"skips": 0.5, "abandons": 0.4999}, f"skips and abandons together of {ANN} are 0.9999"),
        ({"share": 1e-9}, f"share of {ANN} is 1e-09, expected at least 0.0001"),
    ],
)
def test_what_would_hardly_end_is_refused(traits: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        stage(plan_of(4, task(people=[ANN])), team([ANN], **traits), seed=0)


def test_always_is_three_years_and_then_never() -> None:
    slow = team([ANN], hours="always", minutes=1e6, shape="fixed")
    made = forecast(plan_of(4, task(people=[ANN])), slow, replications=2)
    assert made.finish.at == (None,) * 5
    assert made.people[0].items == 1
    assert made.people[0].last == 1


def test_a_variation_too_small_to_be_told_is_none() -> None:
    plan = plan_of(4, task(people=[ANN]))
    same = forecast(plan, team([ANN], shape="gamma", cv=1e-160), replications=2)
    fixed = forecast(plan, team([ANN], shape="fixed"), replications=2)
    assert same.finish == fixed.finish


def test_nothing_is_said_to_be_done_before_it_is() -> None:
    almost = team([ANN], shape="fixed", minutes=6.004, hours="always")
    made = forecast(plan_of(10, task(people=[ANN], due="2028-01-03T10:00")), almost, replications=2)
    assert made.finish.on_time == 0
    assert made.finish.at[-1] is not None
    assert made.finish.due is not None
    assert made.finish.at[-1] > made.finish.due


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("start",), 1e300),
        (("finish", "at"), [1e300] * 5),
        (("finish", "at"), [5e12, 4e12, 3e12, 2e12, 1e12]),
        (("finish", "due"), -1e17),
        (("finish", "on_time"), 5),
        (("replications",), 0),
        (("burndown", "times"), [1e300]),
    ],
)
def test_a_forecast_of_impossible_numbers_is_none(tmp_path: Path, path: tuple[str, ...], value: Any) -> None:
    made = forecast(plan_of(4, task()), team(), replications=2)
    data = msgspec.json.decode(encode_forecast(made))
    inner = data
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    file = tmp_path / "f.json"
    file.write_bytes(msgspec.json.encode(data))
    with pytest.raises(InputError, match="is no forecast"):
        read_forecast(file)


def test_a_link_that_leads_to_itself_is_one_line(tmp_path: Path) -> None:
    loop = tmp_path / "loop.json"
    loop.symlink_to(loop)
    with pytest.raises(InputError, match="is a link that leads to itself"):
        write_forecast(loop, forecast(plan_of(4, task()), team(), replications=2))


# Splits for a due date that a spec does not allow are not tried, and what it fixes stays.


def met(**fields: Any) -> Met:
    people = [
        {"email": ANN, "minutes": 3},
        {"email": BEN, "minutes": 12},
        {"email": "cat@example.com", "share": 0.01},
    ]
    workforce = workforce_from({"start": START, "team": {"minutes": 6, "hours": "always"}, "people": people})
    spec = spec_from({"tasks": [{"name": "t", "due": "2028-01-03T12:00", **fields}]})
    table = generated(60)

    def replan(changed: Spec) -> Any:
        return make_plan(changed, table)

    return meet_due(spec, workforce.resolve(), replan, replications=64)


PEOPLE = [ANN, BEN, "cat@example.com"]


@pytest.mark.parametrize(
    "fields",
    [
        {"assignees": [{"email": who, "maximum": 26} for who in PEOPLE]},
        {"assignees": PEOPLE, "overlap": 3},
        {"assignees": PEOPLE, "strategy": {"name": "equal"}},
        {"assignees": [{"email": who, "capacity": 40} for who in PEOPLE], "effort": 1},
    ],
)
def test_every_spec_that_can_be_planned_can_be_split_for_its_date(fields: dict[str, Any]) -> None:
    found = met(**fields)
    assert AS_GIVEN in found.tried
    assert found.on_time >= found.tried[AS_GIVEN]


@pytest.mark.parametrize("share", [{"count": 30}, {"percent": 50}])
def test_counts_and_percentages_are_not_ours_to_change(share: dict[str, float]) -> None:
    other = {"email": BEN, "percent": 50} if "percent" in share else BEN
    found = met(assignees=[{"email": ANN, **share}, other])
    assert list(found.tried) == [AS_GIVEN]


def test_ground_truth_of_a_filter_is_a_honeypot() -> None:
    quality = {"kind": "honeypot", "percent": 20, "ground_truth": {"dir": "/test"}}
    found = met(assignees=[ANN, BEN], filter={"dir": "/train"}, quality=quality)
    assert mode_of(found.plan.operations[0]) == "honeypot"
    assert list(found.tried) == [AS_GIVEN]
