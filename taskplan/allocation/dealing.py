"""From how many of each group everyone gets to which items, in the order that is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation import orderings
from taskplan.allocation.pairs import spread_pairs
from taskplan.allocation.problem import Problem
from taskplan.errors import InputError

Counts = NDArray[np.int64]
MOST_CELLS = 5_000_000


def deal(problem: Problem, of_item: Counts, given: Counts) -> Counts:
    """Return ``order`` as `Allocation` has it, for `given` (int64[people, groups]).

    `of_item` (int64[n_items]) is each item's group. InputError for the ordering
    ``grouped``: whole groups rarely fit counts.
    """
    kind = problem.ordering.kind
    if kind == "grouped":
        raise InputError(
            'the ordering "grouped" keeps whole groups, which counts by skill or limit cannot',
            hint='use strategy "balanced", or another order',
        )
    if problem.overlap > 1:
        return _overlapping(problem, of_item, given)
    if kind == "stratified":
        return _stratified(problem, of_item, given)
    listed = np.argsort(of_item, kind="stable")
    if kind == "shuffled":
        listed = _shuffled(problem)
        listed = listed[np.argsort(of_item[listed], kind="stable")]
    owners = np.empty(problem.n_items, dtype=np.int64)
    owners[listed] = _in_turn(given) if kind == "interleaved" else _in_blocks(given)
    return np.argsort(owners, kind="stable")


def deal_owners(problem: Problem, owners: Counts, effort: NDArray[np.float64]) -> tuple[Counts, Counts]:
    """Return order and counts for `owners` (int64[n_items]); items of one effort are dealt as asked.

    InputError for the ordering ``stratified``, which would undo the balance.
    """
    people = len(problem.assignees)
    kind = problem.ordering.kind
    if kind == "stratified":
        raise InputError(
            'the ordering "stratified" gives everyone the same mix, which effort does not leave free',
            hint='use strategy "weighted", or another order',
        )
    if kind != "grouped":
        owners = _dealt_again(problem, owners, effort)
    return np.argsort(owners, kind="stable"), np.bincount(owners, minlength=people).astype(np.int64)


def _dealt_again(problem: Problem, owners: Counts, effort: NDArray[np.float64]) -> Counts:
    people = len(problem.assignees)
    _, of_item = np.unique(effort, return_inverse=True)
    groups = int(of_item.max(initial=-1)) + 1
    if groups * people > MOST_CELLS:
        # Where efforts differ this much, hardly any two items could be exchanged.
        return owners
    given = np.zeros((people, groups), dtype=np.int64)
    np.add.at(given, (owners, of_item.ravel()), 1)
    order = deal(problem, of_item.ravel().astype(np.int64), given)
    dealt = np.empty(problem.n_items, dtype=np.int64)
    dealt[order] = np.repeat(np.arange(people), given.sum(axis=1))
    return dealt


def _shuffled(problem: Problem) -> Counts:
    return np.random.Generator(np.random.PCG64(problem.seed)).permutation(problem.n_items)


def _in_blocks(given: Counts) -> Counts:
    people, groups = given.shape
    return np.repeat(np.tile(np.arange(people), groups), given.T.ravel())


def _in_turn(given: Counts) -> Counts:
    """Return owners group by group, each group dealt in turn in proportion to its counts."""
    people, groups = given.shape
    counts = given.T.ravel()
    owner = _in_blocks(given)
    group = np.repeat(np.repeat(np.arange(groups), people), counts)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    place = (2 * (np.arange(len(owner)) - starts) + 1) / np.repeat(counts, counts)
    in_turn: Counts = owner[np.lexsort((owner, place, group))]
    return in_turn


def _stratified(problem: Problem, of_item: Counts, given: Counts) -> Counts:
    if problem.keys is None:
        raise InputError('the ordering "stratified" needs a key for each item')
    owners = np.empty(problem.n_items, dtype=np.int64)
    listed = np.argsort(of_item, kind="stable")
    sizes = given.sum(axis=0)
    for group, end in enumerate(np.cumsum(sizes).tolist()):
        rows = listed[end - int(sizes[group]) : end]
        order = orderings.stratified(given[:, group], problem.keys[rows])
        owners[rows[order]] = np.repeat(np.arange(len(given)), given[:, group])
    return np.argsort(owners, kind="stable")


def _overlapping(problem: Problem, of_item: Counts, given: Counts) -> Counts:
    listed: NDArray[Any] = (
        _shuffled(problem) if problem.ordering.kind == "shuffled" else np.arange(problem.n_items)
    )
    listed = listed[np.argsort(of_item[listed], kind="stable")]
    chosen = spread_pairs(given, problem.overlap)
    items = np.repeat(listed, problem.overlap)
    people = chosen.ravel()
    return items[np.lexsort((items, people))]
