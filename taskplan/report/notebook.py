"""What a notebook shows of a plan and of a forecast: pieces of HTML without scripts and style sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskplan.planning.summary import parts, plan_heading
from taskplan.planning.wording import deed, fairness_line, short_digest
from taskplan.report.charts import LEVEL_NAMES
from taskplan.report.html import Content, Html, element, join, name
from taskplan.report.outlook import HEADLINE, done_by, spoken
from taskplan.report.sparkline import fan
from taskplan.report.values import about, count, day, percent, probability, when
from taskplan.simulation.forecast import LEVELS
from taskplan.simulation.limits import limit_lines
from taskplan.simulation.wording import is_estimated, left_to
from taskplan.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from taskplan.planning.document import Operation, Plan
    from taskplan.simulation.forecast import Finish, Forecast

MOST_ROWS = 60
"""So many rows are shown; the rest is counted."""
_DONE_BY = tuple(f"done by, {LEVEL_NAMES[level]}" for level in HEADLINE)
_LEFT, _RIGHT = "text-align:left", "text-align:right"


def plan_fragment(plan: Plan) -> str:
    """Return a plan as a heading, a table of who gets what, and its warnings."""
    rows = [row for operation in plan.operations for row in _shares(operation)]
    warnings = (element("div", "warning: ", warning) for warning in plan.warnings)
    return element(
        "div",
        element("strong", plan_heading(plan)),
        _table(("task", "assignee", "items", "share"), rows, 2),
        *warnings,
    )


def forecast_fragment(forecast: Forecast) -> str:
    """Return a forecast as when it is done, what limits it, what is left over time, and who is done when."""
    columns = ("", *_DONE_BY, "due", "on time", "hours", "utilisation")
    rows: list[Sequence[Content]] = [(element("strong", "all"), *_finish(forecast.finish), None, None)]
    rows += [(name(task.name), *_finish(task.finish), None, None) for task in forecast.tasks]
    for person in forecast.people:
        used = None if person.utilisation is None else percent(person.utilisation)
        rows.append((name(person.assignee), *_finish(person.finish), about(person.hours), used))
    due = forecast.finish.due
    left = f"{left_to(task.type for task in forecast.tasks)}, over time"
    warnings = (element("div", "warning: ", warning) for warning in forecast.warnings)
    return element(
        "div",
        element("strong", f"forecast of plan {short_digest(forecast.plan)}"),
        join(", due ", day(due)) if due is not None else None,
        f" ({plural(forecast.replications, 'replication')} from ",
        when(forecast.start),
        "; times in UTC",
        ", ± is twice the standard error)" if is_estimated(forecast) else ")",
        *(element("div", line) for line in limit_lines(forecast)),
        element("div", element("small", left)),
        element("div", fan(forecast.burndown, f"{left}. {spoken(forecast.finish)}")),
        _table(columns, rows, 1),
        _scenarios(forecast),
        *warnings,
    )


def _shares(operation: Operation) -> Iterable[Sequence[Content]]:
    title = element("span", deed(operation), title=_certificate(operation))
    if operation.moves:
        for move in operation.moves:
            yield title, join(name(move.giver), " → ", name(move.taker)), count(move.items), None
    elif operation.mode is not None and operation.mode.kind == "pulling":
        people = join(*map(name, operation.mode.people), between=", ")
        yield title, join("for ", people), count(operation.allocation.items.count), None
    else:
        for part in parts(operation):
            yield title, name(part.assignee), count(part.items), percent(part.share)


def _certificate(operation: Operation) -> str | None:
    return fairness_line(operation.allocation) if operation.mode is None else None


def _scenarios(forecast: Forecast) -> Html | None:
    """Return the plan under other conditions, where that was asked."""
    if not forecast.scenarios:
        return None
    rows: list[Sequence[Content]] = []
    for found in forecast.scenarios:
        middle = found.sooner[LEVELS.index(0.5)]
        sooner = "not known" if middle is None else f"{middle:+,.1f}"
        rows.append(
            (
                name(found.name),
                *done_by(found.finish),
                probability(found.finish),
                sooner,
                percent(found.better),
            )
        )
    return _table(("what if", *_DONE_BY, "on time", "hours sooner", "sooner in"), rows, 1)


def _finish(finish: Finish) -> list[Content]:
    due = None if finish.due is None else day(finish.due)
    return [*done_by(finish), due, probability(finish)]


def _table(titles: Sequence[str], rows: Sequence[Sequence[Content]], words: int) -> Html:
    """Return a table whose first columns, `words` of them, hold words."""
    body = [
        element(
            "tr", *(element("td", cell, style=_LEFT if n < words else _RIGHT) for n, cell in enumerate(row))
        )
        for row in rows[:MOST_ROWS]
    ]
    if len(rows) > MOST_ROWS:
        more = f"and {plural(len(rows) - MOST_ROWS, 'more row')}"
        body.append(element("tr", element("td", more, colspan=len(titles), style=_LEFT)))
    heads = (
        element("th", title, scope="col", style=_LEFT if n < words else _RIGHT)
        for n, title in enumerate(titles)
    )
    return element("table", element("thead", element("tr", *heads)), element("tbody", *body))
