"""What a forecast takes for granted of everybody, in words."""

from __future__ import annotations

import numpy as np

from taskplan.model.times import moment
from taskplan.simulation.calendars import Calendar
from taskplan.simulation.jobs import Model
from taskplan.simulation.workforce import MINUTE, OTHER, Worker

WEEKS = 4
"""Hours of work a week are those of so many weeks from the start, on average."""
_RATES = (
    ("errors", "of what they annotate is wrong"),
    ("misses", "of what is wrong passes them"),
    ("rejects", "of what is right is rejected by them"),
    ("skips", "is skipped"),
    ("abandons", "is left unfinished"),
)


def assumptions(model: Model, start: float) -> tuple[str, ...]:
    """Return a line for each person: minutes, hours, and how often things go wrong."""
    annotators = {person for task in model.tasks if task.type == "annotation" for person in task.people}
    reviewers = {person for task in model.tasks if task.type == "qa" for person in task.people}
    return tuple(
        _line(worker, number in annotators, number in reviewers, start)
        for number, worker in enumerate(model.people)
    )


def _line(worker: Worker, annotates: bool, reviews: bool, start: float) -> str:
    facts = []
    if annotates:
        other = worker.minutes.get(OTHER, 1.0)
        kinds = [f"{kind} {minutes:.3g}" for kind, minutes in sorted(worker.minutes.items()) if kind != OTHER]
        facts.append(f"{other:.3g} minutes an item" + (f" ({', '.join(kinds)})" if kinds else ""))
    if reviews:
        facts.append(f"{worker.review:.3g} minutes a review")
    variation = {"fixed": "always as long", "exponential": "exponentially varying"}.get(worker.shape)
    facts.append(variation or f"varying by {worker.cv:.0%} ({worker.shape})")
    facts.append(f"{weekly_hours(worker):.3g} hours a week")
    facts += [f"{getattr(worker, name):.3g} {words}" for name, words in _RATES if getattr(worker, name)]
    if worker.rework != 1 and annotates:
        facts.append(f"doing one again takes {worker.rework:.3g} of the time")
    if np.isfinite(worker.time.leaves):
        facts.append(f"until {moment(start + MINUTE * worker.time.leaves)}")
    return f"{worker.email}: {', '.join(facts)}"


def weekly_hours(worker: Worker) -> float:
    """Return how many hours of work somebody gives a week, in the first `WEEKS`."""
    worked = float(Calendar(worker.time).worked(WEEKS * 7 * 1440.0))
    return worked * worker.time.share / 60 / WEEKS
