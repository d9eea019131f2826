"""A forecast says what happened in the replications, no more: beside counting, one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.planning.document import Plan
from taskplan.simulation.engine import simulate
from taskplan.simulation.forecast import LEVELS, Burndown, Finish, Forecast, PersonForecast
from taskplan.simulation.jobs import Outcome
from taskplan.simulation.modelling import Staged
from taskplan.simulation.summary import finish_of, quantiles, summarise
from taskplan.simulation.workforce import Workforce
from tests.simulation.planned import ANN, BEGIN, BEN, CAT, DAN, MINUTE, plan_of, review, staged, task, team

REPLICATIONS = 40
DUE = "2028-01-03T09:20"


def summary_of(
    plan: Plan, workforce: Workforce | None = None, replications: int = 1, due: float | None = None
) -> Forecast:
    workforce = workforce or team(shape="fixed", review=1)
    staging = staged(plan, workforce, due=due)
    return summarise(
        plan, staging, simulate(staging.model, replications), workforce, digest="sha256:d", due=due
    )


@pytest.fixture(scope="module")
def case() -> tuple[Forecast, Outcome, Staged]:
    """Work that comes back, is skipped and abandoned, somebody who leaves, a queue, and two due dates."""
    plan = plan_of(
        24,
        task(people=[ANN, BEN, CAT], due=DUE),
        review(people=[DAN], due="2028-01-03T09:30"),
        task("queue", [ANN, DAN], pulling={"batch": 3, "maximum": 5}),
    )
    workforce = team(
        [
            {"email": BEN, "hours": {"mon-sun": "00:00-24:00"}, "end": "2028-01-03T09:06"},
            {"email": CAT, "hours": {"mon": "09:00-09:04, 09:10-23:00"}, "share": 0.5},
        ],
        errors=0.2,
        skips=0.1,
        abandons=0.05,
        file={"reservation": 4},
    )
    staging = staged(plan, workforce)
    outcome = simulate(staging.model, REPLICATIONS)
    return summarise(plan, staging, outcome, workforce, digest="sha256:d"), outcome, staging


Case = tuple[Forecast, Outcome, Staged]


def place(level: float, values: Sequence[float]) -> float:
    """Return the smallest value that at least a share `level` of all values does not exceed."""
    return next(
        v for v in sorted(values) if sum(other <= v for other in values) >= level * len(values) - 1e-9
    )


@given(st.lists(st.floats(0, 1e6) | st.just(math.inf), min_size=1, max_size=60))
def test_quantiles_are_values_that_so_many_do_not_exceed(values: list[float]) -> None:
    assert quantiles(np.array(values)) == [place(level, values) for level in LEVELS]


@given(st.lists(st.floats(0, 1e5) | st.just(math.inf), min_size=1, max_size=30), st.integers(0, 10**5))
def test_a_finish_is_quantiles_and_a_count(values: list[float], due: int) -> None:
    found = finish_of(np.array(values), BEGIN, BEGIN + MINUTE * due)
    for level, at in zip(LEVELS, found.at, strict=True):
        expected = place(level, values)
        assert at is None if math.isinf(expected) else at == BEGIN + MINUTE * math.ceil(expected - 1e-6)
    assert found.done == pytest.approx(sum(map(math.isfinite, values)) / len(values))
    kept = sum(value <= due for value in values) / len(values)
    assert found.on_time == pytest.approx(kept)
    assert found.error == pytest.approx(math.sqrt(kept * (1 - kept) / len(values)), abs=1e-6)


def test_without_a_date_there_is_nothing_to_keep() -> None:
    found = finish_of(np.array([1.0]), BEGIN)
    assert (found.due, found.on_time, found.error) == (None, None, None)


def test_all_dates_are_kept_where_each_is(case: Case) -> None:
    forecast, outcome, _ = case
    label, check = outcome.finish[0], outcome.finish[1]
    both = [bool(a <= 20 and b <= 30) for a, b in zip(label, check, strict=True)]
    assert 0 < sum(both) < REPLICATIONS
    assert forecast.finish.on_time == sum(both) / REPLICATIONS
    assert forecast.finish.due is None
    assert [t.finish.on_time for t in forecast.tasks] == [
        sum(when <= 20 for when in label) / REPLICATIONS,
        sum(when <= 30 for when in check) / REPLICATIONS,
        None,
    ]
    assert [t.finish.due for t in forecast.tasks] == [BEGIN + 20 * MINUTE, BEGIN + 30 * MINUTE, None]


@pytest.mark.parametrize(
    ("dates", "given", "due"),
    [
        ([None, None], None, None),
        ([DUE, None], None, None),
        ([DUE, "2028-01-04"], None, None),
        ([DUE, DUE], None, 20),
        ([DUE, None], 5, 5),
    ],
)
def test_the_whole_has_a_date_where_all_have_it(
    dates: list[str | None], given: float | None, due: float | None
) -> None:
    plan = plan_of(4, *(task(f"t{n}", **({"due": d} if d else {})) for n, d in enumerate(dates)))
    found = summary_of(plan, due=None if given is None else BEGIN + MINUTE * given).finish
    assert found.due == (None if due is None else BEGIN + MINUTE * due)
    # Four minutes of work.
    assert found.on_time == (1 if given is not None or any(dates) else None)


def test_the_whole_is_done_with_the_last_of_its_tasks(case: Case) -> None:
    forecast, outcome, _ = case
    ends = [max(column) for column in outcome.finish.T.tolist()]
    assert forecast.finish.at == finish_of(np.array(ends), BEGIN).at
    assert [t.finish.at for t in forecast.tasks] == [finish_of(row, BEGIN).at for row in outcome.finish]


def test_counts_are_means_over_replications(case: Case) -> None:
    forecast, outcome, staging = case
    for t, found in enumerate(forecast.tasks):
        assert found.items == staging.model.tasks[t].jobs == 24
        for name in ("rejected", "skipped", "abandoned", "ignored"):
            assert getattr(found, name) == pytest.approx(fmean(getattr(outcome, name)[t].tolist()), abs=1e-4)
        assert [person.assignee for person in found.people] == [
            staging.model.people[p].email for p in staging.model.tasks[t].people
        ]
        for p, person in zip(staging.model.tasks[t].people, found.people, strict=True):
            assert person.items == pytest.approx(fmean(outcome.ended[t, p].tolist()), abs=1e-4)
            assert person.again == pytest.approx(fmean(outcome.again[t, p].tolist()), abs=1e-4)
            assert person.hours == pytest.approx(fmean(outcome.spent[t, p].tolist()) / 60, abs=1e-4)
    assert forecast.tasks[0].rejected > 0
    assert forecast.tasks[0].skipped > 0
    assert forecast.tasks[0].abandoned > 0
    for p, person in enumerate(forecast.people):
        assert person.hours == pytest.approx(fmean(outcome.spent[:, p].sum(axis=0).tolist()) / 60, abs=1e-4)
        assert person.items == pytest.approx(fmean(outcome.ended[:, p].sum(axis=0).tolist()), abs=1e-4)


def test_planned_items_are_those_of_the_plan(case: Case) -> None:
    forecast, _, _ = case
    assert [person.planned for person in forecast.tasks[0].people] == [8, 8, 8]
    assert [person.planned for person in forecast.tasks[1].people] == [24]
    assert [person.planned for person in forecast.tasks[2].people] == [None, None]
    # What people take from a queue comes on top of what is theirs in all.
    assert [(person.assignee, person.planned) for person in forecast.people] == [
        (ANN, 8),
        (BEN, 8),
        (CAT, 8),
        (DAN, 24),
    ]


def test_who_is_last(case: Case) -> None:
    forecast, outcome, staging = case
    for t, found in enumerate(forecast.tasks):
        people = staging.model.tasks[t].people
        for p, person in zip(people, found.people, strict=True):
            later = [outcome.last[t, p, r] >= max(outcome.last[t, q, r] for q in people) for r in range(40)]
            assert person.last == fmean(later)
        assert sum(person.last for person in found.people) >= 1 - 1e-9
    assert sum(person.last for person in forecast.people) >= 1 - 1e-9
    tied = summary_of(plan_of(4, task()))
    assert [person.last for person in tied.people] == [1, 1]


def test_histograms_count_every_replication_once(case: Case) -> None:
    forecast, outcome, _ = case
    for p, person in enumerate(forecast.people):
        moments = [max(0.0, *column) for column in outcome.last[:, p].T.tolist()]
        assert sum(person.histogram) == REPLICATIONS
        assert person.first_bin is not None
        assert person.last_bin is not None
        first, last = ((edge - BEGIN) / MINUTE for edge in (person.first_bin, person.last_bin))
        assert first <= min(moments)
        assert max(moments) <= last
        width = (last - first) / len(person.histogram)
        slow = [0] * len(person.histogram)
        for moment in moments:
            slow[min(int((moment - first) / width), len(slow) - 1)] += 1
        assert person.histogram == tuple(slow)


def test_a_histogram_of_one_moment_has_one_bin() -> None:
    (person, _) = summary_of(plan_of(4, task()), replications=3).people
    assert (person.first_bin, person.last_bin, person.histogram) == (
        BEGIN + 2 * MINUTE,
        BEGIN + 3 * MINUTE,
        (3,),
    )


def utilisation(found: Sequence[PersonForecast]) -> list[float | None]:
    return [None if p.utilisation is None else round(p.utilisation, 4) for p in found]


def test_utilisation_by_hand() -> None:
    # ann has ten items of a minute, ben ten of three: all is done after half an hour.
    plan = plan_of(20, task(), task("more", [CAT], limit=3))
    workforce = team(
        [{"email": BEN, "minutes": 3}, {"email": CAT, "minutes": 2, "share": 0.5}], shape="fixed"
    )
    found = summary_of(plan, workforce)
    # cat gives half of 30 minutes, of which 6 are used; and of 12 minutes until the end of that task, 6.
    assert utilisation(found.people) == [round(10 / 30, 4), 1, round(6 / 15, 4)]
    assert utilisation(found.tasks[0].people) == [round(10 / 30, 4), 1]
    assert utilisation(found.tasks[1].people) == [1]
    # Of what is after working hours nothing counts.
    hours = {"email": ANN, "hours": {"mon": "09:00-09:15, 12:00-13:00"}}
    assert utilisation(
        summary_of(plan, team([hours, {"email": BEN, "minutes": 3}], shape="fixed")).people[:1]
    ) == [round(10 / 15, 4)]


def test_utilisation_is_a_share(case: Case) -> None:
    forecast, _, _ = case
    shares = [p.utilisation for p in (*forecast.people, *(p for t in forecast.tasks for p in t.people))]
    assert all(share is not None and 0 < share <= 1 for share in shares)


def test_who_is_never_there_has_none() -> None:
    away = {"email": BEN, "start": "2029-01-01"}
    plan = plan_of(4, task("a", [ANN]), task("b", [ANN, BEN], pulling={"batch": 3, "maximum": 5}))
    found = summary_of(plan, team([away], shape="fixed"))
    ben = found.people[1]
    assert (ben.utilisation, ben.items, ben.last, ben.finish.done) == (None, 0, 0, 1)


def falls(row: Sequence[float]) -> bool:
    return all(later <= earlier for earlier, later in pairwise(row))


def counted(times: Sequence[Any], outcome: Outcome, tasks: Sequence[int]) -> list[list[float]]:
    """Return the levels of how many jobs are left at each time, counted one by one."""
    rows = []
    for time in times:
        minutes = (time - BEGIN) / MINUTE
        left = [
            sum(moment > minutes + 0.5 for t in tasks for moment in outcome.reached[t][:, r].tolist())
            for r in range(outcome.replications)
        ]
        rows.append([place(level, left) for level in LEVELS])
    return [list(column) for column in zip(*rows, strict=True)]


def check_burndown(found: Burndown, outcome: Outcome, tasks: Sequence[int], total: int) -> None:
    assert found.times[0] == BEGIN
    assert list(found.times) == sorted(found.times)
    assert [row[0] for row in found.left] == [total] * len(LEVELS)
    assert all(falls(row) for row in found.left)
    for lower, higher in pairwise(found.left):
        assert all(a <= b for a, b in zip(lower, higher, strict=True))
    # Between two items of a task it falls evenly, so that of each of them a part may be missing; and times
    # are to the minute.
    late = counted(found.times, outcome, tasks)
    early = counted([time - MINUTE for time in found.times], outcome, tasks)
    for row, least, most in zip(found.left, late, early, strict=True):
        assert all(low - len(tasks) - 0.01 <= value for value, low in zip(row, least, strict=True))
        assert all(value <= high + 0.01 for value, high in zip(row, most, strict=True))


def test_what_is_left_is_what_has_not_ended(case: Case) -> None:
    forecast, outcome, _ = case
    assert np.isfinite(outcome.finish).all()
    check_burndown(forecast.burndown, outcome, [0, 1, 2], 72)
    for t, found in enumerate(forecast.tasks):
        check_burndown(found.burndown, outcome, [t], 24)
        assert [row[-1] for row in found.burndown.left] == [0] * len(LEVELS)
    assert [row[-1] for row in forecast.burndown.left] == [0] * len(LEVELS)


def test_a_burndown_by_hand() -> None:
    # One item a minute, for an hour: it falls evenly, in every replication.
    found = summary_of(plan_of(59, task(people=[ANN])), replications=2).burndown
    assert found.times == tuple(BEGIN + MINUTE * n for n in range(60))
    assert found.left == (tuple(float(59 - n) for n in range(60)),) * len(LEVELS)


def test_what_is_never_done_stays_left() -> None:
    leaving = {"email": ANN, "hours": {"mon-sun": "00:00-24:00"}, "end": "2028-01-03T09:03"}
    found = summary_of(plan_of(9, task(people=[ANN])), team([leaving], shape="fixed"), replications=2)
    assert found.finish == Finish(at=(None,) * len(LEVELS), done=0)
    assert [row[-1] for row in found.burndown.left] == [6] * len(LEVELS)
    assert found.burndown.times[-1] == BEGIN + 3 * MINUTE
    assert found.warnings == (
        "label: not finished in 100.0% of the replications: ann@example.com leaves before",
    )
    assert found.people[0].finish.at == (None,) * len(LEVELS)
    assert (found.people[0].items, found.people[0].last) == (3, 1)


def test_where_nothing_is_ever_done_nothing_falls() -> None:
    away = {"email": ANN, "hours": {"mon": "20:00-21:00"}, "end": "2028-01-03T19:00"}
    found = summary_of(plan_of(9, task(people=[ANN])), team([away], shape="fixed"), replications=2)
    assert found.burndown.left == ((9.0,) * len(found.burndown.times),) * len(LEVELS)
    assert (found.people[0].items, found.people[0].utilisation, found.people[0].last) == (0, None, 1)


def test_why_something_is_never_done() -> None:
    def said(*people: dict[str, Any], **file: Any) -> tuple[str, ...]:
        plan = plan_of(4, task(), review())
        workforce = team(people, shape="fixed", file=file)
        return summary_of(plan, workforce).warnings

    always = {"mon-sun": "00:00-24:00"}
    ann, ben = ({"email": who, "hours": always, "end": "2028-01-03T09:01"} for who in (ANN, BEN))
    never = "not finished in 100.0% of the replications:"
    assert said(ann, ben) == (
        f"label: {never} ann@example.com, ben@example.com leave before",
        f"check: {never} it waits for label",
    )
    # ben takes what ann leaves.
    assert said(ann) == ()
    slow = {"email": CAT, "review": 10**6, "hours": {"mon": "09:00-09:10"}}
    assert said(slow) == (f"check: {never} the working time of its people ends before",)


def test_dates_that_are_past_are_told_once() -> None:
    plan = plan_of(4, task(due="2028-01-03T08:00"), review(due="2028-01-03T09:00"), task("third", due=DUE))
    assert summary_of(plan).warnings == (
        "label: is due before the work begins",
        "check: is due before the work begins",
    )
    given = datetime.fromisoformat("2028-01-02T00:00+00:00").timestamp() * 1000
    found = summary_of(plan, due=given)
    assert found.warnings == ("due 2028-01-02, which is past when the work begins, 2028-01-03 09:00 UTC",)
    assert (found.finish.on_time, found.finish.error) == (0, 0)
