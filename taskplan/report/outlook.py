"""When something will be done, in words and figures that the whole plan and its tasks share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskplan.report import charts, figures
from taskplan.report.charts import LEVEL_NAMES
from taskplan.report.html import Content, Html, element, join
from taskplan.report.tables import Column, table
from taskplan.report.values import NEVER, about, bar, clock, count, day, percent, probability, when
from taskplan.simulation.forecast import LEVELS
from taskplan.simulation.wording import chance

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from taskplan.simulation.forecast import Burndown, Finish, PersonForecast

HEADLINE = (LEVELS.index(0.5), LEVELS.index(0.8), LEVELS.index(0.95))
"""The levels that a headline gives."""
DONE_BY = tuple(Column(f"done by, {LEVEL_NAMES[level]}", f"finish.at.{level}") for level in HEADLINE)
ON_TIME = Column("on time", "finish.on_time")
_SPOKEN = 10
"""So many things are spoken of a chart; the others are in its table."""


def promises(finish: Finish, at: str) -> Html:
    """Return by when it is done with a chance of 50, 80 and 95 %, and the chance of being on time."""
    shown = [
        element(
            "div",
            element("dt", f"{LEVEL_NAMES[level]} sure"),
            element("dd", when(finish.at[level], f"{at}.at.{level}")),
        )
        for level in HEADLINE
    ]
    likely = probability(finish, at)
    if likely is not None:
        due = "all due dates" if finish.due is None else join("due ", day(finish.due, f"{at}.due"))
        shown.append(element("div", element("dt", "on time, ", due), element("dd", likely)))
    return element("dl", *shown, class_="promises")


def unfinished(finish: Finish, at: str) -> Html | None:
    """Return in how many replications it is done at all; nothing where it always is."""
    if finish.done >= 1:
        return None
    share = percent(finish.done, f"{at}.done")
    return element("p", "It is done at all in ", share, " of the replications only.", class_="alarm")


def done_by(finish: Finish) -> list[Html]:
    """Return the headline's times as cells of the columns `DONE_BY`."""
    return [when(finish.at[level]) for level in HEADLINE]


def burndown(title: str, found: Burndown, finish: Finish, at: str, *, left: str) -> Html:
    """Return the chart of what is `left` over time: ``items left to review``."""
    middle = found.left[LEVELS.index(0.5)]
    begins = f"{middle[0]:,.0f} {left} at {clock(found.times[0])} UTC. " if found.times else ""
    columns = [Column("time", "times"), *(Column(n, f"left.{i}") for i, n in enumerate(LEVEL_NAMES))]
    rows = [
        (when(time), *(about(left, digits=0) for left in lefts))
        for time, *lefts in zip(found.times, *found.left, strict=True)
    ]
    caption = f"{title}: {left}; in the share of replications above a column there are no more (UTC)"
    same = table(caption, columns, rows, of=at, by="column")
    chart = charts.fan(found, finish.due, f"{title}. {begins}{spoken(finish)}", left=left)
    return figures.figure(title, chart, figures.BANDS, same, shows=left)


def spoken(finish: Finish) -> str:
    """Return a finish in a sentence, for who hears the page."""
    parts = [
        f"{LEVEL_NAMES[level]} of the replications are done by {clock(time)} UTC"
        for level in HEADLINE
        if (time := finish.at[level]) is not None
    ]
    if finish.on_time is not None:
        parts.append(f"on time with probability {chance(finish)}")
    return f"{'; '.join(parts)}." if parts else f"Done: {NEVER}."


def spoken_of(title: str, named: Iterable[tuple[str, Finish]]) -> str:
    """Return several finishes in sentences, the first ones of many."""
    said = [f"{name}: {spoken(finish)}" for name, finish in named]
    more = [f"{len(said) - _SPOKEN} more are in the table."] if len(said) > _SPOKEN else []
    return " ".join([f"{title}.", *said[:_SPOKEN], *more])


def people(caption: str, found: Sequence[PersonForecast], at: str) -> Html:
    """Return a table of people: what they do, how busy and how often last they are, when they are done."""
    columns = (
        Column("assignee"),
        Column("planned", "planned"),
        Column("done", "items"),
        Column("again", "again"),
        Column("hours", "hours"),
        Column("utilisation", "utilisation", "barred"),
        Column("last", "last", "barred"),
        *DONE_BY,
    )
    return table(caption, columns, map(_person, found), of=at)


def _person(person: PersonForecast) -> tuple[Content, ...]:
    used = person.utilisation
    return (
        element("bdi", person.assignee),
        "queue" if person.planned is None else count(person.planned),
        about(person.items),
        about(person.again),
        about(person.hours),
        None if used is None else bar(percent(used), used),
        bar(percent(person.last), person.last),
        *done_by(person.finish),
    )
