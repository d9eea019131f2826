"""The second pass: operations made where the items are, each from the rows of its own task alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.problem import Assignee
from taskplan.dql.evaluate import evaluate
from taskplan.dql.query import Query
from taskplan.errors import DataError
from taskplan.model.snapshots import Partition, PartitionedTable
from taskplan.model.subtable import table_of
from taskplan.planning.chunks import suffix_of
from taskplan.planning.codec import operation_line
from taskplan.planning.document import Operation, Selection, outline
from taskplan.planning.operations import Piece, operations
from taskplan.planning.reviews import review_part, reviewed
from taskplan.planning.spec import Spec
from taskplan.planning.work import Base, Part, Work

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Root:
    """A task of the spec that takes items of a query: `ends` are where its pieces end in the selection.

    `people` are those of each piece; `reviews` are the indices of the QA tasks over it; `others` are the
    places of earlier roots that may have items in common with it, the latest last.
    """

    index: int
    query: Query
    selection: Selection
    ends: tuple[int, ...]
    people: tuple[tuple[Assignee, ...], ...]
    reviews: tuple[int, ...]
    others: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """What is the same for all jobs; `reviewers` are the people of each QA task."""

    spec: Spec
    seed: int
    roots: tuple[Root, ...]
    reviewers: dict[int, tuple[Assignee, ...]]
    known_paths: tuple[str, ...]
    known_annotation_paths: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Job:
    """Pieces `first` to `last` (not included) of a root, whose items lie in consecutive partitions.

    `before` counts what each root has selected before these partitions, `counted` what it has in them.
    """

    root: int
    first: int
    last: int
    partitions: tuple[Partition, ...]
    before: tuple[int, ...]
    counted: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """An operation of the task at `index`: its `line` in the plan's file, and it without its items."""

    index: int
    line: bytes
    outline: Operation


@dataclass(frozen=True, slots=True)
class PieceMade:
    """What came of one piece: operations, warnings by task, how many items each of the root's `others` has
    too, and how many none of them has.
    """

    made: tuple[Made, ...]
    warnings: dict[int, tuple[str, ...]]
    shared: tuple[int, ...]
    fresh: int


def make_pieces(context: Context, job: Job) -> list[PieceMade]:
    """Make the operations of some pieces; what a spread does."""
    start = job.partitions[0].first
    partitions = tuple(replace(p, first=p.first - start) for p in job.partitions)
    one = partitions[0]
    table = PartitionedTable(
        partitions,
        project=one.project,
        dataset=one.dataset,
        dataset_id=one.dataset_id,
        known_paths=context.known_paths,
        known_annotation_paths=context.known_annotation_paths,
        checked=True,
    )
    root = context.roots[job.root]
    rows = _rows(root, table, job, job.root)
    others = [_rows(context.roots[place], table, job, place) for place in root.others]
    found, done = [], job.before[job.root]
    for number in range(job.first, job.last):
        begin = root.ends[number - 1] if number else 0
        mine = rows[begin - done : root.ends[number] - done]
        found.append(_piece(context, root, number, table, mine, others))
    return found


def _rows(root: Root, table: PartitionedTable, job: Job, place: int) -> Rows:
    """Return what a root takes of a table; DataError where it is not what the first pass has counted."""
    found = np.flatnonzero(evaluate(root.query, table)).astype(np.int64, copy=False)
    if len(found) != job.counted[place]:
        raise DataError("was changed while it was read", source=job.partitions[0].location)
    return found[: max(0, root.ends[-1] - job.before[place])] if root.ends else found[:0]


def _piece(
    context: Context, root: Root, number: int, table: PartitionedTable, rows: Rows, earlier: Sequence[Rows]
) -> PieceMade:
    items = table_of(table, rows)
    work = Work(context.spec, items, None, context.seed)
    every = np.arange(len(items), dtype=np.int64)
    several = len(root.ends)
    parts = operations(
        work,
        Piece(
            context.spec.tasks[root.index],
            f"tasks[{root.index}]",
            root.selection,
            every,
            root.people[number],
            suffix_of(number, several),
            Base(),
        ),
    )
    made = [_made(root.index, part) for part in parts]
    warnings = {root.index: _taken(work)}
    for index in root.reviews:
        chosen = reviewed(work, index, every)
        selection = chosen.record(context.spec.tasks[index].limit)
        for copy, part in enumerate(parts):
            place = number * len(parts) + copy, several * len(parts)
            reviews = review_part(work, index, part, chosen.rows, selection, context.reviewers[index], place)
            made += [_made(index, review) for review in reviews]
        warnings[index] = _taken(work)
    shared = _shared(rows, earlier)
    return PieceMade(tuple(made), warnings, shared, len(rows) - sum(shared))


def _shared(rows: Rows, earlier: Sequence[Rows]) -> tuple[int, ...]:
    """Return how many of `rows` each earlier root has, the latest of them alone counting."""
    counts: list[int] = []
    left = rows
    for other in reversed(earlier):
        mine = np.isin(left, other, assume_unique=True)
        counts.append(int(np.count_nonzero(mine)))
        left = left[~mine]
    return tuple(reversed(counts))


def _taken(work: Work) -> tuple[str, ...]:
    found = tuple(work.warnings)
    work.warnings.clear()
    return found


def _made(index: int, part: Part) -> Made:
    return Made(index, operation_line(part.operation), outline(part.operation))
