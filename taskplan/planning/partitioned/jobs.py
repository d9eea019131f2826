"""Which pieces are made together, and from what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from taskplan.model.snapshots import Partition
from taskplan.planning.partitioned.making import Job, Root
from taskplan.planning.partitioned.taking import Taken, Wanted, between, take
from taskplan.spread import Spread

Counts = NDArray[np.int64]
MOST = 640_000
"""Items of a job, if it has several pieces: what comes back of them at once is about ten megabytes."""
FAR = 4
"""Partitions of a job; where a piece has items in more of them, all workers take part in taking these."""


class Jobs:
    """The jobs of all pieces, given what each root selects of each partition (int64[partitions, roots])."""

    def __init__(self, roots: Sequence[Root], counts: Counts, partitions: Sequence[Partition]) -> None:
        self._roots, self._partitions, self._counts = roots, partitions, counts
        self._before = np.zeros((len(partitions) + 1, len(roots)), dtype=np.int64)
        np.cumsum(counts, axis=0, out=self._before[1:])
        self._near = [self._of_root(place) for place in range(len(roots))]
        for place, jobs in enumerate(self._near):
            if any(len(job.wanted) > FAR for job in jobs):
                self._near[place] = []

    def __len__(self) -> int:
        return sum(len(near) or len(root.ends) for near, root in zip(self._near, self._roots, strict=True))

    def each(self, spread: Spread) -> Iterator[Job]:
        """Yield the jobs root by root; what lies far apart is taken by `spread` before."""
        for place, near in enumerate(self._near):
            yield from near or self._far(place, spread)

    def _of_root(self, place: int) -> list[Job]:
        """Return jobs of the pieces whose items begin in the same partition."""
        root, before = self._roots[place], self._before[:, place]
        ends = np.array(root.ends, dtype=np.int64)
        starts = np.concatenate([[0], ends])[:-1].astype(np.int64)
        # The partition of a piece's first item, and that of its last.
        first = np.searchsorted(before, starts, side="right") - 1
        last = np.searchsorted(before, ends, side="left") - 1
        jobs = []
        begin = 0
        while begin < len(ends):
            end = begin + 1
            while end < len(ends) and first[end] == first[begin] and ends[end] <= starts[begin] + MOST:
                end += 1
            parts = range(int(first[begin]), int(last[end - 1]) + 1)
            skipped = int(starts[begin] - before[parts[0]])
            jobs.append(Job(place, begin, end, skipped, self._wanted(place, parts)))
            begin = end
        return jobs

    def _far(self, place: int, spread: Spread) -> Iterator[Job]:
        """Yield jobs of one piece each, with its items."""
        ends, number, held, used = self._roots[place].ends, 0, list[Taken](), 0
        for taken in spread.map(take, self._wanted(place, range(len(self._partitions)))):
            held.append(taken)
            there = sum(map(len, held))
            while number < len(ends) and there - used >= (size := _size(ends, number)):
                yield Job(place, number, number + 1, 0, taken=between(held, used, used + size))
                number, used = number + 1, used + size
            while held and len(held[0]) <= used:
                used -= len(held.pop(0))

    def _wanted(self, place: int, parts: range) -> tuple[Wanted, ...]:
        """Return what a root wants of partitions, without those of which it wants nothing."""
        root = self._roots[place]
        return tuple(
            Wanted(
                self._partitions[part],
                root.query,
                int(self._counts[part, place]),
                self._kept(part, place),
                tuple(
                    (self._roots[other].query, int(self._counts[part, other]), self._kept(part, other))
                    for other in root.others
                ),
                root.paths,
            )
            for part in parts
            if self._kept(part, place)
        )

    def _kept(self, part: int, place: int) -> int:
        """Return how many of what a root selects of a partition it keeps: its limit may end there."""
        ends = self._roots[place].ends
        left = (ends[-1] if ends else 0) - int(self._before[part, place])
        return max(0, min(int(self._counts[part, place]), left))


def _size(ends: Sequence[int], number: int) -> int:
    return ends[number] - (ends[number - 1] if number else 0)
