"""From weekly hours, a time zone, holidays and days off to working time in minutes since a start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from taskplan.simulation.calendars import snapped
from taskplan.simulation.public_holidays import public_holidays
from taskplan.simulation.workforce import MINUTE, WorkingTime
from taskplan.simulation.zones import offsets

HORIZON = 3 * 366 * 1440.0
"""Minutes from the start for which working time is written out: three years. Nobody works later."""
DAY = 86_400
"""Seconds."""
EPOCH = date(1970, 1, 1).toordinal()
Seconds = NDArray[np.int64]
Week = tuple[tuple[tuple[int, int], ...], ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """When someone works, by the clock on their wall.

    `week` holds the shifts of Monday to Sunday, each from and until a minute of that day, without overlap;
    a night shift ends in the minutes beyond 1440, and belongs to the day on which it begins. None is
    always: day and night, without holidays and days off. `zone` is a name of `time_zone`, `holidays` a
    region of `check_region`; `off` are first and last (`date.toordinal`) of more days without shifts.

    Where clocks are put forward, the hour that is missing is not worked; where they are put back, an hour
    that comes twice is worked twice.
    """

    week: Week | None
    zone: str = "UTC"
    holidays: str | None = None
    off: tuple[tuple[int, int], ...] = ()


def working_time(
    schedule: Schedule,
    start: float,
    *,
    share: float = 1.0,
    first: float | None = None,
    last: float | None = None,
    horizon: float = HORIZON,
) -> WorkingTime:
    """Return the working time of a schedule for a simulation that begins at `start`, `horizon` minutes long.

    `start`, `first` (nothing before it) and `last` (nothing from then on: they leave) are in milliseconds
    since 1970 UTC. MissingExtraError where holidays are asked for and the library is not there.
    """
    opens, closes = _intervals(schedule, start, horizon)
    begins = 0.0 if first is None else max(0.0, float(snapped((first - start) / MINUTE)))
    leaves = np.inf if last is None else max(0.0, float(snapped((last - start) / MINUTE)))
    opens, closes = np.maximum(opens, begins), np.minimum(closes, leaves)
    kept = opens < closes
    return WorkingTime(opens[kept], closes[kept], share=share, leaves=leaves)


@lru_cache(maxsize=256)
def _intervals(
    schedule: Schedule, start: float, horizon: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return from when until when there is work, in minutes since the start; many people share a schedule."""
    if schedule.week is None:
        return np.zeros(1), np.full(1, np.inf)
    begin, end = start / 1000, (start + horizon * MINUTE) / 1000
    # A day is a day of the wall, up to one before or after that of UTC; a shift may end on the next.
    days = np.arange(begin // DAY - 2, end // DAY + 3).astype(np.int64)
    opens, closes = _in_utc(schedule, *_on_the_wall(schedule, days))
    kept = (closes > begin) & (opens < end)
    opened = snapped((opens[kept] * 1000 - start) / MINUTE)
    closed = snapped((closes[kept] * 1000 - start) / MINUTE)
    return np.maximum(opened, 0.0), np.minimum(closed, horizon)


def _on_the_wall(schedule: Schedule, days: Seconds) -> tuple[Seconds, Seconds]:
    """Return begin and end of all shifts in seconds of the wall's own clock since 1970."""
    working = np.ones(len(days), dtype=bool)
    for first, last in schedule.off:
        working &= (days + EPOCH < first) | (days + EPOCH > last)
    if schedule.holidays is not None:
        years = [date.fromordinal(int(day) + EPOCH).year for day in (days[0], days[-1])]
        working &= ~np.isin(days + EPOCH, public_holidays(schedule.holidays, *years))
    assert schedule.week is not None
    days = days[working]
    # The first of January 1970 was a Thursday.
    shifts = [
        (days[(days + 3) % 7 == weekday] * DAY, begin * 60, end * 60)
        for weekday, day in enumerate(schedule.week)
        for begin, end in day
    ]
    opens = np.concatenate([midnight + begin for midnight, begin, _ in shifts] or [days[:0]])
    closes = np.concatenate([midnight + end for midnight, _, end in shifts] or [days[:0]])
    # Shifts do not overlap, so that both in order are still pairs.
    return np.sort(opens), np.sort(closes)


def _in_utc(schedule: Schedule, opens: Seconds, closes: Seconds) -> tuple[Seconds, Seconds]:
    """Return the moments, in seconds since 1970 UTC, at which the wall shows what lies within a shift."""
    if not len(opens):
        return opens, closes
    # Whole days, so that other hours in the same zone find the answer in its cache.
    since = offsets(schedule.zone, (int(opens[0]) // DAY - 1) * DAY, (int(closes[-1]) // DAY + 2) * DAY)
    until = [second for second, _ in since[1:]] + [np.iinfo(np.int64).max]
    parts = []
    for (begin, ahead), end in zip(since, until, strict=True):
        opened, closed = np.maximum(opens - ahead, begin), np.minimum(closes - ahead, end)
        kept = opened < closed
        parts.append((opened[kept], closed[kept]))
    opens = np.concatenate([opened for opened, _ in parts])
    closes = np.concatenate([closed for _, closed in parts])
    apart = opens[1:] > closes[:-1]
    return opens[np.append(True, apart)], closes[np.append(apart, True)]
