"""Item groups: items alike in all that a strategy looks at, so that it works on groups and not on items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.admission import admitted
from taskplan.allocation.numbering import distinct
from taskplan.allocation.problem import Problem


@dataclass(frozen=True, slots=True)
class Groups:
    """`of_item` (int64[n_items]) names each item's group; the rest describes groups.

    `counts` int64[groups]; `eligible` bool[people, groups]; `effort` float64[groups];
    `need`, `kind` int64[groups] index `Problem.needs` and `Problem.kinds`, -1 where
    the problem has none. `need` is that of the group's first item: groups unite
    needs that admit the same people.
    """

    of_item: NDArray[np.int64]
    counts: NDArray[np.int64]
    eligible: NDArray[np.bool_]
    effort: NDArray[np.float64]
    need: NDArray[np.int64]
    kind: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.counts)


def group_items(problem: Problem, *, by_effort: bool = False, by_kind: bool = False) -> Groups:
    """Group items by who may have them; by effort and by kind as well, where asked."""
    size = problem.n_items
    able = admitted(problem.needs, problem.assignees)
    columns: list[NDArray[Any]] = []
    need = np.full(size, -1, dtype=np.int64) if problem.need is None else problem.need.astype(np.int64)
    if problem.need is not None:
        columns.append(first_alike(able)[need])
    if by_effort and problem.effort is not None:
        columns.append(problem.effort)
    if by_kind and problem.kind is not None:
        columns.append(problem.kind)
    of_item, first = _numbered(columns, size)
    representative = need[first]
    everybody = np.ones((len(problem.assignees), len(first)), dtype=np.bool_)
    return Groups(
        of_item=of_item,
        counts=np.bincount(of_item, minlength=len(first)).astype(np.int64),
        eligible=everybody if problem.need is None else np.ascontiguousarray(able[representative].T),
        effort=np.ones(len(first)) if problem.effort is None else problem.effort[first],
        need=representative,
        kind=np.full(len(first), -1, dtype=np.int64)
        if problem.kind is None
        else problem.kind[first].astype(np.int64),
    )


def first_alike(rows: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each row the first that says the same."""
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(row.tobytes(), place) for place, row in enumerate(rows)], np.int64)


def _numbered(columns: Sequence[NDArray[Any]], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each item's group, numbered by first appearance, and the first item of each group."""
    codes = np.zeros(size, dtype=np.int64)
    groups = min(size, 1)
    for column in columns:
        values, places, _ = distinct(column)
        found = distinct(codes * len(values) + places)
        codes, groups = found.places, len(found.values)
    first = np.full(groups, size, dtype=np.int64)
    np.minimum.at(first, codes, np.arange(size))
    by_appearance = np.argsort(first)
    rank = np.empty(groups, dtype=np.int64)
    rank[by_appearance] = np.arange(groups)
    return rank[codes], first[by_appearance]
