"""Writing a page: whole or not at all, and over nothing but another page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from taskplan.errors import InputError
from taskplan.model.files import atomic_write
from taskplan.planning.wording import short_digest
from taskplan.report.page import START, page
from taskplan.simulation.forecast import FORMAT, LEVELS, Burndown, Finish, Forecast, read_forecast

if TYPE_CHECKING:
    from taskplan.planning.document import Plan


def write_report(path: Path, plan: Plan, forecast: Forecast | None = None) -> None:
    """Write the page of a plan; InputError where there is something else than a page of ours."""
    if path.is_file() and not _may_be_replaced(path):
        raise InputError(
            "exists and is no report, so it is left as it is", source=str(path), hint="choose another name"
        )
    content = page(plan, forecast)
    with atomic_write(path) as file:
        file.write(content)


def forecast_of(plan: Plan, path: Path) -> Forecast:
    """Read the forecast of a plan; InputError where it is another plan's, or not whole."""
    forecast = read_forecast(path)
    if forecast.format > FORMAT:
        raise InputError(
            f"has format {forecast.format}, this taskplan reads up to {FORMAT}; a newer taskplan is needed",
            source=str(path),
        )
    if forecast.plan != plan.digest:
        raise InputError(
            f"is of plan {short_digest(forecast.plan)}, expected a forecast of {short_digest(plan.digest)}",
            source=str(path),
            hint="simulate this plan again",
        )
    if not _is_whole(forecast):
        raise InputError(
            f"is no forecast: not every time has its {len(LEVELS)} quantiles",
            source=str(path),
            hint="simulate the plan again",
        )
    return forecast


def _is_whole(forecast: Forecast) -> bool:
    people = [person for task in forecast.tasks for person in task.people] + [*forecast.people]
    finishes = [forecast.finish, *(person.finish for person in people)]
    finishes += [task.finish for task in forecast.tasks] + [found.finish for found in forecast.scenarios]
    burndowns = [forecast.burndown, *(task.burndown for task in forecast.tasks)]
    return (
        all(_has_levels(finish) for finish in finishes)
        and all(len(found.sooner) == len(LEVELS) for found in forecast.scenarios)
        and all(_has_rows(found) for found in burndowns)
    )


def _has_levels(finish: Finish) -> bool:
    return len(finish.at) == len(LEVELS)


def _has_rows(found: Burndown) -> bool:
    return len(found.left) == len(LEVELS) and {len(row) for row in found.left} == {len(found.times)}


def _may_be_replaced(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(len(START.encode()))
    return start in (b"", START.encode())
