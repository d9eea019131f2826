"""A workforce learned from what was done: minutes per item, their variation and errors, person by person."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from taskplan.dql.explain import near_path
from taskplan.errors import InputError, NotFoundError, did_you_mean
from taskplan.model.entities import TaskState
from taskplan.model.table import ItemTable
from taskplan.model.times import moment
from taskplan.simulation.estimates import Estimate, Rate, Sample, coefficient, fit, rates, samples
from taskplan.simulation.history import Completion, History, read_history
from taskplan.simulation.observations import Measured, Observation, measure, verdicts
from taskplan.simulation.workforce import OTHER
from taskplan.text import plural

GAP = 60.0
"""Minutes: so long a pause is a break, where nothing else is said."""
FEWEST = 5
"""With fewer timed pauses than this a person is warned of."""
MOST_KINDS = 100


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned of one person, or of a typical one.

    `minutes` are by kind (``"*"``: any other), `review` those of a review; None, or nothing by any
    kind, where there is nothing of the sort.
    """

    minutes: Mapping[str, Estimate] = field(default_factory=dict)
    review: Estimate | None = None
    errors: Rate | None = None

    @property
    def cv(self) -> float | None:
        """How much minutes vary within a kind, by the mean variance over items; else of reviews."""
        found = [one for kind, one in self.minutes.items() if kind != OTHER and one.items]
        found = found or [one for one in (self.minutes.get(OTHER), self.review) if one is not None][:1]
        if not found:
            return None
        items = math.fsum(one.items for one in found)
        return coefficient(math.fsum(one.spread * one.items for one in found) / items)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was learned of the team and of each person, by e-mail, and from what.

    `finished` items have `statuses`, between `first` and `last` (milliseconds since 1970 UTC); `timed`
    of them stand behind the numbers. `breaks` pauses of `gap` minutes or more were left out.
    """

    team: Learned
    people: Mapping[str, Learned]
    dataset: str
    kind: str | None
    gap: float
    finished: int
    timed: int
    breaks: int
    statuses: Mapping[str, int]
    first: float
    last: float
    warnings: tuple[str, ...]


def calibrate(
    table: ItemTable,
    tasks: Iterable[TaskState] = (),
    *,
    only: Sequence[str] = (),
    kind: str | None = None,
    gap: float = GAP,
) -> Calibration:
    """Learn how people work from the statuses of items.

    `tasks` are what is known of the tasks that the items are in; `only` names those to learn from
    (names or ids; all of that name). `kind` is the path of a field whose values are kinds of items.
    Pauses of `gap` minutes or more are breaks. InputError where nothing can be learned, NotFoundError
    for a task or a field that is not there.
    """
    if not 0 < gap < math.inf:
        raise InputError(f"expected a number of minutes > 0, got {gap:g}", source="--gap")
    known = tuple(tasks)
    kinds = _kinds(table, kind)
    history = read_history(table, known)
    chosen = _chosen(only, known, history)
    if not history.completions:
        raise InputError(_nothing_done(table, history), source=table.dataset)
    done = [c for c in history.completions if not c.cleared and (chosen is None or c.task in chosen)]
    measured = measure(history, gap, chosen)
    if not measured.observations:
        raise InputError(_nothing_timed(table, done, gap), source=table.dataset)
    team, people = _learn(measured.observations, kinds)
    found = rates(verdicts(history, chosen))
    if found is not None:
        team = replace(team, errors=found[0])
        for email, rate in found[1].items():
            people[email] = replace(people.get(email, Learned()), errors=rate)
    return Calibration(
        team=team,
        people=dict(sorted(people.items())),
        dataset=table.dataset,
        kind=kind,
        gap=gap,
        finished=len({(c.row, c.task) for c in done}),
        timed=len(measured.observations),
        breaks=measured.breaks,
        statuses=dict(sorted(Counter(c.status for c in done).items())),
        first=done[0].at,
        last=done[-1].at,
        warnings=(*_doubts(history, done), *_thin(people, measured, done, gap)),
    )


def _kinds(table: ItemTable, path: str | None) -> list[str | None] | None:
    """Return each item's kind in words, as plans word kinds; None where the field is absent."""
    if path is None:
        return None
    column = table.column(path)
    if column.exists_nowhere:
        near = near_path(path, table)
        hint = f'did you mean "{near}"?' if near else None
        raise NotFoundError(f'no item has "{path}"', source="--kind", hint=hint)
    names = [", ".join(map(str, reached)) if reached else None for reached in column.values]
    if len(set(names)) > MOST_KINDS or column.numbers is not None:
        raise InputError(
            f'"{path}" has more than {MOST_KINDS} different values, too many for kinds of items',
            source="--kind",
        )
    return [names[code] for code in column.codes.tolist()]


def _chosen(only: Sequence[str], tasks: Sequence[TaskState], history: History) -> frozenset[str] | None:
    if not only:
        return None
    found: set[str] = set()
    ids = {task.id for task in tasks} | {c.task for c in history.completions}
    for name in only:
        named = {task.id for task in tasks if task.name == name} or ids & {name}
        if not named:
            hint = did_you_mean(name, [*dict.fromkeys(task.name for task in tasks), *sorted(ids)])
            raise NotFoundError(f'there is no task "{name}"', source="--task", hint=hint)
        found |= named
    return frozenset(found)


def _learn(
    observations: Sequence[Observation], kinds: list[str | None] | None
) -> tuple[Learned, dict[str, Learned]]:
    annotated = [one for one in observations if not one.review]
    by_kind: dict[str, list[Observation]] = {}
    for one in annotated:
        name = kinds[one.row] if kinds is not None else None
        if name is not None and name != OTHER:
            by_kind.setdefault(name, []).append(one)
    grouped = dict(sorted(by_kind.items())) | ({OTHER: annotated} if annotated else {})
    # Who did nothing of a kind gets what is to be expected of anybody there.
    everybody: dict[str, list[Sample]] = {one.person: [] for one in annotated}
    fits = {name: fit(everybody | samples(found)) for name, found in grouped.items()}
    reviewed = samples(one for one in observations if one.review)
    reviews = fit(reviewed) if reviewed else None
    team = Learned({name: found.team for name, found in fits.items()}, reviews.team if reviews else None)
    people = {
        who: Learned(
            {name: found.people[who] for name, found in fits.items() if who in everybody},
            reviews.people.get(who) if reviews else None,
        )
        for who in sorted(everybody.keys() | reviewed.keys())
    }
    return team, people


def _nothing_done(table: ItemTable, history: History) -> str:
    words = f"none of {plural(len(table), 'item')} has a status (completed, discard, approved or another)"
    if history.unreadable or history.nobody:
        return f"{words} with a time and a person in a task"
    return f"{words} in a task"


def _nothing_timed(table: ItemTable, done: Sequence[Completion], gap: float) -> str:
    if not done:
        return f"none of {plural(len(table), 'item')} has a status in these tasks"
    finished = _finished(done)
    if len({c.at for c in done}) == 1:
        return (
            f"{finished}, all at {moment(done[0].at)}, as an import in bulk leaves it: no time can be learned"
        )
    return f"{finished}, but no two by the same person less than {gap:g} minutes apart"


def _finished(done: Sequence[Completion]) -> str:
    statuses = Counter(c.status for c in done)
    counted = ", ".join(f"{count:,} {status}" for status, count in sorted(statuses.items()))
    return f"{plural(len({(c.row, c.task) for c in done}), 'item')} finished ({counted})"


def _doubts(history: History, done: Sequence[Completion]) -> Iterator[str]:
    """Say what the history lacks."""
    if history.unreadable:
        yield f"left out: {_statuses(history.unreadable)} without a time that can be read"
    if history.nobody:
        yield f"left out: {_statuses(history.nobody)} of which nobody knows who set them"
    others = sum(c.assignee is not None and c.assignee != c.person for c in done)
    if others:
        yield f"{others:,} of {_statuses(len(done))} count for who set them, who is not the assignee"


def _statuses(count: int) -> str:
    return "1 status" if count == 1 else f"{count:,} statuses"


def _thin(
    people: Mapping[str, Learned], measured: Measured, done: Sequence[Completion], gap: float
) -> Iterator[str]:
    """Say where the data is too thin, or no data of work at all."""
    timed = {one.person for one in measured.observations}
    for who in sorted({c.person for c in done} - timed):
        items = plural(measured.items[who], "item")
        if measured.bulks[who] == 1 and measured.items[who] > 1:
            yield f"{who}: nothing learned from {items}, all at one time, as an import in bulk leaves it"
        else:
            yield f"{who}: nothing learned from {items}, none less than {gap:g} minutes after another"
    if len(timed) == 1:
        yield f"everything was done by {min(timed)}: there is no team to compare with"
    for who, learned in people.items():
        for work, found in (("annotated", learned.minutes.get(OTHER)), ("reviewed", learned.review)):
            if found is not None and found.pauses < FEWEST:
                yield f"{who}: {plural(found.items, 'item')} {work} and timed, which is little to learn from"
    long = [who for who, learned in people.items() if any(_reach(one) > gap for one in _all(learned))]
    if long:
        named = ", ".join(long[:3]) + (f" and {len(long) - 3} more" if len(long) > 3 else "")
        yield f"items may take {named} longer than {gap:g} minutes, and such were left out as breaks"


def _all(learned: Learned) -> Iterator[Estimate]:
    yield from (one for one in learned.minutes.values() if one.items)
    if learned.review is not None:
        yield learned.review


def _reach(one: Estimate) -> float:
    """Return how long two standard deviations above the middle are, in minutes."""
    return one.minutes * math.exp(2 * math.sqrt(one.spread) - one.spread / 2)
