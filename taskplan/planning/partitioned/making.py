"""The second pass: operations made where the items are, each from the rows of its own task alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.problem import Assignee
from taskplan.dql.query import Query
from taskplan.planning.chunks import suffix_of
from taskplan.planning.codec import operation_line
from taskplan.planning.document import Operation, Selection, outline
from taskplan.planning.operations import Piece, operations
from taskplan.planning.partitioned.taking import Taken, TakenTable, Wanted, between, take
from taskplan.planning.reviews import review_part, reviewed
from taskplan.planning.spec import Spec
from taskplan.planning.work import Base, Part, Work

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Root:
    """A task of the spec that takes items of a query: `ends` are where its pieces end in the selection.

    `people` are those of each piece; `reviews` are the indices of the QA tasks over it; `others` are the
    places of earlier roots that may have items in common with it, the latest last; `paths` are the columns
    that decide who gets what.
    """

    index: int
    query: Query
    selection: Selection
    ends: tuple[int, ...]
    people: tuple[tuple[Assignee, ...], ...]
    reviews: tuple[int, ...]
    others: tuple[int, ...]
    paths: tuple[str, ...]


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
    """Pieces `first` to `last` (not included) of a root: what is `wanted` for them, or was `taken` already.

    What it is of has `skipped` items that belong to pieces before.
    """

    root: int
    first: int
    last: int
    skipped: int
    wanted: tuple[Wanted, ...] = ()
    taken: tuple[Taken, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """An operation of the task at `index`: its `line` in the plan's file, and it without its items."""

    index: int
    line: bytes
    outline: Operation


@dataclass(frozen=True, slots=True)
class PieceMade:
    """What came of one piece of a root: operations, warnings by task, how many items each of the root's
    `others` has too, and how many none of them has.
    """

    root: int
    made: tuple[Made, ...]
    warnings: dict[int, tuple[str, ...]]
    shared: tuple[int, ...]
    fresh: int


def make_pieces(context: Context, job: Job) -> list[PieceMade]:
    """Make the operations of some pieces; what a spread does."""
    parts = job.taken or tuple(map(take, job.wanted))
    ends = context.roots[job.root].ends
    found, start = [], job.skipped
    for number in range(job.first, job.last):
        stop = start + ends[number] - (ends[number - 1] if number else 0)
        found.append(_piece(context, job.root, number, between(parts, start, stop)))
        start = stop
    return found


def _piece(context: Context, place: int, number: int, taken: Sequence[Taken]) -> PieceMade:
    root = context.roots[place]
    items = TakenTable(taken, context.known_paths, context.known_annotation_paths)
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
    warnings = {root.index: _said(work)}
    for index in root.reviews:
        chosen = reviewed(work, index, every)
        selection = chosen.record(context.spec.tasks[index].limit)
        for copy, part in enumerate(parts):
            which = number * len(parts) + copy, several * len(parts)
            reviews = review_part(work, index, part, chosen.rows, selection, context.reviewers[index], which)
            made += [_made(index, review) for review in reviews]
        warnings[index] = _said(work)
    members = [np.concatenate(masks) for masks in zip(*(part.members for part in taken), strict=True)]
    shared = _shared(len(items), members)
    return PieceMade(place, tuple(made), warnings, shared, len(items) - sum(shared))


def _shared(size: int, members: Sequence[NDArray[np.bool_]]) -> tuple[int, ...]:
    """Return how many items each earlier root has too, the latest of them alone counting."""
    counts: list[int] = []
    left = np.ones(size, dtype=np.bool_)
    for mask in reversed(members):
        counts.append(int(np.count_nonzero(mask & left)))
        left &= ~mask
    return tuple(reversed(counts))


def _said(work: Work) -> tuple[str, ...]:
    found = tuple(work.warnings)
    work.warnings.clear()
    return found


def _made(index: int, part: Part) -> Made:
    return Made(index, operation_line(part.operation), outline(part.operation))
