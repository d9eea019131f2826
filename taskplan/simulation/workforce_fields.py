"""What the texts of a workforce file mean: hours, days off, moments, durations."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Literal

from taskplan.errors import InputError, did_you_mean
from taskplan.planning.shapes import Place
from taskplan.simulation.schedules import Week
from taskplan.simulation.workforce_shape import DAYS_OFF, DURATION, EXPECTED, EXPECTED_ENTRY, MOMENT
from taskplan.simulation.zones import time_zone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIMES = re.compile(r"(\d{1,2}):(\d\d) *- *(\d{1,2}):(\d\d)", re.ASCII)
_UNITS = {"m": 1.0, "h": 60.0, "d": 1440.0}
WEEK = 7 * 1440
YEARS = range(1970, 2500)
"""Calendars reach so far, and three years further."""
LATEST = datetime(YEARS.stop, 1, 1, tzinfo=UTC).timestamp() * 1000


def read_hours(hours: Literal["always"] | Mapping[str, str | Sequence[str]], place: Place) -> Week | None:
    """Return the shifts of a week, None for always; SpecError for what cannot be read, or overlaps."""
    if hours == "always":
        return None
    assert not isinstance(hours, str)
    week: list[list[tuple[int, int]]] = [[] for _ in DAYS]
    given: dict[int, str] = {}
    shifts: list[tuple[int, int, str, Place]] = []
    for key, value in hours.items():
        here = place.at(key)
        texts = [(value, here)] if isinstance(value, str) else _entries(value, here)
        times = [(*_times(part, where), where) for text, where in texts for part in text.split(",")]
        for day in _days(key, here):
            if day in given:
                raise here.error(f"{DAYS[day]} stands here and in {given[day]}")
            given[day] = key
            week[day] = sorted((begin, end) for begin, end, _, _ in times)
            shifts += [
                (day * 1440 + begin, day * 1440 + end, f"{DAYS[day]} {text}", where)
                for begin, end, text, where in times
            ]
    if not shifts:
        raise place.error("expected times of at least one day")
    _refuse_overlap(shifts)
    return tuple(tuple(day) for day in week)


def read_off(texts: Sequence[str], place: Place) -> tuple[tuple[int, int], ...]:
    """Return first and last of the days off, as `date.toordinal` counts; SpecError for what is no day."""
    found = []
    for index, text in enumerate(texts):
        here = place.entry(index)
        try:
            if not re.fullmatch(DAYS_OFF, text, re.ASCII):
                raise ValueError
            first, _, last = text.replace(" ", "").partition("..")
            days = date.fromisoformat(first).toordinal(), date.fromisoformat(last or first).toordinal()
        except ValueError:
            raise here.error(f'expected {EXPECTED_ENTRY["off"]}, got "{text}"') from None
        if days[1] < days[0]:
            raise here.error(f"ends before it begins: {text}")
        found.append(days)
    return tuple(found)


def read_moment(text: str, zone: str) -> float:
    """Return milliseconds since 1970; a date is its midnight, and without an offset `zone` is meant.

    InputError for what is no moment, or too far away for calendars.
    """
    try:
        if not re.fullmatch(MOMENT, text, re.ASCII):
            raise ValueError
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f'expected {EXPECTED["start"]}, got "{text}"') from None
    if moment.year not in YEARS:
        raise InputError(f"expected a year from {YEARS[0]} to {YEARS[-1]}, got {text}")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=time_zone(zone))
    return moment.timestamp() * 1000


def read_duration(value: float | str) -> float:
    """Return minutes; InputError for what is no duration."""
    if isinstance(value, str):
        if not re.fullmatch(DURATION, value, re.ASCII):
            raise InputError(f'expected {EXPECTED["reservation"]}, got "{value}"')
        value = float(value[:-1]) * _UNITS[value[-1]]
    if not math.isfinite(value):
        raise InputError("expected a finite number")
    return float(value)


def _entries(texts: Sequence[str], place: Place) -> list[tuple[str, Place]]:
    return [(text, place.entry(index)) for index, text in enumerate(texts)]


def _days(key: str, place: Place) -> list[int]:
    """Return the days that a key such as ``mon-wed, sat`` names; a range may go over the weekend."""
    found: list[int] = []
    for part in key.split(","):
        ends = [_day(name.strip().lower(), place) for name in part.split("-", 1)]
        days = range(ends[0], ends[-1] + 1 if ends[-1] >= ends[0] else ends[-1] + 8)
        found += [day % 7 for day in days]
    return found


def _day(name: str, place: Place) -> int:
    if name not in DAYS:
        hint = did_you_mean(name, DAYS) or "expected days such as mon-fri or sat,sun"
        raise place.error(f'"{name}" is no day', hint)
    return DAYS.index(name)


def _times(text: str, place: Place) -> tuple[int, int, str]:
    found = _TIMES.fullmatch(text.strip())
    if found is None:
        raise place.error(f'expected times such as "09:00-12:30, 13:30-17:30", got "{text.strip()}"')
    hour, minute, until_hour, until_minute = map(int, found.groups())
    begin, end = hour * 60 + minute, until_hour * 60 + until_minute
    if max(minute, until_minute) > 59 or begin >= 1440 or end > 1440:
        raise place.error(f"expected times of a day, 00:00 to 24:00, got {found[0]}")
    if begin == end:
        raise place.error(f'{found[0]} is no time at all; a whole day is "00:00-24:00"')
    return begin, end if end > begin else end + 1440, found[0]


def _refuse_overlap(shifts: list[tuple[int, int, str, Place]]) -> None:
    shifts = sorted(shifts, key=lambda shift: shift[0])
    first_again = (shifts[0][0] + WEEK, shifts[0][1] + WEEK, *shifts[0][2:])
    for (_, end, earlier, _), (begin, _, later, where) in pairwise([*shifts, first_again]):
        if begin < end:
            raise where.error(f"{later} overlaps with {earlier}")
