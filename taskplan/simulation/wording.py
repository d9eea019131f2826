"""A forecast in words, the same in a terminal and on a page: plain text, no layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskplan.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskplan.simulation.forecast import Finish, Forecast


def chance(finish: Finish) -> str:
    """Return a probability with twice its standard error; nothing where there is no date to keep."""
    if finish.on_time is None:
        return ""
    # Where all replications agree, the error is not nought but unknown.
    if finish.on_time in (0.0, 1.0):
        return f"{finish.on_time:.0%}"
    return f"{100 * finish.on_time:.1f}% ± {200 * (finish.error or 0):.1f}"


def is_estimated(forecast: Forecast) -> bool:
    """Tell whether any chance of the forecast has an error beside it, which is to be explained."""
    finishes = [forecast.finish, *(task.finish for task in forecast.tasks)]
    finishes += [scenario.finish for scenario in forecast.scenarios]
    return any("±" in chance(finish) for finish in finishes)


def left_to(types: Iterable[str]) -> str:
    """Return what is left in tasks of some types (``annotation``, ``qa``): an item counts once a task."""
    found = set(types)
    verbs = [verb for verb, there in (("annotate", found != {"qa"}), ("review", "qa" in found)) if there]
    return f"items left to {' or '.join(verbs)}"


def heading(forecast: Forecast) -> str:
    """Return in a line which forecast it is: of which plan, of how many tasks and people."""
    from taskplan.planning.wording import short_digest

    return (
        f"forecast of plan {short_digest(forecast.plan)}: {plural(len(forecast.tasks), 'task')}, "
        f"{plural(len(forecast.people), 'assignee')}, {plural(forecast.replications, 'replication')}"
    )
