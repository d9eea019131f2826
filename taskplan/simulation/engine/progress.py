"""How far a task is at which moment, put together from everyone's own progress."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from taskplan.simulation.draws import BLOCK
from taskplan.simulation.jobs import Counts, Floats, Outcome

MOST_POINTS = 4096
"""In tasks of more items the progress is known at about so many points, not at every item."""
COARSE = 32
SORTED = 16
"""Replications that are sorted at a time, which bounds the copies."""


def stride_of(jobs: int) -> int:
    """Return of how many items of a person one is looked at."""
    return max(1, -(-jobs // MOST_POINTS))


def summed(rows: Floats) -> Floats:
    """Turn rows into sums of all rows up to each, in place.

    Row by row, as numpy's own cumulative sum along the first axis is several times slower.
    """
    for before, row in pairwise(rows):
        row += before
    return rows


def reached(points: list[tuple[Floats, Counts]], marks: Counts) -> Floats:
    """Return when so many items are done, [marks, BLOCK].

    `points` are, by person, moments [points, BLOCK], rising, and how many items each adds [points, BLOCK]
    or [points]. Infinity where it is never so many.
    """
    found = np.full((len(marks), BLOCK), np.inf)
    if not points or not len(marks):
        return found
    single = all((counts == 1).all() for _, counts in points)
    for begin in range(0, BLOCK, SORTED):
        part = slice(begin, begin + SORTED)
        when = _side_by_side([moments[:, part] for moments, _ in points])
        if single:
            when.sort(axis=1)
            enough = int(marks.searchsorted(when.shape[1], side="right"))
            found[:enough, part] = when[:, marks[:enough] - 1].T
            continue
        counts = _side_by_side(
            [np.broadcast_to(c[:, part] if c.ndim == 2 else c[:, None], m[:, part].shape) for m, c in points]
        )
        order = np.argsort(when, axis=1)
        total = np.cumsum(np.take_along_axis(counts, order, axis=1), axis=1)
        for column, (row, places) in enumerate(zip(total, order, strict=True)):
            place = row.searchsorted(marks)
            enough = int((place < len(row)).sum())
            found[:enough, begin + column] = when[column, places[place[:enough]]]
    return found


def smallest(events: list[Floats], rank: int) -> Floats:
    """Return the moment of so many events of all people, by replication; inf where there are fewer.

    `events` are everyone's moments, rising, [events, BLOCK].
    """
    if sum(map(len, events)) < rank:
        return np.full(BLOCK, np.inf)
    if sum(map(len, events)) > MOST_POINTS:
        events, rank = _around(events, rank)
    end = np.empty(BLOCK)
    for begin in range(0, BLOCK, SORTED):
        part = slice(begin, begin + SORTED)
        when = _side_by_side([event[:, part] for event in events])
        when.partition(rank - 1, axis=1)
        end[part] = when[:, rank - 1]
    return end


def _around(events: list[Floats], rank: int) -> tuple[list[Floats], int]:
    """Leave out events that certainly come before or after the one of a rank; return its rank in the rest.

    Every `COARSE`-th event of a person stands for as many, which come with it or before.
    """
    coarse = [event[COARSE - 1 :: COARSE] for event in events]
    known = np.sort(_side_by_side(coarse), axis=1)
    enough = -(-rank // COARSE)
    above = known[:, enough - 1] if enough <= known.shape[1] else np.full(BLOCK, np.inf)
    few = (rank - 1) // COARSE - len(events)
    below = known[:, few - 1] if few > 0 else np.full(BLOCK, -np.inf)
    begins = [COARSE * int((some < below).sum(axis=0).min()) for some in coarse]
    ends = [COARSE * int((some <= above).sum(axis=0).max() + 1) for some in coarse]
    rest = [event[begin:end] for event, begin, end in zip(events, begins, ends, strict=True)]
    return rest, rank - sum(begins)


def _side_by_side(parts: list[Floats] | list[Counts]) -> Floats:
    """Return all rows as columns, in memory too: sorting is much faster there."""
    return np.ascontiguousarray(np.concatenate(parts).T)


def straight(
    last: Floats, ended: Counts, spent: Floats, marks: list[Counts], moments: list[Floats]
) -> Outcome:
    """Return the outcome where nothing is skipped, abandoned or reviewed; see `Outcome` for the tables."""
    never = np.zeros((len(marks), BLOCK), dtype=np.int64)
    return Outcome(
        finish=np.array([part[-1] if len(part) else np.zeros(BLOCK) for part in moments]),
        last=last,
        ended=ended,
        again=np.zeros_like(ended),
        spent=spent,
        rejected=never,
        skipped=never.copy(),
        abandoned=never.copy(),
        ignored=never.copy(),
        marks=tuple(marks),
        reached=tuple(moments),
    )
