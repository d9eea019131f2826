"""What limits a forecast, in words: which due date is at risk, who is last, and whether they wait."""

from __future__ import annotations

from collections.abc import Sequence

from taskplan.simulation.forecast import Forecast, PersonForecast

IDLE = 0.6
"""Who is last although busy less than this waits for others, or for their working hours."""
SAFE = 0.995


def limit_lines(forecast: Forecast) -> list[str]:
    """Return lines on the due date that is least likely kept, on who is last, and on who is busiest."""
    lines: list[str] = []
    said = None
    dated = [task for task in forecast.tasks if task.finish.on_time is not None]
    if dated:
        risk = min(dated, key=lambda task: task.finish.on_time or 0.0)
        if (risk.finish.on_time or 0.0) < SAFE:
            risky = f"{risk.name} is the due date at risk, kept in {risk.finish.on_time:.0%}"
            last = _last(risk.people)
            if last is not None and len(risk.people) > 1:
                risky, said = f"{risky}; {_said(last)}", last.assignee
            lines.append(risky)
    if len(forecast.people) > 1:
        last = _last(forecast.people)
        lines += [f"of all {_said(last)}"] if last is not None and last.assignee != said else []
        used = [person for person in forecast.people if person.utilisation is not None]
        if used:
            busiest = max(used, key=lambda person: person.utilisation or 0.0)
            lines.append(f"{busiest.assignee} is busiest, {busiest.utilisation:.0%} of their working hours")
    return lines


def _last(people: Sequence[PersonForecast]) -> PersonForecast | None:
    found = max(people, key=lambda person: person.last, default=None)
    return found if found is not None and found.last > 0 else None


def _said(person: PersonForecast) -> str:
    waits = person.utilisation is not None and person.utilisation < IDLE
    idle = (
        f", though busy only {person.utilisation:.0%} of their hours: they wait for others" if waits else ""
    )
    return f"{person.assignee} is last in {person.last:.0%}{idle}"
