"""Item groups: items alike in all that a strategy looks at, so that it works on groups and not on items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.problem import Assignee, Need, Problem


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
    admitted, classes = _admissions(problem.needs, problem.assignees)
    columns: list[NDArray[Any]] = []
    need = np.full(size, -1, dtype=np.int64) if problem.need is None else problem.need.astype(np.int64)
    if problem.need is not None:
        columns.append(classes[need])
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
        eligible=everybody if problem.need is None else np.ascontiguousarray(admitted[:, representative]),
        effort=np.ones(len(first)) if problem.effort is None else problem.effort[first],
        need=representative,
        kind=np.full(len(first), -1, dtype=np.int64)
        if problem.kind is None
        else problem.kind[first].astype(np.int64),
    )


def _admissions(
    needs: Sequence[Need], people: Sequence[Assignee]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return who is admitted by each need, bool[people, needs], and the first need that admits the same."""
    columns = [tuple(need.admits(person) for person in people) for need in needs]
    first: dict[tuple[bool, ...], int] = {}
    classes = [first.setdefault(column, index) for index, column in enumerate(columns)]
    table = np.array(columns, dtype=np.bool_).reshape(len(needs), len(people))
    return table.T, np.array(classes, dtype=np.int64)


def _numbered(columns: Sequence[NDArray[Any]], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each item's group, numbered by first appearance, and the first item of each group."""
    codes = np.zeros(size, dtype=np.int64)
    for column in columns:
        _, places = np.unique(column, return_inverse=True)
        codes = codes * (int(places.max(initial=0)) + 1) + places.ravel()
        _, codes = np.unique(codes, return_inverse=True)
        codes = codes.ravel()
    if not size:
        return codes, np.zeros(0, dtype=np.int64)
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    by_appearance = np.argsort(first, kind="stable")
    rank = np.empty(len(first), dtype=np.int64)
    rank[by_appearance] = np.arange(len(first))
    return rank[inverse.ravel()], first[by_appearance].astype(np.int64)
