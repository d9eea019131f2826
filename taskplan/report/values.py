"""Numbers and times for people.

Outside of tables they say where they are from: `at` is the path in the data that the page holds, so that
``plan.snapshot.items`` is in ``<script id="plan">``, ``forecast.finish.at.2`` in ``<script id="forecast">``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from taskplan.model.times import moment
from taskplan.report.html import Html, element, text
from taskplan.simulation.wording import chance

if TYPE_CHECKING:
    from taskplan.simulation.forecast import Finish

NEVER = "never"
"""What stands where so many replications never get there."""


def value(shown: str, at: str | None) -> Html:
    """Return a number in words of its own."""
    return text(shown) if at is None else element("span", shown, data_at=at)


def count(number: int, at: str | None = None) -> Html:
    """Return how many: ``1,200``."""
    return value(f"{number:,}", at)


def about(number: float, at: str | None = None, digits: int = 1) -> Html:
    """Return a mean: ``1,200.5``."""
    return value(f"{number:,.{digits}f}", at)


def percent(share: float, at: str | None = None) -> Html:
    """Return a share of 0 to 1: ``40.1%``."""
    return value(f"{100 * share:.1f}%", at)


def clock(milliseconds: float) -> str:
    """Return a time (milliseconds since 1970) in UTC to the minute: ``2026-12-01 09:30``."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def when(milliseconds: float | None, at: str | None = None) -> Html:
    """Return a time in UTC, or that it never comes."""
    if milliseconds is None:
        return element("span", NEVER, class_="quiet", data_at=at)
    shown = clock(milliseconds)
    return element("time", shown, datetime=f"{shown.replace(' ', 'T')}Z", data_at=at)


def day(milliseconds: float | None, at: str | None = None) -> Html:
    """Return a date to keep, as the terminal shows it: without a clock at midnight."""
    return value(moment(milliseconds), at)


def bar(shown: Html, part: float) -> Html:
    """Return a number with a bar beside it for a share of 0 to 1."""
    return element("span", shown, class_="bar", style=f"--part:{min(max(part, 0.0), 1.0):.3f}")


def probability(finish: Finish, at: str | None = None) -> Html | None:
    """Return how likely a date is kept, and how exact that is: ``93.2% ± 2.3``; None without a date."""
    return value(chance(finish), at and f"{at}.on_time") if finish.on_time is not None else None
