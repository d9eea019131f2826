"""Time zones: by name, and the moments at which their clocks are put forward or back."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from taskplan.errors import NotFoundError, did_you_mean

SAMPLED = 6 * 3600
"""Seconds; no clock was ever changed twice within them."""


@cache
def time_zone(name: str) -> tzinfo:
    """Return a time zone of the IANA database, such as Europe/Berlin; NotFoundError with the nearest name."""
    if name == "UTC":
        return UTC
    known = _names()
    if name not in known:
        hint = did_you_mean(name, known) if known else 'pip install "tzdata" brings the time zones'
        raise NotFoundError(f'there is no time zone "{name}"', hint=hint or "names are such as Europe/Berlin")
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    # That one is another on every machine.
    return frozenset(available_timezones() - {"localtime"})


@lru_cache(maxsize=256)
def offsets(name: str, first: int, last: int) -> tuple[tuple[int, int], ...]:
    """Return from when on clocks in a zone are how far ahead of UTC, in seconds (since 1970).

    The first entry holds from `first` on; those after it are the changes until `last`.
    """
    zone = time_zone(name)

    def ahead(second: int) -> int:
        offset = datetime.fromtimestamp(second, zone).utcoffset()
        assert offset is not None
        return int(offset.total_seconds())

    found = [(first, ahead(first))]
    for end in range(first + SAMPLED, last + SAMPLED, SAMPLED):
        now = ahead(end)
        if now == found[-1][1]:
            continue
        before, after = end - SAMPLED, end
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if ahead(middle) == found[-1][1] else (before, middle)
        found.append((after, now))
    return tuple(found)
