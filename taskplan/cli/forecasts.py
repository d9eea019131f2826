"""Forecasts as people read them; no decision is made here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from taskplan.cli import output
from taskplan.model.times import moment
from taskplan.simulation.wording import chance

if TYPE_CHECKING:
    from rich.console import RenderableType

    from taskplan.simulation.forecast import Finish, Forecast, PersonForecast, Scenario, TaskForecast

HALF, MOST, NEARLY_ALL = 2, 3, 4
"""Places of 50%, 80% and 95% among the levels of a forecast."""
NEAR = 300 * 86_400_000
"""Milliseconds; a day and a month so near to the start are of no other year."""


def forecast_view(forecast: Forecast) -> list[RenderableType]:
    """Return what `simulate` prints."""
    from taskplan.planning.wording import short_digest
    from taskplan.simulation.limits import limit_lines

    parts: list[RenderableType] = [
        output.heading(
            f"forecast of plan {short_digest(forecast.plan)}: "
            f"{output.plural(forecast.replications, 'replication')} from {moment(forecast.start)}"
        ),
        output.indented(whole_line(forecast.finish, forecast.start)),
    ]
    if forecast.finish.on_time is not None:
        parts.append(output.indented(on_time_line(forecast.finish)))
    parts += [output.indented(line) for line in limit_lines(forecast)]
    parts += ["", _tasks(forecast), "", _people(forecast)]
    details = [line for task in forecast.tasks if (line := task_line(task))]
    parts += ["", *map(output.indented, details)] if details else []
    if forecast.scenarios:
        parts += ["", _scenarios(forecast)]
    return parts


def whole_line(finish: Finish, start: float) -> str:
    """Return when all is done, in a line."""
    named = ((50, HALF), (80, MOST), (95, NEARLY_ALL))
    found = [
        f"{percent}% by {short(at, start)}"
        for percent, place in named
        if (at := finish.at[place]) is not None
    ]
    if not found:
        return "done in less than half of the replications" if finish.done else "never done"
    if finish.done < 1:
        found.append(f"never in {1 - finish.done:.1%}")
    found[0] = found[0].replace("%", "% sure", 1)
    return f"all done: {' · '.join(found)}"


def on_time_line(finish: Finish) -> str:
    """Return how likely the due date is kept, in a line."""
    due = f"due {moment(finish.due)}: " if finish.due is not None else "all due dates: "
    return f"{due}on time with probability {chance(finish)}"


def short(milliseconds: float | None, start: float) -> str:
    """Return a moment for a narrow column: without a year where there is no doubt which is meant."""
    if milliseconds is None:
        return "never"
    near = abs(milliseconds - start) < NEAR
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%b %d %H:%M" if near else "%Y-%m-%d")


def task_line(task: TaskForecast) -> str:
    """Return how often something of a task comes back, where it does."""
    found = [
        f"{count:,.1f} {what}"
        for count, what in (
            (task.rejected, "rejected and done again"),
            (task.skipped, "skipped"),
            (task.abandoned, "abandoned"),
            (task.ignored, "without an answer"),
        )
        if count
    ]
    return f"{task.name}: on average {', '.join(found)}" if found else ""


def _tasks(forecast: Forecast) -> RenderableType:
    dated = any(task.finish.due is not None for task in forecast.tasks)
    rows = [
        (
            task.name,
            f"{task.items:,}",
            *(short(task.finish.at[place], forecast.start) for place in (HALF, MOST, NEARLY_ALL)),
            *((chance(task.finish),) if dated else ()),
        )
        for task in forecast.tasks
    ]
    titles = ("task", "items", "50% by", "80% by", "95% by", *(("on time",) if dated else ()))
    return output.table(titles, rows, right=("items",))


def _people(forecast: Forecast) -> RenderableType:
    again = any(person.again for person in forecast.people)
    rows = [
        (
            person.assignee,
            f"{person.items:,.0f}",
            *((f"{person.again:,.1f}",) if again else ()),
            f"{person.hours:,.1f}",
            "" if person.utilisation is None else f"{person.utilisation:.0%}",
            *(_ends(person, place, forecast.start) for place in (HALF, NEARLY_ALL)),
            f"{person.last:.0%}",
        )
        for person in forecast.people
    ]
    titles = (
        "person", "items", *(("again",) if again else ()), "hours", "busy", "50% by", "95% by", "last"
    )  # fmt: skip
    return output.table(titles, rows, right=("items", "again", "hours", "busy", "last"))


def _ends(person: PersonForecast, place: int, start: float) -> str:
    # Who has nothing to do is done from the start, which nobody asks about.
    return short(person.finish.at[place], start) if person.hours else ""


def _scenarios(forecast: Forecast) -> RenderableType:
    dated = forecast.finish.on_time is not None
    rows = [("as planned", *_finish_cells(forecast.finish, dated, forecast.start), "", "")]
    rows += [_scenario(scenario, dated, forecast.start) for scenario in forecast.scenarios]
    titles = ("scenario", "50% by", "95% by", *(("on time",) if dated else ()), "sooner by", "sooner in")
    return output.table(titles, rows, right=("sooner by", "sooner in"))


def _scenario(scenario: Scenario, dated: bool, start: float) -> tuple[str, ...]:
    middle = scenario.sooner[HALF]
    gained = "" if middle is None else f"{middle:+,.1f} h"
    return (scenario.name, *_finish_cells(scenario.finish, dated, start), gained, f"{scenario.better:.0%}")


def _finish_cells(finish: Finish, dated: bool, start: float) -> tuple[str, ...]:
    ends = (short(finish.at[place], start) for place in (HALF, NEARLY_ALL))
    return (*ends, *((chance(finish),) if dated else ()))
