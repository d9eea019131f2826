"""Working time: its arithmetic, and its making, against a walk through the minutes."""

from __future__ import annotations

import sys
import time
from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.errors import MissingExtraError, NotFoundError
from taskplan.simulation import schedules
from taskplan.simulation.calendars import GRID, Calendar
from taskplan.simulation.public_holidays import check_region, public_holidays
from taskplan.simulation.schedules import HORIZON, Schedule, Week, working_time
from taskplan.simulation.workforce import WorkingTime
from taskplan.simulation.zones import time_zone

OFFICE: Week = (*(((540, 750), (810, 1050)),) * 5, (), ())
NIGHTS: Week = (((1320, 1800),),) * 7
HALF_PAST: Week = (((120, 150), (165, 171)),) * 7
"""Shifts that lie in the hour that is missing, or comes twice, where clocks are changed at two."""


def milliseconds(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000


def at_work(schedule: Schedule, holidays: set[int], wall: datetime) -> bool:
    """Tell by the clock on the wall."""
    assert schedule.week is not None
    for back in (0, 1):
        day = wall.date() - timedelta(days=back)
        if day.toordinal() in holidays or any(a <= day.toordinal() <= b for a, b in schedule.off):
            continue
        minute = back * 1440 + wall.hour * 60 + wall.minute + wall.second / 60
        if any(begin <= minute < end for begin, end in schedule.week[day.weekday()]):
            return True
    return False


def walk(schedule: Schedule, start: float, minutes: int, step: int = 1) -> list[bool]:
    """Look at the wall every `step` minutes."""
    zone = ZoneInfo(schedule.zone)
    holidays = set(public_holidays(schedule.holidays, 2010, 2030)) if schedule.holidays else set()
    begin = datetime.fromtimestamp(start / 1000, UTC)
    walls = ((begin + timedelta(minutes=m)).astimezone(zone) for m in range(0, minutes, step))
    return [at_work(schedule, holidays, wall) for wall in walls]


def covered(time: WorkingTime, minutes: int, step: int = 1) -> list[bool]:
    calendar = Calendar(time)
    moments = np.arange(0, minutes, step, dtype=float)
    return list(calendar.next_working(moments) == moments)


def well_formed(time: WorkingTime) -> bool:
    """Rising, without overlap, touching, or intervals of no length."""
    edges = np.column_stack([time.opens, time.closes]).ravel()
    return bool(np.all(np.diff(edges) > 0)) and bool(np.all(edges >= 0))


@pytest.mark.parametrize("week", [OFFICE, NIGHTS, HALF_PAST], ids=["office", "nights", "half-past"])
@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Europe/Berlin", "2026-10-20T08:17"),
        ("Europe/Berlin", "2027-03-24T00:00"),
        ("America/New_York", "2026-10-28T08:17"),
        ("America/New_York", "2027-03-10T00:00"),
        # Half an hour forward and back.
        ("Australia/Lord_Howe", "2026-09-30T00:00"),
        ("Australia/Lord_Howe", "2027-03-31T11:11"),
        # At midnight.
        ("America/Havana", "2027-03-10T00:00"),
        # A whole day that never was: over the date line.
        ("Pacific/Apia", "2011-12-27T00:00"),
    ],
)
def test_every_minute_around_a_change_of_clocks(zone: str, start: str, week: Week) -> None:
    days = 8 * 1440
    schedule = Schedule(week, zone)
    begin = milliseconds(start)
    made = working_time(schedule, begin, horizon=days)
    expected = walk(schedule, begin, days)
    assert covered(made, days) == expected
    assert well_formed(made)
    assert Calendar(made).total == sum(expected)
    # Where the year is written out around it, the days are the same.
    assert covered(working_time(schedule, begin), days) == expected


@pytest.mark.parametrize("week", [OFFICE, NIGHTS], ids=["office", "nights"])
def test_every_minute_around_holidays_and_days_off(week: Week) -> None:
    off = (
        (date(2026, 12, 22).toordinal(),) * 2,
        (date(2026, 12, 29).toordinal(), date(2027, 1, 3).toordinal()),
    )
    schedule = Schedule(week, "Europe/Berlin", "DE-BE", off)
    start = milliseconds("2026-12-20T12:00")
    made = working_time(schedule, start)
    expected = walk(schedule, start, 20 * 1440)
    assert covered(made, 20 * 1440) == expected
    plain = walk(Schedule(week, "Europe/Berlin"), start, 20 * 1440)
    assert 0 < sum(expected) < sum(plain)


quarters = st.integers(0, 95).map(lambda quarter: quarter * 15)


@st.composite
def weeks(draw: st.DrawFn) -> Week:
    """Shifts that begin and end on the quarter, some past midnight, none over another."""
    edges = sorted(draw(st.sets(st.integers(0, 7 * 96 - 1), min_size=2, max_size=12)))
    week: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    for begin, end in pairwise(edges):
        if end - begin <= 95 and draw(st.booleans()):
            day, minute = divmod(begin * 15, 1440)
            week[day].append((minute, minute + (end - begin) * 15))
    return tuple(tuple(day) for day in week)


@settings(max_examples=40)
@given(
    weeks(),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    st.sampled_from(["2026-10-02", "2026-10-23", "2026-10-30", "2027-03-12", "2027-03-26", "2027-04-02"]),
    st.integers(0, 95),
    st.sets(st.integers(0, 8), max_size=3),
)
def test_any_week_around_any_change_of_clocks(
    week: Week, zone: str, day: str, quarter: int, off: set[int]
) -> None:
    first = date.fromisoformat(day).toordinal()
    schedule = Schedule(week, zone, None, tuple((first + n, first + n) for n in sorted(off)))
    start = milliseconds(day) + quarter * 15 * 60_000
    minutes = 6 * 1440
    made = working_time(schedule, start, horizon=minutes)
    assert well_formed(made)
    assert covered(made, minutes, 15) == walk(schedule, start, minutes, 15)


def test_an_hour_that_comes_twice_is_worked_twice_and_one_that_is_missing_never() -> None:
    schedule = Schedule((((120, 180),),) * 7, "Europe/Berlin")
    autumn = working_time(schedule, milliseconds("2026-10-25"), horizon=1440)
    assert (autumn.opens.tolist(), autumn.closes.tolist()) == ([0], [120])
    spring = working_time(schedule, milliseconds("2027-03-28"), horizon=1440)
    assert (spring.opens.tolist(), spring.closes.tolist()) == ([], [])


def test_always_is_one_interval_without_end() -> None:
    made = working_time(Schedule(None, "Europe/Berlin", "DE-BE", ((1, 10**6),)), 0.0, share=0.5)
    assert (made.opens.tolist(), made.closes.tolist()) == ([0], [np.inf])
    assert (made.share, made.leaves) == (0.5, np.inf)
    assert well_formed(working_time(Schedule((((0, 1440),),) * 7), 0.0))
    assert len(working_time(Schedule((((0, 1440),),) * 7), 0.0).opens) == 1


@pytest.mark.parametrize("week", [None, OFFICE])
def test_first_and_last_day_cut_it(week: Week | None) -> None:
    start = milliseconds("2026-12-01T10:00")
    first, last = milliseconds("2026-12-02T11:00"), milliseconds("2026-12-03T12:00")
    made = working_time(Schedule(week), start, first=first, last=last)
    assert made.opens[0] == 25 * 60
    assert made.closes[-1] == made.leaves == 50 * 60
    assert well_formed(made)
    gone = working_time(Schedule(week), start, last=milliseconds("2026-11-30"))
    assert (len(gone.opens), gone.leaves) == (0, 0)
    assert working_time(Schedule(week), start, first=milliseconds("2026-11-30")).opens[0] == 0
    assert len(working_time(Schedule(week), start, first=last, last=first).opens) == 0


def test_nobody_works_after_the_horizon() -> None:
    made = working_time(Schedule(NIGHTS, "Europe/Berlin"), milliseconds("2026-11-01T23:00", "Europe/Berlin"))
    assert made.closes[-1] == HORIZON
    assert Calendar(made).moment(Calendar(made).total + 1) == np.inf


def test_a_hundred_people_of_one_schedule_are_made_at_once() -> None:
    schedules._intervals.cache_clear()
    before = time.process_time()
    for _ in range(100):
        working_time(Schedule(OFFICE, "America/Chicago", None, ((1, 2),)), 1.79e12)
    assert schedules._intervals.cache_info().misses == 1
    assert time.process_time() - before < 1


def test_an_unknown_zone_names_the_nearest() -> None:
    with pytest.raises(NotFoundError) as caught:
        time_zone("Europe/Berln")
    assert str(caught.value) == 'there is no time zone "Europe/Berln"; did you mean "Europe/Berlin"?'
    for wrong in ("", "../etc/passwd", "Europe", "right/UTC", "localtime"):
        with pytest.raises(NotFoundError):
            time_zone(wrong)


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ("de", 'there is no country "de"; did you mean "DE"?'),
        ("QQ-X", 'there is no country "QQ"; expected a code such as DE, or DE-BE for a part'),
        ("DE-BEE", 'DE has no part "BEE"; did you mean "DE-BE"?'),
        ("FR-", 'FR has no part ""; expected one of FR-'),
        ("MC-X", 'MC has no part "X"; write "MC"'),
    ],
)
def test_an_unknown_country_names_the_nearest(region: str, message: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        check_region(region)
    assert str(caught.value).startswith(message)
    check_region("DE")
    check_region("DE-BE")


def test_holidays_without_the_library_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(MissingExtraError, match=r'needs the extra "simulation"'):
        public_holidays("DE-BW", 2031, 2031)


@st.composite
def working_times(draw: st.DrawFn) -> WorkingTime:
    """Intervals at any numbers at all, that may touch; the last may be open, and somebody may leave."""
    edges = sorted(draw(st.sets(st.floats(0, 2000, allow_nan=False), max_size=12)))
    if len(edges) % 2:
        edges.append(np.inf)
    leaves = draw(st.floats(0, 2500) | st.just(np.inf))
    return WorkingTime(np.array(edges[::2], float), np.array(edges[1::2], float), leaves=leaves)


moments = st.lists(st.floats(0, 3000) | st.integers(0, 3000), min_size=1, max_size=8)


def intervals(time: WorkingTime) -> list[tuple[float, float]]:
    """What is left of the intervals until somebody leaves, on the grid."""

    def on_the_grid(minutes: float) -> float:
        return minutes if minutes == np.inf else round(minutes * GRID) / GRID

    pairs = zip(time.opens, time.closes, strict=True)
    cut = [(on_the_grid(a), min(on_the_grid(b), on_the_grid(time.leaves))) for a, b in pairs]
    return [(a, b) for a, b in cut if a < b]


def slowly_worked(time: WorkingTime, wall: float) -> float:
    return sum(min(b, wall) - a for a, b in intervals(time) if a < wall)


def slowly_next(time: WorkingTime, wall: float) -> float:
    return min((max(a, wall) for a, b in intervals(time) if b > wall), default=np.inf)


@given(working_times(), moments)
def test_working_minutes_are_counted(time: WorkingTime, walls: list[float]) -> None:
    calendar = Calendar(time)
    expected = [slowly_worked(time, wall) for wall in walls]
    assert calendar.worked(walls) == pytest.approx(expected, abs=1e-9)
    assert calendar.next_working(walls).tolist() == [slowly_next(time, wall) for wall in walls]
    assert np.all(np.diff(calendar.worked(np.sort(walls))) >= 0)
    assert calendar.worked(np.inf) == calendar.total == slowly_worked(time, np.inf)


@given(working_times(), moments)
def test_a_moment_is_the_earliest_by_which_the_minutes_have_passed(
    time: WorkingTime, walls: list[float]
) -> None:
    calendar = Calendar(time)
    edges = [edge for pair in intervals(time) for edge in pair if edge < np.inf]
    at = np.array([*walls, *edges], float)
    back = calendar.moment(calendar.worked(at))
    assert np.all(back <= at)
    assert np.array_equal(calendar.worked(back), calendar.worked(at))
    opens = [a for a, _ in intervals(time)]
    for wall, moment in zip(at, back, strict=True):
        place = bisect_right(opens, wall) - 1
        if place >= 0 and opens[place] < wall <= intervals(time)[place][1]:
            assert moment == wall


@given(working_times(), moments)
def test_minutes_of_work_end_when_they_have_passed(time: WorkingTime, minutes: list[float]) -> None:
    calendar = Calendar(time)
    for amount, moment in zip(minutes, calendar.moment(minutes), strict=True):
        assert (moment == np.inf) == (amount > calendar.total)
        if moment < np.inf:
            assert calendar.worked(moment) == pytest.approx(amount, abs=1e-9)
            assert slowly_worked(time, moment - 1e-6) < amount or amount == 0


def test_arrays_of_any_shape_are_taken() -> None:
    calendar = Calendar(WorkingTime(np.array([10.0, 30.0]), np.array([20.0, 40.0])))
    grid = np.array([[5.0, 15.0], [20.0, 50.0]])
    assert calendar.worked(grid).tolist() == [[0, 5], [10, 20]]
    assert calendar.next_working(grid).tolist() == [[10, 15], [30, np.inf]]
    assert calendar.moment(np.array([[0.0, 10.0], [10.5, 21.0]])).tolist() == [[0, 20], [30.5, np.inf]]
    assert float(calendar.worked(35)) == 15
