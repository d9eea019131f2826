"""Which pieces are made together: those whose items begin in the same partition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.model.snapshots import Partition
from taskplan.planning.partitioned.making import Job, Root

MOST = 640_000
"""Items of a job, if it has several pieces: what comes back of them at once is about ten megabytes."""


def jobs_of(roots: Sequence[Root], counts: NDArray[np.int64], partitions: Sequence[Partition]) -> list[Job]:
    """Return the jobs of all pieces, root by root, given what each root selects of each partition.

    `counts` is int64[partitions, roots].
    """
    before = np.zeros((len(partitions) + 1, len(roots)), dtype=np.int64)
    np.cumsum(counts, axis=0, out=before[1:])
    return [job for place, root in enumerate(roots) for job in _jobs(place, root, before, partitions)]


def _jobs(place: int, root: Root, before: NDArray[np.int64], partitions: Sequence[Partition]) -> list[Job]:
    ends = np.array(root.ends, dtype=np.int64)
    starts: NDArray[Any] = np.concatenate([[0], ends])[:-1]
    # The partition of a piece's first item, and that of its last.
    first = np.searchsorted(before[:, place], starts, side="right") - 1
    last = np.searchsorted(before[:, place], ends, side="left") - 1
    jobs = []
    begin = 0
    while begin < len(ends):
        end = begin + 1
        while end < len(ends) and first[end] == first[begin] and ends[end] <= starts[begin] + MOST:
            end += 1
        start, stop = int(first[begin]), int(last[end - 1]) + 1
        counted = (before[stop] - before[start]).tolist()
        jobs.append(
            Job(
                place,
                begin,
                end,
                tuple(partitions[start:stop]),
                tuple(before[start].tolist()),
                tuple(counted),
            )
        )
        begin = end
    return jobs
