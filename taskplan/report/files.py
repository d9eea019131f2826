"""Writing a page: whole or not at all, and over nothing but another page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from taskplan.errors import InputError
from taskplan.model.files import OwnFile
from taskplan.planning.wording import short_digest
from taskplan.report.page import START, page
from taskplan.simulation.forecast import Forecast, read_forecast

if TYPE_CHECKING:
    from taskplan.planning.document import Plan

REPORT_FILE = OwnFile("report", START.encode())


def write_report(path: Path, plan: Plan, forecast: Forecast | None = None) -> None:
    """Write the page of a plan; InputError where there is something else than a page of ours."""
    REPORT_FILE.write(path, page(plan, forecast))


def forecast_of(plan: Plan, path: Path) -> Forecast:
    """Read the forecast of a plan; InputError where it is another plan's, or none."""
    forecast = read_forecast(path)
    if forecast.plan != plan.digest:
        raise InputError(
            f"is of plan {short_digest(forecast.plan)}, expected a forecast of {short_digest(plan.digest)}",
            source=str(path),
            hint="simulate this plan again",
        )
    return forecast
