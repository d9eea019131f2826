"""What a history says: how long items took, and what became of them in review.

The platform keeps no stopwatch, only when somebody gave an item a status: an item took the time since
the same person's previous one, unless a break lies between them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from taskplan.simulation.history import Completion, History

REJECTED = frozenset(("discard", "discarded", "reject", "rejected"))
"""The statuses in a QA task that send an item back; any other lets it pass."""
BULK = 1_000.0
"""Statuses that follow one another within less than so many milliseconds were set together."""
MINUTE = 60_000.0


@dataclass(frozen=True, slots=True)
class Observation:
    """An item that took a person `minutes`, the first time that they did it in a task.

    Items that were set together share a `pause`, the number of the time that was spread over them.
    """

    person: str
    row: int
    task: str
    review: bool
    minutes: float
    pause: int


@dataclass(frozen=True, slots=True)
class Measured:
    """The observations, and how many items each person finished, at how many different times (`bulks`).

    `breaks` counts the pauses that were left out.
    """

    observations: tuple[Observation, ...]
    items: Mapping[str, int]
    bulks: Mapping[str, int]
    breaks: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """A piece of work that was reviewed, and whether it was sent back."""

    person: str
    task: str
    wrong: bool


def measure(history: History, gap: float, tasks: frozenset[str] | None = None) -> Measured:
    """Return how long items took: the time since the same person's previous status, in whatever task.

    A pause of `gap` minutes or more is a break and tells nothing, nor does whatever somebody did
    first. What was set together (a second or less apart) shares its pause evenly. Statuses of all tasks
    mark time; observations are of `tasks`, where given, and of an item only the first time in a task.
    """
    done = [c for c in history.completions if not c.cleared]
    firsts: dict[tuple[int, str], Completion] = {}
    for c in done:
        firsts.setdefault((c.row, c.task), c)
    observations: list[Observation] = []
    items: Counter[str] = Counter()
    bulks: Counter[str] = Counter()
    breaks = pauses = 0
    for person, own in groupby(sorted(done, key=lambda c: c.person), key=lambda c: c.person):
        before: float | None = None
        for bulk in _bulks(own):
            pause = math.inf if before is None else (bulk[-1].at - before) / MINUTE
            breaks += before is not None and pause >= gap
            before = bulk[-1].at
            # A status set twice in a second is one item.
            held = len({(c.row, c.task) for c in bulk})
            items[person] += held
            bulks[person] += 1
            pauses += 1
            if pause >= gap:
                continue
            observations += (
                Observation(person, c.row, c.task, c.task in history.parents, pause / held, pauses)
                for c in bulk
                if firsts[c.row, c.task] is c and (tasks is None or c.task in tasks)
            )
    return Measured(tuple(observations), items, bulks, breaks)


def _bulks(completions: Iterable[Completion]) -> Iterator[list[Completion]]:
    """Yield what was set together, of one person's completions by time."""
    bulk: list[Completion] = []
    for c in completions:
        if bulk and c.at - bulk[-1].at >= BULK:
            yield bulk
            bulk = []
        bulk.append(c)
    if bulk:
        yield bulk


def verdicts(history: History, tasks: frozenset[str] | None = None) -> tuple[Verdict, ...]:
    """Return what became of every piece of work that was reviewed, of `tasks` where given.

    A piece is an item from when a person finished it until somebody finished it again. It was sent
    back where a review rejected it then, where its status was taken away by another, or where it is
    the last one and an issue is open; it was right where a review let it pass.
    """
    by_item: dict[int, list[Completion]] = {}
    for c in history.completions:
        if c.row in history.reviewed:
            by_item.setdefault(c.row, []).append(c)
    found: list[Verdict] = []
    for row in sorted(by_item):
        done = by_item[row]
        for task in sorted({c.task for c in done if c.task not in history.parents}):
            if tasks is None or task in tasks:
                found += _pieces(done, task, history, open_issue=row in history.issues)
    return tuple(found)


def _pieces(
    done: Sequence[Completion], task: str, history: History, *, open_issue: bool
) -> Iterator[Verdict]:
    person: str | None = None
    wrong: bool | None = None
    for c in done:
        if c.task == task and not c.cleared:
            # Another status over an unreviewed one is no second piece.
            if person is not None and wrong is not None:
                yield Verdict(person, task, wrong)
                person = None
            if person is None:
                person, wrong = c.person, None
        elif person is None or wrong:
            continue
        elif c.task == task:
            wrong = True if c.person != person else wrong
        elif not c.cleared and c.task in history.parents and history.parents[c.task] in (task, None):
            wrong = c.status in REJECTED
    if person is not None and (wrong is not None or open_issue):
        yield Verdict(person, task, bool(wrong) or open_issue)
