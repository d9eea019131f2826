"""Scenarios: the same plan handed out or staffed otherwise, on the same random numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.errors import InputError
from taskplan.planning.document import Plan
from taskplan.simulation.engine import simulate
from taskplan.simulation.forecast import (
    LEVELS,
    Forecast,
    Scenario,
    encode_forecast,
    read_forecast,
    write_forecast,
)
from taskplan.simulation.jobs import POOL, Model
from taskplan.simulation.scenarios import COMPARED, Questions, forecast, handed_out
from taskplan.simulation.workforce import Workforce
from tests.simulation.planned import ANN, BEN, CAT, DAN, items, owners, plan_of, review, staged, task, team

PLAIN = plan_of(20, task(people=[ANN, BEN]), review(people=[CAT, DAN]))
NO_GAIN = (0.0,) * len(LEVELS)
SLOW_BEN = [{"email": BEN, "minutes": 3}]


def forecast_of(plan: Plan, workforce: Workforce, *compare: str, n: int = 16, **about: Any) -> Forecast:
    what_if = about.pop("what_if", ())
    return forecast(plan, workforce, replications=n, questions=Questions(compare, what_if), **about)


def compared(plan: Plan, workforce: Workforce, name: str, **about: Any) -> Scenario:
    (scenario,) = forecast_of(plan, workforce, name, **about).scenarios
    return scenario


EQUAL = [
    PLAIN,
    plan_of(
        7, task(people=[ANN, BEN, CAT]), task("second", [CAT, ANN, BEN], order="shuffled"), review("second")
    ),
    plan_of(2, task(people=[CAT, BEN, ANN])),
    plan_of(9, task(people=[BEN, ANN], order="interleaved", strategy="equal")),
]


@pytest.mark.parametrize("plan", EQUAL)
def test_equal_of_what_is_equal_is_the_same(plan: Plan) -> None:
    scenes = {"*": 1, "night": 9}
    workforce = team(SLOW_BEN, errors=0.2, skips=0.1, minutes=scenes, file={"kind": "metadata.user.scene"})
    made = forecast_of(plan, workforce, "equal", table=items(plan.snapshot.items))
    (scenario,) = made.scenarios
    assert (scenario.sooner, scenario.better) == (NO_GAIN, 0)
    assert scenario.finish == made.finish


def test_pulling_of_what_is_pulled_is_the_same() -> None:
    plan = plan_of(20, task(pulling={"batch": 3, "maximum": 5}))
    scenario = compared(plan, team(SLOW_BEN), "pulling")
    assert (scenario.sooner, scenario.better) == (NO_GAIN, 0)


def test_quality_tasks_stay_as_they_are() -> None:
    plan = plan_of(
        12,
        task("agreed", [ANN, BEN, CAT], quality={"kind": "consensus", "assignees": 2}),
        task("exam", quality={"kind": "qualification"}),
        task("plain", [ANN, {"email": BEN, "weight": 5}]),
    )
    staging = staged(plan)
    for name in COMPARED:
        model = handed_out(staging, name, np.full(3, 100.0))
        assert model.tasks[:2] == staging.model.tasks[:2]
        assert owners(model, 2) != owners(staging.model, 2)


def test_ways_to_hand_out() -> None:
    staging = staged(plan_of(12, task(people=[BEN, ANN, CAT])), team([{"email": BEN, "minutes": 4}]))
    model = handed_out(staging, "pulling", np.array([10.0]))
    assert (model.tasks[0].owner == POOL).all()
    assert (model.tasks[0].batch, model.tasks[0].maximum) == (5, 10)
    assert owners(handed_out(staging, "equal", np.array([10.0]))) == ["ben"] * 4 + ["ann"] * 4 + ["cat"] * 4
    # ben does a quarter of what the others do: 12 as 1 : 4 : 4.
    weighted = handed_out(staging, "weighted", np.array([10.0]))
    assert owners(weighted) == ["ben"] * 2 + ["ann"] * 5 + ["cat"] * 5
    assert weighted.tasks[0].people == (0, 1, 2)


def test_capacities_count_until_the_due_date() -> None:
    """Who comes in the afternoon can do nothing that is due at noon, and a third of what is due at five."""
    late = [{"email": BEN, "hours": {"mon": "13:00-17:00"}}, {"email": ANN, "hours": {"mon": "09:00-17:00"}}]
    for due, expected in (("12:00", {"ann": 12, "ben": 0}), ("17:00", {"ann": 8, "ben": 4})):
        plan = plan_of(12, task(due=f"2028-01-03T{due}"))
        # Three quarters of an hour an item: all is done in the afternoon.
        workforce = team(late, minutes=45, shape="fixed")
        staging = staged(plan, workforce)
        model = handed_out(staging, "weighted", staging.due)
        assert {name: owners(model).count(name) for name in ("ann", "ben")} == expected
        assert compared(plan, workforce, "weighted").finish.at[0] is not None


def test_where_nobody_can_do_anything_in_time_all_get_the_same() -> None:
    plan = plan_of(12, task(due="2028-01-03T12:00"))
    staging = staged(plan, team(hours={"tue": "09:00-17:00"}))
    assert owners(handed_out(staging, "weighted", staging.due)) == ["ann"] * 6 + ["ben"] * 6


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(1, 30), st.sampled_from([1.0, 0.5, 0.25])), min_size=2, max_size=4),
    st.integers(1, 60),
)
def test_weighted_is_never_later_than_equal_where_nothing_varies(
    paces: list[tuple[int, float]], count: int
) -> None:
    names = [ANN, BEN, CAT, DAN][: len(paces)]
    people = [
        {"email": name, "minutes": minutes, "share": share}
        for name, (minutes, share) in zip(names, paces, strict=True)
    ]
    found = compared(plan_of(count, task(people=names)), team(people, shape="fixed"), "weighted", n=1)
    assert min(gain or 0 for gain in found.sooner) >= 0


def test_who_is_slow_does_less_of_a_queue() -> None:
    found = compared(
        plan_of(60, task(people=[ANN, BEN])), team([{"email": BEN, "minutes": 9}]), "pulling", n=64
    )
    assert found.better == 1
    assert found.sooner[0] is not None
    # 30 items of nine minutes take four and a half hours; 54 and 6 take one hour of both.
    assert 2.5 < found.sooner[2] < 4  # type: ignore[operator]


def test_gains_are_those_of_each_replication() -> None:
    plan = plan_of(20, task(due="2028-01-03T09:30"))
    workforce = team(SLOW_BEN)
    made = forecast_of(plan, workforce, "weighted", what_if=("-ben@example.com",), n=40)
    staging = staged(plan, workforce)
    base = simulate(staging.model, 40).finish[0].tolist()
    for scenario, model in zip(made.scenarios, _models(plan, workforce), strict=True):
        other = simulate(model, 40).finish[0].tolist()
        gains = sorted((b - o) / 60 for b, o in zip(base, other, strict=True))
        assert scenario.sooner == tuple(round(gains[int(np.ceil(q * 40)) - 1], 2) for q in LEVELS)
        assert scenario.better == sum(gain > 0 for gain in gains) / 40
        assert scenario.finish.on_time == sum(end <= 30 for end in other) / 40
    assert [(s.name, s.kind) for s in made.scenarios] == [
        ("weighted", "strategy"),
        ("-ben@example.com", "what-if"),
    ]
    assert made.scenarios[0].finish.due == made.finish.due


def _models(plan: Plan, workforce: Workforce) -> list[Model]:
    staging = staged(plan, workforce)
    alone = staged(plan_of(20, task(people=[ANN])), workforce).model
    return [handed_out(staging, "weighted", staging.due), alone]


def test_what_never_ends_is_never_sooner() -> None:
    leaves = {"email": ANN, "hours": {"mon-sun": "00:00-24:00"}, "end": "2028-01-03T09:03"}
    plan = plan_of(8, task(people=[ANN, BEN]))
    found = forecast_of(plan, team([leaves]), what_if=("-ben@example.com", "-ann@example.com"), n=8)
    never, always = found.scenarios
    assert (never.sooner, never.better, never.finish.done) == ((None,) * len(LEVELS), 0, 0)
    assert always.finish.done == 1
    endless = forecast_of(
        plan_of(8, task(people=[ANN])), team([leaves]), "equal", what_if=("all minutes=0.1",), n=8
    )
    # Where both never end, neither is sooner; where one does, it is by no number of hours.
    neither, quick = endless.scenarios
    assert (neither.sooner, neither.better) == (NO_GAIN, 0)
    assert (quick.sooner, quick.better) == ((None,) * len(LEVELS), 1)


def test_common_random_numbers_tell_a_small_difference() -> None:
    """The variance of the difference is a small part of what it is between independent runs."""
    plan = plan_of(60, task(people=[ANN, BEN]))
    first, second = (staged(plan, team(minutes=m)).model for m in (4, 4.1))
    independent = Model(second.people, second.tasks, second.seed + 1)
    base, same, other = (simulate(model, 200).finish[0] for model in (first, second, independent))
    assert np.var(same - base) < np.var(other - base) / 100


def test_a_forecast_is_the_same_again() -> None:
    def made(n: int) -> Forecast:
        return forecast_of(
            PLAIN,
            team(SLOW_BEN, errors=0.1, skips=0.1),
            *COMPARED,
            what_if=("+1 annotator", "+1 reviewer"),
            n=n,
        )

    assert encode_forecast(made(20)) == encode_forecast(made(20))
    assert encode_forecast(made(20)) != encode_forecast(made(21))
    other = forecast_of(PLAIN, team(SLOW_BEN), n=20, seed=99)
    assert other.seed == 99
    assert other.finish != forecast_of(PLAIN, team(SLOW_BEN), n=20).finish


def test_asking_more_changes_nothing_of_the_forecast() -> None:
    alone = forecast_of(PLAIN, team(SLOW_BEN))
    asked = forecast_of(PLAIN, team(SLOW_BEN), "pulling", what_if=("all minutes=9",))
    assert msgspec.structs.replace(asked, scenarios=()) == alone


def test_the_first_replications_are_the_same_however_many_follow() -> None:
    model = staged(PLAIN, team(SLOW_BEN, errors=0.1)).model
    few, many = simulate(model, 5), simulate(model, 150)
    np.testing.assert_array_equal(few.finish, many.finish[:, :5])
    np.testing.assert_array_equal(few.spent, many.spent[..., :5])


def test_progress_runs_through_all_scenarios() -> None:
    seen: list[tuple[int, int]] = []
    forecast_of(PLAIN, team(), "equal", what_if=("+1 annotator",), progress=lambda *told: seen.append(told))
    shares = [done / total for done, total in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(shares) >= 3


@pytest.mark.parametrize(
    ("questions", "told"),
    [
        (
            {"compare": ("equl",)},
            '--compare: expected equal, weighted, pulling, got "equl"; did you mean "equal"?',
        ),
        (
            {"compare": ("equal", "eligible")},
            '--compare: expected equal, weighted, pulling, got "eligible"; of other strategies make a plan '
            "each, and simulate those",
        ),
        ({"what_if": ("-zoe@example.com",)}, "--what-if: zoe@example.com has no work in the plan"),
        ({"what_if": ("+1 boss",)}, '--what-if: expected "+1 annotator", '),
    ],
)
def test_questions_that_are_none(questions: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as caught:
        forecast(PLAIN, team(), replications=2, questions=Questions(**questions))
    assert str(caught.value).startswith(told)


def test_nothing_is_simulated_no_times() -> None:
    with pytest.raises(InputError, match="expected at least 1 replication, got 0"):
        forecast(PLAIN, team(), replications=0)


class TestFiles:
    MADE = forecast_of(PLAIN, team(SLOW_BEN), "equal", n=4)

    def test_they_are_read_as_they_were_written(self, tmp_path: Path) -> None:
        path = tmp_path / "forecast.json"
        write_forecast(path, self.MADE)
        assert path.read_bytes() == encode_forecast(self.MADE)
        assert read_forecast(path) == self.MADE
        write_forecast(path, msgspec.structs.replace(self.MADE, seed=5))
        assert read_forecast(path).seed == 5

    def test_over_nothing_else(self, tmp_path: Path) -> None:
        path = tmp_path / "notes.txt"
        path.write_text("mine", encoding="utf-8")
        with pytest.raises(InputError) as caught:
            write_forecast(path, self.MADE)
        assert (
            str(caught.value)
            == f"{path}: exists and is no forecast, so it is left as it is; choose another name"
        )
        assert path.read_text(encoding="utf-8") == "mine"
        path.write_bytes(b"")
        write_forecast(path, self.MADE)
        assert read_forecast(path) == self.MADE

    def test_what_is_no_forecast(self, tmp_path: Path) -> None:
        hint = "`taskplan simulate -o` writes one"
        for content in (b"", b"{}", b"[1]", b"\xff\xfe", encode_forecast(self.MADE)[:-20]):
            path = tmp_path / "other.json"
            path.write_bytes(content)
            with pytest.raises(InputError, match="is no forecast: ") as caught:
                read_forecast(path)
            assert str(caught.value).endswith(hint)
        with pytest.raises(InputError, match="is a folder, expected a forecast"):
            read_forecast(tmp_path)
        with pytest.raises(InputError, match="no such file"):
            read_forecast(tmp_path / "none.json")

    def test_what_is_not_whole(self, tmp_path: Path) -> None:
        replace, made = msgspec.structs.replace, self.MADE
        short = replace(made.finish, at=made.finish.at[:3])
        ragged = replace(made.burndown, times=made.burndown.times[1:])
        task = made.tasks[0]
        broken = [
            replace(made, finish=short),
            replace(made, burndown=ragged),
            replace(made, burndown=replace(ragged, left=ragged.left[1:])),
            replace(made, people=(replace(made.people[0], finish=short),)),
            replace(made, tasks=(replace(task, finish=short),)),
            replace(made, tasks=(replace(task, burndown=ragged),)),
            replace(made, tasks=(replace(task, people=(replace(task.people[0], finish=short),)),)),
            replace(made, scenarios=(replace(made.scenarios[0], finish=short),)),
            replace(made, scenarios=(replace(made.scenarios[0], sooner=()),)),
        ]
        path = tmp_path / "forecast.json"
        for wrong in broken:
            path.write_bytes(encode_forecast(wrong))
            with pytest.raises(InputError) as caught:
                read_forecast(path)
            assert str(caught.value) == (
                f"{path}: is no forecast: not every time has its 5 quantiles, in order; "
                "simulate the plan again"
            )

    def test_of_a_newer_format(self, tmp_path: Path) -> None:
        path = tmp_path / "forecast.json"
        for data in (
            b'{"format": 2, "what": "ever"}',
            encode_forecast(msgspec.structs.replace(self.MADE, format=2)),
        ):
            path.write_bytes(data)
            with pytest.raises(InputError) as caught:
                read_forecast(path)
            assert str(caught.value) == (
                f"{path}: has format 2, this taskplan reads up to 1; a newer taskplan is needed"
            )

    def test_nowhere(self, tmp_path: Path) -> None:
        for place in (tmp_path, tmp_path / "none" / "forecast.json"):
            with pytest.raises(
                InputError, match=r"is a folder, expected a file to write|there is no such folder"
            ):
                write_forecast(place, self.MADE)
        assert not list(tmp_path.iterdir())
