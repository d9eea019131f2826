"""The part of a page that says when the whole plan will be done, and what would change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskplan.report import charts, figures
from taskplan.report.charts import LEVEL_NAMES
from taskplan.report.html import Content, Html, element, join
from taskplan.report.outlook import DONE_BY, ON_TIME, burndown, done_by, people, spoken_of
from taskplan.report.tables import Column, table
from taskplan.report.values import percent, probability, when
from taskplan.simulation.forecast import LEVELS
from taskplan.simulation.wording import left_to

if TYPE_CHECKING:
    from taskplan.simulation.forecast import Forecast, Scenario

_LOW, _MIDDLE, _HIGH = 0, LEVELS.index(0.5), len(LEVELS) - 1


def forecast_section(forecast: Forecast) -> Html:
    """Return what is left over time, who finishes when, and the scenarios."""
    title = "Burn-down" if len(forecast.tasks) == 1 else "Burn-down of all tasks together"
    left = left_to(task.type for task in forecast.tasks)
    return element(
        "section",
        element("h2", "Forecast", id="forecast-heading"),
        burndown(title, forecast.burndown, forecast.finish, "forecast.burndown", left=left),
        _tasks(forecast),
        _finishes(forecast),
        element("h3", "People"),
        people("People in all tasks: means over the replications (UTC)", forecast.people, "forecast.people"),
        element(
            "p",
            "Planned: items that are theirs from the start; what they take from a queue comes on top. "
            "Utilisation: hours of work as a share of working hours until the end of the plan. "
            "Last: the share of replications in which nobody finishes later.",
            class_="quiet",
        ),
        _scenarios(forecast),
        aria_labelledby="forecast-heading",
        id="forecast-part",
    )


def _tasks(forecast: Forecast) -> Html | None:
    """Return when each task is done, where there is more than one; its numbers are below the headline."""
    if len(forecast.tasks) < 2:
        return None
    title = "When each task is done"
    named = [(task.name, task.finish) for task in forecast.tasks]
    return figures.figure(
        title, charts.ranges(named, None, spoken_of(title, named), own_due=True), figures.BANDS, None
    )


def _finishes(forecast: Forecast) -> Html | None:
    """Return the distribution of everybody's finish times, where anybody works."""
    if not forecast.people:
        return None
    title = "When each person is done"
    rows = [
        (element("bdi", person.assignee), *(when(time) for time in person.finish.at))
        for person in forecast.people
    ]
    columns = [
        Column("assignee"),
        *(Column(name, f"finish.at.{level}") for level, name in enumerate(LEVEL_NAMES)),
    ]
    named = [(person.assignee, person.finish) for person in forecast.people]
    due = forecast.finish.due
    caption = f"{title}, in the share of replications above a column (UTC)"
    return figures.figure(
        title,
        charts.finishes(forecast.people, due, spoken_of(title, named)),
        figures.BINS,
        table(caption, columns, rows, of="forecast.people"),
    )


def _scenarios(forecast: Forecast) -> Html | None:
    """Return the plan beside what might be, where that was asked."""
    if not forecast.scenarios:
        return None
    due = forecast.finish.due
    named = [("as planned", forecast.finish), *((found.name, found.finish) for found in forecast.scenarios)]
    finish = forecast.finish
    columns = (
        Column("scenario"),
        *DONE_BY,
        ON_TIME,
        Column("hours sooner", f"sooner.{_MIDDLE}"),
        Column("sooner in", "better"),
    )
    title = "When the plan is done"
    return join(
        element("h3", "What if", id="what-if"),
        figures.figure(
            title,
            charts.ranges(named, due, spoken_of(title, named)),
            figures.BANDS,
            None,
        ),
        table(
            "The plan under other conditions, on the same random numbers (UTC)",
            columns,
            map(_scenario, forecast.scenarios),
            of="forecast.scenarios",
            first=("as planned", *done_by(finish), probability(finish), None, None),
        ),
        element(
            "p",
            f"Hours sooner: the median over replications, in brackets the {LEVEL_NAMES[_LOW]} and the "
            f"{LEVEL_NAMES[_HIGH]} quantile; below 0 it is later. Sooner in: the share of replications.",
            class_="quiet",
        ),
    )


def _scenario(found: Scenario) -> tuple[Content, ...]:
    low, middle, high = (found.sooner[level] for level in (_LOW, _MIDDLE, _HIGH))
    span = "" if low is None or high is None else f" ({low:+,.1f} to {high:+,.1f})"
    return (
        element("bdi", found.name),
        *done_by(found.finish),
        probability(found.finish),
        "not known" if middle is None else f"{middle:+,.1f}{span}",
        percent(found.better),
    )
