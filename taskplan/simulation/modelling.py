"""From a plan and a workforce to a model: who has which jobs, and what waits for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import networkx as nx
import numpy as np

from taskplan.dql.explain import near_path
from taskplan.errors import InputError, did_you_mean
from taskplan.model.ids import ItemIds
from taskplan.model.table import ItemTable
from taskplan.planning.document import Operation, Plan
from taskplan.planning.wording import is_named
from taskplan.simulation.jobs import POOL, Counts, Floats, Model, Task
from taskplan.simulation.schedules import HORIZON
from taskplan.simulation.workforce import OTHER, Worker, Workforce

MOST_BACK = 0.95
"""Of what comes back more often nearly nothing would ever end."""
LEAST_SHARE = 1e-4


@dataclass(frozen=True, slots=True)
class Staged:
    """A model, the operation of each of its tasks, what could not be looked at, and due dates.

    `due` are minutes since the start, infinity where a task has none.
    """

    model: Model
    operations: tuple[Operation, ...]
    due: Floats
    warnings: tuple[str, ...] = ()


def stage(
    plan: Plan, workforce: Workforce, *, seed: int, table: ItemTable | None = None, due: float | None = None
) -> Staged:
    """Return the model of a plan.

    `due` (milliseconds since 1970) replaces the tasks' own due dates; `table` is needed where minutes
    differ by kind. NotFoundError for people of whom the workforce says nothing.

    Minutes are for an average item of a task: effort is taken relative to its mean there, and where the
    plan knows no more than everyone's total, the mean of everyone's share.
    """
    operations = tuple(operation for operation in plan.operations if operation.allocation.items.count)
    if not operations:
        raise InputError("the plan has no items, and nothing to simulate")
    emails = list(dict.fromkeys(person for operation in operations for person in operation.people))
    people = tuple(_bounded(workforce.worker(email), workforce.source) for email in emails)
    ids = [operation.allocation.items.unpack() for operation in operations]
    place = {operation.id: index for index, operation in enumerate(operations)}
    reviews = [place.get(o.task.parent or "") if o.task and o.task.type == "qa" else None for o in operations]
    linked = {index for index, source in enumerate(reviews) if source is not None}
    linked |= {source for source in reviews if source is not None}
    codes = dict(zip(sorted(linked), _codes([ids[index] for index in sorted(linked)]), strict=True))
    kinds, kind, warnings = _kinds(workforce, ids, table)
    number = {email: index for index, email in enumerate(emails)}
    after = _after(workforce, operations, reviews)
    tasks = tuple(
        _task(
            operation,
            number,
            codes.get(index, np.arange(len(ids[index]))),
            None if kind is None else kind[index],
            reviews[index],
            after[index],
        )
        for index, operation in enumerate(operations)
    )
    dates = [due if due is not None else (o.task.due if o.task else None) for o in operations]
    model = Model(people, tasks, seed, kinds, workforce.skipped, workforce.reservation)
    warnings += [
        f"{operation.title}: only the items that change hands are simulated, not what people hold already"
        for operation in operations
        if operation.action == "move_items"
    ]
    return Staged(
        model,
        operations,
        np.array([np.inf if date is None else (date - workforce.start) / 60_000 for date in dates]),
        tuple(warnings),
    )


def _bounded(worker: Worker, source: str) -> Worker:
    """Return a worker who works until the horizon at most; InputError where nothing would ever end."""
    often = {
        "errors": worker.errors,
        "misses": worker.misses,
        "rejects": worker.rejects,
        "skips and abandons together": worker.skips + worker.abandons,
    }
    for name, share in often.items():
        if share > MOST_BACK:
            raise InputError(
                f"{name} of {worker.email} are {share:.6g}, expected at most {MOST_BACK:g}, or it never ends",
                source=source,
                path="people",
            )
    if worker.time.share < LEAST_SHARE:
        raise InputError(
            f"share of {worker.email} is {worker.time.share:.3g}, expected at least {LEAST_SHARE:g}",
            source=source,
            path="people",
        )
    time = worker.time
    kept = time.opens < HORIZON
    cut = replace(time, opens=time.opens[kept], closes=np.minimum(time.closes[kept], HORIZON))
    return replace(worker, time=cut)


def mode_of(operation: Operation) -> str:
    """Return how a task hands out its items: the mode's name, else distribution."""
    if operation.mode is not None:
        return operation.mode.kind
    # Ground truth from a filter is handed out by the plan itself.
    return "honeypot" if "truth" in operation.allocation.options else "distribution"


def _task(
    operation: Operation,
    number: dict[str, int],
    item: Counts,
    kind: Counts | None,
    reviews: int | None,
    after: tuple[int, ...],
) -> Task:
    shares = operation.allocation.shares
    counts = [share.items for share in shares]
    mode = operation.mode
    pulling = mode is not None and mode.kind == "pulling"
    owners = np.array([number.get(share.assignee, POOL) for share in shares], dtype=np.int64)
    qa = operation.task is not None and operation.task.type == "qa"
    return Task(
        operation.title,
        "qa" if qa else "annotation",
        tuple(sorted({number[person] for person in operation.people})),
        np.full(len(item), POOL, dtype=np.int64) if pulling else np.repeat(owners, counts),
        item,
        effort=_effort(operation),
        kind=kind,
        reviews=reviews,
        after=after,
        priority=operation.task.priority if operation.task else 2,
        batch=mode.batch or 1 if pulling and mode else 1,
        maximum=mode.maximum or 1 if pulling and mode else 1,
    )


def _after(
    workforce: Workforce, operations: Sequence[Operation], reviews: Sequence[int | None]
) -> list[tuple[int, ...]]:
    """Return after which tasks each begins; InputError for names that are no tasks, and for circles."""
    found: list[set[int]] = [
        {source} if source is not None and not workforce.streaming else set() for source in reviews
    ]
    for name, others in workforce.after.items():
        for task in _named(workforce, operations, name):
            found[task] |= {place for other in others for place in _named(workforce, operations, other)}
    graph: nx.DiGraph[int] = nx.DiGraph(
        (place, task) for task, places in enumerate(found) for place in places
    )
    graph.add_edges_from((source, task) for task, source in enumerate(reviews) if source is not None)
    if not nx.is_directed_acyclic_graph(graph):
        circle = [operations[edge[0]].title for edge in nx.find_cycle(graph)]
        raise InputError(
            f"tasks wait for each other in a circle: {', '.join(circle)}",
            source=workforce.source,
            path="after",
        )
    return [tuple(sorted(places)) for places in found]


def _named(workforce: Workforce, operations: Sequence[Operation], name: str) -> list[int]:
    """Return the tasks of a name; those of a task that was split are numbered in brackets."""
    titles = [operation.title for operation in operations]
    found = [index for index, title in enumerate(titles) if is_named(title, name)]
    if not found:
        raise InputError(
            f'the plan has no task "{name}"',
            source=workforce.source,
            path="after",
            hint=did_you_mean(name, titles),
        )
    return found


def _effort(operation: Operation) -> Floats | None:
    shares = operation.allocation.shares
    total = sum(share.effort or 0.0 for share in shares)
    items = sum(share.items for share in shares)
    if not total or any(share.effort is None for share in shares):
        return None
    each = [(share.effort or 0.0) / max(share.items, 1) * items / total for share in shares]
    return np.repeat(np.array(each), [share.items for share in shares])


def _codes(parts: Sequence[ItemIds]) -> list[Counts]:
    """Return the same number for the same item, by part."""
    if not parts:
        return []
    sizes = [len(part) for part in parts]
    packed = [part.packed for part in parts if part.packed is not None]
    if len(packed) == len(parts):
        rows = np.ascontiguousarray(np.concatenate(packed))
        _, codes = np.unique(rows.view(f"V{rows.shape[1]}").ravel(), return_inverse=True)
    else:
        known: dict[str, int] = {}
        codes = np.array([known.setdefault(i, len(known)) for part in parts for i in part], dtype=np.int64)
    return np.split(codes.astype(np.int64), np.cumsum(sizes)[:-1])


def _kinds(
    workforce: Workforce, ids: Sequence[ItemIds], table: ItemTable | None
) -> tuple[tuple[str, ...], list[Counts] | None, list[str]]:
    """Return the kinds that minutes are given for, and which each job of each task is of."""
    named = sorted({kind for worker in workforce.workers.values() for kind in worker.minutes} - {OTHER})
    kinds = (OTHER, *named)
    if not named:
        return kinds, None, []
    if workforce.kind is None:
        return kinds, None, [f"{workforce.source}: minutes differ by kind, but no field is given as kind"]
    if table is None:
        said = f"{workforce.source}: minutes differ by {workforce.kind}, which is in the items"
        return kinds, None, [f"{said}: without --store all take the minutes of other kinds"]
    column = table.column(workforce.kind)
    if column.exists_nowhere:
        near = near_path(workforce.kind, table)
        hint = f'; did you mean "{near}"?' if near else ""
        return kinds, None, [f'{workforce.source}: no item has "{workforce.kind}", the kind{hint}']
    number = {name: index for index, name in enumerate(kinds)}
    of_code = [number.get(", ".join(map(str, reached)), 0) for reached in column.values]
    of_row = np.array([*of_code, 0], dtype=np.int64)[np.minimum(column.codes, len(of_code))]
    found = []
    for part in ids:
        rows = table.ids.rows_of(part)
        found.append(np.where(rows >= 0, of_row[rows], 0))
    strangers = sum(int((table.ids.rows_of(part) < 0).sum()) for part in ids)
    words = (
        [f"{strangers:,} planned items are not in the store: what kind they are is unknown"]
        if strangers
        else []
    )
    missing = sorted(set(named) - {kinds[index] for part in found for index in np.unique(part).tolist()})
    words += [f'{workforce.source}: no planned item is of the kind "{name}"' for name in missing]
    return kinds, found, words
